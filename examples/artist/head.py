"""The head: outline, ears, neck, roundness and lines of age."""

from .features import Face, draw_brows, draw_eyes, draw_mouth, draw_nose, sided
from .marks import Curve, Point, Sheet, Tone, along, mirrored, moved, outline


def draw_neck(sheet: Sheet, face: Face, shoulder: float = 232.0) -> None:
    """Draw the neck down to the shoulders, in the chin's shadow, without clothes."""
    neck, chin = face.neck, face.chin
    right = [(neck + 4, chin - 55), (neck, chin - 10), (neck + 1, shoulder - 42)]
    right += [(neck + 14, shoulder - 22), (neck + 50, shoulder - 4), (neck + 55, shoulder + 30)]
    shape = outline([*mirrored(right), *right[::-1]])
    sheet.blank(shape)
    sheet.clip(shape)
    if face.skin:
        sheet.fill(shape, face.skin * 1.15)
    sheet.shade(
        [
            Tone(0, chin + 6, neck * 0.9, 18, 0.42, slant=-35),
            Tone(neck * 0.7, chin + 20, 18, 40, 0.4, slant=-60),
            Tone(-neck * 0.9, chin + 10, 9, 40, 0.3, slant=-60),
            Tone(3, shoulder - 8, 9, 7, 0.16),
        ],
        face.modelling,
    )
    sheet.clip(None)
    for side in (-1, 1):
        sheet.contour(sided(right[1:-1], side), 1.8, 0.7, peak=0.3)
        cord = [(neck * 0.72, chin + 22), (neck * 0.45, shoulder - 25), (10, shoulder - 2)]
        sheet.contour(sided(cord, side), 1.1, 0.25, peak=0.7)
        bone = [(9, shoulder + 2), (40, shoulder - 1), (95, shoulder + 8)]
        sheet.contour(sided(bone, side), 1.3, 0.3, peak=0.3)


def draw_ears(sheet: Sheet, face: Face, size: float = 1.0) -> None:
    """Draw both ears, between the brows' height and the nose's end."""
    edge = max(x for x, _ in face.half) - 4
    for side in (-1, 1):
        rim: Curve = [(0, 2), (5, -9), (13, -10), (17, 1), (15, 20), (10, 36), (5, 45), (-3, 44)]
        rim = sided([(edge + x * size, y * size) for x, y in rim], side)
        sheet.blank(outline(rim))
        if face.skin:
            sheet.fill(outline(rim), face.skin)
        sheet.clip(outline(rim))
        sheet.shade([Tone(side * (edge + 4), 16, 7, 15, 0.5)], face.modelling)
        sheet.clip(None)
        sheet.contour(rim, 1.7, 0.75)
        fold = [(4, 0), (10, -4), (12.5, 4), (10.5, 19), (6, 28)]
        sheet.contour(sided([(edge + x * size, y * size) for x, y in fold], side), 1.2, 0.5)
        bowl = [(8, 9), (4.5, 14), (7, 22), (3, 29)]
        sheet.contour(sided([(edge + x * size, y * size) for x, y in bowl], side), 1.6, 0.5)


def _roundness(face: Face) -> list[Tone]:
    """Return shades of the planes that face away from the light: temples, cheeks, sockets, jaw."""
    chin = face.chin
    cheek = along(face.half, 0.55)[0]
    jaw = along(face.half, 0.7)
    return [
        Tone(cheek - 2, 25, 15, 55, 0.42, 4, -65),
        Tone(-cheek + 1, 30, 9, 50, 0.26, -4, -65),
        Tone(cheek - 6, -55, 14, 30, 0.26, -6, -65),
        Tone(-cheek + 4, -58, 10, 30, 0.18, 6, -65),
        Tone(jaw[0] - 4, jaw[1] - 2, 11, 34, 0.36, 32, -55),
        Tone(-jaw[0] + 2, jaw[1] - 2, 8, 30, 0.24, -32, -55),
        Tone(4, chin - 3, 30, 7, 0.28, 0, -20),
        Tone(40, -14, 19, 6, 0.24, 6, -30),
        Tone(-40, -14, 19, 6, 0.2, -6, -30),
        Tone(40, 14, 15, 5, 0.13, 0, -40),
        Tone(-40, 14, 15, 5, 0.11, 0, -40),
        Tone(58, 66, 12, 26, 0.1, 25, -50),
    ]


def _lights(face: Face) -> list[Tone]:
    """Return the highlights of dark skin: brow, bridge and tip of the nose, cheekbones, chin."""
    s = face.skin
    return [
        Tone(-14, -66, 34, 20, -0.9 * s),
        Tone(-1, 12, 4, 24, -1.1 * s),
        Tone(-2, 48, 8, 6, -1.3 * s),
        Tone(-54, 28, 17, 10, -1.0 * s, -25),
        Tone(50, 28, 14, 8, -0.6 * s, 25),
        Tone(-3, face.chin - 20, 15, 9, -0.8 * s),
    ]


def draw_face(sheet: Sheet, face: Face) -> None:
    """Draw the face: its outline and shading, then its features."""
    shape = face.shape
    sheet.blank(shape)
    sheet.clip(shape)
    if face.skin:
        sheet.fill(shape, face.skin)
        sheet.shade([Tone(10, 10, 84, 130, face.skin * 0.5, slant=None)])
    sheet.shade(_roundness(face), face.modelling)
    if face.skin:
        sheet.shade(_lights(face))
    sheet.clip(None)
    start = 3 / (len(face.half) - 1)
    right = [along(face.half, start + (1 - start) * k / 9) for k in range(10)]
    sheet.contour(right, 2.2, face.jawline, peak=0.75)
    sheet.contour(mirrored(right), 1.8, face.jawline, peak=0.7)
    _draw_age(sheet, face)
    draw_nose(sheet, face.nose)
    draw_eyes(sheet, face.eye)
    draw_brows(sheet, face.brow)
    draw_mouth(sheet, face.mouth)


def _draw_age(sheet: Sheet, face: Face) -> None:
    """Draw the folds from nose to mouth, faint in the young, and the lines of an old face."""
    half, base, mouth = face.nose.half, face.nose.base, face.mouth
    for side in (-1, 1):
        fold = [(half + 3, base - 10), (half + 12, base + 6), (mouth.half + 9, mouth.y - 6)]
        sheet.contour(sided(fold, side), 1.2, 0.04 + 0.5 * face.age, peak=0.3)
        sheet.shade([Tone(side * (half + 13), base + 8, 4, 14, 0.06 + 0.25 * face.age, -side * 25)])
        if face.age < 0.3:
            continue
        for k, reach in enumerate((10, 12, 9)):
            foot = [(66, -3 + 4.0 * k), (66 + reach * 0.6, -4 + 5.5 * k), (66 + reach, -6 + 8 * k)]
            sheet.contour(sided(foot, side), 0.9, 0.4 * face.age)
        frown: list[Point] = [(5, -30), (6.5, -22), (5, -14)]
        sheet.contour(sided(frown, side), 1.1, 0.4 * face.age)
        hollow = [(58, 40), (64, 62), (58, 84)]
        sheet.contour(sided(hollow, side), 1.1, 0.3 * face.age, loose=2)
    if face.age >= 0.3:
        for k, y in enumerate((-52, -64, -77)):
            crease = [(-44 + 5 * k, y + 3), (-18, y - 1), (12, y), (42 - 4 * k, y + 3)]
            sheet.contour(moved(crease, 0, 0), 1.1, 0.35 * face.age, loose=1.5)
