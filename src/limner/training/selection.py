"""Choice of the best snapshot of a run, by scores on held-out faces; no torch here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.directions import Direction

__all__ = ["FIGURES", "Choice", "Score", "better", "choose", "deciding", "out_of_patience"]

SURE = 2.0
"""Standard errors beyond which a difference is significant."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score of snapshots; lower is better."""

    title: str
    meaning: str


FIGURES = {
    "identity": Score(
        title="Identity distance",
        meaning=(
            "distance of the face descriptors of generated and ground-truth photo, from sketched "
            "photos"
        ),
    ),
    "kid_photo": Score(
        title="KID of photos",
        meaning="photos generated from sketches vs. real photos, as sets of face descriptors",
    ),
    "kid_sketch": Score(
        title="KID of sketches",
        meaning="sketches generated from photos vs. real sketches, as sets of face descriptors",
    ),
    "returned": Score(
        title="Identity distance of reconstructed photos",
        meaning="distance of the face descriptors of a photo and its reconstruction from the "
        "sketch",
    ),
    "drawn": Score(
        title="Identity distance of sketches",
        meaning="distance of the face descriptors of a photo and its sketch",
    ),
    "l1_drawn": Score(
        title="L1 of sketches",
        meaning="mean absolute difference from the drawing of a steady hand, over an image pyramid",
    ),
    "l1": Score(
        title="L1",
        meaning="mean absolute difference of generated and ground-truth photo, over an image "
        "pyramid",
    ),
    "cycle_photo": Score(
        title="Cycle of photos",
        meaning="mean absolute pixel error (L1) after photo, sketch and photo",
    ),
    "cycle_sketch": Score(
        title="Cycle of sketches",
        meaning="mean absolute pixel error (L1) after sketch, photo and sketch",
    ),
}
"""All scores, by their names in `scores.jsonl`."""

_DECIDING: dict[Direction, tuple[str, ...]] = {
    "sketch-to-photo": ("identity", "kid_photo", "l1"),
    "photo-to-sketch": ("returned", "drawn", "l1_drawn", "kid_sketch"),
}

Line = dict[str, Any]
"""A line of `scores.jsonl`: `images`, the mean of each score, and under `each` the values per
image."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A chosen snapshot, and the reason."""

    snapshot: Path
    why: str
    """A sentence without a full stop."""


def deciding(scores: Sequence[Line], direction: Direction | None = None) -> str | None:
    """The score that snapshots are chosen by: the first that all of them have, if any.

    All must have it for the same number of images, as the snapshots of one run do. Without a
    direction, it is a score of sketch to photo, or of photo to sketch if the run has no others.
    """
    ways = list(_DECIDING) if direction is None else [direction]
    for name in (name for way in ways for name in _DECIDING[way]):
        counts = {len(line.get("each", {}).get(name, ())) for line in scores if name in line}
        if len(counts) == 1 and counts != {0} and all(name in line for line in scores):
            return name
    return None


def better(one: Line, other: Line, name: str) -> tuple[float, float]:
    """How much better `one` is than `other`, and the standard error of that.

    Both were scored on the same images, so the differences are paired: how hard an image is for
    both does not add to the error.
    """
    difference = _each(other, name) - _each(one, name)
    if len(difference) < 2:
        return float(difference.mean()), math.inf
    return float(difference.mean()), float(difference.std(ddof=1)) / math.sqrt(len(difference))


def out_of_patience(scores: Sequence[Line], patience: int) -> bool:
    """Whether there was no better snapshot for `patience` images; never if it is 0."""
    name = deciding(scores)
    if not patience or name is None:
        return False
    best = min(scores, key=lambda line: float(line[name]))
    return int(scores[-1]["images"]) - int(best["images"]) >= patience


def choose(
    snapshots: dict[int, Path], scores: Sequence[Line], direction: Direction | None = None
) -> Choice:
    """The snapshot to export.

    Args:
        snapshots: By images seen; at least one.
        scores: Lines of `scores.jsonl`.
        direction: Of the generator to export; see `deciding`.
    """
    last = max(snapshots)
    scores = [line for line in scores if line["images"] in snapshots]
    name = deciding(scores, direction)
    if name is None:
        return Choice(
            snapshot=snapshots[last],
            why=(
                f"the snapshot after {last:,} images is the last; none was scored for this "
                "direction, so another may be better"
            ),
        )
    best = min(scores, key=lambda line: float(line[name]))
    others = [line for line in scores if line is not best]
    title = FIGURES[name].title
    figure = f"{title} {best[name]:.4g} on {len(_each(best, name)):,} held-out images"
    if not others:
        why = f"the snapshot after {best['images']:,} images is the only one scored: {figure}"
    else:
        why = (
            f"the snapshot after {best['images']:,} images is the best of {len(scores):,}: "
            f"{figure}, {_beside(best, others, name)}"
        )
    if last not in {line["images"] for line in scores}:
        why += "; the last one was not scored"
    return Choice(snapshot=snapshots[int(best["images"])], why=why)


def _beside(best: Line, others: Sequence[Line], name: str) -> str:
    """How the best compares with the others, and which are not significantly worse."""
    second = min(others, key=lambda line: float(line[name]))
    last = max(others, key=lambda line: int(line["images"]))
    said = [f"the next {second[name]:.4g} after {second['images']:,}"]
    if last is not second and last["images"] > best["images"]:
        said.append(f"the last {last[name]:.4g} after {last['images']:,}")
    alike = [line for line in others if _within_noise(best, line, name)]
    if alike:
        which = ", ".join(f"{line['images']:,}" for line in alike[-3:])
        more = f" and {len(alike) - 3} more" if len(alike) > 3 else ""
        said.append(f"not significantly worse are those after {which}{more}")
    return "; ".join(said)


def _within_noise(best: Line, other: Line, name: str) -> bool:
    ahead, error = better(best, other, name)
    return ahead <= SURE * error


def _each(line: Line, name: str) -> NDArray[np.float64]:
    return np.asarray(line["each"][name], np.float64)
