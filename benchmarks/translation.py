"""Time of a warm translation, batch 1, compared with torch eager and with the arithmetic limit.

torch runs twice: with its default memory layout, and with channels-last, as limner trains.

The limit is the network's floating-point operations divided by the rate of a large matrix product,
measured in the same run. All are interleaved; results are medians of ROUNDS. Each round calls each
of them twice and times the second call: during the first, threads of the runtime before it still
wait for work actively, and take the processor from its own.

    python benchmarks/translation.py [--model NAME|FILE] [--threads 2] [--width N ...]

Without --width, measures the model's own network; with it, untrained networks of these widths.
"""

import argparse
import dataclasses
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from torch.utils.flop_counter import FlopCounterMode

from limner.export import to_onnx
from limner.model import KEY
from limner.networks.config import UNetConfig
from limner.networks.unet import UNet
from limner.shipped import shipped_models
from limner.translator import Translator

ROUNDS = 41
GEMM_SIDE = 2048


def main() -> None:
    """Print one row per network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="portrait")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=int, nargs="*", default=[])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    translator = Translator(options.model, threads=options.threads)
    path = shipped_models().get(options.model, Path(options.model))
    config = UNetConfig(**translator.card.generator)
    side = translator.card.preprocessing.size
    print(
        "width  GFLOP  GFLOP/s   limit   limner (ratio)    torch (ratio)     channels-last (ratio)"
    )
    if not options.width:
        row(config, translator, side)
    for width in options.width:
        other = dataclasses.replace(config, width=width)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "untrained.onnx"
            file.write_bytes(untrained(path, other, side))
            row(other, Translator(file, threads=options.threads), side)


def untrained(model: Path, config: UNetConfig, side: int) -> bytes:
    """Return a model file with the card of `model` and random weights."""
    onnx_model = to_onnx(UNet(config).eval(), config, side=side)
    [entry] = [e for e in onnx.load(model).metadata_props if e.key == KEY]
    onnx_model.metadata_props.append(entry)
    return onnx_model.SerializeToString()


def row(config: UNetConfig, translator: Translator, side: int) -> None:
    """Measure and print one network."""
    network = UNet(config).eval()
    last = UNet(config).eval().to(memory_format=torch.channels_last)
    sketch = torch.rand(1, config.inputs, side, side) * 2 - 1
    crop = np.random.default_rng(0).integers(0, 255, (side, side), dtype=np.uint8)
    with FlopCounterMode(display=False) as counter:
        network(sketch)
    a, b = torch.rand(GEMM_SIDE, GEMM_SIDE), torch.rand(GEMM_SIDE, GEMM_SIDE)
    with torch.inference_mode():
        limner, eager, channels_last, gemm = medians(
            lambda: translator.batch([crop]),
            lambda: network(sketch),
            lambda: last(sketch),
            lambda: a @ b,
        )
    rate = 2 * GEMM_SIDE**3 / gemm
    limit = counter.get_total_flops() / rate
    print(
        f"{config.width:5d} {counter.get_total_flops() / 1e9:6.2f} {rate / 1e9:8.0f} "
        f"{1e3 * limit:5.1f} ms  {1e3 * limner:5.1f} ms ({limner / limit:.2f})  "
        f"{1e3 * eager:5.1f} ms ({eager / limit:.2f})   "
        f"{1e3 * channels_last:5.1f} ms ({channels_last / limit:.2f})"
    )


def medians(*calls: Callable[[], object]) -> list[float]:
    """Return the median seconds of each call, interleaved, after three warm-up rounds."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(3 + ROUNDS):
        for call, taken in zip(calls, times, strict=True):
            call()
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken[3:]) for taken in times]


if __name__ == "__main__":
    main()
