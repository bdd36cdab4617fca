"""A small study that is complete: two experiments, two seeds."""

import pytest

from limner.study.command import Study
from limner.study.plan import Plan

SETTINGS = (
    *("batch=4", "device=cpu", "precision=32-true", "threads=1", "eval_images=0"),
    *("generator.width=4", "generator.depth=2", "discriminator.width=4"),
)
"""What makes a run one of a second or two."""
ONLY = ("balanced", "ungrouped")


@pytest.fixture(scope="session")
def plan(study_sources):
    return Plan(size=32, images=16, seeds=2, settings=SETTINGS, data=str(study_sources), pairs=())


@pytest.fixture(scope="session")
def done(plan, tmp_path_factory):
    """The folder of the study, and what it said."""
    out = tmp_path_factory.mktemp("studies") / "done"
    said = []
    Study(plan=plan, out=out, say=said.append, only=ONLY).run()
    return out, said
