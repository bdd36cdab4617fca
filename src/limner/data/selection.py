"""Selection of faces: the decisions that need all of them, such as near-duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.data.cleaning import REASONS
from limner.data.duplicates import twins
from limner.data.plan import Pool, scaled
from limner.faces.smile import SMILING

__all__ = ["KEPT", "Looked", "Selection", "Share", "select", "share_of", "trim"]

KEPT = -1
"""Value in `Selection.reason` of a face that is kept."""
_DUPLICATE, _BALANCE, _SURPLUS = map(REASONS.index, ("near-duplicate", "smile balance", "surplus"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """Facts about the N pictures that were processed, in order."""

    part: NDArray[np.int32]
    """[N]: index of the recipe's part that each came from."""
    reason: NDArray[np.int8]
    """[N]: index in `REASONS` of why it was dropped, or KEPT."""
    sketch: NDArray[np.bool_]
    """[N]"""
    smile: NDArray[np.float32]
    """[N]: label or score; NaN where there is none."""
    labelled: NDArray[np.bool_]
    """[N]: whether `smile` is a label of the source."""
    fingerprint: NDArray[np.uint8]
    """[N, 32]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Selection:
    """Which pictures are kept."""

    reason: NDArray[np.int8]
    """[N]: index in `REASONS`, or KEPT."""
    twin: NDArray[np.int64]
    """[N]: index of the earlier picture that a near-duplicate repeats; -1 for the others."""

    def kept(self, part: NDArray[np.int32], number: int) -> int:
        """How many pictures of a part are kept."""
        return int(((self.reason == KEPT) & (part == number)).sum())


def select(looked: Looked, pools: Sequence[Pool], most_bits: int) -> Selection:
    """Exclude near-duplicates among photos and among sketches, and surplus smiles.

    Args:
        looked: The processed pictures.
        pools: Where they came from; their parts say how many smiles are kept.
        most_bits: Largest Hamming distance of near-duplicates; -1 excludes none.
    """
    reason = looked.reason.copy()
    twin = np.full(len(reason), -1, np.int64)
    if most_bits >= 0:
        for sketch in (False, True):
            rows = np.flatnonzero((reason == KEPT) & (looked.sketch == sketch))
            found = twins(looked.fingerprint[rows], most_bits)
            twin[rows[found >= 0]] = rows[found[found >= 0]]
        reason[twin >= 0] = _DUPLICATE
    for number, pool in enumerate(pools):
        if pool.part.smiling_one_in > 1:  # `plan` has thinned labelled ones already
            mine = (looked.part == number) & (reason == KEPT) & ~looked.labelled
            smiling = np.flatnonzero(mine & (looked.smile > SMILING))
            place = np.arange(1, len(smiling) + 1)
            reason[smiling[place % pool.part.smiling_one_in != 0]] = _BALANCE
    return Selection(reason=reason, twin=twin)


def trim(selection: Selection, looked: Looked, pools: Sequence[Pool]) -> Selection:
    """Exclude faces beyond the number that the recipe requests or its proportions allow."""
    reason = selection.reason.copy()
    counts = [selection.kept(looked.part, number) for number in range(len(pools))]
    shares = [n / pool.part.count for n, pool in zip(counts, pools, strict=True) if pool.part.count]
    factor = min([1.0, *shares])
    for number, pool in enumerate(pools):
        if pool.part.count:
            mine = np.flatnonzero((looked.part == number) & (reason == KEPT))
            reason[mine[scaled(pool.part.count, factor) :]] = _SURPLUS
    return Selection(reason=reason, twin=selection.twin)


@dataclass(frozen=True, kw_only=True)
class Share:
    """Result of a part of the recipe."""

    name: str
    wanted: int
    """Faces requested; 0 means all."""
    found: int
    """Pictures of its source."""
    judged_found: int
    """Those with a smile label of the source or a smile score."""
    smiling_found: int
    """Those of them that smile."""
    looked_at: int
    """Pictures that were processed."""
    dropped: dict[str, int]
    """How many of those were dropped, for each reason."""
    kept: int
    judged_kept: int
    smiling_kept: int

    def __str__(self) -> str:
        wanted = f" of {self.wanted} requested" if self.wanted else ""
        known = self.judged_found > 0
        smiles = (
            f", {self.smiling_found} of them and {self.smiling_kept} of the faces smiling" * known
        )
        return f"{self.name}: {self.kept} faces{wanted} ({self.found} pictures{smiles})"


def share_of(number: int, pool: Pool, looked: Looked, chosen: Selection) -> Share:
    """Result of the part with this index."""
    mine = looked.part == number
    kept = mine & (chosen.reason == KEPT)
    smiles, judged = looked.smile > SMILING, ~np.isnan(looked.smile)
    counts = np.bincount(chosen.reason[mine & ~kept], minlength=len(REASONS)).tolist()
    return Share(
        name=pool.part.name,
        wanted=pool.part.count,
        found=pool.found,
        judged_found=pool.judged + int((mine & judged & ~looked.labelled).sum()),
        smiling_found=pool.smiling + int((mine & smiles & ~looked.labelled).sum()),
        looked_at=int(mine.sum()),
        dropped={reason: n for reason, n in zip(REASONS, counts, strict=True) if n},
        kept=int(kept.sum()),
        judged_kept=int((kept & judged).sum()),
        smiling_kept=int((kept & smiles).sum()),
    )
