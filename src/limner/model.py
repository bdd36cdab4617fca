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
"""The metadata entry that contains the card, as JSON."""
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """The metadata of a model file."""

    name: str
    """Name of the model."""
    direction: Direction
    """Sketch to photo, or photo to sketch."""
    preprocessing: Preprocessing
    """How faces were cropped in training, and must be in use."""
    experiment: str
    """The experiment that trained it."""
    images_seen: int
    """Number of images that it was trained on."""
    generator: dict[str, Any]
    """Settings of its network."""
    sources: dict[str, dict[str, Any]]
    """Its training data: for each source the number of `faces`, its `licence` and `origin`."""
    limner: str
    """The version of limner that exported it."""
    weights: str
    """SHA-256 of the weights, in hexadecimal."""
    format: int = FORMAT

    @property
    def ends(self) -> tuple[str, str]:
        """Its input and output: `sketch` or `photo`, as the file's tensors are named."""
        source, _, made = self.direction.partition("-to-")
        return source, made

    @property
    def hints(self) -> bool:
        """Whether it takes colour hints."""
        return bool(self.generator.get("hints"))

    @property
    def literal(self) -> bool:
        """Whether it takes how literally a drawing is meant."""
        return bool(self.generator.get("literal"))

    @property
    def inputs(self) -> dict[str, list[int]]:
        """The inputs of the file's graph, each with its shape without the batch dimension."""
        inputs = {self.ends[0]: self.shape_of(self.ends[0])}
        if self.literal:
            inputs["literal"] = []
        if self.hints:
            inputs["hints"] = self.shape_of("hints")
        return inputs

    def shape_of(self, end: str) -> list[int]:
        """`[C, S, S]` of its input, its output, or `hints`."""
        return [CHANNELS[end], self.preprocessing.size, self.preprocessing.size]

    def check_graph(self, runtime: Any, *, name: str) -> None:
        """Raise ModelError unless the inputs and outputs of a graph are those of the card.

        Args:
            runtime: Its `onnxruntime.InferenceSession`.
            name: Name of the file, for the message.
        """
        _, made = self.ends
        for tensors, promised in (
            (runtime.get_inputs(), self.inputs),
            (runtime.get_outputs(), {made: self.shape_of(made)}),
        ):
            found = {tensor.name: tensor.shape[1:] for tensor in tensors}
            if found != promised:
                raise ModelError(
                    f"{name} has {found}, but its metadata say {promised}; export it again"
                )

    def to_dict(self) -> dict[str, Any]:
        """The card as values for JSON."""
        return dataclasses.asdict(self) | {"preprocessing": self.preprocessing.to_dict()}

    @classmethod
    def from_json(cls, text: str, *, name: str) -> Self:
        """The card that `to_dict` wrote; `name` is the name of the file, for messages.

        Raises:
            ModelError: The card is damaged or of another format.
        """
        try:
            values = json.loads(text)
            found = values["format"]
            if found != FORMAT:
                raise ModelError(
                    f"{name} is a model of format {found}, but limner {__version__} reads format "
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
                f"{name} has the direction '{card.direction}'; limner {__version__} reads "
                f"{', '.join(typing.get_args(Direction))}"
            )
        return card
