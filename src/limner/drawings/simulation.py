"""Simulated pages: clean drawings as people photograph and scan them, to test the cleaning.

Each function takes a drawing `[H, W]` grey, dark on white, and a random generator, and returns the
picture of a page, `[H', W']` grey or `[H', W', 3]` RGB. Two pages of a kind differ in strength,
colour, angle and position, as those of two people do.
"""

import math
from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["PAGES", "Page"]

Grey = NDArray[np.uint8]
Page = Callable[[Grey, np.random.Generator], NDArray[np.uint8]]


def chalk(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """White chalk or pencil on black, grey, blue or green paper; a blackboard."""
    board = rng.choice([(8, 8, 10), (40, 42, 45), (20, 30, 60), (30, 60, 45)])
    chalk_share = 1 - drawing / 255.0
    grain = 1 - rng.uniform(0, 0.25) * rng.random(drawing.shape)
    share = (chalk_share * grain)[..., None]
    return _rounded(board * (1 - share) + rng.uniform(225, 255) * share)


def faint(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A hard pencil that hardly marks the paper, scanned."""
    paper = rng.uniform(240, 255)
    ink = (1 - drawing / 255.0) * rng.uniform(0.12, 0.3)
    return _rounded(paper * (1 - ink) + rng.normal(0, rng.uniform(0, 1.2), drawing.shape))


def toned_paper(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Dark pencil on kraft, grey, blue or ochre paper."""
    paper = _paper_colour(rng)
    light = (rng.uniform(0.05, 0.25) + drawing / 255.0).clip(0, 1)[..., None]
    return _rounded(paper * light + rng.normal(0, 1.5, (*drawing.shape, 1)))


def highlights(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The same, with white highlights on light parts of the face."""
    page = toned_paper(drawing, rng).astype(float)
    height, width = drawing.shape
    y, x = np.mgrid[0:height, 0:width]
    marks = np.zeros(drawing.shape)
    for _ in range(3):
        cx, cy = rng.uniform(0.35, 0.65) * width, rng.uniform(0.35, 0.65) * height
        size = rng.uniform(0.03, 0.06) * width
        marks = np.maximum(marks, np.exp(-(((x - cx) ** 2 + (y - cy) ** 2) / size**2)))
    share = (0.9 * marks * (drawing > 128))[..., None]
    return _rounded(page * (1 - share) + 250 * share)


def on_its_side(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turned by a quarter, to either side."""
    return np.ascontiguousarray(np.rot90(drawing, int(rng.choice([1, 3]))))


def upside_down(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Laid on the scanner the wrong way round."""
    del rng
    return np.ascontiguousarray(drawing[::-1, ::-1])


def large_scan(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A small drawing somewhere on a large sheet."""
    height, width = drawing.shape
    factor = rng.uniform(4, 8)
    sheet = np.full((int(height * factor), int(width * factor)), 252, np.uint8)
    top, left = (
        int(rng.uniform(0.05, 0.95) * (side - own))
        for side, own in zip(sheet.shape, drawing.shape, strict=True)
    )
    sheet[top : top + height, left : left + width] = np.minimum(drawing, 252)
    return sheet


def ruled(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """On ruled paper, scanned straight."""
    return _rounded(_printed(_on_sheet(drawing, rng), rng, both=False))


def grid_paper(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """On squared paper, scanned straight."""
    return _rounded(_printed(_on_sheet(drawing, rng), rng, both=True))


def ruled_by_phone(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """With a coloured pen on ruled or squared paper, photographed at an angle in uneven light."""
    pen = np.array([(20, 30, 110), (25, 25, 30), (120, 20, 30)][int(rng.integers(3))])
    sheet = _on_sheet(drawing, rng).mean(axis=2)
    inked = 255 - (1 - sheet[..., None] / 255) * (255 - pen)
    page = _printed(inked, rng, both=bool(rng.random() < 0.3))
    return _rounded(_photographed(page, rng))


def by_phone(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """On blank paper, photographed at an angle in uneven light."""
    return _rounded(_photographed(_on_sheet(drawing, rng), rng))


def hand_shadow(drawing: Grey, rng: np.random.Generator) -> NDArray[np.uint8]:
    """With the shadow of a hand, a head or a phone."""
    page = _on_sheet(drawing, rng)
    height, width = page.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    angle = rng.uniform(0, 2 * math.pi)
    reach = rng.uniform(-0.12, 0.12) * max(height, width)
    depth = (x - width / 2) * math.cos(angle) + (y - height / 2) * math.sin(angle) - reach
    bow = rng.uniform(-1, 1) * 0.3 / max(height, width)
    depth += bow * ((x - width / 2) * math.sin(angle) - (y - height / 2) * math.cos(angle)) ** 2
    penumbra = rng.uniform(0.02, 0.05) * max(height, width)
    share = 1 / (1 + np.exp(-4 * depth / penumbra))
    return _rounded(page * (1 - share * rng.uniform(0.3, 0.6))[..., None])


PAGES: MappingProxyType[str, Page] = MappingProxyType(
    {
        page.__name__.replace("_", "-"): page
        for page in (
            *(chalk, faint, toned_paper, highlights, on_its_side, upside_down, large_scan),
            *(ruled, grid_paper, by_phone, ruled_by_phone, hand_shadow),
        )
    }
)
"""All kinds of pages, by name."""


def _rounded(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(values).clip(0, 255), np.uint8)


def _paper_colour(rng: np.random.Generator) -> NDArray[np.float64]:
    colours = [(199, 140, 118), (196, 164, 120), (150, 150, 148), (140, 158, 178), (205, 180, 140)]
    return np.array(colours[int(rng.integers(len(colours)))], float)


def _on_sheet(drawing: Grey, rng: np.random.Generator) -> NDArray[np.float64]:
    """[H', W', 3]: a drawing on a sheet that is somewhat larger."""
    height, width = drawing.shape
    margins = rng.uniform(0.12, 0.4, 4)
    top, bottom = (margins[:2] * height).astype(int)
    left, right = (margins[2:] * width).astype(int)
    paper = int(np.quantile(drawing, 0.9))
    sheet = np.pad(drawing, ((top, bottom), (left, right)), constant_values=paper)
    return np.repeat(sheet[..., None].astype(float), 3, axis=2)


def _printed(
    page: NDArray[np.float64], rng: np.random.Generator, *, both: bool
) -> NDArray[np.float64]:
    """Lines across, and down too if `both`, printed under the drawing."""
    height, width = page.shape[:2]
    colour = np.array([(90, 130, 215), (130, 130, 135), (120, 175, 220)][int(rng.integers(3))])
    spacing = rng.uniform(0.022, 0.04) * max(height, width)
    wide = rng.uniform(1.0, 2.2)
    share = np.zeros((height, width))
    for axis, size in ((0, height), (1, width))[: 1 + both]:
        away = (np.arange(size) - rng.uniform(0, spacing)) % spacing
        away = np.minimum(away, spacing - away)
        line = np.clip(wide / 2 + 0.5 - away, 0, 1) * rng.uniform(0.55, 0.9)
        share = np.maximum(share, line[:, None] if axis == 0 else line[None])
    return page * (1 - share[..., None] * (1 - colour / 255))


def _photographed(page: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A page on a dark desk, seen at an angle, in uneven light."""
    height, width = page.shape[:2]
    at = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    moved = at + rng.uniform(-0.05, 0.05, (4, 2)) * (width, height)
    moved = (moved - (width / 2, height / 2)) * rng.uniform(0.98, 1.06) + (width / 2, height / 2)
    turn = math.radians(rng.uniform(-4, 4))
    cos, sin = math.cos(turn), math.sin(turn)
    moved = (moved - (width / 2, height / 2)) @ np.array([[cos, sin], [-sin, cos]])
    moved += (width / 2, height / 2)
    seen = Image.fromarray(_rounded(page)).transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        _perspective(moved, at),
        Image.Resampling.BICUBIC,
        fillcolor=(62, 40, 30),
    )
    y, x = np.mgrid[0:height, 0:width]
    angle = rng.uniform(0, 2 * math.pi)
    slope = (x / width - 0.5) * math.cos(angle) + (y / height - 0.5) * math.sin(angle)
    light = 1 - rng.uniform(0.2, 0.5) / (1 + np.exp(-rng.uniform(3, 7) * slope))
    tint = np.array([1, rng.uniform(0.96, 1), rng.uniform(0.88, 0.99)])
    noise = rng.normal(0, rng.uniform(0.5, 2), (height, width, 1))
    return np.asarray(np.asarray(seen, float) * light[..., None] * tint + noise)


def _perspective(source: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[float, ...]:
    """Pillow's eight numbers for the perspective that shows `target` [4, 2] at `source`."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source.tolist(), target.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(np.linalg.solve(np.array(rows), np.array(values)).tolist())
