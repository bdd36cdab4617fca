import importlib.util
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from limner.errors import MissingExtraError
from limner.faces import points
from limner.faces.points import PointPredictor, mirror, patch_transform, public_predictor
from limner.faces.warp import apply

CENTRE, SIDE = (226.0, 124.0), 98.0  # of the astronaut's face, as the detector finds it


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    return np.asarray(Image.fromarray(skimage.data.astronaut()).convert("L"))


@pytest.fixture(scope="module")
def own() -> PointPredictor:
    return PointPredictor()


def test_own_predictor_agrees_with_the_public_one(grey: np.ndarray, own: PointPredictor) -> None:
    public = PointPredictor(public_predictor())(grey, CENTRE, SIDE)
    distance = np.linalg.norm(own(grey, CENTRE, SIDE) - public, axis=1)
    assert distance.max() < 0.08 * np.linalg.norm(public[0] - public[2])


def test_own_predictor_is_small() -> None:
    assert (Path(points.__file__).parent / "points5.dat").stat().st_size < 2_500_000


def test_mirrored_picture_gives_mirrored_points(grey: np.ndarray, own: PointPredictor) -> None:
    width = grey.shape[1]
    mirrored = own(np.ascontiguousarray(grey[:, ::-1]), (width - CENTRE[0], CENTRE[1]), SIDE)
    assert np.abs(mirror(mirrored, width) - own(grey, CENTRE, SIDE)).max() < 0.5


def test_points_stay_where_the_box_moves(grey: np.ndarray, own: PointPredictor) -> None:
    seen = [
        own(grey, (CENTRE[0] + x, CENTRE[1] + y), SIDE * wide)
        for x, y, wide in ((0, 0, 1), (4, 3, 1.1), (-4, 3, 0.95), (3, -4, 1.05))
    ]
    assert np.std(seen, axis=0).max() < 2.5


def test_box_comes_to_the_middle_of_the_patch() -> None:
    transform = patch_transform((50, 70), 20, 90)
    middle, below = apply(transform, np.array([[50.0, 70.0], [50.0, 80.0]]))
    assert middle == pytest.approx([120, 120])
    assert below == pytest.approx([200, 120])  # a head turned clockwise is turned back


def test_missing_public_predictor_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'limner\[measure\]'"):
        public_predictor()
