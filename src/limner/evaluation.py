"""Turns what a user names (a model, a run or a folder of results) into an evaluation set.

Photos are generated as by `limner photo`.
"""

import os
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from limner import batch, images
from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO, Direction
from limner.errors import UsageError
from limner.features.evaluation_set import EvaluationSet
from limner.makers import Photos
from limner.shipped import shipped_models
from limner.translator import Translator

__all__ = [
    "Candidate",
    "candidates",
    "evaluation_sets",
    "holds_pictures",
    "make_photos",
    "models_of",
    "reconstruct_sketches",
]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A model, a run or a folder of results to evaluate."""

    name: str
    generated: Path
    """Folder of its photos."""
    back: Path | None = None
    """Folder of the sketches reconstructed from them."""
    notes: tuple[str, ...] = ()
    """Failures during generation."""


def models_of(named: Iterable[str], folder: Path) -> dict[Direction, str]:
    """The models that a user named, by direction.

    Args:
        named: Shipped names, `.onnx` files, snapshots or run folders. The best snapshot of a run
            is exported in all its directions.
        folder: Where to export them.

    Raises:
        UsageError: Two have the same direction.
        ModelError: One is not a model.
        RunError: A run has no snapshot.
        MissingExtraError: A run is named and torch is not installed.
    """
    found: dict[Direction, str] = {}
    for name in named:
        for direction, model in _directions(name, folder).items():
            if direction in found:
                raise UsageError(f"{found[direction]} and {model} are both {direction}; name one")
            found[direction] = model
    return found


def _directions(name: str, folder: Path) -> dict[Direction, str]:
    path = Path(name)
    if name not in shipped_models() and (path.is_dir() or path.suffix == ".safetensors"):
        return _exported(path, folder)
    return {Translator(name).card.direction: name}


def _exported(source: Path, folder: Path) -> dict[Direction, str]:
    from limner.export import directions_of, export

    exported: dict[Direction, str] = {}
    for direction in directions_of(source):
        model = folder / f"{source.stem}-{direction}.onnx"
        export(source, model, direction=direction, name=source.stem)
        exported[direction] = str(model)
    return exported


def make_photos(sketches: Path, model: str, out: Path, *, as_is: bool = False) -> tuple[str, ...]:
    """Generate a photo of each sketch; returns the failures.

    Raises:
        UsageError: There are no sketches.
        OutputError: The photos cannot be written.
        Interrupted: By Ctrl-C; finished photos are complete.
    """
    return _make(sketches, Photos(model=model, as_is=as_is), out)


def reconstruct_sketches(
    generated: Path, model: str, out: Path, *, as_is: bool = False
) -> tuple[str, ...]:
    """Make a sketch of each generated photo; returns the failures.

    Square photos are treated as aligned crops, as in `limner.features.framing`; in others, unless
    `as_is`, the face is detected.

    Raises:
        UsageError: There are no photos.
        OutputError: The sketches cannot be written.
        Interrupted: By Ctrl-C; finished sketches are complete.
    """
    return _make(generated, Photos(model=model, as_is=as_is, square_as_is=True), out)


def _make(source: Path, start: Photos, out: Path) -> tuple[str, ...]:
    work = batch.jobs([str(source)], str(out))
    outcome = batch.run(work, start, engine=batch.engine_for(work))
    if outcome.stopped is not None:
        raise outcome.stopped
    if not outcome.done:
        raise UsageError(f"no picture in {source} could be translated: {outcome.failures[0]}")
    return tuple(outcome.failures)


def candidates(
    named: Sequence[str], folder: Path, *, sketches: Path | None = None, as_is: bool = False
) -> list[Candidate]:
    """The candidates that a user named; models and runs generate their photos.

    Args:
        named: Folders of results, shipped names, `.onnx` files, snapshots, run folders.
        folder: Where to write the photos.
        sketches: Folder of the sketches to generate them from.
        as_is: Whether the sketches are aligned crops.

    Raises:
        UsageError: One does not exist, one is named twice, a model is named without sketches, or
            it makes no photos.
        LimnerError: See `models_of` and `make_photos`.
    """
    found: list[Candidate] = []
    for name, title in zip(named, _titles(named), strict=True):
        path = Path(name)
        is_run = path.is_dir() and (path / "config.json").exists()
        if path.is_dir() and not is_run and name not in shipped_models():
            found.append(Candidate(name=title, generated=path))
            continue
        if name not in shipped_models() and not path.exists():
            raise UsageError(
                f"there is no {name}; name a folder of generated photos, a run, an .onnx file, or "
                f"one of {', '.join(shipped_models())}"
            )
        if sketches is None:
            raise UsageError(f"{name} makes photos from sketches; name them: --sketches DIR")
        place = folder / title.replace("/", "-")
        models = models_of([name], place)
        if SKETCH_TO_PHOTO not in models:
            raise UsageError(f"{name} makes no photos from sketches; export the other direction")
        notes = make_photos(sketches, models[SKETCH_TO_PHOTO], place / "generated", as_is=as_is)
        back = None
        if PHOTO_TO_SKETCH in models:
            back = place / "back"
            notes += reconstruct_sketches(
                place / "generated", models[PHOTO_TO_SKETCH], back, as_is=as_is
            )
        found.append(Candidate(name=title, generated=place / "generated", back=back, notes=notes))
    return found


def _titles(named: Sequence[str]) -> list[str]:
    """Short unique names: the fewest trailing parts of their paths that differ."""
    parts = [
        # Not resolved: a link keeps the name that the user gave it.
        (name,) if name in shipped_models() else Path(os.path.abspath(name)).parts  # noqa: PTH100
        for name in named
    ]
    for name, part in zip(named, parts, strict=True):
        if parts.count(part) > 1:
            raise UsageError(f"{name} is named twice; name each once")
    for length in range(1, max(map(len, parts), default=0) + 1):
        whole = ["/".join(part[-length:]) for part in parts]
        for short in ([name.removesuffix(".onnx") for name in whole], whole):
            if len(set(short)) == len(named):
                return short
    return list(named)


def holds_pictures(folder: Path) -> bool:
    """Whether a folder contains pictures."""
    return folder.is_dir() and bool(images.files_below(folder))


def evaluation_sets(
    found: Sequence[Candidate],
    *,
    sketches: Path | None = None,
    ground_truth: Path | None = None,
    real: Path | None = None,
    training: Path | None = None,
    size: int | None = None,
    as_is: bool = False,
) -> dict[str, EvaluationSet]:
    """The evaluation set of each candidate: the pictures that all of them have, at one size.

    Args:
        found: The candidates.
        sketches: See `EvaluationSet.of_folders`, as for the others.
        ground_truth: As above.
        real: As above.
        training: As above.
        size: Side in px; by default the largest of the candidates' own.
        as_is: As above.

    Raises:
        UsageError: The candidates have no picture in common; see also `EvaluationSet.of_folders`.
    """
    sets = {
        candidate.name: EvaluationSet.of_folders(
            candidate.generated,
            sketches=sketches,
            ground_truth=ground_truth,
            back=candidate.back,
            real=real,
            training=training,
            size=size,
            as_is=as_is,
        )
        for candidate in found
    }
    names = set.intersection(*(set(evaluated.rows) for evaluated in sets.values()))
    if not names:
        raise UsageError(f"no picture has the same name in all of {', '.join(sets)}")
    side = max(evaluated.size for evaluated in sets.values())
    alike = {name: _alike(evaluated, names, side) for name, evaluated in sets.items()}
    if real is not None or ground_truth is None:
        return alike
    return {name: evaluated.compared_with_ground_truth() for name, evaluated in alike.items()}


def _alike(evaluated: EvaluationSet, names: Set[str], side: int) -> EvaluationSet:
    """The evaluation set with these pictures only, at this size."""
    warnings = list(evaluated.warnings)
    if len(names) < len(evaluated.rows):
        warnings.append(
            f"{len(evaluated.rows) - len(names)} of the {len(evaluated.rows)} generated photos "
            "are excluded, since not all candidates have a photo of that name"
        )
    rows = {name: row for name, row in evaluated.rows.items() if name in names}
    return replace(evaluated, rows=rows, size=side, warnings=tuple(warnings))
