"""What comes back of a sketch."""

import numpy as np
import pytest

from limner.errors import UsageError
from limner.metrics.faithfulness.cycle import CYCLE, Cycle, difference
from limner.metrics.likeness.ssim import ssim
from limner.metrics.resampling import Resampling
from limner.sketching import sketch


@pytest.fixture(scope="module")
def drawing(photo):
    return sketch(photo[40:168, 160:288])[..., None].repeat(3, axis=2)


def scores(drawing, *backs):
    pairs = np.stack([CYCLE.start()(drawing, back) for back in backs])
    assert pairs.dtype == np.float32
    return list(Cycle().scores({"pair": pairs}, Resampling(resamples=20)))


def test_the_difference_is_a_share_of_white(drawing):
    black, white = np.zeros_like(drawing), np.full_like(drawing, 255)
    assert difference(black, white) == pytest.approx(1)
    assert difference(drawing, drawing) == 0
    one = drawing // 2
    assert difference(one, one + 51) == pytest.approx(0.2, abs=1e-6)
    assert difference(black, np.full_like(black, (255, 0, 0))) == pytest.approx(0.299, abs=1e-6)


def test_a_sketch_that_comes_back_is_best_and_less_of_it_is_worse(drawing):
    white = np.full_like(drawing, 255)
    faded = [
        (drawing + (white.astype(float) - drawing) * share).astype(np.uint8)
        for share in (0, 0.2, 0.5, 0.9)
    ]
    values = [[one.estimate.value for one in scores(drawing, back)] for back in faded]
    assert values[0] == pytest.approx([0, 1])
    assert np.diff([value[0] for value in values]).min() > 0.01
    assert np.diff([value[1] for value in values]).max() < -0.001


def test_the_scores_are_means_of_the_pairs(drawing):
    backs = [drawing, 255 - drawing, np.roll(drawing, 2, axis=0)]
    l1, likeness = scores(drawing, *backs)
    assert (l1.name, l1.better) == ("cycle.difference", "lower")
    assert (likeness.name, likeness.better) == ("cycle.ssim", "higher")
    per_image = [difference(drawing, back) for back in backs]
    assert l1.estimate.value == pytest.approx(np.mean(per_image))
    assert likeness.estimate.value == pytest.approx(np.mean([ssim(drawing, b) for b in backs]))
    assert np.argmax(l1.losses) == np.argmax(likeness.losses) == 1
    assert {needed.roles for needed in Cycle().inputs.values()} == {("sketch", "back")}


def test_blank_sheets_that_come_back_are_named(drawing):
    white = np.full_like(drawing, 255)
    named = scores(drawing, drawing, white, white)
    assert all(
        one.warnings[0].startswith("2 of 3 reconstructed sketches are blank") for one in named
    )
    assert not any(one.warnings for one in scores(drawing, drawing))


@pytest.mark.parametrize(("one", "other"), [((9, 9, 3), (8, 8, 3)), ((9, 9), (9, 9))])
def test_other_shapes_are_refused(one, other):
    with pytest.raises(UsageError, match=r"expected the same \[S, S, 3\]"):
        difference(np.zeros(one, np.uint8), np.zeros(other, np.uint8))
