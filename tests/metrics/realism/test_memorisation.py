import numpy as np
import pytest

from limner.errors import NoFaceError, UsageError
from limner.metrics.realism import memorisation as copying
from limner.metrics.realism.memorisation import Memorisation, nearest, nearest_other
from limner.metrics.resampling import Resampling


def people(count, *, seed):
    return np.random.default_rng(seed).normal(0, 0.05, (count, 128)).astype(np.float32)


def again(faces, *, seed=9, away=0.2):
    """Other photos of the same people."""
    step = np.random.default_rng(seed).normal(0, 1, faces.shape)
    step *= away / np.linalg.norm(step, axis=1, keepdims=True)
    return (faces + step).astype(np.float32)


def found(generated, training, against="training", resamples=200, **more):
    features = {"generated": generated, "training": training, **more}
    scores = Memorisation(against=against).scores(features, Resampling(resamples=resamples))
    return {score.name: score for score in scores}


def values(*unpaired, **more):
    return [score.estimate.value for score in found(*unpaired, **more).values()]


def test_the_nearest_is_found_wherever_it_lies(monkeypatch):
    monkeypatch.setattr(copying, "_COLUMNS", 7)
    monkeypatch.setattr(copying, "_ROWS", 4)
    generated, training = people(10, seed=0), people(40, seed=1)
    distances = np.linalg.norm(generated[:, None] - training[None], axis=2)
    numbers, away = nearest(generated, training)
    assert numbers.tolist() == distances.argmin(axis=1).tolist()
    assert away == pytest.approx(distances.min(axis=1), rel=1e-6)
    numbers, away = nearest(training[[33, 2]], training)
    assert numbers.tolist() == [33, 2]
    assert away.tolist() == [0, 0]


def test_faces_are_not_their_own_neighbours_nor_the_same_person_again():
    first = people(40, seed=0)
    distances = np.linalg.norm(first[:, None] - first[None], axis=2) + 9 * np.eye(40)
    lone, _ = nearest_other(first, first)
    assert lone == pytest.approx(distances.min(axis=1), rel=1e-6)
    twice = np.concatenate([first, again(first), again(first, seed=8)])
    other, same = nearest_other(first, twice)
    assert same.all()
    assert (other > 0.9 * lone).all()
    assert (other <= lone + 1e-9).all()
    strangers, many = people(20, seed=5), people(900, seed=6)
    away, same = nearest_other(strangers, many)
    assert not same.any()
    assert away == pytest.approx(nearest(strangers, many)[1])


def test_new_faces_are_as_far_as_training_faces_are_from_each_other():
    share, ratio = values(people(500, seed=0), people(2000, seed=1))
    assert share < 0.03
    assert ratio == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("part", [0.25, 1])
def test_copies_are_counted(part):
    training = people(1000, seed=1)
    generated = people(200, seed=0)
    copies = round(part * len(generated))
    generated[:copies] = again(training[:copies])
    scores = found(generated, training)
    assert scores["memorisation.share"].estimate.value == pytest.approx(part, abs=0.02)
    assert scores["memorisation.share"].losses.argmax() < copies
    if part == 1:
        assert scores["memorisation.ratio"].estimate.high < 0.5


@pytest.mark.parametrize("repeated", [30, 300, 1000])
def test_the_same_people_twice_in_the_training_set_hide_nothing(repeated):
    training = people(1000, seed=1)
    generated = np.concatenate([people(100, seed=0), again(training[:100], seed=3, away=0.25)])
    clean = values(generated, training)
    twice = np.concatenate([training, again(training[:repeated], away=0.1)])
    assert values(generated, twice) == pytest.approx(clean, abs=0.03)


def test_the_true_photos_set_the_standard_where_they_are_given():
    """People of another kind: nearer to all training faces than these are to each other."""
    training = people(1000, seed=1)
    ground_truth, generated = 0.5 * people(300, seed=2), 0.5 * people(300, seed=3)
    assert values(generated, training)[1] < 0.85
    scores = found(generated, training, "ground_truth", ground_truth=ground_truth)
    assert list(scores) == ["memorisation.share_ground_truth", "memorisation.ratio_ground_truth"]
    assert scores["memorisation.share_ground_truth"].estimate.value < 0.04
    assert scores["memorisation.ratio_ground_truth"].estimate.value == pytest.approx(1, abs=0.02)
    known = found(generated, training, "ground_truth", ground_truth=again(training[:300]))
    assert "show people in the training set" in known["memorisation.ratio_ground_truth"].warnings[0]


def test_it_wants_what_sets_the_standard():
    assert set(Memorisation().inputs) == {"generated", "training"}
    assert Memorisation(against="real").inputs["real"].roles == ("real",)


def test_intervals_hold_the_value_and_draw_both_sets():
    training = people(400, seed=1)
    generated = np.concatenate([people(40, seed=0), again(training[:40])])
    for score in found(generated, training).values():
        assert score.estimate.low <= score.estimate.value <= score.estimate.high
        assert score.estimate.resamples.std() > 0
    assert np.median(score.per_image[:40]) == pytest.approx(1, abs=0.03)


def test_draws_are_quantiles_of_what_was_drawn(monkeypatch):
    """The ratio of each draw, from the sets drawn by hand."""
    generated, training = people(30, seed=0), people(50, seed=1)
    _, away = nearest(generated, training)
    usual, _ = nearest_other(training, training)
    rng = np.random.default_rng(0)
    weights = [rng.multinomial(n, np.ones(n) / n, 5).astype(float) for n in (30, 50)]
    taken = []

    class Given(Resampling):
        def of(self, statistic, *counts, centred=False):
            taken.append(statistic(*weights))
            return super().of(statistic, *counts, centred=centred)

    scores = Memorisation().scores(
        {"generated": generated, "training": training}, Given(resamples=2)
    )
    assert len(list(scores)) == 2

    def middle(values, weight, share):
        return np.quantile(np.repeat(values, weight.astype(int)), share, method="inverted_cdf")

    for b in range(5):
        limit = middle(usual, weights[1][b], 0.01)
        assert taken[0][b] == pytest.approx(np.average(away < limit, weights=weights[0][b]))
        expected = middle(away, weights[0][b], 0.5) / middle(usual, weights[1][b], 0.5)
        assert taken[1][b] == pytest.approx(expected)


def test_few_and_equal_training_faces_are_defined():
    for training in (people(2, seed=0), np.zeros((20, 128), np.float32)):
        scores = found(people(3, seed=1), training)
        assert all(np.isfinite(it.estimate.value) for it in scores.values())
        assert "too few" in scores["memorisation.share"].warnings[0]
    assert scores["memorisation.share"].estimate.value == 0
    assert "all identical to training faces" in scores["memorisation.share"].warnings[1]


@pytest.mark.parametrize("shapes", [((3, 8), (4, 7)), ((3, 8), (0, 8)), ((8,), (4, 8))])
def test_other_shapes_are_refused(shapes):
    with pytest.raises(UsageError, match="N at least 1"):
        nearest(*(np.zeros(shape) for shape in shapes))


def test_a_smiling_photo_of_a_training_face_is_a_copy_and_a_stranger_is_not(data):
    from limner import images
    from limner.faces import DlibDetector, Preprocessing, find
    from limner.features.descriptor import Descriptor

    detector, preprocessing, describe = DlibDetector(), Preprocessing(), Descriptor()

    def described(paths):
        for path in paths:
            picture = images.read(path)
            try:
                face = find(picture, detector)[0]
            except NoFaceError:
                continue
            yield describe(preprocessing.align(picture, face).image[None])[0]

    folders = {
        name: sorted((data / "open" / name).glob("*.jpg"))
        for name in ("london_neutral", "london_smiling", "eig_france")
    }
    neutral = list(described(folders["london_neutral"][:16]))
    smiling = list(described(folders["london_smiling"][:6]))
    strangers = list(described(folders["eig_france"][:6]))
    training = np.stack([*neutral, *smiling])
    _, same = nearest_other(np.stack(smiling), np.stack(neutral))
    _, strange = nearest_other(np.stack(strangers), training)
    assert same.mean() > 0.8
    assert not strange.any()
    copied = values(np.stack(smiling), np.stack(neutral))
    new = values(np.stack(strangers), training)
    assert copied[0] > 0.8
    assert new[0] < 0.2
    assert copied[1] < 0.7 < new[1]
