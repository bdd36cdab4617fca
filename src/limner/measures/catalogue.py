"""All measures there are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from limner.errors import UsageError
from limner.measures.brightness import Brightness
from limner.measures.checkerboard import Checkerboard
from limner.measures.collapse import Collapse
from limner.measures.copying import Copying
from limner.measures.cycle import Cycle
from limner.measures.dependence import Dependence
from limner.measures.dists import Dists, DistsFeature
from limner.measures.drift import SmileDrift
from limner.measures.fid import Fid
from limner.measures.found import Found
from limner.measures.fsim import Fsim
from limner.measures.geometry import Geometry
from limner.measures.hatching import Hatching
from limner.measures.identity import Identity
from limner.measures.inception import InceptionFeatures, InceptionProbabilities
from limner.measures.inception_score import InceptionScore
from limner.measures.kid import Kid
from limner.measures.look import Look
from limner.measures.lpips import Lpips, LpipsFeature
from limner.measures.measure import Measure
from limner.measures.measuring import Unanswered
from limner.measures.sharpness import Sharpness
from limner.measures.skin import Skin
from limner.measures.spectrum import Spectrum
from limner.measures.ssim import Ssim
from limner.measures.strokes import Strokes

__all__ = ["WEIGHTS", "standard", "unavailable", "weights_of"]

WEIGHTS = ("inception", "vgg", "lpips", "dists")
"""Networks that limner does not bring, and a user may name files of."""


def weights_of(named: Iterable[str]) -> dict[str, Path]:
    """Files by the names of what they are, from `NAME=FILE`.

    Raises:
        UsageError: A name is unknown or comes twice, or there is no such file.
    """
    found: dict[str, Path] = {}
    for text in named:
        name, equals, file = text.partition("=")
        if name not in WEIGHTS or not equals or name in found:
            raise UsageError(
                f"--weights {text}: expected NAME=FILE, NAME one of {', '.join(WEIGHTS)}, each once"
            )
        if not Path(file).is_file():
            raise UsageError(f"--weights {text}: there is no file {file}")
        found[name] = Path(file)
    return found


def standard(*, weights: Mapping[str, Path] | None = None, points: int = 5) -> Sequence[Measure]:
    """All measures that are possible.

    Args:
        weights: Files of networks that limner does not bring, by the names in `WEIGHTS`.
        points: Points of a face, 5 or 68.

    Raises:
        UsageError: There is no such number of points.
        ModelError: A file of weights is missing.
    """
    weights = weights or {}
    if points not in (5, 68):
        raise UsageError(f"points is {points}; expected 5 or 68")
    return [
        Identity(),
        Strokes(),
        Hatching(),
        Geometry(points=68 if points == 68 else 5),
        Dependence(),
        Ssim(),
        Fsim(),
        *_perceptual(weights),
        Look(),
        Kid(),
        Fid(),
        *_inception(weights),
        SmileDrift(against="truth"),
        SmileDrift(against="sketch"),
        Skin(),
        Brightness(),
        Found(),
        Sharpness(),
        Spectrum(),
        Checkerboard(),
        Collapse(),
        Copying(),
        Copying(against="truth"),
        Cycle(),
    ]


def unavailable(weights: Mapping[str, Path]) -> list[Unanswered]:
    """What cannot be measured for want of files that a user may name, and which those are."""
    needed = {
        "Perceptual distance (LPIPS)": ("vgg", "lpips"),
        "Structure and texture (DISTS)": ("vgg", "dists"),
        "KID, FID and Inception Score on Inception features": ("inception",),
    }
    return [
        Unanswered(
            title=title,
            why="needs " + " and ".join(f"--weights {name}=FILE" for name in missing),
        )
        for title, names in needed.items()
        if (missing := [name for name in names if name not in weights])
    ]


def _perceptual(weights: Mapping[str, Path]) -> Iterator[Measure]:
    if "vgg" in weights and "lpips" in weights:
        yield Lpips(feature=LpipsFeature(vgg=weights["vgg"], weights=weights["lpips"]))
    if "vgg" in weights and "dists" in weights:
        yield Dists(feature=DistsFeature(vgg=weights["vgg"], weights=weights["dists"]))


def _inception(weights: Mapping[str, Path]) -> Iterator[Measure]:
    if "inception" in weights:
        features = InceptionFeatures(weights["inception"])
        on = "Inception features"
        yield Kid(feature=features, on=on, suffix=".inception", unit_scale=True)
        yield Fid(feature=features, on=on, suffix=".inception")
        yield InceptionScore(feature=InceptionProbabilities(weights["inception"]))
