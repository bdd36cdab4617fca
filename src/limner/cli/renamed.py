"""Former names of options and settings: they work for one release, with a warning."""

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
"""Former and present names of each command's options."""


def with_present_names(arguments: Sequence[str], warn: Callable[[str], None]) -> list[str]:
    """The arguments of the command line with former names of options replaced.

    Args:
        arguments: All arguments, the command first.
        warn: Called with a message for each former name.
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
