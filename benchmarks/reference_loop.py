"""A plain training loop like that of the field's reference project, as a baseline.

Batches of one picture, read from its file each time; networks in the default memory layout; all in
float32, nothing compiled. Networks and Adam's settings are those of the config; the losses are
those of the papers: Isola et al. 2017 with L1 at full size, Zhu et al. 2017 without the identity
term. `benchmarks/training.py` runs it.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from limner.directions import PHOTO_TO_SKETCH, SKETCH_TO_PHOTO
from limner.networks.generator import make_generator, turned
from limner.networks.patchgan import PatchGAN
from limner.training.config import Config

L1 = 100.0
CYCLE = 10.0
LARGER = 286 / 256
"""Pictures are resized to this multiple of the run's size, then cropped at random."""


def write(folder: Path, name: str, pictures: NDArray[np.uint8]) -> list[Path]:
    """Write pictures as JPEG files, as such a project reads them."""
    (folder / name).mkdir(parents=True)
    paths = [folder / name / f"{number:05}.jpg" for number in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path, quality=95)
    return paths


class Files(Dataset[tuple[Tensor, Tensor]]):
    """Sketch and photo, read, resized, cropped and mirrored each time; paired or unpaired.

    A pair is one file, with sketch and photo side by side.
    """

    def __init__(self, sketches: list[Path], photos: list[Path], size: int) -> None:
        self.sketches, self.photos, self.size = sketches, photos, size

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if self.sketches:
            sketch = Image.open(random.choice(self.sketches))
            photo = Image.open(self.photos[index]).convert("RGB")
            return self._seen(sketch.convert("L")), self._seen(photo)
        both = Image.open(self.photos[index]).convert("RGB")
        middle = both.width // 2
        place = self._place()
        sketch = both.crop((0, 0, middle, both.height)).convert("L")
        photo = both.crop((middle, 0, both.width, both.height))
        return self._seen(sketch, place), self._seen(photo, place)

    def _place(self) -> tuple[int, int, bool]:
        spare = int(self.size * LARGER) - self.size
        return random.randint(0, spare), random.randint(0, spare), random.random() < 0.5

    def _seen(self, picture: Image.Image, place: tuple[int, int, bool] | None = None) -> Tensor:
        left, top, mirror = place or self._place()
        side = int(self.size * LARGER)
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
        picture = picture.crop((left, top, left + self.size, top + self.size))
        if mirror:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        values = torch.from_numpy(np.array(picture)).float().div(255).sub(0.5).div(0.5)
        return values[None] if values.ndim == 2 else values.permute(2, 0, 1).contiguous()


def forever(files: Files, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of one, epoch after epoch."""
    loader = DataLoader(files, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    while True:
        yield from loader


class Reference:
    """Common parts of both baselines."""

    def __init__(
        self, config: Config, batches: Iterator[tuple[Tensor, Tensor]], device: torch.device
    ) -> None:
        self.config, self.batches, self.device = config, batches, device

    def adam(self, *networks: nn.Module) -> torch.optim.Adam:
        """Return an optimiser of these networks."""
        parameters = [parameter for one in networks for parameter in one.parameters()]
        return torch.optim.Adam(parameters, lr=self.config.lr, betas=self.config.betas)

    def next(self) -> tuple[Tensor, Tensor]:
        """Return sketch and photo on the device."""
        sketch, photo = next(self.batches)
        return sketch.to(self.device), photo.to(self.device)


def mean_square(scores: Tensor, label: float) -> Tensor:
    """Return the least-squares loss between the scores and a constant label."""
    return F.mse_loss(scores, torch.tensor(label, device=scores.device).expand_as(scores))


class ReferencePix2Pix(Reference):
    """Updates the discriminator first, then the generator."""

    def __init__(
        self, config: Config, batches: Iterator[tuple[Tensor, Tensor]], device: torch.device
    ) -> None:
        super().__init__(config, batches, device)
        self.generator = make_generator(config.generator).to(device)
        self.judge = PatchGAN(config.discriminator, inputs=4).to(device)
        self.generator_steps, self.judge_steps = self.adam(self.generator), self.adam(self.judge)

    def step(self) -> int:
        """Train on one picture; return the number of images."""
        sketch, photo = self.next()
        generated = self.generator(sketch)

        self.judge.requires_grad_(requires_grad=True)
        self.judge_steps.zero_grad()
        fake, _ = self.judge(torch.cat([sketch, generated], 1).detach())
        real, _ = self.judge(torch.cat([sketch, photo], 1))
        ((mean_square(fake, 0.0) + mean_square(real, 1.0)) * 0.5).backward()
        self.judge_steps.step()

        self.judge.requires_grad_(requires_grad=False)
        self.generator_steps.zero_grad()
        fake, _ = self.judge(torch.cat([sketch, generated], 1))
        (mean_square(fake, 1.0) + L1 * F.l1_loss(generated, photo)).backward()
        self.generator_steps.step()
        return 1


class ReferenceCycleGAN(Reference):
    """Updates both generators together, then each discriminator, with an image buffer."""

    def __init__(
        self, config: Config, batches: Iterator[tuple[Tensor, Tensor]], device: torch.device
    ) -> None:
        super().__init__(config, batches, device)
        self.there, self.back = (
            make_generator(turned(config.generator, direction)).to(device)
            for direction in (SKETCH_TO_PHOTO, PHOTO_TO_SKETCH)
        )
        self.judges = {n: PatchGAN(config.discriminator, inputs=n).to(device) for n in (1, 3)}
        self.generator_steps = self.adam(self.there, self.back)
        self.judge_steps = self.adam(*self.judges.values())
        self.pools: dict[int, list[Tensor]] = {1: [], 3: []}

    def step(self) -> int:
        """Train on one sketch and one photo; return the number of images."""
        sketch, photo = self.next()
        new_photo, new_sketch = self.there(sketch), self.back(photo)
        cycles = F.l1_loss(self.back(new_photo), sketch) + F.l1_loss(self.there(new_sketch), photo)

        for judge in self.judges.values():
            judge.requires_grad_(requires_grad=False)
        self.generator_steps.zero_grad()
        adversarial = mean_square(self.judges[3](new_photo)[0], 1.0) + mean_square(
            self.judges[1](new_sketch)[0], 1.0
        )
        (adversarial + CYCLE * cycles).backward()
        self.generator_steps.step()

        for judge in self.judges.values():
            judge.requires_grad_(requires_grad=True)
        self.judge_steps.zero_grad()
        for real, generated in ((photo, new_photo), (sketch, new_sketch)):
            judge = self.judges[real.shape[1]]
            fake = self._pooled(generated.detach())
            ((mean_square(judge(fake)[0], 0.0) + mean_square(judge(real)[0], 1.0)) * 0.5).backward()
        self.judge_steps.step()
        return 1

    def _pooled(self, image: Tensor) -> Tensor:
        pool = self.pools[image.shape[1]]
        if len(pool) < self.config.image_pool:
            pool.append(image)
            return image
        if random.random() > 0.5:
            place = random.randrange(len(pool))
            image, pool[place] = pool[place], image
        return image
