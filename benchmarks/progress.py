"""What training does: the same drawings, translated by earlier and later models.

    python benchmarks/progress.py FILE DRAWING... --models MODEL...

FILE has a row for each drawing: its aligned crop, then the photo by each model in the order given.
A MODEL is the name of a shipped one, an `.onnx` file, or a snapshot of a run.
"""

import argparse
import tempfile
from pathlib import Path

from limner import Translator, images
from limner.errors import LimnerError
from limner.export import export


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", metavar="FILE", type=Path, help="picture to write")
    parser.add_argument("drawings", metavar="DRAWING", type=Path, nargs="+")
    parser.add_argument("--models", nargs="+", required=True, metavar="MODEL")
    parser.add_argument("--side", type=int, default=192, help="of each picture in px")
    options = parser.parse_args()
    rows = [[] for _ in options.drawings]
    for model in options.models:
        translator = translator_of(model)
        for row, path in zip(rows, options.drawings, strict=True):
            [face, *_] = translator.translate(path)
            shown = [face.image] if row else [face.aligned.image, face.image]
            row += [images.resize(picture, options.side) for picture in shown]
    images.write(options.file, images.montage(rows, gap=4))


def translator_of(model: str) -> Translator:
    """A model that is exported first if it is a snapshot."""
    if not model.endswith(".safetensors"):
        return Translator(model)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        export(Path(model), file)
        return Translator(file)


if __name__ == "__main__":
    try:
        main()
    except LimnerError as error:
        raise SystemExit(f"progress.py: {error}") from None
