"""Names that options and settings had before: they work for one release, with a warning."""

from collections.abc import Callable, Sequence

__all__ = ["OPTIONS", "with_present_names"]

_EVALUATION = {
    "--as-is": "--aligned",
    "--truth": "--ground-truth",
    "--draws": "--resamples",
    "--points": "--landmarks",
}
OPTIONS = {
    "photo": {"--as-is": "--aligned", "--put-back": "--paste-back"},
    "sketch": {"--as-is": "--aligned"},
    "prepare": {"--about": "--source-info"},
    "measure": _EVALUATION | {"--made": "--generated"},
    "compare": _EVALUATION,
}
"""For each command what an option was called, and what it is called now."""


def with_present_names(arguments: Sequence[str], warn: Callable[[str], None]) -> list[str]:
    """The arguments of the command line with options as they are called now.

    Args:
        arguments: All of them, the command first.
        warn: Is told of each option that has another name now.
    """
    renamed = OPTIONS.get(arguments[0], {}) if arguments else {}
    present = []
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if option in renamed:
            warn(f"{option} is now {renamed[option]}; the old name will be removed")
            option = renamed[option]
        present.append(option + equals + value)
    return present
