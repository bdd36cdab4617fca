import numpy as np
import pytest

from limner import images
from limner.data.sources import CUFS, CelebA, Folder, SketchedPhotos
from limner.errors import DataError, UsageError


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
    images.write(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    source = SketchedPhotos(photos=Folder(path=tmp_path, smiling=True), style="xdog")
    [item] = source.items()
    assert (item.kind, item.style, item.smiling) == ("sketch", "xdog", True)
    with pytest.raises(UsageError, match="unknown sketch style"):
        SketchedPhotos(photos=source.photos, style="crayon")


@pytest.mark.parametrize("source", [CelebA, CUFS])
def test_an_absent_source_says_how_one_obtains_it(source, tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match="ask for it at"):
            list(source(path=path).items())


def test_the_real_sources_are_read(data):
    research = data / "research"
    assert len(list(CUFS(path=research / "cufs_ar").items())) == 123
    assert len(list(CUFS(path=research / "cufs_cuhk_train", pairs=True).items())) == 176
