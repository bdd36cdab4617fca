"""Every error that limner raises on purpose.

A message says what was found, what was expected and what to do, in one line::

    LimnerError
    ├── UsageError            the call itself is wrong: an unknown style, a size of zero
    ├── MissingExtraError     an optional dependency is not installed
    ├── ImageError            a picture cannot be read, or is refused (too large, not a picture)
    │   └── NoFaceError       the picture is fine but no face was found in it
    ├── OutputError           a result cannot be written (no permission, disk full)
    ├── ModelError            a model file is missing, not limner's, damaged or of another version
    ├── DataError             a dataset is missing, damaged or empty
    ├── EngineError           worker processes or a cluster were lost
    ├── RunError              a training run cannot start, resume or continue
    │   └── DivergedError     a loss is no longer finite
    └── Interrupted           Ctrl-C; what was finished is complete
"""

from typing import Self

EXTRA_OF = {
    "fastapi": "studio",
    "imagehash": "train",
    "jinja2": "measure",
    "lightning_fabric": "train",
    "matplotlib": "measure",
    "onnx": "measure",
    "onnxscript": "train",
    "pi_heif": "heic",
    "platformdirs": "measure",
    "prometheus_client": "studio",
    "pyarrow": "train",
    "python_multipart": "studio",
    "ray": "cluster",
    "safetensors": "train",
    "scipy": "measure",
    "skimage": "measure",
    "tensorboard": "tensorboard",
    "torch": "train",
    "uvicorn": "studio",
}
"""The extra that installs each package that the base install lacks."""


class LimnerError(Exception):
    """Base of all errors that limner raises on purpose."""


class UsageError(LimnerError, ValueError):
    """The call itself is wrong, whatever the files contain."""


class MissingExtraError(LimnerError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'limner[{extra}]'")
        self._given = what, extra

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), self._given  # worker processes send errors as pickles


class ImageError(LimnerError, ValueError):
    """A picture cannot be read, or is refused before it is read."""


class NoFaceError(ImageError):
    """No face was found in a picture that could be read, or it is too small."""

    def __init__(self, found: str, advice: str = "") -> None:
        """Say what was found.

        Args:
            found: What was found, and where.
            advice: What to do where no face was found. The command line gives its own, once for
                all pictures.
        """
        super().__init__(f"{found}; {advice}" if advice else found)
        self.found = found
        self.advice = advice

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.found, self.advice)  # worker processes send errors as pickles


class OutputError(LimnerError, OSError):
    """A result cannot be written. No partial file is left behind."""


class ModelError(LimnerError, ValueError):
    """A model file is missing, not limner's, damaged or of another version."""


class DataError(LimnerError, ValueError):
    """A dataset is missing, damaged or empty."""


class EngineError(LimnerError, RuntimeError):
    """Worker processes or a cluster were lost. Finished results are kept."""


class RunError(LimnerError, RuntimeError):
    """A training run cannot start, resume or continue. Its last checkpoint is intact."""


class DivergedError(RunError):
    """A loss is no longer finite. The last good checkpoint is intact."""


class Interrupted(LimnerError):  # noqa: N818 - it is not a failure
    """Ctrl-C or SIGTERM. What was finished is complete."""
