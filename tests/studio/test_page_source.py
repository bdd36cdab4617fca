"""The built page is that of its source."""

import gzip
import hashlib
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "page"
STATIC = ROOT / "src" / "limner" / "studio" / "static"


def test_the_built_page_is_not_older_than_its_source():
    # The same walk and the same hash as page/build.mjs.
    files = [file for file in (PAGE / "src").rglob("*") if file.is_file()]
    files += [PAGE / "package-lock.json", PAGE / "build.mjs"]
    digest = hashlib.sha256()
    for name, file in sorted((file.relative_to(PAGE).as_posix(), file) for file in files):
        digest.update(f"{name}\0".encode() + file.read_bytes())
    built = json.loads((STATIC / "source.json").read_text())
    assert built["sha256"] == digest.hexdigest(), "page/src has changed: run make page"


def test_the_page_is_light_and_asks_no_other_host():
    files = [file for file in STATIC.rglob("*") if file.suffix in (".html", ".js", ".css")]
    assert len(files) == 3
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 300_000
    for file in files:
        addresses = set(re.findall(r"https?://[^\s'\"`)]+", file.read_text()))
        assert addresses <= {"http://www.w3.org/2000/svg"}, file


def test_every_text_is_there_in_every_language():
    strings = json.loads((PAGE / "src" / "strings.json").read_text())
    code = "".join(file.read_text() for file in (PAGE / "src").glob("*.ts"))
    for key, texts in strings.items():
        assert texts.keys() == {"en", "de"}, key
        assert all(texts.values()), key
        holes = [set(re.findall(r"{\w+}", text)) for text in texts.values()]
        assert holes[0] == holes[1], key
        assert re.search(rf'"{key}"|\b{key}:', code), f"{key} is never shown"
