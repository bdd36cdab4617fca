"""Draw a photo in two of limner's own styles: `python examples/make_astronaut.py`.

The photo is scikit-image's `astronaut`, which is NASA's and in the public domain. Writes
`examples/astronaut-pencil.png` and `examples/astronaut-line.png`. Needs scikit-image:
`pip install limner[dev]`.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from limner.sketching import sketch

HERE = Path(__file__).parent
# Left, top, right, bottom: the head with its hair, down to the collar.
HEAD = (134, 10, 314, 220)
SIDE = 360
SEED = 3


def main() -> None:
    """Crop the head, enlarge it and draw it in each style."""
    head = Image.fromarray(data.astronaut()).crop(HEAD)
    height = round(SIDE * head.height / head.width)
    photo = head.resize((SIDE, height), Image.Resampling.BICUBIC)
    for style in ("pencil", "line"):
        path = HERE / f"astronaut-{style}.png"
        drawing = Image.fromarray(sketch(np.asarray(photo), style, SEED))
        drawing.save(path, optimize=True)
        print(f"{path.relative_to(HERE.parent)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
