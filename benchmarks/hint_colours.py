"""Colours of faces: the table for `limner photo --variants`, and the named colours.

    python benchmarks/hint_colours.py SET [--table FILE] [--rows 96] [--sheet FILE]

Prints the colours of each part of a face, from the darkest tenth of a dataset's photos to the
lightest, and the time that `random_hints` takes. `--table` writes the joint colours of skin, hair,
eyes and background in the format of `src/limner/hints/colours.json`: the medians of groups of
photos with similar colours (k-means with 96 groups), so that no row is a single person. Grey
photos, bald people, photos without a uniform background and groups of fewer than eight photos are
excluded, and so are the sources in `--without`, whose hair has unnatural colours. `--sheet` draws
the positions of the parts on 48 photos.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.data.prepared import PreparedSet
from limner.hints import random_hints
from limner.hints.parts import PARTS, RGB, Part, colours_of, pixels
from limner.hints.table import VARIED, WEIGHTS

SIDE = 128
LEAST_COLOUR = 12
"""Minimum difference between the largest and the smallest channel of skin that is not grey."""
ALIKE = 40
"""Minimum RGB distance of light hair from the skin and the background."""
DARK = 200
"""Hair is dark if the sum of its channels is below this."""
FEWEST = 8
"""Minimum number of photos in a group."""


def main() -> None:
    """Print the colours, and write the requested files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("set", type=Path, help="dataset")
    parser.add_argument("--table", type=Path, help="file of joint colours to write (JSON)")
    parser.add_argument("--rows", type=int, default=96, help="number of groups (k-means)")
    parser.add_argument("--without", nargs="*", default=["sfhq"], help="sources to exclude")
    parser.add_argument("--sheet", type=Path, help="picture of the positions to write")
    args = parser.parse_args()
    faces = PreparedSet(args.set)
    photos = [images.resize(face, SIDE) for face in faces.images(kind="photo")]
    found = [colours_of(photo) for photo in photos]
    print(f"{len(photos)} photos")
    for part in PARTS:
        colours = np.array([one[part] for one in found if part in one])
        ranked = colours[colours.sum(axis=1).argsort()]
        tenths = [np.median(some, axis=0) for some in np.array_split(ranked, 10)]
        print(
            f"{part} ({len(colours)}):",
            *(f"#{one.astype(np.uint8).tobytes().hex()}" for one in tenths),
        )
    spent = []
    for seed, photo in enumerate(photos[:200]):
        rng, start = np.random.default_rng(seed), time.perf_counter()
        random_hints(photo, rng)
        spent.append(1e3 * (time.perf_counter() - start))
    slow = np.quantile(spent, 0.95)
    print(f"random hints: {np.mean(spent):.2f} ms per photo of {SIDE} px, 95% below {slow:.2f} ms")
    if args.table:
        sources = faces.column("source", kind="photo")
        kept = [
            [one[part] for part in VARIED]
            for one, source in zip(found, sources, strict=True)
            if source not in args.without and is_clear(one)
        ]
        rows = grouped(np.array(kept, np.float64), args.rows)
        lines = (json.dumps(dict(zip(VARIED, row.tolist(), strict=True))) for row in rows)
        args.table.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
        print(f"{len(rows)} rows from {len(kept)} photos in {args.table}")
    if args.sheet:
        some = np.random.default_rng(0).choice(len(photos), 48, replace=False)
        drawn = [marked(photos[number]) for number in some]
        images.write(args.sheet, images.montage([drawn[i : i + 8] for i in range(0, 48, 8)]))


def is_clear(colours: dict[Part, RGB]) -> bool:
    """Return whether these look like the colours of a face, hair and a uniform background.

    False for grey photos, bald heads, and eyes that are closed or not at their position.
    """
    if "background" not in colours:
        return False
    skin, hair, eyes, wall = (np.array(colours[part]) for part in VARIED)
    dark = hair.sum() < DARK  # even before a dark background
    apart = min(np.linalg.norm(hair - skin), np.linalg.norm(hair - wall)) > ALIKE
    return bool(np.ptp(skin) >= LEAST_COLOUR and (dark or apart) and eyes.sum() < 0.7 * skin.sum())


def grouped(colours: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return medians `[count or fewer, 4, 3]` of groups of colours `[N, 4, 3]`, by k-means."""
    rng = np.random.default_rng(0)
    weights = np.array(WEIGHTS)[:, None]
    at = (colours * weights).reshape(len(colours), -1)
    centres = at[rng.choice(len(at), count, replace=False)]
    for _ in range(100):
        group = ((at[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        moved = [
            at[group == i].mean(axis=0) if (group == i).any() else at[rng.integers(len(at))]
            for i in range(count)
        ]
        if np.allclose(moved, centres):
            break
        centres = np.array(moved)
    rows = [
        np.median(colours[group == i], axis=0) for i in range(count) if (group == i).sum() >= FEWEST
    ]
    rows.sort(key=lambda row: row[0].sum())
    return np.array(rows).astype(np.int64)


def marked(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Outline the positions of the parts on a photo, with a row of their colours below."""
    size = 2 * SIDE
    large = images.resize(photo, size).reshape(-1, 3).copy()
    for part in PARTS:
        for place in pixels(part, size):
            inside = np.zeros(size * size, bool)
            inside[place] = True
            inner = inside & np.roll(inside, 1) & np.roll(inside, -1)
            inner &= np.roll(inside, size) & np.roll(inside, -size)
            large[inside & ~inner] = (0, 255, 255)
    found = colours_of(photo)
    row = np.zeros((32, size, 3), np.uint8)
    for number, part in enumerate(PARTS):
        row[:, number * 50 : number * 50 + 48] = found.get(part, (0, 0, 0))
    return np.concatenate([large.reshape(size, size, 3), row])


if __name__ == "__main__":
    main()
