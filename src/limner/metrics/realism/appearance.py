"""Appearance: light, colour and grain of generated photos, compared with real ones.

A face descriptor recognises a person whatever the light, colour and style: a good pencil drawing is
near its photo. Simpler features show whether a picture looks like a photograph: brightness,
colourfulness, contrast, and the amount of detail at each scale, in luminance and chroma separately.
Natural pictures keep these within narrow bounds (Ruderman 1994, *The statistics of natural
images*). The energy distance, see `limner.metrics.discrepancy`, compares the sets, in SDs of real
photos.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.features.feature import Computed, Features, Input
from limner.metrics.discrepancy import MOST_REAL, by_image, minus_distance, of_weighted
from limner.metrics.resampling import Resampling, Weights
from limner.metrics.score import Score
from limner.metrics.subsampling import thinned

__all__ = ["APPEARANCE", "Appearance", "look", "standardised"]

_LAGS = (1, 2, 4, 8)
"""Distances of pixels at which detail is computed, in px at a side of 128."""
_TO_CHANNELS = np.array(  # ITU-R BT.601: luminance, blue and red chroma
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
_LEAST = 0.1 / 255
"""Added to each difference, so that a flat picture has a logarithm."""
_MOST = 6.0
"""Limit of the standardised features, in SDs of real photos."""
_FEW = 30


def look(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Appearance features of a picture: `[18]`.

    For luminance, blue and red each: mean, standard deviation, and log10 of the root mean square
    difference between pixels 1, 2, 4 and 8 px apart (at a side of 128).

    Args:
        picture: `[S, S, 3]` RGB.
    """
    channels = picture.astype(np.float32) @ _TO_CHANNELS.T / 255
    found = [channels.mean(axis=(0, 1)), channels.std(axis=(0, 1))]
    for lag in _LAGS:
        step = max(1, round(lag * len(picture) / 128))
        across = np.square(channels[:, step:] - channels[:, :-step]).mean(axis=(0, 1))
        down = np.square(channels[step:] - channels[:-step]).mean(axis=(0, 1))
        found.append(np.log10(np.sqrt((across + down) / 2) + _LEAST))
    return np.concatenate(found).astype(np.float32)


APPEARANCE = Computed(name="look", version=1, function=look)


def standardised(
    features: NDArray[np.floating[Any]], real: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """Features in SDs of real photos, divided by the root of their number.

    The distance of two real photos is then about the root of 2.

    Args:
        features: `[N, D]`.
        real: `[M, D]`.
    """
    middle, spread = real.mean(axis=0, dtype=np.float64), real.std(axis=0, dtype=np.float64)
    away = (features - middle) / np.maximum(spread, 1e-3)
    units: NDArray[np.float64] = np.clip(away, -_MOST, _MOST) / np.sqrt(features.shape[1])
    return units


@dataclass(frozen=True)
class Appearance:
    """Energy distance between generated and real photos in light, colour and grain."""

    name: ClassVar[str] = "appearance"
    title: ClassVar[str] = "Appearance"
    question: ClassVar[str] = "Do generated photos have the light, colours and grain of real ones?"
    min_pictures: ClassVar[int] = 2
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(APPEARANCE, "generated"),
        "real": Input.of(APPEARANCE, "real"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`. At most 10,000 real photos are used."""
        photos = features["real"][thinned(len(features["real"]), MOST_REAL)]
        generated, real = (standardised(some, photos) for some in (features["generated"], photos))
        few = min(len(generated), len(real))

        def statistic(generated_weights: Weights, real_weights: Weights) -> NDArray[np.float64]:
            return of_weighted(generated, real, generated_weights, real_weights, minus_distance)

        yield Score(
            name="appearance.distance",
            title="appearance distance (light, colour, grain), in SDs of real photos",
            estimate=resampling.of(statistic, len(generated), len(real)),
            better="lower",
            digits=2,
            per_image=by_image(generated, real, minus_distance),
            warnings=() if few >= _FEW else (f"{few} pictures are too few to compare appearance",),
        )
