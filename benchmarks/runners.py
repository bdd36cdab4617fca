"""Training steps of limner without reports and checkpoints, and pictures for them."""

import argparse
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from limner.data.prepared import PreparedSet
from limner.faces import Preprocessing
from limner.networks.config import PatchGANConfig, UNetConfig
from limner.sketching import sketch
from limner.training.config import Config
from limner.training.devices import caches_on_device, fabric_of, workers_of
from limner.training.feeding.batch import Batch, Part
from limner.training.feeding.device_cache import DeviceCache
from limner.training.feeding.prefetch import Prefetcher
from limner.training.loop import OBJECTIVES

STEPS = 10**9
"""More than any benchmark takes."""


class Portraits:
    """One portrait under varied lighting, and sketches of it, instead of a dataset."""

    def __init__(self, side: int, count: int = 48) -> None:
        from skimage.data import astronaut

        portrait = Image.fromarray(astronaut()[:260, 100:360]).resize((side, side))
        self.preprocessing = Preprocessing(size=side)
        self.sources: dict[str, Any] = {}
        self.path, self.digest = Path("portraits"), "portraits"
        lights = np.random.default_rng(0).uniform(-60, 60, (count, 5, 5)).astype(np.float32)
        wide = [Image.fromarray(light).resize((side, side)) for light in lights]
        lit = [np.asarray(portrait) + np.asarray(light)[..., None] for light in wide]
        photos = np.stack(lit).clip(0, 255).astype(np.uint8)
        drawn = [sketch(photo, seed=number) for number, photo in enumerate(photos)]
        self.pictures = {"photo": photos, "sketch": np.stack([drawn] * 3, axis=-1)}

    def count(self, _split: str, kind: str) -> int:
        """See `PreparedSet`."""
        return len(self.pictures[kind])

    def images(self, _split: str, kind: str) -> NDArray[np.uint8]:
        """See `PreparedSet`."""
        return self.pictures[kind]


def pictures_for(options: argparse.Namespace) -> Any:
    """Return the dataset, or a substitute if none is given."""
    return PreparedSet(options.data) if options.data else Portraits(options.size * 5 // 4)


def config_for(options: argparse.Namespace, objective: str, **changes: Any) -> Config:
    """Return the benchmark's config, with `changes`."""
    return Config(
        experiment="benchmark",
        **{
            "objective": objective,
            "size": options.size,
            "generator": UNetConfig(width=options.width),
            "discriminator": PatchGANConfig(width=options.width),
            "batch": options.batch,
            "images": STEPS,
            "device": options.device,
            "threads": options.threads,
            **changes,
        },
    )


class Ours:
    """Training steps of limner, without reports and checkpoints."""

    def __init__(self, config: Config, prepared: Any, *, layout: Any = None) -> None:
        self.config = config
        self.fabric = fabric_of(config)
        torch.manual_seed(0)
        kind = OBJECTIVES[config.objective]
        images = kind.images(config, prepared)
        self.objective = kind(config, self.fabric)
        for learner in self.objective.learners.values() if layout else ():
            learner.network.to(memory_format=layout)
        parts = functools.partial(_parts, config.batch)
        size, sketched = images.size_held, images.pairs
        if caches_on_device(config, self.fabric, size=size, sketched=sketched):
            self.batches: Any = DeviceCache(images, parts, self.fabric.device)
            return
        self.batches = Prefetcher(
            images,
            parts,
            workers=workers_of(config, self.fabric),
            pinned=self.fabric.device.type == "cuda",
        )

    def batch(self) -> Batch:
        """Return the next batch."""
        return Batch.of(*next(self.batches), self.fabric)

    def step(self) -> int:
        """Train on one batch; return the number of images."""
        if self.config.compile == "graphs":
            torch.compiler.cudagraph_mark_step_begin()
        self.objective.step(self.batch(), self.config.lr)
        return self.config.batch


class SameBatch(Ours):
    """Reuses one batch, so that only the cost of the networks remains."""

    @functools.cached_property
    def same(self) -> Batch:
        """The batch that is reused."""
        return super().batch()

    def batch(self) -> Batch:
        """See `Ours`."""
        return self.same


class ExtraPass(Ours):
    """One more discriminator pass over the ground truth, as a separate loss would need."""

    def step(self) -> int:
        """See `Ours`."""
        batch = self.batch()
        with torch.no_grad():
            pairs = torch.cat([batch["sketched"], batch["photo"]], dim=1)
            self.objective.discriminator.judge(pairs, batch.first)  # type: ignore[union-attr]
        self.objective.step(batch, self.config.lr)
        return self.config.batch


def _parts(batch: int) -> Iterator[Part]:
    for first in range(0, STEPS, batch):
        yield Part(first=first, count=batch)
