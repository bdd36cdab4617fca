import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from limner import images
from limner.data import schema
from limner.data.report import write_report
from limner.data.writer import Writer
from limner.errors import DataError, OutputError
from limner.faces import Preprocessing

HANGUL = "사진/<b>&미소.png"
PICTURE = images.encode(np.full((40, 30, 3), (10, 120, 200), np.uint8))


class Page(HTMLParser):
    """What a reader sees: tables as rows of cells, pictures, headings, text."""

    def __init__(self, path):
        super().__init__()
        self.html = (path / "report.html").read_text(encoding="utf-8")
        self.tables, self.pictures, self.headings, self.texts = [], [], [], []
        self.tags, self._inside = [], []
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in ("table", "tr", "th", "td"):
            [self.tables, *self.tables[-1:], *(t[-1] for t in self.tables[-1:] if t)][
                {"table": 0, "tr": 1, "th": 2, "td": 2}[tag]
            ].append("" if tag in ("th", "td") else [])
        if tag == "img":
            self.pictures.append(dict(attrs))
        if tag in ("h1", "h2", "h3"):
            self.headings.append("")
        if tag not in ("img", "meta", "link", "path", "use", "rect"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" in self._inside:
            return
        self.texts.append(data)
        if {"th", "td"} & set(self._inside):
            self.tables[-1][-1][-1] += data
        if {"h1", "h2", "h3"} & set(self._inside):
            self.headings[-1] += data

    @property
    def text(self):
        return " ".join("".join(self.texts).split())

    def rows(self, *head):
        """The rows below the table head that starts like this, by their first cell."""
        for table in self.tables:
            if table[0][: len(head)] == list(head):
                return {row[0]: row[1:] for row in table[1:]}
        raise AssertionError(f"no table {head}: {[table[0] for table in self.tables]}")


def face(path, source="one", kind="photo", **values):
    row = {
        "image": {"bytes": PICTURE, "path": path},
        "source": source,
        "kind": kind,
        "identity": path,
        "split": "train",
        "angle": 1.0,
        "turn": -4.0,
        "eye_distance": 60.0,
        "sharpness": 20.0,
    }
    return row | values


def lost(path, reason, detail="", source="one"):
    return {"path": path, "source": source, "kind": "photo", "reason": reason, "detail": detail}


def example(path, reason="", source="one", *, before=PICTURE, after=PICTURE):
    pictures = {"before": before, "after": after}
    cells = {k: v and {"bytes": v, "path": path} for k, v in pictures.items()}
    return {"path": path, "source": source, "kind": "photo", "reason": reason, **cells}


FACES = [
    face("a.png", smile=0.9, eye_distance=40.0, identity="ann"),
    face("b.png", smile=0.1, identity="ann"),
    face("c.png", smile=0.8, split="test", turn=8.0),
    face("d.png", smile=None),
    face(HANGUL, source="둘<i>", kind="sketch", smile=0.2, sharpness=35.0),
]
LOST = [
    lost("e.png", "no face", "no face was found in it"),
    lost("f.png", "turned", "yaw about 33°; the maximum is 30°"),
    lost("g.png", "turned", "yaw about 41°; the maximum is 30°", "둘<i>"),
    lost("h.png", "unreadable", "h.png: <empty> (0 bytes)"),
    lost("i.png", "surplus"),
]
EXAMPLES = [
    example("a.png"),
    example(HANGUL, source="둘<i>"),
    example("e.png", "no face", after=None),
    example("f.png", "turned"),
    example("g.png", "turned", "둘<i>"),
    example("h.png", "unreadable", before=None, after=None),
]
PART = {
    "name": "celeba & co",
    "wanted": 8,
    "found": 40,
    "judged_found": 36,
    "smiling_found": 18,
    "looked_at": 10,
    "dropped": {"no face": 1, "turned": 2, "unreadable": 1, "surplus": 1},
    "kept": 5,
    "judged_kept": 5,
    "smiling_kept": 2,
}
ABOUT = {
    "preprocessing": Preprocessing(size=48).to_dict(),
    "sources": {"one": {"faces": 4, "licence": "CC0", "origin": "https://one.example"}},
    "recipe": {
        "name": "mine <3",
        "parts": [{"source": "celeba", "path": "celeba & co"}],
        "seed": 3,
        "held_out": 0.2,
        "cleaning": {"min_eye_distance": 20.0, "max_yaw": 30.0, "min_sharpness": 6.0},
    },
    "parts": [PART],
    "version": "0.1.0",
}


def store(path, faces=FACES, dropped=LOST, examples=EXAMPLES, about=ABOUT):
    rows = {"faces": faces, "dropped": dropped, "examples": examples}
    schemas = {
        "faces": schema.FACES,
        "dropped": schema.DROPPED,
        "examples": schema.EXAMPLES,
    }
    with Writer(path, about) as writer:
        for name, some in rows.items():
            for start in range(0, len(some), 600):  # a row group each
                table = pa.Table.from_pylist(some[start : start + 600], schema=schemas[name])
                writer.add(name, table)
        writer.commit()
    return path


def numbers(path):
    return json.loads((path / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = store(tmp_path_factory.mktemp("sets") / "set")
    assert write_report(path) == path / "report.html"
    return path


@pytest.fixture(scope="module")
def page(made):
    return Page(made)


def test_faces_are_counted_by_source(page, made):
    rows = page.rows("Source", "Faces")
    assert rows["one"][:6] == ["4", "80.0%", "4", "0", "1", "66.7%"]
    assert rows["one"][6:] == ["CC0", "one.example"]
    assert rows["둘<i>"][:7] == ["1", "20.0%", "0", "1", "0", "0.0%", "not recorded"]
    assert rows["All"][0] == "5"
    report = numbers(made)
    assert (report["faces"], report["photos"], report["sketches"]) == (5, 4, 1)
    assert (report["looked_at"], report["held_out"], report["people"]) == (10, 1, 4)
    assert [source["name"] for source in report["sources"]] == ["one", "둘<i>"]


def test_losses_are_counted_by_source_and_reason(page, made):
    head = ["Source", "Processed", "Kept", "Share kept"]
    rows = page.rows(*head, "Unreadable", "No face", "Turned", "Surplus")
    assert rows["one"] == ["8", "4", "50.0%", "1", "1", "1", "1"]
    assert rows["둘<i>"] == ["2", "1", "50.0%", "0", "0", "1", "0"]
    assert rows["All"] == ["10", "5", "50.0%", "1", "1", "2", "1"]
    assert numbers(made)["dropped"] == {"unreadable": 1, "no face": 1, "turned": 2, "surplus": 1}


def test_smiles_are_shown_before_and_after_their_balance(page, made):
    row = page.rows("Part")["celeba & co"]
    assert row == ["8", "40", "10", "5", "50.0%", "40.0%"]
    part = numbers(made)["parts"][0]
    assert part["smiling_share_before"] == pytest.approx(18 / 36)
    assert part["smiling_share_after"] == pytest.approx(2 / 5)
    assert part["dropped"] == PART["dropped"]


def test_smiles_that_nobody_has_judged_have_no_share(tmp_path):
    part = PART | {"judged_found": 0, "smiling_found": 0, "judged_kept": 4, "smiling_kept": 0}
    store(tmp_path, about=ABOUT | {"parts": [part]})
    write_report(tmp_path)
    [shown] = numbers(tmp_path)["parts"]
    assert (shown["smiling_share_before"], shown["smiling_share_after"]) == (None, 0)


def test_distributions_are_those_of_the_columns(page, made):
    found = {measure["column"]: measure for measure in numbers(made)["distributions"]}
    assert found.keys() == {"eye_distance", "sharpness", "turn", "angle", "smile"}
    sizes = found["eye_distance"]["kinds"]["photo"]
    assert (sizes["faces"], sizes["least"], sizes["median"], sizes["greatest"]) == (4, 40, 60, 60)
    edges = np.array(found["eye_distance"]["edges"])
    (bar,) = np.flatnonzero(np.array(sizes["counts"]) == 1)
    assert edges[bar] <= 40 < edges[bar + 1]
    assert sum(sizes["counts"]) == 4
    assert found["smile"]["kinds"]["photo"]["faces"] == 3
    assert found["turn"]["limits"] == [-30, 30]
    assert found["sharpness"]["limits"] == [6]
    assert page.tags.count("svg") == 5
    assert 'aria-label="Size: photos: median 60, nine in ten from 43 to 60' in page.html


def test_what_lies_far_beyond_is_in_the_outermost_bar(tmp_path):
    faces = [face(f"{n}.png", eye_distance=50.0 + n % 10) for n in range(2000)]
    store(tmp_path, [*faces, face("huge.png", eye_distance=9000.0)])
    write_report(tmp_path)
    sizes = numbers(tmp_path)["distributions"][0]
    assert sizes["edges"][-1] < 100
    assert sum(sizes["kinds"]["photo"]["counts"]) == 2001
    assert sizes["kinds"]["photo"]["greatest"] == 9000


def test_pictures_are_shown_as_they_were_and_as_they_became(page):
    names = [picture["alt"] for picture in page.pictures]
    cut = "its face, aligned"
    assert names == [
        *("a.png before alignment", cut, f"{HANGUL} before alignment", cut),
        *("e.png before alignment", "f.png before alignment", cut, "g.png before alignment", cut),
    ]
    data = page.pictures[0]["src"].removeprefix("data:image/webp;base64,")
    with Image.open(io.BytesIO(base64.b64decode(data))) as shown:
        assert shown.size == (30, 40)


def test_each_reason_has_its_limit_and_its_examples_their_details(page):
    reasons = [" ".join(text.split()) for text in page.headings]
    assert (
        "Turned 2 pictures, 20.0%: the head is turned too far to a side (yaw over 30°)" in reasons
    )
    assert "Surplus 1 picture, 10.0%: good, but more than the recipe requests" in reasons
    assert "yaw about 41°; the maximum is 30°" in page.text
    assert "h.png: <empty> (0 bytes)" in page.text


def test_names_of_files_are_shown_and_not_obeyed(page):
    assert "<b>&미소.png" in page.text
    assert "둘<i>" in page.text
    assert "b" not in page.tags
    assert page.headings[0] == "mine <3"


def test_the_page_needs_nothing_else(page):
    assert not {"script", "iframe", "object"} & set(page.tags)
    assert not re.search(r"(?:src|srcset)=\"(?!data:)|url\((?!#)|@import", page.html)
    assert re.findall(r' href="([^"]+)"', page.html) == ["data:,", "https://one.example"]
    assert [tag for tag in page.tags if tag in ("h1", "h2")] == ["h1"] + ["h2"] * 5
    ids = re.findall(r' id="([^"]+)"', page.html)
    assert len(ids) == len(set(ids))


def checks(path):
    return {check["text"]: check["good"] for check in numbers(path)["checks"]}


def says(path, words):
    (good,) = {good for text, good in checks(path).items() if words in text}
    return good


def test_what_calls_for_a_look_is_said(made, page):
    assert not says(made, "4 of 10 pictures (40.0%) were unusable")
    assert not says(
        made,
        "2 sources lost more than a quarter of the pictures that way; the worst is 둘<i>: 1 of 2",
    )
    assert not says(made, "celeba & co gave 5 of 8 requested faces")
    assert not says(made, "66.7% of the photos and 0.0% of the sketches smile")
    assert says(made, "Held out for testing: 1 face, of people who are not in the training split")
    assert not says(made, "No licence is recorded for 1 source with 1 face")
    assert all(text in page.text.replace(" %", "%") for text in checks(made))


def test_what_is_as_it_should_be_is_said(tmp_path):
    part = PART | {"wanted": 4, "kept": 4}
    facts = {name: {"licence": "CC0"} for name in ("one", "둘<i>")}
    faces = [*FACES[1:], face("x.png", kind="sketch", smile=0.7), face("y.png", smile=0.2)]
    faces += [face("z.png", kind="sketch", smile=0.3)] * 2
    store(tmp_path, faces, LOST[-2:], about=ABOUT | {"sources": facts, "parts": [part]})
    write_report(tmp_path)
    assert set(checks(tmp_path).values()) == {True}
    assert len(checks(tmp_path)) == 5


def test_what_was_missing_in_the_sources_calls_for_a_look(tmp_path):
    warning = "celeba: 2 of 6 rows of <list>.txt without a picture"
    store(tmp_path, about=ABOUT | {"warnings": [warning]})
    page = Page(write_report(tmp_path).parent)
    assert not says(tmp_path, warning)
    assert f"{warning}." in page.text
    assert numbers(tmp_path)["warnings"] == [warning]


@pytest.mark.parametrize(
    ("faces", "words"),
    [
        ([face("a.png")], "No face is held out"),
        (
            [face("a.png"), face("b.png", split="test")],
            "no person is known to have more than one face",
        ),
        (
            [
                face(f"{n}", identity="ann", split=split)
                for n, split in enumerate(("train", "test"))
            ],
            "1 of the people are in both splits",
        ),
        ([face("a.png")], "No face has a smile label or score"),
    ],
)
def test_doubts_about_splits_and_smiles_are_said(tmp_path, faces, words):
    store(tmp_path, faces)
    write_report(tmp_path)
    assert not says(tmp_path, words)


def test_the_same_set_gives_the_same_bytes(made, tmp_path):
    store(tmp_path / "set")
    assert write_report(tmp_path / "set", tmp_path / "out") == tmp_path / "out" / "report.html"
    for name in ("report.html", "report.json"):
        assert (tmp_path / "out" / name).read_bytes() == (made / name).read_bytes()
        assert not (tmp_path / "set" / name).exists()


def test_a_set_that_lost_nothing_and_says_little(prepared_set, tmp_path):
    write_report(prepared_set, tmp_path)
    page = Page(tmp_path)
    assert page.headings == ["tinted", "Sources", "Distributions", "Roll"]
    assert page.rows("Source", "Faces")["All"][0] == "12"
    assert page.rows("Property")["Roll"][1] == "12"
    assert page.pictures == []
    assert numbers(tmp_path)["smiles"]["photo"] == {"judged": 0, "smiling": 0, "share": None}


def test_a_set_of_which_nothing_was_kept_tells_why(tmp_path):
    store(tmp_path / "bare", [], LOST, EXAMPLES[2:])
    assert not (tmp_path / "bare" / "faces.parquet").exists()
    write_report(tmp_path / "bare")
    page = Page(tmp_path / "bare")
    assert page.headings[:3] == ["bare", "Sources", "Dropped pictures"]
    assert page.rows("Source", "Processed")["All"][:2] == ["5", "0"]
    assert numbers(tmp_path / "bare")["faces"] == 0


def test_many_sources_are_added_up(tmp_path):
    faces = [face(f"{n}.png", source=f"person {n // 10:03}") for n in range(2000)]
    store(tmp_path, [*faces, face("x.png", source="person 150")], [])
    assert pq.read_metadata(tmp_path / "faces.parquet").num_row_groups > 1
    write_report(tmp_path)
    rows = Page(tmp_path).rows("Source", "Faces")
    assert len(rows) == 32
    assert rows["person 150"][0] == "11"
    assert rows["170 others"][0] == "1,700"
    assert rows["All"][0] == "2,001"
    assert len(numbers(tmp_path)["sources"]) == 200


@pytest.mark.parametrize("name", ["faces", "dropped", "examples"])
@pytest.mark.parametrize("damage", ["missing", "cut", "foreign", "older"])
def test_a_damaged_table_is_named(made, tmp_path, name, damage):
    store(tmp_path)
    file = tmp_path / f"{name}.parquet"
    if damage == "missing":
        file.unlink()
        if name == "faces":
            (tmp_path / "dropped.parquet").unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "foreign":
        file.write_bytes(b"nothing of the kind")
    else:
        table = pq.read_table(file)
        pq.write_table(table.drop_columns(table.column_names[-1]), file)
    found = {
        "missing": f"{name}.parquet( is missing|\\); make one)",
        "older": "was written by another version",
    }.get(damage, f"{name}.parquet is damaged")
    with pytest.raises(DataError, match=found):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_an_example_that_is_no_picture_is_damage(tmp_path):
    store(tmp_path, examples=[example("a.png", before=b"nothing")])
    with pytest.raises(DataError, match=r"examples\.parquet is damaged"):
        write_report(tmp_path)


def test_a_report_that_cannot_be_written_says_so(made, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write it"):
        write_report(made, tmp_path / "file" / "out")
