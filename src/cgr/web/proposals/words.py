"""How the fields of a proposal read: names, and values with their periods, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from cgr.web.explorer.cards import words_of
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import _StrPromise

    from cgr.core.records import OurType

STATES: Final[dict[str, tuple[str, _StrPromise, str]]] = {
    "open": ("…", pgettext_lazy("proposal", "waits for a decision"), "changed"),
    "accepted": ("✓", pgettext_lazy("proposal", "accepted"), "new"),
    "rejected": ("⊘", pgettext_lazy("proposal", "rejected"), "blocked"),
    "withdrawn": ("–", pgettext_lazy("proposal", "withdrawn"), "same"),
}
"""State → sign, words, and the kind whose colour it has."""

_NAMES: Final[dict[str, _StrPromise]] = {
    "code": gettext_lazy("Code"),
    "label": gettext_lazy("Label"),
    "exists": gettext_lazy("Exists"),
    "geometry": gettext_lazy("Geometry"),
    "invalid": gettext_lazy("Invalid"),
}


def name_in_words(name: str, shape: OurType | None, *, hierarchies: dict[str, str], systems: dict[str, str]) -> str:
    """Say what a field is called that the audit log calls `label`, `values.beds` or `parents.admin`."""
    kind, _, code = name.partition(".")
    if name in _NAMES:
        return str(_NAMES[name])
    if kind == "values" and shape is not None and code in shape.attributes:
        return in_reader_language(shape.attributes[code].label)
    return {"parents": hierarchies, "external_ids": systems}.get(kind, {}).get(code, code)


def value_in_words(name: str, value: object, shape: OurType | None) -> list[str]:
    """Say what a field holds, a line for each period."""
    kind, _, code = name.partition(".")
    words: Callable[[object], str] = _plain
    if kind == "values" and shape is not None and code in shape.attributes:
        words = words_of(shape.attributes[code])
    if value is None or value in ([], {}, ""):
        return ["–"]
    if isinstance(value, list):
        return [_period(one, words) for one in value]
    return [words(value)]


def _period(one: dict[str, Any], words: Callable[[object], str]) -> str:
    days = f"{one['from'] or '…'} – {one['to'] or '…'}"
    return f"{words(one['value'])} ({days})" if "value" in one else days


def _plain(value: object) -> str:
    match value:
        case bool():
            return gettext("Yes") if value else gettext("No")
        case {"type": str(shape), "coordinates": coordinates}:
            return f"{shape} {coordinates}"
        case dict():
            return in_reader_language(value)
        case _:
            return str(value)
