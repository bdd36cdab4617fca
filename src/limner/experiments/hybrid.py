"""Synthetic pairs and hand-drawn sketches in one run."""

from limner.networks.config import PatchGANConfig, UNetConfig
from limner.training.config import Config, DiscriminatorAugmentation, Weights


def hybrid() -> Config:
    """A model trained on synthetic pairs and on hand-drawn sketches.

    The networks are those of `pix2pix`, so it can start from a run of that:

        limner prepare RECIPE.toml SET
        limner train pix2pix FIRST --set data=SET --set weights.identity=0
        limner train hybrid RUN --set data=SET --set init_from=FIRST

    `RECIPE.toml` has photos and hand-drawn sketches. As these are few, what the discriminators see
    is augmented by translation, colour and cutout.

    Cost: 7 hours of one core of an Intel Xeon with AMX, extrapolated from a few steps, as
    `benchmarks/training.py experiments --data SET --names hybrid --threads 1` prints it.
    Outcome: not known yet; it has not been trained to the end.
    """
    return Config(
        experiment="hybrid",
        objective="hybrid",
        generator=UNetConfig(width=24),
        discriminator=PatchGANConfig(width=32),
        weights=Weights(adversarial=1.0, cycle=5.0, paired_adversarial=2.0, l1=12.0, features=10.0),
        discriminator_augmentation=DiscriminatorAugmentation(
            colour=True, translation=0.125, cutout=0.5
        ),
        images=40_000,
        batch=8,
        decay_from=0.6,
    )
