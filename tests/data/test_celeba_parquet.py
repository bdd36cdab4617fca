import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from limner import images
from limner.data.celeba import CelebA
from limner.errors import DataError, ImageError

from .layouts import write_parquet

DATA = [images.encode(np.full((4, 4, 3), value, np.uint8)) for value in range(8)]


def row(number, smiling=True, **others):
    image = {"bytes": DATA[number], "path": f"{number:06}.jpg"}
    return {"image": image, "Smiling": smiling, **others}


def listed(path):
    """The items of a source, and its warnings."""
    warnings = []
    return list(CelebA(path=path, warn=warnings.append).items()), warnings


@pytest.mark.parametrize(
    ("yes", "no"), [(True, False), (1, -1), (1, 0), (1.0, 0.0)], ids=["bool", "-1", "0", "float"]
)
def test_rows_become_items_sorted_by_name(tmp_path, yes, no):
    rows = [
        row(5, yes, celeb_id=70),
        row(3, no, celeb_id=71),
        row(4, None, celeb_id=None),
        row(1, no, celeb_id=70),
    ]
    write_parquet(tmp_path / "train.parquet", rows, row_group_size=3)
    items, warnings = listed(tmp_path)
    assert [(item.name[-10:], item.smiling, item.identity) for item in items] == [
        ("000001.jpg", False, "celeba-70"),
        ("000003.jpg", False, "celeba-71"),
        ("000004.jpg", None, ""),
        ("000005.jpg", True, "celeba-70"),
    ]
    assert [item.read() for item in items] == [DATA[n] for n in (1, 3, 4, 5)]
    assert warnings == []


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("data/train-00000-of-00001.parquet", "train"),
        ("data/validation-00000-of-00001.parquet", "test"),
        ("valid-00000-of-00001.parquet", "test"),
        ("img_align+identity+attr/test-00000-of-00001.parquet", "test"),
        ("default/train/0000.parquet", "train"),
        ("celeba_val.parquet", "test"),
        ("test_of_mine/train-00000-of-00001.parquet", "train"),
        ("pictures.parquet", None),
        ("trained.parquet", None),
    ],
)
def test_the_name_of_a_file_says_the_split(tmp_path, name, split):
    write_parquet(tmp_path / name, [row(1)])
    [item], warnings = listed(tmp_path)
    assert (item.name, item.split) == ("img_align_celeba/000001.jpg", split)
    assert warnings == []


def test_one_file_is_a_source_of_its_own(tmp_path):
    for number, name in enumerate(("test.parquet", "train.parquet")):
        write_parquet(tmp_path / name, [row(number)])
    [item], _ = listed(tmp_path / "train.parquet")
    assert (item.name, item.split) == ("img_align_celeba/000001.jpg", "train")


def test_pictures_may_be_bytes_and_names_a_column(tmp_path):
    rows = [{"image": DATA[n], "smiling": n == 1, "image_id": f"{n:06}"} for n in (2, 1)]
    write_parquet(tmp_path / "a.parquet", rows)
    items, warnings = listed(tmp_path)
    assert [(i.name, i.smiling, i.read()) for i in items] == [
        ("img_align_celeba/000001.jpg", True, DATA[1]),
        ("img_align_celeba/000002.jpg", False, DATA[2]),
    ]
    assert warnings == []


def test_rows_without_a_name_of_their_own_are_named_by_their_place(tmp_path):
    nameless = {"image": {"bytes": DATA[0], "path": None}, "Smiling": True}
    write_parquet(tmp_path / "train" / "0000.parquet", [nameless, row(3), row(2)])
    write_parquet(tmp_path / "test" / "0000.parquet", [nameless, row(3)])
    items, [warning] = listed(tmp_path)
    assert [item.name.removeprefix("img_align_celeba/") for item in items] == [
        "000002.jpg",
        "test/0000/000000",
        "test/0000/000001",
        "train/0000/000000",
        "train/0000/000001",
    ]
    assert warning.startswith("4 of 5 rows have no name of a CelebA picture in image.path")


def test_shards_that_are_not_there_are_counted(tmp_path):
    for number in (0, 3):
        write_parquet(tmp_path / "data" / f"train-{number:05}-of-00005.parquet", [row(number)])
    items, warnings = listed(tmp_path)
    assert len(items) == 2
    assert warnings == ["data/train: 5 Parquet files are promised, but there are 2"]


def test_large_row_groups_are_warned_of(tmp_path, monkeypatch):
    monkeypatch.setattr("limner.data.celeba_parquet._LARGE", 100)
    write_parquet(tmp_path / "a.parquet", [row(1), row(2)])
    _, [warning] = listed(tmp_path)
    assert warning.startswith("a.parquet: a row group has 0 MiB")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([{"image": DATA[0], "label": 1}], "expected the columns image and Smiling; found im"),
        ([{"picture": DATA[0], "Smiling": 1}], "expected the columns image and Smiling"),
        ([row(0, 1), row(1, 2)], r"row 1: Smiling is 2; expected true or false"),
        ([row(0, -1), row(1, 1), row(2, 0)], r"row 2: Smiling is 0"),
        ([row(0, "yes")], r"row 0: Smiling is 'yes'"),
        ([row(0, [1])], r"row 0: Smiling is \[1\]"),
        ([{"image": {"path": "a.jpg"}, "Smiling": 1}], "has no bytes; embed"),
    ],
)
def test_a_file_that_is_not_as_expected_is_named(tmp_path, rows, found):
    write_parquet(tmp_path / "a.parquet", rows)
    with pytest.raises(DataError, match=found) as caught:
        listed(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/a.parquet")


def test_a_damaged_file_is_named(tmp_path):
    write_parquet(tmp_path / "a.parquet", [row(1)])
    (tmp_path / "a.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-20])
    with pytest.raises(DataError, match=r"a\.parquet is damaged .* download it again"):
        listed(tmp_path)


def test_several_datasets_are_not_mixed(tmp_path):
    for name in ("faces/train/0.parquet", "faces/test/0.parquet", "attributes/train/0.parquet"):
        write_parquet(tmp_path / name, [row(1)])
    with pytest.raises(DataError, match="several datasets, in 'attributes', 'faces'; name one"):
        listed(tmp_path)
    write_parquet(tmp_path / "faces" / ".cache" / "other" / "0.parquet", [row(1)])
    assert len(listed(tmp_path / "faces")[0]) == 2


def test_a_row_without_a_picture_is_an_unreadable_picture(tmp_path):
    write_parquet(tmp_path / "a.parquet", [row(1), {"image": {"path": "2.jpg"}, "Smiling": True}])
    items, _ = listed(tmp_path)
    with pytest.raises(ImageError, match=r"2\.jpg: cannot be read \(row 1 of row group 0 has no"):
        items[1].read()


def test_dictionaries_and_large_binaries_are_read(tmp_path):
    table = pa.table(
        {
            "image": pa.array([DATA[1], DATA[2]], pa.large_binary()),
            "file_name": pa.array(["000001.jpg", "000002.jpg"]).dictionary_encode(),
            "Smiling": pa.array([1, -1], pa.int8()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    items, _ = listed(tmp_path)
    assert [(item.name[-5], item.smiling, item.read()) for item in items] == [
        ("1", True, DATA[1]),
        ("2", False, DATA[2]),
    ]
