"""What 8-bit weights would save, and what they would cost in quality; nothing of this ships.

The shipped file stores weights in 16 bits and computes in 32. Compared with it:

- `weights`: weights in 8 bits with a scale per output channel, turned into 32 bits when the file is
  loaded or run; all else is computed as before;
- `dynamic`: ONNX Runtime's dynamic quantisation: weights in 8 bits with one scale per convolution,
  inputs of convolutions rounded to 8 bits at run time, integer convolutions.

Printed: the size of the file, the time of a photo (medians, sessions in turn) and, for each folder
`DIR/*/` with `photos/` and `sketches/`, the PSNR between each one's photos and the shipped model's,
and the scores of `limner compare`; (+) and (-) are significant differences.

    python benchmarks/quantisation.py [--model lifelike] [--data DIR] [--rounds 41]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from field_scores import compared, table
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from limner import images
from limner.guidance import guidance
from limner.session import Session
from limner.shipped import shipped_models
from limner.translator import Translator

WARM_UP = 3
TURNS = 5
"""Turns of each session."""
LARGEST = 127
"""Largest weight in 8 bits; the smallest is its negative."""


def main() -> None:
    """Write the quantised models into a temporary folder, and measure them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="lifelike", help="a shipped model")
    parser.add_argument("--data", type=Path, help="folder of sets of photos and sketches")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 for all cores")
    options = parser.parse_args()
    shipped = shipped_models()[options.model]
    with tempfile.TemporaryDirectory() as folder:
        models = quantised(shipped, Path(folder))
        times = warm_times({options.model: shipped, **models}, options.rounds, options.threads)
        for name, seconds in times.items():
            size = models.get(name, shipped).stat().st_size
            print(f"{name:10} {size / 1e6:5.2f} MB  {1e3 * seconds:5.1f} ms", flush=True)
        for drawings in sorted(options.data.iterdir()) if options.data else []:
            if (drawings / "photos").is_dir() and (drawings / "sketches").is_dir():
                work = Path(folder) / "photos" / drawings.name
                names = [options.model, *map(str, models.values())]
                found = compared(names, drawings, work, workers=options.workers)
                print(f"\n{drawings.name}\n\n{table(found)}")
                for name in models:
                    between = psnr(work / options.model, work / name)
                    print(f"PSNR with {options.model}'s photos: {name} {between:.1f} dB")


def quantised(shipped: Path, folder: Path) -> dict[str, Path]:
    """Write a quantised model of each kind; their files by name."""
    files = {name: folder / f"{name}.onnx" for name in ("weights", "dynamic")}
    onnx.save(with_weights_in_8_bits(onnx.load(shipped)), files["weights"])
    whole = in_32_bits(onnx.load(shipped))
    onnx.save(whole, folder / "whole.onnx")
    quantize_dynamic(
        folder / "whole.onnx",
        files["dynamic"],
        op_types_to_quantize=["Conv"],
        weight_type=QuantType.QUInt8,  # integer convolutions take no others on a CPU
    )
    dynamic = onnx.load(files["dynamic"])
    del dynamic.metadata_props[:]
    dynamic.metadata_props.extend(whole.metadata_props)
    onnx.save(dynamic, files["dynamic"])
    return files


def in_32_bits(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with weights stored as they are computed with."""
    for cast, weight in stored_weights(model):
        whole = numpy_helper.to_array(weight).astype(np.float32)
        model.graph.initializer.remove(weight)
        model.graph.initializer.append(numpy_helper.from_array(whole, cast.output[0]))
        model.graph.node.remove(cast)
    return model


def with_weights_in_8_bits(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with weights in 8 bits, symmetric, a scale per output channel."""
    for cast, weight in stored_weights(model):
        values = numpy_helper.to_array(weight).astype(np.float32)
        largest = np.abs(values).reshape(len(values), -1).max(axis=1)
        scale = np.maximum(largest, np.finfo(np.float32).tiny) / np.float32(LARGEST)
        rounded = np.rint(values / scale[:, None, None, None]).astype(np.int8)
        name = cast.output[0]
        model.graph.initializer.remove(weight)
        model.graph.initializer.extend(
            [
                numpy_helper.from_array(rounded, f"{name}.rounded"),
                numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"),
            ]
        )
        place = list(model.graph.node).index(cast)
        model.graph.node.remove(cast)
        model.graph.node.insert(
            place,
            helper.make_node(
                "DequantizeLinear", [f"{name}.rounded", f"{name}.scale"], [name], axis=0
            ),
        )
    return model


def stored_weights(
    model: onnx.ModelProto,
) -> list[tuple[onnx.NodeProto, onnx.TensorProto]]:
    """Return weights in 16 bits and the nodes that turn them into 32."""
    weights = {one.name: one for one in model.graph.initializer}
    return [
        (node, weights[node.input[0]])
        for node in model.graph.node
        if node.op_type == "Cast" and node.input[0] in weights
    ]


def warm_times(files: Mapping[str, Path], rounds: int, threads: int) -> dict[str, float]:
    """Return the median seconds of the network alone.

    One session at a time, since idle threads of a session spin; in several turns.
    """
    times: dict[str, list[float]] = {name: [] for name in files}
    for _ in range(TURNS):
        for name, file in files.items():
            card = Translator(file).card
            side = card.preprocessing.size
            drawing = np.random.default_rng(0).uniform(-1, 1, (1, 1, side, side))
            given = {"sketch": drawing.astype(np.float32)} | guidance(card, 1, None, None)
            session = Session(file.read_bytes(), threads=threads)
            for number in range(WARM_UP + rounds // TURNS):
                start = time.perf_counter()
                session.run(given)
                if number >= WARM_UP:
                    times[name].append(time.perf_counter() - start)
            del session
    return {name: statistics.median(taken) for name, taken in times.items()}


def psnr(one: Path, other: Path) -> float:
    """Return the PSNR in dB between pictures of the same names below two folders, of all pixels."""
    errors = []
    for path in images.files_below(one):
        difference = images.read(path).astype(float) - images.read(other / path.relative_to(one))
        errors.append(np.square(difference).mean())
    return float(10 * np.log10(255**2 / np.mean(errors)))


if __name__ == "__main__":
    main()
