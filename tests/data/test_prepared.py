"""Prepared sets that are damaged, or that somebody else wrote."""

import dataclasses
import random
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from limner import images
from limner.data.prepared import PreparedSet
from limner.data.writer import Writer
from limner.errors import DataError, LimnerError, RunError
from limner.training.loop import train


@pytest.fixture
def written(mixed_set, tmp_path):
    """A set with the rows of `mixed_set`, changed by a function, written without our writer."""

    def write(change=lambda row, number: row, name="foreign", **columns):
        table = pq.read_table(mixed_set / "faces.parquet")
        rows = [change(row, number) for number, row in enumerate(table.to_pylist())]
        schema = table.schema
        for column, kind in columns.items():
            place = schema.get_field_index(column)
            schema = schema.set(place, pa.field(column, kind))
        rows = [row for row in rows if row is not None]
        (tmp_path / name).mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / name / "faces.parquet")
        return tmp_path / name

    return write


def picture(row, data):
    return row | {"image": {"bytes": data, "path": row["image"]["path"]}}


def test_a_set_of_another_writer_is_read(written, mixed_set):
    """Hugging Face datasets and others write wider types, and no sums."""
    other = PreparedSet(written(split=pa.large_string(), kind=pa.string()))
    ours = PreparedSet(mixed_set)
    assert np.array_equal(other.images("train", "sketch"), ours.images("train", "sketch"))
    assert other.digest == ours.digest


@pytest.mark.parametrize("objective", ["pix2pix", "cyclegan", "hybrid"])
@pytest.mark.parametrize("lacking", ["photo", "sketch"])
def test_a_set_without_one_kind(written, tiny_of, tmp_path, objective, lacking):
    path = written(lambda row, _: None if row["kind"] == lacking else row)
    config = dataclasses.replace(tiny_of[objective], data=str(path), images=4)
    if objective == "pix2pix" and lacking == "sketch":
        train(config, tmp_path / "run")
        return
    with pytest.raises(
        DataError, match=f"has .*0 {'photos' if lacking == 'photo' else 'sketches'}"
    ):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            images.encode(np.zeros((40, 40, 3), np.uint8)),
            "a face of 40x40 px in a dataset of 48x48",
        ),
        (images.encode(np.zeros((48, 60, 3), np.uint8)), "a face of 60x48 px"),
        (images.encode(np.zeros((1, 1, 3), np.uint8)), "a face of 1x1 px"),
        (b"not a picture", "not a picture in a known format"),
        (b"", "empty"),
        (images.encode(np.zeros((48, 48, 3), np.uint8))[:60], "damaged or cut off"),
        (None, "empty"),
    ],
)
def test_a_row_without_a_face_of_this_set_is_named(written, tiny, tmp_path, data, said):
    path = written(lambda row, number: picture(row, data) if number == 7 else row)
    config = dataclasses.replace(tiny, data=str(path))
    with pytest.raises(DataError, match=said) as caught:
        train(config, tmp_path / "run")
    assert f"row 7 of {path / 'faces.parquet'}, 7.png" in str(caught.value)
    assert "prepare the dataset again" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_rows_without_a_split_or_a_kind_are_in_none(written):
    path = written(lambda row, number: row | {"split": None} if number in (3, 4) else row)
    assert PreparedSet(path).count("train", "photo") == 8
    assert PreparedSet(path).count(None, "photo") == 12


@pytest.mark.parametrize(
    ("column", "kind", "value"),
    [
        ("box", pa.string(), "x"),
        ("kind", pa.list_(pa.string()), ["photo"]),
        ("image", pa.int8(), 1),
    ],
)
def test_columns_of_another_kind_are_refused(written, column, kind, value):
    path = written(lambda row, _: row | {column: value}, **{column: kind})
    with pytest.raises(DataError, match=r"faces\.parquet .*prepare"):
        PreparedSet(path).images("train", "photo")


@pytest.mark.parametrize(
    "about",
    [
        None,
        {},
        {"preprocessing": {"size": "x"}, "sources": {}},
        {"preprocessing": {"brush": 3}, "sources": {}},
        {"preprocessing": [], "sources": {}},
        {"preprocessing": {}, "sources": 3},
        [1],
    ],
)
def test_a_set_that_does_not_say_how_it_was_cut_is_refused(tmp_path, mixed_set, about):
    with Writer(tmp_path, about) as writer:
        writer.add("faces", pq.read_table(mixed_set / "faces.parquet"))
        writer.commit()
    with pytest.raises(DataError, match=r"faces\.parquet is damaged or not limner's; prepare"):
        PreparedSet(tmp_path)


def test_no_damaged_set_is_read(mixed_set, tmp_path):
    """Its pages have sums, so that no other picture is learnt from."""
    whole, rng = (mixed_set / "faces.parquet").read_bytes(), random.Random(0)
    good, file, read = PreparedSet(mixed_set), tmp_path / "faces.parquet", 0
    pictures = good.images()
    lengths = [0, 4, 100, len(whole) - 1, len(whole) - 8, *rng.sample(range(len(whole)), 20)]
    variants = [whole[:length] for length in lengths]
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= rng.randrange(1, 256)
        variants.append(bytes(damaged))
    for data in variants:
        file.write_bytes(data)
        try:
            found = PreparedSet(tmp_path)
            faces = found.images()
        except DataError as error:
            assert "faces.parquet" in str(error)  # noqa: PT017 - some changes are harmless
        else:
            assert found.table.equals(good.table)
            assert np.array_equal(faces, pictures)
            read += 1
    assert read < 30


def test_a_set_that_was_exchanged_does_not_go_on(tiny, written, tmp_path):
    path = written()
    config = dataclasses.replace(tiny, data=str(path))
    train(dataclasses.replace(config, images=8), tmp_path / "run")
    state = (tmp_path / "run" / "state.pt").read_bytes()
    written(lambda row, number: row if number != 5 else None)
    with pytest.raises(RunError, match=r"trained on other faces than those in .*foreign;"):
        train(config, tmp_path / "run")
    assert (tmp_path / "run" / "state.pt").read_bytes() == state
    written()  # and back
    train(config, tmp_path / "run")


def test_a_set_that_is_exchanged_while_it_is_read_is_noticed(written, mixed_set):
    path = written()
    found = PreparedSet(path)
    written(lambda row, number: row if number != 5 else None)
    with pytest.raises(DataError, match="has 16 rows, and had 17"):
        found.images()
    shutil.rmtree(path)
    with pytest.raises(LimnerError, match=r"faces\.parquet"):
        found.images()
