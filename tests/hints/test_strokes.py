import numpy as np
import pytest

from limner.faces import DlibDetector, Preprocessing
from limner.hints import place, random_hints


@pytest.fixture(scope="module")
def face(photo):
    [found] = DlibDetector()(photo)
    return Preprocessing(size=128).align(photo, found).image


@pytest.fixture(scope="module")
def many(face):
    return np.stack([random_hints(face, np.random.default_rng(seed)) for seed in range(400)])


def test_there_is_always_a_hint_and_never_the_whole_photo(many):
    share = (many[..., 3] == 255).mean(axis=(1, 2))
    assert share.min() > 0
    assert share.max() < 0.5
    assert 0.005 < np.median(share) < 0.1
    assert set(np.unique(many[..., 3])) == {0, 255}
    assert not many[many[..., 3] == 0].any()


def test_hints_are_the_photos_colours_roughly(many, face):
    given = many[..., 3] == 255
    off = np.abs(many[..., :3].astype(int) - face)[given]
    assert 3 < np.median(off) < 25
    # Of one hint everything is off by the same: it is no copy of the photo.
    exact = (many[..., :3] == face).all(axis=-1)[given].mean()
    assert exact < 0.02


def test_some_are_what_the_command_line_draws(many):
    """The places of parts, each in one colour, and nothing else."""
    shape = place({"skin": (1, 1, 1), "hair": (1, 1, 1)}, 128)[..., 3] > 0
    alike = [hints for hints in many if np.array_equal(hints[..., 3] > 0, shape)]
    assert alike
    for hints in alike:
        assert len(np.unique(hints[shape], axis=0)) == 2


def test_others_are_strokes_anywhere(many):
    ever = (many[..., 3] == 255).any(axis=0)
    assert ever.mean() > 0.9


def test_the_same_numbers_give_the_same_hints(face):
    first, again = (random_hints(face, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, again)


@pytest.mark.parametrize("size", [16, 48, 256])
def test_any_size_will_do(size):
    photo = np.random.default_rng(0).integers(0, 255, (size, size, 3), dtype=np.uint8)
    for seed in range(20):
        hints = random_hints(photo, np.random.default_rng(seed))
        assert hints.shape == (size, size, 4)
        assert hints.any()
