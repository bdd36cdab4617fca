"""Pictures and folders that many tests share."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage.data import astronaut

from limner import images
from limner.faces import DlibDetector, Preprocessing, find
from limner.sketching import sketch


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Keep what commands remember between calls away from the user's own cache."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    """A portrait, [512, 512, 3]; its face is about 110 px wide."""
    return astronaut()


@pytest.fixture(scope="session")
def person(photo) -> Callable[[int], NDArray[np.uint8]]:
    """Pictures of any number of people, [260, 260, 3]: one portrait in different light.

    The light is wild enough for no two of them to be near-duplicates.
    """
    portrait = photo[:260, 100:360]

    def picture(number: int) -> NDArray[np.uint8]:
        light = np.random.default_rng(number).uniform(-90, 90, (9, 9)).astype(np.float32)
        smooth = Image.fromarray(light).resize((260, 260), Image.Resampling.BICUBIC)
        return np.clip(portrait + np.asarray(smooth)[..., None], 0, 255).astype(np.uint8)

    return picture


@pytest.fixture(scope="session")
def portrait_drawing() -> NDArray[np.uint8]:
    """A drawing of our own, [600, 500], whose face is always found."""
    return images.read(Path(__file__).parents[1] / "examples" / "man-short-hair.png", grey=True)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of research and training images; tests that need it are skipped without."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LIMNER_DATA", beside))
    if not folder.is_dir():
        pytest.skip("needs the project's images: set LIMNER_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def prepared_set(photo, tmp_path_factory) -> Path:
    """A dataset of 12 faces of 48 px: one portrait in many colours, ten for training."""
    import pyarrow as pa

    from limner.data import schema
    from limner.data.writer import Writer
    from limner.faces import DlibDetector, Preprocessing

    preprocessing = Preprocessing(size=48)
    face = DlibDetector()(photo)[0]
    crop = preprocessing.align(photo, face).image
    rng = np.random.default_rng(0)
    rows = []
    for number in range(12):
        tinted = np.clip(crop * rng.uniform(0.6, 1.2, 3), 0, 255).astype(np.uint8)
        rows.append(
            {
                "image": {"bytes": images.encode(tinted), "path": f"{number}.png"},
                "source": "tinted",
                "kind": "photo",
                "identity": str(number),
                "split": "test" if number < 2 else "train",
                "box": list(face.box),
                "points": face.points.ravel().tolist(),
                "angle": face.angle,
                "smile": None,
                "checksum": f"{number:064x}",
            }
        )
    path = tmp_path_factory.mktemp("sets") / "tinted"
    sources = {"tinted": {"faces": 12, "licence": "public domain"}}
    about = {"preprocessing": preprocessing.to_dict(), "sources": sources}
    with Writer(path, about) as writer:
        writer.add("faces", pa.Table.from_pylist(rows, schema=schema.FACES))
        writer.commit()
    return path


@pytest.fixture(scope="session")
def study_sources(person, tmp_path_factory) -> Path:
    """The sources of the 2018 study, small: 24 photos, of which 4 smile, and 8 pairs."""
    path = tmp_path_factory.mktemp("sources")
    names = [f"{number:06d}.jpg" for number in range(24)]
    for number, name in enumerate(names):
        images.write(path / "celeba" / "img_align_celeba" / name, person(number))
    rows = [f"{name} {1 if number % 6 == 0 else -1}" for number, name in enumerate(names)]
    table = path / "celeba" / "list_attr_celeba.txt"
    table.write_text("\n".join([str(len(rows)), "Smiling", *rows, ""]))
    for number in range(8):
        pair = path / "cufs" / "class"
        images.write(pair / "photos" / f"{number}.png", person(100 + number))
        images.write(pair / "sketches" / f"{number}.png", sketch(person(100 + number), seed=number))
    return path


@pytest.fixture(scope="session")
def tiny(prepared_set):
    """A config that trains in a second or two."""
    from limner.networks.config import PatchGANConfig, UNetConfig
    from limner.training.config import Config

    return Config(
        experiment="tiny",
        data=str(prepared_set),
        size=32,
        generator=UNetConfig(width=4, depth=2),
        discriminator=PatchGANConfig(width=4, strides=2),
        images=24,
        batch=4,
        save_every=8,
        snapshot_every=16,
        device="cpu",
        precision="32-true",  # on every machine
        threads=1,
    )


@pytest.fixture(scope="session")
def mixed_set(prepared_set, tmp_path_factory) -> Path:
    """`prepared_set` with sketches of 5 of its faces as well, 4 of them for training."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from limner.data import schema
    from limner.data.prepared import PreparedSet
    from limner.data.writer import Writer
    from limner.sketching import sketch

    photos = PreparedSet(prepared_set)
    table = pq.read_table(prepared_set / "faces.parquet")
    rows = table.slice(1, 5).to_pylist()  # the first of them is held out
    for number, (row, face) in enumerate(zip(rows, photos.images()[1:6], strict=True)):
        drawn = images.encode(sketch(face, seed=number))
        row |= {"kind": "sketch", "image": {"bytes": drawn, "path": f"sketch-{number}.png"}}
    path = tmp_path_factory.mktemp("sets") / "mixed"
    with Writer(path, photos.about) as writer:
        writer.add("faces", table)
        writer.add("faces", pa.Table.from_pylist(rows, schema=schema.FACES))
        writer.commit()
    return path


@pytest.fixture(scope="session")
def tiny_of(tiny, mixed_set, tiny_model):
    """For each objective a config that trains in a few seconds.

    `projected` is a hybrid with all that a training may have.
    """
    from limner.networks.config import ProjectedConfig
    from limner.training.config import DiscriminatorAugmentation, Weights

    mixed = dataclasses.replace(tiny, data=str(mixed_set), image_pool=3)
    augmented = DiscriminatorAugmentation(colour=True, translation=0.125, cutout=0.5)
    hybrid = dataclasses.replace(mixed, objective="hybrid", discriminator_augmentation=augmented)
    return {
        "pix2pix": tiny,
        "draughtsman": dataclasses.replace(
            tiny,
            objective="draughtsman",
            reconstructor=str(tiny_model),
            weights=Weights(adversarial=1.0, l1=8.0, features=4.0, cycle=2.0, identity=1.0),
        ),
        "cyclegan": dataclasses.replace(mixed, objective="cyclegan"),
        "hybrid": hybrid,
        "projected": dataclasses.replace(
            hybrid,
            discriminator=ProjectedConfig(width=4, patch_width=4, strides=2),
            weights=Weights(perceptual=1.0, face=1.0),
            gan="hinge",
            warm_up=10,
            clip=1.0,
            discriminator_lr=2.0,
        ),
    }


@pytest.fixture(scope="session")
def finished_run_of(tiny_of, finished_run, tmp_path_factory):
    """The folder of an uninterrupted run for each config of `tiny_of`."""
    from limner.training.loop import train

    done = {"pix2pix": finished_run}

    def folder(objective: str) -> Path:
        if objective not in done:
            done[objective] = tmp_path_factory.mktemp("runs") / objective
            train(tiny_of[objective], done[objective])
        return done[objective]

    return folder


@pytest.fixture(scope="session")
def tiny_sketcher(finished_run_of, tmp_path_factory) -> Path:
    """A model file that turns photos into sketches."""
    from limner.export import export

    path = tmp_path_factory.mktemp("models") / "tiny-sketcher.onnx"
    export(finished_run_of("cyclegan"), path, direction="photo-to-sketch")
    return path


@pytest.fixture(scope="session")
def finished_run(tiny, tmp_path_factory) -> Path:
    """The folder of an uninterrupted run of `tiny`."""
    from limner.training.loop import train

    path = tmp_path_factory.mktemp("runs") / "whole"
    train(tiny, path)
    return path


@pytest.fixture(scope="session")
def tiny_model(finished_run, tmp_path_factory) -> Path:
    """The model file of `finished_run`."""
    from limner.export import export

    path = tmp_path_factory.mktemp("models") / "tiny.onnx"
    export(finished_run, path)
    return path


@pytest.fixture(scope="session")
def hinted_model(tmp_path_factory) -> Path:
    """A model of 64 px that takes hints: its photo is the drawing with the hints on top."""
    import json

    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from limner import __version__
    from limner.faces import Preprocessing
    from limner.model import KEY, ModelCard

    def tensor(name: str, channels: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", channels, 64, 64])

    def number(name: str, value: object) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(value), name)

    nodes = [
        helper.make_node("Split", ["hints", "sizes"], ["colours", "mask"], axis=1),
        helper.make_node("Sub", ["one", "mask"], ["rest"]),
        helper.make_node("Mul", ["sketch", "rest"], ["drawn"]),
        helper.make_node("Add", ["drawn", "colours"], ["photo"]),
    ]
    numbers = [number("sizes", [3, 1]), number("one", np.float32(1))]
    inputs = [tensor("sketch", 1), tensor("hints", 4)]
    graph = helper.make_graph(nodes, "hinted", inputs, [tensor("photo", 3)], numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    card = ModelCard(
        name="hinted",
        direction="sketch-to-photo",
        preprocessing=Preprocessing(size=64),
        experiment="none",
        images_seen=0,
        generator={"hints": True},
        sources={},
        limner=__version__,
        weights="0" * 64,
    )
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, json.dumps(card.to_dict())
    path = tmp_path_factory.mktemp("models") / "hinted.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="session")
def crops(person) -> NDArray[np.uint8]:
    """`[12, 64, 64, 3]`: aligned faces."""
    face = find(person(0), DlibDetector())[0]
    cut = Preprocessing(size=64)
    return np.stack([cut.align(person(number), face).image for number in range(12)])


@pytest.fixture
def fill(tmp_path) -> Callable[..., Path]:
    """Write pictures into a new folder: `fill("generated", pictures, names=...)`."""

    def write(name, pictures, *, names=None, suffix=".png"):
        folder = tmp_path / name
        for number, picture in enumerate(pictures):
            stem = f"p{number:02d}" if names is None else names[number]
            images.write(folder / f"{stem}{suffix}", picture)
        return folder

    return write


@pytest.fixture
def folders(crops, fill) -> dict[str, Path]:
    """The ground truth, sketches of it, and generated photos that are a little darker."""
    darker = np.clip(crops * 0.9, 0, 255).astype(np.uint8)
    return {
        "generated": fill("generated", darker),
        "sketches": fill("sketches", [sketch(crop, seed=n) for n, crop in enumerate(crops)]),
        "ground_truth": fill("ground_truth", crops, suffix=".jpg"),
    }


@pytest.fixture(scope="session")
def random_vgg(tmp_path_factory) -> Path:
    """A file like torchvision's VGG16, with its classifier, but with random weights."""
    rng = np.random.default_rng(0)
    sizes = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256}
    sizes |= dict.fromkeys((17, 19, 21, 24, 26, 28), 512)
    held, before = {}, 3
    for place, size in sizes.items():
        kernel = rng.standard_normal((size, before, 3, 3), np.float32) * (2 / 9 / before) ** 0.5
        held[f"features.{place}.weight"] = torch.from_numpy(kernel)
        held[f"features.{place}.bias"] = 0.1 * torch.from_numpy(
            rng.standard_normal(size, np.float32)
        )
        before = size
    held["classifier.6.bias"] = torch.zeros(1000)
    path = tmp_path_factory.mktemp("vgg") / "vgg16-397923af.pth"
    torch.save(held, path)
    return path
