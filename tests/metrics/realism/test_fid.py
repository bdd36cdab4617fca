import numpy as np
import pytest
import scipy.linalg

from limner.errors import UsageError
from limner.metrics.realism.fid import Fid, fid, fid_shares
from limner.metrics.resampling import Resampling


def pictures(count, *, seed, shift=0.0, spread=1.0, size=8):
    rng = np.random.default_rng(seed)
    return shift + spread * rng.standard_normal((count, size))


def with_covariance(variances, *, seed, count):
    """Features whose covariance is that diagonal to the last digit."""
    some = pictures(count, seed=seed, size=len(variances))
    columns, _ = np.linalg.qr(np.column_stack([np.ones(count), some]))
    return columns[:, 1:] * np.sqrt(np.multiply(variances, count - 1))


def of_statistics(generated, real):
    """The formula as papers write it, with a root of a matrix."""
    shift = generated.mean(axis=0) - real.mean(axis=0)
    one, other = (np.cov(x, rowvar=False) for x in (generated, real))
    return shift @ shift + np.trace(one + other - 2 * scipy.linalg.sqrtm(one @ other).real)


def test_it_is_the_formula_of_the_paper():
    generated, real = pictures(50, seed=0, shift=0.3, spread=1.3), pictures(70, seed=1)
    assert fid(generated, real) == pytest.approx(of_statistics(generated, real), abs=1e-9)


def test_known_covariances_even_without_full_rank():
    """Where both are diagonal the distance is that of the standard deviations."""
    variances, others = np.array([4, 1, 0.25, 0, 0, 9]), np.array([1, 1, 0, 0.36, 0, 4])
    generated = with_covariance(variances, seed=0, count=20) + np.array([1, 0, 0, 0, 0, 2])
    real = with_covariance(others, seed=1, count=30)
    expected = 5 + np.square(np.sqrt(variances) - np.sqrt(others)).sum()
    assert fid(generated, real) == pytest.approx(expected, abs=1e-9)


def test_fewer_pictures_than_features_lose_no_digits():
    """Turning all features about cannot change it, nor can features that are always 0."""
    generated, real = pictures(10, seed=0, size=40), pictures(12, seed=1, size=40)
    turn, _ = np.linalg.qr(pictures(40, seed=2, size=40))
    assert fid(generated @ turn, real @ turn) == pytest.approx(fid(generated, real), abs=1e-9)
    wide = [np.column_stack([x, np.zeros((len(x), 20))]) for x in (generated, real)]
    assert fid(*wide) == pytest.approx(fid(generated, real), abs=1e-9)


def test_a_set_is_not_away_from_itself():
    generated = pictures(10, seed=0, size=40).astype(np.float32)
    assert fid(generated, generated[::-1]) == pytest.approx(0, abs=1e-9)
    assert fid(generated, generated) >= 0
    assert fid(np.ones((3, 4)), np.ones((2, 4))) == 0


def test_another_mean_and_less_variety_are_both_seen():
    real = pictures(200, seed=0)
    alike = fid(pictures(200, seed=1), real)
    assert fid(pictures(200, seed=1, shift=0.5), real) > alike + 0.5
    assert fid(pictures(200, seed=1, spread=0.2), real) > alike + 0.5
    assert fid(pictures(50, seed=1), real[:50]) > 2 * alike  # few pictures: why it warns


def weighted(generated, real, generated_weights, real_weights):
    """FID of sets in which each picture comes so often, also in parts."""
    shift, total, factors = 0.0, 0.0, []
    for sign, rows, weights in ((1, generated, generated_weights), (-1, real, real_weights)):
        mean = weights @ rows / weights.sum()
        shift = shift + sign * mean
        factor = (rows - mean) * np.sqrt(weights / (weights.sum() - 1))[:, None]
        total += np.square(factor).sum()
        factors.append(factor)
    return shift @ shift + total - 2 * np.linalg.norm(factors[0] @ factors[1].T, "nuc")


@pytest.mark.parametrize("size", [4, 40])
def test_shares_are_its_slope_in_the_weights(size):
    generated, real = pictures(30, seed=0, size=size, shift=0.3), pictures(20, seed=1, size=size)
    shares = fid_shares(generated, real)
    assert shares.value == pytest.approx(
        weighted(generated, real, np.ones(30), np.ones(20)), abs=1e-9
    )
    step = 1e-4
    for seed in range(3):
        more = [pictures(n, seed=seed, size=1)[:, 0] for n in (30, 20)]
        more = [x - x.mean() for x in more]
        ends = [
            weighted(generated, real, 1 + sign * step * more[0], 1 + sign * step * more[1])
            for sign in (1, -1)
        ]
        expected = (ends[0] - ends[1]) / (2 * step)
        assert more[0] @ shares.generated + more[1] @ shares.real == pytest.approx(
            expected, rel=1e-5
        )


def test_its_interval_is_as_wide_as_other_sets_spread():
    """20 features of 40 pictures: a bootstrap of FID itself would be too wide by half and more."""
    found = [
        next(
            iter(
                Fid().scores(
                    {
                        "generated": pictures(40, seed=2 * i, size=20, shift=0.2),
                        "real": pictures(40, seed=2 * i + 1, size=20),
                    },
                    Resampling(resamples=200, seed=i),
                )
            )
        )
        for i in range(100)
    ]
    ground_truth = np.std([score.estimate.value for score in found])
    said = np.mean([score.estimate.resamples.std() for score in found])
    assert 0.95 * ground_truth < said < 1.35 * ground_truth
    generated, real = pictures(40, seed=0, size=20, shift=0.2), pictures(40, seed=1, size=20)
    rng = np.random.default_rng(0)
    plain = [
        fid(generated[rng.integers(0, 40, 40)], real[rng.integers(0, 40, 40)]) for _ in range(100)
    ]
    assert np.std(plain) > 1.4 * ground_truth


def test_the_score_blames_the_odd_pictures_and_warns_of_few():
    generated, real = pictures(60, seed=0), pictures(80, seed=1)
    generated[7] += 6
    (score,) = Fid(suffix=".some", on="some features").scores(
        {"generated": generated, "real": real}, Resampling(resamples=50)
    )
    assert (score.name, score.title) == ("fid.some", "FID on some features")
    assert score.estimate.value == fid(generated, real)
    assert score.estimate.low < score.estimate.value < score.estimate.high
    assert score.estimate.n == 60
    assert np.argmax(score.losses) == 7
    assert "computed on 60 pictures" in score.warnings[0]
    assert "than features" not in score.warnings[0]


def test_warnings_know_how_many_are_enough():
    def warnings(count, size):
        features = {
            "generated": pictures(count, seed=0, size=size),
            "real": pictures(count, seed=1, size=size),
        }
        return next(iter(Fid().scores(features, Resampling(resamples=2)))).warnings

    assert not warnings(10_000, 2)
    assert "below 10,000" in warnings(9_999, 2)[0]
    assert "fewer pictures than features (40)" in warnings(30, 40)[0]


@pytest.mark.parametrize(
    ("generated", "real"), [((1, 8), (4, 8)), ((4, 8), (4, 7)), ((4,), (4, 8))]
)
def test_other_shapes_are_refused(generated, real):
    with pytest.raises(UsageError, match=r"expected \[N, D\]"):
        fid(np.zeros(generated), np.zeros(real))
