"""Thin strokes and their numbers, against scikit-image and SciPy."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import morphology

from limner.sketching.thinning import components, thin


def blots(seed):
    """A sheet of any size with blots or strokes of any width."""
    rng = np.random.default_rng(seed)
    noise = rng.random(rng.integers(1, 140, 2))
    return ndimage.gaussian_filter(noise, rng.uniform(0, 3)) > rng.uniform(0.48, 0.52)


@pytest.mark.parametrize("seed", range(40))
def test_as_the_reference_does(seed):
    ink = blots(seed)
    before = ink.copy()
    assert np.array_equal(thin(ink), morphology.thin(ink))
    labels, count = components(ink)
    expected, most = ndimage.label(ink, structure=np.ones((3, 3)))
    assert count == most
    assert np.array_equal(labels, expected)
    assert np.array_equal(ink, before)


@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (30, 20)])
def test_sheets_of_one_tone(shape, value):
    ink = np.full(shape, value)
    assert np.array_equal(thin(ink), morphology.thin(ink))
    labels, count = components(ink)
    assert count == value
    assert np.array_equal(labels, ink.astype(int))


def test_a_long_line_is_one_stroke():
    """A spiral: no number can reach its end from pixel to pixel in few rounds."""
    turn = np.linspace(0, 12 * np.pi, 20_000)
    ink = np.zeros((128, 128), bool)
    ink[
        (64 + 1.6 * turn * np.sin(turn)).astype(int), (64 + 1.6 * turn * np.cos(turn)).astype(int)
    ] = True
    assert components(ink)[1] == 1
    assert components(thin(ink))[1] == 1
    assert thin(ink).sum() < ink.sum()
