"""The discriminator that a config describes."""

from collections.abc import Callable

from torch import nn

from limner.networks.config import DiscriminatorConfig, ProjectedConfig
from limner.networks.efficientnet import EfficientNetLite0
from limner.networks.patchgan import PatchGAN
from limner.networks.projected import Projected, TwoScales

__all__ = ["make_discriminator"]


def make_discriminator(
    config: DiscriminatorConfig,
    *,
    condition: int,
    judged: int,
    features: Callable[[], EfficientNetLite0],
    crops: bool = False,
) -> nn.Module:
    """A fresh network, randomly initialised.

    Args:
        config: Its settings.
        condition: Channels of the sketch that comes first in its input; 0 for none.
        judged: Channels of the image that comes after it.
        features: Returns the frozen network whose features a projected discriminator judges; not
            called for others.
        crops: Whether a projected discriminator judges crops at full resolution as well.
    """
    if isinstance(config, ProjectedConfig):
        coarse, *fine = (
            Projected(config, features(), condition=condition, judged=judged)
            for _ in range(1 + crops)
        )
        return TwoScales(coarse, *fine) if fine else coarse
    return PatchGAN(config, inputs=condition + judged)
