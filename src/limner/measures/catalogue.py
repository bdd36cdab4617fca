"""All measures there are."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from limner.errors import UsageError
from limner.measures.cycle import Cycle
from limner.measures.fsim import Fsim
from limner.measures.identity import Identity
from limner.measures.kid import Kid
from limner.measures.measure import Measure
from limner.measures.ssim import Ssim
from limner.measures.strokes import Strokes

__all__ = ["WEIGHTS", "standard", "weights_of"]

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
    """
    return (Identity(), Strokes(), Ssim(), Fsim(), Kid(), Cycle())
