"""One way from a drawing to a photo, in a process of its own, so that it can be measured alone.

Contenders:

- `limner`: the runtime with a shipped model: reads, cleans, guesses how literally the drawing is
  meant, runs the network. The drawing is an aligned crop already, so no face is looked for;
- `cyclegan-9`, `cyclegan-6`: the generator of Zhu et al. 2017, *Unpaired Image-to-Image
  Translation using Cycle-Consistent Adversarial Networks*, with 9 or 6 residual blocks, in torch,
  eager, float32;
- `exemplar`: see `exemplar.py`.

Makes one photo and writes it. With `--serve`, it then says "ready", makes another one for each line
that it reads, prints the seconds, and in the end the peak memory in bytes.

    python benchmarks/contenders.py CONTENDER DRAWING PHOTO [--model NAME] [--file FILE] [--serve]

`--file` is what it learnt: weights of a CycleGAN (`--untrained FILE` writes some) or pairs.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Only what all contenders need: imports are part of a cold start, and of the memory.
import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from torch import nn

Make = Callable[[Path], NDArray[np.uint8]]

CONTENDERS = ("limner", "cyclegan-9", "cyclegan-6", "exemplar")
DISTRIBUTIONS = {
    "limner": ("numpy", "pillow", "onnxruntime", "dlib-bin", "typer", "rich"),
    "cyclegan-9": ("torch", "numpy", "pillow"),
    "cyclegan-6": ("torch", "numpy", "pillow"),
    "exemplar": ("numpy", "pillow"),
}
"""What each needs to be installed, apart from its own code; limner's are those of its base install,
which also finds faces, reads a dozen formats and has a command line."""


def main() -> None:
    """Make one photo, or as many as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("drawing", type=Path, nargs="?")
    parser.add_argument("photo", type=Path, nargs="?")
    parser.add_argument("--model", default="lifelike", help="limner's model")
    parser.add_argument("--file", type=Path, help="weights, or pairs")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--untrained", type=Path, help="write a CycleGAN's weights and end")
    options = parser.parse_args()
    if options.untrained:
        write_untrained(options.contender, options.untrained)
        return
    make = start(options)
    Image.fromarray(make(options.drawing)).save(options.photo)
    if options.serve:
        print("ready", flush=True)
        for _ in sys.stdin:
            begin = time.perf_counter()
            make(options.drawing)
            print(time.perf_counter() - begin, flush=True)
        print(peak_memory(), flush=True)


def start(options: argparse.Namespace) -> Make:
    """Load a contender."""
    if options.contender == "limner":
        from limner.translator import Translator

        translator = Translator(options.model, threads=options.threads)
        return lambda drawing: translator(drawing, as_is=True)
    if options.contender == "exemplar":
        from exemplar import Exemplar

        with np.load(options.file) as pairs:
            exemplar = Exemplar(pairs["photos"], pairs["sketches"])
        return lambda drawing: exemplar(np.asarray(Image.open(drawing).convert("L")))
    return start_cyclegan(options)


def start_cyclegan(options: argparse.Namespace) -> Make:
    """Load the reference's generator."""
    import torch

    torch.set_num_threads(options.threads)
    network = reference_generator(blocks_of(options.contender))
    network.load_state_dict(torch.load(options.file, weights_only=True))
    network.eval()

    def make(drawing: Path) -> NDArray[np.uint8]:
        picture = np.asarray(Image.open(drawing).convert("RGB"))
        with torch.inference_mode():
            given = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
            made = (network(given)[0] + 1) * 127.5
            return np.asarray(made.round().byte().permute(1, 2, 0).contiguous())

    return make


def blocks_of(contender: str) -> int:
    """Residual blocks of `cyclegan-N`."""
    return int(contender.removeprefix("cyclegan-"))


def write_untrained(contender: str, file: Path) -> None:
    """Write random weights, which take the time and the memory of trained ones."""
    import torch

    torch.manual_seed(0)
    torch.save(reference_generator(blocks_of(contender)).state_dict(), file)


def reference_generator(blocks: int, *, inputs: int = 3, width: int = 64) -> "nn.Sequential":
    """The generator of Zhu et al. 2017: `c7s1-64, d128, d256, R256…, u128, u64, c7s1-3`.

    `limner.networks.ResNet` has the same layout, but takes sketches in one channel, has zeros
    instead of reflections beyond the edges, a leaky instead of a plain ReLU, and nearest-neighbour
    upsampling before a 3x3 convolution instead of a transposed one, which has a quarter of the
    operations.

    Args:
        blocks: Residual blocks; 9 for pictures of 256 px and more, 6 for 128 px.
        inputs: Channels of the drawing; the authors' code takes sketches in three, too.
        width: Channels at full resolution.
    """
    from torch import nn

    def normed(convolution: "nn.Module", channels: int) -> "list[nn.Module]":
        return [convolution, nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)]

    class Block(nn.Module):
        """Two 3x3 convolutions, added to what they get."""

        def __init__(self, channels: int) -> None:
            super().__init__()
            self.layers = nn.Sequential(
                nn.ReflectionPad2d(1),
                *normed(nn.Conv2d(channels, channels, 3), channels),
                nn.ReflectionPad2d(1),
                nn.Conv2d(channels, channels, 3),
                nn.InstanceNorm2d(channels),
            )

        def forward(self, x: Any) -> Any:
            return x + self.layers(x)

    return nn.Sequential(
        nn.ReflectionPad2d(3),
        *normed(nn.Conv2d(inputs, width, 7), width),
        *normed(nn.Conv2d(width, 2 * width, 3, 2, 1), 2 * width),
        *normed(nn.Conv2d(2 * width, 4 * width, 3, 2, 1), 4 * width),
        *(Block(4 * width) for _ in range(blocks)),
        *normed(nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, 1), 2 * width),
        *normed(nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1), width),
        nn.ReflectionPad2d(3),
        nn.Conv2d(width, 3, 7),
        nn.Tanh(),
    )


def peak_memory() -> int:
    """Return the peak memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike getrusage, without what the parent had before it started this
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return 1024 * int(line.split()[1])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS


if __name__ == "__main__":
    main()
