"""`limner measure` and `limner compare` as a user types them."""

import html
import json
import subprocess
import sys

import pytest

from limner import images


def limner(*arguments):
    command = [sys.executable, "-m", "limner", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, text=True)


@pytest.fixture
def options(folders, tmp_path):
    return [
        *("--sketches", folders["sketches"], "--truth", folders["truth"]),
        *("--as-is", "--draws", "100", "--workers", "1", "--cache", tmp_path / "cache"),
    ]


def test_measure_prints_all_figures_and_writes_the_page_and_json(folders, options, tmp_path):
    page, numbers = tmp_path / "r.html", tmp_path / "r.json"
    done = limner("measure", "--made", folders["made"], *options, "--html", page, "--json", numbers)
    assert done.returncode == 0, done.stderr
    assert "true photo is the nearest of all" in done.stdout
    assert "95 % interval" in done.stdout
    assert "12 people" in done.stderr
    assert "not measured" in done.stderr
    assert f"look at {page}" in done.stderr
    figures = json.loads(numbers.read_text())["figures"]
    for figure in figures:
        assert figure["title"] in done.stdout
        assert figure["title"] in html.unescape(page.read_text())
    assert list((tmp_path / "cache").glob("*.sqlite"))


def test_with_a_model_the_photos_are_made_first(folders, options, tiny_model, tmp_path):
    made = tmp_path / "new"
    done = limner("measure", "--made", made, *options, "--model", tiny_model)
    assert done.returncode == 0, done.stderr
    assert len(list(made.iterdir())) == 12
    assert images.read(made / "p00.png").shape == (32, 32, 3)
    again = limner("measure", "--made", made, *options, "--model", tiny_model)
    assert again.stdout == done.stdout


def test_compare_marks_the_better_and_writes_the_page(folders, options, fill, crops, tmp_path):
    other = fill("other", crops[::-1])  # of other people
    page = tmp_path / "c.html"
    done = limner("compare", folders["made"], other, *options, "--html", page)
    assert done.returncode == 0, done.stderr
    assert "made" in done.stdout
    assert "other" in done.stdout
    assert "bold: best" in done.stderr
    assert done.stderr.count("the gallery holds 12 people") == 1
    assert "Best, median and worst" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("measure", "--made", "nowhere"), "nowhere is no folder"),
        (("measure", "--made", "MADE", "--truth", "nowhere"), "nowhere is no folder"),
        (("measure", "--made", "MADE", "--cache", "x", "--no-cache"), "contradict"),
        (("measure", "--made", "nowhere", "--model", "portrait"), "name the sketches"),
        (("measure", "--made", "MADE", "--weights", "inception"), "expected NAME=FILE"),
        (("measure", "--made", "MADE", "--weights", "vgg=none.pth"), "there is no file none.pth"),
        (("compare", "MADE"), "at least two"),
        (("compare", "MADE", "portrait"), "--sketches DIR"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments, complaint, folders):
    named = [folders["made"] if argument == "MADE" else argument for argument in arguments]
    done = limner(*named)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
