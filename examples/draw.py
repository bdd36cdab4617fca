"""Draw the example sketches: `python examples/draw.py [NAME ...] [--png]`.

Writes `examples/drawings/NAME.svg`, the same bytes every time. With `--png`, also renders them to
`examples/NAME.png`, which needs a renderer: `pip install resvg-py==0.5.0`.
"""

import argparse
import io
import sys
from pathlib import Path

from artist import men, women

HERE = Path(__file__).parent
PORTRAITS = {
    "woman-long-hair": women.woman_long_hair,
    "old-man-beard": men.old_man_beard,
    "man-short-hair": men.man_short_hair,
    "woman-fringe": women.woman_fringe,
    "few-strokes": women.few_strokes,
    "boy-glasses": men.boy_glasses,
    "woman-headscarf": women.woman_headscarf,
    "woman-curly-hair": women.woman_curly_hair,
}


def render(svg: str, path: Path) -> None:
    """Render an SVG document to a grey PNG file."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        sys.exit("resvg-py, which renders SVG, is not installed: pip install resvg-py==0.5.0")
    from PIL import Image

    picture = Image.open(io.BytesIO(bytes(svg_to_bytes(svg_string=svg)))).convert("L")
    # 64 greys are enough for a pencil, and halve the file.
    picture.quantize(64).convert("L").save(path, optimize=True)


def main() -> None:
    """Draw the named portraits, or all."""
    parser = argparse.ArgumentParser(description="Draw the example sketches.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PORTRAITS))
    parser.add_argument("--png", action="store_true", help="render the drawings to PNG as well")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(PORTRAITS):
        parser.error(
            f"unknown portraits: {', '.join(sorted(unknown))}; choose from {', '.join(PORTRAITS)}"
        )
    for name in arguments.names or PORTRAITS:
        svg = PORTRAITS[name]().svg()
        drawing = HERE / "drawings" / f"{name}.svg"
        drawing.parent.mkdir(exist_ok=True)
        drawing.write_text(svg, encoding="utf-8", newline="\n")
        print(f"{drawing.relative_to(HERE.parent)}: {len(svg) / 1000:.0f} kB")
        if arguments.png:
            render(svg, HERE / f"{name}.png")


if __name__ == "__main__":
    main()
