import itertools
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from limner import images
from limner.data.prepare import prepare
from limner.data.recipe import Part, Recipe
from limner.data.sources import CelebA
from limner.engines import LocalEngine
from limner.errors import DataError

from .layouts import LAYOUTS, Celebrity, flat, kaggle, official, unpacked, zipped

DATA = images.encode(np.zeros((4, 4, 3), np.uint8))
SMALL = {
    f"{number:06}.jpg": Celebrity(data=DATA, smiling=number % 2 == 0, part=number % 3)
    for number in range(1, 7)
}


def listed(path):
    """The items of a source, and its warnings."""
    warnings = []
    return list(CelebA(path=path, warn=warnings.append).items()), warnings


@pytest.fixture(scope="module")
def pictures(person):
    return {
        f"{number:06}.jpg": Celebrity(
            data=images.encode(person(number), format="JPEG"),
            smiling=number % 3 == 0,
            part=number % 3,
        )
        for number in range(1, 9)
    }


@pytest.fixture(scope="module")
def faces_of(pictures, tmp_path_factory):
    """What a layout becomes: the faces of a set that takes photos and sketched photos from it."""

    def make(layout, workers=1):
        root = tmp_path_factory.mktemp(layout.__name__)
        path = layout(root / "celeba", pictures).relative_to(root).as_posix()
        parts = (
            Part(source="celeba", path=path, count=2, style="study"),
            Part(source="celeba", path=path, count=4, smiling_one_in=2),
        )
        recipe = Recipe(name="x", parts=parts, size=32, split="source")
        made = prepare(recipe, root / "set", data=root, engine=LocalEngine(workers=workers))
        assert made.warnings == ()
        return pq.read_table(root / "set" / "faces.parquet").to_pylist()

    return make


@pytest.fixture(scope="module")
def expected(faces_of):
    faces = faces_of(flat)
    assert len(faces) == 6
    assert {face["split"] for face in faces} == {"train", "test"}
    assert {face["smile"] for face in faces} == {0.0, 1.0}
    return faces


@pytest.mark.parametrize("name", list(LAYOUTS)[1:])
def test_the_same_pictures_give_the_same_faces_in_every_layout(name, faces_of, expected):
    assert faces_of(LAYOUTS[name]) == expected


@pytest.mark.parametrize("name", ["official_zip", "parquet"])
def test_workers_read_archives_and_parquet_for_themselves(name, faces_of, expected):
    assert faces_of(LAYOUTS[name], workers=2) == expected


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_says_the_same_of_its_pictures(name, tmp_path):
    items, warnings = listed(LAYOUTS[name](tmp_path / "celeba", SMALL))
    assert [item.name for item in items] == [f"img_align_celeba/{n}" for n in SMALL]
    assert [item.smiling for item in items] == [p.smiling for p in SMALL.values()]
    assert [item.split for item in items] == ["test", "test", "train"] * 2
    assert [item.read() for item in items] == [DATA] * 6
    assert {(item.source, item.kind, item.identity) for item in items} == {("celeba", "photo", "")}
    assert warnings == []


@pytest.mark.parametrize("folder", ["", "Anno"])
def test_people_and_eyes_are_known_where_there_are_tables(folder, tmp_path):
    root = official(tmp_path / "celeba", SMALL)
    (root / folder / "identity_CelebA.txt").write_text("".join(f"{n} 7\n" for n in SMALL))
    landmarks = [f"{n}  69 109  106 113   77 142  73 152  108 154" for n in SMALL]
    head = ["6", "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y"]
    file = root / folder / "list_landmarks_align_celeba.txt"
    file.write_text("\n".join([*head, *landmarks]))
    items, warnings = listed(root)
    assert {(item.identity, item.middle) for item in items} == {("celeba-7", (87.5, 111.0))}
    assert warnings == []


def test_landmarks_in_csv_are_read(tmp_path):
    root = kaggle(tmp_path / "celeba", SMALL)
    rows = [f"{n},69,109,106,113,77,142,73,152,108,154" for n in SMALL]
    head = "image_id,lefteye_x,lefteye_y,righteye_x,righteye_y,nose_x,nose_y"
    (root / "list_landmarks_align_celeba.csv").write_text("\r\n".join([head, *rows]))
    assert {item.middle for item in listed(root)[0]} == {(87.5, 111.0)}


def test_pictures_in_another_format_keep_the_official_names(tmp_path):
    root = flat(tmp_path / "celeba", SMALL)
    shutil.rmtree(root / "img_align_celeba")
    renamed = {name.replace(".jpg", ".PNG"): picture for name, picture in SMALL.items()}
    unpacked(root / "img_align_celeba_png", renamed)
    items, _ = listed(root)
    assert [item.name for item in items] == [f"img_align_celeba/{n}" for n in SMALL]
    assert items[0].place.file.name == "000001.PNG"


def test_a_folder_without_pictures_gives_way_to_the_zip(tmp_path):
    root = LAYOUTS["official_zip"](tmp_path / "celeba", SMALL)
    (root / "Img" / "img_align_celeba").mkdir()
    assert {item.place.file.suffix for item in listed(root)[0]} == {".zip"}


def test_what_is_missing_is_counted_and_the_rest_taken(tmp_path):
    root = official(tmp_path / "celeba", SMALL)
    pictures = root / "Img" / "img_align_celeba"
    for number in (1, 4):
        (pictures / f"{number:06}.jpg").unlink()
    (pictures / "000007.jpg").write_bytes(DATA)
    (root / "Anno" / "identity_CelebA.txt").write_text("000002.jpg 7\n000003.jpg 7\n")
    parts = root / "Eval" / "list_eval_partition.txt"
    parts.write_text("".join(parts.read_text().splitlines(keepends=True)[:5]))
    table = root / "Anno" / "list_attr_celeba.txt"
    table.write_text(table.read_text().replace("6\n", "202599\n", 1))
    items, warnings = listed(root)
    assert [item.name[-5:] for item in items] == ["2.jpg", "3.jpg", "5.jpg", "6.jpg"]
    assert [item.identity for item in items] == ["celeba-7", "celeba-7", "", ""]
    assert [item.split for item in items] == ["test", "train", "test", None]
    assert warnings == [
        "list_attr_celeba.txt: line 1 promises 202,599 rows, but there are 6",
        "2 of 6 rows of list_attr_celeba.txt without a picture in img_align_celeba/, left out; "
        "the first is 000001.jpg",
        "1 of 5 pictures in img_align_celeba/ without a row in list_attr_celeba.txt, left out; "
        "the first is 000007",
        "2 of 4 pictures without a row in identity_CelebA.txt: each counts as a separate person; "
        "the first is 000005",
        "1 of 4 pictures without a row in list_eval_partition.txt: they are split like the "
        "other sources; the first is 000006",
    ]


def test_without_somebody_who_receives_them_warnings_are_python_s(tmp_path):
    root = flat(tmp_path / "celeba", SMALL)
    (root / "img_align_celeba" / "000002.jpg").unlink()
    with pytest.warns(UserWarning, match="1 of 6 rows of list_attr_celeba.txt without"):
        assert len(list(CelebA(path=root).items())) == 5


def test_pictures_and_tables_that_do_not_belong_together_are_refused(tmp_path):
    root = flat(tmp_path / "celeba", SMALL)
    (root / "list_attr_celeba.txt").write_text("1\nSmiling\nx.jpg 1\n")
    with pytest.raises(DataError, match=r"none of the 6 pictures of img_align_celeba/ \(000001"):
        listed(root)


@pytest.mark.parametrize("name", ["img_celeba", "img_celeba.7z", "Img/img_celeba.zip"])
def test_the_pictures_in_the_wild_are_told_apart(name, tmp_path):
    root = flat(tmp_path / "celeba", SMALL)
    shutil.rmtree(root / "img_align_celeba")
    (root / name).parent.mkdir(exist_ok=True)
    zipped(root / name, SMALL, "") if name.endswith("zip") else unpacked(root / name, SMALL)
    for path in (root, root / name):
        with pytest.raises(DataError, match=r"in-the-wild .* not aligned .*img_align_celeba/ or"):
            listed(path)


def test_what_lacks_is_named(tmp_path):
    root = flat(tmp_path / "celeba", SMALL)
    (root / "list_attr_celeba.txt").rename(root / "attributes.txt")
    with pytest.raises(
        DataError, match="img_align_celeba is there, but list_attr_celeba is missing"
    ):
        listed(root)
    (root / "attributes.txt").rename(root / "list_attr_celeba.txt")
    shutil.rmtree(root / "img_align_celeba")
    (root / "img_align_celeba_png.7z").mkdir()
    with pytest.raises(DataError, match=r"img_align_celeba_png\.7z has no pictures .* unpacked"):
        listed(root)


def test_a_damaged_zip_is_named(tmp_path):
    root = LAYOUTS["official_zip"](tmp_path / "celeba", SMALL)
    file = root / "Img" / "img_align_celeba.zip"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match=r"img_align_celeba\.zip is a damaged archive"):
        listed(root)


def test_the_real_one_is_read(data):
    items, warnings = listed(data / "research" / "celeba_half")
    assert len(items) == 6000
    assert warnings == []
    assert 0.3 < np.mean([item.smiling for item in itertools.islice(items, 1000)]) < 0.7
    assert items[0].picture().shape == (109, 89, 3)
