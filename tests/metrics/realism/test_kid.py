import numpy as np
import pytest

from limner.errors import UsageError
from limner.metrics.realism import kid as module
from limner.metrics.realism.kid import Kid, kid, kid_of_each, scale_of
from limner.metrics.resampling import Resampling


def pictures(count, *, seed, shift=0.0, spread=1.0, size=8):
    rng = np.random.default_rng(seed)
    return shift + spread * rng.standard_normal((count, size))


def by_hand(generated, real):
    """Equation 4 of the paper, as it stands there."""

    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    n, m = len(generated), len(real)
    among = sum(k(a, b) for i, a in enumerate(generated) for j, b in enumerate(generated) if i != j)
    others = sum(k(a, b) for i, a in enumerate(real) for j, b in enumerate(real) if i != j)
    between = sum(k(a, b) for a in generated for b in real)
    return among / (n * (n - 1)) + others / (m * (m - 1)) - 2 * between / (n * m)


def test_it_is_the_estimate_of_the_paper():
    generated, real = pictures(5, seed=0, shift=0.3), pictures(7, seed=1)
    assert kid(generated, real) == pytest.approx(by_hand(generated, real))


def test_sets_of_one_kind_are_0_apart_on_average():
    found = [kid(pictures(20, seed=2 * i), pictures(30, seed=2 * i + 1)) for i in range(300)]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 3 * error
    assert min(found) < 0  # without bias, it cannot stay above


def test_another_mean_and_less_variety_are_both_seen():
    real = pictures(200, seed=0)
    alike = kid(pictures(200, seed=1), real)
    assert kid(pictures(200, seed=1, shift=0.5), real) > alike + 0.1
    assert kid(pictures(200, seed=1, spread=0.2), real) > alike + 0.1


def test_the_scale_makes_small_features_count_as_large_ones():
    generated, real = pictures(40, seed=1, spread=0.2), pictures(40, seed=0)
    small = kid(generated / 100, real / 100, scale=scale_of(real / 100))
    assert small == pytest.approx(kid(generated, real, scale=scale_of(real)))
    assert kid(generated / 100, real / 100) < 0.01 * small


def test_shares_add_up_and_their_spread_is_the_error():
    real = pictures(1000, seed=0)
    unpaired = [pictures(50, seed=i + 1, shift=0.3) for i in range(200)]
    shares = [kid_of_each(generated, real) for generated in unpaired]
    scores = [kid(generated, real) for generated in unpaired]
    assert [one.mean() for one in shares] == pytest.approx(scores)
    expected = np.mean([one.std(ddof=1) / np.sqrt(50) for one in shares])
    assert expected == pytest.approx(np.std(scores), rel=0.15)


@pytest.mark.parametrize(
    ("generated", "real"), [((1, 8), (4, 8)), ((4, 8), (4, 7)), ((4,), (4, 8))]
)
def test_other_shapes_are_refused(generated, real):
    with pytest.raises(UsageError, match=r"expected \[N, D\]"):
        kid(np.zeros(generated), np.zeros(real))


def _brute(x, y, x_weights, y_weights, scale):
    """KID of sets with repetitions, pair by pair; copies of one picture are not a pair."""

    def kernel(a, b):
        return (scale * a @ b + 1) ** 3

    def among(z, weights):
        total = pairs = 0.0
        for i, w in enumerate(weights):
            for j, v in enumerate(weights):
                if i != j:
                    total += w * v * kernel(z[i], z[j])
                    pairs += w * v
        return total / pairs

    between = sum(
        w * v * kernel(x[i], y[j]) for i, w in enumerate(x_weights) for j, v in enumerate(y_weights)
    )
    between /= sum(x_weights) * sum(y_weights)
    return among(x, x_weights) + among(y, y_weights) - 2 * between


def test_the_measure_gives_kid_with_an_interval_and_each_pictures_share():
    rng = np.random.default_rng(0)
    generated, real = rng.normal(0.4, 1, (40, 8)), rng.normal(0, 1, (60, 8))
    [score] = Kid().scores({"generated": generated, "real": real}, Resampling(resamples=200))
    expected = kid(generated, real, scale=scale_of(real))
    assert score.name == "kid"
    assert score.estimate.value == pytest.approx(expected)
    assert score.estimate.low < expected < score.estimate.high
    assert score.per_image.mean() == pytest.approx(expected)


def test_draws_of_it_have_no_picture_meet_itself(monkeypatch):
    monkeypatch.setattr("limner.metrics.discrepancy._ROWS", 3)  # in several blocks
    rng = np.random.default_rng(1)
    generated, real = rng.normal(0, 1, (7, 4)), rng.normal(0.5, 1, (5, 4))
    seen = []

    class Spy:
        def of(self, statistic, *counts):
            weights = [rng.multinomial(c, np.full(c, 1 / c), size=6).astype(float) for c in counts]
            seen.append((weights, statistic(*weights)))
            return Resampling(resamples=2).of(statistic, *counts)

    list(Kid(unit_scale=True).scores({"generated": generated, "real": real}, Spy()))
    [(weights, found)] = seen
    expected = [_brute(generated, real, a, b, 1 / 4) for a, b in zip(*weights, strict=True)]
    np.testing.assert_allclose(found, expected)


def test_of_very_many_real_photos_so_many_are_taken_from_all_over(monkeypatch):
    monkeypatch.setattr(module, "MOST_REAL", 31)
    generated = pictures(20, seed=0)
    real = pictures(91, seed=1) + np.linspace(0, 1, 91)[:, None]
    [score] = Kid().scores({"generated": generated, "real": real}, Resampling(resamples=20))
    thin = real[::3]
    assert score.estimate.value == pytest.approx(kid(generated, thin, scale=scale_of(thin)))
    assert len(score.per_image) == 20
