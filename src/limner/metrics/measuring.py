"""Evaluate a model: all metrics whose inputs are given, and why others were skipped."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from limner.engines import Engine
from limner.errors import UsageError
from limner.features.evaluation_set import FOLDERS, EvaluationSet
from limner.features.extraction import Extracted, RoleFacts, extract
from limner.features.feature import UNPAIRED, Input, Role
from limner.metrics.metric import Metric
from limner.metrics.resampling import Resampling
from limner.metrics.score import Score

__all__ = ["Measured", "MetricResult", "Skipped", "measure"]

_NAMED = 3
_MANY_LOST = 0.05
"""Fraction of unusable pictures above which scores may be biased."""
_SMALL = 64  # px


@dataclass(frozen=True, kw_only=True, eq=False)
class MetricResult:
    """Scores of one metric."""

    metric: Metric
    scores: tuple[Score, ...]
    rows: tuple[str, ...]
    """Names of the pictures that it uses, in the order of the scores' `by_image`."""
    training: tuple[int, ...] = ()
    """Numbers of the training photos that it uses; `Score.beside` indexes them."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """Roles of the pictures that it uses."""
        return tuple(
            dict.fromkeys(r for needed in self.metric.inputs.values() for r in needed.roles)
        )

    @property
    def resize(self) -> str:
        """How pictures were resized, where features do that themselves."""
        found = (needed.feature.resize for needed in self.metric.inputs.values())
        return "; ".join(dict.fromkeys(text for text in found if text))

    @property
    def models(self) -> tuple[str, ...]:
        """The networks behind its features, with the digests of their files."""
        found = (needed.feature.model for needed in self.metric.inputs.values())
        return tuple(dict.fromkeys(model for model in found if model))


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A metric that could not be computed."""

    title: str
    why: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """All results for an evaluation set."""

    evaluated: EvaluationSet
    resampling: Resampling
    results: tuple[MetricResult, ...]
    skipped: tuple[Skipped, ...]
    facts: dict[Role, RoleFacts]
    warnings: tuple[str, ...]
    """Warnings that concern all scores."""

    @property
    def scores(self) -> dict[str, Score]:
        """All scores by name."""
        return {score.name: score for result in self.results for score in result.scores}

    @property
    def failed(self) -> int:
        """Number of unusable generated pictures and pictures paired with them."""
        return sum(
            len(facts.excluded) for role, facts in self.facts.items() if role not in UNPAIRED
        )

    def rows_of(self, score: str) -> tuple[str, ...] | None:
        """Names of the pictures that a score uses; None if there is no such score."""
        for result in self.results:
            if any(found.name == score for found in result.scores):
                return result.rows
        return None


def measure(
    evaluated: EvaluationSet,
    metrics: Sequence[Metric],
    *,
    unavailable: Sequence[Skipped] = (),
    resampling: Resampling | None = None,
    engine: Engine | None = None,
    cache: Path | None = None,
) -> Measured:
    """Compute each metric whose inputs are given, and report what the others lack.

    Args:
        evaluated: The pictures.
        metrics: Which to compute, e.g. `limner.metrics.catalogue.standard()`.
        unavailable: Other metrics, which the result lists as skipped.
        resampling: For the confidence intervals.
        engine: Where features are extracted; by default in this process.
        cache: Folder of cached features; None caches nothing.

    Raises:
        UsageError: There are no pictures, or none are usable.
        EngineError: Worker processes were lost.
        MissingExtraError: A package that a metric needs is not installed.
    """
    resampling = resampling or Resampling()
    there = evaluated.roles()
    possible = [one for one in metrics if there.issuperset(_roles(one.inputs.values()))]
    inputs = [needed for one in possible for needed in one.inputs.values()]
    found = extract(evaluated, inputs, engine=engine, cache=cache)
    if not found.facts["generated"].n:
        reasons = list(found.facts["generated"].excluded.values())
        raise UsageError(f"none of the generated pictures are usable; the first: {reasons[0]}")
    results: list[MetricResult] = []
    skipped: list[Skipped] = []
    for one in metrics:
        if one not in possible:
            missing = sorted(_roles(one.inputs.values()) - there, key=list(FOLDERS).index)
            needs = " and ".join(FOLDERS[role] for role in missing)
            skipped.append(Skipped(title=one.title, why=f"needs {needs}"))
            continue
        result = _result(one, found, resampling)
        if isinstance(result, str):
            skipped.append(Skipped(title=one.title, why=result))
        else:
            results.append(result)
    return Measured(
        evaluated=evaluated,
        resampling=resampling,
        results=tuple(results),
        skipped=tuple(dict.fromkeys((*skipped, *unavailable))),
        facts=found.facts,
        warnings=(*evaluated.warnings, *_warnings(found, evaluated)),
    )


def _roles(inputs: Iterable[Input]) -> frozenset[Role]:
    return frozenset(role for needed in inputs for role in needed.roles)


def _result(one: Metric, found: Extracted, resampling: Resampling) -> MetricResult | str:
    """The scores, or why there are none."""
    features, rows = found.of(one.inputs)
    counts = {name: len(vectors) for name, vectors in features.items()}
    usable = min(counts.values())
    if usable < one.min_pictures:
        short = min(counts, key=lambda name: counts[name])
        roles = " and ".join(_PLURAL[role] for role in one.inputs[short].roles)
        return f"needs at least {one.min_pictures} pictures, but there are {usable} usable {roles}"
    try:
        scores = tuple(one.scores(features, resampling))
    except UsageError as error:
        return str(error)
    names = tuple(found.rows[row] for row in rows)
    training = found.unpaired.get("training", ())
    return MetricResult(metric=one, scores=scores, rows=names, training=training)


_PLURAL: dict[Role, str] = {
    "generated": "generated photos",
    "sketch": "sketches",
    "ground_truth": "ground-truth photos",
    "back": "sketches made from the results",
    "real": "real photos",
    "training": "training photos",
}


def _warnings(found: Extracted, evaluated: EvaluationSet) -> Iterator[str]:
    """Warnings about the pictures."""
    if found.unusable:
        yield found.unusable
    yield from _sizes(found.facts["generated"], evaluated.size)
    for role, facts in found.facts.items():
        what = _PLURAL[role]
        if facts.excluded:
            names = ", ".join(sorted(facts.excluded)[:_NAMED])
            share = len(facts.excluded) / (facts.n + len(facts.excluded))
            much = "; that is enough to bias the scores" if share > _MANY_LOST else ""
            first = facts.excluded[min(facts.excluded)]
            of = facts.n + len(facts.excluded)
            yield (
                f"{len(facts.excluded)} of {of} {what} are unusable and "
                f"excluded{much}: {names}; the first: {first}"
            )
        if facts.constant:
            yield f"{facts.constant} of the {what} have a single colour"
        oblong = sum(n for size, n in facts.sizes.items() if len(set(size.split("x"))) > 1)
        if evaluated.as_is and oblong:
            yield (
                f"{oblong} of the {what} are not square: with --aligned each is treated as an "
                "aligned crop, and padded; leave --aligned out if they are complete pictures"
            )
        if len(facts.sizes) > 1 and role not in UNPAIRED:
            sizes = ", ".join(f"{size} ({n})" for size, n in facts.sizes.most_common(_NAMED))
            yield f"the {what} have {len(facts.sizes)} sizes: {sizes}; all are resized to one"
        without = facts.framed.get("as it is without a face", 0)
        if without:
            yield f"no face was found in {without} of the {what}; they are used without alignment"
    yield from _colours(found.facts)


def _sizes(generated: RoleFacts, side: int) -> Iterator[str]:
    """Warnings about the generated photos, which are compared at `side` px."""
    if generated.n == 1:
        yield "there is 1 generated photo: a confidence interval over one picture is meaningless"
    if side < _SMALL:
        yield (
            f"pictures of {side} px are too small to detect grids of 8 and 16 px; use a "
            f"--size of at least {_SMALL}"
        )
    [width, height] = next(iter(generated.sizes)).split("x")
    if len(generated.sizes) == 1 and width == height != str(side):
        yield (
            f"the generated photos are {width} px wide but compared at {side}: sharpness, detail "
            "and grids are those of the resized pictures"
        )


def _colours(facts: dict[Role, RoleFacts]) -> Iterator[str]:
    generated = facts["generated"]
    for role in ("ground_truth", "real"):
        other = facts.get(role)
        if other is None or not other.n:
            continue
        grey, theirs = generated.grey / generated.n, other.grey / other.n
        if abs(grey - theirs) > 0.5:
            yield (
                f"{generated.grey} of the {generated.n} generated photos and {other.grey} of "
                f"the {other.n} {_PLURAL[role]} are greyscale: scores of colour and realism mostly "
                "reflect that"
            )
