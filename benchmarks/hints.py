"""Do colour hints have an effect, and does the person stay the same?

    python benchmarks/hints.py --model FILE (--drawings FOLDER | --set SET | --pairs DIR)
        [--every N] [--style NAME] [--sheet FILE]

For each part of the face and a few colours of that part, every drawing is translated with the hint
and without hints. Prints these means over drawings and colours:

- reached: difference between the colour of the part and the hint (CIEDE2000; about 2 is just
  visible), with the hint and without it;
- elsewhere: change of the other parts (CIEDE2000); it should be small, except that lips may follow
  the skin;
- identity: distance between the face descriptors of the photos with and without the hint. For
  comparison, the first line gives the distance between photos of different drawings;
- mistaken: proportion of photos with a hint that are closer to another drawing's photo than to
  their own.

The last row sets all parts but the lips at once, as `limner photo --variants` does. Below the table
stands how far the places at which hints colour the skin differ from the skin around (CIEDE2000),
with such hints and without: with visible spots, much further. `--set` draws
the held-out photos of a dataset in the style `--style`. `--pairs` is a folder with `photos/` and
`sketches/` of the same names. For both, a second table gives each part its true colour, that of the
photo, as a hint: the difference to the truth with the hint and without. `--sheet` writes a picture
with a row per drawing, the photo without hints first.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from limner import images
from limner.data.prepared import PreparedSet
from limner.faces import find
from limner.features.descriptor import Descriptor
from limner.hints import NAMES, PARTS, RGB, Hints, Part, colours_of, place
from limner.hints.parts import middle, pixels, radii
from limner.sketching import STYLES, sketch
from limner.translator import Translator

COLOURS: Mapping[Part, Sequence[str]] = {
    "skin": ("very light", "medium", "brown", "very dark"),
    "hair": ("black", "brown", "blond", "red", "grey"),
    "eyes": ("dark brown", "green", "blue"),
    "lips": ("natural", "pink", "red"),
    "background": ("white", "grey", "blue", "black"),
}
VARIANTS = 4
AROUND = (1.5, 2.2)
"""Radii of the skin around a place, in those of the place."""

Picture = NDArray[np.uint8]


def main() -> None:
    """Print the table, and write the sheet if requested."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--model", required=True, help="shipped name, or file of a model with hints"
    )
    parser.add_argument("--drawings", type=Path, help="folder of drawings")
    parser.add_argument("--set", type=Path, help="dataset whose held-out faces to draw")
    parser.add_argument("--pairs", type=Path, help="folder of drawings and photos of people")
    parser.add_argument("--style", choices=STYLES, default="pencil", help="style of --set")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th drawing only")
    parser.add_argument("--sheet", type=Path, help="picture to write")
    options = parser.parse_args()
    if sum(one is not None for one in (options.drawings, options.set, options.pairs)) != 1:
        parser.error("give one of --drawings, --set and --pairs")
    translator = Translator(options.model)
    crops, photos = pictures_of(translator, options)
    hinted = [({part: NAMES[part][name]}, part) for part in PARTS for name in COLOURS[part]]
    hinted += [(one.colours, "variants") for one in Hints().varied(VARIANTS)]
    rows, generated = measured(translator, crops, hinted)
    apart = rows[0].strangers
    print(f"{translator.card.name}: {len(crops)} drawings, {apart:.2f} apart in identity")
    print(f"{'':12s} colours  reached (without)  elsewhere  identity  mistaken")
    for name in [*PARTS, "variants"]:
        some = [row for row, (_, of) in zip(rows, hinted, strict=True) if of == name]
        mean = {key: np.mean([getattr(row, key) for row in some]) for key in Row.KEYS}
        print(
            f"{name:12s} {len(some):7d}  {mean['reached']:7.1f} {mean['without']:9.1f}  "
            f"{mean['elsewhere']:9.1f}  {mean['identity']:8.2f}  {mean['mistaken']:8.1%}"
        )
    on_skin = [made for made, (_, of) in zip(generated[1:], hinted, strict=True) if of == "skin"]
    print(f"spots of the skin: {spots(np.concatenate(on_skin)):.1f} ({spots(generated[0]):.1f})")
    if photos:
        print_truths(translator, crops, photos)
    if options.sheet:
        images.write(
            options.sheet, images.montage([list(row) for row in generated.swapaxes(0, 1)[:16]])
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """Means over the drawings for one hint; see the module docstring."""

    KEYS = ("reached", "without", "elsewhere", "identity", "mistaken")

    reached: float
    without: float
    elsewhere: float
    identity: float
    mistaken: float
    strangers: float


def pictures_of(
    translator: Translator, options: argparse.Namespace
) -> tuple[list[Picture], list[Picture]]:
    """Return aligned drawings `[S, S]` or `[S, S, 3]`, and their photos `[S, S, 3]` if known."""
    side = translator.card.preprocessing.size
    if options.drawings is not None:
        files = images.files_below(options.drawings)[:: options.every]
        return [translator.align(file)[0].image for file in files], []
    if options.pairs is not None:
        detector, preprocessing = translator.detector, translator.card.preprocessing
        files = images.files_below(options.pairs / "photos")[:: options.every]
        faces = [(images.read(file), file.name) for file in files]
        photos = [
            preprocessing.align(photo, find(photo, detector, name=name)[0], name=name).image
            for photo, name in faces
        ]
        sketches = [options.pairs / "sketches" / file.name for file in files]
        return [translator.align(file)[0].image for file in sketches], photos
    held_out = PreparedSet(options.set).images("test", "photo")[:: options.every]
    photos = [images.resize(photo, side) for photo in held_out]
    return [sketch(photo, options.style, seed) for seed, photo in enumerate(photos)], photos


def print_truths(
    translator: Translator, crops: Sequence[Picture], photos: Sequence[Picture]
) -> None:
    """Print how far each part is from its true colour, with this colour as a hint and without."""
    side = translator.card.preprocessing.size
    truth = [colours_of(photo) for photo in photos]
    plain = [colours_of(photo) for photo in translator.batch(crops)]
    print(f"{'true colour':12s}   faces  with the hint (without)")
    for part in PARTS:
        known = [i for i in range(len(crops)) if part in truth[i] and part in plain[i]]
        hints = [place({part: truth[i][part]}, side) for i in known]
        told = [colours_of(one) for one in translator.batch([crops[i] for i in known], hints=hints)]
        pairs = [(i, one) for i, one in zip(known, told, strict=True) if part in one]
        wanted = lab([truth[i][part] for i, _ in pairs])
        reached = difference(lab([one[part] for _, one in pairs]), wanted)
        without = difference(lab([plain[i][part] for i, _ in pairs]), wanted)
        print(f"{part:12s} {len(pairs):7d}  {reached.mean():13.1f} {without.mean():9.1f}")


def measured(
    translator: Translator,
    crops: Sequence[Picture],
    hinted: Sequence[tuple[Mapping[Part, RGB], str]],
) -> tuple[list[Row], Picture]:
    """Return a row per hint, and photos `[1 + hints, N, S, S, 3]`, those without hints first."""
    describe, side = Descriptor(), translator.card.preprocessing.size
    plain = translator.batch(crops)
    people = describe(plain)
    before = np.stack([lab_of(photo) for photo in plain])
    apart = np.linalg.norm(people[:, None] - people, axis=2)
    others = ~np.eye(len(crops), dtype=bool)
    rows, generated = [], [plain]
    for colours, _ in hinted:
        photos = translator.batch(crops, hints=[place(colours, side)] * len(crops))
        generated.append(photos)
        after = np.stack([lab_of(photo) for photo in photos])
        given = [PARTS.index(part) for part in colours]
        targets = lab([colours[PARTS[i]] for i in given])
        rest = [i for i in range(len(PARTS)) if i not in given]
        far = np.linalg.norm(describe(photos)[:, None] - people, axis=2)
        own = far.diagonal()
        rows.append(
            Row(
                reached=difference(after[:, given], targets).mean(),
                without=difference(before[:, given], targets).mean(),
                elsewhere=difference(after[:, rest], before[:, rest]).mean(),
                identity=own.mean(),
                mistaken=(np.where(others, far, np.inf).min(axis=1) < own).mean(),
                strangers=apart[others].mean() if len(crops) > 1 else np.nan,
            )
        )
    return rows, np.stack(generated)


def spots(photos: Picture) -> float:
    """Return the mean CIEDE2000 between the skin's places and the skin around, `[N, S, S, 3]`."""
    apart = []
    for radius in radii("skin", photos.shape[1]):
        places = [radius < 1, (radius > AROUND[0]) & (radius < AROUND[1])]
        inside, around = (lab_of_medians(photos[:, place]) for place in places)
        apart.append(difference(inside, around).mean())
    return float(np.mean(apart))


def lab_of_medians(pixels_of: Picture) -> NDArray[np.float64]:
    """Return L*, a*, b* `[N, 3]` of the median colours of pixels `[N, P, 3]`."""
    return rgb2lab(np.stack([middle(one) for one in pixels_of])[:, None] / 255)[:, 0]


def lab_of(photo: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return L*, a*, b* `[5, 3]` of the parts of a photo `[S, S, 3]`."""
    found = colours_of(photo)
    if "background" not in found:  # not uniform: take the median
        corners = np.concatenate(pixels("background", len(photo)))
        red, green, blue = np.median(photo.reshape(-1, 3)[corners], axis=0).astype(int).tolist()
        found["background"] = red, green, blue
    return lab([found[part] for part in PARTS])


def lab(colours: Sequence[RGB]) -> NDArray[np.float64]:
    """Convert RGB colours to L*, a*, b* `[N, 3]`."""
    return rgb2lab(np.array(colours, np.uint8)[:, None])[:, 0]


def difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CIEDE2000 `[N, M]` between colours `[N, M, 3]` and `[N, M, 3]` or `[M, 3]`."""
    return deltaE_ciede2000(one, np.broadcast_to(other, one.shape))


if __name__ == "__main__":
    main()
