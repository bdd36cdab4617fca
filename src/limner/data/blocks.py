"""Blocks: a few dozen pictures that one worker processes at once, and their results.

Results are small Parquet tables, kept on disk under the digest of everything that they depend on
until the dataset is complete: an interrupted preparation resumes from them.
"""

import dataclasses
import hashlib
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from limner import __version__, images
from limner.data.cleaning import Cleaning, Reason, fingerprint, sharpness, turn
from limner.data.items import Item, Split
from limner.data.schema import FACES
from limner.errors import DataError, ImageError
from limner.faces import Detector, Preprocessing, open_page
from limner.faces.search import find_any_way
from limner.faces.smile import SmileScore
from limner.sharing import without_folders

__all__ = ["Block", "BlockStore", "Look", "split_into_blocks"]

BLOCK = 64
"""Pictures in a block: a second of work, and a few MB of faces."""

JUDGED = 128
"""Side in px of the crops that sharpness, fingerprint and smile are computed from."""

FOUND = pa.schema(
    [
        *FACES,
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Pictures to process."""

    digest: str
    """Of the pictures and the settings; the same digest means the same result."""
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Look:
    """How pictures are processed. Picklable; calling it returns the function for a block."""

    preprocessing: Preprocessing
    cleaning: Cleaning
    identity: str
    held_out: float
    official_split: bool
    """Whether the test split of a source comes first."""
    detector: Callable[[], Detector]

    def __call__(self) -> Callable[[Block], tuple[str, bytes]]:
        """The function from a block to its digest and its table in Parquet."""
        return _Looker(self).look

    @property
    def digest(self) -> str:
        """Of everything that a result depends on besides the picture."""
        detector = getattr(self.detector, "__qualname__", repr(self.detector))
        values = [__version__, asdict(self) | {"detector": detector}]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def split_into_blocks(items: Sequence[Item], look: Look) -> list[Block]:
    """Blocks of the items, in their order."""
    settings = look.digest
    made = []
    for start in range(0, len(items), BLOCK):
        some = tuple(items[start : start + BLOCK])
        facts = [(repr(item), *_state(item.place.file)) for item in some]
        text = repr((settings, facts)).encode(errors="surrogateescape")
        made.append(Block(digest=hashlib.sha256(text).hexdigest(), items=some))
    return made


class BlockStore:
    """Results of processed blocks, in a folder next to the dataset that they will become."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def holds(self, block: Block) -> bool:
        """Whether it was processed; a damaged result does not count."""
        try:
            return bool(pq.read_metadata(self._file(block)).num_rows == len(block.items))
        except (OSError, pa.ArrowInvalid):
            return False

    def put(self, digest: str, table: bytes) -> None:
        """Store a result. Raises OutputError."""
        images.write_bytes(self.path / f"{digest}.parquet", table)

    def read(self, block: Block, columns: list[str] | None = None) -> pa.Table:
        """Read a result, one row per picture of the block.

        Raises:
            DataError: It is missing or damaged.
        """
        try:
            return pq.read_table(self._file(block), columns=columns, memory_map=False)
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(
                f"{self.path} was changed while the dataset was written ({error}); run the same "
                "command again, and only one at a time"
            ) from error

    def remove(self) -> None:
        """Delete all results once the dataset is complete."""
        for file in self.path.glob("*.parquet"):
            file.unlink(missing_ok=True)
        images.remove_parts(self.path)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()

    def _file(self, block: Block) -> Path:
        return self.path / f"{block.digest}.parquet"


class _Looker:
    def __init__(self, look: Look) -> None:
        self.settings = look
        self.detector = look.detector()
        # Which faces are kept must not depend on the size at which they are stored.
        self.judging = dataclasses.replace(look.preprocessing, size=JUDGED)
        self.smiles = SmileScore()
        self.identity = re.compile(look.identity) if look.identity else None

    def look(self, block: Block) -> tuple[str, bytes]:
        rows = [self.row(item) for item in block.items]
        file = io.BytesIO()
        # PNG bytes do not get smaller.
        pq.write_table(pa.Table.from_pylist(rows, schema=FOUND), file, compression="none")
        return block.digest, file.getvalue()

    def row(self, item: Item) -> dict[str, Any]:
        """The row of a picture: its face, or why there is none."""
        name = printable(item.name)
        row: dict[str, Any] = {
            "image": {"bytes": None, "path": name},
            "source": item.source,
            "kind": item.kind,
            "labelled": item.smiling is not None,
            "smile": None if item.smiling is None else float(item.smiling),
        }
        row["reason"], row["detail"] = "unreadable", ""
        try:
            data = item.read()
            picture = item.decode(data)
            if _drawn_by_hand(item):
                how = self.settings.preprocessing.clean
                picture = open_page(picture, lambda: self.detector, how).image
            row["checksum"] = hashlib.sha256(data).hexdigest()
            if self.settings.preprocessing.aligned:
                row["reason"], row["detail"] = self._look_for_face(item, picture, row)
            else:
                row["reason"], row["detail"] = self._take_whole(picture, row)
        except ImageError as error:
            row["detail"] = printable(str(error))
        except Exception as error:  # one picture must not stop the others
            # Sets are shared, and messages of libraries may name folders of this machine.
            cause = getattr(error, "strerror", None) or without_folders(str(error))
            row["detail"] = printable(
                f"{name}: limner failed on it ({type(error).__name__}: {cause}); please report this"
            )
        row["identity"] = self._who(item)
        official = item.split if self.settings.official_split else None
        row["split"] = official or split_of(row["identity"], self.settings.held_out)
        return row

    def _take_whole(
        self, picture: NDArray[np.uint8], row: dict[str, Any]
    ) -> tuple[Reason | str, str]:
        """The same without face detection: only the sharpness is checked."""
        row["image"]["bytes"] = images.encode(self.settings.preprocessing.as_is(picture).image)
        crop = self.judging.as_is(picture).image
        row["sharpness"] = sharp = sharpness(crop)
        row["hash"] = fingerprint(crop)
        return self.settings.cleaning.refuses_blurred(sharp) or ("", "")

    def _look_for_face(
        self, item: Item, picture: NDArray[np.uint8], row: dict[str, Any]
    ) -> tuple[Reason | str, str]:
        """Detect the face and fill in its row; returns why it is dropped, if it is.

        It is the largest face, unless the source gives the position of the labelled one.
        """
        if _drawn_by_hand(item):
            faces = find_any_way(picture, self.detector)
        else:
            faces = self.detector(picture)
        if item.middle:
            faces = [face for face in faces if _inside(item.middle, face.box)]
        if not faces:
            return "no face", "no face was found in it" + " at the source's position" * bool(
                item.middle
            )
        face, cleaning = faces[0], self.settings.cleaning
        row["box"] = list(face.box)
        row["points"] = face.points.ravel().tolist()
        row["angle"] = face.angle
        row["turn"] = turn(face.points)
        row["eye_distance"] = face.eye_distance
        if face.eye_distance < cleaning.min_eye_distance:  # too small to crop
            return cleaning.refuses(face) or ("", "")
        crop = self.settings.preprocessing.align(picture, face).image
        row["image"]["bytes"] = images.encode(crop)
        if self.judging != self.settings.preprocessing:
            crop = self.judging.align(picture, face).image
        grey = images.to_grey(crop)
        row["sharpness"] = sharp = sharpness(grey)
        row["hash"] = fingerprint(grey)
        if item.smiling is None:
            # Further digits depend on the processor and the number of threads.
            row["smile"] = round(self.smiles(grey), 3)
        return cleaning.refuses(face, sharp) or ("", "")

    def _who(self, item: Item) -> str:
        if item.identity:
            return item.identity
        found = self.identity.search(item.name) if self.identity else None
        return printable(found[1] if found and found[1] else item.name)


def _drawn_by_hand(item: Item) -> bool:
    """Whether it is a hand-drawn sketch, which may need cleaning."""
    return item.kind == "sketch" and not item.style


def split_of(identity: str, held_out: float) -> Split:
    """The split of a person, the same in every set."""
    place = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4]) / 2**32
    return "test" if place < held_out else "train"


def _inside(point: tuple[float, float], box: tuple[int, int, int, int]) -> bool:
    (x, y), (left, top, right, bottom) = point, box
    return left <= x < right and top <= y < bottom


def printable(text: str) -> str:
    """Escape the bytes of a name that are not text, so that it can be stored and shown."""
    return text.encode(errors="backslashreplace").decode()


def _state(file: Path) -> tuple[int, int]:
    """Size and time of a file; zeros if it no longer exists."""
    try:
        state = file.stat()
    except OSError:
        return 0, 0
    return state.st_size, state.st_mtime_ns
