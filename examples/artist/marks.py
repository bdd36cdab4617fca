"""Lines, strands and tone on a sheet of paper, written as SVG.

Coordinates are relative to the head: the origin is between the eyes, y points down, and the outer
eye corners are at x = -60 and x = 60. The sheet moves, scales and rotates the head.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from .media import Medium

Point = tuple[float, float]
Curve = Sequence[Point]


@dataclass(frozen=True)
class Tone:
    """A soft spot of shade: centre, radii, strength, rotation, and slant of its hatching.

    The strength is the opacity at the centre; a negative one removes tone, like an eraser.
    Angles are in degrees, clockwise from the x axis; a spot without a slant is not hatched.
    """

    x: float
    y: float
    rx: float
    ry: float
    strength: float
    turn: float = 0.0
    slant: float | None = -55.0


def number(value: float) -> str:
    """Write a coordinate with one decimal and no unnecessary character."""
    text = f"{value:.1f}".removesuffix(".0").replace("-0.", "-.")
    return text.removeprefix("0") if text.startswith("0.") else "0" if text == "-0" else text


def numbers(*values: float) -> str:
    """Join coordinates, without the spaces that SVG does not need."""
    return " ".join(map(number, values)).replace(" -", "-")


def mirrored(curve: Curve) -> list[Point]:
    """Return the curve on the other side of the face."""
    return [(-x, y) for x, y in curve]


def moved(curve: Curve, dx: float, dy: float) -> list[Point]:
    """Return the curve, shifted."""
    return [(x + dx, y + dy) for x, y in curve]


def between(first: Curve, second: Curve, share: float) -> list[Point]:
    """Blend two curves with the same number of points."""
    return [
        (a + (c - a) * share, b + (d - b) * share)
        for (a, b), (c, d) in zip(first, second, strict=True)
    ]


def along(curve: Curve, t: float) -> Point:
    """Return the point at t in [0, 1] of the Catmull-Rom spline through the curve's points."""
    spans = len(curve) - 1
    index = min(int(t * spans), spans - 1)
    u = t * spans - index
    p1, p2 = curve[index], curve[index + 1]
    p0 = curve[index - 1] if index else (2 * p1[0] - p2[0], 2 * p1[1] - p2[1])
    p3 = curve[index + 2] if index + 2 <= spans else (2 * p2[0] - p1[0], 2 * p2[1] - p1[1])
    weights = (
        -0.5 * u + u**2 - 0.5 * u**3,
        1 - 2.5 * u**2 + 1.5 * u**3,
        0.5 * u + 2 * u**2 - 1.5 * u**3,
        -0.5 * u**2 + 0.5 * u**3,
    )
    four = (p0, p1, p2, p3)
    return (
        sum(w * p[0] for w, p in zip(weights, four, strict=True)),
        sum(w * p[1] for w, p in zip(weights, four, strict=True)),
    )


def polygon(points: Curve) -> str:
    """Return a closed SVG path of straight lines, without accumulating rounding errors."""
    path, here = [], (0.0, 0.0)
    for x, y in points:
        x, y = round(x, 1), round(y, 1)
        path.append(numbers(x - here[0], y - here[1]))
        here = (x, y)
    return f"M{path[0]}l{''.join(s if s[0] == '-' else ' ' + s for s in path[1:]).strip()}z"


def outline(curve: Curve, *, closed: bool = True) -> str:
    """Return the SVG path of the Catmull-Rom spline through the points, as cubic Béziers."""
    points = [(round(x, 1), round(y, 1)) for x, y in curve]
    count = len(points)

    def at(index: int) -> Point:
        return points[index % count] if closed else points[max(0, min(count - 1, index))]

    path = ["M" + numbers(*points[0])]
    for i in range(count if closed else count - 1):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (at(i + k) for k in (-1, 0, 1, 2))
        dx, dy = x2 - x1, y2 - y1
        if (dx, dy) == (0, 0):  # a corner: a point given twice
            continue
        first, second = ((x2 - x0) / 6, (y2 - y0) / 6), ((x3 - x1) / 6, (y3 - y1) / 6)
        path.append("c" + numbers(*first, dx - second[0], dy - second[1], dx, dy))
    return "".join(path) + ("z" if closed else "")


def strand(curve: Curve, start: float = 0.0, end: float = 1.0) -> str:
    """Return a piece of a curve, from t = start to t = end, as one cubic Bézier."""
    (x0, y0), (x3, y3) = along(curve, start), along(curve, end)
    third = (end - start) / 3
    (xa, ya), (xb, yb) = along(curve, start + third), along(curve, end - third)
    # Handles with which the Bézier passes through the points at one third and two thirds.
    x1, y1 = (-5 * x0 + 18 * xa - 9 * xb + 2 * x3) / 6, (-5 * y0 + 18 * ya - 9 * yb + 2 * y3) / 6
    x2, y2 = (2 * x0 - 9 * xa + 18 * xb - 5 * x3) / 6, (2 * y0 - 9 * ya + 18 * yb - 5 * y3) / 6
    handles = numbers(x1 - x0, y1 - y0, x2 - x0, y2 - y0, x3 - x0, y3 - y0)
    return f"M{numbers(x0, y0)}c{handles}"


def brush(curve: Curve, width: float, peak: float = 0.5) -> str:
    """Return a stroke that swells towards t = peak and thins out at its ends, as a filled shape."""
    length = sum(math.dist(a, b) for a, b in pairwise(curve))
    steps = round(min(48, max(7, length / 6)))
    left, right = [], []
    for i in range(steps + 1):
        t = i / steps
        (x, y), (xa, ya), (xb, yb) = (along(curve, min(1, max(0, t + d))) for d in (0, -0.01, 0.01))
        norm = math.hypot(xb - xa, yb - ya) or 1.0
        ramp = t / peak if t < peak else (1 - t) / (1 - peak)
        half = width / 2 * (0.18 + 0.82 * math.sin(math.pi / 2 * min(1.0, ramp)) ** 0.8)
        nx, ny = -(yb - ya) / norm * half, (xb - xa) / norm * half
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return polygon(left + right[::-1])


class Sheet:
    """A sheet of paper on which marks are drawn in order, later ones over earlier ones."""

    def __init__(
        self,
        title: str,
        medium: Medium,
        *,
        seed: int,
        size: tuple[int, int] = (500, 600),
        centre: Point = (250.0, 285.0),
        scale: float = 1.22,
        turn: float = 0.0,
        paper: str = "#fbfaf7",
    ) -> None:
        self.title, self.medium, self.paper = title, medium, paper
        self.size, self.seed = size, seed
        self.rng = random.Random(seed)
        x, y = centre
        self._place = f"translate({x:g} {y:g}) rotate({turn:g}) scale({scale:g})"
        self._layers: list[tuple[str, list[str]]] = []
        self._clips: list[str] = []
        self._clip = ""

    def layer(self, filter_name: str = "lead") -> None:
        """Begin a layer: "lead" takes the paper's grain, "hand" covers what is below."""
        self._layers.append((filter_name, []))

    def clip(self, shape: str | None) -> None:
        """Clip the following marks to a shape, or do not clip them (None)."""
        if shape is None:
            self._clip = ""
            return
        self._clips.append(shape)
        self._clip = f' clip-path="url(#c{len(self._clips)})"'

    def _add(self, element: str) -> None:
        self._layers[-1][1].append(element.replace("/>", f"{self._clip}/>", 1))

    def fill(self, shape: str, opacity: float = 1.0, colour: str | None = None) -> None:
        """Fill a shape with tone."""
        rule = ' fill-rule="evenodd"' if shape.count("M") > 1 else ""
        paint = colour or "currentColor"
        self._add(f'<path d="{shape}" fill="{paint}" opacity="{opacity:.2f}"{rule}/>')

    def blank(self, shape: str) -> None:
        """Cover what is below a shape with paper, in a separate layer."""
        self.layer("hand")
        self.fill(shape, 1.0, self.paper)
        self.layer()

    def lines(
        self, paths: Iterable[str], width: float, opacity: float, colour: str | None = None
    ) -> None:
        """Draw lines of constant width, in groups so that crossing lines darken each other."""
        paths = list(paths)
        if not paths:
            return
        sheaves = min(5, len(paths))
        self._layers[-1][1].append(
            f'<g fill="none" stroke="{colour or "currentColor"}" stroke-linecap="round"'
            f' stroke-width="{width * self.medium.line:.2f}" opacity="1"{self._clip}>'
        )
        for k in range(sheaves):
            self._layers[-1][1].append(
                f'<path stroke-opacity="{opacity:.2f}" d="{"".join(paths[k::sheaves])}"/>'
            )
        self._layers[-1][1].append("</g>")

    def contour(
        self, curve: Curve, width: float, opacity: float = 0.8, peak: float = 0.5, loose: float = 1
    ) -> None:
        """Draw a line of varying width, with as many strokes as the medium needs."""
        for k in range(self.medium.strokes):
            jitter = loose * (0.35 if k == 0 else 0.8)
            traced = [
                (x + self.rng.gauss(0, jitter * 0.5), y + self.rng.gauss(0, jitter * 0.5))
                for x, y in curve
            ]
            share = 1.0 if k == 0 else 0.55
            shape = brush(traced, width * share * self.medium.line, peak)
            self.fill(shape, opacity * (1.0 if k == 0 else 0.6))

    def shade(self, spots: Iterable[Tone], strength: float = 1.0) -> None:
        """Draw soft spots of tone: rubbed graphite first, then hatching over it."""
        spots = list(spots)
        # The clip belongs to the group: on the spot itself it would be rotated with the spot.
        self._layers[-1][1].append(f"<g{self._clip}>")
        for spot in spots:
            opacity = spot.strength * strength * (self.medium.smudge if spot.strength > 0 else 1)
            if abs(opacity) > 0.01:
                self._layers[-1][1].append(
                    f'<ellipse rx="{spot.rx * 1.6:.0f}" ry="{spot.ry * 1.6:.0f}"'
                    f' transform="translate({spot.x:.3g} {spot.y:.3g}) rotate({spot.turn:g})"'
                    f' fill="url(#{"shade" if opacity > 0 else "light"})"'
                    f' opacity="{min(1, abs(opacity)):.2f}"/>'
                )
        self._layers[-1][1].append("</g>")
        hatching = [stroke for spot in spots for stroke in self._hatching(spot, strength)]
        self.lines(hatching, 0.7, 0.26)

    def _hatching(self, spot: Tone, strength: float) -> list[str]:
        if spot.slant is None:
            return []
        area = spot.rx * spot.ry
        count = int(max(0.0, spot.strength - 0.07) * strength * self.medium.hatch * area**0.75)
        turn, strokes = math.radians(spot.turn), []
        for _ in range(count):
            # Cut off, as a single line far from the others reads as a scratch.
            u, v = (max(-0.85, min(0.85, self.rng.gauss(0, 0.45))) * r for r in (spot.rx, spot.ry))
            x = spot.x + u * math.cos(turn) - v * math.sin(turn)
            y = spot.y + u * math.sin(turn) + v * math.cos(turn)
            slant = math.radians(spot.slant + self.rng.gauss(0, 5))
            length = min(15.0, max(4.0, 0.8 * math.sqrt(area))) * self.rng.uniform(0.6, 1.2)
            dx, dy, bend = math.cos(slant) * length, math.sin(slant) * length, 0.08 * length
            strokes.append(
                f"M{numbers(x - dx / 2, y - dy / 2)}"
                f"q{numbers(dx / 2 + dy / length * bend, dy / 2 - dx / length * bend, dx, dy)}"
            )
        return strokes

    def scatter(
        self,
        count: int,
        draw: Callable[[random.Random], str],
        width: float,
        opacity: float,
        colour: str | None = None,
    ) -> None:
        """Draw `count` lines, each made by a function of the sheet's random generator."""
        self.lines([draw(self.rng) for _ in range(count)], width, opacity, colour)

    def svg(self) -> str:
        """Return the drawing as an SVG document."""
        width, height = self.size
        clips = "\n".join(
            f'<clipPath id="c{i}"><path clip-rule="evenodd" d="{shape}"/></clipPath>'
            for i, shape in enumerate(self._clips, 1)
        )
        layers = "\n".join(
            f'<g filter="url(#{name})">\n<g transform="{self._place}">\n'
            + "\n".join(marks)
            + "\n</g>\n</g>"
            for name, marks in self._layers
            if marks
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" color="{self.medium.colour}">\n'
            f"<title>{escape(self.title)}</title>\n<defs>\n{self._filters()}\n{clips}\n</defs>\n"
            f'<rect width="{width}" height="{height}" fill="{self.paper}"/>\n{layers}\n</svg>\n'
        )

    def _filters(self) -> str:
        width, height = self.size
        medium = self.medium
        region = (
            f'filterUnits="userSpaceOnUse" x="0" y="0" width="{width}" height="{height}"'
            ' color-interpolation-filters="sRGB"'
        )
        wander = (
            f'<feTurbulence type="fractalNoise" baseFrequency="0.015" numOctaves="2"'
            f' seed="{self.seed}" result="wander"/>'
            f'<feDisplacementMap in="SourceGraphic" in2="wander" scale="{medium.wander:g}"'
            ' xChannelSelector="R" yChannelSelector="G" result="drawn"/>'
        )
        slope = 4.5 * medium.grain
        tooth = (
            f'<feTurbulence type="fractalNoise" baseFrequency="{medium.tooth:g}" numOctaves="3"'
            f' seed="{self.seed + 1}"/>'
            f'<feColorMatrix values="0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 {slope:.2f} 0 0 0'
            f' {1 - 0.55 * slope:.2f}" result="tooth"/>'
            '<feComposite in="drawn" in2="tooth" operator="in"/>'
        )
        fades = "".join(
            f'<radialGradient id="{name}" color="{colour}">'
            + "".join(
                f'<stop offset="{r:g}" stop-color="{colour}"'
                f' stop-opacity="{math.exp(-4.5 * r * r) * (1 - r**4):.3f}"/>'
                for r in (0, 0.2, 0.4, 0.6, 0.8, 1)
            )
            + "</radialGradient>\n"
            for name, colour in (("shade", medium.colour), ("light", self.paper))
        )
        return (
            f'{fades}<filter id="hand" {region}>{wander}</filter>\n'
            f'<filter id="lead" {region}>{wander}{tooth}</filter>'
        )
