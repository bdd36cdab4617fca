import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from limner import cli, images
from limner.sketching import sketch


def limner(*arguments, stdin=b"", **options):
    command = [sys.executable, "-m", "limner", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, **options)


@pytest.fixture(scope="module")
def drawing(photo, tmp_path_factory):
    path = tmp_path_factory.mktemp("drawings") / "drawing.jpg"
    images.write(path, sketch(photo[:360, 60:380]))
    return path


def test_a_drawing_becomes_a_photo_that_says_what_made_it(drawing, tiny_model, tmp_path):
    done = limner("photo", drawing, "-o", tmp_path, "--model", tiny_model)
    assert (done.returncode, done.stderr) == (0, b"")
    result = tmp_path / "drawing.png"
    assert images.read(result).shape == (32, 32, 3)
    assert b"trainedAlgorithmicMedia" in result.read_bytes()
    assert b"tiny sha256:" in result.read_bytes()


def test_size_paste_back_and_aligned(drawing, tiny_model, tmp_path):
    def made(*options):
        done = limner("photo", drawing, "-o", tmp_path / "x.png", "--model", tiny_model, *options)
        assert done.returncode == 0, done.stderr
        return images.read(tmp_path / "x.png")

    assert made("--size", "100").shape == (100, 100, 3)
    assert made("--paste-back").shape == (360, 320, 3)
    assert not np.array_equal(made(), made("--aligned"))


def test_a_model_draws(photo, tiny_sketcher, tmp_path):
    images.write(tmp_path / "person.png", photo)
    images.write(tmp_path / "wall.png", np.full((90, 90, 3), 120, np.uint8))
    arguments = ["--style", "model", "--model", tiny_sketcher, "--size", "80"]
    done = limner("sketch", "person.png", "wall.png", "-o", "out", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "wall.png" in said
    assert "if no face is found: --aligned" in said
    assert "--eyes" not in said
    drawn = images.read(tmp_path / "out" / "person.png", grey=True)
    assert drawn.shape == (80, 80)
    assert images.read(tmp_path / "out" / "person.png").std(axis=2).max() == 0


def test_a_model_that_draws_makes_no_photos(drawing, tmp_path):
    done = limner("photo", drawing, "-o", tmp_path / "a.png", "--model", "draughtsman")
    assert done.returncode == 2
    assert b"'draughtsman' is photo-to-sketch; name one that is sketch-to-photo" in done.stderr
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize("option", ["--model", "--better"])
def test_the_studio_refuses_a_model_that_draws_before_it_prints_an_address(option):
    done = limner("studio", "--no-open", "--port", "0", option, "draughtsman", timeout=60)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"'draughtsman' is photo-to-sketch" in done.stderr


def test_stdin_to_stdout(drawing, tiny_model):
    done = limner("photo", "-", "-o", "-", "--model", tiny_model, stdin=drawing.read_bytes())
    assert images.read(done.stdout).shape == (32, 32, 3)


def test_two_pictures_of_one_stem_are_both_done(tmp_path):
    for name in ("a.jpg", "a.png", "._a.png"):
        images.write(tmp_path / "in" / name, np.full((32, 32, 3), 200, np.uint8))
    (tmp_path / "in" / "b.pdf").write_bytes(b"%PDF-1.7")
    done = limner("sketch", "in", "-o", "out", "--style", "line", cwd=tmp_path)
    assert done.returncode == 0
    assert b"in/a.jpg becomes out/a.jpg.png, in/a.png becomes out/a.png.png" in done.stderr
    assert b"skipped in in: 1 .pdf (PDF document): " in done.stderr
    assert done.stderr.count(b"\n") == 3  # and how many are done
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.jpg.png", "a.png.png"}


def test_a_closed_pipe_gives_one_line(drawing):
    command = [sys.executable, "-m", "limner", "sketch", str(drawing), "-o", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        complaint = process.stderr.read()
    assert process.returncode == 1
    assert b"limner: stdout: cannot write it (Broken pipe)" in complaint
    assert b"Traceback" not in complaint


def test_failures_are_listed_and_give_exit_code_1(drawing, tiny_model, tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(drawing, tmp_path / "in" / "good.jpg")
    (tmp_path / "in" / "empty.png").write_bytes(b"")
    images.write(tmp_path / "in" / "blank.png", np.full((200, 200, 3), 255, np.uint8))
    images.write(tmp_path / "in" / "one.png", np.zeros((1, 1, 3), np.uint8))
    done = limner("photo", tmp_path / "in", "-o", tmp_path / "out", "--model", tiny_model)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["good.png"]
    assert len(lines) == 5
    assert re.search(r"no face found in \S+blank\.png, upright or turned by 90°", lines[0])
    assert "eye" not in lines[0]  # the advice follows once, for all pictures
    assert "empty.png: empty (0 bytes)" in lines[1]
    assert "one.png" in lines[2]
    assert "--eyes X1,Y1,X2,Y2" in lines[3]
    assert "--aligned" in lines[3]
    assert lines[4] == "1 of 4 done"


def test_changes_to_a_page_are_reported_once(portrait_drawing, tiny_model, tmp_path):
    drawing = portrait_drawing
    images.write(tmp_path / "page.png", 255 - drawing[::-1, ::-1])
    images.write(tmp_path / "drawing.png", drawing)

    def made(*options):
        done = limner(
            *("photo", "page.png", "-o", "out.png", "--model", tiny_model, *options), cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return images.read(tmp_path / "out.png").astype(int), done.stderr.decode()

    from_page, said = made()
    assert said == "page.png: turned by 180°, inverted\n"
    left, said = made("--clean", "off")
    assert "inverted" not in said
    limner("photo", "drawing.png", "-o", "out.png", "--model", tiny_model, cwd=tmp_path)
    clean = images.read(tmp_path / "out.png").astype(int)
    assert np.abs(from_page - clean).mean() < np.abs(left - clean).mean() / 3


def test_faces_that_are_left_out_are_mentioned(portrait_drawing, tiny_model, tmp_path):
    drawing = portrait_drawing
    images.write(tmp_path / "two.png", np.concatenate([drawing, drawing[:, ::-1]], axis=1))
    arguments = ("photo", "two.png", "-o", "out/two.png", "--model", tiny_model)
    said = limner(*arguments, cwd=tmp_path).stderr.decode().splitlines()
    assert said == [
        "two.png: the largest of 2 faces",
        "limner: --face all makes a photo of each face",
    ]
    assert limner(*arguments, "--face", "all", cwd=tmp_path).stderr == b""


def test_advice_fits_what_was_given(drawing, tiny_model, tmp_path):
    arguments = ("photo", drawing, "-o", tmp_path / "a.png", "--model", tiny_model)
    done = limner(*arguments, "--eyes", "100,100,110,100")
    assert done.returncode == 1
    [line] = done.stderr.decode().splitlines()
    assert line.endswith("10 px apart; the minimum is 20, so use a larger picture")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "drawing.jpg",
            "did you mean: limner photo drawing.jpg -o photo.png",
        ),
        (
            "drawings",
            "did you mean: limner photo drawings -o photos",
        ),
    ],
)
def test_a_picture_instead_of_a_command(given, said, tmp_path):
    (tmp_path / "drawing.jpg").touch()
    (tmp_path / "drawings").mkdir()
    done = limner(given, cwd=tmp_path)
    assert (done.returncode, done.stderr.decode()) == (
        2,
        f"limner: there is no command '{given}'; {said}\n",
    )


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--size", "5", "it is 5; expected at least 16"),
        ("--size", "5000", "it is 5000; expected at most 4096"),
        ("--size", "big", "it is big; expected a whole number"),
        ("--faithful", "2", "it is 2; expected at most 1"),
        ("--clean", "on", "'on' is not one of 'auto', 'off'"),
    ],
)
def test_values_out_of_range_say_what_is_expected(option, value, said):
    done = limner(
        "photo", "a.png", "-o", "b.png", option, value, env=os.environ | {"COLUMNS": "200"}
    )
    assert done.returncode == 2
    told = done.stderr.decode()
    assert f"'{option}': {said}" in told
    assert "Value error" not in told


def test_an_address_instead_of_a_file(tmp_path):
    done = limner("photo", "https://example.org/a.png", "-o", tmp_path)
    assert done.returncode == 2
    assert b"https://example.org/a.png is an address, not a file; download it first" in done.stderr


def test_changes_to_many_pages_are_summarised(portrait_drawing, tiny_model, tmp_path):
    page = portrait_drawing[::-1, ::-1]
    for number in range(21):
        images.write(tmp_path / "in" / f"{number}.png", np.roll(page, number, axis=1))
    done = limner("photo", "in", "-o", "out", "--model", tiny_model, cwd=tmp_path)
    lines = done.stderr.decode().splitlines()
    assert lines == ["notes on 21 pages: turned by 180° 21 times", "21 of 21 done"]


def test_given_eye_corners_are_used(drawing, tiny_model, tmp_path):
    from limner.faces import DlibDetector

    [face] = DlibDetector()(images.read(drawing))
    eyes = ",".join(f"{value:.3f}" for value in face.eyes.ravel())
    for name, options in (("found", []), ("marked", ["--eyes", eyes])):
        done = limner(
            *("photo", drawing, "-o", tmp_path / f"{name}.png", "--model", tiny_model, *options)
        )
        assert done.returncode == 0, done.stderr
    found, marked = (images.read(tmp_path / f"{n}.png").astype(int) for n in ("found", "marked"))
    assert np.abs(found - marked).max() <= 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["photo"],
        ["photo", "a.png"],
        ["photo", "a.png", "-o", "out", "--face", "some"],
        ["photo", "a.png", "-o", "out", "--size", "1"],
        ["photo", "a.png", "-o", "out", "--aligned", "--face", "all"],
        ["photo", "a.png", "-o", "out", "--paste-back", "--size", "64"],
        ["photo", "a.png", "-o", "out", "--clean", "maybe"],
        ["photo", "a.png", "-o", "out", "--eyes", "1,2,3"],
        ["photo", "a.png", "-o", "out", "--eyes", "1,2,3,left"],
        ["photo", "a.png", "b.png", "-o", "out", "--eyes", "1,2,3,4"],
        ["photo", "a.png", "-o", "out", "--eyes", "1,2,3,4", "--aligned"],
        ["photo", "a.png", "-o", "out", "--eyes", "1,2,3,4", "--face", "all"],
        ["photo", "no*such", "-o", "out"],
        ["sketch", "a.png", "-o", "out", "--style", "crayon"],
        ["sketch", "a.png", "-o", "out", "--size", "64"],
        ["sketch", "a.png", "-o", "out", "--style", "model", "--seed", "1"],
        ["train", "nosuch", "run"],
        ["train", "pix2pix", "run"],
        ["nosuch"],
    ],
)
def test_a_usage_error_gives_a_message_and_exit_code_2(arguments, tmp_path):
    done = limner(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr
    assert b"Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--aligned"], "--aligned is only for the style 'model', and the style is 'line'"),
        (["--size", "64"], "--size is only for the style 'model', and the style is 'line'"),
    ],
)
def test_messages_name_options_as_they_are_typed(options, said, tmp_path):
    done = limner("sketch", "a.png", "-o", "out", "--style", "line", *options, cwd=tmp_path)
    assert said in done.stderr.decode()


def test_a_wrong_model_gives_one_line(drawing, tmp_path):
    done = limner("photo", drawing, "-o", tmp_path, "--model", drawing)
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert b"not an ONNX model" in done.stderr


def test_a_full_disk_leaves_nothing_half_written(drawing, tmp_path):
    """A file-size limit makes writes fail midway, as a full disk does."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000));"
        "from limner.cli import main; sys.argv[0] = 'limner'; main()"
    )
    arguments = ["sketch", drawing, "-o", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"cannot write it (File too large)" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert list((tmp_path / "out").iterdir()) == []


def test_results_are_complete_after_ctrl_c(photo, tmp_path):
    large = images.encode(np.tile(photo, (3, 3, 1)))
    (tmp_path / "in").mkdir()
    for number in range(40):
        (tmp_path / "in" / f"{number:02}.png").write_bytes(large)
    command = [sys.executable, "-m", "limner", "sketch", "in", "-o", "out"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/*.png")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    done = list((tmp_path / "out").iterdir())
    assert process.returncode == 130
    assert b"interrupted" in complaint
    assert b"Traceback" not in complaint
    assert 1 <= len(done) < 40
    assert {p.suffix for p in done} == {".png"}
    assert all(images.read(p).shape == (1536, 1536, 3) for p in done)


def test_from_photos_to_your_own_model(person, tmp_path):
    for number in range(4):
        images.write(tmp_path / "photos" / f"{number}.jpg", person(number))
    settings = {
        "data": "set",
        "size": 32,
        "generator.width": 2,
        "generator.depth": 2,
        "discriminator.width": 2,
        "discriminator.strides": 1,
        "images": 8,
        "batch": 4,
        "save_every": 8,
        "threads": 1,
    }
    options = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    said = {}
    for arguments in (
        ["prepare", "photos", "set", "--size", "40", "--held-out", "0.5"],
        ["data", "report", "set"],
        ["train", "pix2pix", "run", *options],
        ["train", "pix2pix", "run", "--set", "images=12"],
        ["plot", "run"],
        ["export", "run", "mine.onnx"],
        ["photo", "photos/0.jpg", "-o", "made.png", "--model", "mine.onnx"],
    ):
        done = limner(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr.decode()
        said[arguments[0]] = done.stdout.decode()
    assert "snapshot after 12 images is the best of 2: Identity distance" in said["train"] or (
        "snapshot after 8 images is the best of 2: Identity distance" in said["train"]
    )
    assert said["export"].splitlines()[0] in said["train"]
    assert "from sketched photos" in (tmp_path / "run" / "report.html").read_text()
    assert images.read(tmp_path / "made.png").shape == (32, 32, 3)
    assert json.loads((tmp_path / "set" / "report.json").read_text())["photos"] == 4
    refused = limner("train", "pix2pix", "run", "--set", "lr=1", cwd=tmp_path)
    assert refused.returncode == 1
    assert b"lr (0.0003 there, 1.0 now)" in refused.stderr


def test_a_recipe_from_windows_and_half_a_celeba_are_prepared_with_a_warning(person, tmp_path):
    for number in (1, 2):
        folder = tmp_path / "celeba" / "img_align_celeba" / "img_align_celeba"
        images.write(folder / f"{number:06}.jpg", person(number))
    rows = [f"{number:06}.jpg,{number % 2}" for number in (1, 2, 3)]
    table = "\r\n".join(["\ufeffimage_id,Smiling", *rows, ""])
    (tmp_path / "celeba" / "list_attr_celeba.csv").write_bytes(table.encode())
    part = ["[[parts]]", 'source = "celeba"', 'path = "celeba"', "count = 1"]
    recipe = "\r\n".join(["\ufeffsize = 32", *part, 'style = "study"', *part, ""])
    (tmp_path / "mine.toml").write_bytes(recipe.encode())
    done = limner("prepare", "mine.toml", "set", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"2 faces in set")
    [warning] = [line for line in done.stderr.decode().splitlines() if "warning" in line.lower()]
    assert warning == (
        "limner: warning: celeba: 1 of 3 rows of list_attr_celeba.csv without a picture in "
        "img_align_celeba/, left out; the first is 000003.jpg"
    )
    assert limner("data", "report", "set", cwd=tmp_path).returncode == 0
    assert warning.partition("celeba: ")[2] in (tmp_path / "set" / "report.html").read_text()


def test_models_are_listed():
    done = limner("models")
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "draughtsman (default of limner sketch --style model): photo to sketch",
        "lifelike: sketch to photo",
        "portrait (default of limner photo): sketch to photo",
    ]
    assert ["takes colour hints" in line for line in lines] == [False, True, True]
    assert all("images seen in its last run" in line for line in lines)
    assert " 128 px, 1.7 MB, " in lines[0]
    assert " 128 px, takes colour hints, 6.8 MB, " in lines[1]
    assert re.search(r" 256 px, takes colour hints, 6\.[78] MB, ", lines[2])


def test_every_command_shows_an_example():
    commands = [command.callback.__name__ for command in cli.app.registered_commands]
    assert commands == [
        *("photo", "sketch", "prepare", "train", "plot", "export", "average"),
        *("measure", "compare", "study", "studio", "models"),
    ]
    for command in cli.app.registered_commands:
        assert f"limner {command.callback.__name__}" in command.callback.__doc__ or (
            command.callback.__name__ in ("export", "models")
        )
