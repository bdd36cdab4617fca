import json

import numpy as np
import pytest

from limner.study.stability import equal_spans, lead, stability, swing
from limner.training.config import Config
from limner.training.run import RunFolder

LEAST_SQUARES = Config(experiment="x", objective="cyclegan")
PLAIN = Config(experiment="x", objective="cyclegan", gan="plain")


def lines(made, *, real=0.7, every=400):
    """A log of the discriminators' scores."""
    return [
        {
            "images": every * (number + 1),
            **{f"score_real_{kind}": real for kind in ("photo", "sketch")},
            **{f"score_made_{kind}": float(value) for kind in ("photo", "sketch")},
        }
        for number, value in enumerate(made)
    ]


def test_a_trend_is_no_swing_and_the_scale_of_the_loss_does_not_count():
    assert swing(lines(np.linspace(0.1, 0.4, 50)), LEAST_SQUARES) == pytest.approx(0, abs=1e-9)
    wild = 0.2 * np.random.default_rng(0).standard_normal(500)
    assert swing(lines(wild), LEAST_SQUARES) == pytest.approx(0.2, rel=0.1)
    logits = swing(lines(6 * wild), PLAIN)  # their labels are 6 times as far apart
    assert logits == pytest.approx(swing(lines(wild), LEAST_SQUARES))


def test_lines_that_an_interruption_adds_do_not_swing():
    """Of 400 images each; and the same with the scores of 40 images in lines of their own."""
    rng = np.random.default_rng(0)
    single = rng.normal(0.3, 0.1, 20 * 400)

    def logged(ends):
        parts = np.split(single, ends[:-1])
        means = lines([part.mean() for part in parts])
        return [line | {"images": end} for line, end in zip(means, ends, strict=True)]

    ends = list(range(400, 8001, 400))
    whole = equal_spans(logged(ends), 4000)
    often = equal_spans(logged(sorted([*ends, *range(440, 8001, 400)])), 4000)
    assert len(whole) == 10
    assert [one["score_made_photo"] for one in whole] == pytest.approx(
        [single[start : start + 400].mean() for start in range(4000, 8000, 400)]
    )
    raw = swing(logged(sorted([*ends, *range(440, 8001, 400)])), LEAST_SQUARES)
    assert raw > 1.5 * swing(often, LEAST_SQUARES)
    assert equal_spans([], 0) == []


def test_the_lead_is_a_share_of_the_distance_of_the_labels():
    assert lead(lines([0.3, 0.3]), LEAST_SQUARES) == pytest.approx(0.4)
    assert lead(lines([-3, -3], real=3), PLAIN) == pytest.approx(1)


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
