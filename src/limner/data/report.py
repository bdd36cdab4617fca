"""The report of a dataset, as a page and as JSON."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import PercentFormatter

from limner import images, pages
from limner.data.census import KINDS, Tables, census
from limner.errors import DataError, ImageError

__all__ = ["write_report"]

BY_CHOICE = frozenset({"near-duplicate", "smile balance", "surplus"})
"""Reasons for dropping good pictures; for any other reason, a picture is unusable."""

_MOST_LOST = 0.25
"""Fraction of unusable pictures that raises a warning; the 2018 study's worst source lost 20%."""
_MOST_APART = 0.1
"""Difference of photos and sketches in their fraction of smiles that raises one."""
_ROWS = 30
"""Sources in the tables of the page; the others are one row."""

_PLURAL = {"photo": "photos", "sketch": "sketches"}
_MEANINGS = {
    "unreadable": ("the file is damaged or not a picture", ""),
    "no face": ("no face was found in the picture", ""),
    "face too small": ("the outer eye corners are too close", "under {} px", "min_eye_distance"),
    "turned": ("the head is turned too far to a side", "yaw over {}°", "max_yaw"),
    "tilted": ("the eyes are too far off the horizontal", "roll over {}°", "max_roll"),
    "blurred": ("the face is not sharp", "under {} grey levels", "min_sharpness"),
    "near-duplicate": (
        "the dataset has the same picture",
        "at most {} of 256 bits differ",
        "max_hash_distance",
    ),
    "smile balance": ("smiles, and only one smiling face in N is kept", ""),
    "surplus": ("good, but more than the recipe requests", ""),
}


def write_report(path: Path, out: Path | None = None) -> Path:
    """Write `report.html` and `report.json` about a dataset.

    A dataset without a kept face has a report, too: on what was dropped. The same dataset gives the
    same bytes.

    Args:
        path: Folder of the dataset.
        out: Folder to write into; by default the dataset's own.

    Returns:
        The page.

    Raises:
        DataError: There is no dataset, or it is damaged.
        OutputError: The report cannot be written.
    """
    out = out or path
    tables = Tables(path)
    numbers = census(tables)
    checks = [{"good": good, "text": text} for good, text in _checks(numbers)]
    report = numbers | {"checks": checks}
    examples = _examples(tables)
    cleaning = report["recipe"].get("cleaning", {})
    text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    images.write_bytes(out / "report.json", text.encode())
    page = out / "report.html"
    pages.write(
        page,
        "data_report.html",
        report=report,
        sources=_first_sources(report["sources"]),
        meanings={reason: _meaning(reason, cleaning) for reason in report["dropped"]},
        diagrams=[_diagram(measure) for measure in report["distributions"]],
        kept=examples.pop("", []),
        examples=examples,
    )
    return page


def _checks(report: dict[str, Any]) -> Iterator[tuple[bool, str]]:
    """Checks of the dataset: for each whether it passed, and a sentence."""
    yield from _losses(report)
    yield from ((False, f"{warning}.") for warning in report["warnings"])
    if not report["faces"]:
        return
    short = [part for part in report["parts"] if part["kept"] < part["wanted"]]
    for part in short:
        yield False, f"{part['name']} gave {part['kept']:,} of {part['wanted']:,} requested faces."
    if not short and any(part["wanted"] for part in report["parts"]):
        yield True, "Every part of the recipe has all requested faces."
    yield _smile_check(report["smiles"])
    yield _split_check(report)
    unknown = [source for source in report["sources"] if source["faces"] and not source["licence"]]
    if unknown:
        faces = sum(source["faces"] for source in unknown)
        words = f"{_some(len(unknown), 'source')} with {_some(faces, 'face')}"
        yield False, f"No licence is recorded for {words}; give it with --source-info."
    else:
        yield True, "The licence of every source is recorded."


def _losses(report: dict[str, Any]) -> Iterator[tuple[bool, str]]:
    useless, share = _useless(report)
    said = f"{useless:,} of {report['looked_at']:,} pictures ({pages.percent(share)}) were unusable"
    yield (
        share <= _MOST_LOST,
        f"{said}: unreadable, without a face, or with one outside the limits.",
    )
    bad = [source for source in report["sources"] if _useless(source)[1] > _MOST_LOST]
    if bad and len(report["sources"]) > 1:
        worst = max(bad, key=lambda source: (_useless(source)[1], source["name"]))
        example = f"{worst['name']}: {_useless(worst)[0]:,} of {worst['looked_at']:,}"
        said = f"{_some(len(bad), 'source')} lost more than a quarter of the pictures that way"
        yield False, f"{said}; the worst is {example}."


def _useless(counts: dict[str, Any]) -> tuple[int, float]:
    """Number and fraction of unusable pictures of a dataset or a source."""
    useless = sum(n for reason, n in counts["dropped"].items() if reason not in BY_CHOICE)
    return useless, useless / max(counts["looked_at"], 1)


def _some(count: int, what: str) -> str:
    return f"{count:,} {what if count == 1 else what + 's'}"


def _smile_check(smiles: dict[str, dict[str, Any]]) -> tuple[bool, str]:
    shares = {kind: smiles[kind]["share"] for kind in KINDS if smiles[kind]["judged"]}
    if not shares:
        return False, "No face has a smile label or score."
    words = " and ".join(
        f"{pages.percent(share)} of the {_PLURAL[kind]}" for kind, share in shares.items()
    )
    if len(shares) == 1:
        return True, f"{words} with a smile label or score smile."
    if abs(shares["photo"] - shares["sketch"]) > _MOST_APART:
        return False, (
            f"{words} smile: a model that learns from both learns to change smiles. The setting "
            "smiling_one_in balances them."
        )
    return True, f"{words} smile: about the same."


def _split_check(report: dict[str, Any]) -> tuple[bool, str]:
    faces, people = report["held_out"], report["people_in_both_splits"]
    if not faces:
        return False, "No face is held out for testing."
    said = f"Held out for testing: {_some(faces, 'face')}"
    if people:
        return False, f"{said}; but {people:,} of the people are in both splits."
    if report["people"] == report["faces"]:
        return False, (
            f"{said}; but no person is known to have more than one face. If some do, set identity "
            "so that they stay in one split."
        )
    return True, f"{said}, of people who are not in the training split."


def _meaning(reason: str, cleaning: dict[str, float]) -> str:
    """Explanation of a reason, with the limit of the recipe."""
    words, *limit = _MEANINGS.get(reason, ("",))
    if len(limit) == 2 and limit[1] in cleaning:
        return f"{words} ({limit[0].format(f'{cleaning[limit[1]]:g}')})"
    return words


def _first_sources(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first sources, with the others added up in a last row."""
    if len(sources) <= _ROWS + 1:
        return sources
    others = sources[_ROWS:]
    row: dict[str, Any] = {"name": f"{len(others):,} others", "licence": "", "origin": ""}
    dropped: Counter[str] = Counter()
    for source in others:
        dropped.update(source["dropped"])
    for key in ("faces", "photos", "sketches", "held_out", "judged", "smiling", "looked_at"):
        row[key] = sum(source[key] for source in others)
    return [*sources[:_ROWS], row | {"dropped": dict(dropped)}]


def _diagram(measure: dict[str, Any]) -> dict[str, Any]:
    """A histogram of the faces of each kind, with a description."""
    figure, axes = pages.figure(340, 190)
    edges = measure["edges"]
    words = []
    for kind, colour in zip(KINDS, pages.SERIES, strict=False):
        if kind in measure["kinds"]:
            some = measure["kinds"][kind]
            shares = np.divide(some["counts"], some["faces"])
            filled = kind == KINDS[0] or len(measure["kinds"]) == 1
            axes.stairs(shares, edges, color=colour, fill=True, alpha=0.35 if filled else 0.1)
            axes.stairs(shares, edges, color=colour, linewidth=1.3)
            words.append(
                f"{_PLURAL[kind]}: median {some['median']:.4g}, nine in ten from {some['5%']:.4g} "
                f"to {some['95%']:.4g}"
            )
    limits = [limit for limit in measure["limits"] if edges[0] <= limit <= edges[-1]]
    for limit in limits:
        axes.axvline(limit, color=pages.INK, linewidth=1.2, linestyle=(0, (3, 2)))
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.locator_params(axis="y", nbins=4)
    description = f"{measure['title']}: {'; '.join(words)}"
    return {
        "title": measure["title"],
        "unit": measure["unit"],
        "limits": limits,
        "svg": pages.svg(figure, description),
    }


def _examples(tables: Tables) -> dict[str, list[dict[str, Any]]]:
    """Original pictures and their faces, by reason; '' for those that were kept."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in tables.rows("examples", "path", "source", "reason", "before", "after"):
        name = row["path"]
        shown = {"name": name, "source": row["source"], "detail": ""}
        for side in ("before", "after"):
            data = (row[side] or {}).get("bytes")
            try:
                shown[side] = pages.picture(data, name=name) if data else ""
            except ImageError as error:
                raise DataError(
                    f"{tables.path}/examples.parquet is damaged; prepare the dataset again"
                ) from error
        found[row["reason"]].append(shown)
    dropped = [example for reason, some in found.items() if reason for example in some]
    _tell(dropped, tables)
    return dict(found)


def _tell(examples: list[dict[str, Any]], tables: Tables) -> None:
    """Add to each example why it was dropped."""
    by_place = {(example["source"], example["name"]): example for example in examples}
    for row in tables.rows("dropped", "source", "path", "detail"):
        example = by_place.get((row["source"], row["path"]))
        if example is not None:
            example["detail"] = row["detail"] or ""
