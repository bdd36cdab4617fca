"""Measure the EMA generators of a run on hand-drawn sketches with true photos."""

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import nn

from limner import images
from limner.data.prepared import PreparedSet
from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO
from limner.engines import Engine
from limner.export import load_snapshot
from limner.features.evaluation_set import EvaluationSet
from limner.metrics.catalogue import standard
from limner.metrics.measuring import Measured, measure
from limner.metrics.metric import Metric
from limner.metrics.resampling import Resampling
from limner.study.findings import FINDINGS, SHOWN
from limner.study.pairs import Cut, Pair, checksums_of, cut_out, digest_of, framed, poor
from limner.study.scoring import Scored, by_name
from limner.training.config import Config
from limner.training.feeding.batch import to_images, to_tensor
from limner.training.run import KEY, RunFolder

__all__ = ["Examiner"]

_AT_ONCE = 16
_NAMES = frozenset(SHOWN).union(*((one.decided_by, *one.beside) for one in FINDINGS))
"""Scores that are kept."""
_OF_LOOKS = frozenset({"appearance", "kid", "checkerboard"})
"""Metrics that ask what real photos look like, whoever they show. All others compare with the true
photos of the same people: `collapse` asks whether these are as different as they really are."""
_OF_PIXELS = ("checkerboard.",)
"""Scores that mean nothing once a picture was resampled."""


@dataclass(kw_only=True, eq=False)
class Examiner:
    """Measures runs on the same people. Pairs are cut out when a run has to be measured."""

    pairs: Sequence[Pair]
    size: int
    """Side of the faces in px."""
    page_size: int
    """Side of complete sketches in px, for runs on faces that were not aligned."""
    engine: Engine
    """Where features are extracted."""
    cache: Path | None
    """Folder of cached features; None caches nothing."""
    real: Path | None = None
    """A dataset whose photos show what real photos look like, the same for all runs; None for the
    true photos of the pairs, which one camera took."""
    resampling: Resampling = field(default_factory=Resampling)
    _digest: str = field(default="", init=False)
    _cuts: list[Cut] = field(default_factory=list, init=False)
    _without: list[str] = field(default_factory=list, init=False)

    @property
    def digest(self) -> str:
        """Digest of the pairs, of how they are cut out, and of the real photos.

        Raises:
            ImageError: A picture cannot be read.
            DataError: The dataset of real photos is damaged.
        """
        if not self._digest:
            real = PreparedSet(self.real).digest if self.real else "ground-truth"
            parts = (digest_of(self.pairs), self.size, self.resampling.resamples, real)
            self._digest = "-".join(map(str, parts))
        return self._digest

    def digest_for(self, *, poorly: bool) -> str:
        """The digest with which scores are stored. Raises as `digest`."""
        return f"{self.digest}-poor" if poorly else self.digest

    @property
    def cuts(self) -> list[Cut]:
        """The pairs, cut out. Raises UsageError, ImageError."""
        if not self._cuts:
            self._cuts, self._without = cut_out(
                self.pairs, size=self.size, page_size=self.page_size
            )
        return self._cuts

    def scored(self, snapshot: Path, stored: Path, *, poorly: bool = False) -> Scored:
        """The scores of a snapshot: those stored, if they are of it, or else new ones.

        Args:
            snapshot: Of a run.
            stored: The file of its scores, which is written.
            poorly: Whether the generator gets sketches of poor quality, see `pairs.poor`. Results
                are compared with the sketches as they are.

        Raises:
            LimnerError: It cannot be measured.
        """
        digest = digest_of_snapshot(snapshot)
        known = Scored.of(stored)
        pairs = self.digest_for(poorly=poorly)
        if known is not None and known.fits(snapshot=digest, pairs=pairs):
            return known
        with tempfile.TemporaryDirectory(prefix="limner-") as folder:
            parts, resampled = self._measured(snapshot, Path(folder), poorly=poorly)
        hidden = _OF_PIXELS if resampled else ()
        kept = [
            score
            for part in parts
            for name, score in part.scores.items()
            if name in _NAMES and not name.startswith(hidden)
        ]
        people = len(self.cuts)
        notes = [
            *(text for part in parts for text in part.warnings),
            *(text for score in kept for text in score.warnings),
        ]
        if self._without:
            notes.append(
                f"{len(self._without)} of the {len(self.pairs)} pairs are left out; the first: "
                f"{self._without[0]}"
            )
        found = Scored(
            snapshot=digest,
            pairs=pairs,
            people=people,
            scores=by_name(kept),
            notes=tuple(dict.fromkeys(notes)),
        )
        found.store(stored)
        return found

    def _measured(
        self, snapshot: Path, folder: Path, *, poorly: bool
    ) -> tuple[list[Measured], bool]:
        """The scores, and whether the results were resampled to cut out their faces."""
        there, back = (load_snapshot(snapshot, way) for way in (SKETCH_TO_PHOTO, PHOTO_TO_SKETCH))
        complete = not there.preprocessing.aligned
        sources = [images.to_grey(cut.page if complete else cut.sketch) for cut in self.cuts]
        if poorly:
            sources = [poor(one) for one in sources]
        photos = _translated(there.generator, sources)
        sketches = _translated(back.generator, photos)
        if complete:
            photos, sketches = (
                [framed(one, cut) for one, cut in zip(made, self.cuts, strict=True)]
                for made in (photos, sketches)
            )
        written = {
            "generated": photos,
            "back": sketches,
            "sketches": [cut.sketch for cut in self.cuts],
            "ground_truth": [cut.photo for cut in self.cuts],
        }
        for name, pictures in written.items():
            for cut, picture in zip(self.cuts, pictures, strict=True):
                images.write(folder / name / f"{cut.name}.png", picture)
        folders = {name: folder / name for name in ("sketches", "ground_truth", "back")}
        looks = [metric for metric in _metrics() if metric.name in _OF_LOOKS]
        people = [metric for metric in _metrics() if metric.name not in _OF_LOOKS]
        parts = [
            measure(
                EvaluationSet.of_folders(
                    folder / "generated", real=real, size=self.size, as_is=True, **folders
                ),
                metrics,
                resampling=self.resampling,
                engine=self.engine,
                cache=self.cache,
            )
            for metrics, real in ((people, None), (looks, self.real))
        ]
        return parts, complete


def trained_on(config: Config, pairs: Iterable[Pair]) -> int:
    """How many of the sketches were also trained on, without their photos.

    Raises:
        DataError: The dataset is missing or damaged.
        ImageError: A sketch cannot be read.
    """
    prepared = PreparedSet(Path(config.data))
    return len(checksums_of(list(pairs)) & set(prepared.column("checksum", "train", "sketch")))


def digest_of_snapshot(snapshot: Path) -> str:
    """The digest in the snapshot's metadata: of its weights, config and data."""
    with safe_open(snapshot, framework="pt") as file:
        return str(json.loads((file.metadata() or {})[KEY])["digest"])


def last_snapshot(run: RunFolder, config: Config) -> Path | None:
    """The snapshot of the end of a run; None if it is not over."""
    snapshot = run.snapshot_path(config.images)
    return snapshot if snapshot.exists() else None


def _metrics() -> list[Metric]:
    """Those that the kept scores are of."""
    wanted = {name.partition(".")[0] for name in _NAMES}
    return [metric for metric in standard() if metric.name in wanted]


def _translated(
    generator: nn.Module, pictures: Sequence[NDArray[np.uint8]]
) -> list[NDArray[np.uint8]]:
    """What a generator makes of pictures `[S, S, 3]` or `[S, S]`, on a GPU if there is one."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    generator.to(device)
    made: list[NDArray[np.uint8]] = []
    with torch.inference_mode():
        for start in range(0, len(pictures), _AT_ONCE):
            part = to_tensor(np.stack(pictures[start : start + _AT_ONCE])).to(device)
            made += list(to_images(generator(part)))
    return made
