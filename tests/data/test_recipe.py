from pathlib import Path

import pytest

from limner.data.cleaning import Cleaning
from limner.data.recipe import Part, Recipe, find, load, of_folder, shipped_recipes
from limner.errors import UsageError


def test_set1_and_set2_are_the_studys():
    sets = {name: load(path) for name, path in shipped_recipes().items()}
    assert sets.keys() == {"set1", "set1-smiling", "set1-unaligned", "set2"}
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
    assert counts["set1-smiling"] == counts["set1-unaligned"] == counts["set1"]
    assert [sets[name].aligned for name in ("set1", "set1-smiling", "set1-unaligned")] == [
        True,
        True,
        False,
    ]
    smiles = {
        name: {part.smiling_one_in for part in made.parts if part.path == "celeba"}
        for name, made in sets.items()
    }
    assert smiles == {"set1": {20}, "set1-smiling": {1}, "set1-unaligned": {1}, "set2": {20}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("parts = ", "cannot be read as TOML"),
        ("", r"has no \[\[parts\]\]"),
        ("[parts]\nsource = 'celeba'", "one table each"),
        (
            "[[parts]]\nsource = 'celeba'\npath = 'x'\ncuont = 3",
            "'parts.0.cuont' is not a setting of limner .*; choose from source",
        ),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\ncount = -3", "at least 0"),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\ncount = '3'", "it must be a whole number"),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\nkeep_smiling = 0", "at least 1"),
        ("[[parts]]\nsource = 'flickr'\npath = 'x'", "choose from folder, celeba, cufs"),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\nstyle = 'crayon'", "unknown sketch style"),
        ("[[parts]]\nsource = 'celeba'", "parts.0.path is missing"),
        ("[[parts]]\nsource = 'celeba'\npath = 'x'\nkind = 'sketch'", "are for folders"),
        ("identity = '('\n[[parts]]\nsource = 'cufs'\npath = 'x'", "not a regular expression"),
        ("identity = 'x'\n[[parts]]\nsource = 'cufs'\npath = 'x'", "has no .group."),
        ("size = 8\n[[parts]]\nsource = 'cufs'\npath = 'x'", "16 to 4096 px"),
        ("[cleaning]\nmax_turn = 99\n[[parts]]\nsource = 'cufs'\npath = 'x'", "0 to 90 degrees"),
        (
            "[cleaning]\nsharp = 9\n[[parts]]\nsource = 'cufs'\npath = 'x'",
            "'cleaning.sharp' is not",
        ),
        ("held_out = 2\n[[parts]]\nsource = 'cufs'\npath = 'x'", "between 0 and 1"),
        ("sized = 2\n[[parts]]\nsource = 'cufs'\npath = 'x'", "'sized' is not a setting"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(tmp_path, text, found):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=found) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def test_a_recipe_may_come_from_windows(tmp_path):
    text = shipped_recipes()["set2"].read_bytes()
    path = tmp_path / "set2.toml"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    assert load(path) == load(shipped_recipes()["set2"])


def test_recipes_are_found_by_name_and_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find("set1") == shipped_recipes()["set1"]
    assert find("mine.toml") is not None
    assert find("photos") is None
    (tmp_path / "set1").mkdir()
    assert find("set1") is None


def test_settings_change_a_recipe():
    changed = load(shipped_recipes()["set1"]).with_settings(
        ["size=64", "cleaning.max_yaw=20", "identity=(.)"]
    )
    assert (changed.size, changed.cleaning, changed.identity) == (64, Cleaning(max_yaw=20), "(.)")
    assert changed.parts == load(shipped_recipes()["set1"]).parts
    with pytest.raises(UsageError, match=r"choose from .*cleaning\.max_yaw"):
        changed.with_settings(["turn=20"])


def test_a_folder_is_a_recipe_of_one_part():
    made, root = of_folder(Path("photos") / "mine")
    assert (made.name, root) == ("mine", Path.cwd() / "photos")
    [part] = made.parts
    assert (part.source, part.path, part.count) == ("folder", "mine", 0)
    assert Recipe(name="x", parts=(Part(source="cufs_pairs", path="p"),)).parts[0].name == "p"
