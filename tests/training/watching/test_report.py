import base64
import json
import re
import shutil

import numpy as np
import pytest

from limner import images
from limner.errors import RunError
from limner.training.run import RunFolder
from limner.training.watching.report import write_report


@pytest.fixture
def copy(tmp_path):
    """A copy of a run, to be changed."""
    return lambda run, name="run": shutil.copytree(run, tmp_path / name)


def page_of(run):
    return write_report(run).read_text(encoding="utf-8")


def words_of(page):
    """What is read: no tags, no style, no diagrams."""
    shown = re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(shown.split())


def note(run, name, lines):
    (run / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def long_run(run, count=60):
    """Notes as of a longer run than the one that is there."""
    lines = [
        {
            "images": 400 * n,
            "rate": 20.0,
            "lr": 2e-4,
            "adversarial_photo": 2.0 * 0.9**n,
            "score_real_photo": 0.98,
            "score_made_photo": 0.02,
        }
        for n in range(1, count + 1)
    ]
    note(run, "stats", lines)


def test_a_page_is_one_file_that_loads_and_runs_nothing(finished_run_of):
    for objective in ("pix2pix", "cyclegan", "hybrid", "draughtsman"):
        page = page_of(finished_run_of(objective))
        assert "<script" not in page
        assert not re.search(r"(?:src|href)=\"(?!data:|#)|url\((?!#)|@import", page)
        assert "#0a0b" not in page  # every colour is the page's
        assert page.count("<svg") >= 8


def test_the_same_run_gives_the_same_bytes(finished_run):
    assert page_of(finished_run) == page_of(finished_run)


def test_it_says_where_the_run_stands_and_what_to_export(finished_run, copy):
    words = words_of(page_of(finished_run))
    assert "experiment tiny, objective pix2pix" in words
    assert "24 of 24 images seen" in words or "of 24 images seen 24" in words
    assert "came to its end after 24 images" in words
    assert f"To export: {RunFolder(finished_run).choose().why}." in words
    assert "the monitors said nothing" in words
    half = copy(finished_run)
    lines = (half / "stats.jsonl").read_text().splitlines(keepends=True)
    (half / "stats.jsonl").write_text("".join(lines[:-1]))
    assert "stands at 16 of 24 images" in words_of(page_of(half))


def test_a_run_that_patience_ended_says_so(finished_run, copy):
    run = copy(finished_run)
    config = json.loads((run / "config.json").read_text()) | {"images": 1000, "patience": 8}
    (run / "config.json").write_text(json.dumps(config))
    scores = [{"images": n, "l1": 0.5, "each": {"l1": [0.5, 0.5]}} for n in (16, 24)]
    note(run, "scores", scores)
    assert "ended after 24 of 1,000 images: the last 8 brought no better" in words_of(page_of(run))


def test_curves_are_there_with_their_marks(finished_run_of):
    page = page_of(finished_run_of("hybrid"))
    labels = re.findall(r'aria-label="([^"]+)"', page)
    for title in ("Adversarial", "Cycle", "L1", "Features"):
        assert any(label.startswith(f"Generators, {title}: ") for label in labels), title
    for title in ("Loss", "Scores of pairs", "Scores of photos", "Scores of sketches"):
        assert any(label.startswith(f"Discriminators, {title}: ") for label in labels), title
    assert any(label.startswith("Pace, Learning rate: 0.0002 to 0") for label in labels)
    assert "dashed: 0 for made and 1 for real, which is certainty" in words_of(page)


def test_what_falls_far_has_a_logarithmic_scale(finished_run, copy):
    run = copy(finished_run)
    long_run(run, 60)
    assert "for real, of photos; logarithmic" in words_of(page_of(run))
    long_run(run, 6)
    assert "logarithmic" not in words_of(page_of(run))


def test_warnings_are_told_and_whether_they_still_hold(finished_run, copy):
    run = copy(finished_run)
    long_run(run)
    said = {"images": 8000, "monitor": "discriminator won", "about": "photo", "text": "it <won>"}
    past = {"images": 400, "monitor": "collapse", "about": "photo", "text": "it collapsed"}
    note(run, "warnings", [past, said])
    # The generator of these notes catches up, so that nothing is wrong at the end.
    page = page_of(run)
    assert "After 8,000 images it &lt;won&gt;. It had passed by the end." in page
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    note(run, "stats", [line | {"adversarial_photo": 0.5} for line in lines])
    page = page_of(run)
    assert "After 8,000 images it &lt;won&gt;. Still so at the end." in page
    assert "After 400 images it collapsed. It had passed by the end." in page
    assert page.count('<li class="look">') == 1
    assert "a monitor raised a warning after 8,000 images" in words_of(page)
    assert "monitors said nothing" not in page


def test_snapshots_are_listed_with_how_far_they_are_behind(finished_run, copy):
    run = copy(finished_run)
    hard = np.linspace(0.2, 0.8, 20)
    scores = []
    for seen, shift in ((16, 0.1), (24, 0.0)):
        each = {"identity": (hard + shift).tolist(), "l1": (hard / 2).tolist()}
        means = {name: float(np.mean(one)) for name, one in each.items()}
        scores.append({"images": seen, **means, "each": each})
    note(run, "scores", scores)
    words = words_of(page_of(run))
    assert "16 0.6000 0.2500 0.1000 ± 0.0000 worse 24 0.5000 0.2500" in words
    assert re.search(r"24 0\.5000 0\.2500 \S best ", words)


def test_pictures_over_time_are_those_of_the_grids(finished_run_of, finished_run):
    # 2 held-out photos: input, three times, and truth.
    pictures = re.findall(r'<img src="data:image/webp;base64,([^"]+)"', page_of(finished_run))
    assert len(pictures) == len(set(pictures)) == 2 * 5
    shown = [images.read(base64.b64decode(picture), name="shown") for picture in pictures]
    last = images.read(finished_run / "grids" / "000000024.png").astype(int)
    for row, step in ((0, 0), (3, 1), (4, 2)):  # input, the last time, and truth
        cell = last[2 + 34 * step : 34 * (step + 1), 36:68]
        assert np.abs(shown[2 * row + 1] - cell).mean() < 6
    words = words_of(page_of(finished_run))
    assert "From photos, sketched by limner input 8 16 24 truth" in words
    words = words_of(page_of(finished_run_of("cyclegan")))
    assert "From sketches of the set input 8 16 24 and back From photos of the set" in words


def test_a_run_of_an_earlier_version_has_a_page_too(finished_run, copy):
    run = copy(finished_run)
    for name in ("grid.json", "scores.jsonl"):
        (run / name).unlink()
    words = words_of(page_of(run))
    assert "Pictures over time" not in words
    assert "the last; none was scored" in words


def test_grids_of_another_layout_are_left_out(finished_run, copy):
    run = copy(finished_run)
    images.write(run / "grids" / "000000008.png", np.zeros((50, 70, 3), np.uint8))
    assert "limner input 16 24 truth" in words_of(page_of(run))


def test_a_run_that_has_noted_nothing_has_a_page(finished_run, tmp_path):
    run = tmp_path / "new"
    run.mkdir()
    shutil.copy(finished_run / "config.json", run)
    assert "stands at 0 of 24 images; nothing was noted yet" in words_of(page_of(run))


def test_what_is_no_run_or_damaged_is_named(finished_run, copy, tmp_path):
    with pytest.raises(RunError, match="holds no training run"):
        write_report(tmp_path)
    run = copy(finished_run)
    (run / "grids" / "000000016.png").write_bytes(b"nothing")
    with pytest.raises(RunError, match=r"000000016\.png.*remove it"):
        write_report(run)
    assert not (run / "report.html").exists() or (run / "report.html").read_bytes()


def test_settings_that_are_no_defaults_stand_out(finished_run):
    page = page_of(finished_run)
    changed = re.findall(r'class="changed"><dt>(\w+)</dt><dd>([^<]+)<', page)
    assert ("size", "32") in changed
    assert ("width", "4") in changed
    assert "seed" not in dict(changed)
