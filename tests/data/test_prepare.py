import io
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from limner import images
from limner.data import prepare as preparing
from limner.data.prepare import split_of
from limner.data.prepared import PreparedSet
from limner.data.sources import Folder
from limner.errors import DataError, Interrupted, OutputError, UsageError
from limner.faces import Preprocessing


def prepare(folder, out, **options):
    made = preparing.prepare(list(Folder(path=folder).items()), out, **options)
    return made.faces, made.dropped


@pytest.fixture(scope="module")
def folder(photo, tmp_path_factory):
    path = tmp_path_factory.mktemp("photos")
    for name in ("one/a.jpg", "one/b.png", "two/deep/c.webp"):
        images.write(path / name, photo)
    images.write(path / "two" / "blank.png", np.full((200, 200, 3), 255, np.uint8))
    (path / "two" / "text.png").write_text("no picture")
    (path / "two" / "empty.jpg").write_bytes(b"")
    return path


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("sets") / "set"
    about = out.parent / "about.toml"
    about.write_text('[one]\nlicence = "CC0-1.0"\n')
    assert prepare(folder, out, preprocessing=Preprocessing(size=64), about=about) == (3, 3)
    return out


def test_a_row_tells_all_about_its_face(made, photo):
    rows = pq.read_table(made / "faces.parquet").to_pylist()
    assert [row["image"]["path"] for row in rows] == ["one/a.jpg", "one/b.png", "two/deep/c.webp"]
    assert [row["source"] for row in rows] == ["one", "one", "two"]
    assert {row["kind"] for row in rows} == {"photo"}
    row = rows[1]
    assert images.read(row["image"]["bytes"]).shape == (64, 64, 3)
    left, top, right, bottom = row["box"]
    points = np.reshape(row["points"], (5, 2))
    assert ((points > (left, top)) & (points < (right, bottom))).all()
    assert abs(row["angle"]) < 10
    assert row["smile"] is None
    assert len(row["checksum"]) == 64
    assert row["split"] in ("train", "test")


def test_the_dropped_are_listed_with_reasons(made):
    rows = pq.read_table(made / "dropped.parquet").to_pylist()
    reasons = {row["path"]: row["reason"] for row in rows}
    assert reasons.keys() == {"two/blank.png", "two/empty.jpg", "two/text.png"}
    assert reasons["two/blank.png"] == "no face found in two/blank.png"
    assert "empty" in reasons["two/empty.jpg"]
    assert "not a picture" in reasons["two/text.png"]


def test_the_set_remembers_how_it_was_made(made):
    opened = PreparedSet(made)
    assert len(opened) == 3
    assert opened.preprocessing == Preprocessing(size=64)
    assert opened.sources == {"one": {"faces": 2, "licence": "CC0-1.0"}, "two": {"faces": 1}}
    assert opened.images().shape == (3, 64, 64, 3)


def test_the_contact_sheet_shows_the_faces(made):
    sheet = images.read(made / "contact-sheet.png")
    assert sheet.shape == (64 + 4, 3 * 66 + 2, 3)
    assert np.array_equal(sheet[2:66, 68:132], PreparedSet(made).images()[1])


def test_the_same_photos_give_the_same_bytes(made, folder, tmp_path):
    about = tmp_path / "about.toml"
    about.write_text('[one]\nlicence = "CC0-1.0"\n')
    prepare(folder, tmp_path / "set", preprocessing=Preprocessing(size=64), about=about)
    for name in ("faces.parquet", "dropped.parquet", "contact-sheet.png"):
        assert (tmp_path / "set" / name).read_bytes() == (made / name).read_bytes()


def test_the_digest_tells_sets_apart(made, folder, tmp_path):
    prepare(folder, tmp_path / "other", preprocessing=Preprocessing(size=48))
    assert PreparedSet(made).digest != PreparedSet(tmp_path / "other").digest
    assert PreparedSet(made).digest == PreparedSet(made).digest


def test_an_archive_gives_the_faces_that_its_folder_gives(made, folder, tmp_path):
    shutil.make_archive(str(tmp_path / "photos"), "zip", folder)
    assert prepare(
        tmp_path / "photos.zip", tmp_path / "set", preprocessing=Preprocessing(size=64)
    ) == (3, 3)
    columns = ["image", "source", "identity", "split", "points", "checksum"]
    ours, theirs = (
        pq.read_table(path / "faces.parquet", columns=columns).to_pylist()
        for path in (tmp_path / "set", made)
    )
    assert ours == theirs


def test_a_person_is_in_one_split_only(photo, tmp_path):
    for number in range(20):
        images.write(tmp_path / "in" / f"{number // 2:03}_{number % 2}.jpg", photo)
    prepare(tmp_path / "in", tmp_path / "set", identity=r"(\d+)_", held_out=0.5)
    splits: dict[str, set[str]] = {}
    for row in pq.read_table(tmp_path / "set" / "faces.parquet").to_pylist():
        splits.setdefault(row["identity"], set()).add(row["split"])
    assert splits.keys() == {f"{number:03}" for number in range(10)}
    assert all(len(split) == 1 for split in splits.values())
    assert set.union(*splits.values()) == {"train", "test"}


def test_the_share_held_out_is_the_one_asked_for():
    held_out = [split_of(str(number), 0.1) == "test" for number in range(5000)]
    assert np.mean(held_out) == pytest.approx(0.1, abs=0.015)
    assert split_of("x", 0.0) == "train"
    assert split_of("x", 1.0) == "test"


def test_pictures_load_as_hugging_face_datasets_reads_them(made):
    cell = pq.read_table(made / "faces.parquet")["image"][0].as_py()
    assert Image.open(io.BytesIO(cell["bytes"])).size == (64, 64)
    metadata = pq.read_schema(made / "faces.parquet").metadata
    assert json.loads(metadata[b"limner"])["preprocessing"]["size"] == 64


def test_what_cannot_be_prepared_says_why(folder, tmp_path):
    with pytest.raises(DataError, match="is no folder"):
        prepare(tmp_path / "none", tmp_path / "set")
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match="none of the 0 pictures"):
        prepare(tmp_path / "bare", tmp_path / "set")
    for pattern, found in (("(", "no regular expression"), ("x", "has no")):
        with pytest.raises(UsageError, match=found):
            prepare(folder, tmp_path / "set", identity=pattern)
    (tmp_path / "about.toml").write_text("one = ")
    with pytest.raises(UsageError, match=r"about\.toml cannot be read as TOML"):
        prepare(folder, tmp_path / "set", about=tmp_path / "about.toml")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write it"):
        prepare(folder, tmp_path / "file" / "set")


def test_an_interruption_writes_nothing(folder, tmp_path):
    def detector(picture, **_):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="nothing was written"):
        prepare(folder, tmp_path / "set", detector=detector)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("damage", ["missing", "cut", "foreign", "empty"])
def test_a_damaged_set_says_so(made, tmp_path, damage):
    whole = (made / "faces.parquet").read_bytes()
    if damage == "cut":
        (tmp_path / "faces.parquet").write_bytes(whole[: len(whole) // 2])
    elif damage == "foreign":
        pq.write_table(pq.read_table(made / "dropped.parquet"), tmp_path / "faces.parquet")
    elif damage == "empty":
        pq.write_table(pq.read_table(made / "faces.parquet")[:0], tmp_path / "faces.parquet")
    found = {"missing": "limner prepare", "empty": "holds no faces"}.get(damage, "is damaged")
    with pytest.raises(DataError, match=found):
        PreparedSet(tmp_path)


def test_an_empty_split_says_so(folder, tmp_path):
    prepare(folder, tmp_path, held_out=0.0)
    with pytest.raises(DataError, match="no faces in the split 'test'"):
        PreparedSet(tmp_path).images("test")
