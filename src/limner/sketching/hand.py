"""Effects of the hand, the paper and the scanner on a drawing, freely combined.

Each takes and returns a drawing `[H, W]` float32 in [0, 1], 1 = paper.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.sketching.filters import Grey, blur, dodge, grain, luminance, scale_of, smooth_field

_CELLS = 4  # errors vary smoothly, over a quarter of the sheet
_MARGIN = 4  # px beyond the sheet that the wobble may read


def wobble(drawing: Grey, rng: np.random.Generator, amplitude: float = 1.2) -> Grey:
    """Inaccurate strokes: a smooth random shift of up to `amplitude` reference pixels each way."""
    h, w = drawing.shape
    reach = min(amplitude * scale_of(drawing), _MARGIN - 1)
    knots = _CELLS + 1
    y, x = (np.linspace(_MARGIN, _MARGIN + side, knots).round().astype(int) for side in (h, w))
    shift = rng.uniform(-reach, reach, (2, knots, knots))
    # Half of each knot's own shift and half of its neighbours' mean, to avoid folds.
    shift[:, 1:-1, 1:-1] = 0.5 * shift[:, 1:-1, 1:-1] + 0.125 * (
        shift[:, 2:, 1:-1] + shift[:, :-2, 1:-1] + shift[:, 1:-1, 2:] + shift[:, 1:-1, :-2]
    )
    at = np.stack([x[None] + shift[0], y[:, None] + shift[1]], axis=-1)
    # Pillow's order of a quadrilateral's corners: upper left, lower left, lower right, upper right.
    mesh = [
        (
            (int(x[j]), int(y[i]), int(x[j + 1]), int(y[i + 1])),
            np.concatenate([at[i, j], at[i + 1, j], at[i + 1, j + 1], at[i, j + 1]]).tolist(),
        )
        for i in range(_CELLS)
        for j in range(_CELLS)
    ]
    sheet = Image.fromarray(np.pad(drawing, _MARGIN, mode="edge"))
    moved = sheet.transform(sheet.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
    return _clip(np.asarray(moved)[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN])


def pressure(drawing: Grey, rng: np.random.Generator, strength: float = 0.35) -> Grey:
    """Uneven pressure: the darkness varies smoothly over the sheet."""
    field = smooth_field((drawing.shape[0], drawing.shape[1]), 5, rng)
    return _clip(1 - (1 - drawing) * (1 + strength * field))


def darkness(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Softer or harder pencil: all strokes lighter or darker."""
    return _clip(1 - (1 - drawing) * rng.uniform(0.65, 1.35))


def drop_lines(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Broken lines: smooth patches where the pencil hardly touched the paper."""
    field = smooth_field((drawing.shape[0], drawing.shape[1]), int(rng.integers(6, 14)), rng)
    touch = np.clip((field + rng.uniform(0.4, 0.9)) * 2, rng.uniform(0.3, 0.7), 1)
    return _clip(1 - (1 - drawing) * touch)


def remove_tone(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Remove part of the broad tone and keep the lines."""
    broad = blur(drawing, rng.uniform(4, 8))
    amount = rng.uniform(0.3, 0.9)
    return _clip(drawing / ((1 - amount) + amount * np.maximum(broad, 0.05)))


def paper(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Scan: tinted or unevenly lit paper, darker towards the edge, blacks that are not black."""
    h, w = drawing.shape
    light = rng.uniform(0.82, 1.0) + rng.uniform(0, 0.06) * smooth_field((h, w), 2, rng)
    y, x = np.linspace(-1, 1, h, dtype=np.float32)[:, None], np.linspace(-1, 1, w, dtype=np.float32)
    rim = rng.uniform(0, 0.05) * (x * x + y * y)
    black = rng.uniform(0, 0.15)
    return _clip((black + (1 - black) * drawing) * (light - rim))


def speckle(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Grain of the sheet and the scanner, on all of the picture."""
    shape = (drawing.shape[0], drawing.shape[1])
    return _clip(drawing + grain(shape, 0.4, rng) * rng.uniform(0.005, 0.03))


def model_form(drawing: Grey, photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Model the face with shading by the artist rather than the light.

    Portraits shade both sides of the nose, the eye sockets and below the lips even where they are
    lit. An aligned face is nearly symmetrical, so the photo's mirror image shows where its shadows
    would be if the light came from the other side.
    """
    grey = blur(luminance(photo), 1)
    depth = 1 - dodge(grey, rng.uniform(4, 10), floor=0.1)
    if rng.random() < 0.6:
        depth = np.maximum(depth, depth[:, ::-1])
    h, w = drawing.shape
    y, x = np.linspace(-1, 1, h, dtype=np.float32)[:, None], np.linspace(-1, 1, w, dtype=np.float32)
    inside = np.exp(-3 * (x * x + y * y))
    shade = inside * depth / (depth + rng.uniform(0.1, 0.4))
    return _clip(drawing * (1 - rng.uniform(0.2, 0.9) * shade))


def shading_share(photo: NDArray[np.float32]) -> float:
    """Probability that the skin of a face is shaded, 0.03 to 0.97: the darker it is, the likelier.

    People leave the paper white for a light face, and mostly shade a dark one. If both were shaded
    equally often, white skin in a drawing would not show how light the photo was.

    Args:
        photo: Aligned face crop, `[H, W, 3]` in [0, 1].
    """
    h, w = photo.shape[:2]
    inner = luminance(photo[h // 4 : h - h // 4, w // 4 : w - w // 4])
    return float(np.clip((0.74 - np.median(inner)) / 0.26, 0.03, 0.97))


def shade_skin(drawing: Grey, photo: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    """Tone in the drawing for tone in the photo: darker skin is shaded, as some people do.

    The styles leave the lit skin of any face white. With this effect on a fraction of the drawings,
    see `shading_share`, a model can learn from the tone where there is one. The strength of the
    shading varies, also for pale skin, so that a little tone need not mean dark skin.
    """
    tone = blur(luminance(photo), 4) / rng.uniform(0.65, 1.1)
    return _clip(drawing * (1 - rng.uniform(0.2, 0.8) * (1 - np.clip(tone, 0, 1))))


def focus(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Slightly blurred or sharpened, as scans are."""
    soft = blur(drawing, rng.uniform(0.5, 0.9))
    return _clip(soft + rng.uniform(0, 1.8) * (drawing - soft))


def fade_to_paper(drawing: Grey, rng: np.random.Generator) -> Grey:
    """Only the surroundings of the head are drawn: a soft ellipse of random size, paper outside."""
    h, w = drawing.shape
    down, across = np.linspace(0, 1, h, dtype=np.float32), np.linspace(0, 1, w, dtype=np.float32)
    y = (down[:, None] - rng.uniform(0.42, 0.55)) / rng.uniform(0.46, 0.7)
    x = (across - 0.5) / rng.uniform(0.4, 0.62)
    keep = np.clip((1 - np.sqrt(x * x + y * y)) * rng.uniform(5, 14) + 0.5, 0, 1)
    return _clip(1 - (1 - drawing) * keep)


def _clip(drawing: NDArray[np.floating[Any]]) -> Grey:
    clipped: Grey = np.clip(drawing, 0, 1).astype(np.float32, copy=False)
    return clipped
