"""Clothes and accessories: a round neck, a shirt collar, spectacles, a headscarf."""

from collections.abc import Sequence

from .features import sided
from .marks import Curve, Point, Sheet, Tone, mirrored, outline


def draw_round_neck(
    sheet: Sheet, *, depth: float = 218.0, tone: float = 0.12, broad: float = 1.0
) -> None:
    """Draw a collarless top: its neckline and the shoulders below it."""
    right: list[Point] = [(0, depth + 17), (30, depth + 13), (56, depth - 2), (70, depth - 17)]
    shoulder: list[Point] = [
        (120, depth + 1),
        (175, depth + 19),
        (222, depth + 46),
        (246, depth + 92),
    ]
    shoulder += [(262, depth + 200), (270, depth + 400)]
    shoulder = [(70 + (x - 70) * broad, y) for x, y in shoulder]
    shape = outline([*mirrored([*right, *shoulder])[::-1], *right[1:], *shoulder])
    sheet.blank(shape)
    sheet.clip(shape)
    sheet.fill(shape, tone)
    for side in (-1, 1):
        sheet.shade([Tone(side * 130, depth + 34, 80, 22, 0.16, 20 * side, None)])
    sheet.clip(None)
    neckline = [*mirrored(right)[:0:-1], *right]
    sheet.contour(neckline, 1.8, 0.7)
    sheet.contour([(x * 1.02, y + 7) for x, y in neckline], 1.2, 0.4)
    for side in (-1, 1):
        sheet.contour(sided([right[-1], *shoulder], side), 2.0, 0.7, peak=0.3)


def draw_shirt(
    sheet: Sheet, *, top: float = 168.0, spread: float = 60.0, tone: float = 0.1
) -> None:
    """Draw an open shirt: two collar points and the shoulders."""
    for side in (-1, 1):
        body: Curve = [(6, top + 72), (spread + 6, top + 26), (118, top + 53), (205, top + 82)]
        body = sided([*body, (260, top + 104), (260, top + 200), (6, top + 200)], side)
        sheet.blank(outline(body))
        sheet.fill(outline(body), tone)
        sheet.shade([Tone(side * 120, top + 92, 70, 20, 0.16, 20 * side, None)])
        sheet.contour(body[1:5], 2.0, 0.7)
        flap = [(spread - 4, top), (spread + 8, top + 22), (spread + 4, top + 62)]
        flap += [(34, top + 84), (4, top + 62), (24, top + 44), (spread - 12, top + 18)]
        shape = outline(sided(flap, side))
        sheet.blank(shape)
        sheet.fill(shape, tone * 0.5)
        sheet.clip(shape)
        sheet.shade([Tone(side * (spread - 2), top + 66, 34, 9, 0.2, -35 * side)])
        sheet.clip(None)
        edge = sided([*flap, flap[0]], side)
        sheet.contour(edge[:4], 1.9, 0.75)
        sheet.contour(edge[3:], 1.9, 0.75)
    sheet.contour([(1, top + 66), (3, top + 90), (2, top + 130)], 1.3, 0.5)


def draw_glasses(sheet: Sheet, *, half: float = 31.0, height: float = 24.0) -> None:
    """Draw spectacles with rounded rims, in dark lines."""
    rims = []
    for side in (-1, 1):
        x, y = side * 41.0, 3.0
        rim = [
            (x - half, y - height * 0.35),
            (x - half * 0.6, y - height),
            (x + half * 0.6, y - height),
        ]
        rim += [(x + half, y - height * 0.35), (x + half * 0.8, y + height * 0.72), (x, y + height)]
        rim += [(x - half * 0.8, y + height * 0.72)]
        rims.append(outline(rim))
        edge = 41 + half
        sheet.contour(sided([(edge - 1, -6), (edge + 14, -8), (edge + 26, -5)], side), 2.4, 0.85)
        sheet.contour([(x - 13, y + 9), (x - 3, y - 5), (x + 4, y - 13)], 1.2, 0.16)
    sheet.lines(rims, 1.7, 0.85)
    bridge = 41 - half
    sheet.contour([(-bridge, -5), (-5, -9), (5, -9), (bridge, -5)], 2.4, 0.85)


def draw_scarf(
    sheet: Sheet, opening: Curve, rim: Curve, folds: Sequence[Curve], *, tone: float
) -> None:
    """Draw a headscarf around the face.

    Args:
        sheet: where to draw.
        opening: right half of the edge around the face, from forehead to below the chin.
        rim: right half of the scarf's outer edge, with as many points, from the crown down.
        folds: right half of the folds, each drawn on both sides.
        tone: tone of the cloth.
    """
    inner = outline([*opening, *mirrored(opening[1:-1])[::-1]])
    cloth = outline([*rim, *mirrored(rim[1:-1])[::-1]]) + inner
    sheet.blank(cloth)
    sheet.fill(cloth, tone)
    sheet.clip(cloth)
    for side in (-1, 1):
        weight = 1.0 if side > 0 else 0.6
        sheet.shade(
            [
                Tone(side * 114, 10, 15, 100, 0.45 * weight, 0, -60 * side),
                Tone(side * 100, -96, 20, 40, 0.3 * weight, -35 * side, -60 * side),
                Tone(side * 82, 92, 9, 44, 0.45 * weight, 28 * side, -60 * side),
                Tone(side * 34, 162, 40, 7, 0.42, -26 * side, -60 * side),
                Tone(side * 74, 206, 50, 9, 0.3 * weight, -36 * side, -60 * side),
                Tone(side * 132, 150, 10, 40, 0.3 * weight, -20 * side, -60 * side),
            ]
        )
        for fold in folds:
            sheet.contour(sided(fold, side), 1.7, 0.5, peak=0.35, loose=1.2)
    sheet.clip(None)
    for side in (-1, 1):
        sheet.contour(sided(opening, side), 2.2, 0.8)
        sheet.contour(sided(rim, side), 2.1, 0.8)
