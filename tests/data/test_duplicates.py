import numpy as np
import pytest

from limner.data.duplicates import twins


def slowly(hashes, most):
    """What `twins` should give, all compared with all."""
    found = np.full(len(hashes), -1)
    for j in range(len(hashes)):
        for i in range(j):
            differ = np.bitwise_count(hashes[i] ^ hashes[j]).sum()
            if found[i] < 0 and differ <= most:
                found[j] = i
                break
    return found


def flipped(one, count, rng):
    bits = np.unpackbits(one)
    bits[rng.choice(256, count, replace=False)] ^= 1
    return np.packbits(bits)


@pytest.fixture
def hashes():
    """300 hashes: many strangers, copies with 0 to 40 changed bits, and chains of copies."""
    rng = np.random.default_rng(0)
    rows = list(rng.integers(0, 256, (60, 32), dtype=np.uint8))
    while len(rows) < 300:
        rows.append(flipped(rows[rng.integers(len(rows))], rng.integers(0, 41), rng))
    return np.array(rows)[rng.permutation(300)]


@pytest.mark.parametrize("most", [0, 1, 7, 16, 31])
def test_all_twins_are_found_and_no_others(hashes, most):
    expected = slowly(hashes, most)
    assert np.array_equal(twins(hashes, most), expected)
    assert (expected >= 0).sum() > 5


def test_the_first_of_equal_ones_is_kept():
    same = np.zeros((5, 32), np.uint8)
    assert twins(same, 0).tolist() == [-1, 0, 0, 0, 0]


def test_a_chain_does_not_lose_its_end():
    rng = np.random.default_rng(0)
    first = np.zeros(32, np.uint8)
    second = flipped(first, 10, rng)
    bits = np.unpackbits(second)
    bits[np.flatnonzero(bits == 0)[:10]] = 1  # 20 from the first
    chain = np.array([first, second, np.packbits(bits)])
    assert twins(chain, 10).tolist() == [-1, 0, -1]


def test_none_have_none():
    assert twins(np.empty((0, 32), np.uint8), 16).tolist() == []
    assert twins(np.zeros((1, 32), np.uint8), 16).tolist() == [-1]
