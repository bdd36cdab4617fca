"""What generators cost: a picture in ONNX Runtime, the file, and an image of training.

U-Nets of 128 px and of 256 px, and with cheaper blocks in the outermost level of those of 256 px,
where most of the time goes:

- separable: a 3x3 convolution of each channel by itself and a 1x1 convolution of all (Howard et al.
  2017, *MobileNets*) instead of 3x3 convolutions that are not the first.
- shuffle: instead of enlarging and then filtering, four times the channels are made at half the
  size and laid side by side (Shi et al. 2016, *Real-Time Single Image and Video Super-Resolution
  Using an Efficient Sub-Pixel Convolutional Neural Network*).
- folded: no outermost level at all; four pixels come in, and leave, as channels of one.

All take turns; figures are medians. Training is a step of the generator alone, in bf16 with batches
of 8: forwards, L1, backwards, Adam. With --data they learn, each the same images from nothing, with
L1 and the perceptual term as the frozen network is shown them in training, and are scored on faces
that are held out, as they are: mean absolute difference and perceptual term.

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
    """Stands for a 3x3 convolution with its activation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs),
            nn.Conv2d(inputs, outputs, 1),
            nn.LeakyReLU(SLOPE, inplace=True),
        )


def separable(config: UNetConfig) -> nn.Module:
    """A U-Net whose outermost level is separable."""
    network, width = UNet(config), config.width
    network.enter[1] = Separable(width, width)
    network.down[0][1][0] = Separable(width, 2 * width)
    network.up[-1][1] = Separable(2 * width, width)
    network.merge[-1] = nn.Sequential(Separable(2 * width, width), Separable(width, width))
    initialise_but_the_last(network)
    return network


def shuffle(config: UNetConfig) -> nn.Module:
    """A U-Net whose last enlargement lays channels side by side."""
    network, width = UNet(config), config.width
    network.up[-1] = nn.Sequential(
        nn.Conv2d(2 * width, 4 * width, 3, padding=1),
        nn.LeakyReLU(SLOPE, inplace=True),
        nn.PixelShuffle(2),
    )
    initialise_but_the_last(network)
    return network


class Folded(nn.Module):
    """A U-Net of half the size, between pixels that are folded into channels and out again."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        inner = {"inputs": 4 * config.inputs, "outputs": 4 * config.outputs}
        self.inner = UNet(UNetConfig(width=2 * config.width, depth=config.depth - 1, **inner))

    def forward(self, x: Tensor) -> Tensor:
        """As `UNet.forward`."""
        return F.pixel_shuffle(self.inner(F.pixel_unshuffle(x, 2)), 2)


def initialise_but_the_last(network: UNet) -> None:
    """As `UNet` begins."""
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
    """Print one row a network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--images", type=int, default=2_000)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    networks = {name: make() for name, (_, make) in NETWORKS.items()}
    taken = used(networks, options.threads)
    learnt = medians({n: learnt_of(n, one) for n, one in networks.items()}, options.rounds)
    print(f"{'':30}  a picture  weights  in 16 bits  training, an image")
    for name, network in networks.items():
        millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
        print(
            f"{name:30}  {1e3 * taken[name]:6.1f} ms  {millions:5.2f} M  {2 * millions:7.1f} MB  "
            f"{1e3 * learnt[name] / BATCH:15.1f} ms"
        )
    if options.data:
        quality(options.data, options.images)


def medians(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each, in turn, after some rounds of warming up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(WARM_UP + rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken[WARM_UP:]) for name, taken in times.items()}


def used(networks: dict[str, nn.Module], threads: int) -> dict[str, float]:
    """Median seconds of a picture in ONNX Runtime, as the translator runs it.

    One session at a time, since the threads of a session wait in a busy loop; in several turns.
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
            given = {"sketch": picture.astype(np.float32)}
            for number in range(WARM_UP + PICTURES):
                start = time.perf_counter()
                session.run(given)
                if number >= WARM_UP:
                    times[name].append(time.perf_counter() - start)
            del session
    return {name: statistics.median(taken) for name, taken in times.items()}


def learnt_of(name: str, network: nn.Module) -> Callable[[], object]:
    """A step of training."""
    side = NETWORKS[name][0]
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    sketch, photo = torch.rand(BATCH, 1, side, side), torch.rand(BATCH, 3, side, side)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            made = network(sketch)
        loss = (made.float() - photo).abs().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step


def quality(path: Path, images: int) -> None:
    """Train each of them on the same images, and print how near they come."""
    prepared = PreparedSet(path)
    print(f"\n{'':30}  after {images} images: mean absolute difference  perceptual")
    for name, (side, make) in NETWORKS.items():
        torch.manual_seed(0)
        network, frozen = make(), Frozen(Fabric(accelerator="cpu", precision="bf16-mixed"))
        config = Config(experiment=name, size=side, fine=Fine(crop=128 if side > 128 else 0))
        shown = TrainingImages.of(config, prepared, sketches=False, pairs=True)
        network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = torch.optim.Adam(network.parameters(), lr=5e-4, betas=(0.5, 0.9), fused=True)
        for first in range(0, images, BATCH):
            batch = shown.batch(first, BATCH)
            with torch.autocast("cpu", torch.bfloat16):
                made = network(batch["sketched"]).float()
            loss = 4 * pyramid_l1(made, batch["photo"])
            loss = loss + 4 * seen_alike(config, frozen, made, batch["photo"], first)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        print(name.ljust(30), *scores(config, frozen, network.eval(), prepared), flush=True)


def seen_alike(config: Config, frozen: Frozen, made: Tensor, photo: Tensor, first: int) -> Tensor:
    """The perceptual term, as `limner.training.objectives.pix2pix` has it."""
    generated, truth = (
        [stage for view in views(config, images, first) for stage in frozen.perceive(view)]
        for images in (made, photo)
    )
    return multiscale(perceptual, generated, truth, crops=bool(config.fine.crop))


def scores(config: Config, frozen: Frozen, network: nn.Module, prepared: PreparedSet) -> list[str]:
    """On held-out faces that are sketched the same for all."""
    photos = still(prepared.images("test", "photo"), 256, 64)
    sketches = [random_sketch(photo, np.random.default_rng(n)) for n, photo in enumerate(photos)]
    differences, seen = [], []
    for photo, sketch in zip(photos, sketches, strict=True):
        truth, drawn = (to_tensor(one[None].copy()) for one in (photo, sketch))
        with torch.inference_mode():
            if config.size < 256:
                made = network(F.avg_pool2d(drawn, 2))
                made = F.interpolate(made, scale_factor=2, mode="bicubic").clamp(-1, 1)
            else:
                made = network(drawn)
            differences.append((made - truth).abs().mean().item())
            whole = [F.avg_pool2d(one, 2) for one in (made, truth)]
            parts = [one[:, :, 32:160, 64:192] for one in (made, truth)]
            pairs = [[frozen.perceive(one) for one in pair] for pair in (whole, parts)]
            seen.append([perceptual(*pair).item() for pair in pairs])
    coarse, fine = np.mean(seen, axis=0)
    return [f"{np.mean(differences):20.3f}", f"{coarse:10.3f} halved", f"{fine:8.3f} full size"]


if __name__ == "__main__":
    main()
