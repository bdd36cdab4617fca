"""Settings: frozen dataclasses built from TOML, JSON or `field=value`; typos are errors.

Used for the config of a training run and the recipe of a dataset.
"""

import contextlib
import dataclasses
import json
import math
import types
import typing
import warnings
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from limner import __version__
from limner.errors import UsageError

__all__ = [
    "at_least",
    "at_most",
    "build",
    "change",
    "check_choices",
    "flatten",
    "with_present_name",
    "with_present_names",
]

T = TypeVar("T")


def build(cls: type[T], values: dict[str, Any], prefix: str = "") -> T:
    """The dataclass `cls` with the fields in `values`; nested tables become dataclasses too.

    Raises:
        UsageError: A field is unknown, missing, of the wrong type or out of range.
    """
    if not isinstance(values, dict):
        raise UsageError(f"{prefix.rstrip('.') or 'it'} is {values!r}; it must be a table")
    hints = typing.get_type_hints(cls)
    if unknown := sorted(values.keys() - hints.keys()):
        raise UsageError(
            f"{prefix + unknown[0]!r} is not a setting of limner {__version__}; "
            f"choose from {', '.join(hints)}"
        )
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        optional = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
        if field.name not in values and not optional:
            raise UsageError(f"{prefix}{field.name} is missing")
    return cls(**{name: _fit(prefix + name, value, hints[name]) for name, value in values.items()})


def with_present_names(values: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Nested settings, or flat ones under dotted names, with former names replaced.

    Args:
        values: The settings.
        renamed: Former dotted names and the present ones in the same table.

    Raises:
        UsageError: `values` is not a table.
    """
    if not isinstance(values, Mapping):
        raise UsageError(f"it is {values!r}; it must be a table")
    present = dict(values)
    for old, new in renamed.items():
        if old in present:
            present[new] = present.pop(old)
        table, _, field = old.rpartition(".")
        inside = present.get(table) if table else None
        if isinstance(inside, Mapping) and field in inside:
            kept = {name: value for name, value in inside.items() if name != field}
            present[table] = kept | {new.rpartition(".")[2]: inside[field]}
    return present


def with_present_name(setting: str, renamed: Mapping[str, str]) -> str:
    """A `field=value` setting under its field's present name; warns about a former name."""
    name, equals, text = setting.partition("=")
    present = renamed.get(name.strip())
    if present is None:
        return setting
    warnings.warn(
        f"the setting {name.strip()} is now {present}; the old name will be removed",
        FutureWarning,
        stacklevel=2,
    )
    return present + equals + text


def change(
    values: dict[str, Any], settings: list[str], *, free: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """A copy with `field=value` settings applied, nested fields as `generator.width=24`.

    Args:
        values: Nested settings.
        settings: Each as `field=value`.
        free: Tables of numbers whose fields may have any name, also one with dots.

    Raises:
        UsageError: A setting has no `=`, names an unknown field, or its value cannot be read.
    """
    values = json.loads(json.dumps(values))
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"'{setting}' is not a setting; write it as field=value")
        table, dot, entry = name.strip().partition(".")
        if table in free and dot:
            values[table][entry] = _parse(name, text)
            continue
        *parents, last = name.strip().split(".")
        inside = values
        for parent in parents:
            inside = inside.get(parent, {})
            if not isinstance(inside, dict):
                inside = {}
        if last not in inside or isinstance(inside[last], dict):
            known = [*flatten(values), *(f"{table}.NAME" for table in sorted(free))]
            raise UsageError(f"'{name}' is not a setting; choose from {', '.join(known)}")
        inside[last] = text if isinstance(inside[last], str) else _parse(name, text)
    return values


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under dotted names: `{"a": {"b": 1}}` to `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, dict)
        flat |= flatten(value, f"{prefix}{name}.") if nested else {prefix + name: value}
    return flat


def at_least(name: str, value: float, least: float) -> None:
    """Raise UsageError if a setting is below its minimum."""
    if not value >= least:
        raise UsageError(f"{name} is {value}; it must be at least {least}")


def at_most(name: str, value: float, most: float) -> None:
    """Raise UsageError if a setting is above its maximum."""
    if not value <= most:
        raise UsageError(f"{name} is {value}; it must be at most {most}")


def check_choices(made: object) -> None:
    """Raise UsageError if a field of a dataclass has a value that its `Literal` excludes."""
    for name, kind in typing.get_type_hints(type(made)).items():
        if typing.get_origin(kind) is not Literal:
            continue
        value, choices = getattr(made, name), typing.get_args(kind)
        if value not in choices:
            raise UsageError(f"{name} is {value!r}; choose from {', '.join(map(str, choices))}")


def _fit(name: str, value: Any, kind: Any) -> Any:
    """`value` as the field's type, e.g. lists as tuples, 1 as 1.0, and 1e5 as 100000."""
    if isinstance(kind, types.UnionType):
        kind = _one_of(name, value, typing.get_args(kind))
    if dataclasses.is_dataclass(kind):
        return build(typing.cast("type[Any]", kind), value, f"{name}.")
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        kinds = typing.get_args(kind)
        if len(kinds) == 2 and kinds[1] is Ellipsis:
            return tuple(_fit(f"{name}.{i}", v, kinds[0]) for i, v in enumerate(value))
        if len(value) == len(kinds):
            return tuple(_fit(name, v, k) for v, k in zip(value, kinds, strict=True))
    elif typing.get_origin(kind) is dict and isinstance(value, dict):
        _, inner = typing.get_args(kind)
        return {str(entry): _fit(f"{name}.{entry}", one, inner) for entry, one in value.items()}
    elif typing.get_origin(kind) is Literal:
        return value  # the class itself checks it
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            if math.isfinite(value):  # JSON and TOML allow infinity and NaN
                return float(value)
    elif kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    elif type(value) is kind:
        return value
    raise UsageError(f"{name} is {value!r}; it must be {_in_words(kind)}")


def _one_of(name: str, value: Any, classes: tuple[type[Any], ...]) -> type[Any]:
    """The dataclass whose `kind` the table names; the first one by default."""
    known = {typing.get_args(typing.get_type_hints(cls)["kind"])[0]: cls for cls in classes}
    named = value.get("kind", next(iter(known))) if isinstance(value, dict) else next(iter(known))
    if not isinstance(named, str) or named not in known:
        raise UsageError(f"{name}.kind is {named!r}; choose from {', '.join(known)}")
    return known[named]


def _in_words(kind: Any) -> str:
    if typing.get_origin(kind) is tuple:
        kinds = typing.get_args(kind)
        return "a list" if kinds[-1] is Ellipsis else f"a list of {len(kinds)}"
    if typing.get_origin(kind) is dict:
        return "a table"
    words = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}
    return words.get(kind, getattr(kind, "__name__", str(kind)))


def _parse(name: str, text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a finite number")

    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError as error:
        raise UsageError(
            f"{name}={text} cannot be read; it must be a number, true, false or a [list]"
        ) from error
