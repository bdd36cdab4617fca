"""`limner measure` and `limner compare` as a user types them."""

import contextlib
import html
import json
import os
import shutil
import sqlite3
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
        *("--sketches", folders["sketches"], "--ground-truth", folders["ground_truth"]),
        *("--aligned", "--resamples", "100", "--workers", "1", "--cache", tmp_path / "cache"),
    ]


def test_measure_prints_all_scores_and_writes_the_page_and_json(folders, options, tmp_path):
    page, numbers = tmp_path / "r.html", tmp_path / "r.json"
    done = limner(
        "measure", "--generated", folders["generated"], *options, "--html", page, "--json", numbers
    )
    assert done.returncode == 0, done.stderr
    assert "rank-1: ground truth is the nearest photo" in done.stdout
    assert "95% confidence interval" in done.stdout
    assert "12 people" in done.stderr
    assert "not measured" in done.stderr
    assert f"report: {page}" in done.stderr
    scores = json.loads(numbers.read_text())["scores"]
    for score in scores:
        assert score["title"] in done.stdout
        assert score["title"] in html.unescape(page.read_text())
    assert list((tmp_path / "cache").glob("*.sqlite"))


def test_with_a_model_the_photos_are_generated_first(folders, options, tiny_model, tmp_path):
    generated = tmp_path / "new"
    done = limner("measure", "--generated", generated, *options, "--model", tiny_model)
    assert done.returncode == 0, done.stderr
    assert len(list(generated.iterdir())) == 12
    assert images.read(generated / "p00.png").shape == (32, 32, 3)
    assert "contains pictures" not in done.stderr
    again = limner("measure", "--generated", generated, *options, "--model", tiny_model)
    assert again.stdout == done.stdout
    assert f"{generated} already contains pictures: these are evaluated" in again.stderr


def test_compare_marks_the_better_and_writes_the_page(folders, options, fill, crops, tmp_path):
    other = fill("other", crops[::-1])  # of other people
    page = tmp_path / "c.html"
    done = limner("compare", folders["generated"], other, *options, "--html", page)
    assert done.returncode == 0, done.stderr
    assert "generated" in done.stdout
    assert "other" in done.stdout
    assert "bold: best" in done.stderr
    assert done.stderr.count("the gallery has 12 people") == 1
    assert "Best, median and worst" in page.read_text()


def test_failures_that_candidates_share_are_printed_once(folders, options, tiny_model, tmp_path):
    shutil.copy(tiny_model, tmp_path / "second.onnx")
    (folders["sketches"] / "broken.png").write_bytes(b"no picture")
    done = limner("compare", tiny_model, tmp_path / "second.onnx", *options)
    assert done.returncode == 1
    assert done.stderr.count("broken.png: not a picture") == 1


def test_names_of_candidates_are_shown_as_they_are(folders, options, fill, crops, tmp_path):
    odd = fill("[red]a$\\foo$ <b> 人", crops[::-1])
    page = tmp_path / "c.html"
    done = limner("compare", folders["generated"], odd, *options, "--html", page)
    assert done.returncode == 0, done.stderr
    assert odd.name in done.stdout
    assert "glyph" not in done.stderr.lower()
    assert odd.name in html.unescape(page.read_text())
    assert "<b> 人" not in page.read_text()


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_not_text_are_written(folders, options, tmp_path):
    other = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    shutil.copytree(folders["generated"], other)
    shutil.move(f"{other}/p00.png", os.fsdecode(os.fsencode(other) + b"/\xe9.png"))
    page, numbers = tmp_path / "r.html", tmp_path / "r.json"
    written = ("--html", page, "--json", numbers)
    for command in (("measure", "--generated", other), ("compare", folders["generated"], other)):
        done = subprocess.run(
            [sys.executable, "-m", "limner", *map(os.fsencode, (*command, *options, *written))],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "\\udce9" in page.read_text(encoding="utf-8")
        json.loads(numbers.read_text(encoding="utf-8"))


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_ctrl_c_gives_one_line_writes_no_scores_and_keeps_computed_features(folders, tmp_path):
    stop = (
        "import os, signal; from limner.features import extraction; from limner.cli import main;"
        "calls = []; real = extraction._note;"
        "extraction._note = lambda *a: (real(*a), calls.append(1), "
        "len(calls) == 3 and os.kill(os.getpid(), signal.SIGINT));"
        "main()"
    )
    numbers, cache = tmp_path / "r.json", tmp_path / "cache"
    command = ("measure", "--generated", folders["generated"], "--workers", "1", "--cache", cache)
    done = subprocess.run(
        [sys.executable, "-c", stop, *map(str, (*command, "--json", numbers))],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 130
    assert done.stderr.startswith("limner: interrupted")
    assert len(done.stderr.strip().splitlines()) == 1
    assert not numbers.exists()
    with contextlib.closing(sqlite3.connect(next(cache.glob("*.sqlite")))) as table:
        assert table.execute("SELECT count(*) FROM features").fetchone()[0] > 0


def test_unusable_pictures_set_the_exit_code_1(folders, options, tmp_path):
    (folders["ground_truth"] / "p02.jpg").write_bytes(b"no picture")
    page = tmp_path / "r.html"
    done = limner("measure", "--generated", folders["generated"], *options, "--html", page)
    assert done.returncode == 1
    assert "1 of 12 ground-truth photos are unusable" in done.stderr
    assert page.exists()  # the others are measured
    both = limner("compare", folders["generated"], folders["ground_truth"], *options)
    assert both.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("measure", "--generated", "a" * 300), "File name too long"),
        (("compare", "GENERATED", "a" * 300), "File name too long"),
        (("measure", "--generated", "nowhere"), "nowhere is not a folder"),
        (
            ("measure", "--generated", "GENERATED", "--ground-truth", "nowhere"),
            "nowhere is not a folder",
        ),
        (("measure", "--generated", "GENERATED", "--cache", "x", "--no-cache"), "contradict"),
        (("measure", "--generated", "nowhere", "--model", "portrait"), "name the sketches"),
        (("measure", "--generated", "GENERATED", "--weights", "inception"), "expected NAME=FILE"),
        (
            ("measure", "--generated", "GENERATED", "--weights", "vgg=none.pth"),
            "there is no file none.pth",
        ),
        (
            ("measure", "--generated", "GENERATED", "--json", "x", "--html", "x"),
            "both x; name two files",
        ),
        (
            ("compare", "GENERATED", "nowhere"),
            "there is no nowhere; name a folder of generated photos",
        ),
        (("compare", "GENERATED"), "at least two"),
        (("compare", "GENERATED", "portrait"), "--sketches DIR"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments, complaint, folders):
    named = [
        folders["generated"] if argument == "GENERATED" else argument for argument in arguments
    ]
    done = limner(*named)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
