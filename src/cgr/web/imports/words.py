"""Words of imports in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext_lazy

from cgr.core.importing import distance_in_words
from cgr.web.words import in_reader_digits

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from cgr.core.importing import Candidate

KINDS: Final[dict[str, tuple[str, str, _StrPromise]]] = {
    "new": ("new", "+", pgettext_lazy("kind of change", "new")),
    "changed": ("changed", "~", pgettext_lazy("kind of change", "changed")),
    "unchanged": ("same", "=", pgettext_lazy("kind of change", "same")),
    "conflict": ("problem", "!", pgettext_lazy("kind of change", "conflict")),
    "vanished": ("blocked", "∅", pgettext_lazy("kind of change", "vanished")),
    "skipped": ("blocked", "⊘", pgettext_lazy("kind of change", "skipped")),
}
"""Kind → (colour of parts.css, sign, word for a number of them)."""

ONE: Final[dict[str, _StrPromise]] = {
    "new": pgettext_lazy("one change", "new"),
    "changed": pgettext_lazy("one change", "changed"),
    "unchanged": pgettext_lazy("one change", "same"),
    "conflict": pgettext_lazy("one change", "conflict"),
    "vanished": pgettext_lazy("one change", "vanished"),
    "skipped": pgettext_lazy("one change", "skipped"),
}
"""The word for a single one; French tells it from several."""

DECISIONS: Final[dict[str, _StrPromise]] = {
    "existing": gettext_lazy("Same place"),
    "new": gettext_lazy("New"),
    "under": gettext_lazy("Inside"),
    "skip": gettext_lazy("Skipped"),
}

TROUBLES: Final[dict[str, _StrPromise]] = {
    "code-taken": gettext_lazy("Another object has its code"),
    "parent-missing": gettext_lazy("Waits for its parent"),
    "cycle": gettext_lazy("Has no place in the tree of DHIS2"),
    "type-mismatch": gettext_lazy("Its id belongs to an object of another type"),
    "duplicate-external-id": gettext_lazy("Its id belongs to several objects"),
    "term-unmapped": gettext_lazy("An option has no term"),
    "several-groups": gettext_lazy("Is in groups that stand for different terms"),
    "value-unfit": gettext_lazy("A value can't be taken"),
}

ROW_TROUBLES: Final[dict[str, _StrPromise]] = {
    "term-unmapped": gettext_lazy("A cell names no term"),
    "value-unfit": gettext_lazy("A cell can't be taken"),
    "required-missing": gettext_lazy("A cell is empty that has to say something"),
    "duplicate-row": gettext_lazy("Several rows are about the same object"),
    "duplicate-external-id": gettext_lazy("Its external id doesn't fit what the registry has"),
    "parent-missing": gettext_lazy("Its parent isn't found"),
    "not-wanted": gettext_lazy("Left out by what was asked for: new only, or existing only"),
}
"""Of rows of a file, where the word differs from that for a unit."""

STEPS: Final[dict[str, _StrPromise]] = {
    "read DHIS2": gettext_lazy("reading DHIS2"),
    "read groups": gettext_lazy("reading groups"),
    "import": gettext_lazy("comparing and writing"),
}

OURS: Final[dict[str, _StrPromise]] = {
    "label": gettext_lazy("Label"),
    "code": gettext_lazy("Code"),
    "exists.start": gettext_lazy("Exists from"),
    "exists.end": gettext_lazy("Exists until"),
    "parent": gettext_lazy("Parent"),
    "geometry": gettext_lazy("Geometry"),
}


def reasons_in_words(candidate: Candidate) -> str:
    """Say why a candidate is one: "0.91 name, same parent, 120 m"."""
    parts = [gettext("%(score)s name") % {"score": in_reader_digits(f"{candidate.name:.2f}")}]
    if candidate.same_code:
        parts.append(gettext("same code"))
    if candidate.same_parent is not None:
        parts.append(gettext("same parent") if candidate.same_parent else gettext("another parent"))
    if candidate.metres is not None:
        parts.append(in_reader_digits(distance_in_words(candidate.metres)))
    return ", ".join(parts)


def carry_out_in_words(counts: dict[str, int]) -> str:
    """Say on the button what it does, with its size."""
    new, changed = counts.get("new", 0), counts.get("changed", 0)
    parts = []
    if new:
        parts.append(
            ngettext("create %(n)s Geo-Object", "create %(n)s Geo-Objects", new) % {"n": in_reader_digits(f"{new:,}")}
        )
    if changed:
        parts.append(ngettext("change %(n)s", "change %(n)s", changed) % {"n": in_reader_digits(f"{changed:,}")})
    text = (" " + gettext("and") + " ").join(parts) or gettext("import")
    return text[0].upper() + text[1:]
