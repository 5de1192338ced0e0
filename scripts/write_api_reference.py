"""Writes docs/reference/openapi.json and the operations of docs/reference/api.md; a test fails when they are stale.

Run it after a change of the API: .venv/bin/python scripts/write_api_reference.py
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cgr.project.settings")

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
DESCRIPTION = REFERENCE / "openapi.json"
PAGE = REFERENCE / "api.md"
_MARKS = re.compile(r"(?<=<!-- operations -->\n).*?(?=<!-- end of operations -->)", re.DOTALL)


def description() -> dict[str, Any]:
    """Give the description as the API has it now."""
    import django  # noqa: PLC0415 - the settings have to be named first

    django.setup()
    from cgr.api.registry_api import api  # noqa: PLC0415 - as above

    document: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/")))
    return document


def as_text(document: dict[str, Any]) -> str:
    """Give the description as the file holds it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def page(text: str, document: dict[str, Any]) -> str:
    """Give the page with the operations as the description has them."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            by_tag.setdefault(one["tags"][0], []).extend(_operation(method, path, one))
    told = "".join(f"### {tag}\n\n{''.join(lines)}" for tag, lines in by_tag.items())
    told += "## Records\n\nA key with `?` can be absent.\n\n"
    told += "".join(_record(name, one) for name, one in document["components"]["schemas"].items())
    return _MARKS.sub(lambda _: f"\n{told}", text)


def _operation(method: str, path: str, one: dict[str, Any]) -> list[str]:
    lines = [f"**`{method.upper()} {path}`** — {one['summary']}. {one.get('description') or ''}".rstrip() + "\n\n"]
    lines += [
        f"- `{parameter['name']}`: {_kind(parameter['schema'])}{_about(parameter)}\n"
        for parameter in one["parameters"]
        if parameter["in"] != "path"
    ]
    if "requestBody" in one:
        lines += [f"- body: {_content(one['requestBody'])}\n"]
    lines += [
        f"- {status}: {_content(answer)}\n"
        for status, answer in one["responses"].items()
        if int(status) < 300  # noqa: PLR2004 - the statuses of success
    ]
    return [*lines, "\n"]


def _record(name: str, one: dict[str, Any]) -> str:
    about = " ".join(one.get("description", "").split())
    required = one.get("required", [])
    keys = ", ".join(
        f"`{key}`{'' if key in required else '?'} {_kind(kind)}" for key, kind in one.get("properties", {}).items()
    )
    return f"**{name}** — {about} {keys}\n\n" if keys else f"**{name}** — {about} {_kind(one)}\n\n"


def _about(parameter: dict[str, Any]) -> str:
    return f" — {parameter['description'].rstrip('.')}" if "description" in parameter else ""


def _content(described: dict[str, Any]) -> str:
    if "content" not in described:
        return "nothing"
    ((media_type, content),) = described["content"].items()
    return f"{_kind(content['schema'])}{'' if media_type == 'application/json' else f' ({media_type})'}"


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "properties" in schema:
        return ", ".join(f"`{key}` {_kind(one)}" for key, one in schema["properties"].items())
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    kind = schema.get("format", schema.get("type", "anything"))
    return kind if isinstance(kind, str) else "anything"


if __name__ == "__main__":
    made = description()
    DESCRIPTION.write_text(as_text(made), "utf-8")
    PAGE.write_text(page(PAGE.read_text("utf-8"), made), "utf-8")
