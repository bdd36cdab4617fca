import numpy as np
import pytest

from limner.errors import UsageError
from limner.metrics.faithfulness.dependence import Dependence, explained, left_out
from limner.metrics.resampling import Resampling


def sketches(count, *, seed=0):
    """Thumbnails with five things that differ between them."""
    rng = np.random.default_rng(seed)
    parts = np.random.default_rng(99).normal(0, 0.05, (5, 768))
    return (0.7 + rng.normal(0, 1, (count, 5)) @ parts).astype(np.float32)


def photos(drawn, *, noise=0.0, seed=1):
    """What a generator makes of them: curved, and with something by chance."""
    mix = np.random.default_rng(98).normal(0, 0.05, (768, 768))
    chance = np.random.default_rng(seed).normal(0, 0.05, (len(drawn), 5))
    parts = np.random.default_rng(97).normal(0, 1, (5, 768))
    generated = 0.5 + 0.3 * np.tanh((drawn - 0.7) @ mix * 3) + noise * chance @ parts
    return generated.astype(np.float32)


def found(drawn, generated, real, resamples=200):
    features = {"sketch": drawn, "generated": generated, "real": real}
    return {it.name: it for it in Dependence().scores(features, Resampling(resamples=resamples))}


def test_leaving_one_out_is_learning_without_it():
    """Kernel ridge regression with a free mean, solved again for each picture, in its dual form."""
    drawn, generated = sketches(12), photos(sketches(12), noise=1)
    apart = np.square(drawn[:, None].astype(float) - drawn[None]).sum(axis=2)
    kernel = np.exp(-apart / (3 * np.median(apart[np.triu_indices(12, 1)])))
    by_ridge = []
    for ridge in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100):
        errors = []
        for i in range(12):
            rest = np.delete(np.arange(12), i)
            system = np.ones((12, 12))
            system[:11, :11] = kernel[np.ix_(rest, rest)] + ridge * np.eye(11)
            system[11, 11] = 0
            solved = np.linalg.solve(system, np.vstack([generated[rest], np.zeros(768)]))
            predicted = kernel[i, rest] @ solved[:11] + solved[11]
            errors.append(np.square(generated[i] - predicted).sum())
        by_ridge.append(errors)
    best = min(by_ridge, key=sum)
    errors, plain = left_out(drawn, generated)
    assert errors == pytest.approx(np.array(best), rel=1e-3)
    others = [np.delete(generated, i, axis=0).mean(axis=0) for i in range(12)]
    assert plain == pytest.approx(np.square(generated - others).sum(axis=1), rel=1e-4)


def test_what_follows_the_sketch_is_explained_and_what_ignores_it_is_not():
    drawn = sketches(100)
    generated = photos(drawn)
    assert explained(drawn, generated) > 0.9
    shuffled = generated[np.random.default_rng(0).permutation(100)]
    assert 0 <= explained(drawn, shuffled) < 0.05


def test_the_more_chance_the_less_is_explained():
    drawn = sketches(100)
    shares = [explained(drawn, photos(drawn, noise=noise)) for noise in (0, 0.5, 1, 2, 4)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.9
    assert shares[-1] < 0.5


def test_outputs_that_are_nearly_alike_decide_nothing():
    drawn, real = sketches(100), photos(sketches(80, seed=5))
    generated = photos(drawn)
    timid = generated.mean(axis=0) + 0.2 * (generated - generated.mean(axis=0))
    scores = found(drawn, timid, real)
    assert scores["dependence.explained"].estimate.value > 0.9
    assert scores["dependence.decided"].estimate.value < 0.06
    bold = found(drawn, generated, real)["dependence.decided"].estimate.value
    assert bold > 0.7


def test_more_variety_than_real_people_have_is_no_merit():
    drawn, real = sketches(100), photos(sketches(80, seed=5))
    generated = photos(drawn)
    wild = generated.mean(axis=0) + 3 * (generated - generated.mean(axis=0))
    scores = found(drawn, wild, real)
    assert scores["dependence.decided"].estimate.value == pytest.approx(
        scores["dependence.explained"].estimate.value
    )


def test_outputs_that_are_all_alike_explain_nothing():
    drawn = sketches(20)
    generated = 0.4 + 0.01 * photos(drawn)  # a model could be told by the rounding, were there none
    assert explained(drawn, generated) == 0
    for score in found(drawn, generated, photos(drawn)).values():
        assert score.estimate.value == score.estimate.high == 0
        assert any("all alike" in warning for warning in score.warnings)


def test_sketches_that_are_all_alike_explain_nothing():
    assert explained(np.ones((20, 768), np.float32), photos(sketches(20))) == 0


def test_drawing_with_repetitions_lets_nothing_leak():
    drawn = sketches(60)
    shuffled = photos(drawn)[np.random.default_rng(0).permutation(60)]
    estimate = found(drawn, shuffled, shuffled, resamples=1000)["dependence.explained"].estimate
    assert estimate.high < 0.1


def test_the_worst_picture_is_the_one_that_ignored_its_sketch():
    drawn = sketches(60)
    generated = photos(drawn)
    generated[17] = photos(sketches(1, seed=7))[0]
    score = found(drawn, generated, photos(sketches(40, seed=5)))["dependence.explained"]
    assert score.losses.argmax() == 17
    assert score.per_image.mean() == pytest.approx(score.estimate.value)
    assert score.estimate.low < score.estimate.value < score.estimate.high


def test_few_pictures_explain_too_little_and_that_is_said():
    many, few = (found(sketches(n), photos(sketches(n)), photos(sketches(n))) for n in (100, 12))
    name = "dependence.explained"
    assert few[name].estimate.value < many[name].estimate.value
    assert "12 pictures are few" in few[name].warnings[0]
    assert not many[name].warnings


def test_more_pictures_than_landmarks_do_too():
    drawn = sketches(600)
    assert explained(drawn, photos(drawn)) > 0.95


@pytest.mark.parametrize("shapes", [((2, 8), (2, 8)), ((4, 8), (5, 8)), ((4,), (4,))])
def test_other_shapes_are_refused(shapes):
    with pytest.raises(UsageError, match="at least 3"):
        left_out(*(np.zeros(shape) for shape in shapes))
