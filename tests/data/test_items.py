import dataclasses
import io
import pickle
import tarfile
import zipfile

import numpy as np
import pyarrow.parquet as pq
import pytest

from limner import images
from limner.data.items import Item, Place, walk
from limner.errors import DataError, ImageError
from limner.sketching import sketch

from .layouts import write_parquet

PICTURE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
DATA = images.encode(PICTURE)


def zipped(path, *names):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, DATA)


def tarred(path, *names):
    with tarfile.open(path, "w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(DATA)
            archive.addfile(info, io.BytesIO(DATA))


@pytest.fixture
def mixed(tmp_path):
    """A folder with a file, a deep file, two archives and things that are not pictures."""
    root = tmp_path / "mixed"
    (root / "deep" / "er").mkdir(parents=True)
    for name in ("b.png", "deep/er/a.JPG", "얼굴.png", "deep/.hidden.png", "notes.txt"):
        (root / name).write_bytes(DATA)
    zipped(root / "z.zip", "in/2.png", "in/1.png", "__MACOSX/in/1.png", "readme.md")
    tarred(root / "t.tar", "x.png", "y/z.webp")
    return root


def test_everything_is_found_once_and_in_order(mixed):
    found = [name for name, _ in walk(mixed)]
    assert found == [
        "b.png",
        "deep/er/a.JPG",
        "t.tar/x.png",
        "t.tar/y/z.webp",
        "z.zip/in/1.png",
        "z.zip/in/2.png",
        "얼굴.png",
    ]
    assert [place.read(name) for name, place in walk(mixed)] == [DATA] * 7


@pytest.mark.parametrize("name", ["z.zip", "t.tar"])
def test_an_archive_is_a_source_of_its_own(mixed, name):
    assert len(list(walk(mixed / name))) == 2


def test_links_in_a_circle_are_walked_once(mixed):
    try:
        (mixed / "deep" / "again").symlink_to(mixed, target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    assert len(list(walk(mixed))) == 7


def test_a_damaged_archive_costs_the_others_nothing(mixed):
    (mixed / "z.zip").write_bytes((mixed / "z.zip").read_bytes()[:50])
    found = dict(walk(mixed))
    assert len(found) == 6
    with pytest.raises(ImageError, match=r"z\.zip: a packed archive"):
        Item(name="z.zip", place=found["z.zip"], source="x").picture()
    with pytest.raises(DataError, match=r"z\.zip is a damaged archive"):
        list(walk(mixed / "z.zip"))


def test_what_is_gone_is_named(mixed):
    items = dict(walk(mixed))
    (mixed / "b.png").unlink()
    (mixed / "t.tar").unlink()
    zipped(mixed / "z.zip", "other.png")
    for name in ("b.png", "t.tar/x.png", "z.zip/in/1.png"):
        with pytest.raises(ImageError, match=rf"^{name}: (cannot be read|no such file)"):
            items[name].read(name)


def test_places_travel_to_other_processes(mixed):
    for _, place in walk(mixed):
        assert pickle.loads(pickle.dumps(place)) == place


def test_a_row_of_parquet_is_a_place(tmp_path):
    others = [images.encode(PICTURE + n) for n in range(5)]
    file = tmp_path / "a.parquet"
    write_parquet(file, [{"image": {"bytes": data, "path": None}} for data in others])
    places = [Place(file=file, row_group=n // 2, row=n % 2) for n in range(5)]
    assert [pickle.loads(pickle.dumps(place)).read("a") for place in places] == others
    write_parquet(file, [{"image": data} for data in reversed(others)])  # now plain bytes
    assert [place.read("a") for place in places] == others[::-1]
    for place in (Place(file=file, row_group=0, row=2), Place(file=file, row_group=3, row=0)):
        with pytest.raises(ImageError, match=r"^x: cannot be read .* check a\.parquet"):
            place.read("x")


def test_an_archive_and_a_row_group_are_opened_once_for_many_pictures(tmp_path, monkeypatch):
    """Of a zip of 200,000 pictures the list of members takes a second to read."""
    zipped(tmp_path / "a.zip", *(f"{n}.png" for n in range(5)))
    write_parquet(tmp_path / "a.parquet", [{"image": DATA}] * 5, row_group_size=3)
    places = [place for _, place in walk(tmp_path / "a.zip")]
    file = tmp_path / "a.parquet"
    places += [Place(file=file, row_group=n // 3, row=n % 3) for n in range(5)]
    opened = []

    def counted(kind):
        def open_(*arguments, **options):
            opened.append(arguments[0].suffix)
            return kind(*arguments, **options)

        return open_

    monkeypatch.setattr(zipfile, "ZipFile", counted(zipfile.ZipFile))
    monkeypatch.setattr(pq, "ParquetFile", counted(pq.ParquetFile))
    assert [place.read("x") for place in places] == [DATA] * 10
    assert opened == [".zip", ".parquet", ".parquet"]


def test_a_photo_passed_through_a_style_is_a_sketch(photo, tmp_path):
    images.write(tmp_path / "a.png", photo[:200, :200])
    item = Item(name="a.png", place=Place(file=tmp_path / "a.png"), source="x")
    drawn = dataclasses.replace(item, style="study")
    assert np.array_equal(item.picture(), photo[:200, :200])
    assert np.array_equal(drawn.picture(), sketch(photo[:200, :200], "study"))


def test_what_is_no_folder_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    for path in (tmp_path / "none", tmp_path / "a.txt", tmp_path / "none.zip"):
        with pytest.raises(DataError, match="is neither a folder nor a"):
            list(walk(path))
