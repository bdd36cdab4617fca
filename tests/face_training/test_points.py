from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from limner.errors import DataError
from limner.face_training.points import Settings, errors, fit, label, patches, person, train
from limner.faces import DlibDetector
from limner.faces.points import PointPredictor, public_predictor

SETTINGS = Settings(photos_each=1, sketches_each=1, cascade_depth=2, trees=5, oversampling=2)


def test_london_pairs_are_one_person() -> None:
    assert person(Path("london_neutral/001_03.jpg")) == person(Path("london_smiling/001_08.jpg"))
    assert person(Path("london_neutral/001_03.jpg")) != person(Path("london_neutral/002_03.jpg"))
    assert person(Path("a/1.jpg")) != person(Path("b/1.jpg"))


def test_a_predictor_is_trained_and_measured(tmp_path: Path) -> None:
    path = tmp_path / "astronaut.png"
    Image.fromarray(skimage.data.astronaut()).save(path)
    public = PointPredictor(public_predictor())
    photo = label(path, DlibDetector(), public)
    assert photo is not None
    assert errors(public, [photo])["eye_corners"] < 0.03
    made = patches(photo, SETTINGS)
    assert [patch.grey.shape for patch in made] == [(320, 320)] * 2
    # The landmarks of each patch are around its middle, in the order of the model.
    for patch in made:
        assert np.abs(patch.points.mean(0) - 160).max() < 60
        assert patch.points[2, 0] < patch.points[3, 0] < patch.points[1, 0] < patch.points[0, 0]
    out = tmp_path / "tiny.dat"
    fit(made, SETTINGS, out)
    assert errors(PointPredictor(out), [photo])["eye_corners"] < 0.3


def test_folder_without_photos_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected folders of photos"):
        train(tmp_path, tmp_path / "out.dat", SETTINGS, workers=1)
