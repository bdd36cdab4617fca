"""Ten minutes of training on your own photos."""

from limner.networks.config import PatchGANConfig, UNetConfig
from limner.training.config import Config, Weights


def quick() -> Config:
    """A first model from your own photos: no sketches are needed, limner draws them.

        limner prepare PHOTOS SET
        limner train quick RUN --set data=SET
        limner export RUN mine.onnx
        limner photo DRAWING --model mine.onnx -o photo.png

    Half the width of the networks of the 2018 study, in batches of 8. A few hundred faces are
    enough to see results; watch RUN/grids during the run.

    Cost: 10 minutes of one core of an Intel Xeon with AMX, as
    `benchmarks/training.py experiments --data SET --names quick --threads 1` prints it; it took
    17 minutes on a busy machine.
    Outcome, by eye and of 242 portraits: faces in natural colours from held-out photos and from
    hand-drawn pencil sketches, with streaks in the background and blotches where strokes are dense.
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
