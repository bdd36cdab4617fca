"""Shared files do not show on which machine and in which folder they were made."""

import base64
import contextlib
import html
import importlib.util
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, PngImagePlugin
from safetensors import safe_open
from safetensors.torch import save_file
from typer.testing import CliRunner

import limner
from limner import images
from limner.cli import app
from limner.data.prepare import prepare
from limner.data.prepared import PreparedSet
from limner.data.recipe import of_folder
from limner.sharing import name_of, without_folders
from limner.sketching import sketch
from limner.training.config import Config
from limner.training.run import digest_of
from limner.translator import Translator

ROOT = Path(__file__).parents[1]
SOMEBODY = "home-of-somebody"
FAST = {
    "size": 32,
    "images": 8,
    "batch": 4,
    "save_every": 8,
    "snapshot_every": 8,
    "eval_images": 2,
    "device": "cpu",
    "weights.identity": 0,
    "generator.width": 2,
    "generator.depth": 2,
    "discriminator.width": 2,
    "discriminator.strides": 1,
}
PLACES = (SOMEBODY, *map(str, (Path.cwd(), Path.home(), sys.prefix, ROOT)))
"""Texts that no shared file may contain."""


def texts_in(data):
    """The bytes of a file, and what is packed or encoded in them."""
    yield data
    if data[:4] == b"PK\3\4":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield member.encode()
                yield from texts_in(archive.read(member))
    elif data[:4] == b"PAR1":
        table = pq.read_table(io.BytesIO(data))
        yield from (b" ".join(pair) for pair in (table.schema.metadata or {}).items())
        for column in table.columns:
            yield from values_in(column.to_pylist())
    elif data[:8] == b"\x89PNG\r\n\x1a\n" or data[:4] in (b"RIFF", b"\xff\xd8\xff\xe0"):
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            yield from values_in(picture.info)
            yield from values_in(getattr(picture, "text", {}))
    elif data[:1] in (b"{", b"["):  # JSON, or a line of it after the other
        for one in (data, *data.splitlines()):
            with contextlib.suppress(ValueError):
                yield from values_in(json.loads(one))
    elif data[8:9] == b"{" and len(data) > 8 + struct.unpack("<Q", data[:8])[0]:  # safetensors
        yield from values_in(json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]]))
    elif b"<html" in data[:200]:
        page = html.unescape(data.decode())
        yield page.encode()
        for picture in re.findall(r"data:image/\w+;base64,([\w+/=]+)", page):
            yield from texts_in(base64.b64decode(picture))


def values_in(value):
    """Texts, and files, in nested values."""
    if isinstance(value, bytes):
        yield from texts_in(value)
    elif isinstance(value, str):
        yield value.encode(errors="surrogateescape")
        if value[:1] in ("{", "["):  # JSON in the metadata of a file
            with contextlib.suppress(ValueError):
                yield from values_in(json.loads(value))
    elif isinstance(value, dict):
        for pair in value.items():
            yield from values_in(list(pair))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from values_in(one)


def places_in(path):
    """Which of PLACES a file contains, or each file of a folder, by name."""
    found = {}
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            texts = list(texts_in(file.read_bytes()))
            found[file.name] = {p for p in PLACES if any(p.encode() in text for text in texts)}
    return found


def limner_in_process(*arguments, code=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, (done.output, done.exception)


@pytest.fixture(scope="module")
def desk(person, tmp_path_factory):
    """A folder in which every command was used with absolute paths."""
    desk = tmp_path_factory.mktemp("sharing") / SOMEBODY / "desk"
    for number in range(6):
        images.write(desk / "photos" / f"{number}.png", person(number))
    (desk / "photos" / "damaged.jpg").write_bytes(b"no picture")
    (desk / "photos" / "damaged.zip").write_bytes(b"no archive")
    (desk / "recipe.toml").write_text(
        f"name = 'mine'\n[[parts]]\nsource = 'folder'\npath = '{desk}/photos'\ncount = 4\n"
    )
    options = ("--size", 32, "--held-out", 0.4, "--workers", 1)
    limner_in_process("prepare", desk / "photos", desk / "set", *options)
    limner_in_process("prepare", desk / "recipe.toml", desk / "of-recipe", *options)
    limner_in_process("data", "report", desk / "set")
    limner_in_process("data", "report", desk / "of-recipe")

    settings = [f"{name}={value}" for name, value in FAST.items()]
    settings += [f"data={desk}/set", f"sample_sketches={desk}/of-recipe"]
    changes = [part for setting in settings for part in ("--set", setting)]
    limner_in_process("train", "pix2pix", desk / "first", *changes)
    changes += ["--set", f"init_from={desk}/first"]
    limner_in_process("train", "pix2pix", desk / "run", *changes)
    limner_in_process("plot", desk / "run")
    limner_in_process("export", desk / "run", desk / "made.onnx")

    crops = [person(number)[:256, :256] for number in range(6)]
    for number, crop in enumerate(crops):
        images.write(desk / "truth" / f"{number}.png", crop)
        images.write(desk / "sketches" / f"{number}.png", sketch(crop, seed=number))
        images.write(desk / "better" / f"{number}.png", crop)
    (desk / "truth" / "0.png").write_bytes(b"no picture")  # reports say why it is excluded
    images.write(desk / "truth" / "other.png", crops[0])
    (desk / "truth" / "notes.txt").write_text("not a picture")
    (desk / "no-folder").write_text("where the cache should be")
    results = ("--sketches", desk / "sketches", "--ground-truth", desk / "truth", "--aligned")
    results += ("--resamples", 100, "--workers", 1, "--size", 32, "--cache", desk / "no-folder")
    limner_in_process(
        *("measure", "--generated", desk / "results", "--model", desk / "made.onnx", *results),
        *("--real", desk / "set", "--training", desk / "set"),
        *("--html", desk / "measured.html", "--json", desk / "measured.json"),
        code=1,  # a picture is damaged
    )
    limner_in_process(
        *("compare", desk / "made.onnx", desk / "better", *results),
        *("--html", desk / "compared.html", "--json", desk / "compared.json"),
        code=1,
    )
    return desk


@pytest.mark.parametrize(
    "name",
    [
        "set",
        "of-recipe",
        "made.onnx",
        "results",
        "measured.html",
        "measured.json",
        "compared.html",
        "compared.json",
    ],
)
def test_shared_files_contain_no_path_of_this_machine(desk, name):
    found = places_in(desk / name)
    assert found
    assert {file: places for file, places in found.items() if places} == {}


@pytest.mark.parametrize("name", ["first", "run"])
def test_only_the_config_of_a_run_is_private(desk, name):
    found = places_in(desk / name)
    assert found.keys() >= {"state.pt", "stats.jsonl", "snapshot-000000008.safetensors"}
    assert [file for file, places in found.items() if places] == ["config.json"]
    assert f"{desk}/set" in (desk / name / "config.json").read_text()  # needed to resume


def test_excluded_files_are_still_named(desk):
    warnings = json.dumps(json.loads((desk / "measured.json").read_text())["warnings"])
    for name in ("truth/0.png", "truth: 1 other files", "partner in results", "no-folder"):
        assert name in warnings
    dropped = pq.read_table(desk / "set" / "dropped.parquet").to_pylist()
    assert {"damaged.jpg", "damaged.zip"} <= {row["path"] for row in dropped}


def test_images_of_a_dataset_are_named_after_it(desk):
    named = [name for name, _ in PreparedSet(desk / "set").encoded()]
    assert named[0] == "row 0 of set/faces.parquet, 0.png"


def test_a_snapshot_still_names_its_dataset(desk):
    data = (desk / "run" / "snapshot-000000008.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    config = json.loads(header["__metadata__"]["limner"])["config"]
    assert [config[name] for name in ("data", "sample_sketches", "init_from")] == [
        "set",
        "of-recipe",
        "first",
    ]


def test_a_run_resumes_with_the_paths_in_its_config(desk, tmp_path):
    run = shutil.copytree(desk / "run", tmp_path / "run")
    limner_in_process("train", "pix2pix", run, "--set", "images=12")
    assert (run / "snapshot-000000012.safetensors").exists()


def test_a_snapshot_of_an_earlier_version_is_exported_without_its_paths(desk, tmp_path):
    file = tmp_path / "snapshot-000000008.safetensors"
    with safe_open(desk / "run" / file.name, framework="pt") as snapshot:
        about = json.loads(snapshot.metadata()["limner"])
        tensors = {name: snapshot.get_tensor(name) for name in snapshot.keys()}  # noqa: SIM118
    about["config"]["data"] = f"{desk}/set"
    del about["digest"]
    about["digest"] = digest_of(about, tensors)
    save_file(tensors, file, {"limner": json.dumps(about)})
    assert places_in(file)[file.name]
    limner_in_process("export", file, tmp_path / "m.onnx")
    assert (tmp_path / "m.onnx").read_bytes().count(SOMEBODY.encode()) == 0
    assert digest(tmp_path / "m.onnx") == digest(desk / "made.onnx")


def digest(model):
    return Translator(model).card.weights


def test_messages_of_libraries_about_pictures_are_kept_without_folders(person, tmp_path):
    images.write(tmp_path / SOMEBODY / "in" / "a.png", person(0))
    images.write(tmp_path / SOMEBODY / "in" / "b.png", person(1))

    class Failing:
        def __init__(self):
            self.errors = [
                RuntimeError(f"Unable to open {tmp_path}/{SOMEBODY}/points.dat for reading."),
                FileNotFoundError(2, "No such file", f"{tmp_path}/{SOMEBODY}/points.dat"),
            ]

        def __call__(self, picture):
            raise self.errors.pop()

    recipe, root = of_folder(tmp_path / SOMEBODY / "in")
    with pytest.raises(limner.errors.DataError):
        prepare(recipe, tmp_path / "set", data=root, detector=Failing)
    details = pq.read_table(tmp_path / "set" / "dropped.parquet")["detail"].to_pylist()
    assert "FileNotFoundError: No such file" in details[0]
    assert "RuntimeError: Unable to open points.dat for reading." in details[1]
    assert not any(places_in(tmp_path / "set").values())


def test_no_file_of_the_wheel_contains_a_path():
    folder = ROOT / "src" / "limner"
    for file in folder.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            data = file.read_bytes()
            assert not [place for place in PLACES if place.encode() in data], file


@pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="needs hatchling")
def test_the_wheel_contains_no_path(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "limner/models/portrait.onnx" in names
    assert not [name for name in names if name.endswith(".pyc")]  # these name their sources
    assert not any(places_in(wheel).values())


@pytest.mark.parametrize("kind", ["zip", "png", "parquet", "safetensors", "html", "json", "lines"])
def test_the_search_finds_a_path_in_packed_files(tmp_path, kind):
    path, file = f"/{SOMEBODY}/x", tmp_path / kind
    noted = json.dumps({"a": path}).replace("home", "\\u0068ome")
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", 100 * path)
    elif kind == "png":
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", path, zip=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(file, "PNG", pnginfo=info)
    elif kind == "parquet":
        table = pa.table({"a": [{"bytes": noted.encode(), "path": "b"}]})
        pq.write_table(table, file, compression="zstd")
    elif kind == "safetensors":
        header = json.dumps({"__metadata__": {"limner": noted}}).encode()
        file.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    elif kind == "html":
        file.write_text(f"<!doctype html><html><p>{html.escape(path).replace('-', '&#45;')}</p>")
    else:
        file.write_text(noted if kind == "json" else f'{{"a": 1}}\n{noted}\n')
    assert SOMEBODY.encode() not in file.read_bytes()
    assert places_in(file)[kind] == {SOMEBODY}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/somebody/sets/mine", "mine"),
        ("/home/somebody/sets/mine/", "mine"),
        ("sets/mine", "sets/mine"),
        ("sets//x/../mine", "sets/mine"),
        ("../../home/somebody/mine", "mine"),
        ("..", ".."),
        (".", "."),
        ("..mine/set", "..mine/set"),
        ("/", "/"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths are others there")
def test_names(path, name):
    assert name_of(path) == name_of(Path(path)) == name


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no '/home/somebody/a.png' there", "no 'a.png' there"),
        ("C:\\Users\\somebody\\a.dat: damaged", "a.dat: damaged"),
        ("see https://example.org/a/b and runs/mine, 3 images/s", None),
    ],
)
def test_messages_lose_folders(text, left):
    assert without_folders(text) == (text if left is None else left)


def test_a_config_without_folders_is_shared_unchanged():
    config = Config(experiment="x")
    assert config.to_share() == config.to_dict()
