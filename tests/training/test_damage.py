"""Full disks, and run folders that are damaged or from elsewhere."""

import contextlib
import dataclasses
import io
import json
import os
import pickle
import random
import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from limner import cli, export
from limner.errors import LimnerError, ModelError, OutputError, RunError
from limner.training.config import Config
from limner.training.loop import train
from limner.training.objectives.pix2pix import Pix2Pix
from limner.training.run import FREE, KEY, RunFolder, fixed_settings, read_jsonl
from limner.training.watching.monitors import troubles
from limner.training.watching.report import write_report

from .test_loop import assert_same_run, same_state

PADDING = {"images": 8, "padding": 1.0}


@pytest.fixture(scope="module")
def stopped(tiny, tmp_path_factory):
    """A run that has seen 16 of 24 images."""
    path = tmp_path_factory.mktemp("runs") / "stopped"
    train(dataclasses.replace(tiny, images=16), path)
    return path


@pytest.fixture
def copy(stopped, tmp_path):
    return Path(shutil.copytree(stopped, tmp_path / "run"))


def everything(path):
    return {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}


@contextlib.contextmanager
def refused(*words, kind=LimnerError):
    """An error of one line that contains these words."""
    with pytest.raises(kind) as caught:
        yield
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    assert all(word in text for word in words), text


def changed(data, rng):
    """The data with a few bytes changed."""
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 30])):
        damaged[rng.randrange(len(data))] ^= rng.randrange(1, 256)
    return bytes(damaged)


def cuts(data, rng, count):
    lengths = [0, 1, 2, 10, 100, len(data) - 1, len(data) - 22]
    return [data[:n] for n in lengths + [rng.randrange(len(data)) for _ in range(count)]]


# A full disk.


@pytest.mark.parametrize("file", ["state.pt", "snapshot-000000016", "000000016.png"])
def test_no_room_for_a_file_leaves_the_last_state_to_go_on_from(
    tiny, finished_run, tmp_path, monkeypatch, file
):
    [whole] = [size for name, size in sizes(finished_run).items() if file in name]
    words = out_of_room(tiny, tmp_path, monkeypatch, lambda run: whole - 1)
    assert file in words
    train(tiny, tmp_path)
    assert_same_run(tmp_path, finished_run)


@pytest.mark.parametrize("file", ["stats.jsonl", "scores.jsonl"])
def test_no_room_for_a_line_leaves_no_half_of_it(tiny, finished_run, tmp_path, monkeypatch, file):
    def pad(run):
        """Make it the longest file, so that it is the first to exceed the limit."""
        with (run / file).open("a") as lines:
            lines.write((json.dumps(PADDING) + "\n") * 10_000)
        return (run / file).stat().st_size + 20

    words = out_of_room(tiny, tmp_path, monkeypatch, pad)
    assert file in words
    assert (tmp_path / file).read_text().endswith(json.dumps(PADDING) + "\n")
    train(tiny, tmp_path)
    lines = (tmp_path / file).read_text().splitlines(keepends=True)
    (tmp_path / file).write_text("".join(one for one in lines if "padding" not in one))
    assert_same_run(tmp_path, finished_run)


def out_of_room(config, path, monkeypatch, limit_of):
    """Train; after the checkpoint at 8 images, `limit_of` the folder limits the size of files.

    Returns:
        The error message.
    """
    resource = pytest.importorskip("resource")
    step, steps, state = Pix2Pix.step, [], []
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited_step(self, *args, **kwargs):
        steps.append(1)
        if len(steps) == 3:
            state.append((path / "state.pt").read_bytes())
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_of(path), unlimited[1]))
        return step(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Pix2Pix, "step", limited_step)
        try:
            with pytest.raises(OutputError) as caught:
                train(config, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert (path / "state.pt").read_bytes() == state[0]
    assert not list(path.rglob("*.part"))
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def sizes(path):
    return {file.name: len(data) for file, data in everything(path).items()}


def test_a_line_that_was_cut_short_does_not_stop_a_run(tiny, finished_run, tmp_path, monkeypatch):
    step, steps = Pix2Pix.step, []

    def step_then_die(self, *args, **kwargs):
        steps.append(1)
        if len(steps) == 4:
            raise ZeroDivisionError
        return step(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Pix2Pix, "step", step_then_die)
        with pytest.raises(ZeroDivisionError):
            train(tiny, tmp_path)
    for name in ("stats.jsonl", "scores.jsonl", "warnings.jsonl"):
        with (tmp_path / name).open("ab") as file:
            file.write(b'{"images": 12, "l1": 0.\xff\0\0')
    train(tiny, tmp_path)
    assert_same_run(tmp_path, finished_run)


# Checkpoints.


def test_no_damaged_state_goes_on(stopped, tmp_path):
    whole, rng, run = (stopped / "state.pt").read_bytes(), random.Random(0), RunFolder(tmp_path)
    good, harmless = RunFolder(stopped).load_state(), 0
    for data in cuts(whole, rng, 20) + [changed(whole, rng) for _ in range(100)]:
        run.state_path.write_bytes(data)
        try:
            with refused(str(run.state_path), "remove it", kind=RunError):
                run.load_state()
        except pytest.fail.Exception:  # only unused bytes were changed
            assert same_state(run.load_state(), good)
            harmless += 1
    assert harmless < 10


@pytest.mark.parametrize(
    "change",
    [
        lambda state: [1, 2],
        lambda state: torch.zeros(3),
        lambda state: {},
        lambda state: state | {"format": 99},
        lambda state: state | {"images": "16"},
        lambda state: state | {"images": -4},
        lambda state: state | {"how": 3},
        lambda state: state | {"objective": {}},
        lambda state: state | {"average": {"sketch-to-photo": [1]}},
        lambda state: state | {"config": state["config"] | {"lr": 0.5}},
        lambda state: {key: value for key, value in state.items() if key != "objective"},
        lambda state: {"networks": state["objective"]},
    ],
)
def test_a_foreign_state_is_refused_and_left_alone(tiny, copy, change):
    state = change(RunFolder(copy).load_state())
    torch.save(state, copy / "state.pt")
    before = everything(copy)
    with refused(str(copy / "state.pt"), kind=RunError):
        train(tiny, copy)
    assert everything(copy) == before


def test_the_state_of_another_run_is_refused_even_if_its_networks_fit(tiny, copy, tmp_path):
    other = dataclasses.replace(tiny, lr=1e-3, images=8)
    train(other, tmp_path / "other")
    shutil.copy(tmp_path / "other" / "state.pt", copy)
    with refused("state.pt", "lr (0.001 there, 0.0002 now)", kind=RunError):
        train(tiny, copy)
    (copy / "config.json").unlink()  # the check does not need it
    with refused("state.pt", "lr (0.001 there, 0.0002 now)", kind=RunError):
        train(tiny, copy)


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("dump", [torch.save, pickle.dump, "in a list"])
def test_a_state_runs_no_code(tiny, copy, tmp_path, dump):
    buffer = io.BytesIO()
    evil = Evil(str(tmp_path / "executed"))
    if dump == "in a list":
        torch.save(RunFolder(copy).load_state() | {"how": [evil]}, buffer)
    else:
        dump(evil, buffer)
    (copy / "state.pt").write_bytes(buffer.getvalue())
    with refused("state.pt", "remove it", kind=RunError):
        train(tiny, copy)
    assert not (tmp_path / "executed").exists()


# Configs.

STRANGE = [None, True, -1, 0, 3, 2.5, 10**30, -(10**30), float("nan"), float("inf"), 1e308, "", "x"]
STRANGE += ["a\nb", [], [1], [[1, 2]], {}, {"kind": "unet"}, {"kind": ["unet"]}, {"a": 1}]


def places(values, above=()):
    for name, value in values.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from places(value, (*above, name))


def test_no_config_with_a_wrong_value_is_taken(tiny, stopped, tmp_path):
    run = RunFolder(tmp_path)
    shutil.copy(stopped / "state.pt", tmp_path)
    refusals = []
    for place in places(tiny.to_dict()):
        for strange in STRANGE:
            values = tiny.to_dict()
            *above, last = place
            inside = values
            for name in above:
                inside = inside[name]
            inside[last] = strange
            (tmp_path / "config.json").write_text(json.dumps(values))
            try:
                config = run.config()
            except RunError as error:
                refusals.append(str(error))
                continue
            assert Config.from_dict(config.to_dict()) == config
            if fixed_settings(config) != fixed_settings(tiny):
                with refused("other settings", place[0], kind=RunError):
                    run.check(tiny)
            else:
                assert place[0] in FREE or config == tiny
    assert len(refusals) > 500
    assert all(text.startswith(f"{tmp_path / 'config.json'} is damaged") for text in refusals)
    assert all(len(text.splitlines()) == 1 for text in refusals)


def test_a_config_is_no_way_round_the_settings_of_a_state(tiny, copy):
    """The command line takes the settings of a run from its folder."""
    values = tiny.to_dict() | {"lr": 0.0003}
    (copy / "config.json").write_text(json.dumps(values))
    before = everything(copy)
    with refused("state.pt", "lr (0.0002 there, 0.0003 now)", kind=RunError):
        train(RunFolder(copy).config(), copy)
    assert everything(copy) == before


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not JSON"),
        ('{"experiment": "tiny", "si', "not JSON"),
        ("[1, 2]", "it must be a table"),
        ("7", "it must be a table"),
        ("[" * 100_000, "not JSON"),
        ("9" * 5_000, "not JSON"),
        ("\ufeff{}", "not JSON"),
        ("{}", "experiment is missing"),
        ('{"experiment": "tiny", "brush": 3}', "'brush' is not a setting of limner"),
        ('{"experiment": "tiny", "generator": {"kind": "diffusion"}}', "choose from unet, resnet"),
    ],
)
def test_a_config_that_is_none_is_refused(tiny, copy, text, word):
    (copy / "config.json").write_text(text, encoding="utf-8")
    before = everything(copy)
    for use in (lambda: train(tiny, copy), lambda: write_report(copy)):
        with refused(str(copy / "config.json"), word, kind=RunError):
            use()
    assert everything(copy) == before
    (copy / "config.json").unlink()  # as the message says
    train(tiny, copy)
    assert RunFolder(copy).config() == tiny


# Snapshots.


@pytest.fixture
def never_exported(monkeypatch):
    monkeypatch.setattr(export, "to_onnx", lambda *args, **kwargs: pytest.fail("exported"))


@pytest.mark.usefixtures("never_exported")
def test_no_damaged_snapshot_is_exported(stopped, tmp_path):
    whole, rng = RunFolder(stopped).snapshots()[-1].read_bytes(), random.Random(0)
    file = tmp_path / "snapshot-000000016.safetensors"
    for data in cuts(whole, rng, 10) + [changed(whole, rng) for _ in range(80)]:
        file.write_bytes(data)
        with refused(str(file), "export another", kind=ModelError):
            export.export(file, tmp_path / "m.onnx")
        with refused(str(file), "export another", kind=ModelError):
            export.export(tmp_path, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.usefixtures("never_exported")
@pytest.mark.parametrize(
    "about",
    [
        {},
        {KEY: "{"},
        {KEY: "[1]"},
        {KEY: "{}"},
        {KEY: '{"config": 1, "images": 1, "preprocessing": 1, "sources": 1}'},
        {KEY: '{"config": {"experiment": "x", "size": 1e30}, "images": 8}'},
        {KEY: "[" * 50_000},
    ],
)
def test_a_foreign_snapshot_is_refused(tmp_path, about):
    file = tmp_path / "snapshot-000000008.safetensors"
    file.write_bytes(save({"sketch-to-photo.weight": torch.zeros(3)}, about))
    with refused(str(file), kind=ModelError):
        export.export(tmp_path, tmp_path / "m.onnx")


def test_files_with_names_of_no_snapshot_are_none(stopped, copy):
    for name in ("snapshot-0best.safetensors", "snapshot-1 (copy).safetensors"):
        (copy / name).write_bytes(b"x")
    (copy / "grids" / "0x.png").write_bytes(b"x")
    assert RunFolder(copy).choose().snapshot.name == RunFolder(stopped).choose().snapshot.name
    write_report(copy)


# Logs.


def test_lines_that_are_not_as_they_were_written_count_for_nothing(tmp_path):
    good = {"images": 8, "l1": 0.5, "each": {"l1": [0.4, 0.6]}}
    bad = [
        *("[1]", "7", "null", "{}", '{"images": "8"}', '{"images": -8}', '{"images": true}'),
        *('{"images": 8, "l1": "x"}', '{"images": 8, "l1": NaN}', '{"images": 8, "l1": 1e999}'),
        *('{"images": 8, "l1": 1, "each": 3}', '{"images": 8, "l1": 1, "each": {"l1": []}}'),
        *('{"images": 8, "l1": 1, "each": {"l2": [1]}}', '{"images": 8, "text": "x"}'),
        *('{"images": 8, "l1": 1, "each": {"l1": ["x"]}}', "[" * 50_000, "9" * 5_000, "\0\0"),
    ]
    (tmp_path / "scores.jsonl").write_text("\n".join([*bad, json.dumps(good), *bad]))
    assert read_jsonl(tmp_path / "scores.jsonl") == [good]


@pytest.mark.parametrize("name", ["stats.jsonl", "scores.jsonl", "grid.json"])
def test_damaged_notes_stop_no_page_and_no_run(tiny, copy, name):
    file, rng = copy / name, random.Random(0)
    whole = file.read_bytes()
    for data in [changed(whole, rng) for _ in range(4)] + [whole[: len(whole) // 2], b"\xff\xfe"]:
        file.write_bytes(data)
        with contextlib.suppress(LimnerError):
            write_report(copy)
        with contextlib.suppress(LimnerError):
            RunFolder(copy).choose()
    train(tiny, copy)
    assert RunFolder(copy).load_state()["images"] == 24


@pytest.mark.parametrize(
    "change",
    [
        {"columns": 0},
        {"side": -32, "gap": 30},
        {"gap": -2},
        {"side": "wide"},
        {"blocks": []},
        {"blocks": [{"title": "x", "pictures": 0, "steps": ["input", "made"]}]},
        {"blocks": [{"title": "x", "pictures": 10**12, "steps": ["input", "made"]}]},
        {"blocks": [{"title": "x", "pictures": 2, "steps": []}]},
        {"blocks": 7},
    ],
)
def test_a_layout_of_no_grid_shows_none(copy, change):
    layout = json.loads((copy / "grid.json").read_text())
    assert "Images over time" in write_report(copy).read_text()
    (copy / "grid.json").write_text(json.dumps(layout | change))
    assert "Images over time" not in write_report(copy).read_text()


@pytest.mark.parametrize("name", ["rate", "adversarial", "score_made", "discriminator", "lr"])
def test_a_line_may_lack_a_term(tiny, copy, name):
    lines = [json.loads(line) for line in (copy / "stats.jsonl").read_text().splitlines()]
    kept = [{key: value for key, value in line.items() if key != name} for line in lines]
    (copy / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in kept))
    write_report(copy)
    assert troubles(kept * 40, tiny) == []
    train(tiny, copy)


# All of it on the command line.


@pytest.mark.parametrize(
    ("damage", "command", "words"),
    [
        ("config.json", "train tiny {run}", "config.json is damaged"),
        ("config.json", "plot {run}", "config.json is damaged"),
        ("state.pt", "train tiny {run} --set images=24", "state.pt cannot be read"),
        ("snapshot-000000016.safetensors", "export {run} {run}/m.onnx", "16.safetensors is dama"),
        ("grids/000000016.png", "plot {run}", "000000016.png"),
        ("", "train tiny {run} --set images=24 --set lr=1", "other settings: lr"),
        ("", "train pix2pix {run}", "is a run of 'tiny'"),
        ("", "export {run}/grids {run}/m.onnx", "contains no snapshot"),
        ("", "plot {run}/grids", "is not a run folder"),
    ],
)
def test_the_command_line_says_it_in_one_line(copy, monkeypatch, capsys, damage, command, words):
    if damage:
        (copy / damage).write_bytes((copy / damage).read_bytes()[:50])
    before = everything(copy)
    monkeypatch.setattr(sys, "argv", ["limner", *command.format(run=copy).split()])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code in (1, 2)
    said = capsys.readouterr().err
    assert said.startswith("limner: ")
    assert words in said
    assert said.count("\n") == 1
    assert everything(copy) == before
