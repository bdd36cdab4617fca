"""Score all snapshots of a run on drawings with ground-truth photos, in one table.

Training scores its snapshots on limner's own sketches of held-out photos; this scores them on
hand-drawn sketches, which are never trained on. Snapshots that are already in the table are
skipped, so the same command can be repeated during training to add the new ones. The table is
written as CSV, with 95% confidence intervals, and as Markdown.

    python benchmarks/snapshots.py RUN --sketches DIR... --ground-truth DIR... [--beside lifelike]
"""

import argparse
import csv
import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from limner import evaluation, images
from limner.engines import engine_of
from limner.features.cache import default_folder
from limner.metrics.faithfulness.detection import FaceDetection
from limner.metrics.faithfulness.smiles import SmileDrift
from limner.metrics.likeness.brightness import Brightness
from limner.metrics.likeness.fsim import Fsim
from limner.metrics.likeness.identity import Identity
from limner.metrics.likeness.skin import Skin
from limner.metrics.measuring import measure
from limner.metrics.realism.checkerboard import Checkerboard
from limner.metrics.score import Score
from limner.training.run import RunFolder, read_jsonl

METRICS = (
    *(Identity(), Checkerboard(), Fsim(), SmileDrift(against="ground_truth"), Brightness(), Skin()),
    FaceDetection(),
)
SHOWN = {
    "identity.rank1": "rank-1",
    "identity.genuine": "distance to the ground truth",
    "checkerboard.common": "grid, dB above photos",
    "fsim.grey": "FSIM",
    "smile.drift": "more smiles than in the ground truth",
    "brightness.drift": "brightness, compared with the ground truth",
    "skin.error": "skin, CIEDE2000",
    "detection.rate": "faces found",
}
"""Scores in the table, by their names in `limner measure --json`."""
KEYS = ("model", "drawings")
COLUMNS = (*KEYS, "n", *(f"{name}{end}" for name in SHOWN for end in ("", ".low", ".high")))
HELD_OUT = "held-out identity distance"

Row = dict[str, str]


def main() -> None:
    """Score the new snapshots, and write the table after each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument("--sketches", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument(
        "--ground-truth",
        type=Path,
        nargs="+",
        required=True,
        metavar="DIR",
        help="one folder per folder of sketches",
    )
    parser.add_argument("--beside", nargs="*", default=[], help="other models to include")
    parser.add_argument(
        "--every", type=int, default=1, help="score every n-th snapshot and the last"
    )
    parser.add_argument("--out", type=Path, help="table to write, without .csv; default: RUN/pairs")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 for all cores")
    options = parser.parse_args()
    if len(options.sketches) != len(options.ground_truth):
        parser.error("give as many folders of ground truth as of sketches")
    out = options.out or options.run / "pairs"
    snapshots = RunFolder(options.run).snapshots()
    chosen = snapshots[::-1][:: max(1, options.every)][::-1]
    models = [*options.beside, *map(str, chosen)]
    rows = read(out.with_suffix(".csv"))
    for sketches, ground_truth in zip(options.sketches, options.ground_truth, strict=True):
        for model in models:
            key = (called(model), drawings_of(sketches))
            if key not in rows:
                found = scores_of(model, sketches, ground_truth, options.workers)
                rows[key] = row_of(key, found)
                print(*(f"{name} {text}" for name, text in words(rows[key])), sep=", ", flush=True)
                write(out, rows, read_jsonl(RunFolder(options.run).scores_path))
    write(out, rows, read_jsonl(RunFolder(options.run).scores_path))
    print(f"table: {out.with_suffix('.md')}")


def called(model: str) -> str:
    """Return a model's name in the table; for a snapshot, the number of images seen."""
    name = Path(model).stem
    return name.removeprefix("snapshot-") if name.startswith("snapshot-") else name


def drawings_of(sketches: Path) -> str:
    """Return the name of a folder of sketches; its parent's name if its own is generic."""
    path = sketches.resolve()
    return path.parent.name if path.name in {"sketches", "drawings"} else path.name


def scores_of(model: str, sketches: Path, ground_truth: Path, workers: int) -> Mapping[str, Score]:
    """Return the scores of one model, computed as by `limner compare`."""
    with tempfile.TemporaryDirectory(prefix="limner-") as folder:
        candidates = evaluation.candidates([model], Path(folder), sketches=sketches)
        [evaluated] = evaluation.evaluation_sets(
            candidates, sketches=sketches, ground_truth=ground_truth
        ).values()
        engine = engine_of("local", workers=workers)
        return measure(evaluated, METRICS, engine=engine, cache=default_folder()).scores


def row_of(key: tuple[str, str], found: Mapping[str, Score]) -> Row:
    """Return a row of the table; missing scores are left empty."""
    row = dict.fromkeys(COLUMNS, "") | dict(zip(KEYS, key, strict=True))
    for name in [name for name in SHOWN if name in found]:
        estimate = found[name].estimate
        row["n"] = row["n"] or str(estimate.n)
        row |= {
            f"{name}{end}": f"{value:.6g}"
            for end, value in (
                ("", estimate.value),
                (".low", estimate.low),
                (".high", estimate.high),
            )
        }
    return row


def read(path: Path) -> dict[tuple[str, str], Row]:
    """Return the rows of a table by their keys; none if the file does not exist."""
    if not path.exists():
        return {}
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    if rows and tuple(rows[0]) != COLUMNS:
        raise SystemExit(f"{path} has other columns than this version writes: choose another --out")
    return {(row["model"], row["drawings"]): row for row in rows}


def write(
    out: Path, rows: Mapping[tuple[str, str], Row], scores: Sequence[Mapping[str, float]]
) -> None:
    """Write both files."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(ordered(rows))
    images.write_bytes(out.with_suffix(".csv"), text.getvalue().encode())
    images.write_bytes(out.with_suffix(".md"), page(rows, scores).encode())


def ordered(rows: Mapping[tuple[str, str], Row]) -> list[Row]:
    """Sort by drawings; then models by name, then snapshots by images seen."""
    return [rows[key] for key in sorted(rows, key=lambda key: (key[1], key[0].isdigit(), key[0]))]


def page(rows: Mapping[tuple[str, str], Row], scores: Sequence[Mapping[str, float]]) -> str:
    """Return the Markdown page, with a table for each folder of drawings."""
    held_out = {
        f"{int(line['images']):09}": line["identity"] for line in scores if "identity" in line
    }
    lines: list[str] = []
    for drawings in sorted({key[1] for key in rows}):
        some = [row for row in ordered(rows) if row["drawings"] == drawings]
        heads = ["images seen", *SHOWN.values(), HELD_OUT]
        lines += [f"## {drawings} ({some[0]['n']} drawings)", "", line_of(heads)]
        lines += [line_of(["---"] + ["---:"] * (len(heads) - 1))]
        for row in some:
            score = held_out.get(row["model"])
            last = "" if score is None else f"{score:.3f}"
            lines.append(
                line_of([text for name, text in words(row) if name != "drawings"] + [last])
            )
        lines.append("")
    return "\n".join(lines)


def words(row: Row) -> Iterable[tuple[str, str]]:
    """Yield the formatted cells of a row."""
    model = row["model"]
    yield "model", f"{int(model):,}" if model.isdigit() else model
    yield "drawings", row["drawings"]
    for name in SHOWN:
        value = row[name]
        if not value:
            yield name, ""
        elif name in {"identity.rank1", "smile.drift", "brightness.drift", "detection.rate"}:
            yield name, f"{100 * float(value):.1f}%"
        else:
            yield (
                name,
                f"{float(value):.{1 if name in {'checkerboard.common', 'skin.error'} else 3}f}",
            )


def line_of(cells: Iterable[str]) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
