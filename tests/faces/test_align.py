import math
import time

import numpy as np
import pytest

from limner.errors import ModelError, NoFaceError, UsageError
from limner.faces import Aligned, Face, Preprocessing, put_back


def face_with_eyes(left: tuple[float, float], right: tuple[float, float]) -> Face:
    """A face with the outer eye corners there, and its other points in between."""
    (x0, y0), (x1, y1) = left, right
    points = [
        right,
        (x1 * 0.7 + x0 * 0.3, y1),
        left,
        (x0 * 0.7 + x1 * 0.3, y0),
        ((x0 + x1) / 2, y1),
    ]
    return Face(box=(0, 0, 1, 1), score=1.0, points=np.array(points, np.float32))


def disc(image: np.ndarray, centre: tuple[float, float], radius: float) -> None:
    """Draw a soft disc, centred with sub-pixel accuracy."""
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]] + 0.5
    share = np.clip(radius + 0.5 - np.hypot(x - centre[0], y - centre[1]), 0, 1)
    image[...] = np.maximum(image, (255 * share).astype(np.uint8))


def centroid(image: np.ndarray) -> np.ndarray:
    """(x, y) of the centre of brightness."""
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]] + 0.5
    weight = image.astype(float)
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


EYES = [
    ((40.0, 60.0), (90.0, 60.0)),  # near the final scale
    ((400.3, 600.7), (900.1, 641.9)),  # shrunk tenfold, tilted
    ((30.5, 44.25), (52.75, 33.5)),  # enlarged, tilted
    ((151.0, 120.0), (121.0, 90.0)),  # nearly upside down
]


# The geometry ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "right"), EYES)
@pytest.mark.parametrize("which", [0, 1])
def test_eye_corners_land_on_the_template(
    left: tuple[float, float], right: tuple[float, float], which: int
) -> None:
    image = np.zeros((1000, 1200), np.uint8)
    face = face_with_eyes(left, right)
    disc(image, (left, right)[which], radius=face.eye_distance / 12)
    crop = Preprocessing().align(image, face).image
    assert crop.shape == (128, 128)
    expected = np.array([(0.3, 0.3), (0.7, 0.3)][which]) * 128
    assert np.abs(centroid(crop) - expected).max() < 0.15


def test_transform_tells_where_a_pixel_went() -> None:
    image = np.zeros((300, 300), np.uint8)
    disc(image, (140.0, 190.0), radius=6)
    aligned = Preprocessing(size=96).align(image, face_with_eyes((100, 120), (180, 150)))
    x, y = aligned.transform @ (140.0, 190.0, 1.0)
    assert np.abs(centroid(aligned.image) - (x, y)).max() < 0.15
    assert aligned.transform.dtype == np.float64


def test_template_is_a_setting() -> None:
    settings = Preprocessing(size=200, eyes=((0.25, 0.4), (0.75, 0.4)))
    image = np.zeros((300, 300), np.uint8)
    disc(image, (100, 120), radius=5)
    crop = settings.align(image, face_with_eyes((100, 120), (180, 150))).image
    assert np.abs(centroid(crop) - (50, 80)).max() < 0.15


def test_mirrored_picture_gives_the_mirrored_crop() -> None:
    rng = np.random.default_rng(0)
    image = np.kron(rng.integers(0, 256, (30, 30), np.uint8), np.ones((8, 8), np.uint8))
    settings = Preprocessing()
    crop = settings.align(image, face_with_eyes((80, 90), (160, 100))).image
    mirrored = settings.align(image[:, ::-1], face_with_eyes((80, 100), (160, 90))).image
    difference = np.abs(crop.astype(int) - mirrored[:, ::-1])
    assert difference.mean() < 1
    assert difference.max() < 10


# What the crop looks like ----------------------------------------------------------------------


@pytest.mark.parametrize("tilt", [0, 37])
def test_shrinking_a_checkerboard_gives_grey(tilt: int) -> None:
    image = (np.indices((900, 900)).sum(0) % 2 * 255).astype(np.uint8)
    crop = Preprocessing().align(image, face_with_eyes((300, 400), (600, 400 + tilt))).image
    assert np.abs(crop[8:-8, 8:-8].astype(int) - 127).max() <= 12


@pytest.mark.parametrize("channels", [(), (3,)])
def test_edges_are_extended(channels: tuple[int, ...]) -> None:
    image = np.full((60, 80, *channels), 50, np.uint8)
    image[:, 40:] = 200
    settings = Preprocessing()
    for face in (
        face_with_eyes((20, 10), (60, 14)),  # the crop reaches beyond three sides
        face_with_eyes((300, 10), (340, 10)),  # the crop has nothing of the picture
    ):
        crop = settings.align(image, face).image
        assert crop.shape == (128, 128, *channels)
        assert crop.min() >= 20  # nothing black; the kernel may undershoot at the step
        assert crop[:, -20:].min() >= 190


def test_crop_is_the_picture_itself_at_scale_one() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (200, 220, 3), np.uint8)
    settings = Preprocessing(size=100)
    crop = settings.align(image, face_with_eyes((80, 70), (120, 70))).image
    assert np.array_equal(crop, image[40:140, 50:150])


def test_small_faces_are_refused() -> None:
    image = np.zeros((100, 100), np.uint8)
    with pytest.raises(NoFaceError, match=r"face in a\.png are 19 px apart.*20.*larger picture"):
        Preprocessing().align(image, face_with_eyes((40, 40), (59.4, 40)), name="a.png")
    assert Preprocessing(min_eye_distance=19).align(image, face_with_eyes((40, 40), (59.4, 40)))


@pytest.mark.parametrize("shape", [(400, 300), (300, 400), (64, 64), (1, 1), (3000, 2, 3)])
def test_as_is_fits_the_whole_picture(shape: tuple[int, ...]) -> None:
    image = np.full(shape, 90, np.uint8)
    aligned = Preprocessing().as_is(image)
    assert aligned.face is None
    assert aligned.image.shape == (128, 128, *shape[2:])
    assert (aligned.image == 90).all()
    corners = np.array([[0, 0, 1], [shape[1], shape[0], 1]]) @ aligned.transform.T
    assert corners.min() >= -1e-9
    assert corners.max() <= 128 + 1e-9
    assert np.allclose(corners.sum(0), 128)


def test_as_is_keeps_places() -> None:
    image = np.zeros((600, 400), np.uint8)
    disc(image, (100, 450), radius=12)
    aligned = Preprocessing().as_is(image)
    assert np.abs(centroid(aligned.image) - aligned.transform @ (100, 450, 1)).max() < 0.1


def test_as_is_of_a_very_long_picture_is_cheap() -> None:
    assert Preprocessing().as_is(np.full((1, 5_000_000), 7, np.uint8)).image.max() == 7


# Putting back ----------------------------------------------------------------------------------


def smooth_picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] / 40
    return np.stack(
        [127 + 120 * np.sin(x + y), 127 + 120 * np.cos(x - y), 127 + 100 * np.sin(y)], axis=-1
    ).astype(np.uint8)


@pytest.mark.parametrize(("left", "right"), EYES[:3])
def test_putting_the_crop_back_changes_little(
    left: tuple[float, float], right: tuple[float, float]
) -> None:
    face = face_with_eyes(left, right)
    original = smooth_picture(1000, 1200)
    aligned = Preprocessing(size=256).align(original, face)
    result = put_back(aligned.image, aligned, original)
    assert result.shape == original.shape
    assert np.abs(result.astype(int) - original).mean() < 1


def test_put_back_lands_on_the_face_and_fades_out() -> None:
    original = np.zeros((300, 400, 3), np.uint8)
    face = face_with_eyes((180, 120), (230, 130))
    aligned = Preprocessing().align(original, face)
    result = put_back(np.full((128, 128, 3), 255, np.uint8), aligned, original)
    inside = (face.eyes.mean(0) + np.array([0, 20])).astype(int)
    assert result[inside[1], inside[0]].tolist() == [255] * 3
    assert result[:20].max() == 0
    steps = np.abs(np.diff(result[..., 0].astype(int), axis=1))
    assert 0 < steps.max() < 60  # no seam
    assert original.max() == 0  # untouched


def test_made_crop_may_be_larger_and_original_grey() -> None:
    original = np.zeros((200, 200), np.uint8)
    aligned = Preprocessing(size=64).align(original, face_with_eyes((80, 80), (120, 80)))
    result = put_back(np.full((256, 256, 3), (255, 0, 0), np.uint8), aligned, original)
    assert result.shape == (200, 200, 3)
    assert result[100, 100].tolist() == [255, 0, 0]


def test_as_is_is_replaced_up_to_its_edges() -> None:
    original = np.zeros((90, 200, 3), np.uint8)
    aligned = Preprocessing().as_is(original)
    result = put_back(np.full((128, 128, 3), 80, np.uint8), aligned, original)
    assert (result == 80).all()


def test_face_outside_the_picture_changes_nothing() -> None:
    original = smooth_picture(50, 50)
    aligned = Preprocessing().align(original, face_with_eyes((400, 400), (440, 400)))
    assert np.array_equal(put_back(np.zeros((128, 128, 3), np.uint8), aligned, original), original)


# The settings ----------------------------------------------------------------------------------


def test_settings_survive_json() -> None:
    import json

    settings = Preprocessing(size=256, eyes=((0.35, 0.4), (0.65, 0.4)), min_eye_distance=12)
    assert Preprocessing.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    assert Preprocessing.from_dict({}) == Preprocessing()


@pytest.mark.parametrize(
    "settings",
    [
        {"sise": 128},
        {"size": "large"},
        {"size": 0},
        {"eyes": 3},
        {"eyes": [[0.7, 0.3], [0.3, 0.3]]},
        {"min_eye_distance": None},
    ],
)
def test_foreign_settings_are_a_model_error(settings: dict[str, object]) -> None:
    with pytest.raises(ModelError, match=next(iter(settings))):
        Preprocessing.from_dict(settings)


@pytest.mark.parametrize("size", [0, -1, 15, 100_000])
def test_impossible_sizes_are_refused(size: int) -> None:
    with pytest.raises(UsageError, match=f"size is {size}"):
        Preprocessing(size=size)


def test_angle_and_distance_of_a_face() -> None:
    face = face_with_eyes((10, 10), (40, 50))
    assert face.eye_distance == pytest.approx(50)
    assert face.angle == pytest.approx(math.degrees(math.atan2(40, 30)))
    assert face.eyes.tolist() == [[10, 10], [40, 50]]


def test_aligning_is_fast() -> None:
    image = smooth_picture(560, 560)
    face, settings = face_with_eyes((210, 260), (340, 270)), Preprocessing()
    took = []
    for _ in range(15):
        start = time.perf_counter()
        assert isinstance(settings.align(image, face), Aligned)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.02  # 3 ms on an idle core
