"""Statistics of a dataset.

Columns are read one or a few at a time, and no picture is opened, so that memory use does not
depend on the size of the pictures.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from limner import __version__
from limner.data.cleaning import REASONS
from limner.data.items import Kind
from limner.data.recipe import RENAMED
from limner.data.schema import DROPPED, EXAMPLES, FACES
from limner.errors import DataError
from limner.faces.smile import SMILING
from limner.settings import with_present_names

__all__ = ["KINDS", "Tables", "census"]

KINDS: tuple[Kind, ...] = ("photo", "sketch")

_BINS = 30


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of `faces.parquet` whose distribution is shown."""

    column: str
    title: str
    unit: str
    limit: str = ""
    """Name of the limit in the recipe's `cleaning`."""
    both_sides: bool = False
    """Whether the limit applies on both sides of 0."""
    most: float | None = None
    """Upper end, if it is fixed."""


MEASURES = (
    Column(
        column="eye_distance",
        title="Size",
        unit="px between the outer eye corners, in the original picture",
        limit="min_eye_distance",
    ),
    Column(
        column="sharpness",
        title="Sharpness",
        unit="grey levels, standard deviation of the Laplacian",
        limit="min_sharpness",
    ),
    Column(
        column="turn",
        title="Yaw",
        unit="degrees that the head is turned to a side",
        limit="max_yaw",
        both_sides=True,
    ),
    Column(
        column="angle",
        title="Roll",
        unit="degrees between the eye line and the horizontal",
        limit="max_roll",
        both_sides=True,
    ),
    Column(column="smile", title="Smile", unit="score or label, 0 to 1", most=1.0),
)


class Tables:
    """The tables of a dataset, read by column; without `faces.parquet` if no face was kept."""

    def __init__(self, path: Path) -> None:
        """Open them.

        Raises:
            DataError: There is no dataset, or it is damaged.
        """
        self.path = path
        self.has_faces = (path / "faces.parquet").exists()
        if not self.has_faces and not (path / "dropped.parquet").exists():
            raise DataError(
                f"{path} contains no dataset (no faces.parquet); make one: "
                f"limner prepare PHOTOS {path}"
            )
        self.about: dict[str, Any] = {}
        for name, schema in (("faces", FACES), ("dropped", DROPPED), ("examples", EXAMPLES)):
            if name == "faces" and not self.has_faces:
                continue
            file = path / f"{name}.parquet"
            if not file.exists():
                raise DataError(f"{file} is missing; prepare the dataset again")
            try:
                found = pq.read_schema(file)
                if name == "faces":
                    self.about = json.loads(found.metadata[b"limner"])
                    self.about["preprocessing"]["size"], self.about["sources"]
            except (pa.ArrowException, OSError, TypeError, KeyError, ValueError) as error:
                raise _damaged(file) from error
            if found.names != schema.names:
                raise DataError(
                    f"{file} was written by another version of limner; prepare the dataset again"
                )

    def read(self, name: str, *columns: str) -> pa.Table:
        """Some columns of a table. Raises DataError."""
        file = self.path / f"{name}.parquet"
        repeated = [c for c in columns if c in ("source", "kind", "split", "reason")]
        try:
            table = pq.read_table(
                file, columns=list(columns), read_dictionary=repeated, pre_buffer=False
            )
            return table.unify_dictionaries()  # each row group has its own
        except (pa.ArrowException, OSError) as error:
            raise _damaged(file) from error

    def rows(self, name: str, *columns: str) -> Iterator[dict[str, Any]]:
        """The rows of a table one by one, to save memory. Raises DataError."""
        file = self.path / f"{name}.parquet"
        try:
            with pq.ParquetFile(file) as opened:
                for batch in opened.iter_batches(512, columns=list(columns)):
                    yield from batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise _damaged(file) from error


def _damaged(file: Path) -> DataError:
    return DataError(f"{file} is damaged or not limner's; prepare the dataset again")


def census(tables: Tables) -> dict[str, Any]:
    """All numbers of a report, JSON-ready.

    Raises:
        DataError: A table is damaged.
    """
    about = tables.about
    recipe = with_present_names(about.get("recipe", {}), RENAMED)
    sources = _sources(tables)
    lost: Counter[str] = Counter()
    for source in sources:
        lost.update(source["dropped"])
    faces = sum(source["faces"] for source in sources)
    people, in_both = _people(tables)
    return {
        "name": recipe.get("name") or tables.path.resolve().name,
        "version": about.get("version", __version__),
        "faces": faces,
        "looked_at": faces + lost.total(),
        "photos": sum(source["photos"] for source in sources),
        "sketches": sum(source["sketches"] for source in sources),
        "held_out": sum(source["held_out"] for source in sources),
        "people": people,
        "people_in_both_splits": in_both,
        "dropped": {reason: lost[reason] for reason in sorted(lost, key=_order)},
        "preprocessing": about.get("preprocessing", {}),
        "recipe": recipe,
        "parts": _parts(about),
        "warnings": about.get("warnings", []),
        "smiles": _smiles(tables),
        "sources": sources,
        "distributions": _distributions(tables, recipe.get("cleaning", {})),
    }


def _sources(tables: Tables) -> list[dict[str, Any]]:
    """Counts of each source, the largest first."""
    empty = {"faces": 0, "photos": 0, "sketches": 0, "held_out": 0, "judged": 0, "smiling": 0}
    found: dict[str, dict[str, Any]] = {}

    def of(name: str) -> dict[str, Any]:
        return found.setdefault(name, {"name": name, **empty, "dropped": {}})

    if tables.has_faces:
        faces = tables.read("faces", "source", "kind", "split", "smile")
        smiling = pc.greater(faces["smile"], SMILING)
        faces = faces.append_column("smiling", smiling).append_column(
            "judged", pc.is_valid(faces["smile"])
        )
        groups = faces.group_by(["source", "kind", "split"])
        sums = [([], "count_all"), ("judged", "sum"), ("smiling", "sum")]
        for row in groups.aggregate(sums).to_pylist():
            source, n = of(row["source"]), row["count_all"]
            source["faces"] += n
            source["photos" if row["kind"] == "photo" else "sketches"] += n
            source["held_out"] += n if row["split"] == "test" else 0
            source["judged"] += row["judged_sum"]
            source["smiling"] += row["smiling_sum"] or 0
    dropped = tables.read("dropped", "source", "reason").group_by(["source", "reason"])
    for row in dropped.aggregate([([], "count_all")]).to_pylist():
        of(row["source"])["dropped"][row["reason"]] = row["count_all"]
    for name, source in found.items():
        facts = tables.about.get("sources", {}).get(name, {})
        source |= {key: facts.get(key, "") for key in ("licence", "origin")}
        reasons = sorted(source["dropped"], key=_order)
        source["dropped"] = {reason: source["dropped"][reason] for reason in reasons}
        source["looked_at"] = source["faces"] + sum(source["dropped"].values())
    return sorted(found.values(), key=lambda s: (-s["faces"], -s["looked_at"], s["name"]))


def _order(reason: str) -> tuple[int, str]:
    known: tuple[str, ...] = REASONS
    return (known.index(reason) if reason in known else len(known)), reason


def _people(tables: Tables) -> tuple[int, int]:
    """Number of people, as far as known, and how many of them are in more than one split."""
    if not tables.has_faces:
        return 0, 0
    groups = tables.read("faces", "identity", "split").group_by("identity")
    splits = groups.aggregate([("split", "count_distinct")])["split_count_distinct"]
    return len(splits), pc.sum(pc.greater(splits, 1)).as_py() or 0


def _parts(about: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of the recipe with their fractions of smiles, None without labels or scores."""
    made = []
    for share in about.get("parts", []):
        before, after = (
            share[f"smiling_{when}"] / share[f"judged_{when}"] if share[f"judged_{when}"] else None
            for when in ("found", "kept")
        )
        made.append(share | {"smiling_share_before": before, "smiling_share_after": after})
    return made


def _smiles(tables: Tables) -> dict[str, dict[str, Any]]:
    """How many faces of each kind smile, of those with a label or score."""
    counts: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        scores = _values(tables, "smile", kind)
        smiling = int((scores > SMILING).sum())
        share = smiling / len(scores) if len(scores) else None
        counts[kind] = {"judged": len(scores), "smiling": smiling, "share": share}
    return counts


def _values(tables: Tables, column: str, kind: str) -> NDArray[np.float32]:
    if not tables.has_faces:
        return np.empty(0, np.float32)
    table = tables.read("faces", column, "kind")
    chosen = table.filter(pc.equal(table["kind"], kind))[column].drop_null()
    values: NDArray[np.float32] = chosen.to_numpy()
    return values[np.isfinite(values)]


def _distributions(tables: Tables, cleaning: dict[str, float]) -> list[dict[str, Any]]:
    made = []
    for measure in MEASURES:
        values = {kind: _values(tables, measure.column, kind) for kind in KINDS}
        values = {kind: some for kind, some in values.items() if len(some)}
        if not values:
            continue
        limit = cleaning.get(measure.limit)
        limits = [] if limit is None else [-limit, limit] if measure.both_sides else [limit]
        edges = _edges(list(values.values()), measure)
        kinds = {kind: _summary(some, edges) for kind, some in values.items()}
        made.append(
            {
                "column": measure.column,
                "title": measure.title,
                "unit": measure.unit,
                "limits": limits,
                "edges": edges.tolist(),
                "kinds": kinds,
            }
        )
    return made


def _edges(values: list[NDArray[np.float32]], measure: Column) -> NDArray[np.float64]:
    """Round edges of the bars, which cover nearly all values."""
    low, high = 0.0, measure.most
    if high is None:
        high = max(float(np.quantile(np.abs(some), 0.998)) for some in values)
    if measure.both_sides:
        low = -high
    locator = MaxNLocator(nbins=_BINS, steps=[1, 2, 2.5, 5, 10])
    edges: NDArray[np.float64] = np.round(locator.tick_values(low, max(high, low + 1e-3)), 6)
    return edges


def _summary(values: NDArray[np.float32], edges: NDArray[np.float64]) -> dict[str, Any]:
    low, five, middle, most, high = np.quantile(values, [0, 0.05, 0.5, 0.95, 1]).tolist()
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].tolist()
    return {
        "faces": len(values),
        "least": low,
        "5%": five,
        "median": middle,
        "95%": most,
        "greatest": high,
        "counts": counts,
    }
