import numpy as np
import pytest

from limner import images
from limner.errors import UsageError
from limner.faces import DlibDetector, Preprocessing, find
from limner.metrics.faithfulness.smiles import SMILE, SmileDrift, smile_drift
from limner.metrics.resampling import Resampling
from limner.metrics.validation.corruptions import corrupted


def scores(metric, generated, before):
    features = {
        "generated": np.array(generated, np.float32)[:, None],
        "before": np.array(before, np.float32)[:, None],
    }
    return {one.name: one for one in metric.scores(features, Resampling(resamples=50))}


def test_added_smiles_count_up_and_lost_ones_down():
    generated = np.array([0.9, 0.9, 0.1, 0.1, 0.6])
    before = np.array([0.1, 0.8, 0.9, 0.2, 0.5])  # 0.5 is no smile yet
    assert smile_drift(generated, before).tolist() == [1, 0, -1, 0, 1]


def test_drift_is_the_difference_of_shares():
    rng = np.random.default_rng(0)
    generated, before = rng.random(200), rng.random(200) ** 2
    found = scores(SmileDrift(), generated, before)
    shares = (generated > 0.5).mean() - (before > 0.5).mean()
    assert found["smile.drift"].estimate.value == pytest.approx(shares)
    assert found["smile.score"].estimate.value == pytest.approx(generated.mean() - before.mean())
    differ = ((generated > 0.5) != (before > 0.5)).mean()
    assert found["smile.changed"].estimate.value == pytest.approx(differ)
    assert found["smile.drift"].estimate.low < shares < found["smile.drift"].estimate.high


def test_as_many_lost_as_added_is_no_drift_but_a_change():
    found = scores(SmileDrift(), [0.9, 0.1], [0.1, 0.9])
    assert found["smile.drift"].estimate.value == 0
    assert found["smile.changed"].estimate.value == 1


def test_best_is_none_either_way():
    found = scores(SmileDrift(), [0.9, 0.3, 0.5], [0.6, 0.9, 0.5])["smile.drift"]
    assert (found.better, found.target) == ("nearer", 0)
    assert found.losses == pytest.approx([0.3, 0.6, 0])


def test_against_drawings_it_is_another_score_and_says_why():
    ground_truth, drawn = SmileDrift(), SmileDrift(against="sketch")
    assert ground_truth.inputs["before"].roles == ("ground_truth",)
    assert drawn.inputs["before"].roles == ("sketch",)
    by_truth, by_drawing = (scores(one, [0.9], [0.1]) for one in (ground_truth, drawn))
    assert not set(by_truth) & set(by_drawing)
    assert len(by_drawing["smile_drawn.drift"].warnings) == 2
    assert "86%" in by_truth["smile.drift"].warnings[0]


def test_anything_else_is_refused():
    with pytest.raises(UsageError, match="'ground_truth' or 'sketch'"):
        SmileDrift(against="real")
    with pytest.raises(UsageError, match=r"the same \[N\]"):
        smile_drift(np.zeros(3), np.zeros(2))


def test_painted_smiles_are_seen_and_other_corruption_is_not(data):
    files = sorted((data / "open" / "london_neutral").iterdir())[::8]
    detector, framed = DlibDetector(), Preprocessing()
    photos = [images.read(file) for file in files]
    crops = np.stack([framed.align(one, find(one, detector)[0]).image for one in photos])
    score = SMILE.start()

    def drift(name, strength):
        corrupted_pictures = corrupted(crops, name, strength, others=crops)
        generated, before = (
            np.concatenate([score(one) for one in some]) for some in (corrupted_pictures, crops)
        )
        found = scores(SmileDrift(), generated, before)
        return found["smile.score"].estimate.value, found["smile.drift"].estimate.value

    shares, drifts = zip(*(drift("smile", strength) for strength in (0.1, 0.3, 1)), strict=True)
    assert 0.01 < shares[0] < shares[1] < shares[2]
    assert drifts[2] > 0.5
    for name in ("blur", "noise", "jpeg", "grey", "cast", "dark", "grid"):
        assert abs(drift(name, 0.3)[0]) < 0.05, name
