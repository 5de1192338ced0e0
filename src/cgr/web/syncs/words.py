"""What is said about synchronization configurations, in the reader's language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language, gettext, gettext_lazy

from cgr.core.mapping_rules import Severity
from cgr.web.syncs.sentences import PARTS, PREFIXES, SENTENCES
from cgr.web.systems.words import in_words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from cgr.core.errors import CgrError
    from cgr.core.mapping_rules import Finding

SYNC_TYPES: Final[dict[str, tuple[_StrPromise, _StrPromise]]] = {
    "none": (
        gettext_lazy("None (anchor)"),
        gettext_lazy("nothing is sent; the units only serve as parents of the level below"),
    ),
    "org_units": (
        gettext_lazy("Org Units"),
        gettext_lazy("attributes of existing units are sent; no unit is created or moved"),
    ),
    "relationships": (
        gettext_lazy("Relationships"),
        gettext_lazy("existing units are moved below the parent that the registry has; nothing else is sent"),
    ),
    "both": (
        gettext_lazy("Org Units and Relationships"),
        gettext_lazy("attributes and parents are sent; units that don't exist yet are created"),
    ),
}
"""The manual page's names, and what each does."""

SOURCES: Final[dict[str, _StrPromise]] = {
    "label": gettext_lazy("label"),
    "code": gettext_lazy("code"),
    "exists.start": gettext_lazy("first day of existence"),
    "exists.end": gettext_lazy("end of existence"),
    "derived": gettext_lazy("label, shortened to 50 characters"),
}

HEAD: Final[dict[str, _StrPromise]] = {
    "label": gettext_lazy("Label"),
    "code": gettext_lazy("ID"),
    "organization": gettext_lazy("Organization"),
    "hierarchy": gettext_lazy("Hierarchy"),
    "system": gettext_lazy("External System"),
}
"""Fields of the form's head that nothing can be saved without."""

LIMITS: Final[dict[str, _StrPromise]] = {
    "changed_share": gettext_lazy("Units changed, at most (%)"),
    "moved_share": gettext_lazy("Units moved, at most (%)"),
    "vanished_share": gettext_lazy("External ids not found in DHIS2, at most (%)"),
    "min_units": gettext_lazy("Only from so many units on"),
}

_COLON = {False: ": ", True: " : "}
"""French sets a colon apart."""

SIGNS: Final = {Severity.ERROR: "✗", Severity.WARNING: "!"}


def why_not(reason: str) -> str:
    """Say why a DHIS2 attribute is no valid selection."""
    return reason if get_language() == "en" else _part(reason)


def refused(error: CgrError) -> str:
    """Say what an action refused, for the field that it is about."""
    told = in_reader_words(error.message)
    if told == error.message and get_language() != "en":
        return in_words(error).told
    return f"{told} {in_reader_words(error.next_step)}"


def said(finding: Finding) -> dict[str, str]:
    """Say a finding: sign, what is wrong, what to do, and in which language that is."""
    message, step = in_reader_words(finding.message), in_reader_words(finding.next_step)
    untold = get_language() != "en" and finding.message == message
    return {
        "sign": SIGNS[finding.severity],
        "severity": finding.severity.value,
        "message": message,
        "here": _without_place(message),
        "next_step": step,
        "lang": "en" if untold else get_language() or "en",
    }


def _without_place(message: str) -> str:
    """Leave out which row it is about: it stands there."""
    for prefix in PREFIXES:
        found = _form(f"{gettext(prefix)}{_COLON[get_language() == 'fr']}{{rest}}").fullmatch(message)
        if found is not None:
            return found["rest"][0].upper() + found["rest"][1:]
    return message


def in_reader_words(text: str) -> str:
    """Say a sentence of the mapping rules in the language of the page; one that isn't known as it came.

    The rules speak English, to the command line and to scripts too; here their sentences are recognised by their form.
    """
    if get_language() == "en":
        return text
    for prefix in PREFIXES:
        found = _form(prefix + ": {rest}").fullmatch(text)
        if found is not None:
            values = found.groupdict()
            rest = in_reader_words(values.pop("rest"))
            return gettext(prefix).format(**values) + _COLON[True] + rest
    for sentence in SENTENCES:
        found = _form(sentence).fullmatch(text)
        if found is not None:
            return gettext(sentence).format(**{name: _part(value) for name, value in found.groupdict().items()})
    return text


def _part(value: str) -> str:
    """Say what stands in a gap: a nested sentence, or the end of a list that was cut."""
    for sentence in PARTS:
        found = _form(sentence).fullmatch(value)
        if found is not None:
            return gettext(sentence).format(**found.groupdict())
    return gettext("none of them") if value == "none" else value


@lru_cache(maxsize=512)
def _form(sentence: str) -> re.Pattern[str]:
    """Give the pattern of a sentence with gaps like {name}; the last gap takes as much as it can."""
    parts = re.split(r"\{(\w+)\}", sentence)
    pattern = "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return re.compile(pattern, re.DOTALL)
