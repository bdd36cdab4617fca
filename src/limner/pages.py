"""Shared by all HTML reports: each is one file without scripts or external resources.

Templates are in `limner/templates`; a page extends `page.html`, and all texts in it are escaped.
Diagrams are made by matplotlib in the colours of the page, light or dark; pictures are embedded in
the page. The same values give the same bytes. It needs the extra `measure`.
"""

import base64
import io
import re
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from limner import images

__all__ = [
    "INK",
    "LINE",
    "QUIET",
    "SERIES",
    "embedded",
    "figure",
    "number",
    "percent",
    "picture",
    "plain",
    "svg",
    "write",
]

INK = "#0a0b00"
"""Placeholder in diagrams for the colour of the page's text."""
QUIET = "#0a0b01"
"""Placeholder for the colour of the page's secondary text."""
LINE = "#0a0b02"
"""Placeholder for the colour of the page's hairlines."""
SERIES = ("#0a0b03", "#0a0b04", "#0a0b05", "#0a0b06")
"""Placeholders for the colours of data, which also differ in brightness."""

_VARIABLES = {INK: "ink", QUIET: "quiet", LINE: "line"} | {
    colour: f"series-{number}" for number, colour in enumerate(SERIES, 1)
}
_STYLE: dict[Any, Any] = {
    "axes.edgecolor": LINE,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.labelcolor": QUIET,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9.5,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": LINE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "ytick.left": False,
}
_FONT = re.compile(r"font-family: [^;\"]*;? ?")
_NOTHING = re.compile(r"<defs>\s*<style.*?</defs>|<\?xml.*?(?=<svg)", re.DOTALL)
_NUMBERED = re.compile(r' id="(?:figure|axes|patch|line2d|text|matplotlib|[xy]tick)[._\d\w]*"')
_SIZE = re.compile(r'width="[\d.]+pt" height="[\d.]+pt" ')


def figure(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty diagram in the style of the pages, `width` by `height` px."""
    with matplotlib.rc_context(_STYLE):
        made = Figure(figsize=(width / 72, height / 72), layout="constrained")
        return made, made.subplots()


def svg(drawn: Figure, description: str) -> Markup:
    """A diagram as an `<svg>` element that fills its container's width, in the page's font.

    Args:
        drawn: The diagram, in the colours of this module.
        description: What it shows, for screen readers; it must be unique on the page.
    """
    description = description.encode(errors="backslashreplace").decode()  # as in `write`
    # Elements refer to each other by names, which must be unique on the page.
    names: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": description}
    nobody = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    file = io.StringIO()
    with matplotlib.rc_context(_STYLE | names), warnings.catch_warnings():
        # matplotlib's font lacks some letters that the reader's font has.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawn.savefig(file, format="svg", transparent=True, metadata=nobody)
    text = file.getvalue()
    for pattern in (_NOTHING, _FONT, _NUMBERED, _SIZE):
        text = pattern.sub("", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    label = Markup('<svg role="img" aria-label="{}" ').format(description)
    return Markup(text.strip().replace("<svg ", label, 1))  # noqa: S704 - matplotlib escapes


def picture(data: bytes, *, name: str, side: int = 128) -> str:
    """The bytes of a picture file as a `data:` URI, at most `side` px wide and high.

    Raises:
        ImageError: The picture cannot be read; the message calls it `name`.
    """
    return embedded(images.read(data, name=name), side=side)


def embedded(pixels: NDArray[np.uint8], *, side: int = 128) -> str:
    """A picture `[H, W, 3]` or `[H, W]` as a `data:` URI, at most `side` px wide and high."""
    small = Image.fromarray(pixels)
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "WebP", quality=88)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def write(path: Path, template: str, **values: Any) -> None:
    """Write a page, all or nothing.

    Args:
        path: The `.html` file.
        template: Name of the template.
        **values: Its variables.

    Raises:
        OutputError: The page cannot be written.
    """
    page = _environment().get_template(template).render(values)
    # File names may contain bytes that are not text.
    images.write_bytes(path, page.encode(errors="backslashreplace"))


def percent(share: float) -> str:
    """A fraction in 0..1 as a percentage; a filter in templates, like `number` and `count`."""
    return f"{share:.1%}"


def number(value: float, digits: int = 1) -> str:
    """A number with `digits` decimals and, if negative, a proper minus sign."""
    return f"{value:z.{digits}f}".replace("-", "\N{MINUS SIGN}")


def plain(value: float) -> str:
    """A number with as many decimals as it needs, for the ticks of a diagram."""
    text = f"{value:,.9f}".rstrip("0").rstrip(".")
    return text.replace("-", "\N{MINUS SIGN}")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("limner"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"count": "{:,}".format, "number": number, "percent": percent}
    return made
