"""Monitors: each checks the logs of a run for one kind of problem and describes it.

A monitor is a function of the lines of `stats.jsonl` alone, so that a run that is resumed after an
interruption says what it would have said. None speaks of a loss that stands still: that of a GAN
does, and its pictures get better. The limits were set so that healthy runs give no warnings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.training.config import Config, GANLoss

__all__ = [
    "FEW",
    "GREY",
    "MONITORS",
    "SATURATION",
    "SCORES",
    "TINT",
    "Problem",
    "new_troubles",
    "troubles",
]

LONG = 4_000
"""Images for which a discriminator has to be in trouble without a break, ..."""
LINES = 10
"""... and lines of statistics."""
LOOKS = 3
"""Sample grids in a row that have to look wrong."""

SCORES: dict[GANLoss, tuple[float, float]] = {
    "least-squares": (0.0, 1.0),
    "plain": (-3.0, 3.0),
    "hinge": (-1.0, 1.0),
}
"""Scores of generated and real pictures by which a discriminator is certain. Those of
`least-squares` are its labels; those of `plain` are logits, of 0.05 and 0.95; beyond those of
`hinge` it has no loss."""

_NEAR = 0.1
"""How near to being certain, as a share of the way between the two."""
_BLIND = 0.01
"""The same, for a discriminator that tells nothing apart."""
FEW = 0.2
"""Diversity below which it is a collapse; in healthy runs it was above 0.6 by then."""
_SOME = 0.05
"""Variety up to which its rise says nothing: out of nearly none, chance makes a multiple of it."""
GREY = 0.12
"""Difference in brightness, as a share of white."""
TINT = 0.05
"""Difference of a colour, as a share of white."""
SATURATION = 0.1
"""Difference in saturation, as a share of white."""

Line = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a monitor has seen."""

    monitor: str
    """Which one."""
    about: str
    """Of which pictures: `photo`, `sketch`, or '' for those of the pairs."""
    text: str
    """What was seen, what is usual, and what to do about it."""


def troubles(lines: Sequence[Line], config: Config) -> list[Problem]:
    """All that is wrong after the last of these lines."""
    return [trouble for monitor in MONITORS for trouble in monitor(lines, config)]


def new_troubles(lines: Sequence[Line], config: Config) -> list[Problem]:
    """What is wrong after the last line and was not after any of the few before."""
    now = troubles(lines, config)
    for before in range(1, LINES + 1):
        if now:
            known = {(one.monitor, one.about) for one in troubles(lines[:-before], config)}
            now = [one for one in now if (one.monitor, one.about) not in known]
    return now


def discriminator_won(lines: Sequence[Line], config: Config) -> Iterator[Problem]:
    """A discriminator is certain of all it sees, and its generator makes no way against it."""
    recent = _recent(_warm(lines, config))
    low, high = SCORES[config.gan]
    near = _NEAR * (high - low)
    for about, suffix in _discriminators(recent, config):
        real, made = _column(recent, f"score_real{suffix}"), _column(recent, f"score_made{suffix}")
        if real.min() < high - near or made.max() > low + near:
            continue
        term = _column(recent, f"adversarial{suffix}")
        half = len(term) // 2
        if term[half:].mean() < 0.95 * term[:half].mean():
            continue  # it is catching up
        yield Problem(
            monitor="discriminator won",
            about=about,
            text=(
                f"the discriminator{_of(about)} has won: for {_span(recent):,} images it scored "
                f"real ones {real.mean():.2f} and made ones {made.mean():.2f}, where {high:g} and "
                f"{low:g} are certainty, and the generator's term stands at {term[-1]:.3f}, from "
                f"which it learns little. {_weaken(config)}"
            ),
        )


def discriminator_blind(lines: Sequence[Line], config: Config) -> Iterator[Problem]:
    """A discriminator scores everything alike, long after it should tell the two apart."""
    recent = _recent(_warm(lines, config), times=2)
    low, high = SCORES[config.gan]
    for about, suffix in _discriminators(recent, config):
        apart = _column(recent, f"score_real{suffix}") - _column(recent, f"score_made{suffix}")
        if np.abs(apart).max() > _BLIND * (high - low):
            continue
        yield Problem(
            monitor="discriminator blind",
            about=about,
            text=(
                f"the discriminator{_of(about)} tells nothing apart: for {_span(recent):,} images "
                f"it scored real and generated ones within {np.abs(apart).max():.4f} of each "
                "other, so "
                "the generator learns nothing from it. Set discriminator.width higher, or "
                "label_noise and label_flips lower"
            ),
        )


def collapse(lines: Sequence[Line], config: Config) -> Iterator[Problem]:
    """The pictures that a generator makes of different inputs are alike, and stay so."""
    for about in ("photo", "sketch"):
        looks = _looks(lines, f"variety_{about}", config)
        if not len(looks) or looks.max() > FEW:
            continue
        if looks[-1] > max(1.25 * looks[0], _SOME):
            continue  # they begin to differ
        yield Problem(
            monitor="collapse",
            about=about,
            text=(
                f"the made {_PLURAL[about]} are nearly all the same: in the last {LOOKS} sample "
                f"grids they differed {looks[-1]:.2f} times as much as real ones do, and under "
                f"{FEW:g} the input hardly matters. {_bind(config)}"
            ),
        )


def colour_drift(lines: Sequence[Line], config: Config) -> Iterator[Problem]:
    """The light or the colours of what a generator makes are off, and do not come back."""
    kinds = (
        ("brightness_photo", GREY, ("darker", "lighter")),
        ("brightness_sketch", GREY, ("darker", "lighter")),
        ("saturation_photo", SATURATION, ("greyer", "more colourful")),
        ("red_photo", TINT, ("less red", "redder")),
        ("green_photo", TINT, ("less green", "greener")),
        ("blue_photo", TINT, ("less blue", "bluer")),
    )
    said: dict[str, list[str]] = {}
    for name, limit, words in kinds:
        looks = _looks(lines, name, config)
        if not len(looks) or np.abs(looks).min() < limit or np.ptp(np.sign(looks)):
            continue
        if abs(looks[-1]) < 0.9 * abs(looks[0]):
            continue  # it is coming back
        about = name.rpartition("_")[2]
        word = words[int(looks[-1] > 0)]
        said.setdefault(about, []).append(f"{word} by {abs(looks[-1]):.2f} (limit {limit:g})")
    for about, findings in said.items():
        yield Problem(
            monitor="colour drift",
            about=about,
            text=(
                f"the made {_PLURAL[about]} drift away from real ones: in the last {LOOKS} sample "
                f"grids they were {', '.join(findings)} as a share of white. {_hold(config)}"
            ),
        )


_PLURAL = {"": "pairs", "photo": "photos", "sketch": "sketches"}

MONITORS = (discriminator_won, discriminator_blind, collapse, colour_drift)


def _warm(lines: Sequence[Line], config: Config) -> Sequence[Line]:
    """The lines about images that generators learnt from, too: no wonder if they lose before."""
    first = next((i for i, one in enumerate(lines) if one["images"] > config.warm_up), len(lines))
    return lines[first:]


def _recent(lines: Sequence[Line], times: int = 1) -> Sequence[Line]:
    """The lines about the last images, if that is long enough to speak of; else none."""
    if not lines:
        return []
    since = lines[-1]["images"] - times * LONG
    first = next((i for i, line in enumerate(lines) if line["images"] > since), 0)
    first = min(first, len(lines) - times * LINES)
    return lines[first:] if first > 0 else []


def _discriminators(lines: Sequence[Line], config: Config) -> list[tuple[str, str]]:
    """What the discriminators judge, and how their names in the lines end.

    Those that nobody plays against are left out: a term of weight 0 was meant to be.
    """
    of_pairs = "paired_adversarial" if config.objective == "hybrid" else "adversarial"
    known = (
        ("", "", getattr(config.weights, of_pairs)),
        ("photo", "_photo", config.weights.adversarial),
        ("sketch", "_sketch", config.weights.adversarial),
    )
    stems = ("score_real", "score_made", "adversarial")
    return [
        (about, suffix)
        for about, suffix, weight in known
        if weight and lines and all(stem + suffix in line for line in lines for stem in stems)
    ]


def _looks(lines: Sequence[Line], name: str, config: Config) -> NDArray[np.float64]:
    """The last few looks, if the averaged generator has had the time to come to something."""
    looks = [line for line in lines if name in line]
    since = config.warm_up + max(5 * config.ema_half_life, LONG)
    if len(looks) < LOOKS or looks[-LOOKS]["images"] < since:
        return np.empty(0)
    return _column(looks[-LOOKS:], name)


def _column(lines: Sequence[Line], name: str) -> NDArray[np.float64]:
    return np.array([line[name] for line in lines], np.float64)


def _span(lines: Sequence[Line]) -> int:
    return int(lines[-1]["images"] - lines[0]["images"])


def _of(about: str) -> str:
    return f" of {_PLURAL[about]}"


def _weaken(config: Config) -> str:
    changed = config.discriminator_augmentation
    if not (changed.colour or changed.translation or changed.cutout):
        return (
            "Change what it sees with discriminator_augmentation.translation=0.125 and .cutout=0.5,"
            " which helps most where pictures are few, or set discriminator.width lower"
        )
    return "Set discriminator.width lower, label_noise higher, or give it more pictures"


def _bind(config: Config) -> str:
    if config.objective == "cyclegan":
        return "Set weights.cycle higher or weights.adversarial lower, or start from a run of pairs"
    return "Set weights.l1 higher or weights.adversarial lower"


def _hold(config: Config) -> str:
    if config.objective == "cyclegan":
        return "Set weights.identity_mapping to 5, or check the light of the set's photos: all one?"
    return "Set weights.l1 higher, or weights.adversarial lower"
