"""The card of a model, stored in the metadata of its file."""

import dataclasses
import json
import typing
from dataclasses import dataclass
from typing import Any, Self

from limner import __version__
from limner.directions import CHANNELS, Direction
from limner.errors import ModelError
from limner.faces import Preprocessing

KEY = "limner"
"""The metadata entry that holds the card, as JSON."""
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """The metadata of a model file."""

    name: str
    """What the model is called."""
    direction: Direction
    """What it turns into what."""
    preprocessing: Preprocessing
    """How faces were cut out in training, and must be in use."""
    experiment: str
    """The experiment that it was trained with."""
    images_seen: int
    """How long it was trained."""
    generator: dict[str, Any]
    """Settings of its network."""
    sources: dict[str, dict[str, Any]]
    """Its training data: for each source the number of `faces`, its `licence` and `origin`."""
    limner: str
    """The version of limner that exported it."""
    weights: str
    """SHA-256 over the weights, in hexadecimal."""
    format: int = FORMAT

    @property
    def ends(self) -> tuple[str, str]:
        """What goes in and what comes out: `sketch` or `photo`, as the file's tensors are named."""
        source, _, made = self.direction.partition("-to-")
        return source, made

    @property
    def hints(self) -> bool:
        """Whether it takes colour hints."""
        return bool(self.generator.get("hints"))

    @property
    def literal(self) -> bool:
        """Whether it can be told how literally a drawing is meant."""
        return bool(self.generator.get("literal"))

    @property
    def inputs(self) -> dict[str, list[int]]:
        """What the file's graph takes in, each with its shape without the number of pictures."""
        inputs = {self.ends[0]: self.shape_of(self.ends[0])}
        if self.literal:
            inputs["literal"] = []
        if self.hints:
            inputs["hints"] = self.shape_of("hints")
        return inputs

    def shape_of(self, end: str) -> list[int]:
        """`[C, S, S]` of one of its ends, or of `hints`."""
        return [CHANNELS[end], self.preprocessing.size, self.preprocessing.size]

    def check_graph(self, runtime: Any, *, name: str) -> None:
        """Raise ModelError unless a graph takes and gives what the card promises.

        Args:
            runtime: Its `onnxruntime.InferenceSession`.
            name: The file's, for the message.
        """
        _, made = self.ends
        for tensors, promised in (
            (runtime.get_inputs(), self.inputs),
            (runtime.get_outputs(), {made: self.shape_of(made)}),
        ):
            found = {tensor.name: tensor.shape[1:] for tensor in tensors}
            if found != promised:
                raise ModelError(
                    f"{name} has {found} where its metadata promise {promised}; export it again"
                )

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON-ready values."""
        return dataclasses.asdict(self) | {"preprocessing": self.preprocessing.to_dict()}

    @classmethod
    def from_json(cls, text: str, *, name: str) -> Self:
        """The card that `to_dict` wrote; `name` is the file's, for messages.

        Raises:
            ModelError: It is damaged or of another format.
        """
        try:
            values = json.loads(text)
            found = values["format"]
            if found != FORMAT:
                raise ModelError(
                    f"{name} is a model of format {found}; limner {__version__} reads "
                    f"{FORMAT}: install the version that wrote it, {values.get('limner', '?')}"
                )
            preprocessing = Preprocessing.from_dict(values.pop("preprocessing"))
            card = cls(preprocessing=preprocessing, **values)
        except ModelError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{name} has damaged metadata; export or download it again") from error
        if card.direction not in typing.get_args(Direction):
            raise ModelError(
                f"{name} goes '{card.direction}'; limner {__version__} knows "
                f"{', '.join(typing.get_args(Direction))}"
            )
        return card
