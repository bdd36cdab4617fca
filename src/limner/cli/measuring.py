"""`limner measure` and `limner compare`."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.cli.shared import Workers, complain
from limner.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from limner.engines import Engine
    from limner.metrics.measuring import Skipped
    from limner.metrics.metric import Metric
    from limner.metrics.resampling import Resampling

__all__ = ["compare", "measure"]

Sketches = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the sketches that the photos were generated from, with the same names."
    ),
]
GroundTruth = Annotated[
    Path | None, typer.Option(help="Folder of the ground-truth photos, with the same names.")
]
Real = Annotated[
    Path | None,
    typer.Option(
        help="Reference set of real photos: a folder, or a dataset made by `limner prepare` (its "
        "held-out photos, or all if they are fewer than 100); by default the ground truth."
    ),
]
Training = Annotated[
    Path | None,
    typer.Option(help="Folder or dataset that the model was trained on, to find memorised faces."),
]
Weights = Annotated[
    list[str] | None,
    typer.Option(
        help="NAME=FILE of a network that is not part of limner: inception, vgg, lpips or dists."
    ),
]
Landmarks = Annotated[
    int,
    typer.Option(help="Landmarks per face: 5, or 68 by a predictor that excludes commercial use."),
]
Size = Annotated[
    int | None,
    typer.Option(
        min=32,
        max=1024,
        help="Side in px at which faces are compared; by default that of the generated photos.",
    ),
]
AsIs = Annotated[
    bool, typer.Option("--aligned", help="All pictures are aligned crops: skip face detection.")
]
Resamples = Annotated[
    int, typer.Option(min=100, help="Bootstrap resamples behind each confidence interval.")
]
Cache = Annotated[
    Path | None,
    typer.Option(show_default="limner's own", help="Folder in which features are cached."),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Neither read nor write cached features.")
]
Json = Annotated[Path | None, typer.Option("--json", help="Write all scores to this file.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write a page with scores and pictures.")]


def measure(
    generated: Annotated[
        Path,
        typer.Option(
            show_default=False,
            help="Folder of generated photos; if it is empty, --model generates them.",
        ),
    ],
    sketches: Sketches = None,
    ground_truth: GroundTruth = None,
    real: Real = None,
    training: Training = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="The model: a name, an .onnx file or a run. A photo-to-sketch model is used for "
            "cycle consistency. May be repeated."
        ),
    ] = None,
    weights: Weights = None,
    landmarks: Landmarks = 5,
    size: Size = None,
    as_is: AsIs = False,
    resamples: Resamples = 1000,
    workers: Workers = 0,
    cache: Cache = None,
    no_cache: NoCache = False,
    json: Json = None,
    html: Html = None,
) -> None:
    """Evaluate generated photos: at least one score for each way a model can fail.

    Realism, identity, structure, strokes, landmarks, smiles, skin, sharpness, checkerboard,
    collapse, memorisation: each is computed if its inputs are given; otherwise the report says what
    is missing. Every score has a 95% confidence interval.

    - `limner measure --generated results/ --sketches drawings/`
    - `limner measure --generated results/ --ground-truth photos/ --html report.html`
    - `limner measure --generated results/ --sketches drawings/ --model portrait --real sets/mine`
    """
    from limner import evaluation
    from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO
    from limner.features.evaluation_set import EvaluationSet
    from limner.metrics.measuring import measure as measure_subject
    from limner.metrics.reports import evaluation as report
    from limner.metrics.reports.console import table

    _check_apart(json, html)
    metrics, lacking = _metrics(weights, landmarks)
    with _stoppable(), tempfile.TemporaryDirectory(prefix="limner-") as folder:
        back = None
        notes: tuple[str, ...] = ()
        models = evaluation.models_of(model or [], Path(folder))
        if SKETCH_TO_PHOTO in models and evaluation.holds_pictures(generated):
            _say(
                [
                    f"{generated} already contains pictures: these are evaluated; to generate "
                    "others, name a new folder"
                ]
            )
        elif SKETCH_TO_PHOTO in models:
            if sketches is None:
                raise UsageError("to generate photos, name the sketches: --sketches DIR")
            notes += evaluation.make_photos(
                sketches, models[SKETCH_TO_PHOTO], generated, as_is=as_is
            )
        if PHOTO_TO_SKETCH in models:
            back = Path(folder) / "back"
            notes += evaluation.reconstruct_sketches(
                generated, models[PHOTO_TO_SKETCH], back, as_is=as_is
            )
        _say(notes)
        evaluated = EvaluationSet.of_folders(
            generated,
            sketches=sketches,
            ground_truth=ground_truth,
            back=back,
            real=real,
            training=training,
            size=size,
            as_is=as_is,
        )
        measured = measure_subject(
            evaluated,
            metrics,
            unavailable=lacking,
            resampling=_resampling(resamples),
            engine=_engine(workers),
            cache=_cache(cache, no_cache),
        )
        table(measured)
        if json is not None:
            report.write_json(measured, json)
        if html is not None:
            report.write_page(measured, html)
            typer.echo(f"report: {html}", err=True)
    if notes or measured.failed:
        raise typer.Exit(1)


def compare(
    candidates: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            show_default=False,
            help="Models (names, .onnx files), training runs or folders of generated photos; each "
            "is compared with the first.",
        ),
    ],
    sketches: Sketches = None,
    ground_truth: GroundTruth = None,
    real: Real = None,
    training: Training = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Keep the generated photos in this folder."),
    ] = None,
    weights: Weights = None,
    landmarks: Landmarks = 5,
    size: Size = None,
    as_is: AsIs = False,
    resamples: Resamples = 1000,
    workers: Workers = 0,
    cache: Cache = None,
    no_cache: NoCache = False,
    json: Json = None,
    html: Html = None,
) -> None:
    """Compare models, runs or folders of results by all metrics.

    Shows a table with confidence intervals, differences tested on paired pictures, and the best,
    median and worst examples side by side.

    - `limner compare portrait mine.onnx --sketches drawings/ --ground-truth photos/`
    - `limner compare runs/a runs/b --sketches drawings/ --real sets/mine`
    - `limner compare results-1/ results-2/ --sketches drawings/`
    """
    from limner import evaluation
    from limner.metrics.comparison import compare as compare_measured
    from limner.metrics.measuring import measure as measure_subject
    from limner.metrics.reports import comparison as comparison_report
    from limner.metrics.reports.console import comparison_table

    if len(candidates) < 2:
        raise UsageError("name at least two candidates to compare; limner measure evaluates one")
    _check_apart(json, html)
    metrics, lacking = _metrics(weights, landmarks)
    with _stoppable(), tempfile.TemporaryDirectory(prefix="limner-") as folder:
        found = evaluation.candidates(
            candidates, out or Path(folder), sketches=sketches, as_is=as_is
        )
        # Candidates share their sketches, so they often fail on the same ones.
        _say(list(dict.fromkeys(note for candidate in found for note in candidate.notes)))
        evaluation_sets = evaluation.evaluation_sets(
            found,
            sketches=sketches,
            ground_truth=ground_truth,
            real=real,
            training=training,
            size=size,
            as_is=as_is,
        )
        measured = {
            name: measure_subject(
                evaluated,
                metrics,
                unavailable=lacking,
                resampling=_resampling(resamples),
                engine=_engine(workers),
                cache=_cache(cache, no_cache),
            )
            for name, evaluated in evaluation_sets.items()
        }
        compared = compare_measured(measured)
        comparison_table(compared)
        if json is not None:
            comparison_report.write_json(compared, json)
        if html is not None:
            comparison_report.write_page(compared, html)
            typer.echo(f"report: {html}", err=True)
    if any(candidate.notes for candidate in found) or any(one.failed for one in measured.values()):
        raise typer.Exit(1)


def _check_apart(json: Path | None, html: Path | None) -> None:
    if json is not None and json == html:
        raise UsageError(f"--json and --html are both {json}; name two files")


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Turn Ctrl-C into an error of one line."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted(
            "interrupted; the same command resumes with the features computed so far"
        ) from error


def _metrics(
    weights: list[str] | None, landmarks: int
) -> "tuple[Sequence[Metric], Sequence[Skipped]]":
    """The metrics that can be computed, and those that lack a file."""
    from limner.metrics.catalogue import standard, unavailable, weights_of

    files = weights_of(weights or [])
    return standard(weights=files, landmarks=landmarks), unavailable(files)


def _resampling(resamples: int) -> "Resampling":
    from limner.metrics.resampling import Resampling

    return Resampling(resamples=resamples)


def _engine(workers: int) -> "Engine":
    from limner.engines import engine_of

    return engine_of("local", workers=workers)


def _cache(folder: Path | None, without: bool) -> Path | None:
    from limner.features.cache import default_folder

    if folder is not None and without:
        raise UsageError("--cache and --no-cache contradict each other: leave one out")
    return None if without else folder or default_folder()


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        complain(note)
