"""Pages and JSON of what was measured and compared."""

import json
import re

import numpy as np
import pytest

from limner import images, pages
from limner.errors import OutputError
from limner.features.evaluation_set import EvaluationSet
from limner.metrics.comparison import compare
from limner.metrics.faithfulness.detection import FaceDetection
from limner.metrics.faithfulness.smiles import SmileDrift
from limner.metrics.faithfulness.strokes import Strokes
from limner.metrics.likeness.brightness import Brightness
from limner.metrics.likeness.identity import Identity
from limner.metrics.measuring import measure
from limner.metrics.realism.checkerboard import Checkerboard
from limner.metrics.realism.kid import Kid
from limner.metrics.realism.memorisation import Memorisation
from limner.metrics.reports import comparison as comparison_report
from limner.metrics.reports import evaluation as report
from limner.metrics.reports.examples import cases, chosen
from limner.metrics.resampling import Resampling

RESAMPLING = Resampling(resamples=60)


@pytest.fixture
def evaluated(folders):
    return EvaluationSet.of_folders(
        folders["generated"],
        sketches=folders["sketches"],
        ground_truth=folders["ground_truth"],
        as_is=True,
    )


@pytest.fixture
def measured(evaluated):
    return measure(evaluated, [Identity(), Kid()], resampling=RESAMPLING)


def test_every_score_comes_with_all_that_it_rests_on(measured, tmp_path):
    report.write_json(measured, tmp_path / "r.json")
    found = json.loads((tmp_path / "r.json").read_text())
    scores = {score["name"]: score for score in found["scores"]}
    rank = scores["identity.rank1"]
    assert rank["n"] == 12
    assert rank["low"] <= rank["value"] <= rank["high"]
    assert rank["formats"] == {"generated": {"PNG": 12}, "ground_truth": {"JPEG": 12}}
    assert "Lanczos" in rank["resize"]
    assert re.fullmatch("dlib face descriptor sha256:[0-9a-f]{64}", rank["features"][0])
    assert rank["of"] == ["generated", "ground_truth"]
    assert "12 people" in rank["warnings"][0]
    assert list(scores["identity.genuine"]["per_image"]) == sorted(measured.evaluated.rows)
    assert scores["identity.auc"]["per_image"] is None
    assert found["pictures"]["ground_truth"]["sizes"] == {"64x64": 12}
    assert found["settings"]["resamples"] == 60


def test_numbers_that_are_not_finite_are_null_in_json(fill, crops, tmp_path):
    generated = fill("generated", crops[:2])
    one = measure(
        EvaluationSet.of_folders(generated, ground_truth=generated, as_is=True),
        [Kid()],
        resampling=RESAMPLING,
    )
    report.write_json(one, tmp_path / "r.json")
    assert "NaN" not in (tmp_path / "r.json").read_text()


def test_the_page_is_whole_by_itself_and_shows_the_cases(measured, tmp_path):
    report.write_page(measured, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "rank-1: ground truth is the nearest photo" in page
    assert "12 people" in page
    for kind in ("Best", "Median", "Worst"):
        assert f"<h4>{kind}</h4>" in page
    sources = re.findall(r'<img src="([^"]{0,40})', page)
    assert (
        len(sources) >= 2 * 9 * 3
    )  # two metrics, nine pictures each: sketch, generated, ground truth
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert not re.search("<script", page)


def test_the_page_begins_with_scores_that_there_are(evaluated, tmp_path):
    metrics = [Identity(), FaceDetection(), Kid(), Strokes(), SmileDrift(), Brightness()]
    found = measure(evaluated, metrics, resampling=RESAMPLING)
    assert set(report._HEADLINES) <= found.scores.keys()
    report.write_page(found, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "photos with a detected face" in page[: page.index("</header>")]


def test_every_link_of_the_page_leads_somewhere(folders, fill, crops, tmp_path):
    one = fill("one", crops[:2])  # of which brightness can show no best and worst
    found = measure(
        EvaluationSet.of_folders(one, ground_truth=one, as_is=True),
        [Brightness(), Identity()],
        resampling=RESAMPLING,
    )
    report.write_page(found, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links == {"identity-2"}
    assert all(f'id="{link}"' in page for link in links)


def test_single_pictures_are_in_the_unit_of_the_score_unless_they_say_something_else(evaluated):
    found = measure(evaluated, [Checkerboard(), FaceDetection()], resampling=RESAMPLING)
    grid, face = cases(evaluated, found.results).values()
    assert (grid["unit"], grid["digits"]) == ("dB", 1)
    assert face["title"] == "confidence of the detector"
    assert face["unit"] == ""


def test_the_worst_is_shown_as_the_worst(folders, crops, tmp_path):
    images.write(folders["generated"] / "p07.png", np.rot90(crops[7], 2).copy())
    evaluated = EvaluationSet.of_folders(
        folders["generated"], ground_truth=folders["ground_truth"], as_is=True
    )
    found = measure(evaluated, [Identity()], resampling=RESAMPLING)
    report.write_page(found, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    worst = page[page.index("<h4>Worst</h4>") :]
    assert re.search(r'<figcaption title="([^"]+)"', worst).group(1) == "p07"


def test_beside_a_copy_stands_the_training_face(folders, fill, crops):
    rng = np.random.default_rng(0)
    order = rng.permutation(12)
    training = fill("training", crops[order], names=[f"t{n:02d}" for n in range(12)])
    (training / "a-broken.png").write_bytes(b"no picture")  # the numbers go on after it
    evaluated = EvaluationSet.of_folders(folders["generated"], training=training, as_is=True)
    found = measure(evaluated, [Memorisation()], resampling=RESAMPLING)
    shown = cases(evaluated, found.results)[0]
    assert "training" in shown["roles"]
    columns = [column for group in shown["groups"].values() for column in group]
    assert len(columns) == 9
    for column in columns:
        own = crops[int(column["name"][1:])]
        assert column["pictures"]["training"] == pages.embedded(own)
    assert shown["title"] == "distance to the nearest training face"


def test_best_median_and_worst_are_different_pictures():
    losses = np.array([5.0, 1, 4, 2, 3, 9, 8, 7, 6, 0])
    found = chosen(losses)
    assert found["best"] == [9, 1, 3]
    assert found["worst"] == [5, 6, 7]
    assert set(found["median"]) == {2, 0, 4}
    assert chosen(np.array([2.0, 1.0])) == {"all": [1, 0]}


def test_a_comparison_as_a_page_and_as_json(evaluated, measured, fill, crops, folders, tmp_path):
    blurred = [crop // 2 for crop in crops]
    other = EvaluationSet.of_folders(
        fill("other", blurred),
        sketches=folders["sketches"],
        ground_truth=folders["ground_truth"],
        as_is=True,
    )
    compared = compare(
        {
            "one": measured,
            "<other>": measure(other, [Identity(), Kid()], resampling=RESAMPLING),
        }
    )
    comparison_report.write_json(compared, tmp_path / "c.json")
    found = json.loads((tmp_path / "c.json").read_text())
    assert found["names"] == ["one", "<other>"]
    row = next(row for row in found["rows"] if row["name"] == "identity.genuine")
    first, second = row["cells"]
    assert first["difference"] is None
    assert second["difference"]["value"] == pytest.approx(second["value"] - first["value"])
    assert set(found["models"]) == {"one", "<other>"}
    comparison_report.write_page(compared, tmp_path / "c.html")
    page = (tmp_path / "c.html").read_text()
    assert "&lt;other&gt;" in page
    assert "<other>" not in page
    assert page.count("<svg") == len(found["rows"])
    assert 'alt="p00 by one"' in page or 'by one"' in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)


def test_a_report_that_cannot_be_written_is_an_error(measured, tmp_path):
    (tmp_path / "r.json").mkdir()
    with pytest.raises(OutputError):
        report.write_json(measured, tmp_path / "r.json")
