import io
import json
import zipfile

import pytest

from limner.studio.problems import ProblemError
from limner.studio.results import answer
from limner.studio.service import Result


def made(name, data=b"1", **more):
    return Result(name=name, data=data, media_type="image/png", **more)


def test_one_result_is_the_picture_with_its_notes_in_ascii():
    response = answer([made("a", b"data", notes=("gedreht um 90°",))], "*/*")
    assert (response.body, response.media_type) == (b"data", "image/png")
    assert json.loads(response.headers["limner-notes"]) == ["gedreht um 90°"]
    assert response.headers["limner-notes"].isascii()


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (["a", "a", "a"], ["a.png", "a-2.png", "a-3.png"]),
        (["a-2", "a", "a"], ["a-2.png", "a.png", "a-3.png"]),
        (["a", "a", "a-2"], ["a.png", "a-2.png", "a-2-2.png"]),
        (["A", "a"], ["A.png", "a-2.png"]),
        (["ß", "SS"], ["ß.png", "SS-2.png"]),
    ],
)
@pytest.mark.filterwarnings("error")  # of zipfile, about names that are there twice
def test_names_in_a_zip_file_are_apart(names, written):
    response = answer([made(name) for name in names], "")
    assert zipfile.ZipFile(io.BytesIO(response.body)).namelist() == written


def test_a_failure_among_results_stays_in_its_place():
    failed = ("b.png", ProblemError(422, "no"))
    response = answer([made("a"), failed, made("c")], "application/x-ndjson, */*")
    records = [json.loads(line) for line in response.body.splitlines()]
    assert [record["name"] for record in records] == ["a", "b.png", "c"]
    assert records[1]["problem"]["type"] == "bad-picture"
