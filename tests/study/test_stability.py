import json

import numpy as np
import pytest

from limner.study.stability import lead, stability, swing
from limner.training.config import Config
from limner.training.run import RunFolder


def lines(values, *, real=0.7, made=0.3):
    return [
        {
            "images": 400 * (number + 1),
            **{f"adversarial_{kind}": float(value) for kind in ("photo", "sketch")},
            **{f"score_real_{kind}": real for kind in ("photo", "sketch")},
            **{f"score_made_{kind}": made for kind in ("photo", "sketch")},
        }
        for number, value in enumerate(values)
    ]


def test_a_trend_is_no_swing_and_the_scale_does_not_count():
    steady = swing(lines(np.linspace(1, 2, 50)))
    rng = np.random.default_rng(0)
    wild = 1 + 0.2 * rng.standard_normal(500)
    assert steady == pytest.approx(0, abs=1e-9)
    assert swing(lines(wild)) == pytest.approx(0.2, rel=0.1)
    assert swing(lines(10 * wild)) == pytest.approx(swing(lines(wild)))


def test_the_lead_is_a_share_of_the_distance_of_the_labels():
    least_squares = Config(experiment="x", objective="cyclegan")
    plain = Config(experiment="x", objective="cyclegan", gan="plain")
    assert lead(lines([1, 1]), least_squares) == pytest.approx(0.4)
    assert lead(lines([1, 1], real=3, made=-3), plain) == pytest.approx(1)


def test_only_the_second_half_of_a_run_counts(tmp_path):
    run = RunFolder(tmp_path)
    config = Config(experiment="x", objective="cyclegan", images=20 * 400)
    wild_then_calm = [1.0, 3.0] * 5 + [1.0] * 10
    run.stats_path.write_text("".join(json.dumps(line) + "\n" for line in lines(wild_then_calm)))
    found = {score.name: score.estimate.value for score in stability(run, config)}
    assert found["stability.swing"] == pytest.approx(0)
    assert found["stability.warnings"] == 0
    run.stats_path.write_text("")
    assert [score.name for score in stability(run, config)] == ["stability.warnings"]
