"""What a run is about in the reader's language: kinds, steps, outcomes, guards, problems and notes by their codes.

Sentences about one object come from the plan as it was stored, in English; beside them stands what the code means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language, gettext, gettext_lazy, ngettext, pgettext_lazy

from cgr.web.words import in_reader_digits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

KINDS: Final[dict[str, tuple[str, str, _StrPromise]]] = {
    "create": ("new", "+", gettext_lazy("new")),
    "update": ("changed", "~", gettext_lazy("changed")),
    "move": ("moved", "→", gettext_lazy("moved")),
    "group": ("changed", "◇", gettext_lazy("groups")),
    "problem": ("problem", "!", gettext_lazy("problem")),
}
"""By kind of a change, or "problem": the colour, the sign, the word."""

STEPS: Final[dict[str, _StrPromise]] = {
    "read": pgettext_lazy("step of a run", "read"),
    "plan": pgettext_lazy("step of a run", "plan"),
    "validate": pgettext_lazy("step of a run", "validate"),
    "apply": pgettext_lazy("step of a run", "apply"),
    "groups": pgettext_lazy("step of a run", "groups"),
    "paths": pgettext_lazy("step of a run", "paths"),
    "import": pgettext_lazy("step of a run", "import"),
    "compare": pgettext_lazy("step of a run", "compare"),
}

STEP_STATES: Final[dict[str, tuple[str, _StrPromise]]] = {
    "done": ("✓", pgettext_lazy("state of a step", "done")),
    "now": ("●", pgettext_lazy("state of a step", "under way")),
    "ahead": ("○", pgettext_lazy("state of a step", "still to come")),
    "stopped": ("✗", pgettext_lazy("state of a step", "stopped here")),
}

ACTIVITIES: Final[dict[str, _StrPromise]] = {
    "read DHIS2": gettext_lazy("Reading the organisation units of DHIS2"),
    "read groups": gettext_lazy("Reading the groups of DHIS2"),
    "compare": gettext_lazy("Comparing both sides"),
    "validate in DHIS2": gettext_lazy("Having DHIS2 validate the changes"),
    "store the plan": gettext_lazy("Storing the plan"),
    "write units": gettext_lazy("Writing organisation units"),
    "fill groups": gettext_lazy("Filling organisation unit groups"),
    "rebuild paths": gettext_lazy("Having DHIS2 rebuild its paths"),
    "import": gettext_lazy("Importing organisation units"),
}

OUTCOMES: Final[dict[str, tuple[str, str, _StrPromise]]] = {
    "done": ("new", "✓", pgettext_lazy("outcome", "done")),
    "failed": ("problem", "✗", pgettext_lazy("outcome", "failed")),
    "blocked": ("blocked", "⊘", pgettext_lazy("outcome", "blocked")),
    "skipped": ("same", "»", pgettext_lazy("outcome", "skipped")),
    "unknown": ("blocked", "?", pgettext_lazy("outcome", "unknown")),
}

PROBLEMS: Final[dict[str, tuple[_StrPromise, _StrPromise]]] = {
    "new-not-creatable": (
        gettext_lazy("New, and its level doesn't create units"),
        gettext_lazy(
            "Give it the id of its unit, or set the synchronization type of its level to Org Units and Relationships."
        ),
    ),
    "external-id-not-found": (
        gettext_lazy("Its external id belongs to no unit in DHIS2"),
        gettext_lazy("Correct the external id; remove it if the unit shall be made anew."),
    ),
    "several-parents": (
        gettext_lazy("It has several parents at this date"),
        gettext_lazy("End all parents but one in the registry."),
    ),
    "no-parent": (
        gettext_lazy("It has no parent at this date"),
        gettext_lazy("Give it a parent that is in force."),
    ),
    "parent-not-in-dhis2": (
        gettext_lazy("Its parent has no unit in DHIS2"),
        gettext_lazy("Give the parent its external id, or have it created."),
    ),
    "blocked": (
        gettext_lazy("It waits for another object that has a problem"),
        gettext_lazy("Solve the problem of the object that is named; nothing has to be done here."),
    ),
    "second-root": (
        gettext_lazy("It would be a second root in DHIS2"),
        gettext_lazy("Give it the external id of the root."),
    ),
    "cycle": (
        gettext_lazy("It would be above itself"),
        gettext_lazy("Correct the parents; compare them with the tree in DHIS2."),
    ),
    "term-unmapped": (
        gettext_lazy("Its term is mapped to no option or group"),
        gettext_lazy("Map the term in the configuration, or correct the object."),
    ),
    "value-refused": (
        gettext_lazy("DHIS2 refuses the value"),
        gettext_lazy("Correct the value in the registry, or map it elsewhere."),
    ),
    "required-missing": (
        gettext_lazy("A value that DHIS2 demands is missing"),
        gettext_lazy("Give the object the value, or map the field to an attribute that has one."),
    ),
    "mandatory-attribute-missing": (
        gettext_lazy("An attribute that DHIS2 demands has no value"),
        gettext_lazy("Map the attribute and give a value, or fill it in in DHIS2."),
    ),
    "code-taken": (
        gettext_lazy("Another unit has this code"),
        gettext_lazy("Find out whose code it is and correct the other."),
    ),
    "unique-value-taken": (
        gettext_lazy("The value is used by another unit, and has to be unique"),
        gettext_lazy("Find out whose value it is and correct the other."),
    ),
    "geometry-unsupported": (
        gettext_lazy("DHIS2 can't take this geometry"),
        gettext_lazy("Correct the geometry, or leave geometry out for this level."),
    ),
    "duplicate-external-id": (
        gettext_lazy("Several objects have the same external id"),
        gettext_lazy("Correct the external id of all but one."),
    ),
    "changed-in-dhis2": (
        gettext_lazy("Somebody changed the unit in DHIS2 meanwhile"),
        gettext_lazy("Make a new preview and look at what would happen now."),
    ),
    "changed-in-registry": (
        gettext_lazy("The object was changed in the registry meanwhile"),
        gettext_lazy("Make a new preview."),
    ),
    "refused-by-dhis2": (
        gettext_lazy("DHIS2 refuses the unit"),
        gettext_lazy("Follow DHIS2's own words."),
    ),
    "outcome-unknown": (
        gettext_lazy("It was sent, and the answer never came"),
        gettext_lazy("Resume the run: the unit is read back first."),
    ),
    "not-tried": (
        gettext_lazy("The run stopped before this unit was sent"),
        gettext_lazy("Resume the run, or make a new preview."),
    ),
    "parent-missing": (
        gettext_lazy("Its parent isn't imported either"),
        gettext_lazy("Solve the parent's conflict first, or give the unit a parent in DHIS2."),
    ),
    "type-mismatch": (
        gettext_lazy("Its object is of another type"),
        gettext_lazy("Take the external id from the wrong object, or import with other levels."),
    ),
    "several-groups": (
        gettext_lazy("It is in groups that stand for different terms"),
        gettext_lazy("Take it out of the wrong group in DHIS2."),
    ),
    "value-unfit": (
        gettext_lazy("A value doesn't fit its attribute"),
        gettext_lazy("Correct the value in DHIS2, or change the mapping."),
    ),
}
"""By problem code: what it means, and what to do."""

NOTES: Final[dict[str, _StrPromise]] = {
    "not-cleared": gettext_lazy("The registry has no value and DHIS2 keeps its own"),
    "not-in-existence": gettext_lazy("The object doesn't exist at this date, so no unit is made"),
    "stays-in-group": gettext_lazy("The unit stays in its former group, too"),
    "created-stays": gettext_lazy("The run created this unit, and units can't be deleted here"),
    "two-groups-of-one-set": gettext_lazy("The unit would be in two groups of one group set"),
    "changed-there-since": gettext_lazy("Somebody changed these fields in DHIS2; this plan would overwrite them"),
    "possibly-created-before": gettext_lazy("DHIS2 may have this unit already under another id"),
}

FIELDS: Final[dict[str, _StrPromise]] = {
    "Name": gettext_lazy("Name"),
    "Short name": gettext_lazy("Short name"),
    "Code": gettext_lazy("Code"),
    "Opening date": gettext_lazy("Opening date"),
    "Closed date": gettext_lazy("Closed date"),
    "Description": gettext_lazy("Description"),
    "Comment": gettext_lazy("Comment"),
    "Contact person": gettext_lazy("Contact person"),
    "Address": gettext_lazy("Postal address"),
    "E-mail": gettext_lazy("E-mail"),
    "Phone number": gettext_lazy("Phone number"),
    "Geometry": gettext_lazy("Geometry"),
    "Parent": gettext_lazy("Parent"),
}
"""By the words of `core.plan_words`; attributes are called what DHIS2 calls them."""

GUARDS: Final[dict[str, _StrPromise]] = {
    "changed_share": gettext_lazy("many changes"),
    "moved_share": gettext_lazy("many moves"),
    "vanished_share": gettext_lazy("many units that aren't found"),
}
"""What somebody consented to."""

_GEOMETRY: Final = re.compile(r"(\w+) of ([\d,]+) positions")


def field_label(label: str) -> str:
    """Say what a field is called; a translation has its locale in brackets."""
    name, bracket, rest = label.partition(" (")
    return f"{FIELDS[name]}{bracket}{rest}" if name in FIELDS else label


def side(text: str) -> str:
    """Say one side of a change; of a large geometry its kind and size."""
    found = _GEOMETRY.fullmatch(text)
    if found is None:
        return text
    return gettext("%(kind)s, %(count)s positions") % {"kind": found[1], "count": found[2]}


def problem_words(code: str) -> tuple[str, str]:
    """Say what a problem means and what to do; a code that isn't known stands for itself."""
    means, todo = PROBLEMS.get(code, (code, ""))
    return str(means), str(todo)


def guard_words(guard: Mapping[str, object]) -> str:
    """Say which limit a plan exceeds, and by how much."""
    value, limit = float(str(guard["value"])), float(str(guard["limit"]))
    texts = {
        "changed_share": gettext("%(value)s of the linked units would be changed; the limit is %(limit)s."),
        "moved_share": gettext("%(value)s of the linked units would be moved; the limit is %(limit)s."),
        "vanished_share": gettext("%(value)s of the external ids belong to no unit in DHIS2; the limit is %(limit)s."),
    }
    words = texts.get(str(guard["code"]), f"{guard['code']}: %(value)s > %(limit)s")
    return words % {"value": percent(value), "limit": percent(limit)}


def percent(share: float) -> str:
    """Say a share as people do."""
    text = in_reader_digits(f"{share * 100:.1f}".removesuffix(".0"))
    return f"{text} %" if get_language() == "fr" else f"{text}%"


def duration(seconds: float) -> str:
    """Say how long something takes, in the largest unit that fits."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds of a minute
        return ngettext("%(n)s second", "%(n)s seconds", whole) % {"n": whole}
    minutes = round(whole / 60)
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}


def size_words(*, changed: int, created: int, system: str) -> str:
    """Say on the button what pressing it does: "Update 214 and create 3 organisation units in National HMIS"."""
    values = {
        "changed": in_reader_digits(f"{changed:,}"),
        "created": in_reader_digits(f"{created:,}"),
        "system": system,
    }
    if changed and created:
        text = gettext("Update %(changed)s and create %(created)s organisation units in %(system)s")
    elif created:
        text = ngettext(
            "Create %(created)s organisation unit in %(system)s",
            "Create %(created)s organisation units in %(system)s",
            created,
        )
    else:
        text = ngettext(
            "Update %(changed)s organisation unit in %(system)s",
            "Update %(changed)s organisation units in %(system)s",
            changed,
        )
    return text % values
