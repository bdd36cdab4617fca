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
    """Makes a copy of a run, to be changed."""
    return lambda run, name="run": shutil.copytree(run, tmp_path / name)


def page_of(run):
    return write_report(run).read_text(encoding="utf-8")


def words_of(page):
    """The text of a page without tags, style and diagrams."""
    shown = re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(shown.split())


def note(run, name, lines):
    (run / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def long_run(run, count=60):
    """Replace the log by that of a longer run."""
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
    assert "The run is complete, after 24 images" in words
    assert f"To export: {RunFolder(finished_run).choose().why}." in words
    assert "No warnings: no discriminator won" in words
    half = copy(finished_run)
    lines = (half / "stats.jsonl").read_text().splitlines(keepends=True)
    (half / "stats.jsonl").write_text("".join(lines[:-1]))
    assert "has seen 16 of 24 images" in words_of(page_of(half))


def test_a_run_that_patience_ended_says_so(finished_run, copy):
    run = copy(finished_run)
    config = json.loads((run / "config.json").read_text()) | {"images": 1000, "patience": 8}
    (run / "config.json").write_text(json.dumps(config))
    scores = [{"images": n, "l1": 0.5, "each": {"l1": [0.5, 0.5]}} for n in (16, 24)]
    note(run, "scores", scores)
    words = words_of(page_of(run))
    assert "ended early, after 24 of 1,000 images: there was no better snapshot for 8" in words


def test_curves_are_there_with_their_marks(finished_run_of):
    page = page_of(finished_run_of("hybrid"))
    labels = re.findall(r'aria-label="([^"]+)"', page)
    for title in ("Adversarial", "Cycle consistency", "L1", "Feature matching"):
        assert any(label.startswith(f"Generators, {title}: ") for label in labels), title
    for title in ("Loss", "Scores of pairs", "Scores of photos", "Scores of sketches"):
        assert any(label.startswith(f"Discriminators, {title}: ") for label in labels), title
    assert any(label.startswith("Pace, Learning rate: 0.0002 to 0") for label in labels)
    assert "dashed: certainty, 0 for generated and 1 for real" in words_of(page)


def test_appearance_of_the_sample_grids_has_curves(finished_run, copy):
    run = copy(finished_run)
    note(run, "stats", [{"images": n, "variety_photo": 0.8, "red_photo": 0.01} for n in (8, 16)])
    labels = re.findall(r'aria-label="([^"]+)"', page_of(run))
    for title in ("Diversity of generated photos", "Tint of generated photos"):
        assert any(label.startswith(f"Appearance, {title}: ") for label in labels), title


def test_what_falls_far_has_a_logarithmic_scale(finished_run, copy):
    run = copy(finished_run)
    long_run(run, 60)
    assert "of the generator, of photos; logarithmic" in words_of(page_of(run))
    long_run(run, 6)
    assert "logarithmic" not in words_of(page_of(run))


def test_warnings_are_told_and_whether_they_still_hold(finished_run, copy):
    run = copy(finished_run)
    long_run(run)
    said = {"images": 8000, "monitor": "discriminator won", "about": "photo", "text": "it <won>"}
    past = {"images": 400, "monitor": "collapse", "about": "photo", "text": "it collapsed"}
    note(run, "warnings", [past, said])
    # The generator in this log catches up, so there is no problem at the end.
    page = page_of(run)
    assert "After 8,000 images it &lt;won&gt;. No longer so at the end." in page
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    note(run, "stats", [line | {"adversarial_photo": 0.5} for line in lines])
    page = page_of(run)
    assert "After 8,000 images it &lt;won&gt;. Still so at the end." in page
    assert "After 400 images it collapsed. No longer so at the end." in page
    assert page.count('<li class="look">') == 1
    assert "a monitor raised a warning after 8,000 images" in words_of(page)
    assert "No warnings" not in page


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
    # 2 held-out photos: input, three times, and ground truth.
    pictures = re.findall(r'<img src="data:image/webp;base64,([^"]+)"', page_of(finished_run))
    assert len(pictures) == len(set(pictures)) == 2 * 5
    shown = [images.read(base64.b64decode(picture), name="shown") for picture in pictures]
    last = images.read(finished_run / "grids" / "000000024.png").astype(int)
    for row, step in ((0, 0), (3, 1), (4, 2)):  # input, the last time, and ground truth
        cell = last[2 + 34 * step : 34 * (step + 1), 36:68]
        assert np.abs(shown[2 * row + 1] - cell).mean() < 6
    words = words_of(page_of(finished_run))
    assert "From photos, sketched by limner input 8 16 24 ground truth" in words
    words = words_of(page_of(finished_run_of("cyclegan")))
    assert "From sketches of the dataset input 8 16 24 cycle From photos of the dataset" in words


def test_a_run_of_an_earlier_version_has_a_page_too(finished_run, copy):
    run = copy(finished_run)
    for name in ("grid.json", "scores.jsonl"):
        (run / name).unlink()
    words = words_of(page_of(run))
    assert "Images over time" not in words
    assert "the last; none was scored" in words


def test_grids_of_another_layout_are_left_out(finished_run, copy):
    run = copy(finished_run)
    images.write(run / "grids" / "000000008.png", np.zeros((50, 70, 3), np.uint8))
    assert "limner input 16 24 ground truth" in words_of(page_of(run))


def test_a_run_that_has_noted_nothing_has_a_page(finished_run, tmp_path):
    run = tmp_path / "new"
    run.mkdir()
    shutil.copy(finished_run / "config.json", run)
    assert "has seen 0 of 24 images; nothing is logged yet" in words_of(page_of(run))


def test_what_is_no_run_or_damaged_is_named(finished_run, copy, tmp_path):
    with pytest.raises(RunError, match="is not a run folder"):
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
