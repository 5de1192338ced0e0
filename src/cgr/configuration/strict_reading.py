"""A YAML file read into a record with fixed keys and kinds; what doesn't fit is told by line and entry, in words."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from cgr.configuration.yaml_reading import YamlText, read_yaml
from cgr.core.errors import BadInput
from cgr.core.mapping import SyncType
from cgr.core.notices import Ending

T = TypeVar("T")

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_EXPECTED = re.compile(r"Expected `(?P<wanted>.*)`, got `(?P<given>.*)`")
_CHOICE = re.compile(r"Invalid enum value (?P<given>.*)")
_CHOICES = {
    ".sync": tuple(SyncType),
    ".auth.kind": ("basic", "token", "oauth2"),
    ".auth.grant": ("code", "password"),
    ".notify.on": tuple(Ending),
    "version": ("1",),
}
_KINDS = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false", "null": "nothing"}
_KINDS |= {"array": "a list", "object": "keys with values"}


def read_strictly(content: bytes, kind: type[T]) -> T:
    """Read one YAML document as the msgspec struct `kind`; BadInput naming line and entry for what doesn't fit."""
    text = read_yaml(content)
    if text.value is None:
        raise _refused("The file is empty.")
    try:
        return msgspec.convert(text.value, kind)
    except msgspec.ValidationError as error:
        raise _refused(_words(error, text)) from error
    except RecursionError as error:
        raise _refused("The file nests far deeper than a configuration can.") from error


def _words(error: msgspec.ValidationError, text: YamlText) -> str:
    what, _, path = str(error).partition(" - at `")
    key, _, inner = path.partition("` in `")
    path = (inner if key.startswith("key") else path).rstrip("`")
    line = text.line(path)
    where = ", ".join(part for part in (f"line {line}" if line else "", path.removeprefix("$").lstrip(".")) if part)
    sentence = _sentence(what, path)
    return f"{where[:1].upper()}{where[1:]}: {sentence}" if where else sentence


def _sentence(what: str, path: str) -> str:
    if path.endswith((".password", ".token", ".client_secret", ".secret")):
        return "a secret is given as {env: NAME} or {file: PATH}, never as itself."
    if match := _CHOICE.fullmatch(what):
        of_list = re.sub(r"\[\d+\]$", "", path)
        choices = next((known for ending, known in _CHOICES.items() if of_list.endswith(ending)), ())
        return f"{match['given']} can't stand here; use {', '.join(choices)}."
    if match := _UNKNOWN.fullmatch(what):
        return f'there is no key "{match["name"]}" here.'
    if match := _MISSING.fullmatch(what):
        return f'the key "{match["name"]}" is missing.'
    if match := _EXPECTED.fullmatch(what):
        wanted = " or ".join(_KINDS.get(kind, kind) for kind in match["wanted"].split(" | "))
        given = _KINDS.get(match["given"], match["given"])
        hint = " Put it in quotes." if "str" in match["wanted"].split(" | ") and match["given"] in _QUOTABLE else ""
        return f"{wanted} is expected here, not {given}.{hint}"
    return f"{what}."


_QUOTABLE = frozenset({"int", "float", "bool"})


def _refused(message: str) -> BadInput:
    return BadInput(message, code="bad-configuration", next_step="Correct the file; nothing of it was applied.")
