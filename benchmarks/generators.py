"""Cost of generators: inference time in ONNX Runtime, file size, and training time per image.

U-Nets of 128 px and 256 px, and 256 px U-Nets with cheaper blocks in the outermost level, where
most of the time is spent:

- separable: depthwise 3x3 convolutions followed by 1x1 convolutions (Howard et al. 2017,
  *MobileNets*) instead of all 3x3 convolutions but the first.
- shuffle: the last upsampling computes four times the channels at half the size and rearranges
  them into pixels (Shi et al. 2016, *Real-Time Single Image and Video Super-Resolution Using an
  Efficient Sub-Pixel Convolutional Neural Network*).
- folded: no outermost level; blocks of four pixels enter and leave as channels of one pixel.

All take turns; results are medians. A training step is one of the generator alone, in bf16 with
batches of 8: forward pass, L1, backward pass, Adam. With --data, each network is trained from
scratch on the same images, with L1 and the perceptual term of training, and scored on held-out
faces: mean absolute difference and perceptual term.

    python benchmarks/generators.py [--threads 2] [--rounds 9] [--data SET [--images 2000]]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from limner.data.prepared import PreparedSet
from limner.export import to_onnx
from limner.networks.config import UNetConfig
from limner.networks.layers import SLOPE, initialise
from limner.networks.unet import UNet
from limner.session import Session
from limner.sketching import random_sketch
from limner.training.config import Config, Fine
from limner.training.feeding.batch import to_tensor
from limner.training.feeding.pictures import TrainingImages
from limner.training.objectives.frozen import Frozen
from limner.training.objectives.losses import perceptual, pyramid_l1
from limner.training.objectives.views import multiscale, views
from limner.training.watching.grid import still

BATCH = 8
WARM_UP = 3
TURNS = 4
PICTURES = 20


class Separable(nn.Sequential):
    """A depthwise separable replacement for a 3x3 convolution and its activation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs),
            nn.Conv2d(inputs, outputs, 1),
            nn.LeakyReLU(SLOPE, inplace=True),
        )


def separable(config: UNetConfig) -> nn.Module:
    """Return a U-Net with a separable outermost level."""
    network, width = UNet(config), config.width
    network.enter[1] = Separable(width, width)
    network.down[0][1][0] = Separable(width, 2 * width)
    network.up[-1][1] = Separable(2 * width, width)
    network.merge[-1] = nn.Sequential(Separable(2 * width, width), Separable(width, width))
    initialise_but_the_last(network)
    return network


def shuffle(config: UNetConfig) -> nn.Module:
    """Return a U-Net whose last upsampling is a pixel shuffle."""
    network, width = UNet(config), config.width
    network.up[-1] = nn.Sequential(
        nn.Conv2d(2 * width, 4 * width, 3, padding=1),
        nn.LeakyReLU(SLOPE, inplace=True),
        nn.PixelShuffle(2),
    )
    initialise_but_the_last(network)
    return network


class Folded(nn.Module):
    """A U-Net of half the size, between a pixel unshuffle and a pixel shuffle."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        inner = {"inputs": 4 * config.inputs, "outputs": 4 * config.outputs}
        self.inner = UNet(UNetConfig(width=2 * config.width, depth=config.depth - 1, **inner))

    def forward(self, x: Tensor) -> Tensor:
        """See `UNet.forward`."""
        return F.pixel_shuffle(self.inner(F.pixel_unshuffle(x, 2)), 2)


def initialise_but_the_last(network: UNet) -> None:
    """Initialise the network as `UNet` does: all layers but the last."""
    last = network.leave.weight.detach().clone()
    initialise(network)
    with torch.no_grad():
        network.leave.weight.copy_(last)


NETWORKS: dict[str, tuple[int, Callable[[], nn.Module]]] = {
    "128 px, width 16, depth 4": (128, lambda: UNet(UNetConfig(width=16, depth=4))),
    "128 px, width 24, depth 4": (128, lambda: UNet(UNetConfig(width=24, depth=4))),
    "256 px, width 12, depth 5": (256, lambda: UNet(UNetConfig(width=12, depth=5))),
    "256 px, width 16, depth 5": (256, lambda: UNet(UNetConfig(width=16, depth=5))),
    "256 px, width 12, separable": (256, lambda: separable(UNetConfig(width=12, depth=5))),
    "256 px, width 16, separable": (256, lambda: separable(UNetConfig(width=16, depth=5))),
    "256 px, width 12, shuffle": (256, lambda: shuffle(UNetConfig(width=12, depth=5))),
    "256 px, width 12, folded": (256, lambda: Folded(UNetConfig(width=12, depth=5))),
}


def main() -> None:
    """Print one row per network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--data", type=Path, help="dataset to train on")
    parser.add_argument("--images", type=int, default=2_000)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    networks = {name: make() for name, (_, make) in NETWORKS.items()}
    inference = inference_times(networks, options.threads)
    steps = {n: training_step(n, one) for n, one in networks.items()}
    training = medians(steps, options.rounds)
    print(f"{'':30}  inference  weights  in 16 bits  training per image")
    for name, network in networks.items():
        millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
        print(
            f"{name:30}  {1e3 * inference[name]:6.1f} ms  {millions:5.2f} M  "
            f"{2 * millions:7.1f} MB  "
            f"{1e3 * training[name] / BATCH:15.1f} ms"
        )
    if options.data:
        quality(options.data, options.images)


def medians(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each call, in turn, after warm-up rounds."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(WARM_UP + rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken[WARM_UP:]) for name, taken in times.items()}


def inference_times(networks: dict[str, nn.Module], threads: int) -> dict[str, float]:
    """Return the median seconds per picture in ONNX Runtime, as the translator runs it.

    One session at a time, since idle threads of a session spin; in several turns.
    """
    models = {
        name: to_onnx(network.eval(), UNetConfig(), side=NETWORKS[name][0]).SerializeToString()
        for name, network in networks.items()
    }
    times: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(TURNS):
        for name, model in models.items():
            side = NETWORKS[name][0]
            session = Session(model, threads=threads)
            picture = np.random.default_rng(0).uniform(-1, 1, (1, 1, side, side))
            inputs = {"sketch": picture.astype(np.float32)}
            for number in range(WARM_UP + PICTURES):
                start = time.perf_counter()
                session.run(inputs)
                if number >= WARM_UP:
                    times[name].append(time.perf_counter() - start)
            del session
    return {name: statistics.median(taken) for name, taken in times.items()}


def training_step(name: str, network: nn.Module) -> Callable[[], object]:
    """Return a function that does one training step."""
    side = NETWORKS[name][0]
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    sketch, photo = torch.rand(BATCH, 1, side, side), torch.rand(BATCH, 3, side, side)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            generated = network(sketch)
        loss = (generated.float() - photo).abs().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step


def quality(path: Path, images: int) -> None:
    """Train all networks on the same images, and print their scores."""
    prepared = PreparedSet(path)
    print(f"\n{'':30}  after {images} images: mean absolute difference  perceptual")
    for name, (side, make) in NETWORKS.items():
        torch.manual_seed(0)
        network, frozen = make(), Frozen(Fabric(accelerator="cpu", precision="bf16-mixed"))
        config = Config(experiment=name, size=side, fine=Fine(crop=128 if side > 128 else 0))
        feed = TrainingImages.of(config, prepared, sketches=False, pairs=True)
        network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = torch.optim.Adam(network.parameters(), lr=5e-4, betas=(0.5, 0.9), fused=True)
        for first in range(0, images, BATCH):
            batch = feed.batch(first, BATCH)
            with torch.autocast("cpu", torch.bfloat16):
                generated = network(batch["sketched"]).float()
            loss = 4 * pyramid_l1(generated, batch["photo"])
            loss = loss + 4 * perceptual_term(config, frozen, generated, batch["photo"], first)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        print(name.ljust(30), *scores(config, frozen, network.eval(), prepared), flush=True)


def perceptual_term(
    config: Config, frozen: Frozen, generated: Tensor, photo: Tensor, first: int
) -> Tensor:
    """Return the perceptual term, as in `limner.training.objectives.pix2pix`."""
    features, targets = (
        [stage for view in views(config, images, first) for stage in frozen.perceive(view)]
        for images in (generated, photo)
    )
    return multiscale(perceptual, features, targets, crops=bool(config.fine.crop))


def scores(config: Config, frozen: Frozen, network: nn.Module, prepared: PreparedSet) -> list[str]:
    """Return the scores on held-out faces, with the same sketches for all networks."""
    photos = still(prepared.images("test", "photo"), 256, 64)
    sketches = [random_sketch(photo, np.random.default_rng(n)) for n, photo in enumerate(photos)]
    differences, distances = [], []
    for photo, sketch in zip(photos, sketches, strict=True):
        target, drawing = (to_tensor(one[None].copy()) for one in (photo, sketch))
        with torch.inference_mode():
            if config.size < 256:
                generated = network(F.avg_pool2d(drawing, 2))
                generated = F.interpolate(generated, scale_factor=2, mode="bicubic").clamp(-1, 1)
            else:
                generated = network(drawing)
            differences.append((generated - target).abs().mean().item())
            halved = [F.avg_pool2d(one, 2) for one in (generated, target)]
            parts = [one[:, :, 32:160, 64:192] for one in (generated, target)]
            pairs = [[frozen.perceive(one) for one in pair] for pair in (halved, parts)]
            distances.append([perceptual(*pair).item() for pair in pairs])
    coarse, fine = np.mean(distances, axis=0)
    return [f"{np.mean(differences):20.3f}", f"{coarse:10.3f} halved", f"{fine:8.3f} full size"]


if __name__ == "__main__":
    main()
