"""Values that another implementation gave for the same features: torchmetrics 1.9.0, in float64.

`benchmarks/formulas.py` compares again, and shows how these were computed.
"""

import numpy as np
import pytest

from limner.metrics.realism.fid import fid
from limner.metrics.realism.inception_score import inception_score
from limner.metrics.realism.kid import kid


def unpaired(generated, real, size):
    one, other = (np.random.default_rng(seed) for seed in (1, 2))
    return 0.1 + 1.2 * one.standard_normal((generated, size)), other.standard_normal((real, size))


@pytest.mark.parametrize(
    ("generated", "real", "size", "expected"),
    [
        (300, 200, 16, 1.6459949441782555),
        (200, 300, 64, 13.334164366547725),
        (90, 100, 64, 29.59120897689749),
    ],
)
def test_fid_is_that_of_torchmetrics(generated, real, size, expected):
    """`FrechetInceptionDistance`."""
    assert fid(*unpaired(generated, real, size)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [(200, 16, 0.07619667476993941), (100, 128, 0.015196857018544119)],
)
def test_kid_is_that_of_torchmetrics(count, size, expected):
    """`KernelInceptionDistance` of one subset of all."""
    assert kid(*unpaired(count, count, size)) == pytest.approx(expected, abs=1e-9)


def test_inception_score_is_that_of_torchmetrics():
    """`InceptionScore` of one part."""
    logits = 3 * np.random.default_rng(1).standard_normal((200, 50))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert inception_score(probabilities) == pytest.approx(9.151413718236615, abs=1e-9)
