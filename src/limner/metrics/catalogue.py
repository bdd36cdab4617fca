"""The registry of metrics."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from limner.errors import UsageError
from limner.features.inception import InceptionFeatures, InceptionProbabilities
from limner.metrics.faithfulness.cycle import Cycle
from limner.metrics.faithfulness.dependence import Dependence
from limner.metrics.faithfulness.detection import FaceDetection
from limner.metrics.faithfulness.hatching import Hatching
from limner.metrics.faithfulness.smiles import SmileDrift
from limner.metrics.faithfulness.strokes import Strokes
from limner.metrics.likeness.brightness import Brightness
from limner.metrics.likeness.contrast import Contrast
from limner.metrics.likeness.dists import Dists, DistsFeature
from limner.metrics.likeness.fsim import Fsim
from limner.metrics.likeness.identity import Identity
from limner.metrics.likeness.landmarks import Landmarks
from limner.metrics.likeness.lpips import Lpips, LpipsFeature
from limner.metrics.likeness.skin import Skin
from limner.metrics.likeness.ssim import Ssim
from limner.metrics.measuring import Skipped
from limner.metrics.metric import Metric
from limner.metrics.realism.appearance import Appearance
from limner.metrics.realism.checkerboard import Checkerboard
from limner.metrics.realism.collapse import Collapse
from limner.metrics.realism.fid import Fid
from limner.metrics.realism.inception_score import InceptionScore
from limner.metrics.realism.kid import Kid
from limner.metrics.realism.memorisation import Memorisation
from limner.metrics.realism.sharpness import Sharpness
from limner.metrics.realism.spectrum import Spectrum

__all__ = ["WEIGHTS", "standard", "unavailable", "weights_of"]

WEIGHTS = ("inception", "vgg", "lpips", "dists")
"""Networks that limner does not include; a user may name their files."""


def weights_of(named: Iterable[str]) -> dict[str, Path]:
    """Weights files by name, from `NAME=FILE`.

    Raises:
        UsageError: A name is unknown or repeated, or the file does not exist.
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


def standard(*, weights: Mapping[str, Path] | None = None, landmarks: int = 5) -> Sequence[Metric]:
    """All metrics whose weights are available.

    Args:
        weights: Files of networks that limner does not include, by the names in `WEIGHTS`.
        landmarks: Landmarks per face, 5 or 68.

    Raises:
        UsageError: `landmarks` is neither 5 nor 68.
        ModelError: A weights file is missing.
    """
    weights = weights or {}
    if landmarks not in (5, 68):
        raise UsageError(f"landmarks is {landmarks}; it must be 5 or 68")
    return [
        Identity(),
        Strokes(),
        Hatching(),
        Landmarks(count=68 if landmarks == 68 else 5),
        Dependence(),
        Ssim(),
        Fsim(),
        *_perceptual(weights),
        Appearance(),
        Kid(),
        Fid(),
        *_inception(weights),
        SmileDrift(against="ground_truth"),
        SmileDrift(against="sketch"),
        Skin(),
        Brightness(),
        Contrast(),
        FaceDetection(),
        Sharpness(),
        Spectrum(),
        Checkerboard(),
        Collapse(),
        Memorisation(),
        Memorisation(against="ground_truth"),
        Cycle(),
    ]


def unavailable(weights: Mapping[str, Path]) -> list[Skipped]:
    """Metrics that cannot be computed because a weights file is missing, and which file."""
    needed = {
        "Perceptual distance (LPIPS)": ("vgg", "lpips"),
        "Structure and texture (DISTS)": ("vgg", "dists"),
        "KID, FID and Inception Score on Inception features": ("inception",),
    }
    return [
        Skipped(
            title=title,
            why="needs " + " and ".join(f"--weights {name}=FILE" for name in missing),
        )
        for title, names in needed.items()
        if (missing := [name for name in names if name not in weights])
    ]


def _perceptual(weights: Mapping[str, Path]) -> Iterator[Metric]:
    if "vgg" in weights and "lpips" in weights:
        yield Lpips(feature=LpipsFeature(vgg=weights["vgg"], weights=weights["lpips"]))
    if "vgg" in weights and "dists" in weights:
        yield Dists(feature=DistsFeature(vgg=weights["vgg"], weights=weights["dists"]))


def _inception(weights: Mapping[str, Path]) -> Iterator[Metric]:
    if "inception" in weights:
        features = InceptionFeatures(weights["inception"])
        on = "Inception features"
        yield Kid(feature=features, on=on, suffix=".inception", unit_scale=True)
        yield Fid(feature=features, on=on, suffix=".inception")
        yield InceptionScore(feature=InceptionProbabilities(weights["inception"]))
