"""Named training configs. Each docstring gives the commands, the cost and the outcome."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from limner.errors import UsageError
from limner.experiments.draughtsman import draughtsman
from limner.experiments.hybrid import hybrid
from limner.experiments.lifelike import lifelike
from limner.experiments.pix2pix import pix2pix
from limner.experiments.portrait import portrait
from limner.experiments.quick import quick
from limner.experiments.study import (
    aligned,
    balanced,
    discogan,
    exact_labels,
    filtered,
    plain_gan,
    resnet,
    unaligned,
    uncycled,
    ungrouped,
)
from limner.training.config import Config

EXPERIMENTS: Mapping[str, Callable[[], Config]] = MappingProxyType(
    {
        "quick": quick,
        "pix2pix": pix2pix,
        "lifelike": lifelike,
        "portrait": portrait,
        "hybrid": hybrid,
        "draughtsman": draughtsman,
        "unaligned": unaligned,
        "aligned": aligned,
        "balanced": balanced,
        "filtered": filtered,
        "ungrouped": ungrouped,
        "resnet": resnet,
        "plain-gan": plain_gan,
        "exact-labels": exact_labels,
        "uncycled": uncycled,
        "discogan": discogan,
    }
)

__all__ = [
    "EXPERIMENTS",
    "aligned",
    "balanced",
    "config_of",
    "discogan",
    "draughtsman",
    "exact_labels",
    "filtered",
    "hybrid",
    "lifelike",
    "pix2pix",
    "plain_gan",
    "portrait",
    "quick",
    "resnet",
    "unaligned",
    "uncycled",
    "ungrouped",
]


def config_of(name: str) -> Config:
    """The config of the experiment called `name`.

    Raises:
        UsageError: There is no such experiment.
    """
    if name not in EXPERIMENTS:
        raise UsageError(f"there is no experiment '{name}'; choose from {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]()
