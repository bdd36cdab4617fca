"""Damaged pictures, tables and disks, and processes that are killed: nothing is lost by them."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import pyarrow.parquet as pq
import pytest

from limner import images
from limner.data.prepare import prepare
from limner.data.recipe import of_folder
from limner.engines import LocalEngine
from limner.errors import LimnerError, OutputError

KILLS = int(os.environ.get("LIMNER_KILLS", "5"))
"""How often a preparation is killed by the test of that; each takes a second or two."""

WHOLE = 8
"""Pictures that nothing is done to."""


def table(path, name):
    return pq.read_table(path / f"{name}.parquet").to_pylist()


def prepare_folder(path, out, **options):
    recipe, root = of_folder(path)
    return prepare(recipe, out, data=root, **options)


def cut(data, rng):
    return data[: rng.randrange(len(data))]


def flipped(data, rng):
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 8, 200))):
        damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def foreign(data, rng):
    return rng.choice((b"%PDF-1.7\n", b"\x7fELF", b"<svg/>", b"\0" * 500, b"PK\5\6" + b"\0" * 18))


@pytest.fixture
def pictures(person, tmp_path):
    """Eight whole portraits, and 90 that are damaged in some way, in all the formats."""
    folder, rng = tmp_path / "pictures", random.Random(0)
    for number in range(WHOLE):
        images.write(folder / f"whole-{number}.png", person(number))
    for number in range(90):
        suffix = (".png", ".jpg", ".webp")[number % 3]
        file = folder / f"{number:02}-{(cut, flipped, foreign)[number // 3 % 3].__name__}{suffix}"
        images.write(file, person(100 + number))
        file.write_bytes((cut, flipped, foreign)[number // 3 % 3](file.read_bytes(), rng))
    return folder


@pytest.mark.parametrize("workers", [1, 2])
def test_damaged_pictures_cost_the_whole_ones_nothing(pictures, tmp_path, workers):
    made = prepare_folder(pictures, tmp_path / "set", engine=LocalEngine(workers=workers))
    faces = {row["image"]["path"] for row in table(tmp_path / "set", "faces")}
    dropped = {row["path"]: row for row in table(tmp_path / "set", "dropped")}
    assert faces >= {f"whole-{number}.png" for number in range(WHOLE)}
    assert faces | dropped.keys() == {path.name for path in pictures.iterdir()}
    assert not faces & dropped.keys()
    assert made.dropped["unreadable"] > 40
    for name, row in dropped.items():
        assert row["reason"] in made.dropped
        assert "please report" not in row["detail"], row
        if row["reason"] == "unreadable":
            assert row["detail"].startswith(name)
    assert all("foreign" not in name for name in faces)


def test_names_and_links_and_permissions_of_all_kinds(person, tmp_path):
    root = tmp_path / "in"
    for number, name in enumerate(
        ("얼굴/사진.png", "x" * 246 + ".png", "a b'c\"d;e.png", "-o.png")
    ):
        images.write(root / name, person(number))
    (root / os.fsdecode(b"latin-\xe9.png")).write_bytes(images.encode(person(5)))
    (root / "circle.png").symlink_to("circle.png")
    (root / "gone.png").symlink_to("nowhere.png")
    (root / "deep").mkdir()
    (root / "deep" / "up").symlink_to(root, target_is_directory=True)
    images.write(root / "locked.png", person(6))
    images.write(root / "shut" / "inside.png", person(7))
    os.mkfifo(root / "pipe.png")
    (root / "locked.png").chmod(0)
    (root / "shut").chmod(0)
    try:
        with as_nobody(tmp_path):
            made = prepare_folder(root, tmp_path / "set")
    finally:
        (root / "shut").chmod(0o755)
    dropped = {row["path"]: row["detail"] for row in table(tmp_path / "set", "dropped")}
    assert made.faces == 5
    assert dropped.keys() == {"circle.png", "gone.png", "locked.png", "shut"}
    assert "Too many levels of symbolic links" in dropped["circle.png"]
    assert "no such file" in dropped["gone.png"]
    assert "permission" in dropped["locked.png"]
    assert "shut" in dropped["shut"]
    names = {row["image"]["path"] for row in table(tmp_path / "set", "faces")}
    assert {"얼굴/사진.png", "latin-\\udce9.png"} < names


@contextlib.contextmanager
def as_nobody(folder):
    """Root may read everything: be somebody who may not."""
    if os.geteuid():
        yield
        return
    for path in (folder, *folder.parents):
        if not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o011)
    folder.chmod(0o777)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_members_of_a_damaged_archive_are_told_apart(person, tmp_path):
    file = tmp_path / "some.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.png", images.encode(person(number)))
    data = bytearray(file.read_bytes())
    middle = len(data) // 2  # within the second member
    data[middle : middle + 50] = bytes(50)
    file.write_bytes(data)
    made = prepare_folder(file, tmp_path / "set")
    assert (made.faces, made.dropped) == (2, {"unreadable": 1})
    [row] = table(tmp_path / "set", "dropped")
    assert row["detail"].startswith("1.png: cannot be read")
    assert "please report" not in row["detail"]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("may not mount a disk here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_said_and_what_was_there_stays(person, small_disk, tmp_path, monkeypatch):
    monkeypatch.setattr("limner.data.blocks.BLOCK", 4)
    for number in range(30):
        images.write(tmp_path / "in" / f"{number:02}.png", person(number))
    (small_disk / "set").mkdir()
    (small_disk / "set" / "faces.parquet").write_bytes(b"from before")
    with pytest.raises(OutputError, match=r"No space left on device.*free some space"):
        prepare_folder(tmp_path / "in", small_disk / "set")
    assert (small_disk / "set" / "faces.parquet").read_bytes() == b"from before"
    assert not list(small_disk.rglob("*.part"))
    blocks = len(list((small_disk / "set" / "unfinished").iterdir()))
    assert blocks > 0  # and they are used when there is room
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    assert prepare_folder(tmp_path / "in", small_disk / "set").faces == 30


DRIVER = """
import sys
from pathlib import Path
from limner.data import blocks
from limner.data.prepare import prepare
from limner.data.recipe import of_folder
from limner.engines import LocalEngine
if __name__ == "__main__":
    source, out, workers = sys.argv[1:]
    blocks.BLOCK = 3
    print("ready", flush=True)
    recipe, root = of_folder(Path(source))
    prepare(recipe, Path(out), data=root, engine=LocalEngine(workers=int(workers)))
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_preparation_goes_on(person, tmp_path, workers):
    """Killed at random moments and started again: the same bytes, nothing lost, nothing twice."""
    rng = random.Random(int(workers))
    for number in range(40):
        images.write(tmp_path / "in" / f"{number:02}.jpg", person(number))
    (tmp_path / "in" / "text.jpg").write_text("no picture")
    (tmp_path / "driver.py").write_text(DRIVER)

    def start(out):
        command = [sys.executable, str(tmp_path / "driver.py"), str(tmp_path / "in"), str(out)]
        process = subprocess.Popen([*command, workers], stdout=subprocess.PIPE)
        with process.stdout:
            assert process.stdout.readline() == b"ready\n"
        return process

    process, begin = start(tmp_path / "whole"), time.monotonic()
    assert process.wait() == 0
    whole_time = time.monotonic() - begin
    killed = 0
    while killed < KILLS:
        process = start(tmp_path / "set")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0, 1.1) * whole_time)
            shutil.rmtree(tmp_path / "set")  # it was whole: once more
            continue
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += 1
    assert start(tmp_path / "set").wait() == 0
    files = {path.name for path in (tmp_path / "whole").iterdir()}
    assert {path.name for path in (tmp_path / "set").iterdir()} == files
    for name in files:
        whole, resumed = ((tmp_path / out / name).read_bytes() for out in ("whole", "set"))
        assert whole == resumed, name


def test_a_damaged_recipe_or_table_ends_in_one_of_our_errors(tmp_path):
    """Recipes and tables that were damaged at random raise what limner raises on purpose."""
    from limner.data.recipe import load, shipped_recipes
    from limner.data.sources import CelebA

    rng = random.Random(0)
    recipe = shipped_recipes()["set2"].read_bytes()
    rows = [f"{n:06}.jpg {rng.choice((-1, 1))} {rng.choice((-1, 1))}" for n in range(20)]
    attributes = "\n".join(["20", "Smiling Young", *rows]).encode()
    (tmp_path / "img_align_celeba").mkdir()
    for n in range(20):
        (tmp_path / "img_align_celeba" / f"{n:06}.jpg").touch()
    warnings = []
    messages = []
    for _ in range(300):
        damage = rng.choice((cut, flipped))
        (tmp_path / "r.toml").write_bytes(damage(recipe, rng))
        (tmp_path / "list_attr_celeba.txt").write_bytes(damage(attributes, rng))
        for read in (
            lambda: load(tmp_path / "r.toml"),
            lambda: list(CelebA(path=tmp_path, warn=warnings.append).items()),
        ):
            try:
                read()
            except LimnerError as error:
                messages.append(str(error))
    assert len(messages) > 300
    assert len(warnings) > 50  # of what was damaged so that it could still be read
    assert all(str(tmp_path) in message for message in messages)
