"""Hair and beards: masses of strands between guiding curves."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from .marks import Curve, Point, Sheet, Tone, along, between, mirrored, numbers, outline, strand


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A mass of hair that flows along guiding curves, written by hand from root to tip.

    Attributes:
        guides: curves with the same number of points, in order across the mass.
        strands: number of strands.
        tone: darkness of the mass under the strands, 0 to 1.
        dark: opacity of a strand.
        width: width of a strand.
        shine: where along the strands the light falls (0 root, 1 tip); None for dull hair.
        fray: how far strands stray from the mass.
    """

    guides: tuple[tuple[Point, ...], ...]
    strands: int = 500
    tone: float = 0.35
    dark: float = 0.5
    width: float = 1.0
    shine: float | None = 0.35
    fray: float = 2.0

    def mirror(self) -> "Lock":
        """Return the same lock on the other side of the head."""
        guides = tuple(tuple(mirrored(guide)) for guide in self.guides)
        return Lock(**{**self.__dict__, "guides": guides})

    @property
    def shape(self) -> str:
        """The region between the first and the last guide, as an SVG path."""
        first, last = self.guides[0], self.guides[-1]
        tips, roots = [g[-1] for g in self.guides], [g[0] for g in self.guides[::-1]]
        # Corners are given twice, or the spline would round them.
        return outline([*first, *tips, *last[::-1], *roots])

    def flow(self, share: float) -> list[Point]:
        """Return the strand at a fraction in [0, 1] of the way across the mass."""
        place = share * (len(self.guides) - 1)
        index = min(int(place), len(self.guides) - 2)
        return between(self.guides[index], self.guides[index + 1], place - index)


def draw_lock(sheet: Sheet, lock: Lock, *, cover: bool = True) -> None:
    """Draw a lock, which hides what is below it if `cover` is true."""
    if cover:
        sheet.blank(lock.shape)
    sheet.fill(lock.shape, lock.tone)

    def lay(rng: random.Random) -> str:
        curve = lock.flow(rng.random())
        length = rng.uniform(0.2, 0.55)
        start = rng.uniform(-0.08, 1.02 - length)
        if lock.shine is not None and rng.random() < 0.6:
            # Strands that end before the highlight on either side leave it in the paper's colour.
            before = rng.random() < lock.shine
            start = rng.uniform(0, max(0.0, lock.shine - length)) if before else start
            start = start if before else max(start, lock.shine + rng.uniform(0.02, 0.12))
        start = max(0.0, start)
        end = min(1.0, start + length)
        dx, dy = rng.gauss(0, lock.fray * 0.6), rng.gauss(0, lock.fray * 0.6)
        return strand([(x + dx, y + dy) for x, y in curve], min(start, end - 0.1), end)

    heavy = int(lock.strands * 0.35)
    sheet.scatter(heavy, lay, lock.width * 1.7, lock.dark * 0.7)
    sheet.scatter(lock.strands - heavy, lay, lock.width, lock.dark)
    if lock.shine is not None:
        shine = lock.shine

        def gleam(rng: random.Random) -> str:
            start = max(0.0, min(0.85, shine + rng.gauss(0, 0.06)))
            return strand(lock.flow(rng.random()), start, min(1.0, start + rng.uniform(0.07, 0.15)))

        sheet.scatter(lock.strands // 9, gleam, lock.width * 0.9, 0.35, sheet.paper)


def draw_curls(
    sheet: Sheet, rim: Curve, inner: Curve, *, count: int, radius: float, tone: float, dark: float
) -> None:
    """Draw curly hair between two curves: small arcs in all directions.

    Args:
        sheet: where to draw.
        rim: the outer edge of the hair, with as many points as the inner one.
        inner: the hairline.
        count: number of arcs.
        radius: radius of an arc.
        tone: darkness of the mass under them.
        dark: opacity of an arc.
    """
    # The tone ends inside the rim, so that single curls make the silhouette.
    mass = outline([*between(rim, inner, 0.1), *inner[::-1]])
    sheet.blank(mass)
    sheet.fill(mass, tone)

    def arc(rng: random.Random) -> str:
        t, depth = rng.random(), rng.uniform(-0.05, 1.02)
        x, y = along(between(rim, inner, depth), t)
        turn = rng.uniform(0, 2 * math.pi)
        r = radius * rng.uniform(0.5, 1.2)
        dx, dy = r * math.cos(turn), r * math.sin(turn)
        way = rng.choice((1, -1))
        bend = numbers(-dy * 1.3 * way, dx * 1.3 * way)
        tail = numbers(dx * 1.6 - dy * 1.2 * way, dy * 1.6 + dx * 1.2 * way, dx * 1.5, dy * 1.5)
        return f"M{numbers(x - dx / 2, y - dy / 2)}c{bend} {tail}"

    sheet.scatter(count // 3, arc, 1.7, dark * 0.8)
    sheet.scatter(count - count // 3, arc, 1.0, dark)
    sheet.scatter(count // 10, arc, 0.9, 0.4, sheet.paper)


def draw_beard(
    sheet: Sheet, top: Curve, bottom: Curve, *, count: int, tone: float, dark: float, length: float
) -> None:
    """Draw the hair of a beard between its upper and its lower edge, hanging from its roots."""
    sheet.fill(outline([*top, *bottom[::-1]]), tone)

    def hair(rng: random.Random) -> str:
        # More hair at the chin, where the beard is widest.
        t, depth = rng.betavariate(1.5, 1.5), rng.random()
        x, y = along(between(top, bottom, depth), t)
        reach = length * rng.uniform(0.6, 1.2)
        lean = (t - 0.5) * 0.9 + rng.gauss(0, 0.22)
        dx, dy = reach * math.sin(lean), reach * math.cos(lean)
        bow = rng.gauss(0, 0.22) * reach
        return f"M{numbers(x, y)}q{numbers(dx / 2 + bow, dy / 2, dx, dy)}"

    sheet.scatter(count // 3, hair, 1.5, dark * 0.7)
    sheet.scatter(count - count // 3, hair, 0.85, dark)


def draw_stubble(sheet: Sheet, spots: Sequence[Tone], count: int) -> None:
    """Dot short-cropped hair or a shaven beard over soft spots."""

    def dot(rng: random.Random) -> str:
        spot = rng.choice(spots)
        x, y = spot.x + rng.gauss(0, 0.6) * spot.rx, spot.y + rng.gauss(0, 0.6) * spot.ry
        return f"M{numbers(x, y)}l{numbers(rng.gauss(0, 0.6), rng.uniform(0.8, 2))}"

    sheet.scatter(count, dot, 0.8, 0.5)
