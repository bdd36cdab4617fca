"""Skin: does the generated face have the skin colour of the ground truth?

A pencil drawing hardly shows the colour of the skin, so a model guesses it: the known failures are
a drift to grey, and one tone for everybody.

The colour is the median of both cheeks and the forehead in CIELAB (CIE 15; sRGB, D65). Its tone is
the individual typology angle ITA = arctan((L* - 50) / b*), the standard of dermatology (Chardon,
Cretois and Hourseau 1991, "Skin colour typology and suntanning pathways"), by which Merler et al.
2019, *Diversity in Faces*, sort pictures: above 55 degrees very light, below -30 dark. In a picture
the light counts as much as the skin: compare generated with ground-truth photos, not two unpaired
sets. Where b* fades, light skin appears lighter and dark skin darker: check the chroma as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from limner.errors import UsageError
from limner.features.feature import Computed, Features, Input
from limner.metrics.resampling import Resampling, Weights
from limner.metrics.score import Better, Score

__all__ = ["SKIN", "Skin", "skin", "typology_angle"]

_PATCHES = ((0.29, 0.44, 0.38, 0.52), (0.62, 0.44, 0.71, 0.52), (0.43, 0.12, 0.57, 0.18))
"""Left, top, right, bottom of the cheeks and the forehead in an aligned crop, as fractions of the
side; about equally large, so that one under hair or in shadow does not decide."""
_LEAST_YELLOW = 1.0
"""Minimum b*, far below that of skin: the tone of a grey face would depend on a trace of it."""
_ENOUGH = 30
"""Minimum number of faces for separate scores of the darkest and the lightest third."""


def skin(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Median L*, a*, b* `[3]` of cheeks and forehead of an aligned face `[S, S, 3]`, S >= 16."""
    side = len(picture)
    parts = []
    for patch in _PATCHES:
        left, top, right, bottom = (round(share * side) for share in patch)
        parts.append(picture[top:bottom, left:right])
    pixels = np.concatenate([part.reshape(-1, 3) for part in parts])
    colour: NDArray[np.float32] = np.median(rgb2lab(pixels), axis=0).astype(np.float32)
    return colour


SKIN = Computed(name="skin", version=1, function=skin)


def typology_angle(colours: NDArray[np.floating]) -> NDArray[np.float64]:
    """ITA in degrees, higher for lighter skin: `[N]` of colours `[N, 3]` (L*, a*, b*).

    A b* below 1, which skin does not have, counts as 1, so that the angle is in -90..90.
    """
    colours = colours.astype(np.float64)
    yellow = np.maximum(colours[:, 2], _LEAST_YELLOW)
    angle: NDArray[np.float64] = np.degrees(np.arctan2(colours[:, 0] - 50, yellow))
    return angle


@dataclass(frozen=True, kw_only=True)
class Skin:
    """Skin colour of generated photos, minus that of the ground truth."""

    name: ClassVar[str] = "skin"
    title: ClassVar[str] = "Skin colour"
    question: ClassVar[str] = "Is the skin as light and as colourful as in the ground truth?"
    min_pictures: ClassVar[int] = 1
    inputs: ClassVar[Mapping[str, Input]] = {
        "generated": Input.of(SKIN, "generated"),
        "ground_truth": Input.of(SKIN, "ground_truth"),
    }

    def scores(self, features: Features, resampling: Resampling) -> Iterable[Score]:
        """See `Metric.scores`.

        Raises:
            UsageError: The features are not of the same pictures.
        """
        generated, ground_truth = (
            features[role].astype(np.float64) for role in ("generated", "ground_truth")
        )
        if generated.shape != ground_truth.shape:
            raise UsageError(
                f"colours are {list(generated.shape)} and {list(ground_truth.shape)}; expected "
                "the same [N, 3]"
            )
        drift = generated - ground_truth
        chroma = np.hypot(generated[:, 1], generated[:, 2]) - np.hypot(
            ground_truth[:, 1], ground_truth[:, 2]
        )
        tone = typology_angle(generated) - typology_angle(ground_truth)
        off = deltaE_ciede2000(ground_truth, generated)  # type: ignore[no-untyped-call]
        rows: tuple[tuple[str, str, NDArray[np.float64], Better, str], ...] = (
            ("error", "colour difference (CIEDE2000)", off, "lower", ""),
            ("chroma", "chroma error; below 0 is greyer", chroma, "nearer", ""),
            ("lightness", "lightness error (L*); below 0 is darker", drift[:, 0], "nearer", ""),
            ("redness", "redness error (a*)", drift[:, 1], "nearer", ""),
            ("yellowness", "yellowness error (b*)", drift[:, 2], "nearer", ""),
            ("tone", "skin tone error (ITA); above 0 is lighter", tone, "nearer", "°"),
            ("tone_error", "mean absolute skin tone error (ITA)", np.abs(tone), "lower", "°"),
        )
        for name, title, per_image, better, unit in rows:
            yield Score(
                name=f"skin.{name}",
                title=title,
                estimate=resampling.mean(per_image),
                better=better,
                unit=unit,
                digits=1,
            )
        if len(generated) >= _ENOUGH:
            yield from _by_lightness(ground_truth[:, 0], drift[:, 0], resampling)


def _by_lightness(
    light: NDArray[np.float64], drift: NDArray[np.float64], resampling: Resampling
) -> Iterable[Score]:
    """Drift of the darkest and the lightest third; with one tone for all, above and below 0."""
    low, high = np.quantile(light, [1 / 3, 2 / 3])
    for name, some in (("darkest", light <= low), ("lightest", light >= high)):

        def drifted(weights: Weights, some: NDArray[np.bool_] = some) -> NDArray[np.float64]:
            of_these = weights * some
            mean: NDArray[np.float64] = of_these @ drift / np.maximum(of_these.sum(axis=1), 1)
            return mean

        yield Score(
            name=f"skin.{name}",
            title=f"lightness error (L*), {name} third of people",
            estimate=resampling.of(drifted, len(light)),
            better="nearer",
            digits=1,
        )
