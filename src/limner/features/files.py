"""The pictures of one row: read once, and decoded and aligned at most once, when needed."""

import contextlib
import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from limner import images
from limner.errors import ImageError
from limner.features.evaluation_set import EvaluationSet, Picture
from limner.features.feature import Role
from limner.features.framing import Framer, Framing

__all__ = ["Files", "Frame", "framed", "framed_unpaired"]


def framed(
    evaluated: EvaluationSet, names: Iterable[str]
) -> dict[str, dict[Role, NDArray[np.uint8]]]:
    """The usable pictures of some rows, aligned as for evaluation."""
    framer = Framer(size=evaluated.size, as_is=evaluated.as_is)
    found: dict[str, dict[Role, NDArray[np.uint8]]] = {}
    for name in dict.fromkeys(names):
        files = Files(evaluated.rows[name], framer)
        found[name] = {}
        for role in files.readable:
            with contextlib.suppress(ImageError):
                found[name][role] = files.frame(role).picture
    return found


def framed_unpaired(
    evaluated: EvaluationSet, role: Role, numbers: Iterable[int]
) -> dict[int, NDArray[np.uint8]]:
    """The usable pictures of a set among `numbers`, aligned as for evaluation."""
    wanted, framer = set(numbers), Framer(size=evaluated.size, as_is=evaluated.as_is)
    found: dict[int, NDArray[np.uint8]] = {}
    for number, picture in enumerate(evaluated.unpaired.get(role, ())):
        if len(found) == len(wanted):
            break
        if number in wanted:
            with contextlib.suppress(ImageError):
                found[number] = Files({role: picture}, framer).frame(role).picture
    return found


class Files:
    """The pictures of one row, by role."""

    def __init__(self, pictures: Mapping[Role, Picture], framer: Framer) -> None:
        """Read the files; `unreadable` gives the reasons for those that are not pictures."""
        self.unreadable: dict[Role, str] = {}
        self.described: dict[Role, tuple[str, str]] = {}
        self._pictures, self._framer = pictures, framer
        self._data: dict[Role, bytes] = {}
        self._digests: dict[Role, str] = {}
        self._shapes: dict[Role, tuple[int, int]] = {}
        self._decoded: dict[Role, NDArray[np.uint8]] = {}
        self._frames: dict[Role, Frame] = {}
        for role, picture in pictures.items():
            try:
                data = picture.data()
                form, width, height = images.header(data, name=picture.name)
            except ImageError as error:
                self.unreadable[role] = str(error)
                continue
            self._data[role], self._shapes[role] = data, (width, height)
            self._digests[role] = hashlib.sha256(data).hexdigest()
            self.described[role] = form, f"{width}x{height}"

    @property
    def readable(self) -> tuple[Role, ...]:
        """The roles whose pictures have a readable header."""
        return tuple(self._data)

    def have(self, roles: Iterable[Role]) -> bool:
        """Whether all these roles are readable."""
        return self._data.keys() >= set(roles)

    def key(self, roles: Iterable[Role]) -> bytes:
        """All that a feature of these roles depends on, apart from the feature itself."""
        parts = [self._framer.key]
        for role in roles:
            parts.append(self._digests[role])
            parts.append("framed" if self._pictures[role].framed else "")
            if self._framed_by_sketch(role):
                parts.append(self._digests["sketch"])
            elif role in ("generated", "back"):
                parts.append("result")
            elif role == "sketch":
                parts.append("drawing")
        return "\0".join(parts).encode()

    def _framed_by_sketch(self, role: Role) -> bool:
        """Whether a picture has the size of its sketch and is aligned by the sketch's face."""
        if role not in ("generated", "back") or "sketch" not in self._shapes:
            return False
        width, height = self._shapes[role]
        return width != height and self._shapes["sketch"] == (width, height)

    def _decode(self, role: Role) -> NDArray[np.uint8]:
        if role not in self._decoded:
            name = self._pictures[role].name
            self._decoded[role] = images.read(self._data[role], name=name)
        return self._decoded[role]

    def frame(self, role: Role) -> "Frame":
        """The aligned crop of a picture. Raises ImageError."""
        if role not in self._frames:
            sketch = self._decode("sketch") if self._framed_by_sketch(role) else None
            picture, how = self._framer.frame(
                self._decode(role),
                result=role in ("generated", "back"),
                framed=self._pictures[role].framed,
                drawing=role == "sketch",
                sketch=sketch,
                name=self._pictures[role].name,
            )
            self._frames[role] = Frame(picture, how)
        return self._frames[role]


class Frame:
    """An aligned crop and its facts: how it was aligned, and whether it is grey or constant."""

    def __init__(self, picture: NDArray[np.uint8], how: Framing) -> None:
        """Analyse a crop `[S, S, 3]` that was aligned in this way."""
        self.picture = picture
        spread = np.ptp(picture, axis=2).max()
        constant = np.ptp(picture.reshape(-1, 3), axis=0).max() == 0
        self.facts = np.array([how, spread == 0, constant], np.float32)
