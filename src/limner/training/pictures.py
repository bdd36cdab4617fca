"""Pairs for nothing: each photo is sketched afresh at every visit."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from limner.sketching import random_sketch
from limner.training.config import Augmentation


class SelfMadePairs:
    """Endless (sketch, photo) pairs in which image number n is a function of (seed, n) alone.

    Nothing has to be stored to go on from any point, and any number of processes can share the
    work. Photos are visited in epochs, each a permutation of its own.
    """

    def __init__(
        self, photos: NDArray[np.uint8], *, size: int, seed: int, augmentation: Augmentation
    ) -> None:
        """`photos` is `[N, S, S, 3]`; S may exceed `size`, the side of what comes out."""
        self.photos = photos
        self.size = size
        self.seed = seed
        self.augmentation = augmentation

    def batch(self, start: int, count: int) -> tuple[Tensor, Tensor]:
        """Images `start` to `start + count` of the endless sequence.

        Returns:
            Sketches `[count, 1, size, size]` and photos `[count, 3, size, size]` in [-1, 1].
        """
        pairs = [self.pair(number) for number in range(start, start + count)]
        sketches = np.stack([sketch for sketch, _ in pairs])
        photos = np.stack([photo for _, photo in pairs])
        return to_tensor(sketches[..., None]), to_tensor(photos)

    def pair(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Image `number` of the endless sequence: sketch `[size, size]`, photo `[..., 3]`."""
        epoch, place = divmod(number, len(self.photos))
        order = np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.photos))
        rng = np.random.default_rng([self.seed, 1, number])
        photo = jitter(self.photos[order[place]], self.size, self.augmentation, rng)
        return random_sketch(photo, rng), photo


def jitter(
    photo: NDArray[np.uint8], size: int, augmentation: Augmentation, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A randomly turned, scaled, shifted and mirrored view of `[S, S, 3]` as `[size, size, 3]`.

    What lies outside the photo shows its nearest edge pixel.
    """
    angle = math.radians(rng.uniform(-1, 1) * augmentation.rotation)
    zoom = 1 + rng.uniform(-1, 1) * augmentation.scale
    shift = rng.uniform(-1, 1, 2) * augmentation.shift * size
    mirror = -1.0 if augmentation.mirror and rng.random() < 0.5 else 1.0

    side = photo.shape[0]
    turned = math.cos(math.radians(augmentation.rotation)) + math.sin(
        math.radians(augmentation.rotation)
    )
    reach = (turned / 2 + augmentation.shift) / (1 - augmentation.scale) - 0.5
    pad = math.ceil(side * reach) + 2  # and two for the bicubic kernel
    source = Image.fromarray(np.pad(photo, ((pad, pad), (pad, pad), (0, 0)), mode="edge"))
    # Pillow maps each output pixel to the input pixel it shows.
    scale = side / size / zoom
    matrix = scale * np.array(
        [
            [mirror * math.cos(angle), -mirror * math.sin(angle)],
            [math.sin(angle), math.cos(angle)],
        ]
    )
    centre = np.full(2, pad + side / 2) - matrix @ (np.full(2, size / 2) + shift)
    coefficients = (*matrix[0], centre[0], *matrix[1], centre[1])
    view = source.transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC
    )
    return np.asarray(view)


def to_tensor(images: NDArray[np.uint8]) -> Tensor:
    """`[N, H, W, C]` in 0..255 to `[N, C, H, W]` in [-1, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def to_images(images: Tensor) -> NDArray[np.uint8]:
    """`[N, C, H, W]` in [-1, 1] to `[N, H, W, C]` in 0..255."""
    scaled = images.detach().float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).cpu().numpy()
