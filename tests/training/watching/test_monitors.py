import dataclasses
import math

import numpy as np
import pytest

from limner.training.config import Config, DiscriminatorAugmentation
from limner.training.watching.monitors import new_troubles, troubles

PAIRS = Config(experiment="x", ema_half_life=500)
UNPAIRED = dataclasses.replace(PAIRS, objective="cyclegan")


def run(length=20_000, every=400, end="", seed=0, **terms):
    """Lines of a run; each term is a function of the share of the run, or a number."""
    rng = np.random.default_rng(seed)
    usual = {
        f"adversarial{end}": 0.25,
        f"discriminator{end}": 0.2,
        f"score_real{end}": 0.65,
        f"score_made{end}": 0.35,
    }
    lines = []
    for images in range(every, length + 1, every):
        at = images / length
        line = {"images": images}
        for name, term in (usual | terms).items():
            noise = 1 + 0.02 * rng.standard_normal()
            line[name] = (term(at) if callable(term) else term) * noise
        lines.append(line)
    return lines


def looks(end="_photo", every=2_000, length=20_000, **terms):
    usual = {"variety": 0.8, "brightness": 0.01, "saturation": -0.02, "red": 0.01}
    usual |= {"green": 0.0, "blue": -0.01}
    named = {f"{name}{end}": value for name, value in (usual | terms).items()}
    return run(every=every, length=length, **named)


def found(lines, config=PAIRS):
    return [(trouble.monitor, trouble.about) for trouble in troubles(lines, config)]


def ever(lines, config=PAIRS):
    """All warnings in the course of a run."""
    return {said for n in range(len(lines) + 1) for said in found(lines[:n], config)}


def test_a_healthy_run_is_left_alone():
    falling = run(adversarial=lambda at: 0.5 - 0.3 * at, score_made=lambda at: 0.1 + 0.3 * at)
    assert ever(falling) == set()
    assert ever(
        looks(variety=lambda at: min(1, 0.1 + 2 * at), brightness=lambda at: min(0, -0.4 + at))
    ) == (set())
    assert troubles([], PAIRS) == []


@pytest.mark.parametrize(("end", "about"), [("", ""), ("_photo", "photo"), ("_sketch", "sketch")])
def test_a_discriminator_that_has_won(end, about):
    won = {f"score_real{end}": 0.98, f"score_made{end}": 0.02}
    rising = {f"adversarial{end}": lambda at: 0.45 + 0.2 * at}
    lines = run(end=end, **won, **rising)
    assert found(lines) == [("discriminator won", about)]
    [trouble] = troubles(lines, PAIRS)
    assert "and generated ones 0.02, where 1 and 0 mean certainty" in trouble.text
    assert "discriminator_augmentation.translation=0.125" in trouble.text
    assert "0.6" in trouble.text
    # Other advice if inputs are augmented already; none before it has lasted long enough.
    augmented = DiscriminatorAugmentation(cutout=0.5)
    [other] = troubles(lines, dataclasses.replace(PAIRS, discriminator_augmentation=augmented))
    assert "label_noise higher" in other.text
    assert found(lines[:9]) == []


def test_while_only_discriminators_learn_they_may_win():
    """The images of a generator that has not learnt yet are ignored."""
    warm = dataclasses.replace(PAIRS, warm_up=12_000, gan="hinge")
    sure = {"score_real": 6.0, "score_made": -3.0}
    assert ever(run(12_000, adversarial=3.0, **sure), warm) == set()
    assert ever(looks(length=12_000, variety=0.01), warm) == set()
    assert ever(run(20_000, adversarial=3.0, **sure), warm) == {("discriminator won", "")}
    assert ever(looks(length=20_000, variety=0.01), warm) == {("collapse", "photo")}
    catching_up = run(20_000, score_real=0.4, score_made=-0.4, adversarial=0.4)
    assert ever(catching_up, warm) == set()


def test_a_generator_that_catches_up_is_no_trouble():
    lines = run(score_real=0.98, score_made=0.02, adversarial=lambda at: 0.6 - 0.4 * at)
    assert ever(lines) == set()


def test_a_discriminator_that_nobody_plays_against_may_win():
    lines = run(score_real=0.98, score_made=0.02, adversarial=0.5)
    for objective, setting in (("pix2pix", "adversarial"), ("hybrid", "paired_adversarial")):
        config = dataclasses.replace(PAIRS, objective=objective)
        assert found(lines, config) == [("discriminator won", "")]
        assert found(lines, config.with_settings([f"weights.{setting}=0"])) == []


def test_a_moment_of_doubt_is_enough():
    lines = run(score_real=0.98, score_made=0.02, adversarial=0.5)
    assert found(lines) == [("discriminator won", "")]
    lines[-3] |= {"score_made": 0.3}
    assert found(lines) == []


@pytest.mark.parametrize(
    ("gan", "real", "made", "trouble"),
    [
        ("plain", 5, -5, True),
        ("plain", 0.98, 0.02, False),
        ("hinge", 1.1, -1.1, True),
        ("hinge", 0.5, -0.5, False),
    ],
)
def test_certainty_depends_on_the_loss(gan, real, made, trouble):
    lines = run(score_real=real, score_made=made, adversarial=0.5)
    assert bool(found(lines, dataclasses.replace(PAIRS, gan=gan))) == trouble


def test_a_discriminator_that_tells_nothing_apart():
    blind = run(score_real=0.5, score_made=lambda at: 0.5)
    for line in blind:
        line["score_made"] = line["score_real"] - 0.001
    assert found(blind) == [("discriminator blind", "")]
    assert found(blind[:19]) == []
    blind[-12]["score_made"] = 0.45
    assert found(blind) == []


def test_a_collapse():
    lines = looks(variety=lambda at: 0.7 if at < 0.5 else 0.05)
    assert found(lines) == [("collapse", "photo")]
    assert "differed 0.05 times as much as real ones" in troubles(lines, PAIRS)[0].text
    assert "weights.l1 higher" in troubles(lines, PAIRS)[0].text
    assert "weights.cycle higher" in troubles(lines, UNPAIRED)[0].text
    first = next(n for n in range(len(lines) + 1) if found(lines[:n]))
    assert lines[first - 1]["images"] == 14_000  # the third grid in a row
    assert found(looks(end="_sketch", variety=0.05)) == [("collapse", "sketch")]


def test_pictures_that_begin_to_differ_are_no_collapse():
    assert found(looks(variety=lambda at: 0.15 * at**3)) == []


def test_a_multiple_of_nearly_nothing_is_nothing():
    lines = looks(variety=0.001)
    lines[-1]["variety_photo"] = 0.015  # from a real run
    assert found(lines) == [("collapse", "photo")]
    lines[-1]["variety_photo"] = 0.15
    assert found(lines) == []


def test_early_grids_are_not_judged():
    slow = dataclasses.replace(PAIRS, ema_half_life=4_000)
    lines = looks(variety=0.05)
    assert found(lines, slow) == []
    assert found(looks(variety=0.05, length=40_000), slow) == [("collapse", "photo")]


@pytest.mark.parametrize(
    ("what", "value", "words"),
    [
        ("brightness", -0.2, "darker by 0.2"),
        ("brightness", 0.2, "lighter by 0.2"),
        ("saturation", -0.15, "greyer by 0.15"),
        ("red", 0.08, "redder by 0.08"),
        ("blue", -0.08, "less blue by 0.08"),
    ],
)
def test_a_drift_of_colour(what, value, words):
    lines = looks(**{what: lambda at: value * min(1, 2 * at)})
    assert found(lines) == [("colour drift", "photo")]
    assert words[:-1] in troubles(lines, PAIRS)[0].text
    assert found(looks(**{what: lambda at: value * (3 - 2 * at)})) == []  # it recovers
    assert found(looks(**{what: value / 4})) == []


def test_colours_that_swing_are_no_drift():
    lines = looks()
    for place, line in enumerate(lines):
        line["brightness_photo"] = 0.3 * (-1) ** place
    assert found(lines) == []


def test_what_is_wrong_is_said_once_and_again_when_it_comes_back():
    def score(at):
        return 0.02 if math.floor(at * 3) != 1 else 0.4

    lines = run(length=60_000, score_real=0.98, score_made=score, adversarial=0.5)
    said = [n for n in range(1, len(lines) + 1) if new_troubles(lines[:n], PAIRS)]
    assert [lines[n - 1]["images"] > 20_000 for n in said] == [False, True]
