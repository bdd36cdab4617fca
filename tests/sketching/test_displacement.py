"""Strokes go where they are sent and no farther, and how literally they are meant follows."""

import numpy as np
import pytest

from limner.sketching.displacement import (
    FEATURES,
    bend,
    displace,
    literalness,
    move_features,
    region,
)


def lengths(field):
    return np.hypot(*field)


@pytest.mark.parametrize("shape", [(32, 32), (128, 128), (300, 256)])
def test_a_bend_keeps_to_its_amplitude_and_uses_it(shape):
    scale = min(shape) / 128
    most = [np.abs(bend(shape, np.random.default_rng(n), 6, 4)).max() for n in range(20)]
    assert max(most) <= 6 * scale + 1e-3
    assert max(most) > 4.5 * scale
    assert not bend(shape, np.random.default_rng(0), 0, 4).any()


def test_a_bend_is_smooth_and_does_not_fold():
    for seed in range(20):
        field = bend((128, 128), np.random.default_rng(seed), 6, 5)
        assert max(np.abs(np.diff(field, axis=axis)).max() for axis in (1, 2)) < 1


def test_a_bend_carries_the_mouth_along_as_a_whole():
    inside = region((128, 128), "mouth") == 1
    field = bend((128, 128), np.random.default_rng(3), 6, 5)
    assert np.ptp(field[:, inside], axis=1) == pytest.approx(0, abs=1e-4)
    assert lengths(field)[inside].max() > 0.5


@pytest.mark.parametrize("farthest", [1, 4])
@pytest.mark.parametrize("shape", [(64, 64), (128, 128), (256, 256)])
def test_features_go_no_farther_than_allowed(shape, farthest):
    scale = min(shape) / 128
    moved = [
        lengths(move_features(shape, np.random.default_rng(n), farthest)).max() for n in range(30)
    ]
    assert max(moved) <= farthest * scale + 1e-3
    assert np.mean(moved) > 0.7 * farthest * scale


def test_each_feature_moves_by_itself_and_the_rest_of_the_face_does_not():
    fields = np.stack([move_features((128, 128), np.random.default_rng(n)) for n in range(60)])
    for y, x in ((5, 64), (64, 20), (64, 108), (105, 64), (2, 2), (126, 126)):
        assert not fields[:, :, y, x].any()
    at = {name: (round(128 * y), round(128 * x)) for name, (y, x, *_) in FEATURES.items()}
    moves = {name: fields[:, :, y, x] for name, (y, x) in at.items()}
    for move in moves.values():
        assert np.hypot(*move.T).mean() > 0.5
    together = np.corrcoef(moves["left eye"][:, 0], moves["right eye"][:, 0])[0, 1]
    assert abs(together) < 0.4


def test_a_moved_dot_lies_at_most_4_px_from_where_it_was():
    """Strokes, not numbers: a dot at an eye."""
    sheet = np.ones((128, 128), np.float32)
    sheet[36:39, 45:48] = 0
    y, x = np.mgrid[:128, :128]
    far = []
    for seed in range(40):
        ink = 1 - displace(sheet, move_features((128, 128), np.random.default_rng(seed), 4))
        far.append(np.hypot((ink * y).sum() / ink.sum() - 37, (ink * x).sum() / ink.sum() - 46))
    assert max(far) < 4.3
    assert max(far) > 2.5


def test_displacing_is_bilinear_and_repeats_the_rim():
    drawing = np.random.default_rng(0).random((20, 30), np.float32)
    field = np.zeros((2, 20, 30), np.float32)
    assert np.array_equal(displace(drawing, field), drawing)
    down, right = field.copy(), field.copy()
    down[0], right[1] = 3, -1
    assert np.array_equal(displace(drawing, down)[:-3], drawing[3:])
    assert (displace(drawing, down)[-3:] == drawing[-1]).all()
    assert np.array_equal(displace(drawing, right)[:, 1:], drawing[:, :-1])
    field[0] = 0.5
    expected = (drawing[:-1] + drawing[1:]) / 2
    assert displace(drawing, field)[:-1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("side", [64, 128, 256])
def test_literalness_halves_with_each_pixel_at_128(side):
    drawing = np.ones((side, side), np.float32)
    drawing[side // 4 : side // 2] = 0.2
    for pixels, expected in ((0, 1), (1, 0.5), (2, 0.25), (3, 0.125)):
        field = np.zeros((2, side, side), np.float32)
        field[1] = -pixels * side / 128
        assert literalness(field, drawing) == pytest.approx(expected, rel=1e-4)


def test_only_ink_counts_unless_there_is_none():
    field = np.zeros((2, 128, 128), np.float32)
    field[0, :64] = 4
    drawing = np.ones((128, 128), np.float32)
    assert literalness(field, drawing) == pytest.approx(2**-2, rel=1e-4)
    drawing[100] = 0
    assert literalness(field, drawing) == 1
    drawing[10] = 0
    assert literalness(field, drawing) == pytest.approx(2**-2, rel=1e-4)
