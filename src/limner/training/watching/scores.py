"""Scores of snapshots on held-out faces."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limner import images
from limner.data.prepared import PreparedSet
from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO, Direction
from limner.errors import DataError, MissingExtraError
from limner.faces.points import public_file
from limner.metrics.realism.kid import kid_of_each, scale_of
from limner.networks.descriptor import FaceDescriptor
from limner.sketching import random_sketch, steady_drawing
from limner.training.config import Config
from limner.training.feeding.batch import to_tensor
from limner.training.objectives.frozen import DESCRIPTOR
from limner.training.objectives.losses import pyramid_l1
from limner.training.randomness import Stream, generator_of
from limner.training.watching.grid import still

if TYPE_CHECKING:
    from limner.data.items import Kind

__all__ = ["HeldOut", "Scores"]

_AT_ONCE = 16

Scores = dict[str, NDArray[np.float64]]
"""For each score its value per image, of which it is the mean; lower is better."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Crowd:
    """Reference set: real images of a kind, `[N, C, S, S]` on the device, and descriptors."""

    pictures: Tensor
    described: NDArray[np.float32] | None


class HeldOut:
    """Held-out faces, on which snapshots are compared.

    The scores are those of `limner.training.selection` that the objective has images for. The same
    networks get the same scores on the same machine. The random numbers of training are not used.
    """

    def __init__(self, config: Config, prepared: PreparedSet, device: torch.device) -> None:
        """Read the faces and compute their descriptors.

        Raises:
            DataError: `config.patience` needs scores, and there are too few held-out faces.
        """
        self.device = device
        self.paired = config.objective != "cyclegan"
        self.unpaired = config.objective in ("cyclegan", "hybrid")
        self.draws = config.objective == "draughtsman"
        self.descriptor = _descriptor(device)
        self.crowds: dict[Kind, _Crowd] = {}
        self.sketched: Tensor | None = None
        kinds: tuple[Kind, ...] = ("photo", "sketch") if self.unpaired else ("photo",)
        for kind in kinds if config.eval_images else ():
            if not prepared.count("test", kind):
                continue
            shown = still(
                prepared.images("test", kind),
                config.size,
                config.eval_images,
                lifted=config.lift and kind == "photo",
            )
            if kind == "sketch":
                shown = [images.to_grey(one) for one in shown]
            elif self.paired:
                self.sketched = self._sketched(shown, config.seed)
            pictures = to_tensor(np.stack(shown)).to(device)
            self.crowds[kind] = _Crowd(pictures=pictures, described=self._describe(pictures))
        if config.patience and not self.decides:
            needed = "photos" if self.paired else "the face descriptor, 2 photos and 2 sketches"
            raise DataError(
                f"patience is {config.patience}, but snapshots cannot be ranked: that takes "
                f"{needed} in the split 'test' of {prepared.path}; prepare it with a higher "
                "--held-out, or set patience to 0"
            )
        self.lack = "" if self.decides or not config.eval_images else self._lack(prepared)
        """Why snapshots cannot be ranked, and what helps; '' if they can."""

    @property
    def decides(self) -> bool:
        """Whether there is a score to choose a snapshot by."""
        if self.paired:
            return "photo" in self.crowds
        return self.descriptor is not None and self._enough

    def _lack(self, prepared: PreparedSet) -> str:
        if not self.paired and self._enough:
            return (
                "snapshots cannot be ranked, so the last one counts as the best: ranking needs "
                f"dlib's {DESCRIPTOR}; pip install 'limner[train]'"
            )
        photos, sketches = (prepared.count("test", kind) for kind in ("photo", "sketch"))
        found, needed = f"{photos} photos", "1"
        if not self.paired:
            found, needed = f"{found} and {sketches} sketches", "2 of each"
        return (
            "snapshots cannot be ranked, so the last one counts as the best: "
            f"{prepared.path} has {found} in its split 'test', and ranking needs at least "
            f"{needed}; prepare it with a higher --held-out"
        )

    @property
    def _enough(self) -> bool:
        counts = [len(crowd.pictures) for crowd in self.crowds.values()]
        return len(counts) == 2 and min(counts) > 1

    def score(self, generators: Mapping[Direction, nn.Module]) -> Scores:
        """Scores of these generators, by name; none without held-out faces."""
        figures: Scores = {}
        with torch.inference_mode():
            if self.draws and "photo" in self.crowds:
                figures |= self._drawn(generators)
            elif self.paired and "photo" in self.crowds:
                figures |= self._pairs(generators[SKETCH_TO_PHOTO])
            if self.unpaired:
                figures |= self._crowds(
                    photo=generators[SKETCH_TO_PHOTO], sketch=generators[PHOTO_TO_SKETCH]
                )
        return figures

    def _pairs(self, generator: nn.Module) -> Scores:
        """Compare each photo generated from a sketch with its ground truth."""
        if self.sketched is None:
            return {}
        real = self.crowds["photo"]
        made = self._all(generator, self.sketched)
        l1 = [pyramid_l1(a[None], b[None]) for a, b in zip(made, real.pictures, strict=True)]
        figures = {"l1": torch.stack(l1).double().cpu().numpy()}
        return figures | self._distances({"identity": made}, real)

    def _drawn(self, generators: Mapping[Direction, nn.Module]) -> Scores:
        """Compare each photo with its sketch, and with the photo reconstructed from that."""
        if self.sketched is None:
            return {}
        photos = self.crowds["photo"]
        made = self._all(generators[PHOTO_TO_SKETCH], photos.pictures)
        l1 = [pyramid_l1(a[None], b[None]) for a, b in zip(made, self.sketched, strict=True)]
        figures = {"l1_drawn": torch.stack(l1).double().cpu().numpy()}
        compared = {"drawn": made}
        if SKETCH_TO_PHOTO in generators:
            compared["returned"] = self._all(generators[SKETCH_TO_PHOTO], made)
        return figures | self._distances(compared, photos)

    def _crowds(self, *, photo: nn.Module, sketch: nn.Module) -> Scores:
        """Compare generated photos and sketches with real ones, and cycles with their inputs."""
        figures: Scores = {}
        there: dict[Kind, nn.Module] = {"photo": photo, "sketch": sketch}
        ways: tuple[tuple[Kind, Kind], ...] = (("photo", "sketch"), ("sketch", "photo"))
        for kind, source in ways:
            if source not in self.crowds:
                continue
            sources = self.crowds[source].pictures
            made = self._all(there[kind], sources)
            back = self._all(there[source], made)
            cycle = (back - sources).abs().mean(dim=(1, 2, 3))
            figures[f"cycle_{source}"] = cycle.double().cpu().numpy()
            real = self.crowds[kind].described if self._enough else None
            described = self._describe(made) if real is not None else None
            if described is not None and real is not None:
                figures[f"kid_{kind}"] = kid_of_each(described, real, scale=scale_of(real))
        return figures

    def _all(self, network: nn.Module, pictures: Tensor) -> Tensor:
        return torch.cat([network(part).float() for part in _parts(pictures)])

    def _describe(self, pictures: Tensor) -> NDArray[np.float32] | None:
        if self.descriptor is None:
            return None
        with torch.inference_mode():
            parts = [self.descriptor.describe(part) for part in _parts(pictures)]
        described: NDArray[np.float32] = torch.cat(parts).cpu().numpy()
        return described

    def _distances(self, made: Mapping[str, Tensor], real: _Crowd) -> Scores:
        """Distances between the descriptors of generated images and of their real photos."""
        figures: Scores = {}
        for name, pictures in made.items():
            described = self._describe(pictures)
            if described is not None and real.described is not None:
                apart = described.astype(np.float64) - real.described
                figures[name] = np.linalg.norm(apart, axis=1)
        return figures

    def _sketched(self, photos: list[NDArray[np.uint8]], seed: int) -> Tensor:
        def drawn() -> Iterator[NDArray[np.uint8]]:
            for number, photo in enumerate(photos):
                rng = generator_of(seed, Stream.SCORES, number)
                yield steady_drawing(photo) if self.draws else random_sketch(photo, rng)

        return to_tensor(np.stack(list(drawn()))).to(self.device)


def _parts(pictures: Tensor) -> Iterator[Tensor]:
    """Small parts, so that memory use does not depend on the number of images."""
    for start in range(0, len(pictures), _AT_ONCE):
        yield pictures[start : start + _AT_ONCE]


def _descriptor(device: torch.device) -> FaceDescriptor | None:
    """The face descriptor, or None if its weights are not installed."""
    try:
        with torch.random.fork_rng(devices=[]):  # its weights are random until they are loaded
            return FaceDescriptor.from_dlib(public_file(DESCRIPTOR)).to(device)
    except MissingExtraError:
        return None
