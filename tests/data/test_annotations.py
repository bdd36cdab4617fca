import pytest

from limner.data.annotations import key_of, official_name, read_annotations, read_flags
from limner.errors import DataError

HEADER = "Bald Smiling Young"
ROWS = ["000001.jpg -1  1  1", "000002.jpg -1 -1  1", "000003.jpg  1 -1 -1"]
SMILES = {
    "000001": ("000001.jpg", True),
    "000002": ("000002.jpg", False),
    "000003": ("000003.jpg", False),
}


def text(file, lines, end="\n", encoding="utf-8"):
    file.write_bytes(end.join([*lines, ""]).encode(encoding))
    return file


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", " \r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize(
    ("lines", "promised"),
    [
        (["3", HEADER, *ROWS], 3),
        (["4", HEADER, *ROWS], 4),
        ([HEADER, *ROWS], None),
        (["image_id,Bald,Smiling", *(",".join(row.split()[:3]) for row in ROWS)], None),
        (["image_id;bald;SMILING", *(";".join(row.split()[:3]) for row in ROWS)], None),
        (['"image_id","Smiling"', '"000001.jpg",1', '"000002.jpg",0', '"000003.jpg",0'], None),
        (["Smiling", "000001 1", "000002 0", "img/000003.JPG 0"], None),
    ],
)
def test_attributes_are_read_in_both_forms(tmp_path, lines, promised, end, encoding):
    found = read_flags(text(tmp_path / "list.txt", lines, end, encoding), "Smiling")
    assert {key: smiling for key, (_, smiling) in found.rows.items()} == {
        key: smiling for key, (_, smiling) in SMILES.items()
    }
    assert found.promised == promised


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["3", HEADER, ROWS[0], "000002.jpg -1 -1"], "line 4: expected 3 values of 1 or -1"),
        (["3", HEADER, ROWS[0], "000002.jpg -1 0 1"], "line 4: expected 3 values of 1 or -1"),
        (["3", HEADER, ROWS[0], "000002.jpg -1 2 1"], "line 4"),
        (["", "3", "", HEADER, ROWS[0], "000002.jpg -1 x 1"], "line 6"),
        (["3", HEADER, "000001.jpg -1 1 1 1"], "line 3"),
        (
            ["image_id,A,Smiling", "000001.jpg,0,1", "000002.jpg,,1"],
            "line 3: expected 2 values of 1 or 0",
        ),
        (["image_id,A,Smiling", "000001.jpg,0,1", "000002.jpg,-1,1"], "line 3"),
        (["3", "Bald Young Happy", *ROWS], "line 2: no column 'Smiling'"),
        (["3", *ROWS], "line 2: no column 'Smiling'"),
        ([], "line 1: no column 'Smiling'"),
    ],
)
def test_damaged_attributes_say_in_which_line(tmp_path, lines, found):
    file = text(tmp_path / "list.txt", lines)
    with pytest.raises(DataError, match=found) as caught:
        read_flags(file, "Smiling")
    assert str(caught.value).startswith(str(file))


@pytest.mark.parametrize(
    "lines",
    [
        ["a.jpg 1 2", "b.png 3 -4"],
        ["2", "x y", "a.jpg  1  2", "b.png  3 -4"],
        ["image_id,x,y", "a.jpg,1,2", "b.png,3,-4"],
        ["a 1 2", "b 3 -4"],  # no column names, though no suffix either
    ],
)
def test_numbers_are_read_with_column_names_and_without(tmp_path, lines):
    found = read_annotations(text(tmp_path / "list.csv", lines, "\r\n"), r"( -?\d+){2}")
    assert found.rows == {"a": (1, 2), "b": (3, -4)}


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (["a.jpg one"], 1),  # not to be taken for column names
        (["a.jpg 1", "", "b.jpg"], 3),
        (["image_id,who", "a.jpg,1,2"], 2),
        (["a.jpg 1", "b.jpg -1"], 2),
        (["a.jpg 1", ",,"], 2),
    ],
)
def test_damaged_numbers_say_in_which_line(tmp_path, lines, number):
    with pytest.raises(DataError, match=rf"list\.txt, line {number}: .* download it again"):
        read_annotations(text(tmp_path / "list.txt", lines), r" \d+")


def test_another_encoding_is_refused(tmp_path):
    file = text(tmp_path / "list.txt", ["3", HEADER, *ROWS], encoding="utf-16")
    with pytest.raises(DataError, match="cannot be read as UTF-8"):
        read_flags(file, "Smiling")


def test_names_are_matched_and_unified():
    names = ("000001.jpg", "000001.PNG", "000001", "img\\000001.jpg", "img/000001.jpeg")
    assert {key_of(name) for name in names} == {"000001"}
    assert {official_name(name) for name in names} == {"img_align_celeba/000001.jpg"}
    assert official_name("Ann.png") == "img_align_celeba/Ann.png"
