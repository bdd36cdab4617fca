"""Show drawings above the photos made from them: `python contact_sheet.py DRAWINGS PHOTOS`."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from limner import images

SIDE = 192
COLUMNS = 5


def main(drawings: Path, photos: Path) -> None:
    """Write `PHOTOS/contact-sheet.png`."""
    names = [path.name for path in sorted(drawings.glob("*.png")) if (photos / path.name).exists()]
    rows: list[list[np.ndarray]] = []
    for start in range(0, len(names), COLUMNS):
        chosen = names[start : start + COLUMNS]
        rows += [[_tile(folder / name) for name in chosen] for folder in (drawings, photos)]
    images.write(photos / "contact-sheet.png", images.montage(rows, gap=6))


def _tile(path: Path) -> np.ndarray:
    picture = Image.fromarray(images.read(path))
    return np.asarray(ImageOps.pad(picture, (SIDE, SIDE), Image.Resampling.LANCZOS, color="white"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
