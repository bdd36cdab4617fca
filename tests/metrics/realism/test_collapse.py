import numpy as np
import pytest

from limner.errors import UsageError
from limner.features.common import thumbnail
from limner.metrics.realism.collapse import Collapse, average_face, own_share, squared_spread
from limner.metrics.realism.diversity import diversity
from limner.metrics.resampling import Resampling


def people(count, *, seed=0):
    """Thumbnails of as many people: a common face, and what is each one's own."""
    common = np.random.default_rng(99).normal(0, 0.1, (16, 16, 1))
    own = np.random.default_rng(seed).normal(0, 0.1, (count, 16, 16, 1))
    return np.repeat(0.5 + common + own, 3, axis=3).reshape(count, 768).astype(np.float32)


def shrunk(thumbnails, factor):
    mean = thumbnails.mean(axis=0)
    return mean + factor * (thumbnails - mean)


def found(generated, real, resamples=200):
    scores = Collapse().scores(
        {"generated": generated, "real": real}, Resampling(resamples=resamples)
    )
    return {score.name: score for score in scores}


def values(generated, real):
    return [score.estimate.value for score in found(generated, real).values()]


def test_the_spread_is_that_of_all_pairs_and_copies_are_no_pairs():
    rows = np.random.default_rng(0).normal(0, 1, (6, 5)).astype(np.float32)
    weights = np.array([[1, 1, 1, 1, 1, 1], [3, 0, 1, 0, 0, 2]], float)
    for weight, spread in zip(weights, squared_spread(rows, weights), strict=True):
        pairs = [
            (weight[i] * weight[j], np.square(rows[i] - rows[j]).sum())
            for i in range(6)
            for j in range(6)
            if i != j
        ]
        expected = sum(times * squared for times, squared in pairs) / sum(it for it, _ in pairs)
        assert spread == pytest.approx(expected, rel=1e-5)


def test_its_variety_is_that_of_the_monitor(person):
    pictures = np.stack([person(i)[:256, :256] for i in range(16)])
    generated = np.clip(pictures[:8] * 0.6 + 40, 0, 255).astype(np.uint8)
    ours = found(*(np.stack([thumbnail(it) for it in some]) for some in (generated, pictures[8:])))
    expected = diversity(generated, pictures[8:])
    assert ours["collapse.diversity"].estimate.value == pytest.approx(expected, rel=0.03)


def test_real_people_are_as_varied_and_as_individual_as_real_people():
    assert values(people(60), people(60, seed=1)) == pytest.approx([1, 0], abs=0.03)
    assert values(people(20), people(20)) == pytest.approx([1, 0])


@pytest.mark.parametrize("factor", [0.8, 0.5, 0.2])
def test_the_nearer_to_the_average_the_less_variety_and_the_more_average(factor):
    real = people(60)
    variety_, average = values(shrunk(real, factor), real)
    assert variety_ == pytest.approx(factor, rel=1e-3)
    assert average == pytest.approx(1 - factor, abs=0.15)
    assert average > values(shrunk(real, factor + 0.1), real)[1] + 0.05


def test_one_face_in_many_lights_is_varied_and_average():
    rng = np.random.default_rng(0)
    one, real = people(1), people(60, seed=1)
    lights = rng.uniform(0.5, 1, (60, 1)) * (one - 0.5) + rng.uniform(0.3, 0.6, (60, 1))
    variety_, average = values(lights.astype(np.float32), real)
    assert variety_ > 0.5
    assert average > 0.99


def test_half_a_collapse_is_half_seen():
    real = people(60)
    generated = real.copy()
    generated[30:] = real.mean(axis=0)
    variety_, average = values(generated, real)
    assert variety_ < 0.8
    assert 0.3 < average < 0.7


def test_a_face_has_what_the_average_of_the_others_lacks():
    generated = people(5)
    light = generated.reshape(5, 16, 16, 3) @ np.array([0.299, 0.587, 0.114])
    faces = light[:, 3:13, 3:13].reshape(5, -1)
    faces = faces - faces.mean(axis=1, keepdims=True)
    faces = faces / np.linalg.norm(faces, axis=1, keepdims=True)
    for i, share in enumerate(own_share(generated)):
        alike = np.corrcoef(faces[i], np.delete(faces, i, axis=0).mean(axis=0))[0, 1]
        assert share == pytest.approx(np.sqrt(1 - alike**2), abs=1e-4)


def test_light_contrast_and_background_do_not_make_a_person():
    generated = people(30)
    changed = (0.6 * generated + 0.1).reshape(30, 16, 16, 3)
    changed[:, :3] = np.random.default_rng(0).uniform(0, 1, (30, 1, 1, 1))
    assert own_share(changed.reshape(30, -1)) == pytest.approx(own_share(generated), abs=1e-4)


def test_flat_pictures_are_a_collapse_and_say_so_among_real_ones():
    flat = np.full((10, 768), 0.5, np.float32)
    assert values(flat, people(30)) == pytest.approx([0, 1])
    assert average_face(flat, people(30)) == 1
    nothing = found(people(10), flat)
    assert all(np.isfinite(it.estimate.resamples).all() for it in nothing.values())
    assert any("nothing to compare" in it for it in nothing["collapse.diversity"].warnings)


def test_drawing_with_repetitions_moves_neither():
    for score in found(people(8), people(12, seed=1), resamples=2000).values():
        resamples = score.estimate.resamples
        assert resamples.mean() == pytest.approx(score.estimate.value, abs=0.05)
        assert score.estimate.low < score.estimate.value < score.estimate.high
        assert "8 pictures" in score.warnings[0]


def test_a_draw_of_one_picture_alone_does_not_make_it_a_person_of_its_own():
    same = np.repeat(people(1), 3, axis=0)
    score = found(same, people(40, seed=1))["collapse.average"]
    assert score.estimate.value == pytest.approx(1, abs=1e-3)
    assert score.estimate.low > 0.99


def test_the_worst_picture_is_the_average_one():
    generated = people(20)
    generated[7] = generated.mean(axis=0)
    for score in found(generated, people(20, seed=1)).values():
        assert score.losses.argmax() == 7


def test_average_face_is_the_score():
    generated, real = shrunk(people(20), 0.4), people(30, seed=1)
    assert average_face(generated, real) == pytest.approx(values(generated, real)[1])


@pytest.mark.parametrize("shape", [(1, 768), (5, 767), (768,)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(UsageError, match="N at least 2"):
        own_share(np.zeros(shape))
