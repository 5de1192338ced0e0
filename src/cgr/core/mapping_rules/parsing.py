"""A configuration's JSON or YAML, read strictly; what doesn't fit is told by row and field, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from cgr.core.errors import BadInput
from cgr.core.mapping import AttributeMapping, FieldSource, LevelMapping, Limits, SyncMapping, SyncType
from cgr.core.mapping_rules.findings import listed

_AT = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<place>\d+)\]|(?P<any>\[\.\.\.\])")
_QUOTED_TYPE = re.compile(r"`(\w+)`")

_TYPE_WORDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "nothing",
}
_ROWS = {"levels": "level", "attributes": "attribute mapping", "groups": "group", "where": "filter"}
_KEYS_BELOW: dict[str, type[msgspec.Struct]] = {
    "": SyncMapping,
    "levels": LevelMapping,
    "attributes": AttributeMapping,
    "fields": FieldSource,
    "limits": Limits,
}


def parse_mapping(raw: object) -> SyncMapping:
    """Read the planning part of a configuration (`levels`, `allow_new_root`, `locale`, `limits`); raise BadInput."""
    try:
        return msgspec.convert(raw, SyncMapping)
    except msgspec.ValidationError as error:
        found = _AT.fullmatch(str(error))
        what, path = (found["what"], found["path"] or "$") if found else (str(error), "$")
        where = _where(path, raw)
        raise BadInput(
            f"The configuration can't be read: {where}{_words(what)}.",
            code="bad-mapping",
            next_step=_next_step(what, path),
        ) from error


def _where(path: str, raw: object) -> str:
    """Turn `$.levels[2].attributes[0].to` into "level 3 (district), attribute mapping 1, to: "."""
    parts: list[str] = []
    name = ""
    for step in _STEP.finditer(path):
        if step["name"]:
            name = step["name"]
            parts.append(name)
        elif step["place"]:
            number = int(step["place"]) + 1
            parts[-1] = f"{_ROWS.get(name, name)} {number}"
            if name == "levels":
                parts[-1] += _type_of_level(raw, number - 1)
    return f"{', '.join(parts)}: " if parts else ""


def _type_of_level(raw: object, place: int) -> str:
    match raw:
        case {"levels": [*levels]} if isinstance(levels[place], Mapping) and isinstance(levels[place].get("type"), str):
            return f" ({levels[place]['type']})"
        case _:
            return ""


def _words(what: str) -> str:
    if what.startswith("Object contains unknown field"):
        return f"{_quoted(what)} is not a known key"
    if what.startswith("Object missing required field"):
        return f"{_quoted(what)} is missing"
    if what.startswith("Invalid enum value"):
        return f"{what.removeprefix('Invalid enum value ')} is not a synchronisation type"
    return _QUOTED_TYPE.sub(lambda name: _TYPE_WORDS.get(name[1], name[0]), what[0].lower() + what[1:])


def _quoted(what: str) -> str:
    return what[what.index("`") :]


def _next_step(what: str, path: str) -> str:
    if what.startswith("Invalid enum value"):
        return f"Use one of: {listed(SyncType)}."
    if what.startswith("Expected `str`"):
        return "Give a text; in YAML, put quotes around codes that look like numbers, dates, yes or no."
    names = [step["name"] for step in _STEP.finditer(path) if step["name"]]
    described = _KEYS_BELOW.get(names[-1] if names else "")
    if described is None:
        return "See the configuration file format in the documentation."
    return f"Known keys here: {', '.join(field.encode_name for field in msgspec.structs.fields(described))}."
