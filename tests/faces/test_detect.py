import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import dlib
import numpy as np
import pytest
import skimage.data
from PIL import Image

from limner import images
from limner.errors import NoFaceError
from limner.faces import DlibDetector, Face, Preprocessing, detect, find

# Where the outer eye corners of the picture are, to a few px, read off by eye.
EYE_CORNERS = np.array([[198, 108], [256, 110]])


@pytest.fixture(scope="module")
def detector() -> DlibDetector:
    return DlibDetector()


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def portrait(astronaut: np.ndarray) -> np.ndarray:
    """[300, 300, 3]: the face fills about half of the frame."""
    return np.ascontiguousarray(astronaut[:300, 80:380])


def test_face_is_found_where_it_is(detector: DlibDetector, astronaut: np.ndarray) -> None:
    (face,) = detector(astronaut)
    assert np.abs(face.eyes - EYE_CORNERS).max() < 7
    assert face.points.shape == (5, 2)
    assert face.points.dtype == np.float32
    left, top, right, bottom = face.box
    assert left < face.points[:, 0].min() < face.points[:, 0].max() < right
    assert top < face.points[:, 1].min() < face.points[:, 1].max() < bottom
    assert face.score > 0


def test_grey_and_colour_give_the_same(detector: DlibDetector, portrait: np.ndarray) -> None:
    grey = np.asarray(Image.fromarray(portrait).convert("L"))
    assert np.array_equal(detector(portrait)[0].points, detector(grey)[0].points)


@pytest.mark.parametrize("factor", [0.25, 0.5, 1.7, 5.0])
def test_points_scale_with_the_picture(
    detector: DlibDetector, portrait: np.ndarray, factor: float
) -> None:
    side = round(300 * factor)
    resized = np.asarray(Image.fromarray(portrait).resize((side, side), Image.Resampling.LANCZOS))
    expected, face = detector(portrait)[0], detector(resized)[0]
    assert np.abs(face.eyes / factor - expected.eyes).max() < 0.06 * expected.eye_distance


@pytest.mark.parametrize("angle", [-30, -15, 15, 30])
def test_turned_face_is_found(detector: DlibDetector, portrait: np.ndarray, angle: int) -> None:
    upright = detector(portrait)[0]
    turned = np.asarray(
        Image.fromarray(portrait).rotate(
            angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255)
        )
    )
    face = find(turned, detector)[0]
    radians = math.radians(angle)
    turn = np.array(
        [[math.cos(radians), math.sin(radians)], [-math.sin(radians), math.cos(radians)]]
    )
    expected = (upright.eyes - 150) @ turn.T + np.array(turned.shape[1::-1]) / 2
    assert np.abs(face.eyes - expected).max() < 0.08 * upright.eye_distance
    assert face.angle == pytest.approx(upright.angle - angle, abs=5)


def test_aligned_eyes_are_found_on_the_template(
    detector: DlibDetector, portrait: np.ndarray
) -> None:
    settings = Preprocessing(size=256)
    aligned = settings.align(portrait, detector(portrait)[0])
    assert np.abs(detector(aligned.image)[0].eyes / 256 - np.array(settings.eyes)).max() < 0.03


def test_thorough_search_finds_small_faces_beside_a_large_one(
    detector: DlibDetector, portrait: np.ndarray
) -> None:
    small = np.asarray(Image.fromarray(portrait).resize((110, 110), Image.Resampling.LANCZOS))
    group = np.full((320, 460, 3), 128, np.uint8)
    group[10:310, 10:310] = portrait
    group[100:210, 330:440] = small
    faces = find(group, DlibDetector(), which="all")
    assert len(faces) == 2
    assert faces[0].eye_distance > 2 * faces[1].eye_distance
    assert len(detector(group)) == 1


def test_thorough_search_counts_every_face_once_and_finds_turned_ones(
    detector: DlibDetector, portrait: np.ndarray
) -> None:
    turned = np.asarray(Image.fromarray(portrait).rotate(28, Image.Resampling.BICUBIC))
    pair = np.concatenate([portrait, turned], axis=1)
    faces = find(pair, detector, which="all")
    assert len(faces) == 2
    assert sorted(face.box[0] > 300 for face in faces) == [False, True]


def test_threads_take_turns(portrait: np.ndarray) -> None:
    detector = DlibDetector()
    alone = detector(portrait)[0]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(detector, [portrait] * 16))
    assert all(np.array_equal(faces[0].points, alone.points) for faces in together)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (50, 60, 3), (700, 3, 3)])
def test_nothing_is_found_in_nothing(detector: DlibDetector, shape: tuple[int, ...]) -> None:
    assert detector(np.full(shape, 255, np.uint8)) == []


def test_message_says_what_to_do(detector: DlibDetector) -> None:
    with pytest.raises(NoFaceError, match=r"^no face found in cat\.png; give the positions"):
        find(np.zeros((64, 64), np.uint8), detector, name="cat.png")


def test_any_callable_is_a_detector(portrait: np.ndarray) -> None:
    two = [
        Face(box=(0, 0, 9, 9), score=1.0, points=np.zeros((5, 2), np.float32)),
        Face(box=(0, 0, 5, 5), score=2.0, points=np.zeros((5, 2), np.float32)),
    ]
    [largest] = find(portrait, lambda _, **__: two)
    assert largest.points is two[0].points
    assert largest.others == 1
    assert find(portrait, lambda _, **__: two, which="all") == two


def test_importing_faces_imports_no_dlib() -> None:
    code = "import sys, limner.faces; sys.exit('dlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_drawings_are_found(detector: DlibDetector, data: Path) -> None:
    paths = sorted((data / "research" / "cufs_ar" / "sketches").iterdir())[::12]
    assert len(paths) > 5
    assert [path.name for path in paths if not detector(images.read(path))] == []


def test_the_stored_detector_is_dlibs_own(detector: DlibDetector, portrait: np.ndarray) -> None:
    grey = np.asarray(Image.fromarray(portrait).convert("L"))
    own = detector._find.run(grey, 0, -1.0)
    theirs = dlib.get_frontal_face_detector().run(grey, 0, -1.0)
    assert len(own[0]) > 0
    assert [str(box) for box in own[0]] == [str(box) for box in theirs[0]]
    assert own[1:] == theirs[1:]


def test_the_first_look_is_a_part_of_the_whole_detector():
    whole, front = (
        (resources.files("limner.faces") / name).read_bytes()
        for name in ("frontal.svm", "front.svm")
    )
    # A header, how many detectors there are (a byte for its length, then the number), and these.
    assert (whole[:50], whole[50:52]) == (front[:50], b"\1\5")
    assert front[50:52] == b"\1\1"
    assert whole[52:].startswith(front[52:])


def test_a_turned_face_is_found_though_it_is_not_seen_from_the_front(data):
    """Of 200 celebrities some are found by the whole detector only."""
    detector = DlibDetector()
    looks = [look for look in detect._LOOKS if look.front]
    assert looks
    folder = data / "research" / "celeba_half" / "img_align_celeba"
    first = [images.read(path) for path in sorted(folder.iterdir())[:200]]
    found = sum(bool(detector(picture)) for picture in first)
    detector._looks = tuple(looks)
    assert sum(bool(detector(picture)) for picture in first) < found
