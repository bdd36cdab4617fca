"""Sensitivity of the metrics: each under its own corruption, and under others, on real photos."""

import numpy as np
import pytest

from limner import images
from limner.engines import LocalEngine
from limner.faces import DlibDetector, Preprocessing, find
from limner.metrics.catalogue import standard
from limner.metrics.validation.corruptions import CORRUPTIONS
from limner.metrics.validation.sensitivity import INVARIANT, TARGET, Photos, SensitivityTest

PEOPLE = 32
LITTLE = 0.3
"""Of what its own corruption does to a score: more is no standing still. A face in 32 is 0.03."""


@pytest.fixture(scope="module")
def trial(data, tmp_path_factory):
    """Real photos of five sources, none of which is all smiles."""
    folders = [data / "open" / name for name in ("sfhq_t2i", "faker_portraits", "interfaces")]
    files = [file for folder in folders for file in images.files_below(folder)]
    detector, cut, crops = DlibDetector(), Preprocessing(), []
    for number in np.random.default_rng(1).permutation(len(files)).tolist():
        photo = images.read(files[number])
        faces = detector(photo)
        if faces and faces[0].eye_distance > 40:
            crops.append(cut.align(photo, find(photo, detector)[0]).image)
        if len(crops) == 4 * PEOPLE:
            break
    crops = np.stack(crops)
    photos = Photos(crops[:PEOPLE], crops[PEOPLE : 3 * PEOPLE], crops[3 * PEOPLE :])
    cache = tmp_path_factory.mktemp("trial")
    return SensitivityTest(photos, cache, engine=LocalEngine(workers=2))


@pytest.mark.parametrize("name", TARGET)
def test_a_score_gets_worse_step_by_step_under_its_own_corruption(trial, name):
    scores = [trial.scores(TARGET[name], strength)[name] for strength in (0, 0.5, 1)]
    values = [score.estimate.value for score in scores]
    steps = np.diff(values)
    assert (steps > 0).all() or (steps < 0).all(), values
    assert scores[2].loss(values[2]) > scores[0].loss(values[0])


@pytest.mark.parametrize("name", INVARIANT)
def test_and_stays_nearly_where_it_is_under_others(trial, name):
    relative_loss = {
        corruption: trial.relative_loss(name, corruption) for corruption in INVARIANT[name]
    }
    moved = {
        corruption: round(by, 2) for corruption, by in relative_loss.items() if not abs(by) < LITTLE
    }
    assert not moved


def test_every_metric_has_its_corruption_and_every_corruption_its_metric(trial):
    tried = {name.partition(".")[0] for name in TARGET}
    assert tried >= {one.name for one in standard()} - {"cycle"}  # of which no photo has any
    assert set(TARGET.values()) | {"jpeg", "features"} == set(CORRUPTIONS)
    assert set(TARGET) <= set(trial.scores())
