"""limner: a hand-drawn sketch of a face in, a photo-realistic face out."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from limner.functions import photo, sketch
    from limner.translator import Translator

__all__ = ["Translator", "__version__", "photo", "sketch"]


def __getattr__(name: str) -> Any:
    # Importing limner stays instant: the runtime is loaded when it is first asked for.
    if name == "Translator":
        from limner.translator import Translator

        return Translator
    if name in ("photo", "sketch"):
        from limner import functions

        return getattr(functions, name)
    raise AttributeError(f"module 'limner' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
