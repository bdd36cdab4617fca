"""What a feature is: a vector found in a picture, or in two that belong together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNPAIRED", "Computed", "Extract", "Feature", "Features", "Input", "Role"]

Role = Literal["generated", "sketch", "ground_truth", "back", "real", "training"]
"""What a picture is: made by the model; the sketch that it was made from; the ground-truth photo;
the sketch that a model made of the generated photo; a real photo of anybody; a photo that the model
learnt from. The first four belong together by name, the others are sets."""

UNPAIRED: frozenset[Role] = frozenset({"real", "training"})
"""Roles whose pictures belong to no other."""

Extract = Callable[..., NDArray[np.floating[Any]]]
"""From one or more framed pictures, `[S, S, 3]` RGB uint8, to a vector `[D]` of the same length
for all pictures."""


class Feature(Protocol):
    """Something that is found in a picture, or in two that belong together. Picklable."""

    @property
    def key(self) -> str:
        """Names the feature, its version and its settings: another value, another key."""

    @property
    def model(self) -> str:
        """The network behind it and the digest of its file, or nothing."""

    @property
    def resize(self) -> str:
        """How it brings pictures to another size by itself, in words, or nothing."""

    def start(self) -> Extract:
        """What finds it; called once in a worker process."""


@dataclass(frozen=True, kw_only=True)
class Computed:
    """A feature that a plain function finds, without a model.

    ```python
    from limner.features.feature import Computed


    def _brightness(picture):
        return picture.mean(keepdims=True).ravel()


    BRIGHTNESS = Computed(name="brightness", version=1, function=_brightness)
    ```
    """

    name: str
    version: int
    """Counts up whenever the function gives other values than before."""
    function: Extract
    """At the top of a module, so that workers can be sent it."""
    resize: ClassVar[str] = ""

    @property
    def key(self) -> str:
        """See `Feature.key`."""
        return f"{self.name}/{self.version}"

    @property
    def model(self) -> str:
        """See `Feature.model`."""
        return ""

    def start(self) -> Extract:
        """See `Feature.start`."""
        return self.function


@dataclass(frozen=True)
class Input:
    """A feature of the pictures of one role, or of pairs of two roles."""

    feature: Feature
    roles: tuple[Role, ...]

    @classmethod
    def of(cls, feature: Feature, *roles: Role) -> "Input":
        """Say it in one line: `Input.of(STRUCTURE, "generated", "ground_truth")`."""
        return cls(feature, roles)


Features = Mapping[str, NDArray[np.float32]]
"""For each name in `Metric.inputs` the features, `[n, D]`. Rows of roles that belong together are
of the same n pictures, in the same order; sets have rows of their own."""
