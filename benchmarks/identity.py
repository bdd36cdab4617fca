"""Who is it? Photos made from hand-drawn sketches against the sketches themselves.

For each folder `DIR/*/` that holds `photos/` and `sketches/` with the same file names: how often
the true photo is the nearest of all, by dlib's face descriptors, to the raw sketch and to the
photo that a model makes of it. Aligned, 128 px. Intervals are bootstraps over the people.

    python benchmarks/identity.py --data DIR [--model FILE ...] [--set SET]

With --set, also the held-out faces of a prepared set, drawn by limner itself in the style `pencil`.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sketch_styles import aligned_pairs

from limner import images
from limner.data.prepared import PreparedSet
from limner.measures.identity import Descriptor, Retrieval, retrieval
from limner.sketching import sketch
from limner.translator import Translator

HEADER = f"{'':28s} rank-1  (95 %)         rank-5  genuine  impostor"


def main() -> None:
    """Print one table a set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets")
    parser.add_argument("--model", action="append", help="shipped name or file; may repeat")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th person only")
    parser.add_argument("--set", type=Path, help="prepared set whose held-out faces to draw")
    options = parser.parse_args()
    describe = Descriptor()
    translators = {name: Translator(name) for name in options.model or ["portrait"]}
    for folder in sorted(options.data.iterdir()):
        if not ((folder / "photos").is_dir() and (folder / "sketches").is_dir()):
            continue
        measure(folder.name, *aligned_pairs(folder, options.every), describe, translators)
    if options.set:
        faces = PreparedSet(options.set).images("test")
        photos = np.stack([images.resize(face, 128) for face in faces[:: options.every]])
        drawn = np.stack([sketch(photo, "pencil", seed) for seed, photo in enumerate(photos)])
        measure(
            f"{options.set.name}, held out, drawn by limner", photos, drawn, describe, translators
        )


def measure(
    name: str,
    photos: NDArray[np.uint8],
    drawings: NDArray[np.uint8],
    describe: Descriptor,
    translators: dict[str, Translator],
) -> None:
    """Print one table: photos `[N, S, S, 3]`, drawings `[N, S, S]` of the same people."""
    print(f"{name}: {len(photos)} people\n{HEADER}")
    gallery = describe(photos)
    report("raw sketches", describe(drawings), gallery)
    for model, translator in translators.items():
        report(Path(model).name, describe(translator.batch(list(drawings))), gallery)


def report(name: str, probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> None:
    """Print one row, with the interval of rank-1."""
    found: Retrieval = retrieval(probes, gallery)
    distances = np.linalg.norm(probes[:, None] - gallery[None], axis=2)
    hits = distances.argmin(axis=1) == np.arange(len(probes))
    rng = np.random.default_rng(0)
    again = [hits[rng.integers(0, len(hits), len(hits))].mean() for _ in range(2000)]
    low, high = np.quantile(again, [0.025, 0.975])
    print(
        f"{name:28s} {found.rank1:.3f}  ({low:.3f}..{high:.3f})  {found.rank5:.3f}   "
        f"{found.genuine:.3f}    {found.impostor:.3f}"
    )


if __name__ == "__main__":
    main()
