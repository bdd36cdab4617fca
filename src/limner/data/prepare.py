"""Pictures of faces, photos or sketches, become a prepared set."""

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.data import prepared
from limner.data.items import Item
from limner.errors import DataError, ImageError, Interrupted, NoFaceError, UsageError
from limner.faces import Detector, DlibDetector, Preprocessing, find
from limner.progress import track

SHEET = (6, 16)
"""Rows and columns of the contact sheet."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What came of a preparation."""

    faces: int
    """Faces in the set."""
    dropped: int
    """Pictures without one, or that cannot be read."""


def prepare(
    items: Sequence[Item],
    out: Path,
    *,
    preprocessing: Preprocessing | None = None,
    detector: Detector | None = None,
    identity: str | None = None,
    held_out: float = 0.1,
    about: Path | None = None,
) -> Prepared:
    """Find, align and store the largest face of every picture.

    Writes `faces.parquet`, `dropped.parquet` and `contact-sheet.png` into `out`.

    Args:
        items: The pictures, e.g. of a `limner.data.sources.Folder`.
        out: Folder of the prepared set.
        preprocessing: How faces are cut out.
        detector: What finds them.
        identity: Regular expression searched in the names of items whose source does not know who
            they are; its first group says so. Those that it does not match are each a person of
            their own.
        held_out: Share of the people whose faces go into the split `test`.
        about: TOML file with a table for each source, giving its `licence` and `origin`.

    Raises:
        DataError: None of the pictures shows a face.
        UsageError: `identity` is no regular expression with a group, `about` no TOML.
        OutputError: The set cannot be written.
        Interrupted: Ctrl-C.
    """
    preprocessing = preprocessing or Preprocessing()
    detector = detector or DlibDetector()
    who = _identity_rule(identity)
    facts = _read_about(about)
    faces: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    try:
        for item in track(items, "pictures"):
            try:
                row = _face_row(item, preprocessing, detector)
            except ImageError as error:
                dropped.append({"path": item.name, "reason": str(error)})
                continue
            row["identity"] = item.identity or who(item.name)
            row["split"] = split_of(row["identity"], held_out)
            faces.append(row)
    except KeyboardInterrupt as error:
        raise Interrupted(f"interrupted; nothing was written to {out}") from error
    if not faces:
        raise DataError(
            f"none of the {len(items)} pictures shows a face"
            + (f"; the first: {dropped[0]['reason']}" if dropped else "; is it the right folder?")
        )
    counts = Counter(row["source"] for row in faces)
    prepared.write(
        out,
        faces,
        dropped,
        preprocessing=preprocessing,
        sources={s: {"faces": n, **facts.get(s, {})} for s, n in sorted(counts.items())},
    )
    images.write(out / "contact-sheet.png", contact_sheet([row["image"]["bytes"] for row in faces]))
    return Prepared(faces=len(faces), dropped=len(dropped))


def split_of(identity: str, held_out: float) -> prepared.Split:
    """The split of a person: the same in every set, whatever else is in it."""
    place = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4]) / 2**32
    return "test" if place < held_out else "train"


def contact_sheet(encoded: list[bytes]) -> NDArray[np.uint8]:
    """Faces evenly spread over the set, side by side: `[H, W, 3]`."""
    rows, columns = SHEET
    chosen = np.linspace(0, len(encoded) - 1, min(rows * columns, len(encoded))).round().astype(int)
    faces = [images.read(encoded[i]) for i in chosen]
    return images.montage([faces[i : i + columns] for i in range(0, len(faces), columns)])


def _face_row(item: Item, preprocessing: Preprocessing, detector: Detector) -> dict[str, Any]:
    data, name = item.read(), item.name
    picture = item.decode(data)
    try:
        face = find(picture, detector, name=name)[0]
    except NoFaceError as error:  # whose advice is for the command line
        raise ImageError(f"no face found in {name}") from error
    aligned = preprocessing.align(picture, face, name=name)
    return {
        "image": {"bytes": images.encode(aligned.image), "path": name},
        "source": item.source,
        "kind": item.kind,
        "box": list(face.box),
        "points": face.points.ravel().tolist(),
        "angle": face.angle,
        "smile": None if item.smiling is None else float(item.smiling),
        "checksum": hashlib.sha256(data).hexdigest(),
    }


def _identity_rule(pattern: str | None) -> Callable[[str], str]:
    if pattern is None:
        return lambda name: name
    try:
        rule = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"identity '{pattern}' is no regular expression: {error}") from error
    if rule.groups < 1:
        raise UsageError(f"identity '{pattern}' has no (group) that says who it is")

    def who(name: str) -> str:
        found = rule.search(name)
        return found[1] if found and found[1] else name

    return who


def _read_about(path: Path | None) -> dict[str, dict[str, str]]:
    if path is None:
        return {}
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    for source, values in facts.items():
        if not isinstance(values, dict):
            raise UsageError(
                f"{path}: '{source}' is no table; write [{source}] and its facts below"
            )
    return facts
