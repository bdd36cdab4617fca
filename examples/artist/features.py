"""The parts of a face, seen from the front and lit from the upper left."""

from dataclasses import dataclass, field

from .marks import Curve, Point, Sheet, Tone, along, brush, mirrored, moved, numbers, outline


@dataclass(frozen=True, kw_only=True)
class Eye:
    """One eye, the other mirrored; lengths in head units (an iris is about 16 wide).

    Attributes:
        upper: how far the upper lid rises above the corners' line.
        lower: how far the lower lid falls below it.
        inner: x of the inner corner; the outer one is at 60.
        tilt: how much lower the inner corner is than the outer one.
        fold: distance of the lid's crease above the lid, 0 for a lid without one.
        iris: tone of the iris, 0 (pale) to 1 (black).
        lash: width of the lash line.
        bags: strength of the line below the eye.
    """

    upper: float = 8.2
    lower: float = 5.6
    inner: float = 21.0
    tilt: float = 2.0
    fold: float = 5.5
    iris: float = 0.75
    lash: float = 2.4
    bags: float = 0.3


@dataclass(frozen=True, kw_only=True)
class Brow:
    """A brow: the curve of its middle from the inner to the outer end, and its weight."""

    curve: tuple[Point, ...] = ((17, -22), (30, -29), (46, -33), (58, -29), (67, -22))
    thickness: float = 6.5
    tone: float = 0.7
    hairs: int = 110


@dataclass(frozen=True, kw_only=True)
class Nose:
    """A nose: half its width at the wings, where it ends below the eyes, and its bridge."""

    half: float = 23.0
    base: float = 61.0
    bridge: float = 9.0
    side: float = 0.3
    nostril: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Mouth:
    """A closed mouth: the height of its line, half its width, the lips' heights and tones."""

    y: float = 90.0
    half: float = 33.0
    upper: float = 10.0
    lower: float = 14.0
    corner: float = -0.3
    upper_tone: float = 0.42
    lower_tone: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Face:
    """A face without its hair.

    Attributes:
        half: the outline's right half, from the crown to the chin's lowest point.
        skin: tone of the skin, 0 (the paper's) to about 0.5.
        age: strength of the lines of age, 0 to 1.
        modelling: strength of the shading that gives the face its roundness.
        jawline: opacity of the outline.
        neck: half the neck's width.
    """

    half: tuple[Point, ...]
    eye: Eye = field(default_factory=Eye)
    brow: Brow = field(default_factory=Brow)
    nose: Nose = field(default_factory=Nose)
    mouth: Mouth = field(default_factory=Mouth)
    skin: float = 0.0
    age: float = 0.0
    modelling: float = 1.0
    jawline: float = 0.8
    neck: float = 56.0

    @property
    def chin(self) -> float:
        """Distance of the chin below the eyes."""
        return self.half[-1][1]

    @property
    def shape(self) -> str:
        """The complete outline as an SVG path."""
        return outline([*self.half, *mirrored(self.half[1:-1])[::-1]])


def sided(curve: Curve, side: int) -> list[Point]:
    """Return a curve, given for the right half of the sheet, on the given side (1 or -1)."""
    return [(side * x, y) for x, y in curve]


def draw_eyes(sheet: Sheet, eye: Eye) -> None:
    """Draw both eyes, with lids, irises, pupils and highlights."""
    for side in (-1, 1):
        _draw_eye(sheet, eye, side)


def _draw_eye(sheet: Sheet, eye: Eye, side: int) -> None:
    inner, width, tilt = eye.inner, 60 - eye.inner, eye.tilt

    def at(share: float, y: float) -> Point:
        return side * (inner + share * width), y + tilt * (1 - share)

    up, low = eye.upper, eye.lower
    upper = [at(0, 0), at(0.16, -0.5 * up), at(0.42, -up), at(0.68, -0.88 * up)]
    upper += [at(0.9, -0.38 * up), at(1, 0)]
    lower = [at(1, 0), at(0.8, 0.72 * low), at(0.52, low), at(0.22, 0.72 * low), at(0, 0)]
    opening = outline([*upper, *lower[1:-1]])
    centre = at(0.49, low - 7.4)
    sheet.blank(opening)
    sheet.clip(opening)
    _draw_iris(sheet, eye, centre)
    # The upper lid casts a shadow on the eyeball, which darkens towards its corners too.
    sheet.fill(brush(moved(upper, 0, 1.8), 4.5), 0.28)
    sheet.shade([Tone(*at(0.03, 1), 5, 5, 0.35), Tone(*at(0.98, 1), 6, 5, 0.35)], 0.8)
    sheet.clip(None)
    sheet.contour(upper, eye.lash, 0.92, peak=0.66, loose=0.4)
    sheet.contour([*upper[3:], at(1.05, 0.8)], eye.lash * 0.8, 0.7, peak=0.4, loose=0.3)
    sheet.contour(lower, 1.0, 0.55, peak=0.3, loose=0.4)
    sheet.contour([at(0.12, 1.6), at(0.04, 1.4), at(-0.02, 0.8)], 1.0, 0.5, loose=0.2)
    if eye.fold:
        crease = [at(0.06, -0.55 * up - eye.fold * 0.6), at(0.35, -up - eye.fold)]
        crease += [at(0.7, -0.95 * up - eye.fold), at(1.0, -0.3 * up - eye.fold * 0.7)]
        sheet.contour(crease, 1.2, 0.55, peak=0.55, loose=0.5)
    if eye.bags:
        bag = [at(0.08, low + 3.5), at(0.4, low + 7), at(0.75, low + 5.5)]
        sheet.contour(bag, 1.0, eye.bags, peak=0.35, loose=0.6)
    lashes = []
    for k in range(9):
        t = 0.5 + 0.055 * k
        (x, y), reach = along(upper, min(t, 1.0)), (0.6 + 0.12 * k) * eye.lash
        lashes.append(f"M{numbers(x, y)}q{numbers(side * 0.3 * reach, -0.6 * reach)}")
        lashes[-1] += f" {numbers(side * reach, -0.9 * reach)}"
    sheet.lines(lashes, 0.6, 0.5)


def _draw_iris(sheet: Sheet, eye: Eye, centre: Point) -> None:
    x, y = centre

    def disc(dx: float, dy: float, r: float) -> str:
        return f"M{numbers(x + dx - r, y + dy)}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z"

    sheet.fill(disc(0, 0, 8.0), 0.3 + 0.6 * eye.iris)
    sheet.fill(disc(0, 1.6, 5.6), 0.25, sheet.paper)
    sheet.fill(disc(0, 0.4, 6.4), 0.5 * eye.iris)
    sheet.lines([disc(0, 0, 7.6)], 1.1, 0.75)
    sheet.fill(disc(0, 0, 3.5), 1.0)
    sheet.layer("hand")
    sheet.fill(disc(-2.6, -2.4, 1.7), 1.0, sheet.paper)
    sheet.layer()


def draw_brows(sheet: Sheet, brow: Brow) -> None:
    """Draw both brows hair by hair: upright at the nose, lying flat at the temple."""
    for side in (-1, 1):
        middle = sided(brow.curve, side)
        sheet.fill(brush(middle, brow.thickness * 0.8, 0.4), 0.3 * brow.tone)
        hairs = []
        for _ in range(brow.hairs):
            t = sheet.rng.random()
            x, y = along(middle, t)
            half = brow.thickness * (0.5 if t < 0.45 else 0.5 * (1 - t) / 0.55 + 0.06)
            y += sheet.rng.uniform(-1, 1) * half
            length = brow.thickness * sheet.rng.uniform(0.8, 1.4)
            lean = min(1.0, 0.25 + 1.5 * t)
            dx, dy = side * length * lean, length * (-0.85 + 1.25 * t)
            hairs.append(
                f"M{numbers(x - dx / 2, y - dy / 2)}q{numbers(dx * 0.4, dy * 0.7, dx, dy)}"
            )
        sheet.lines(hairs, 0.85, 0.75 * brow.tone)


def draw_nose(sheet: Sheet, nose: Nose) -> None:
    """Draw the nose: its shaded side, wings, nostrils and the edge below its tip."""
    half, base, bridge = nose.half, nose.base, nose.bridge
    sheet.shade(
        [
            Tone(bridge + 6, base * 0.35, 5, base * 0.33, nose.side * 0.9, slant=-70),
            Tone(-bridge - 6, base * 0.2, 4, base * 0.25, nose.side * 0.55, slant=-110),
            Tone(17, -6, 7, 10, nose.side * 0.9, 20),
            Tone(-17, -6, 7, 10, nose.side * 0.75, -20),
            Tone(half * 0.55, base - 7, 8, 8, nose.side * 0.8),
            Tone(-half * 0.6, base - 6, 6, 7, nose.side * 0.5),
            Tone(1, base - 1, half * 0.7, 4, nose.side * 1.3, slant=-20),
        ]
    )
    for side in (-1, 1):
        weight = 0.75 if side > 0 else 0.6
        wing = [(half * 0.82, base - 14), (half * 0.97, base - 9), (half, base - 4)]
        wing += [(half * 0.9, base + 0.2), (half * 0.7, base + 0.9)]
        sheet.contour(sided(wing, side), 1.7, weight, peak=0.6, loose=0.4)
        hole = [(half * 0.6, base - 0.4), (half * 0.46, base - 3), (half * 0.3, base - 2.2)]
        hole += [(half * 0.16, base + 0.8)]
        sheet.contour(sided(hole, side), 3.6 * nose.nostril, 0.85, peak=0.3, loose=0.2)
    tip = [(-half * 0.34, base), (-half * 0.12, base + 2.6), (half * 0.12, base + 2.6)]
    sheet.contour([*tip, (half * 0.34, base)], 1.5, 0.7, loose=0.4)
    bulb = [(half * 0.34, base - 16), (half * 0.46, base - 11), (half * 0.42, base - 6)]
    sheet.contour(bulb, 1.0, 0.3, loose=0.4)


def draw_mouth(sheet: Sheet, mouth: Mouth) -> None:
    """Draw the closed mouth: the line between the lips, their tone, and the shade below."""
    y, half, up, low = mouth.y, mouth.half, mouth.upper, mouth.lower
    right = [(half, y + mouth.corner), (half * 0.55, y - 0.8), (half * 0.18, y - 1.4)]
    line = [*mirrored(right), (0, y + 0.4), *right[::-1]]
    arch = [(half, y + mouth.corner), (half * 0.6, y - up * 0.62), (half * 0.2, y - up)]
    top = [*mirrored(arch), (0, y - up * 0.78), *arch[::-1]]
    bowl = [(half, y + mouth.corner), (half * 0.62, y + low * 0.72), (half * 0.24, y + low)]
    bottom = [*mirrored(bowl), *bowl[::-1]]
    upper, lower = outline([*top, *line[-2:0:-1]]), outline([*line, *bottom[-2:0:-1]])
    sheet.clip(upper)
    sheet.fill(upper, mouth.upper_tone * 0.7)
    sheet.shade([Tone(0, y - up * 0.4, half * 0.9, up * 0.7, mouth.upper_tone, slant=70)], 1.6)
    sheet.clip(lower)
    sheet.fill(lower, mouth.lower_tone * 0.7)
    sheet.shade(
        [
            Tone(half * 0.55, y + low * 0.45, half * 0.4, low * 0.5, mouth.lower_tone, slant=100),
            Tone(-half * 0.6, y + low * 0.4, half * 0.35, low * 0.5, mouth.lower_tone, slant=80),
            Tone(0, y + low, half * 0.8, low * 0.3, mouth.lower_tone * 1.2, slant=85),
            Tone(-half * 0.12, y + low * 0.5, half * 0.3, low * 0.24, -0.35),
        ],
        1.4,
    )
    sheet.clip(None)
    sheet.contour(line, 2.3, 0.9, loose=0.15)
    for side in (-1, 1):
        tuck = [(half * 0.85, y + 0.4), (half, y + mouth.corner), (half + 3, y + mouth.corner + 1)]
        sheet.contour(sided(tuck, side), 2.2, 0.6, peak=0.6, loose=0.3)
    sheet.contour(top, 1.0, 0.25 + 0.5 * mouth.upper_tone, loose=0.2)
    sheet.contour(bottom[1:-1], 1.2, 0.25 + 0.5 * mouth.lower_tone, loose=0.25)
    sheet.shade([Tone(1, y + low + 6, half * 0.6, 5, 0.3, slant=-15)])
    groove = y - up - 9
    sheet.shade([Tone(2.5, groove, 3, 6, 0.18, slant=-80), Tone(-3, groove, 2, 6, 0.1)])
