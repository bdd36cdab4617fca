"""Training data: photos, sketches of them in random styles, and hand-drawn sketches."""

import math
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from limner import images
from limner.data.prepared import PreparedSet
from limner.errors import DataError
from limner.hints import random_hints
from limner.sketching import random_drawing, random_sketch
from limner.training.config import Augmentation, Config, Hands
from limner.training.feeding.batch import HINTS, LITERAL, SHARP, Batch
from limner.training.feeding.detail import sharp_photos
from limner.training.feeding.exposure import expose, lift, tint
from limner.training.feeding.sampling import photo_weights, weighted_order
from limner.training.randomness import Stream, generator_of

__all__ = ["Domain", "TrainingImages", "gamma_of", "jitter", "view_of"]

_RECOLOURED = 0.6
"""Recoloured photos have a gamma of exp(-0.6) to exp(0.6), so 0.55 to 1.8 ..."""
_WARMER, _GREENER = 0.15, 0.04
"""... and light that is warmer or colder: red times exp(-0.15) to exp(0.15), blue divided by that,
and green times exp(-0.04) to exp(0.04)."""

Picture = NDArray[np.uint8]


class Domain:
    """The images of one kind, shown in epochs, each in its own order."""

    def __init__(
        self,
        pictures: Picture,
        *,
        seed: int,
        order: Stream,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """Nothing is drawn yet.

        Args:
            pictures: `[N, S, S, 3]` or `[N, S, S]`.
            seed: Determines the orders.
            order: Random stream of the orders.
            weights: `[N]`, how often each image is shown relative to the others, see
                `limner.training.feeding.sampling.weighted_order`; None to show each once an epoch.
        """
        self.held = torch.from_numpy(pictures)
        """All images, as a tensor, which is shared with worker processes instead of copied."""
        self.seed = seed
        self.order = order
        self.weights = weights
        self._epoch = -1
        self._places: NDArray[np.int64] = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, number: int) -> Picture:
        """Image `number` of the endless sequence."""
        picture: Picture = self.held.numpy()[self.place(number)]
        return picture

    def place(self, number: int) -> int:
        """Index of that image in `held`."""
        epoch, place = divmod(number, len(self))
        if epoch != self._epoch:  # drawn once: with many images it costs more than a view
            rng = generator_of(self.seed, self.order, epoch)
            self._epoch = epoch
            self._places = (
                rng.permutation(len(self))
                if self.weights is None
                else weighted_order(self.weights, rng)
            )
        return int(self._places[place])


class TrainingImages:
    """An endless sequence of images in which number n is a function of (seed, n) alone.

    Nothing has to be stored to resume from any point, and any number of processes can share the
    work. Photos and hand-drawn sketches are unpaired: each kind is shuffled separately, the smaller
    one is repeated more often, and an epoch counts the photos.
    """

    def __init__(
        self,
        photos: Picture,
        sketches: Picture | None = None,
        *,
        size: int,
        seed: int,
        augmentation: Augmentation,
        pairs: bool = True,
        hands: Hands | None = None,
        hinted: float | None = None,
        recoloured: float = 0.0,
        weights: NDArray[np.float64] | None = None,
        sharp: NDArray[np.bool_] | None = None,
    ) -> None:
        """Nothing is drawn or computed yet.

        Args:
            photos: `[N, S, S, 3]`; S may exceed `size`.
            sketches: `[M, S, S]`, hand-drawn sketches; None to show none.
            size: Side of the results in px.
            seed: Determines all randomness.
            augmentation: Random geometry of both kinds, and exposure of photos.
            pairs: Sketch every photo that is shown.
            hands: Drawing styles of these sketches; None for traced ones.
            hinted: Share of the pairs with colour hints; None to omit `hints`.
            recoloured: Share of these whose photos change their colours once sketched.
            weights: `[N]`, how often each photo is shown relative to the others; None for equally.
            sharp: `[N]`, which photos have fine detail; None to omit `sharp`.
        """
        self.photos = Domain(photos, seed=seed, order=Stream.PHOTO_ORDER, weights=weights)
        self.sketches = (
            None if sketches is None else Domain(sketches, seed=seed, order=Stream.SKETCH_ORDER)
        )
        self.size = size
        self.seed = seed
        self.augmentation = augmentation
        self.pairs = pairs
        self.hands = hands or Hands()
        self.hinted = hinted
        self.recoloured = recoloured
        self.sharp = sharp

    @classmethod
    def of(cls, config: Config, prepared: PreparedSet, *, sketches: bool, pairs: bool) -> Self:
        """From the images of a dataset that are not held out.

        Raises:
            DataError: The dataset lacks a kind that is needed, is damaged, or lacks the smile
                scores that `config.smiling` needs.
            UsageError: `config.sampling` does not fit the dataset.
        """
        counts = {"photos": prepared.count("train", "photo")}
        if sketches:
            counts["sketches"] = prepared.count("train", "sketch")
        if not all(counts.values()):
            found = " and ".join(f"{count} {plural}" for plural, count in counts.items())
            raise DataError(
                f"the objective '{config.objective}' learns from {' and '.join(counts)}, and "
                f"{prepared.path} has {found} in its split 'train'; prepare what is missing"
            )
        weights = photo_weights(config, prepared)
        drawn = prepared.images("train", "sketch") if sketches else None
        photos = prepared.images("train", "photo")
        if config.lift:
            for place, photo in enumerate(photos):  # in place: there may be many
                photos[place] = lift(photo)
        return cls(
            photos,
            None if drawn is None else np.stack([images.to_grey(one) for one in drawn]),
            size=config.size,
            seed=config.seed,
            augmentation=config.augmentation,
            pairs=pairs,
            hands=config.hands,
            hinted=config.hinted if config.generator.hints else None,
            recoloured=config.recoloured,
            weights=weights,
            sharp=sharp_photos(config, prepared),
        )

    @property
    def epoch(self) -> int:
        """Images until every photo was seen once, on average if some are shown more often."""
        return len(self.photos)

    @property
    def size_held(self) -> int:
        """Size of all images in bytes."""
        return sum(one.held.nbytes for one in (self.photos, self.sketches) if one is not None)

    def batch(self, first: int, count: int) -> Batch:
        """Images `first` to `first + count`."""
        return Batch.from_drawn(self.draw(first, count), first=first)

    def draw(self, first: int, count: int) -> dict[str, Tensor]:
        """The same in 0..255: photos `[count, size, size, 3]`, sketches `[count, size, size]`."""
        shown = [self[number] for number in range(first, first + count)]
        return {name: torch.from_numpy(np.stack([one[name] for one in shown])) for name in shown[0]}

    def __getitem__(self, number: int) -> dict[str, NDArray[Any]]:
        """Image `number`: `photo` `[size, size, 3]`, `sketched` and `sketch` `[size, size]`.

        If not all sketches are traced, `literal` `[]` is how literally `sketched` is meant, 0..1.
        With colour hints, `hints` `[size, size, 4]` are colours of the photo, opaque where there
        is one. If fine detail counts, `sharp` `[]` says whether the photo has any.
        """
        rng = generator_of(self.seed, Stream.PHOTO, number)
        shown: dict[str, NDArray[Any]] = {
            "photo": jitter(self.photos[number], self.size, self.augmentation, rng)
        }
        if self.augmentation.exposure:
            shown["photo"] = expose(shown["photo"], gamma_of(self.augmentation, self.seed, number))
        if self.pairs and self.hands == Hands():
            shown["sketched"] = random_sketch(shown["photo"], rng)
        elif self.pairs:
            crude, rough = self.hands.crude, self.hands.rough
            drawing = random_drawing(shown["photo"], rng, crude=crude, rough=rough)
            shown["sketched"] = drawing.image
            shown[LITERAL] = np.array(drawing.literal, np.float32)
        if self.pairs and self.hinted is not None:
            rng = generator_of(self.seed, Stream.HINTS, number)
            told = rng.random() < self.hinted
            if told and self.recoloured and rng.random() < self.recoloured:
                shown["photo"] = recoloured(shown["photo"], rng)
            none = np.zeros((self.size, self.size, 4), np.uint8)
            shown[HINTS] = random_hints(shown["photo"], rng) if told else none
        if self.sharp is not None:
            shown[SHARP] = self.sharp[self.photos.place(number)]
        if self.sketches is not None:
            rng = generator_of(self.seed, Stream.SKETCH, number)
            shown["sketch"] = jitter(self.sketches[number], self.size, self.augmentation, rng)
        return shown


def jitter(
    picture: Picture, size: int, augmentation: Augmentation, rng: np.random.Generator
) -> Picture:
    """A randomly rotated, scaled, shifted and mirrored view of `[S, S, C]` or `[S, S]`.

    Areas outside the image repeat its nearest edge pixel. The view's side is `size`.
    """
    side = picture.shape[0]
    turned = math.cos(math.radians(augmentation.rotation)) + math.sin(
        math.radians(augmentation.rotation)
    )
    reach = (turned / 2 + augmentation.shift) / (1 - augmentation.scale) - 0.5
    pad = math.ceil(side * reach) + 2  # and two for the bicubic kernel
    around = [(pad, pad), (pad, pad), (0, 0)][: picture.ndim]
    source = Image.fromarray(np.pad(picture, around, mode="edge"))
    # Pillow's transform maps output pixels to input pixels.
    shown = view_of(augmentation, size, side, rng)
    shown[:, 2] += pad
    coefficients = tuple(shown.ravel().tolist())
    view = source.transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC
    )
    return np.asarray(view)


def recoloured(photo: Picture, rng: np.random.Generator) -> Picture:
    """A photo `[S, S, 3]` that is lighter or darker, in another light."""
    gamma = math.exp(rng.uniform(-_RECOLOURED, _RECOLOURED))
    warmer, greener = rng.uniform(-_WARMER, _WARMER), rng.uniform(-_GREENER, _GREENER)
    return expose(tint(photo, np.exp([warmer, greener, -warmer])), gamma)


def gamma_of(augmentation: Augmentation, seed: int, number: int) -> float:
    """Gamma of photo `number`: 1 leaves it unchanged, less makes it lighter."""
    # Squared, so that most photos hardly change and few become very bright.
    chance = generator_of(seed, Stream.EXPOSURE, number).random() ** 2
    return float(1 - augmentation.exposure * chance)


def view_of(
    augmentation: Augmentation, size: int, side: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A random view: the `[2, 3]` map from its px (side `size`) to those of an image (`side`)."""
    angle = math.radians(rng.uniform(-1, 1) * augmentation.rotation)
    zoom = 1 + rng.uniform(-1, 1) * augmentation.scale
    shift = rng.uniform(-1, 1, 2) * augmentation.shift * size
    mirror = -1.0 if augmentation.mirror and rng.random() < 0.5 else 1.0
    scale = side / size / zoom
    matrix = scale * np.array(
        [
            [mirror * math.cos(angle), -mirror * math.sin(angle)],
            [math.sin(angle), math.cos(angle)],
        ]
    )
    centre = np.full(2, side / 2) - matrix @ (np.full(2, size / 2) + shift)
    return np.column_stack([matrix, centre])
