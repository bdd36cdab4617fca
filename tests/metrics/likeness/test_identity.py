"""Descriptors of faces, and retrieval on descriptors with a known answer."""

import math

import numpy as np
import pytest
import skimage.data
from scipy.stats import mannwhitneyu

from limner.errors import MissingExtraError, UsageError
from limner.faces import DlibDetector, Preprocessing, find
from limner.features import descriptor
from limner.features.descriptor import Descriptor
from limner.metrics.likeness import identity
from limner.metrics.likeness.identity import Identity, retrieval, verification
from limner.metrics.resampling import Resampling


@pytest.fixture(scope="module")
def describe():
    return Descriptor()


@pytest.fixture(scope="module")
def crop():
    photo = skimage.data.astronaut()
    return Preprocessing().align(photo, find(photo, DlibDetector())[0]).image


def test_the_same_face_is_near_and_noise_is_not(describe, crop):
    mirrored = np.ascontiguousarray(crop[:, ::-1])
    noise = np.random.default_rng(0).integers(0, 256, crop.shape, dtype=np.uint8)
    face, mirror, other = describe(np.stack([crop, mirrored, noise]))
    assert np.linalg.norm(face - mirror) < 0.3
    assert np.linalg.norm(face - other) > 0.6


def test_grey_crops_count_as_grey_rgb(describe, crop):
    grey = crop.mean(axis=2).astype(np.uint8)
    single, triple = describe(grey[None]), describe(np.stack([grey] * 3, axis=-1)[None])
    assert single.shape == (1, 128)
    assert single.dtype == np.float32
    assert np.array_equal(single, triple)


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((1, 128, 128, 3), np.float32),
        np.zeros((128, 128), np.uint8),
        np.zeros((1, 128, 96), np.uint8),
        np.zeros((1, 128, 128, 4), np.uint8),
    ],
)
def test_other_shapes_are_refused(describe, crops):
    with pytest.raises(UsageError, match="expected uint8"):
        describe(crops)


def test_missing_files_name_the_extra(monkeypatch):
    def missing():
        raise MissingExtraError("the public 5-point predictor", "dev")

    monkeypatch.setattr(descriptor, "public_predictor", missing)
    with pytest.raises(MissingExtraError, match=r"limner\[dev\]"):
        Descriptor()


def test_other_points_to_cut_a_face_out_by_give_another_key(monkeypatch, tmp_path):
    before = descriptor.DESCRIPTOR.key
    other = tmp_path / "points.dat"
    other.write_bytes(b"other points")
    monkeypatch.setattr(descriptor, "public_predictor", lambda: other)
    assert descriptor.DESCRIPTOR.key != before


def test_retrieval_of_a_known_arrangement():
    """Twelve people on a line, 1 apart; each probe 0.4 right of its person, the last 9 left."""
    gallery = np.zeros((12, 2), np.float32)
    gallery[:, 0] = np.arange(12)
    probes = gallery + np.float32([0.4, 0])
    probes[11, 0] = 2.1
    found = retrieval(probes, gallery)
    assert found.n == 12
    assert found.rank1 == pytest.approx(11 / 12)
    assert found.rank5 == pytest.approx(11 / 12)
    assert found.rank10 == pytest.approx(11 / 12)  # eleven others are nearer to 2.1 than 11 is
    assert found.genuine == pytest.approx((11 * 0.4 + 8.9) / 12)


def test_ranks_count_the_nearer_ones():
    gallery = np.arange(12, dtype=np.float32)[:, None]
    probes = gallery + np.float32(3.2)  # the next six are nearer, up to the end of the line
    found = retrieval(probes, gallery)
    assert found.rank1 == pytest.approx(1 / 12)  # the last has nobody beyond
    assert found.rank5 == pytest.approx(5 / 12)
    assert found.rank10 == 1


def test_perfect_and_shuffled_descriptors():
    descriptors = np.random.default_rng(0).standard_normal((40, 128)).astype(np.float32)
    perfect = retrieval(descriptors, descriptors)
    assert (perfect.rank1, perfect.genuine) == (1, 0)
    assert perfect.impostor == pytest.approx(16, abs=0.5)  # sqrt(2 * 128)
    assert retrieval(np.roll(descriptors, 1, axis=0), descriptors).rank1 == 0


def test_descriptors_that_are_all_alike_find_nobody():
    same = np.ones((20, 8), np.float32)
    assert retrieval(same, same).rank10 == 0


def test_one_person_has_no_impostor():
    one = np.ones((1, 8), np.float32)
    found = retrieval(one, one)
    assert found.rank1 == 1
    assert math.isnan(found.impostor)


@pytest.mark.parametrize("shapes", [((3, 8), (4, 8)), ((0, 8), (0, 8)), ((8,), (8,))])
def test_unequal_sets_are_refused(shapes):
    with pytest.raises(UsageError, match="expected the same"):
        retrieval(*(np.zeros(shape, np.float32) for shape in shapes))


def _people(n, noise, seed=0):
    rng = np.random.default_rng(seed)
    ground_truth = rng.normal(0, 0.1, (n, 16)).astype(np.float32)
    return (ground_truth + rng.normal(0, noise, ground_truth.shape)).astype(
        np.float32
    ), ground_truth


def test_the_area_is_the_rank_statistic_of_mann_and_whitney():
    generated, ground_truth = _people(60, 0.15)
    between = np.linalg.norm(generated[:, None] - ground_truth[None], axis=2)
    genuine, impostor = np.diag(between), between[~np.eye(60, dtype=bool)]
    rank = mannwhitneyu(impostor, genuine).statistic / (len(genuine) * len(impostor))
    found = verification(generated, ground_truth)
    assert found.area == pytest.approx(rank, abs=1e-5)
    assert 0.6 < found.area < 0.99


def test_the_equal_error_rate_is_where_both_errors_meet():
    generated, ground_truth = _people(80, 0.2)
    between = np.linalg.norm(generated[:, None] - ground_truth[None], axis=2)
    genuine, impostor = np.diag(between), between[~np.eye(80, dtype=bool)]
    at = np.linspace(0, between.max(), 4000)
    missed = (genuine[None] > at[:, None]).mean(axis=1)
    false = (impostor[None] <= at[:, None]).mean(axis=1)
    meet = np.abs(missed - false).argmin()
    expected = (missed[meet] + false[meet]) / 2
    assert verification(generated, ground_truth).equal_error == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("noise", "area", "equal_error"), [(0.0, 1.0, 0.0), (50.0, 0.5, 0.5)])
def test_verification_at_both_ends(noise, area, equal_error):
    found = verification(*_people(200, noise))
    assert found.area == pytest.approx(area, abs=0.06)
    assert found.equal_error == pytest.approx(equal_error, abs=0.06)


def test_descriptors_that_are_all_alike_tell_nobody_apart():
    same = np.ones((10, 4), np.float32)
    found = verification(same, same)
    assert found.area == 0.5
    assert found.equal_error == 0.5
    assert retrieval(same, same).rank1 == 0


def test_the_measure_agrees_with_retrieval_and_orders_the_pictures_by_distance():
    generated, ground_truth = _people(60, 0.12)
    found = {
        f.name: f
        for f in Identity().scores(
            {"generated": generated, "ground_truth": ground_truth}, Resampling()
        )
    }
    expected = retrieval(generated, ground_truth)
    for name, value in (
        ("rank1", expected.rank1),
        ("rank5", expected.rank5),
        ("rank10", expected.rank10),
        ("genuine", expected.genuine),
        ("impostor", expected.impostor),
    ):
        estimate = found[f"identity.{name}"].estimate
        assert estimate.value == pytest.approx(value)
        assert estimate.low <= estimate.value <= estimate.high
    checked = verification(generated, ground_truth)
    assert found["identity.auc"].estimate.value == pytest.approx(checked.area)
    assert found["identity.eer"].estimate.value == pytest.approx(checked.equal_error)
    losses = found["identity.rank1"].losses
    np.testing.assert_allclose(losses, np.linalg.norm(generated - ground_truth, axis=1), rtol=1e-6)
    assert not found["identity.rank1"].warnings


def test_draws_of_pairs_know_that_a_person_stands_on_both_sides():
    """Tukey's jackknife leaves a person out as a probe and out of the gallery."""
    generated, ground_truth = _typical_and_not(60, seed=0)
    unpaired = {"generated": generated, "ground_truth": ground_truth}
    found = {f.name: f.estimate for f in Identity().scores(unpaired, Resampling(resamples=4000))}
    without = []
    for person in range(60):
        others = np.arange(60) != person
        pairs = (
            retrieval(generated[others], ground_truth[others]),
            verification(generated[others], ground_truth[others]),
        )
        without.append([pairs[0].impostor, pairs[1].area])
    expected = np.std(without, axis=0) * np.sqrt(59)
    spread = [found[name].resamples.std() for name in ("identity.impostor", "identity.auc")]
    np.testing.assert_allclose(spread, expected, rtol=0.08)


def _typical_and_not(n, seed):
    """People of whom some are like many and others like none."""
    rng = np.random.default_rng(seed)
    ground_truth = rng.normal(0, 0.1, (n, 8)) * rng.uniform(0.5, 1.5, (n, 1))
    generated = ground_truth + rng.normal(0, 0.12, ground_truth.shape) * rng.uniform(
        0.4, 1.6, (n, 1)
    )
    return generated.astype(np.float32), ground_truth.astype(np.float32)


def test_fewer_limits_than_people_change_the_equal_error_little(monkeypatch):
    generated, ground_truth = _people(80, 0.2)
    exact = verification(generated, ground_truth)
    monkeypatch.setattr(identity, "_LIMITS", 40)
    coarse = verification(generated, ground_truth)
    assert coarse.area == exact.area
    assert coarse.equal_error == pytest.approx(exact.equal_error, abs=0.02)


def test_a_small_gallery_is_warned_of():
    def found(people):
        generated, ground_truth = _people(people, 0.1)
        return list(
            Identity().scores({"generated": generated, "ground_truth": ground_truth}, Resampling())
        )

    assert "12 people" in found(12)[0].warnings[0]
    assert "identity.rank10" in [score.name for score in found(12)]
    # All of four people are among the nearest five.
    assert "identity.rank5" not in [score.name for score in found(4)]
