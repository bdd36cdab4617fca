"""The learning rate of each step."""

import time

from limner.errors import UsageError
from limner.training.config import Config

__all__ = ["Schedule", "learning_rate"]


class Schedule:
    """The learning rate of a run, which falls with its images or with its time."""

    def __init__(self, config: Config, seconds: float | None) -> None:
        """Time starts now.

        Args:
            config: Of the run.
            seconds: Time after which the run ends; None for no limit.

        Raises:
            UsageError: The rate should fall with the time, and there is no limit, or several
                processes would have to agree on the time.
        """
        self.config = config
        self.by_time = config.decay_by == "time"
        self.seconds = seconds
        self.began = time.monotonic()
        if self.by_time and seconds is None:
            raise UsageError(
                "decay_by is 'time', and the run has no time limit: set one with --for 10m, or "
                "decay_by=images"
            )
        if self.by_time and config.devices > 1:
            raise UsageError(
                f"decay_by is 'time' and devices is {config.devices}, whose clocks differ: use "
                "decay_by=images"
            )

    def __call__(self, seen: int) -> float:
        """The learning rate after `seen` images."""
        share = self.share(seen) if self.by_time else seen / self.config.images
        return learning_rate(self.config, share)

    def share(self, seen: int) -> float:
        """Share of the run that is over after `seen` images, of these or of its time."""
        of_images = seen / self.config.images
        if self.seconds is None:
            return of_images
        return max(of_images, min(1.0, (time.monotonic() - self.began) / self.seconds))

    @property
    def seconds_left(self) -> float | None:
        """Until the run's time is up, at least 0; None for no limit."""
        if self.seconds is None:
            return None
        return max(0.0, self.seconds - (time.monotonic() - self.began))


def learning_rate(config: Config, share: float) -> float:
    """Constant until `decay_from`, then falling linearly to zero; `share` of the run is over."""
    left = max(1 - share, 0.0)
    return config.lr * min(1.0, left / max(1 - config.decay_from, 1e-9))
