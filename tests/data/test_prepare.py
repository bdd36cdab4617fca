import io
import itertools
import json
import shutil

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from limner import images
from limner.data.cleaning import Cleaning, sharpness
from limner.data.prepare import prepare
from limner.data.prepared import PreparedSet
from limner.data.recipe import Part, Recipe, of_folder
from limner.engines import LocalEngine
from limner.errors import DataError, Interrupted, OutputError, UsageError
from limner.faces import DlibDetector, Preprocessing, find, open_page
from limner.faces.smile import SmileScore

from .layouts import Celebrity, flat

TABLES = ("faces.parquet", "dropped.parquet", "examples.parquet", "contact-sheet.png")


def of(path, *settings, **options):
    """Prepare a folder; returns the faces and the dropped."""
    recipe, root = of_folder(path)
    recipe = recipe.with_settings(["size=64", *settings])
    made = prepare(recipe, options.pop("out"), data=root, **options)
    return made.faces, made.dropped


def rows(path, table="faces"):
    return pq.read_table(path / f"{table}.parquet").to_pylist()


def contents(path):
    return {name: (path / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def folder(person, tmp_path_factory):
    path = tmp_path_factory.mktemp("photos")
    for number, name in enumerate(("one/a.jpg", "one/b.png", "two/deep/c.webp")):
        images.write(path / name, person(number))
    images.write(path / "two" / "copy.jpg", person(1))
    images.write(path / "two" / "blank.png", np.full((200, 200, 3), 255, np.uint8))
    (path / "two" / "text.png").write_text("no picture")
    (path / "two" / "empty.jpg").write_bytes(b"")
    return path


@pytest.fixture(scope="module")
def about(tmp_path_factory):
    path = tmp_path_factory.mktemp("about") / "about.toml"
    path.write_text('[one]\nlicence = "CC0-1.0"\n')
    return path


@pytest.fixture(scope="module")
def made(folder, about, tmp_path_factory):
    out = tmp_path_factory.mktemp("sets") / "set"
    dropped = {"unreadable": 2, "no face": 1, "near-duplicate": 1}
    assert of(folder, out=out, about=about) == (3, dropped)
    return out


def test_a_row_tells_all_about_its_face(made):
    table = rows(made)
    assert [row["image"]["path"] for row in table] == ["one/a.jpg", "one/b.png", "two/deep/c.webp"]
    assert [row["source"] for row in table] == ["one", "one", "two"]
    assert {row["kind"] for row in table} == {"photo"}
    row = table[1]
    assert images.read(row["image"]["bytes"]).shape == (64, 64, 3)
    left, top, right, bottom = row["box"]
    points = np.reshape(row["points"], (5, 2))
    assert ((points > (left, top)) & (points < (right, bottom))).all()
    assert row["eye_distance"] == pytest.approx(np.hypot(*(points[0] - points[2])), rel=1e-5)
    assert abs(row["angle"]) < 10
    assert abs(row["turn"]) < 20
    assert row["sharpness"] > 6
    assert not row["labelled"]
    assert 0 <= row["smile"] <= 1
    assert len(row["hash"]) == 32
    assert len(row["checksum"]) == 64
    assert row["split"] in ("train", "test")


def test_the_dropped_are_listed_with_reasons(made):
    found = {row["path"]: (row["reason"], row["detail"]) for row in rows(made, "dropped")}
    assert found.keys() == {"two/blank.png", "two/copy.jpg", "two/empty.jpg", "two/text.png"}
    assert found["two/blank.png"] == ("no face", "no face was found in it")
    assert found["two/copy.jpg"] == ("near-duplicate", "the same picture as one/b.png")
    assert found["two/empty.jpg"][0] == found["two/text.png"][0] == "unreadable"
    assert "empty" in found["two/empty.jpg"][1]
    assert "not a picture" in found["two/text.png"][1]


def test_examples_show_what_was_there_before(made):
    shown = {row["path"]: row for row in rows(made, "examples")}
    assert shown.keys() == {row["image"]["path"] for row in rows(made)} | {
        row["path"] for row in rows(made, "dropped")
    }
    kept, blank = shown["one/a.jpg"], shown["two/blank.png"]
    assert images.read(kept["before"]["bytes"]).shape == (128, 128, 3)
    assert images.read(kept["after"]["bytes"]).shape == (64, 64, 3)
    assert (kept["reason"], blank["reason"]) == ("", "no face")
    assert blank["after"] is None
    assert images.read(blank["before"]["bytes"]).min() > 250
    assert shown["two/text.png"]["before"]["bytes"] is None


def test_the_set_remembers_how_it_was_made(made, folder):
    opened = PreparedSet(made)
    assert len(opened) == 3
    assert opened.preprocessing == Preprocessing(size=64)
    assert opened.sources == {"one": {"faces": 2, "licence": "CC0-1.0"}, "two": {"faces": 1}}
    assert opened.images().shape == (3, 64, 64, 3)
    assert opened.about["recipe"]["cleaning"]["max_yaw"] == Cleaning().max_yaw
    [part] = opened.about["parts"]
    assert (part["found"], part["looked_at"], part["kept"]) == (7, 7, 3)
    assert not (made / "unfinished").exists()


def test_licences_may_come_from_windows(made, folder, tmp_path):
    about = tmp_path / "about.toml"
    about.write_bytes(b"\xef\xbb\xbf" + b'[one]\r\nlicence = "CC0-1.0"\r\n')
    of(folder, out=tmp_path / "set", about=about)
    assert contents(tmp_path / "set") == contents(made)


def test_what_a_source_lacks_is_said_once_and_kept(person, tmp_path):
    pictures = {
        f"{n:06}.jpg": Celebrity(data=images.encode(person(n)), smiling=n == 1, part=0)
        for n in range(4)
    }
    (flat(tmp_path / "celeba", pictures) / "img_align_celeba" / "000002.jpg").unlink()
    photos = Part(source="celeba", path="celeba", count=2)
    parts = (photos, Part(source="celeba", path="celeba", count=1, style="pencil"))
    told = []
    made = prepare(
        Recipe(name="x", parts=parts, size=32),
        tmp_path / "set",
        data=tmp_path,
        warn=told.append,
    )
    assert told == [
        "celeba: 1 of 4 rows of list_attr_celeba.txt without a picture in img_align_celeba/, left "
        "out; the first is 000002.jpg"
    ]
    assert list(made.warnings) == PreparedSet(tmp_path / "set").about["warnings"] == told
    with pytest.warns(UserWarning, match=r"celeba: 1 of 4 rows") as caught:
        prepare(Recipe(name="x", parts=parts, size=32), tmp_path / "again", data=tmp_path)
    assert len(caught) == 1
    assert contents(tmp_path / "again") == contents(tmp_path / "set")


def test_the_contact_sheet_shows_the_faces(made):
    sheet = images.read(made / "contact-sheet.png")
    assert sheet.shape == (64 + 4, 3 * 66 + 2, 3)
    assert np.array_equal(sheet[2:66, 68:132], PreparedSet(made).images()[1])


def test_the_same_photos_give_the_same_bytes_whatever_the_workers(made, folder, about, tmp_path):
    for workers in (1, 2, 3):
        out = tmp_path / str(workers)
        of(folder, out=out, about=about, engine=LocalEngine(workers=workers))
        assert contents(out) == contents(made)


def test_what_is_kept_does_not_depend_on_the_size(made, folder, tmp_path):
    judged = ["image", "sharpness", "smile", "hash"]
    for size in (32, 128, 200):
        of(folder, f"size={size}", out=tmp_path / str(size))
        other, here = (
            pq.read_table(path / "faces.parquet", columns=judged).to_pylist()
            for path in (tmp_path / str(size), made)
        )
        for a, b in zip(other, here, strict=True):
            assert a["image"].pop("bytes") != b["image"].pop("bytes")
        assert other == here
    [crop] = PreparedSet(tmp_path / "128").images()[:1]
    assert here[0]["smile"] == pytest.approx(SmileScore()(crop), abs=6e-4)
    assert here[0]["sharpness"] == pytest.approx(sharpness(crop))


def test_the_digest_tells_sets_apart(made, folder, tmp_path):
    of(folder, "size=48", out=tmp_path / "other")
    assert PreparedSet(made).digest != PreparedSet(tmp_path / "other").digest
    assert PreparedSet(made).digest == PreparedSet(made).digest


def test_an_archive_gives_the_faces_that_its_folder_gives(made, folder, tmp_path):
    shutil.make_archive(str(tmp_path / "photos"), "zip", folder)
    assert of(tmp_path / "photos.zip", out=tmp_path / "set")[0] == 3
    columns = ["image", "source", "identity", "split", "points", "checksum"]
    ours, theirs = (
        pq.read_table(path / "faces.parquet", columns=columns).to_pylist()
        for path in (tmp_path / "set", made)
    )
    assert ours == theirs


def test_a_person_is_in_one_split_only(person, tmp_path):
    for number in range(20):
        images.write(tmp_path / "in" / f"{number // 2:03}_{number % 2}.jpg", person(number))
    of(tmp_path / "in", r"identity=(\d+)_", "held_out=0.5", out=tmp_path / "set")
    splits: dict[str, set[str]] = {}
    for row in rows(tmp_path / "set"):
        splits.setdefault(row["identity"], set()).add(row["split"])
    assert splits.keys() == {f"{number:03}" for number in range(10)}
    assert all(len(split) == 1 for split in splits.values())
    assert set.union(*splits.values()) == {"train", "test"}


def test_a_recipe_becomes_a_set_that_knows_kinds_and_smiles(person, tmp_path):
    lines = ["000001.jpg  1", "000002.jpg -1"]
    (tmp_path / "celeba").mkdir()
    (tmp_path / "celeba" / "list_attr_celeba.txt").write_text("\n".join(["2", "Smiling", *lines]))
    for number in (1, 2):
        file = tmp_path / "celeba" / "img_align_celeba" / f"{number:06}.jpg"
        images.write(file, person(number))
    drawn = Part(source="celeba", path="celeba", count=1, style="pencil")
    parts = (drawn, Part(source="celeba", path="celeba", count=1))
    made = prepare(
        Recipe(name="x", parts=parts, size=48, held_out=0.0), tmp_path / "set", data=tmp_path
    )
    assert [(share.name, share.kept) for share in made.shares] == [
        ("celeba, drawn as pencil", 1),
        ("celeba", 1),
    ]
    table = rows(tmp_path / "set")
    assert {(row["source"], row["kind"]) for row in table} == {
        ("filtered", "sketch"),
        ("celeba", "photo"),
    }
    assert {row["image"]["path"]: row["smile"] for row in table} == {
        "img_align_celeba/000001.jpg": 1.0,
        "img_align_celeba/000002.jpg": 0.0,
    }
    assert all(row["labelled"] for row in table)
    opened = PreparedSet(tmp_path / "set")
    counts = opened.count(), opened.count("train", "photo"), opened.count(kind="sketch")
    assert counts == (2, 1, 1)
    [drawing] = opened.images("train", "sketch")
    assert np.ptp(drawing.astype(int), axis=-1).max() == 0


def test_smiles_are_balanced_by_the_score_where_nobody_has_labelled_them(person, tmp_path):
    for number in range(12):
        images.write(tmp_path / "in" / f"{number:02}.png", person(number))

    def kept(**options):
        part = Part(source="folder", path="in", **options)
        out = tmp_path / str(options)
        [share] = prepare(Recipe(name="x", parts=(part,)), out, data=tmp_path).shares
        return share

    everybody = kept()
    assert everybody.judged_found == everybody.kept == 12
    smiling = everybody.smiling_found
    assert smiling > 3
    balanced = kept(smiling_one_in=3)
    assert balanced.dropped == {"smile balance": smiling - smiling // 3}
    assert (balanced.smiling_found, balanced.smiling_kept) == (smiling, smiling // 3)
    labelled = kept(smiling_one_in=3, smiling="no")
    assert (labelled.kept, labelled.judged_found, labelled.smiling_found) == (12, 12, 0)


def test_spares_stand_in_for_what_is_dropped(person, tmp_path):
    for number in range(12):
        images.write(tmp_path / "in" / f"{number:02}.png", person(number))
    for number in range(12, 30):
        blank = np.full((100, 100, 3), number, np.uint8)
        images.write(tmp_path / "in" / f"{number:02}.png", blank)
    part = Part(source="folder", path="in", count=10)
    made = prepare(Recipe(name="x", parts=(part,), size=48), tmp_path / "set", data=tmp_path)
    [share] = made.shares
    assert (made.faces, share.kept, share.found) == (10, 10, 30)
    assert share.looked_at > 10
    assert share.dropped["no face"] + share.dropped.get("surplus", 0) + 10 == share.looked_at


def test_the_shares_stay_where_too_few_faces_are_found(person, tmp_path):
    for number in range(9):
        images.write(tmp_path / "good" / f"{number}.png", person(number))
        picture = person(20 + number) if number < 3 else np.zeros((50, 50, 3), np.uint8)
        images.write(tmp_path / "bad" / f"{number}.png", picture)
    parts = (
        Part(source="folder", path="good", count=8),
        Part(source="folder", path="bad", count=4, kind="sketch"),
    )
    made = prepare(Recipe(name="x", parts=parts, size=48), tmp_path / "set", data=tmp_path)
    assert [share.kept for share in made.shares] == [6, 3]
    assert made.shares[0].dropped == {"surplus": 2}


def test_without_alignment_whole_pictures_are_taken(person, tmp_path):
    images.write(tmp_path / "in" / "a.png", person(0)[:, :130])
    images.write(tmp_path / "in" / "b.png", person(1)[200:, :60])
    assert of(tmp_path / "in", "aligned=false", out=tmp_path / "set") == (2, {})
    opened = PreparedSet(tmp_path / "set")
    assert not opened.preprocessing.aligned
    whole = opened.preprocessing.as_is(person(0)[:, :130]).image
    assert np.array_equal(opened.images()[0], whole)
    assert rows(tmp_path / "set")[0]["box"] is None


def test_the_result_is_no_input_of_the_next_preparation(person, tmp_path):
    images.write(tmp_path / "in" / "a.png", person(0))
    for _ in range(2):
        assert of(tmp_path / "in", out=tmp_path / "in" / "set") == (1, {})


def test_the_set_opens_in_what_people_read_tables_with(made):
    file = str(made / "faces.parquet")
    table = pd.read_parquet(file)
    assert list(table["source"]) == ["one", "one", "two"]
    assert table["box"].map(len).eq(4).all()
    face = Image.open(io.BytesIO(table["image"][0]["bytes"]))
    assert face.size == (64, 64)
    counted = duckdb.sql(
        f"select source, count(*), avg(sharpness) > 6 from '{file}' group by source order by source"
    )
    assert counted.fetchall() == [("one", 2, True), ("two", 1, True)]
    for other in ("dropped", "examples"):
        [(count,)] = duckdb.sql(f"select count(*) from '{made / other}.parquet'").fetchall()
        assert count == len(rows(made, other))


def test_hugging_face_datasets_shows_the_faces(made, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    opened = datasets.Dataset.from_parquet(str(made / "faces.parquet"), cache_dir=str(tmp_path))
    assert isinstance(opened.features["image"], datasets.Image)
    assert opened[0]["image"].size == (64, 64)
    assert np.array_equal(np.asarray(opened[1]["image"]), PreparedSet(made).images()[1])
    assert opened[0]["source"] == "one"
    assert len(opened[0]["points"]) == 10
    assert json.loads(pq.read_schema(made / "faces.parquet").metadata[b"limner"])["version"]


def test_what_cannot_be_prepared_says_why(folder, tmp_path):
    with pytest.raises(DataError, match="is neither a folder"):
        of(tmp_path / "none", out=tmp_path / "set")
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match="none of the 0 pictures"):
        of(tmp_path / "bare", out=tmp_path / "set")
    assert not (tmp_path / "set").exists()
    (tmp_path / "about.toml").write_text("one = ")
    with pytest.raises(UsageError, match=r"about\.toml cannot be read as TOML"):
        of(folder, out=tmp_path / "set", about=tmp_path / "about.toml")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write it"):
        of(folder, out=tmp_path / "file" / "set")


def test_without_a_single_face_the_reasons_are_there(tmp_path):
    for number in range(3):
        images.write(tmp_path / "in" / f"{number}.png", np.zeros((50, 50, 3), np.uint8))
    with pytest.raises(DataError, match=r"none of the 3 pictures .*no face: 3.*dropped\.parquet"):
        of(tmp_path / "in", out=tmp_path / "set")
    assert [row["reason"] for row in rows(tmp_path / "set", "dropped")] == ["no face"] * 3
    assert not (tmp_path / "set" / "faces.parquet").exists()


def interrupted_after(results):
    """An engine that Ctrl-C ends after so many results."""

    class Engine:
        def map(self, start, tasks):
            yield from itertools.islice(LocalEngine().map(start, tasks), results)
            raise KeyboardInterrupt

    return Engine()


def test_an_interruption_loses_no_block(made, folder, about, tmp_path, monkeypatch):
    monkeypatch.setattr("limner.data.blocks.BLOCK", 2)
    out = tmp_path / "set"
    with pytest.raises(Interrupted, match="the same command resumes it from there"):
        of(folder, out=out, about=about, engine=interrupted_after(1))
    assert [path.name for path in out.iterdir()] == ["unfinished"]
    assert len(list((out / "unfinished").iterdir())) == 1
    looked_at = []

    class Counting:
        def map(self, start, tasks):
            looked_at.extend(tasks)
            return LocalEngine().map(start, looked_at)

    of(folder, out=out, about=about, engine=Counting())
    assert len(looked_at) == 3  # of the four blocks
    assert contents(out) == contents(made)
    assert not (out / "unfinished").exists()


def test_other_settings_do_not_go_on_from_there(folder, tmp_path):
    with pytest.raises(Interrupted):
        of(folder, out=tmp_path, engine=interrupted_after(1))
    of(folder, "size=48", out=tmp_path)
    assert PreparedSet(tmp_path).images().shape == (3, 48, 48, 3)
    assert not (tmp_path / "unfinished").exists()


def test_a_damaged_block_is_looked_at_again(made, folder, about, tmp_path):
    out = tmp_path / "set"
    with pytest.raises(Interrupted):
        of(folder, out=out, about=about, engine=interrupted_after(1))
    [block] = (out / "unfinished").iterdir()
    block.write_bytes(block.read_bytes()[:-30])
    of(folder, out=out, about=about)
    assert contents(out) == contents(made)


@pytest.mark.parametrize("damage", ["missing", "cut", "foreign", "empty"])
def test_a_damaged_set_says_so(made, tmp_path, damage):
    whole = (made / "faces.parquet").read_bytes()
    if damage == "cut":
        (tmp_path / "faces.parquet").write_bytes(whole[: len(whole) // 2])
    elif damage == "foreign":
        pq.write_table(pq.read_table(made / "dropped.parquet"), tmp_path / "faces.parquet")
    elif damage == "empty":
        pq.write_table(pq.read_table(made / "faces.parquet")[:0], tmp_path / "faces.parquet")
    found = {"missing": "limner prepare", "empty": "contains no faces"}.get(damage, "is damaged")
    with pytest.raises(DataError, match=found):
        PreparedSet(tmp_path)


def test_an_empty_split_says_so(folder, tmp_path):
    of(folder, "held_out=0.0", out=tmp_path)
    with pytest.raises(DataError, match="no faces in the split 'test'"):
        PreparedSet(tmp_path).images("test")


def _pages(drawing, path):
    """A drawing upright, upside down, and light on dark."""
    for name, page in {
        "upright": drawing,
        "turned": drawing[::-1, ::-1],
        "negative": 255 - drawing,
    }.items():
        images.write(path / "pages" / f"{name}.png", np.ascontiguousarray(page))


def _of_kind(kind, *settings, style=""):
    part = Part(source="folder", path="pages", kind=kind, style=style)
    recipe = Recipe(name="pages", parts=(part,), size=64)
    return recipe.with_settings(["cleaning.max_hash_distance=-1", *settings])


def _crops(path):
    return {
        row["image"]["path"].removesuffix(".png"): images.read(row["image"]["bytes"], grey=True)
        for row in rows(path)
    }


def test_hand_drawn_sketches_are_cleaned_and_turned_as_for_use(portrait_drawing, tmp_path):
    _pages(portrait_drawing, tmp_path)
    made = prepare(_of_kind("sketch"), tmp_path / "set", data=tmp_path)
    assert (made.faces, made.dropped) == (3, {})
    crops = _crops(tmp_path / "set")
    assert np.abs(crops["negative"].astype(int) - crops["upright"]).mean() < 2
    assert np.abs(crops["turned"].astype(int) - crops["upright"]).mean() < 4
    preprocessing = PreparedSet(tmp_path / "set").preprocessing
    assert preprocessing.clean == "auto"
    in_use = open_page(images.read(tmp_path / "pages" / "negative.png"), DlibDetector)
    [face] = find(in_use.image, DlibDetector(), any_way=True)
    assert np.array_equal(preprocessing.align(in_use.image, face).image, crops["negative"])


def test_cleaning_may_be_turned_off_and_the_set_says_so(portrait_drawing, tmp_path):
    _pages(portrait_drawing, tmp_path)
    prepare(_of_kind("sketch", "clean=off"), tmp_path / "set", data=tmp_path)
    crops = _crops(tmp_path / "set")
    assert np.abs(crops["negative"].astype(int) - crops["upright"]).mean() > 50
    assert PreparedSet(tmp_path / "set").preprocessing.clean == "off"


@pytest.mark.parametrize(("kind", "style"), [("photo", ""), ("photo", "line")])
def test_photos_are_neither_cleaned_nor_turned(kind, style, photo, tmp_path):
    images.write(tmp_path / "pages" / "turned.png", np.ascontiguousarray(photo[::-1, ::-1]))
    with pytest.raises(DataError):
        prepare(_of_kind(kind, style=style), tmp_path / "set", data=tmp_path)
    assert rows(tmp_path / "set", "dropped")[0]["reason"] == "no face"
