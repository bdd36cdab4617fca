"""Ten minutes on a folder of one's own."""

from limner.networks.config import PatchGANConfig, UNetConfig
from limner.training.config import Config, Weights


def quick() -> Config:
    """A first model from one's own photos: no sketches are needed, limner draws them.

        limner prepare PHOTOS SET
        limner train quick RUN --set data=SET
        limner export RUN mine.onnx
        limner photo DRAWING --model mine.onnx -o photo.png

    Half the width of the study's networks, in batches of 8. A few hundred faces will do to see
    something; look at RUN/grids while it goes on.

    Cost: 10 minutes of one core of an Intel Xeon with AMX, as
    `benchmarks/training.py experiments --data SET --names quick --threads 1` prints it; on
    a busy machine 17 minutes went by.
    Outcome, by eye and of 242 portraits: faces in natural colours from held-out photos and from
    pencil hand-drawn sketches, with streaks in the background and blotches where strokes are dense.
    """
    return Config(
        experiment="quick",
        objective="pix2pix",
        size=128,
        generator=UNetConfig(width=16),
        discriminator=PatchGANConfig(width=16),
        weights=Weights(adversarial=2.0, l1=12.0, features=10.0),
        images=10_000,
        batch=8,
        lr=5e-4,
        ema_half_life=500.0,
        save_every=1_000,
        snapshot_every=5_000,
    )
