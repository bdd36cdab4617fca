import re
from pathlib import Path

import pytest

from limner.errors import UsageError
from limner.hints import NAMES, PARTS, parse_colour


@pytest.mark.parametrize(
    ("text", "part", "colour"),
    [
        ("#8d5524", "skin", (141, 85, 36)),
        (" #8D5524 ", "skin", (141, 85, 36)),
        ("#f00", "lips", (255, 0, 0)),
        ("teal", "background", (0, 128, 128)),
        ("rgb(10, 20, 30)", "hair", (10, 20, 30)),
        ("monk 10", "skin", (41, 36, 32)),
        ("Monk-1", "skin", (246, 237, 228)),
        ("Dark  Brown", "hair", NAMES["hair"]["dark brown"]),
        ("dark_blonde", "hair", NAMES["hair"]["dark blond"]),
        ("gray", "eyes", NAMES["eyes"]["grey"]),
    ],
)
def test_a_colour_is_read(text, part, colour):
    assert parse_colour(text, part) == colour


def test_a_name_means_what_it_means_for_the_part():
    black = parse_colour("black", "hair")
    assert black != (0, 0, 0)
    assert max(black) < 40
    assert len({parse_colour("brown", part) for part in PARTS}) == len(PARTS)
    red, _, blue = parse_colour("blue", "eyes")
    assert 20 < red < blue < 150


def test_names_of_skin_go_from_light_to_dark():
    for names in (("very light", "light", "medium", "tan", "brown", "dark", "very dark"),):
        light = [sum(parse_colour(name, "skin")) for name in names]
        assert light == sorted(light, reverse=True)


@pytest.mark.parametrize("text", ["", "#12", "blackish", "#1234", "rgb(1,2)", "monk 11", "\0"])
def test_what_is_no_colour_is_refused_with_those_there_are(text):
    with pytest.raises(UsageError, match=r"unknown hair colour.*choose from black, dark brown"):
        parse_colour(text, "hair")


def test_a_slip_is_put_right():
    with pytest.raises(UsageError, match="unknown hair colour 'blak' \\(did you mean 'black'"):
        parse_colour("blak", "hair")
    with pytest.raises(UsageError, match=r"very dark, monk 1 to monk 10, a CSS"):
        parse_colour("purplish", "skin")


def test_the_documentation_lists_every_name():
    text = (Path(__file__).parents[2] / "docs" / "hints.md").read_text(encoding="utf-8")
    for part, names in NAMES.items():
        [row] = re.findall(rf"^\| `--[a-z-]+` \| `{part}` \| (.*) \|$", text, re.MULTILINE)
        shown = re.split(", |; ", row)
        plain = [name for name in names if not name.startswith("monk")]
        assert shown == plain + ["monk 1 to monk 10"] * (part == "skin")
    assert "black hair is `#{:02x}{:02x}{:02x}`".format(*NAMES["hair"]["black"]) in text
