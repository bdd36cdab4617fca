from pathlib import Path

import pytest

from limner.data.recipe import load, shipped_recipes
from limner.errors import RunError, UsageError
from limner.experiments import config_of
from limner.settings import flatten
from limner.study.datasets import recipe_of
from limner.study.plan import DATASETS, EXPERIMENTS, Plan, Trial


def differences(one, other, plan=None):
    plan = plan or Plan()
    a, b = (
        flatten(plan.config(Trial(experiment=name, seed=0), Path("sets")).to_dict())
        for name in (one, other)
    )
    return {name for name in a.keys() | b.keys() if a.get(name) != b.get(name)} - {"experiment"}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("unaligned", {"data", "size"}),
        ("aligned", {"data"}),
        ("filtered", {"data"}),
        ("ungrouped", {"generator.groups"}),
        ("plain-gan", {"gan", "weights.adversarial"}),
        ("exact-labels", {"label_noise", "label_flips"}),
        ("uncycled", {"weights.cycle"}),
        ("discogan", {"weights.cycle", "cycle_distance"}),
    ],
)
def test_each_experiment_differs_from_balanced_in_one_thing(name, settings):
    assert differences(name, "balanced") == settings


def test_settings_reach_all_runs_but_leave_what_distinguishes_an_experiment():
    plan = Plan(settings=("generator.groups=2", "batch=8", "generator.width=16"))

    def of(name):
        return plan.config(Trial(experiment=name, seed=1), Path())

    assert of("balanced").generator.groups == 2
    assert of("ungrouped").generator.groups == 1
    assert (of("ungrouped").generator.width, of("resnet").generator.width) == (16, 64)
    assert {of(name).batch for name in EXPERIMENTS} == {8}


def test_narrower_networks_are_narrower_in_all_experiments():
    plan = Plan(width=0.25, settings=("batch=8",))
    full = Plan(settings=("batch=8",))
    for name in EXPERIMENTS:
        trial = Trial(experiment=name, seed=0)
        narrow, usual = (one.config(trial, Path()) for one in (plan, full))
        assert (narrow.generator.width, narrow.discriminator.width) == (
            usual.generator.width // 4,
            usual.discriminator.width // 4,
        )
        assert differences(name, "balanced", plan) == differences(name, "balanced")


def test_a_width_that_is_set_reaches_all_but_the_resnet():
    plan = Plan(width=0.5, settings=("generator.width=24",))
    widths = [
        plan.config(Trial(experiment=name, seed=0), Path()).generator.width
        for name in ("balanced", "resnet")
    ]
    assert widths == [24, 32]


def test_sizes_and_lengths_are_scaled():
    plan = Plan(size=64, images=1000)
    config = plan.config(Trial(experiment="unaligned", seed=2), Path("sets"))
    assert (config.size, config.images, config.seed) == (128, 1000, 2)
    assert config.data == "sets/set1-unaligned"
    assert config.snapshot_every == 1000


def test_seeds_are_interleaved():
    names = [trial.name for trial in Plan(seeds=2).trials(["ungrouped", "balanced"])]
    assert names == ["balanced-0", "ungrouped-0", "balanced-1", "ungrouped-1"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"settings": ("seed=3",)}, "the study decides seed itself"),
        ({"settings": ("devices=2",)}, "on one device"),
        ({"settings": ("patience=100",)}, "same length"),
        ({"settings": ("no.such=1",)}, "not a setting"),
        ({"size": 40}, "multiple of 16"),
        ({"seeds": 0}, "at least 1"),
        ({"width": 0.01}, "at least 0.03125"),
        ({"width": 2}, "at most 1"),
    ],
)
def test_impossible_plans_are_refused(given, said):
    with pytest.raises(UsageError, match=said):
        Plan(**given)


def test_a_damaged_plan_is_named(tmp_path):
    Plan(size=64).store(tmp_path)
    assert Plan.of(tmp_path).size == 64
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        Plan.of(tmp_path)


@pytest.mark.parametrize("name", sorted(set(DATASETS.values())))
def test_collected_sketches_are_left_out_only_if_there_are_none(name, tmp_path):
    plan = Plan(size=64)
    whole = load(shipped_recipes()[name])
    without = recipe_of(name, plan, tmp_path)
    assert without.size == whole.size // 2
    assert [part.path for part in without.parts] == [
        part.path for part in whole.parts if part.path != "collected"
    ]
    (tmp_path / "collected").mkdir()
    assert recipe_of(name, plan, tmp_path).parts == whole.parts


def test_the_study_has_every_experiment_that_it_says():
    assert all(config_of(name).experiment == name for name in EXPERIMENTS)
