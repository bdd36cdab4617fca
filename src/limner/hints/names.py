"""Colours in words: `black` hair is not `#000000`, and brown eyes are not brown hair.

The names mean colours as they occur in photos: `benchmarks/hint_colours.py SET` prints those of a
dataset. `monk 1` to `monk 10` are exactly the Monk Skin Tone Scale (Monk 2019, skintone.google,
CC BY 4.0).
"""

import contextlib
import difflib
from collections.abc import Mapping

from limner.errors import UsageError
from limner.hints.parts import RGB, Part

__all__ = ["NAMES", "parse_colour"]

NAMES: Mapping[Part, Mapping[str, RGB]] = {
    "skin": {
        "very light": (236, 196, 182),
        "light": (220, 166, 147),
        "medium": (191, 136, 115),
        "olive": (181, 138, 104),
        "tan": (168, 114, 92),
        "brown": (136, 91, 71),
        "dark": (100, 66, 52),
        "very dark": (70, 45, 36),
        "monk 1": (246, 237, 228),
        "monk 2": (243, 231, 219),
        "monk 3": (247, 234, 208),
        "monk 4": (234, 218, 186),
        "monk 5": (215, 189, 150),
        "monk 6": (160, 126, 86),
        "monk 7": (130, 92, 67),
        "monk 8": (96, 65, 52),
        "monk 9": (58, 49, 42),
        "monk 10": (41, 36, 32),
    },
    "hair": {
        "black": (24, 20, 19),
        "dark brown": (52, 38, 28),
        "brown": (90, 66, 48),
        "light brown": (125, 96, 72),
        "dark blond": (148, 119, 86),
        "blond": (180, 149, 107),
        "auburn": (100, 52, 34),
        "red": (146, 64, 36),
        "ginger": (178, 98, 56),
        "grey": (114, 110, 108),
        "silver": (160, 158, 155),
        "white": (204, 202, 198),
    },
    "eyes": {
        "black": (26, 21, 20),
        "dark brown": (42, 31, 27),
        "brown": (74, 54, 43),
        "hazel": (98, 78, 54),
        "amber": (118, 82, 46),
        "green": (62, 82, 64),
        "blue": (58, 76, 102),
        "light blue": (88, 106, 126),
        "grey": (84, 90, 94),
    },
    "lips": {
        "pale": (214, 155, 146),
        "nude": (194, 136, 120),
        "pink": (203, 122, 126),
        "rose": (186, 98, 100),
        "natural": (170, 102, 96),
        "red": (165, 44, 48),
        "wine": (106, 38, 48),
        "plum": (110, 56, 80),
        "brown": (124, 76, 66),
    },
    "background": {
        "white": (242, 242, 240),
        "light grey": (202, 202, 202),
        "grey": (134, 134, 134),
        "dark grey": (68, 68, 68),
        "black": (14, 14, 14),
        "blue": (104, 134, 154),
        "green": (94, 112, 82),
        "brown": (104, 84, 68),
        "beige": (206, 192, 170),
        "red": (134, 52, 46),
    },
}
"""The names of each part."""

_TITLES: Mapping[Part, str] = {
    "skin": "skin colour",
    "hair": "hair colour",
    "eyes": "eye colour",
    "lips": "colour of the lips",
    "background": "background colour",
}
_ALSO = {"gray": "grey", "blonde": "blond"}


def parse_colour(text: str, part: Part) -> RGB:
    """Parse a colour in words or numbers.

    Args:
        text: One of `NAMES[part]`, `#rgb` or `#rrggbb`, or a colour name of CSS, such as `teal`.
            Names of the part take precedence: `black` hair is the black of hair.
        part: The part that has the colour.

    Raises:
        UsageError: It is none of these; the message lists the names of the part.
    """
    words = text.lower().replace("-", " ").replace("_", " ").split()
    name = " ".join(_ALSO.get(word, word) for word in words)
    names = NAMES[part]
    if name in names:
        return names[name]
    from PIL import ImageColor  # names of the part do not need it

    colour: tuple[int, ...] = ()
    with contextlib.suppress(ValueError):
        colour = ImageColor.getrgb(text.strip())
    if len(colour) != 3:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise UsageError(
            f"unknown {_TITLES[part]} '{text}'{hint}; choose from {', '.join(_listed(names))}, a "
            "CSS colour name, or #rrggbb"
        )
    red, green, blue = colour
    return red, green, blue


def _listed(names: Mapping[str, RGB]) -> list[str]:
    """The names, with the Monk Skin Tone Scale as one."""
    plain = [name for name in names if not name.startswith("monk ")]
    return plain if len(plain) == len(names) else [*plain, "monk 1 to monk 10"]
