"""The experiment behind the model that ships."""

from limner.networks.config import PatchGANConfig, UNetConfig
from limner.training.config import Config, Weights


def portrait() -> Config:
    """Sketch to photo from openly licensed portraits, each sketched afresh at every visit.

    The study's U-Net at width 24 instead of 32 and a PatchGAN at half its width, in batches of 8:
    what two CPU cores can train in an hour and a half.

        limner prepare PHOTOS SET --size 160
        limner train portrait RUN --set data=SET
    """
    return Config(
        experiment="portrait",
        generator=UNetConfig(width=24),
        discriminator=PatchGANConfig(width=32),
        weights=Weights(adversarial=2.0, l1=12.0, features=10.0, identity=1.0),
        images=54_000,
        batch=8,
        lr=3e-4,
        decay_from=0.6,
        snapshot_every=4_000,
    )
