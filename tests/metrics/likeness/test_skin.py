import numpy as np
import pytest

from limner import images
from limner.errors import UsageError
from limner.faces import DlibDetector, Preprocessing
from limner.metrics.likeness.skin import Skin, skin, typology_angle
from limner.metrics.resampling import Resampling
from limner.metrics.validation.corruptions import corrupted


def plain(*rgb, side=64):
    return np.full((side, side, 3), rgb, np.uint8)


def scores(generated, ground_truth):
    features = {"generated": np.float32(generated), "ground_truth": np.float32(ground_truth)}
    return {one.name: one for one in Skin().scores(features, Resampling(resamples=50))}


@pytest.fixture(scope="module")
def crop(photo):
    return Preprocessing().align(photo, DlibDetector()(photo)[0]).image


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # of CIE 15, as published for sRGB and D65
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
    ],
)
def test_colours_are_those_of_cielab(rgb, lab):
    assert skin(plain(*rgb)) == pytest.approx(lab, abs=0.05)


def test_only_cheeks_and_forehead_count_and_one_of_them_does_not_decide():
    face = plain(200, 150, 120, side=128)
    expected = skin(face)
    around = face.copy()
    around[:, :36] = around[:, 92:] = around[68:] = around[:15] = around[24:55, 40:88] = 0
    assert np.array_equal(skin(around), expected)
    fringe = face.copy()
    fringe[:30] = 20
    assert np.array_equal(skin(fringe), expected)
    assert not np.array_equal(skin(plain(200, 150, 125)), expected)


@pytest.mark.parametrize("side", [16, 64, 512])
def test_any_side_will_do(crop, side):
    assert skin(images.resize(crop, side)) == pytest.approx(skin(crop), abs=4)


def test_the_angle_is_that_of_the_paper():
    angles = typology_angle(np.array([[70, 10, 20], [50, 10, 20], [30, 5, 20], [70, 0, 0]]))
    assert angles == pytest.approx([45, 0, -45, 87.14], abs=0.01)


def test_signed_drifts_and_absolute_errors():
    ground_truth = np.array([[60, 10, 20], [70, 10, 20]])
    generated = np.add(ground_truth, [[5, 0, 0], [-5, 0, 0]])
    found = scores(generated, ground_truth)
    values = {name.removeprefix("skin."): one.estimate.value for name, one in found.items()}
    assert values["lightness"] == pytest.approx(0)
    assert values["tone"] != pytest.approx(values["tone_error"])
    before, after = typology_angle(ground_truth), typology_angle(generated)
    assert values["tone_error"] == pytest.approx(np.abs(after - before).mean())
    assert 3 < values["error"] < 5
    assert values["chroma"] == values["redness"] == values["yellowness"] == 0


def test_the_difference_is_ciede2000():
    # Sharma, Wu and Dalal 2005, "The CIEDE2000 Color-Difference Formula", table 1, pair 1
    found = scores([[50, 0, -82.7485]], [[50, 2.6772, -79.7751]])
    assert found["skin.error"].estimate.value == pytest.approx(2.0425, abs=1e-4)


def test_one_tone_for_all_shows_at_both_ends():
    light = np.linspace(30, 80, 60)
    ground_truth = np.stack([light, np.full(60, 10), np.full(60, 20)], axis=1)
    generated = ground_truth.copy()
    generated[:, 0] = 55
    found = scores(generated, ground_truth)
    assert found["skin.lightness"].estimate.value == pytest.approx(0, abs=1e-3)
    assert found["skin.darkest"].estimate.value == pytest.approx(55 - light[:20].mean(), abs=1e-3)
    assert found["skin.lightest"].estimate.value == pytest.approx(55 - light[40:].mean(), abs=1e-3)
    low, high = found["skin.darkest"].estimate.low, found["skin.darkest"].estimate.high
    assert low < 55 - light[:20].mean() < high
    assert "skin.darkest" not in scores(generated[:20], ground_truth[:20])


def test_greying_shows_in_the_chroma_and_darkening_in_the_lightness(crop):
    ground_truth = skin(crop)[None]
    chroma, light = [], []
    for strength in (0, 0.1, 0.4, 1):
        grey, dark = (
            skin(corrupted(crop[None], name, strength, others=crop[None])[0])[None]
            for name in ("grey", "dark")
        )
        chroma.append(scores(grey, ground_truth)["skin.chroma"].estimate.value)
        light.append(scores(dark, ground_truth)["skin.lightness"].estimate.value)
        assert abs(scores(grey, ground_truth)["skin.lightness"].estimate.value) < 2
    assert chroma == sorted(chroma, reverse=True)
    assert chroma[1] < -0.5
    assert light == sorted(light, reverse=True)
    assert light[1] < -1
    for name in ("noise", "grid", "smile", "eyes"):
        changed = skin(corrupted(crop[None], name, 0.3, others=crop[None])[0])[None]
        assert scores(changed, ground_truth)["skin.error"].estimate.value < 1.5, name


def test_features_of_other_pictures_are_refused():
    with pytest.raises(UsageError, match="the same"):
        scores([[50, 0, 0]], [[50, 0, 0], [60, 0, 0]])
