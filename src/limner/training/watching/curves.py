"""Diagrams of a run's logs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from limner import pages
from limner.training.config import Config
from limner.training.selection import FIGURES, SURE, deciding
from limner.training.watching.monitors import FEW, GREY, SATURATION, SCORES, TINT

__all__ = ["diagrams", "score_diagrams"]

_POINTS = 240
"""Maximum points of a curve; longer ones are shown as means."""
_SPAN = 10.0
"""Ratio of the largest to the smallest value above which a scale is logarithmic."""
_SIZE = (340, 170)  # px

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Images seen, and values."""


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """Contents of a diagram."""

    section: str
    title: str
    unit: str
    curves: tuple[tuple[str, str], ...]
    """Names in `stats.jsonl`, each with its name in the legend."""
    marks: tuple[float, ...] = ()
    """Values to compare with."""
    warned_by: tuple[str, str] = ("", "")
    """Monitor of these values, and its kind of images."""
    log: bool = False
    """Whether it may have a logarithmic scale."""


_ABOUT = (("", "pairs"), ("_photo", "photos"), ("_sketch", "sketches"))
_TERMS = {
    "adversarial": ("Adversarial", "GAN loss of the generator"),
    "cycle": ("Cycle consistency", "pixel error of the cycle"),
    "identity_mapping": ("Identity loss", "L1 of images that should stay unchanged"),
    "l1": ("L1", "mean absolute error of generated photos, over an image pyramid"),
    "gradient": ("Gradient", "mean absolute error of edges of generated photos"),
    "features": ("Feature matching", "difference of the discriminator's features"),
    "hints": ("Hint loss", "colour error around the hints"),
    "perceptual": ("Perceptual loss", "difference of features of a network trained on ImageNet"),
    "face": ("Face features", "difference of inner features of the face descriptor"),
    "identity": ("Face identity", "squared distance of the face descriptors"),
    "grid": ("Grid", "mean amplitude of a grid of 2 px in generated photos, which are in -1 to 1"),
}
"""Titles and units of the generators' terms."""


def diagrams(
    lines: Sequence[dict[str, Any]], config: Config, warned: dict[tuple[str, str], list[int]]
) -> dict[str, list[dict[str, Any]]]:
    """All diagrams of `stats.jsonl` for a template, by section.

    Args:
        lines: Of the file, in order; at least one.
        config: Of the run.
        warned: Images seen when a monitor warned, by its name and kind of images.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    names = {name for line in lines for name in line}
    for whole in _panels(lines, config):
        panel = replace(whole, curves=tuple(one for one in whole.curves if one[0] in names))
        if not panel.curves:
            continue
        shown = {name: _curve(lines, name) for name, _ in panel.curves}
        monitor, about = panel.warned_by
        times = [t for (m, a), ts in warned.items() if (m, a) == (monitor, about) for t in ts]
        found.setdefault(panel.section, []).append(_diagram(panel, shown, times))
    return found


def score_diagrams(scores: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A diagram for each score of `scores.jsonl`, the deciding one first."""
    names = [name for name in FIGURES if any(name in line.get("each", ()) for line in scores)]
    names.sort(key=lambda name: name != deciding(scores))
    return [_score_diagram(scores, name) for name in names]


def _panels(lines: Sequence[dict[str, Any]], config: Config) -> list[_Panel]:
    names = list(dict.fromkeys(name for line in lines for name in line))
    low, high = SCORES[config.gan]

    def of(stem: str) -> tuple[tuple[str, str], ...]:
        return tuple((stem + end, what) for end, what in _ABOUT if stem + end in names)

    panels = [
        _Panel(section="Generators", title=title, unit=unit, curves=of(stem), log=True)
        for stem, (title, unit) in _TERMS.items()
        if of(stem)
    ]
    if of("discriminator"):
        panels.append(
            _Panel(
                section="Discriminators",
                title="Loss",
                unit="GAN loss on real and generated images",
                curves=of("discriminator"),
                log=True,
            )
        )
    for end, what in _ABOUT:
        if f"score_real{end}" in names:
            panels.append(
                _Panel(
                    section="Discriminators",
                    title=f"Scores of {what}",
                    unit=f"dashed: certainty, {low:g} for generated and {high:g} for real",
                    curves=((f"score_real{end}", "real"), (f"score_made{end}", "generated")),
                    marks=(low, high),
                    warned_by=("discriminator won", end[1:]),
                )
            )
    panels += _looks(names)
    for name, title, unit in (
        ("lr", "Learning rate", "of Adam, for all networks"),
        ("rate", "Speed", "images per second, including saving and scoring"),
    ):
        if name in names:
            panels.append(_Panel(section="Pace", title=title, unit=unit, curves=((name, ""),)))
    return panels


def _looks(names: Sequence[str]) -> list[_Panel]:
    """Panels of the statistics of sample grids."""
    panels = []
    for end, what in _ABOUT[1:]:
        if f"variety{end}" in names:
            panels.append(
                _Panel(
                    section="Appearance",
                    title=f"Diversity of generated {what}",
                    unit=f"1: as diverse as real ones; dashed, {FEW:g}: collapse",
                    curves=((f"variety{end}", ""),),
                    marks=(FEW, 1),
                    warned_by=("collapse", end[1:]),
                )
            )
    light = tuple((f"brightness{e}", w) for e, w in _ABOUT[1:] if f"brightness{e}" in names)
    if light:
        panels.append(
            _Panel(
                section="Appearance",
                title=f"Brightness of generated {light[0][1] if len(light) == 1 else 'images'}",
                unit="minus that of real ones, as a share of white; dashed: the limits",
                curves=light if len(light) > 1 else ((light[0][0], ""),),
                marks=(-GREY, GREY),
                warned_by=("colour drift", light[0][0].rpartition("_")[2]),
            )
        )
    if "red_photo" in names:
        panels += [
            _Panel(
                section="Appearance",
                title="Saturation of generated photos",
                unit="minus that of real ones, as a share of white; dashed: the limits",
                curves=(("saturation_photo", ""),),
                marks=(-SATURATION, SATURATION),
                warned_by=("colour drift", "photo"),
            ),
            _Panel(
                section="Appearance",
                title="Tint of generated photos",
                unit="minus that of real ones, as a share of white; dashed: the limits",
                curves=(("red_photo", "red"), ("green_photo", "green"), ("blue_photo", "blue")),
                marks=(-TINT, TINT),
                warned_by=("colour drift", "photo"),
            ),
        ]
    return panels


_COLOURS = {
    **dict(zip(("photos", "sketches", "pairs"), pages.SERIES, strict=False)),
    "real": pages.SERIES[0],
    "generated": pages.SERIES[1],
    "": pages.SERIES[0],
    "red": pages.SERIES[1],
    "green": pages.SERIES[2],
    "blue": pages.SERIES[0],
}


def _diagram(panel: _Panel, curves: dict[str, Curve], warned: list[int]) -> dict[str, Any]:
    figure, axes = pages.figure(*_SIZE)
    values = np.concatenate([value for _, value in curves.values()])
    smooth = {name: (seen, _smooth(value)) for name, (seen, value) in curves.items()}
    log = panel.log and values.min() > 0 and _ratio(smooth) > _SPAN
    legend, words = [], []
    for name, what in panel.curves:
        colour = _COLOURS[what]
        seen, value = curves[name]
        few = "o" if len(seen) < 12 else ""
        if len(seen) > 20:
            axes.plot(seen, value, color=colour, linewidth=0.8, alpha=0.3)
        axes.plot(*smooth[name], color=colour, linewidth=1.6, marker=few, markersize=3.5)
        if what:
            legend.append({"name": what, "series": pages.SERIES.index(colour) + 1})
        words.append(f"{what} {value[0]:.3g} to {value[-1]:.3g}".strip())
    for mark in panel.marks:
        axes.axhline(mark, color=pages.INK, linewidth=1, linestyle=(0, (3, 2)))
    for time in warned:
        axes.axvline(time, color=pages.INK, linewidth=1.4)
    lone = legend.pop()["name"] if len(legend) == 1 else ""
    _scale(axes, log=log)
    last = max(seen[-1] for seen, _ in curves.values())
    axes.set_xlim(0, last * 1.01)
    if not log and values.min() >= 0 and min(panel.marks, default=1) > 0:
        axes.set_ylim(0, 1.06 * max(values.max(), *panel.marks, 1e-9))
    return {
        "title": panel.title,
        "unit": panel.unit + (f", of {lone}" if lone else "") + ("; logarithmic" if log else ""),
        "legend": legend,
        "warned": [f"{time:,}" for time in warned],
        "svg": pages.svg(figure, f"{panel.section}, {panel.title}: {'; '.join(words)}"),
    }


def _score_diagram(scores: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """Means with a band of ±2 standard errors; a diamond marks the best."""
    figure, axes = pages.figure(*_SIZE)
    lines = [line for line in scores if name in line.get("each", ())]
    seen = np.array([line["images"] for line in lines])
    means = np.array([line[name] for line in lines])
    each = [np.asarray(line["each"][name]) for line in lines]
    errors = [SURE * one.std(ddof=1) / np.sqrt(len(one)) if len(one) > 1 else 0 for one in each]
    colour = pages.SERIES[0]
    axes.fill_between(seen, means - errors, means + errors, color=colour, alpha=0.15, linewidth=0)
    axes.plot(seen, means, color=colour, linewidth=1.4)
    if len(seen) < 40:
        axes.plot(seen, means, "o", color=colour, markersize=4)
    best = int(means.argmin())
    axes.plot(seen[best], means[best], "D", color=pages.SERIES[1], markersize=7)
    _scale(axes, log=False)
    axes.set_xlim(0, seen[-1] * 1.03)
    words = f"{means[0]:.4g} at first, {means[-1]:.4g} at last, best {means[best]:.4g}"
    title = FIGURES[name].title
    return {
        "title": title,
        "unit": FIGURES[name].meaning,
        "legend": [],
        "warned": [],
        "svg": pages.svg(figure, f"{title} of the snapshots: {words} after {seen[best]:,} images"),
    }


def _scale(axes: Axes, *, log: bool) -> None:
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="y", which="minor", left=False)
    else:
        axes.locator_params(axis="y", nbins=5)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: pages.plain(value)))
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _curve(lines: Sequence[dict[str, Any]], name: str) -> Curve:
    """The values of an entry; very long curves are reduced to means of neighbours."""
    pairs = [(line["images"], line[name]) for line in lines if name in line]
    seen, values = np.array(pairs, np.float64).T
    parts = np.array_split(np.arange(len(seen)), min(len(seen), _POINTS))
    return (
        np.array([seen[part[-1]] for part in parts]),
        np.array([values[part].mean() for part in parts]),
    )


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians of a few neighbours, so that a single outlier does not bend the curve."""
    reach = len(values) // 40
    return np.array(
        [np.median(values[max(0, i - reach) : i + reach + 1]) for i in range(len(values))]
    )


def _ratio(curves: dict[str, Curve]) -> float:
    values = np.concatenate([value for _, value in curves.values()])
    return float(values.max() / values.min()) if values.min() > 0 else 1.0
