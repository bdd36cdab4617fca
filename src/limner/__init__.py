"""limner: turns hand-drawn sketches of faces into photo-realistic faces."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from limner.functions import photo, sketch
    from limner.translator import Translator

__all__ = ["Translator", "__version__", "photo", "sketch"]


def __getattr__(name: str) -> Any:
    # Keeps `import limner` fast: the runtime is loaded when it is first needed.
    if name == "Translator":
        from limner.translator import Translator

        return Translator
    if name in ("photo", "sketch"):
        from limner import functions

        return getattr(functions, name)
    raise AttributeError(f"module 'limner' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
