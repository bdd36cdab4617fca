"""Monitors: each checks the logs of a run for one kind of problem and describes it.

A monitor is a function of the lines of `stats.jsonl` alone, so a resumed run gives the same
warnings. None warns of a constant loss: a GAN's losses can be constant while its images improve.
The limits were set so that healthy runs give no warnings.
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
"""Images for which a problem of a discriminator must persist, ..."""
LINES = 10
"""... and lines of statistics."""
LOOKS = 3
"""Consecutive sample grids that must look wrong."""

SCORES: dict[GANLoss, tuple[float, float]] = {
    "least-squares": (0.0, 1.0),
    "plain": (-3.0, 3.0),
    "hinge": (-1.0, 1.0),
}
"""Scores of generated and real images at which a discriminator is certain. Those of
`least-squares` are its labels; those of `plain` are logits, of 0.05 and 0.95; beyond those of
`hinge` its loss is zero."""

_NEAR = 0.1
"""How close to certainty, as a share of the distance between the two scores."""
_BLIND = 0.01
"""The same, for a discriminator that cannot distinguish anything."""
FEW = 0.2
"""Diversity below which it is a collapse; in healthy runs it was above 0.6 by then."""
_SOME = 0.05
"""Diversity up to which a rise is ignored: chance can multiply values near zero."""
GREY = 0.12
"""Difference in brightness, as a share of white."""
TINT = 0.05
"""Difference of a colour, as a share of white."""
SATURATION = 0.1
"""Difference in saturation, as a share of white."""

Line = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A warning of a monitor."""

    monitor: str
    """Name of the monitor."""
    about: str
    """Kind of images: `photo`, `sketch`, or '' for pairs."""
    text: str
    """What was observed, what is usual, and what to do about it."""


def troubles(lines: Sequence[Line], config: Config) -> list[Problem]:
    """All problems after the last of these lines."""
    return [trouble for monitor in MONITORS for trouble in monitor(lines, config)]


def new_troubles(lines: Sequence[Line], config: Config) -> list[Problem]:
    """Problems after the last line that were absent after each of the few lines before."""
    now = troubles(lines, config)
    for before in range(1, LINES + 1):
        if now:
            known = {(one.monitor, one.about) for one in troubles(lines[:-before], config)}
            now = [one for one in now if (one.monitor, one.about) not in known]
    return now


def discriminator_won(lines: Sequence[Line], config: Config) -> Iterator[Problem]:
    """A discriminator is certain of all images, and its generator does not catch up."""
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
                f"real ones {real.mean():.2f} and generated ones {made.mean():.2f}, where {high:g} "
                f"and {low:g} mean certainty, and the generator's term is {term[-1]:.3f}, from "
                f"which it learns little. {_weaken(config)}"
            ),
        )


def discriminator_blind(lines: Sequence[Line], config: Config) -> Iterator[Problem]:
    """A discriminator still cannot distinguish real from generated images."""
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
                f"the discriminator{_of(about)} cannot distinguish real from generated ones: for "
                f"{_span(recent):,} images their scores were within {np.abs(apart).max():.4f} of "
                "each other, so the generator learns nothing from it. Set discriminator.width "
                "higher, or label_noise and label_flips lower"
            ),
        )


def collapse(lines: Sequence[Line], config: Config) -> Iterator[Problem]:
    """A generator's results for different inputs are nearly the same, and stay so."""
    for about in ("photo", "sketch"):
        looks = _looks(lines, f"variety_{about}", config)
        if not len(looks) or looks.max() > FEW:
            continue
        if looks[-1] > max(1.25 * looks[0], _SOME):
            continue  # diversity is rising
        yield Problem(
            monitor="collapse",
            about=about,
            text=(
                f"the generated {_PLURAL[about]} are nearly all the same: in the last {LOOKS} "
                f"sample grids they differed {looks[-1]:.2f} times as much as real ones do; below "
                f"{FEW:g} the input hardly matters. {_bind(config)}"
            ),
        )


def colour_drift(lines: Sequence[Line], config: Config) -> Iterator[Problem]:
    """Brightness or colours of generated images are wrong, and do not recover."""
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
            continue  # it is recovering
        about = name.rpartition("_")[2]
        word = words[int(looks[-1] > 0)]
        said.setdefault(about, []).append(f"{word} by {abs(looks[-1]):.2f} (limit {limit:g})")
    for about, findings in said.items():
        yield Problem(
            monitor="colour drift",
            about=about,
            text=(
                f"the generated {_PLURAL[about]} drift away from real ones: in the last {LOOKS} "
                f"sample grids they were {', '.join(findings)} as a share of white. {_hold(config)}"
            ),
        )


_PLURAL = {"": "pairs", "photo": "photos", "sketch": "sketches"}

MONITORS = (discriminator_won, discriminator_blind, collapse, colour_drift)


def _warm(lines: Sequence[Line], config: Config) -> Sequence[Line]:
    """The lines after the warm-up: before, generators do not learn, so they lose."""
    first = next((i for i, one in enumerate(lines) if one["images"] > config.warm_up), len(lines))
    return lines[first:]


def _recent(lines: Sequence[Line], times: int = 1) -> Sequence[Line]:
    """The lines about the last images; none if there are too few."""
    if not lines:
        return []
    since = lines[-1]["images"] - times * LONG
    first = next((i for i, line in enumerate(lines) if line["images"] > since), 0)
    first = min(first, len(lines) - times * LINES)
    return lines[first:] if first > 0 else []


def _discriminators(lines: Sequence[Line], config: Config) -> list[tuple[str, str]]:
    """The kinds of images that discriminators judge, and the suffixes of their names in the lines.

    Discriminators whose term has weight 0 are left out.
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
    """The last few values from sample grids; empty if the EMA generator is still too young."""
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
            "Augment its inputs with discriminator_augmentation.translation=0.125 and .cutout=0.5,"
            " which helps most with small datasets, or set discriminator.width lower"
        )
    return "Set discriminator.width lower, label_noise higher, or use a larger dataset"


def _bind(config: Config) -> str:
    if config.objective == "cyclegan":
        return "Set weights.cycle higher or weights.adversarial lower, or start from a paired run"
    return "Set weights.l1 higher or weights.adversarial lower"


def _hold(config: Config) -> str:
    if config.objective == "cyclegan":
        return "Set weights.identity_mapping to 5, or check that the photos' lighting varies"
    return "Set weights.l1 higher, or weights.adversarial lower"
