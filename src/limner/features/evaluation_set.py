"""The pictures to evaluate: folders, paired by name."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from limner import images
from limner.errors import ImageError, UsageError
from limner.features.feature import UNPAIRED, Role
from limner.sharing import name_of

if TYPE_CHECKING:
    from limner.data.items import Split

__all__ = ["FOLDERS", "HELD_OUT", "EvaluationSet", "Picture", "PreparedFaces"]

FOLDERS: Mapping[Role, str] = {
    "generated": "--generated",
    "sketch": "--sketches",
    "ground_truth": "--ground-truth",
    "back": "--model",
    "real": "--real",
    "training": "--training",
}
"""The option of `limner measure` for the pictures of each role."""

HELD_OUT = 100
"""Held-out photos that make a reference set; a dataset with fewer is used as a whole."""

_SIDE = 128  # px, unless the generated pictures have another common size
_NAMED = 3  # examples in a message


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture, not yet read."""

    name: str
    """Its name in messages and reports: not an absolute path."""
    source: Path | bytes
    framed: bool = False
    """Whether it is an aligned crop."""

    def data(self) -> bytes:
        """The bytes of its file.

        Raises:
            ImageError: It cannot be read.
        """
        if isinstance(self.source, bytes):
            return self.source
        return images.read_bytes(self.source, name=self.name)


PictureSet = Collection[Picture]


class PreparedFaces(Collection[Picture]):
    """The photos of a dataset, read one at a time, so that they take no memory."""

    def __init__(self, folder: Path, split: "Split | None" = None) -> None:
        """Open it.

        Args:
            folder: Folder of the dataset.
            split: The split to use; None for all photos.

        Raises:
            DataError: The dataset is damaged or empty.
        """
        from limner.data.prepared import PreparedSet

        self._set, self._split = PreparedSet(folder), split

    def __contains__(self, picture: object) -> bool:
        """Whether a photo is in it; reads all of them."""
        return any(picture == one for one in self)

    def __len__(self) -> int:
        """Number of photos."""
        return self._set.count(self._split, "photo")

    def __iter__(self) -> Iterator[Picture]:
        """Iterate over the photos. Raises DataError."""
        for name, data in self._set.encoded(self._split, "photo"):
            yield Picture(name=name, source=data, framed=True)


@dataclass(frozen=True, kw_only=True)
class EvaluationSet:
    """The generated pictures of a model, and the pictures to compare them with."""

    rows: Mapping[str, Mapping[Role, Picture]]
    """By name (the path below the folder, without suffix): the pictures that belong together."""
    unpaired: Mapping[Role, PictureSet] = field(default_factory=dict)
    size: int = _SIDE
    """Side in px at which all pictures are compared."""
    as_is: bool = False
    """Whether all pictures are aligned crops; otherwise faces are detected."""
    folders: Mapping[Role, str] = field(default_factory=dict)
    """Their names in reports, see `limner.sharing`."""
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 32 <= self.size <= 1024:
            raise UsageError(f"size is {self.size}; expected 32 to 1024 px")

    def roles(self) -> frozenset[Role]:
        """The roles that have pictures."""
        rows = {role for row in self.rows.values() for role in row}
        return frozenset(rows | {role for role, pictures in self.unpaired.items() if pictures})

    @classmethod
    def of_folders(
        cls,
        generated: Path,
        *,
        sketches: Path | None = None,
        ground_truth: Path | None = None,
        back: Path | None = None,
        real: Path | None = None,
        training: Path | None = None,
        size: int | None = None,
        as_is: bool = False,
    ) -> "EvaluationSet":
        """List the pictures in folders; only the sizes of the generated pictures are read.

        Args:
            generated: Folder of generated photos.
            sketches: Folder of the sketches that they were generated from, with the same names.
            ground_truth: Folder of the ground-truth photos, with the same names.
            back: Folder of sketches that a model made from the generated photos, with the same
                names.
            real: Folder of real photos of anybody, or a dataset made by `limner prepare`, of which
                the held-out photos are used if there are at least `HELD_OUT`, else all; by default
                the ground-truth photos.
            training: Folder of photos that the model was trained on, or a dataset, of which the
                training split is used.
            size: Side in px at which all pictures are compared; by default that of the generated
                pictures if they are square and of one size, otherwise 128.
            as_is: See the class.

        Raises:
            UsageError: A folder is missing or contains no pictures, two pictures have the same
                name, a folder has no name in common with the generated pictures, or a prepared
                dataset has no photos.
            DataError: A dataset is damaged or empty.
        """
        named: dict[Role, Path | None] = {
            "generated": generated,
            "sketch": sketches,
            "ground_truth": ground_truth,
            "back": back,
            "real": real,
            "training": training,
        }
        warnings: list[str] = []
        rows: dict[str, dict[Role, Picture]] = {}
        unpaired: dict[Role, PictureSet] = {}
        folders = {role: name_of(folder) for role, folder in named.items() if folder is not None}
        for role, folder in named.items():
            if folder is None:
                continue
            if role in UNPAIRED and (folder / "faces.parquet").exists():
                if role == "training":
                    unpaired[role] = PreparedFaces(folder, "train")
                else:
                    held_out = PreparedFaces(folder, "test")
                    enough = len(held_out) >= HELD_OUT
                    unpaired[role] = held_out if enough else PreparedFaces(folder)
                    folders[role] += ", its held-out photos" if enough else ""
                if not unpaired[role]:
                    learnt = " for training" if role == "training" else ""
                    raise UsageError(
                        f"{folder} is a dataset without photos{learnt}; name another one for "
                        f"{FOLDERS[role]}"
                    )
                continue
            found = _pictures(folder, warnings)
            if role in UNPAIRED:
                unpaired[role] = tuple(found.values())
            elif role == "generated":
                rows = {name: {"generated": picture} for name, picture in found.items()}
            else:
                _pair(rows, role, found, folder, generated, warnings)
        if back is not None:
            folders["back"] = "made by the model"  # its folder is temporary
        if size is None:
            size = _common_side(row["generated"] for row in rows.values()) or _SIDE
        evaluated = cls(
            rows=rows,
            unpaired=unpaired,
            size=size,
            as_is=as_is,
            folders=folders,
            warnings=tuple(warnings),
        )
        return (
            evaluated.compared_with_ground_truth()
            if real is None and ground_truth is not None
            else evaluated
        )

    def compared_with_ground_truth(self) -> "EvaluationSet":
        """The same set with the ground-truth photos as the reference set."""
        true = tuple(row["ground_truth"] for row in self.rows.values() if "ground_truth" in row)
        folders = {**self.folders, "real": f"{self.folders['ground_truth']}, the ground truth"}
        return replace(self, unpaired={**self.unpaired, "real": true}, folders=folders)


def _pictures(folder: Path, warnings: list[str]) -> dict[str, Picture]:
    """The pictures below a folder, by name."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; name one with pictures")
    found: dict[str, Picture] = {}
    for file in images.files_below(folder):
        if file == folder:  # see `files_below`
            raise UsageError(f"{folder} is not readable; name a folder that you may read")
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise UsageError(
                f"{found[name].source!s} and {file} have the same name, by which pictures are "
                "paired; rename or move one"
            )
        called = f"{name_of(folder)}/{file.relative_to(folder).as_posix()}"
        found[name] = Picture(name=called, source=file)
    if not found:
        known = images.in_words(images.files_below(folder, images.UNREADABLE))
        what = f", but {known}" if known else "; expected PNG, JPEG or the like"
        raise UsageError(f"{folder} contains no pictures{what}")
    others = Counter(
        file.suffix or file.name
        for file in folder.rglob("*")
        if file.is_file() and file.suffix.lower() not in images.READABLE
    )
    if others:
        kinds = ", ".join(kind for kind, _ in others.most_common(_NAMED))
        warnings.append(f"{name_of(folder)}: {others.total()} other files are ignored ({kinds})")
    return found


def _pair(
    rows: Mapping[str, dict[Role, Picture]],
    role: Role,
    found: Mapping[str, Picture],
    folder: Path,
    generated: Path,
    warnings: list[str],
) -> None:
    """Add pictures to the rows of the same names."""
    shared = rows.keys() & found.keys()
    if not shared:
        raise UsageError(
            f"no picture in {folder} ({_some(found)}) has the same name as one in {generated} "
            f"({_some(rows)}); pictures that belong together need the same name, apart from the "
            "suffix"
        )
    for name in shared:
        rows[name][role] = found[name]
    for there, here, lacking in (
        (folder, generated, rows.keys() - shared),
        (generated, folder, found.keys() - shared),
    ):
        if lacking:
            warnings.append(
                f"{len(lacking)} pictures in {name_of(here)} have no partner in {name_of(there)} "
                f"and are excluded where one is needed: {_some(lacking)}"
            )


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = ", …" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more


def _common_side(pictures: Iterator[Picture]) -> int:
    """The side of the pictures if all are square and of one size, otherwise 0."""
    sides: set[int] = set()
    for picture in pictures:
        try:
            _, width, height = images.header(picture.data(), name=picture.name)
        except ImageError:
            continue  # it is reported when the picture is decoded
        sides.add(width if width == height else 0)
        if len(sides) > 1:
            return 0
    side = sides.pop() if sides else 0
    return side if 32 <= side <= 1024 else 0
