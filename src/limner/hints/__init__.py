"""Stand-in until the room is built: dots and strokes of blurred photo colours."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

PLACES = {
    "skin": ((0.36, 0.62), (0.64, 0.62), (0.5, 0.28)),
    "hair": ((0.5, 0.06), (0.3, 0.08), (0.7, 0.08)),
    "background": ((0.04, 0.05), (0.96, 0.05)),
}


def random_hints(photo, rng):
    side = photo.shape[0]
    picture = Image.fromarray(photo)
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(side * 0.025)))
    canvas = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(canvas)

    def colour(x, y):
        x, y = int(np.clip(x, 0, side - 1)), int(np.clip(y, 0, side - 1))
        c = blurred[y, x].astype(int) + rng.integers(-6, 7, 3)
        return (*np.clip(c, 0, 255).tolist(), 255)

    if rng.random() < 0.5:
        for name, places in PLACES.items():
            if rng.random() < 0.6:
                x, y = np.array(places[0]) * side
                c = colour(x, y)
                r = side * rng.uniform(0.02, 0.05)
                for px, py in places:
                    pen.ellipse(
                        (px * side - r, py * side - r, px * side + r, py * side + r), fill=c
                    )
    else:
        for _ in range(rng.integers(1, 13)):
            x, y = rng.random(2) * side
            c = colour(x, y)
            r = side * rng.uniform(0.01, 0.08)
            if rng.random() < 0.5:
                pen.ellipse((x - r, y - r, x + r, y + r), fill=c)
            else:
                a, l = rng.uniform(0, 6.3), rng.uniform(0.03, 0.15) * side
                pen.line(
                    (x - l * np.cos(a), y - l * np.sin(a), x + l * np.cos(a), y + l * np.sin(a)),
                    fill=c,
                    width=max(2, int(r)),
                )
    return np.asarray(canvas)
