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
"""Stands in `Selection.reason` for a face that stays."""
_DUPLICATE, _BALANCE, _SURPLUS = map(REASONS.index, ("near-duplicate", "smile balance", "surplus"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """What is known of the pictures that were looked at, in order; N of them."""

    part: NDArray[np.int32]
    """[N]: the recipe's part that each came from."""
    reason: NDArray[np.int8]
    """[N]: place in `REASONS` of why it gave no face, or KEPT."""
    sketch: NDArray[np.bool_]
    """[N]"""
    smile: NDArray[np.float32]
    """[N]: label or score; NaN where there is none."""
    labelled: NDArray[np.bool_]
    """[N]: whether the source knew if it smiles."""
    fingerprint: NDArray[np.uint8]
    """[N, 32]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Selection:
    """What stays."""

    reason: NDArray[np.int8]
    """[N]: place in `REASONS`, or KEPT."""
    twin: NDArray[np.int64]
    """[N]: the earlier picture that a near-duplicate is one of; -1 for the others."""

    def kept(self, part: NDArray[np.int32], number: int) -> int:
        """How many stay of a part."""
        return int(((self.reason == KEPT) & (part == number)).sum())


def select(looked: Looked, pools: Sequence[Pool], most_bits: int) -> Selection:
    """Leave out near-duplicates among photos and among sketches, and smiles that are too many.

    Args:
        looked: What was looked at.
        pools: Where it came from, for how many smiles each part keeps.
        most_bits: Difference of two fingerprints that makes near-duplicates; -1 for none.
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
        if pool.part.smiling_one_in > 1:  # those that are labelled were thinned before the look
            mine = (looked.part == number) & (reason == KEPT) & ~looked.labelled
            smiling = np.flatnonzero(mine & (looked.smile > SMILING))
            place = np.arange(1, len(smiling) + 1)
            reason[smiling[place % pool.part.smiling_one_in != 0]] = _BALANCE
    return Selection(reason=reason, twin=twin)


def trim(selection: Selection, looked: Looked, pools: Sequence[Pool]) -> Selection:
    """Leave out what is more than the recipe wants, or than its shares allow."""
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
    """What a part of the recipe came to."""

    name: str
    wanted: int
    """Faces; 0 stands for all."""
    found: int
    """Pictures of its source."""
    judged_found: int
    """Those of which it is known if they smile, by the source or else by the score."""
    smiling_found: int
    """Those of them that do."""
    looked_at: int
    """Pictures that were opened."""
    dropped: dict[str, int]
    """How many of those, for each reason."""
    kept: int
    judged_kept: int
    smiling_kept: int

    def __str__(self) -> str:
        wanted = f" of {self.wanted} wanted" if self.wanted else ""
        known = self.judged_found > 0
        smiles = f", {self.smiling_found} smiling before and {self.smiling_kept} after" * known
        return f"{self.name}: {self.kept} faces{wanted} ({self.found} pictures{smiles})"


def share_of(number: int, pool: Pool, looked: Looked, chosen: Selection) -> Share:
    """What the part with this number came to."""
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
