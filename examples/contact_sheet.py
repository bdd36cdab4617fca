"""Show drawings above the photos made from them: `python contact_sheet.py DRAWINGS PHOTOS [FILE]`.

The picture is FILE, by default `PHOTOS/contact-sheet.png`.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from limner import images

SIDE = 256
COLUMNS = 5


def main(drawings: Path, photos: Path, file: Path) -> None:
    """Write the picture."""
    names = [path.name for path in sorted(drawings.glob("*.png")) if (photos / path.name).exists()]
    rows: list[list[np.ndarray]] = []
    for start in range(0, len(names), COLUMNS):
        chosen = names[start : start + COLUMNS]
        rows += [[_tile(folder / name) for name in chosen] for folder in (drawings, photos)]
    images.write(file, images.montage(rows, gap=6))


def _tile(path: Path) -> np.ndarray:
    picture = Image.fromarray(images.read(path))
    return np.asarray(ImageOps.pad(picture, (SIDE, SIDE), Image.Resampling.LANCZOS, color="white"))


if __name__ == "__main__":
    folders = [Path(one) for one in sys.argv[1:3]]
    main(*folders, Path(sys.argv[3]) if len(sys.argv) > 3 else folders[1] / "contact-sheet.png")
