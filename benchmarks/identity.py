"""Face retrieval with photos generated from hand-drawn sketches, and with the sketches themselves.

For each folder `DIR/*/` that contains `photos/` and `sketches/` with the same file names: how often
the ground-truth photo is the nearest in the gallery, by dlib's face descriptors, to the raw sketch
and to the photo that a model generates from it. Aligned, 128 px, with bootstrap confidence
intervals over the people.

    python benchmarks/identity.py --data DIR [--model FILE ...] [--set SET] [--jpeg QUALITY]

With --set, also the held-out faces of a dataset, drawn by limner in the style `pencil`. With
--jpeg, generated photos are halved in size, saved at that quality and enlarged again before they
are described; for comparison, so are the sketches and the ground truth. A model that was trained
with this descriptor could raise its score with an invisible pattern; the degradation destroys such
a pattern, but not a face.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from crops import translated
from numpy.typing import NDArray
from PIL import Image
from sketch_styles import aligned_pairs

from limner import images
from limner.data.prepared import PreparedSet
from limner.features.descriptor import Descriptor
from limner.metrics.likeness.identity import Retrieval, retrieval
from limner.sketching import sketch
from limner.translator import Translator

HEADER = f"{'':28s} rank-1  (95%)         rank-5  genuine  impostor"


def main() -> None:
    """Print one table per set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets")
    parser.add_argument("--model", action="append", help="shipped name or file; may repeat")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th person only")
    parser.add_argument("--set", type=Path, help="dataset whose held-out faces to draw")
    parser.add_argument("--jpeg", type=int, help="degrade generated photos: JPEG quality, 1 to 95")
    options = parser.parse_args()
    describe = Descriptor()
    translators = {name: Translator(name) for name in options.model or ["portrait"]}
    for folder in sorted(options.data.iterdir()):
        if not ((folder / "photos").is_dir() and (folder / "sketches").is_dir()):
            continue
        pairs = aligned_pairs(folder, options.every)
        measure(folder.name, *pairs, describe, translators, options.jpeg)
    if options.set:
        faces = PreparedSet(options.set).images("test", "photo")
        photos = np.stack([images.resize(face, 128) for face in faces[:: options.every]])
        drawn = np.stack([sketch(photo, "pencil", seed) for seed, photo in enumerate(photos)])
        name = f"{options.set.name}, held out, drawn by limner"
        measure(name, photos, drawn, describe, translators, options.jpeg)


def measure(
    name: str,
    photos: NDArray[np.uint8],
    drawings: NDArray[np.uint8],
    describe: Descriptor,
    translators: dict[str, Translator],
    jpeg: int | None,
) -> None:
    """Print one table: photos `[N, S, S, 3]`, drawings `[N, S, S]` of the same people."""
    print(f"{name}: {len(photos)} people\n{HEADER}")
    gallery = describe(photos)
    report("raw sketches", describe(drawings), gallery)
    if jpeg:
        for control, pictures in (("sketches", drawings), ("ground truth", photos)):
            worse = np.stack([degraded(picture, jpeg) for picture in pictures])
            report(f"{control}, degraded", describe(worse), gallery)
    for model, translator in translators.items():
        generated = translated(translator, drawings)
        if jpeg:
            generated = np.stack([degraded(photo, jpeg) for photo in generated])
        report(Path(model).name, describe(generated), gallery)


def degraded(photo: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Halve a photo `[S, S, 3]` or sketch `[S, S]`, save it as JPEG, and enlarge it again."""
    file = io.BytesIO()
    Image.fromarray(images.resize(photo, len(photo) // 2)).save(file, "JPEG", quality=quality)
    return images.resize(images.read(file.getvalue()), len(photo))


def report(name: str, probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> None:
    """Print one row, with the 95% confidence interval of rank-1."""
    found: Retrieval = retrieval(probes, gallery)
    distances = np.linalg.norm(probes[:, None] - gallery[None], axis=2)
    hits = distances.argmin(axis=1) == np.arange(len(probes))
    rng = np.random.default_rng(0)
    resampled = [hits[rng.integers(0, len(hits), len(hits))].mean() for _ in range(2000)]
    low, high = np.quantile(resampled, [0.025, 0.975])
    print(
        f"{name:28s} {found.rank1:.3f}  ({low:.3f}..{high:.3f})  {found.rank5:.3f}   "
        f"{found.genuine:.3f}    {found.impostor:.3f}"
    )


if __name__ == "__main__":
    main()
