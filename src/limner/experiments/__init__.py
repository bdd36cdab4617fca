"""Named training configs. Each docstring says how to run it, what it costs and what to expect."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from limner.errors import UsageError
from limner.experiments.portrait import portrait
from limner.training.config import Config

EXPERIMENTS: Mapping[str, Callable[[], Config]] = MappingProxyType({"portrait": portrait})

__all__ = ["EXPERIMENTS", "config_of", "portrait"]


def config_of(name: str) -> Config:
    """The config of the experiment called `name`.

    Raises:
        UsageError: There is no such experiment.
    """
    if name not in EXPERIMENTS:
        raise UsageError(f"there is no experiment '{name}'; known are {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]()
