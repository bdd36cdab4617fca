"""Features: vectors extracted from a picture, or from two that belong together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNPAIRED", "Computed", "Extract", "Feature", "Features", "Input", "Role"]

Role = Literal["generated", "sketch", "ground_truth", "back", "real", "training"]
"""The role of a picture: the generated photo; the sketch that it was generated from; the
ground-truth photo; the sketch that a model made of the generated photo; a real photo of anybody; a
photo that the model was trained on. The first four are paired by name, the others are sets."""

UNPAIRED: frozenset[Role] = frozenset({"real", "training"})
"""Roles whose pictures are not paired with others."""

Extract = Callable[..., NDArray[np.floating[Any]]]
"""From one or more aligned crops, `[S, S, 3]` RGB uint8, to a vector `[D]` of the same length
for all pictures."""


class Feature(Protocol):
    """A feature of a picture, or of two that belong together. Picklable."""

    @property
    def key(self) -> str:
        """The feature, its version and its settings: other values, another key."""

    @property
    def model(self) -> str:
        """The network behind it and the digest of its file, or an empty string."""

    @property
    def resize(self) -> str:
        """How the feature itself resizes pictures, in words, or an empty string."""

    def start(self) -> Extract:
        """Return the function that extracts it; called once per worker process."""


@dataclass(frozen=True, kw_only=True)
class Computed:
    """A feature that a plain function computes, without a model.

    ```python
    from limner.features.feature import Computed


    def _brightness(picture):
        return picture.mean(keepdims=True).ravel()


    BRIGHTNESS = Computed(name="brightness", version=1, function=_brightness)
    ```
    """

    name: str
    version: int
    """Increased whenever the values of the function change."""
    function: Extract
    """Defined at the top level of a module, so that it can be pickled."""
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
        """Shorthand: `Input.of(STRUCTURE, "generated", "ground_truth")`."""
        return cls(feature, roles)


Features = Mapping[str, NDArray[np.float32]]
"""For each name in `Metric.inputs` the features, `[n, D]`. Rows of paired roles are of the same n
pictures, in the same order; sets have their own rows."""
