"""What msgspec says of data in another shape than a record's, in words without its notation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import msgspec

_SHAPES: Final = (
    (r"Object contains unknown field `(.*?)`(.*)", 'there is no key "{0}"{1}'),
    (r"Object missing required field `(.*?)`(.*)", 'the key "{0}" is missing{1}'),
    (r"Expected `(.*?)`, got `(.*?)`(.*)", "expected {0}, not {1}{2}"),
)
_WORDS: Final = {
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object in braces",
    "null": "null",
    "int": "a number",
    "float": "a number",
}


def in_words(error: msgspec.ValidationError, *, object_words: str = _WORDS["object"]) -> str:
    """Say what is wrong: `… - at `$.label[0].from`` becomes `… in label[0].from`. `object_words`: keys with values."""
    problem = re.sub(r" - at `(?:key` in `)?\$\.?(.*?)`$", lambda at: f" in {at[1]}" if at[1] else "", str(error))
    words = {**_WORDS, "object": object_words}
    for pattern, sentence in _SHAPES:
        if found := re.fullmatch(pattern, problem):
            return sentence.format(*(_kinds(group, words) for group in found.groups()))
    return problem


def _kinds(text: str, words: dict[str, str]) -> str:
    kinds = [words.get(kind, kind) for kind in text.split(" | ")]
    return " or ".join(dict.fromkeys(kinds))
