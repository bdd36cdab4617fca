"""Usage errors of options, restated: what was given, and what is expected.

Typer says which option is wrong; of the value, it has the words of the library that checks it.
"""

from typing import Any

import typer
from typer.core import TyperCommand

__all__ = ["Command"]

_EXPECTED = {
    "greater_than": "above {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "less_than": "below {lt:g}",
    "less_than_equal": "at most {le:g}",
}
"""What is expected, by pydantic's name of the error."""


class Command(TyperCommand):
    """A command whose errors say what was given and what is expected."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, with usage errors restated."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _restated(error.message, error.__cause__)
            raise


def _restated(message: str, cause: Any) -> str:
    """The message, if the cause is not an error of pydantic or one without a better wording."""
    message = message.removeprefix("Value error, ")
    if not hasattr(cause, "errors"):
        return message
    [first, *_] = cause.errors()
    expected = _EXPECTED.get(first["type"])
    if expected is None:
        return message
    return f"it is {first['input']}; expected {expected.format(**first.get('ctx', {}))}"
