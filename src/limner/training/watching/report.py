"""The report of a run: `limner plot`."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner import __version__, images, pages
from limner.errors import ImageError, RunError
from limner.settings import flatten
from limner.training.config import FOLDERS, Config
from limner.training.run import RunFolder, read_jsonl
from limner.training.selection import FIGURES, SURE, better, deciding, out_of_patience
from limner.training.watching.console import time_left
from limner.training.watching.curves import diagrams, score_diagrams
from limner.training.watching.monitors import troubles

__all__ = ["write_report"]

_TIMES = 6
"""Number of sample grids on the page."""
_ROWS = 24
"""Rows of the table; of more snapshots, it shows the best, the last, and some in between."""
_HIDDEN = FOLDERS | {"experiment"}
"""Settings that are paths, or are in the heading."""


def write_report(path: Path) -> Path:
    """Write `report.html` about the run in a folder, finished or not.

    The same run gives the same bytes.

    Args:
        path: The run folder.

    Returns:
        Path of the page.

    Raises:
        RunError: There is no run, or its logs cannot be read.
        OutputError: The page cannot be written.
    """
    run = RunFolder(path)
    config = run.config()
    lines = read_jsonl(run.stats_path)
    scores = read_jsonl(run.scores_path)
    warnings = read_jsonl(run.warnings_path)
    spoke: dict[tuple[str, str], list[int]] = defaultdict(list)
    for warning in warnings:
        spoke[warning["monitor"], warning["about"]].append(warning["images"])
    page = path / "report.html"
    pages.write(
        page,
        "run_report.html",
        name=path.resolve().name,
        config=config,
        facts=_facts(config, lines, scores),
        checks=_checks(run, config, lines, scores, warnings),
        snapshots=_snapshots(scores),
        figures=[FIGURES[name] for name in FIGURES if any(name in line for line in scores)],
        score_diagrams=score_diagrams(scores),
        times=_times(run),
        diagrams=diagrams(lines, config, spoke) if lines else {},
        settings=_settings(config),
        version=__version__,
    )
    return page


def _facts(
    config: Config, lines: Sequence[dict[str, Any]], scores: Sequence[dict[str, Any]]
) -> list[tuple[str, str]]:
    """Key values of the run, with their labels."""
    seen = lines[-1]["images"] if lines else 0
    found = [(f"{seen:,}", f"of {config.images:,} images seen")]
    if timed := [line for line in lines if "rate" in line]:
        counts = np.diff([0] + [line["images"] for line in timed])
        rates = np.array([line["rate"] for line in timed])
        seconds = float((counts / np.maximum(rates, 1e-9)).sum())
        found.append((time_left(seconds), "training time"))
        found.append((pages.number(float(np.median(rates))), "images per second (median)"))
    if name := deciding(scores):
        best = min(scores, key=lambda line: float(line[name]))
        title = FIGURES[name].title
        found.append((f"{best[name]:.3g}", f"best {title}, after {best['images']:,} images"))
    found.append((f"{config.size} px", f"side of an image; batches of {config.batch}"))
    return found


def _checks(
    run: RunFolder,
    config: Config,
    lines: Sequence[dict[str, Any]],
    scores: Sequence[dict[str, Any]],
    warnings: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Checks of the run: whether each is good, and a sentence."""
    found = [{"good": True, "text": _standing(config, lines, scores)}]
    if run.snapshots():
        why = run.choose().why
        found.append({"good": True, "text": f"To export: {why}."})
    now = {(trouble.monitor, trouble.about): trouble for trouble in troubles(lines, config)}
    for warning in warnings:
        trouble = now.pop((warning["monitor"], warning["about"]), None)
        ending = "Still so at the end" if trouble else "No longer so at the end"
        since = f"After {warning['images']:,} images"
        text = f"{since} {warning['text']}. {ending}."
        found.append({"good": trouble is None, "text": text})
    if lines and not warnings:
        text = "No warnings: no discriminator won, no collapse, no colour drift."
        found.append({"good": True, "text": text})
    return found


def _standing(
    config: Config, lines: Sequence[dict[str, Any]], scores: Sequence[dict[str, Any]]
) -> str:
    seen = lines[-1]["images"] if lines else 0
    if seen >= config.images:
        return f"The run is complete, after {seen:,} images."
    if out_of_patience(scores, config.patience):
        return (
            f"The run ended early, after {seen:,} of {config.images:,} images: there was no better "
            f"snapshot for {config.patience:,} images (patience)."
        )
    rate = lines[-1].get("rate", 0.0) if lines else 0.0
    left = time_left((config.images - seen) / rate) if rate > 0 else ""
    goes = f"{left} left" if left else "nothing is logged yet"
    return f"The run has seen {seen:,} of {config.images:,} images; {goes}."


def _snapshots(scores: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the table of scores."""
    name = deciding(scores)
    best = min(scores, key=lambda line: float(line[name])) if name else None
    names = [figure for figure in FIGURES if any(figure in line for line in scores)]
    places = set(np.linspace(0, len(scores) - 1, min(_ROWS, len(scores))).round().astype(int))
    rows = []
    for place, line in enumerate(scores):
        if place not in places and line is not best:
            continue
        row = {"images": line["images"], "best": line is best, "behind": "", "noise": False}
        row["figures"] = [line.get(figure) for figure in names]
        if best is not None and name is not None and line is not best:
            ahead, error = better(best, line, name)
            row["behind"] = f"{pages.number(ahead, 4)} ± {pages.number(SURE * error, 4)}"
            row["noise"] = ahead <= SURE * error
        rows.append(row)
    return rows


def _times(run: RunFolder) -> list[dict[str, Any]]:
    """For each block of the grids: rows of inputs, of results over time, and of ground truth."""
    try:
        layout = json.loads(run.layout_path.read_text(encoding="utf-8"))
        side, gap, columns = (int(layout[name]) for name in ("side", "gap", "columns"))
        blocks = [
            (str(one["title"]), int(one["pictures"]), [str(step) for step in one["steps"]])
            for one in layout["blocks"]
        ]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return []  # from an earlier version, or damaged
    least = min([side, columns, *(min(count, len(steps) - 1) for _, count, steps in blocks)])
    if least < 1 or gap < 0:
        return []
    grids = run.grids()
    chosen = np.linspace(0, len(grids) - 1, min(_TIMES, len(grids))).round().astype(int)
    shown = [(int(grids[place].stem), _read(grids[place])) for place in chosen]
    cells = sum(len(steps) * -(-count // columns) for _, count, steps in blocks)
    # Grids of another size were written before `sample_sketches` changed.
    width = min(columns, max((count for _, count, _ in blocks), default=0)) * (side + gap) + gap
    height = cells * (side + gap) + gap
    shown = [(seen, grid) for seen, grid in shown if grid.shape[:2] == (height, width)]
    if not shown:
        return []
    found = []
    top = gap
    for title, count, steps in blocks:

        def row(label: str, step: int, of: int = -1, *, top: int = top, count: int = count) -> Any:
            first = top + step * (side + gap)
            lefts = [gap + place * (side + gap) for place in range(min(count, columns))]
            faces = [shown[of][1][first : first + side, left : left + side] for left in lefts]
            return {"label": label, "pictures": [_picture(face) for face in faces]}

        rows = [row("input", 0)]
        rows += [row(f"{seen:,}", 1, of) for of, (seen, _) in enumerate(shown)]
        if len(steps) > 2:
            rows.append(row("ground truth" if steps[2] == "truth" else "cycle", 2))
        found.append({"title": title, "columns": columns, "side": side, "rows": rows})
        top += (side + gap) * len(steps) * -(-count // columns)
    return found


def _picture(face: NDArray[np.uint8]) -> str:
    return pages.picture(images.encode(face), name="a sample grid", side=len(face))


def _read(path: Path) -> Any:
    try:
        return images.read(path)
    except ImageError as error:
        raise RunError(f"{error}; remove it to plot the run without this grid") from error


def _settings(config: Config) -> dict[str, list[dict[str, Any]]]:
    """All settings by group, and which differ from limner's defaults."""
    values = flatten(config.to_dict())
    usual = flatten(Config(experiment=config.experiment).to_dict())
    groups: dict[str, list[dict[str, Any]]] = {"": []}
    for name, value in values.items():
        if name in _HIDDEN:
            continue
        group, _, last = name.rpartition(".")
        text = json.dumps(value) if isinstance(value, bool | list) else str(value)
        changed = usual.get(name) != value
        groups.setdefault(group, []).append({"name": last, "value": text, "changed": changed})
    return groups
