"""Near-duplicates among many perceptual hashes, exactly, without comparing all with all."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["twins"]

_CHUNK = 1 << 20
"""Pairs that are compared at once: 32 MB of hashes."""


def twins(hashes: NDArray[np.uint8], most: int) -> NDArray[np.int64]:
    """For each hash the first earlier one that is kept and differs in at most `most` bits; else -1.

    Only kept hashes count as originals, so that the end of a chain of small changes is kept.

    Two hashes that differ in at most `most` bits are equal in at least one of `most + 1` pieces
    (the pigeonhole principle), so only those that share a piece are compared.

    Args:
        hashes: [N, 32] bytes.
        most: 0 to 31 bits.
    """
    found = np.full(len(hashes), -1, np.int64)
    if not len(hashes):
        return found
    # Equal hashes first: a picture that occurs a thousand times would make a million pairs.
    unique, first, where = np.unique(hashes, axis=0, return_index=True, return_inverse=True)
    where = where.ravel()
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    twin = _twins_of_distinct(unique[order], most)
    original = first[order]
    mine = rank[where]
    kept = twin[mine] < 0
    found[~kept] = original[twin[mine[~kept]]]
    copies = kept & (original[mine] != np.arange(len(hashes)))
    found[copies] = original[mine[copies]]
    return found


def _twins_of_distinct(hashes: NDArray[np.uint8], most: int) -> NDArray[np.int64]:
    near: dict[int, set[int]] = {}
    for earlier, later in _candidates(hashes, most + 1):
        differ = np.bitwise_count(hashes[earlier] ^ hashes[later]).sum(1, dtype=np.int64) <= most
        for i, j in zip(earlier[differ].tolist(), later[differ].tolist(), strict=True):
            near.setdefault(j, set()).add(i)
    twin = np.full(len(hashes), -1, np.int64)
    for j in sorted(near):
        twin[j] = min((i for i in near[j] if twin[i] < 0), default=-1)
    return twin


def _candidates(
    hashes: NDArray[np.uint8], pieces: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of rows, the earlier and the later, that are equal in a piece of their bits."""
    bits = np.unpackbits(hashes, axis=1)
    for piece in np.array_split(np.arange(bits.shape[1]), pieces):
        packed = np.packbits(bits[:, piece], axis=1)
        key = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), np.uint8)
        key[:, : packed.shape[1]] = packed
        words = key.view(np.uint64)
        order = np.lexsort(words.T)
        ordered = words[order]
        start = np.arange(len(order))
        step = 1
        while len(start):  # compare each row of a group with the one `step` after it
            start = start[start + step < len(order)]
            start = start[(ordered[start] == ordered[start + step]).all(axis=1)]
            for at in range(0, len(start), _CHUNK):
                a, b = order[start[at : at + _CHUNK]], order[start[at : at + _CHUNK] + step]
                yield np.minimum(a, b), np.maximum(a, b)
            step += 1
