"""The API as a page: read from its OpenAPI description, without scripts or foreign assets."""

import html
from collections.abc import Mapping
from typing import Any

__all__ = ["reference"]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>{title}</h1><p>{about}</p><p><a href="/openapi.json">OpenAPI description</a></p>
{operations}</body></html>"""
_OPERATION = """<h2><code>{method} {path}</code></h2><p>{about}</p>{parameters}"""


def reference(description: Mapping[str, Any]) -> str:
    """HTML of an OpenAPI 3.1 description: each operation with its parameters."""
    operations = [
        _OPERATION.format(
            method=method.upper(),
            path=html.escape(path),
            about="</p><p>".join(
                html.escape(part) for part in operation.get("description", "").split("\n\n")
            ),
            parameters=_table(operation.get("parameters", [])),
        )
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    return _PAGE.format(
        title=html.escape(description["info"]["title"]),
        about=html.escape(description["info"].get("description", "")),
        operations="\n".join(operations),
    )


def _table(parameters: list[Mapping[str, Any]]) -> str:
    if not parameters:
        return ""
    rows = "".join(
        f"<tr><td><code>{html.escape(one['name'])}</code></td>"
        f"<td>{html.escape(_type_of(one['schema']))}</td>"
        f"<td>{html.escape(one.get('description', ''))}</td></tr>"
        for one in parameters
    )
    return f"<table><tr><th>Parameter</th><th>Values</th><th></th></tr>{rows}</table>"


def _type_of(schema: Mapping[str, Any]) -> str:
    """The values of a parameter in words: `integer, 16 to 4096`."""
    kinds = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    words = []
    for kind in kinds:
        if "enum" in kind:
            words.append(" or ".join(map(str, kind["enum"])))
        elif "maximum" in kind:
            words.append(f"{kind['type']}, {kind.get('minimum', 0)} to {kind['maximum']}")
        else:
            words.append(str(kind.get("type", "")))
    default = schema.get("default")
    return "; ".join(words) + (f"; {default} by default" if default not in (None, "") else "")
