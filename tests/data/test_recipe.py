import numpy as np
import pyarrow.parquet as pq
import pytest

from limner import images
from limner.data.prepare import prepare
from limner.data.prepared import PreparedSet
from limner.data.recipe import Part, Recipe, find, gather, load, shipped_recipes
from limner.errors import DataError, UsageError
from limner.faces import Preprocessing


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """40 celebrities, the even ones smiling, 12 sketches of CUFS and 20 from the web."""
    path = tmp_path_factory.mktemp("sources")
    rows = [f"{n:06}.jpg {1 if n % 2 == 0 else -1}" for n in range(40)]
    (path / "celeba" / "img_align_celeba").mkdir(parents=True)
    (path / "celeba" / "list_attr_celeba.txt").write_text("\n".join(["40", "Smiling", *rows]))
    files = [f"celeba/img_align_celeba/{n:06}.jpg" for n in range(40)]
    files += [f"cufs/sketches/{n}.png" for n in range(12)]
    files += [f"cufs/photos/{n}.png" for n in range(12)]
    files += [f"collected/{n}.png" for n in range(20)]
    for name in files:
        images.write(path / name, np.zeros((2, 2, 3), np.uint8))
    return path


def celeba(**options):
    return Part(source="celeba", path="celeba", **options)


def recipe(*parts, **options):
    return Recipe(name="x", parts=parts, **options)


def names(items):
    return {item.name for item in items}


def test_set1_and_set2_are_the_studys():
    sets = {name: load(path) for name, path in shipped_recipes().items()}
    assert sets.keys() == {"set1", "set2"}
    counts = {
        name: [(part.path, part.style, part.count) for part in made.parts]
        for name, made in sets.items()
    }
    assert counts["set1"] == [("collected", "", 920), ("cufs", "", 571), ("celeba", "", 1500)]
    assert counts["set2"] == [
        ("collected", "", 920),
        ("cufs", "", 571),
        ("celeba", "study", 1000),
        ("celeba", "", 3000),
    ]
    smiles = {
        part.keep_smiling for made in sets.values() for part in made.parts if part.path == "celeba"
    }
    assert smiles == {20}


def test_one_smiling_photo_in_so_many_is_kept(root):
    items, [share] = gather(recipe(celeba(keep_smiling=5)), root)
    assert (share.found, share.smiling, share.taken, share.taken_smiling) == (40, 20, 24, 4)
    assert sum(item.smiling for item in items) == 4
    assert str(share) == "celeba: 24 (40 there, 20 smiling before and 4 after)"


def test_the_shares_stay_where_a_source_is_short(root):
    parts = (
        Part(source="folder", path="collected", kind="sketch", count=10),
        Part(source="cufs", path="cufs", count=24),
        celeba(count=30),
    )
    items, shares = gather(recipe(*parts), root)
    assert [share.taken for share in shares] == [5, 12, 15]
    assert "cufs: 12 of 24 wanted" in str(shares[1])
    assert [sum(item.kind == kind for item in items) for kind in ("sketch", "photo")] == [17, 15]


def test_no_photo_is_on_both_sides(root):
    items, shares = gather(recipe(celeba(count=10, style="study"), celeba(count=30)), root)
    assert [share.taken for share in shares] == [10, 30]
    sketched = [item for item in items if item.kind == "sketch"]
    assert {(item.source, item.style) for item in sketched} == {("filtered", "study")}
    assert not names(sketched) & names(item for item in items if item.kind == "photo")
    _, short = gather(recipe(celeba(count=20, style="study"), celeba(count=60)), root)
    assert [share.taken for share in short] == [10, 30]


def test_a_part_that_balance_makes_short_shrinks_the_others(root):
    _, shares = gather(recipe(celeba(count=42, keep_smiling=20), celeba(count=10)), root)
    assert [share.taken for share in shares] == [21, 5]  # 21 of 42 are left, so half of each


def test_the_seed_chooses(root):
    def chosen(seed):
        return names(gather(recipe(celeba(count=10), seed=seed), root)[0])

    assert chosen(0) == chosen(0) != chosen(1)


def test_more_items_disturb_the_choice_little(root):
    few = names(gather(recipe(celeba(count=10)), root)[0])
    more = names(gather(recipe(celeba(count=11)), root)[0])
    assert few < more


def test_a_recipe_becomes_a_set_that_knows_kinds_and_smiles(photo, tmp_path):
    rows = ["000001.jpg  1", "000002.jpg -1"]
    (tmp_path / "celeba").mkdir()
    (tmp_path / "celeba" / "list_attr_celeba.txt").write_text("\n".join(["2", "Smiling", *rows]))
    for name in ("000001.jpg", "000002.jpg"):
        images.write(tmp_path / "celeba" / "img_align_celeba" / name, photo)
    made = recipe(celeba(count=1, style="pencil"), celeba(count=1))
    items, _ = gather(made, tmp_path)
    prepare(items, tmp_path / "set", preprocessing=Preprocessing(size=48), held_out=0.0)
    rows = pq.read_table(tmp_path / "set" / "faces.parquet").to_pylist()
    assert {(row["source"], row["kind"]) for row in rows} == {
        ("filtered", "sketch"),
        ("celeba", "photo"),
    }
    assert {row["image"]["path"]: row["smile"] for row in rows} == {
        "img_align_celeba/000001.jpg": 1.0,
        "img_align_celeba/000002.jpg": 0.0,
    }
    opened = PreparedSet(tmp_path / "set")
    assert (opened.count(), opened.count("train", "photo"), opened.count(kind="sketch")) == (
        2,
        1,
        1,
    )
    [drawing] = opened.images("train", "sketch")
    assert np.ptp(drawing.astype(int), axis=-1).max() == 0


def test_an_absent_source_is_named(root, tmp_path):
    with pytest.raises(DataError, match="ask for it at"):
        gather(recipe(celeba(count=1)), tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("parts = ", "cannot be read as TOML"),
        ("", r"has no \[\[parts\]\]"),
        ("[parts]\nsource = 'celeba'", "a table each"),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\ncuont = 3", "'cuont' is no entry; known are"),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\ncount = -3", "at least 0"),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\ncount = '3'", "a whole number is needed"),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\nkeep_smiling = 0", "at least 1"),
        ("[[parts]]\nsource = 'flickr'\npath = 'x'", "known are folder, celeba, cufs"),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\nstyle = 'crayon'", "unknown sketch style"),
        ("[[parts]]\nsource = 'celeba'", "'path'"),
        ("held_out = 2\n[[parts]]\nsource = 'cufs'\npath = 'x'", "between 0 and 1"),
        ("sized = 2\n[[parts]]\nsource = 'cufs'\npath = 'x'", "'sized' is no entry"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(tmp_path, text, found):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=found) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def test_recipes_are_found_by_name_and_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find("set1") == shipped_recipes()["set1"]
    assert find("mine.toml") is not None
    assert find("photos") is None
    (tmp_path / "set1").mkdir()
    assert find("set1") is None
