import itertools

import numpy as np
import pytest

from limner import images
from limner.data.sources import CUFS, CelebA, Folder, SketchedPhotos
from limner.errors import DataError, UsageError

HEADER = "Bald Smiling Young"
ROWS = ["000001.jpg -1  1  1", "000002.jpg -1 -1  1", "000003.jpg  1 -1 -1"]


def celeba(path, rows=ROWS, *, count=None, header=HEADER):
    lines = [str(len(rows) if count is None else count), header, *rows]
    path.mkdir(exist_ok=True)
    (path / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    for number in (1, 2, 3):
        images.write(path / "img_align_celeba" / f"{number:06}.jpg", np.zeros((4, 4, 3), np.uint8))
    return path


def test_a_folder_names_its_items_after_their_folders(tmp_path):
    for name in ("one/a.png", "two/deep/b.png", "c.png"):
        images.write(tmp_path / "mine" / name, np.zeros((4, 4, 3), np.uint8))
    items = list(Folder(path=tmp_path / "mine").items())
    assert [(item.name, item.source) for item in items] == [
        ("c.png", "mine"),
        ("one/a.png", "one"),
        ("two/deep/b.png", "two"),
    ]
    named = Folder(path=tmp_path / "mine", name="web", kind="sketch").items()
    assert {(item.source, item.kind) for item in named} == {("web", "sketch")}


def test_celeba_knows_smiles_and_people(tmp_path):
    path = celeba(tmp_path / "celeba")
    items = list(CelebA(path=path).items())
    assert [(item.name, item.smiling) for item in items] == [
        ("img_align_celeba/000001.jpg", True),
        ("img_align_celeba/000002.jpg", False),
        ("img_align_celeba/000003.jpg", False),
    ]
    assert {item.identity for item in items} == {""}
    (path / "identity_CelebA.txt").write_text("000001.jpg 7\n000002.jpg 7\n000003.jpg 9\n")
    people = [item.identity for item in CelebA(path=path).items()]
    assert people == ["celeba-7", "celeba-7", "celeba-9"]


def test_images_that_are_not_there_are_left_out(tmp_path):
    path = celeba(tmp_path / "celeba", [*ROWS, "000004.jpg  1  1  1"])
    assert len(list(CelebA(path=path).items())) == 3


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"rows": [ROWS[0], "000002.jpg -1 -1"]}, "line 4: 3 values of 1 or -1"),
        ({"rows": [ROWS[0], "000002.jpg -1 0 1"]}, "line 4"),
        ({"count": 4}, "line 1 promises 4 rows, 3 are there"),
        ({"header": "Bald Young Happy"}, "no column 'Smiling'"),
    ],
)
def test_a_damaged_attribute_file_says_where(tmp_path, changes, found):
    with pytest.raises(DataError, match=found):
        list(CelebA(path=celeba(tmp_path / "celeba", **changes)).items())


def test_an_attribute_file_in_another_encoding_is_refused(tmp_path):
    path = celeba(tmp_path / "celeba")
    text = (path / "list_attr_celeba.txt").read_text()
    (path / "list_attr_celeba.txt").write_bytes(text.encode("utf-16"))
    with pytest.raises(DataError, match="cannot be read as UTF-8"):
        list(CelebA(path=path).items())


def test_cufs_gives_its_sketches_and_its_pairs_only_when_asked(tmp_path):
    for name in (
        "CUHK_training_sketch/sketch/F2-005-01-sz1.jpg",
        "CUHK_training_photo/photo/f-005-01.jpg",
        "ar/sketches/000.png",
        "ar/photos/000.png",
        "readme/cover.jpg",
    ):
        images.write(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    alone = list(CUFS(path=tmp_path).items())
    assert [(item.kind, item.identity) for item in alone] == [
        ("sketch", "cufs-f-005-01"),
        ("sketch", "cufs-000"),
    ]
    pairs = list(CUFS(path=tmp_path, pairs=True).items())
    kinds = {
        identity: {i.kind for i in pairs if i.identity == identity}
        for identity in {i.identity for i in pairs}
    }
    assert kinds == {"cufs-f-005-01": {"sketch", "photo"}, "cufs-000": {"sketch", "photo"}}


def test_photos_become_sketches(tmp_path):
    source = SketchedPhotos(photos=CelebA(path=celeba(tmp_path / "celeba")), style="xdog")
    items = list(source.items())
    assert [(item.kind, item.style) for item in items] == [("sketch", "xdog")] * 3
    assert [item.smiling for item in items] == [True, False, False]
    with pytest.raises(UsageError, match="unknown sketch style"):
        SketchedPhotos(photos=source.photos, style="crayon")


@pytest.mark.parametrize("source", [CelebA, CUFS])
def test_an_absent_source_says_how_one_obtains_it(source, tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match="ask for it at"):
            list(source(path=path).items())


def test_the_real_sources_are_read(data):
    research = data / "research"
    people = list(itertools.islice(CelebA(path=research / "celeba_half").items(), 1000))
    assert len(people) == 1000
    assert 0.3 < np.mean([item.smiling for item in people]) < 0.7
    assert people[0].picture().shape == (109, 89, 3)
    assert len(list(CUFS(path=research / "cufs_ar").items())) == 123
    assert len(list(CUFS(path=research / "cufs_cuhk_train", pairs=True).items())) == 176
