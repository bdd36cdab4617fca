import numpy as np
import pytest

from limner.errors import RunError
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score
from limner.study.scoring import Scored, by_name


def test_scores_survive_being_stored(tmp_path):
    estimate = Resampling(resamples=50).mean([0.1, 0.7, 0.3])
    score = Score(
        name="smile.drift", title="smiles", estimate=estimate, better="nearer", target=0, unit="%"
    )
    path = tmp_path / "one.json"
    Scored(snapshot="a", pairs="b", people=3, scores=by_name([score]), notes=("a note",)).store(
        path
    )
    read = Scored.of(path)
    assert read.fits(snapshot="a", pairs="b")
    assert not read.fits(snapshot="other", pairs="b")
    assert not read.fits(snapshot="a", pairs="other")
    again = read.scores["smile.drift"]
    assert (again.estimate.value, again.estimate.n, again.unit) == (estimate.value, 3, "%")
    assert np.allclose(again.estimate.resamples, estimate.resamples, rtol=1e-5)
    assert again.loss(-0.2) == score.loss(-0.2)
    assert read.notes == ("a note",)


def test_a_missing_file_is_no_scores_and_a_damaged_one_an_error(tmp_path):
    path = tmp_path / "one.json"
    assert Scored.of(path) is None
    path.write_text("[]")
    with pytest.raises(RunError, match="remove it"):
        Scored.of(path)
