"""What is said about synchronization configurations, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy

from cgr.core.mapping_rules import Severity
from cgr.web.sentences import in_reader_words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

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

SIGNS: Final = {Severity.ERROR: "✗", Severity.WARNING: "!"}


def said(finding: Finding) -> dict[str, str]:
    """Say a finding: sign, what is wrong, the same for where its row and field stand, and what to do."""
    place = f"{finding.where[:1].upper()}{finding.where[1:]}: "
    here = finding.message.removeprefix(place)
    if here != finding.message:
        # Within a message a sentence has no end of its own.
        here = f"{in_reader_words(here.removesuffix('.'))}."
        here = here[0].upper() + here[1:]
    else:
        here = in_reader_words(here)
    return {
        "sign": SIGNS[finding.severity],
        "severity": finding.severity.value,
        "message": in_reader_words(finding.message),
        "here": here,
        "next_step": in_reader_words(finding.next_step),
    }
