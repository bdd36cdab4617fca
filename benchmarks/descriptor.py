"""Speed of the face descriptor: limner's ONNX graph, dlib and torch, one face at a time.

    python benchmarks/descriptor.py [--rounds 15]

All use one thread and the same picture, interleaved. Prints medians and the largest difference
between the descriptors.
"""

import argparse
import os
import time
from statistics import median

# One thread each; set before any library reads these.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import dlib
import numpy as np
import torch
from PIL import Image
from skimage.data import astronaut

from limner.faces.points import public_file
from limner.features.descriptor_network import DescriptorNetwork
from limner.networks.descriptor import FaceDescriptor


def main() -> None:
    """Print milliseconds per face and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(1)
    file = public_file("dlib_face_recognition_resnet_model_v1.dat")
    chip = np.asarray(Image.fromarray(astronaut()[:260, 120:380]).resize((150, 150)))
    ours, theirs = DescriptorNetwork(file), dlib.face_recognition_model_v1(str(file))
    rebuilt = FaceDescriptor.from_dlib(file)

    def in_torch() -> np.ndarray:
        with torch.inference_mode():
            return rebuilt(torch.from_numpy(chip.transpose(2, 0, 1)[None].astype(np.float32)))[
                0
            ].numpy()

    ways = {
        "limner (ONNX Runtime)": lambda: ours(chip[None])[0],
        "dlib": lambda: np.array(theirs.compute_face_descriptor(chip)),
        "torch": in_torch,
    }
    found = {name: way() for name, way in ways.items()}  # warm
    spent = {name: [] for name in ways}
    for _ in range(args.rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            spent[name].append(time.perf_counter() - start)
    first = next(iter(ways))
    for name in ways:
        ratio = median(spent[name]) / median(spent[first])
        apart = np.abs(found[name] - found[first]).max()
        print(
            f"{name:24s} {1e3 * median(spent[name]):6.1f} ms  {ratio:5.1f} times as long  "
            f"largest difference {apart:.0e}"
        )


if __name__ == "__main__":
    main()
