"""What kinds of attributes and geometries are called, and what a change would break, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext_lazy

from cgr.core.breakage import Kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import _StrPromise

    from cgr.core.breakage import Breakage

GEOMETRIES: Final[dict[str, _StrPromise]] = {
    "none": pgettext_lazy("geometry", "None"),
    "point": pgettext_lazy("geometry", "Point"),
    "multipoint": pgettext_lazy("geometry", "Points"),
    "line": pgettext_lazy("geometry", "Line"),
    "multiline": pgettext_lazy("geometry", "Lines"),
    "polygon": pgettext_lazy("geometry", "Polygon"),
    "multipolygon": pgettext_lazy("geometry", "Polygons"),
    "mixed": pgettext_lazy("geometry", "Any"),
}

BUILT_IN: Final = (
    gettext_lazy("uid"),
    gettext_lazy("code"),
    gettext_lazy("display label (over time)"),
    gettext_lazy("geometry (over time)"),
    gettext_lazy("existence (over time)"),
    gettext_lazy("invalid"),
    gettext_lazy("created"),
    gettext_lazy("last updated"),
)
"""The attributes that every type has (R0.2)."""


_BROKEN: Final[dict[Kept, Callable[[int], str]]] = {
    Kept.VALUES: lambda count: ngettext(
        "%(count)s object has a value for it.", "%(count)s objects have values for it.", count
    ),
    Kept.PARENTS: lambda count: ngettext(
        "%(count)s parent of a Geo-Object is kept by it.", "%(count)s parents of Geo-Objects are kept by it.", count
    ),
    Kept.TYPES_BELOW: lambda _: gettext("Types stand below it: %(names)s."),
    Kept.TERMS_BELOW: lambda count: ngettext("%(count)s term is below it.", "%(count)s terms are below it.", count),
    Kept.CONFIGURATIONS: lambda count: ngettext(
        "%(count)s synchronization configuration uses it: %(names)s.",
        "%(count)s synchronization configurations use it: %(names)s.",
        count,
    ),
    Kept.OBJECTS: lambda count: ngettext(
        "%(count)s object is of this type.", "%(count)s objects are of this type.", count
    ),
    Kept.HIERARCHIES: lambda _: gettext("It has a place in hierarchies: %(names)s."),
    Kept.CONTINUED_BY: lambda _: gettext("Hierarchies continue it: %(names)s."),
    Kept.EDGES: lambda count: ngettext(
        "%(count)s parent of a Geo-Object is kept in it.", "%(count)s parents of Geo-Objects are kept in it.", count
    ),
    Kept.ATTRIBUTES: lambda _: gettext("Attributes draw from it: %(names)s."),
    Kept.ROLES: lambda count: ngettext("%(count)s role is limited to it.", "%(count)s roles are limited to it.", count),
    Kept.IMPORTS: lambda _: gettext("Imports into it are under way: %(names)s."),
    Kept.MAPPINGS: lambda count: ngettext(
        "%(count)s mapping of columns is kept for it: %(names)s.",
        "%(count)s mappings of columns are kept for it: %(names)s.",
        count,
    ),
    Kept.PROPOSALS: lambda count: ngettext(
        "%(count)s proposal about it waits for a decision.",
        "%(count)s proposals about it wait for a decision.",
        count,
    ),
}

_BROKEN_ELSEWHERE: Final[dict[Kept, _StrPromise]] = {
    Kept.CONFIGURATIONS: gettext_lazy("Synchronization configurations of another organization use it."),
    Kept.HIERARCHIES: gettext_lazy("It has a place in a hierarchy of another organization."),
    Kept.CONTINUED_BY: gettext_lazy("A hierarchy of another organization continues it."),
    Kept.ATTRIBUTES: gettext_lazy("Attributes of types of another organization draw from it."),
    Kept.IMPORTS: gettext_lazy("Imports into it are under way."),
    Kept.MAPPINGS: gettext_lazy("Mappings of columns are kept for it."),
}
"""What is said where none of the names may be known."""


def broken_in_words(one: Breakage) -> str:
    """Say what would break, with how many."""
    shown = {"count": number_format(one.count, force_grouping=True), "names": ", ".join(one.names)}
    if not one.names and one.kept in _BROKEN_ELSEWHERE:
        return str(_BROKEN_ELSEWHERE[one.kept])
    if one.kept is Kept.CONFIGURATIONS and not one.refused:
        text = ngettext(
            "%(count)s synchronization configuration uses it: %(names)s. Its next plan will say so and stop.",
            "%(count)s synchronization configurations use it: %(names)s. Their next plans will say so and stop.",
            one.count,
        )
        return text % shown
    return _BROKEN[one.kept](one.count) % shown


def next_step(one: Breakage) -> str:
    """Say what to do about it."""
    if one.kept is Kept.CONFIGURATIONS and one.refused:
        return gettext("Delete those configurations, or take its level out of them.")
    return str(_NEXT_STEPS[one.kept])


_NEXT_STEPS: Final[dict[Kept, _StrPromise]] = {
    Kept.VALUES: gettext_lazy("Remove or change those values first; or leave it and add another one."),
    Kept.PARENTS: gettext_lazy("Remove these parents first, or make another hierarchy."),
    Kept.TYPES_BELOW: gettext_lazy("Move the types below it elsewhere first, or take them out."),
    Kept.TERMS_BELOW: gettext_lazy("Move or remove those first."),
    Kept.CONFIGURATIONS: gettext_lazy("Afterwards, correct those configurations."),
    Kept.OBJECTS: gettext_lazy("Objects keep their type and their history; so the type stays with them."),
    Kept.HIERARCHIES: gettext_lazy("Take it out of them first."),
    Kept.CONTINUED_BY: gettext_lazy("Let them continue another hierarchy first, or none."),
    Kept.EDGES: gettext_lazy("Remove these parents first."),
    Kept.ATTRIBUTES: gettext_lazy("Remove those attributes first."),
    Kept.ROLES: gettext_lazy("Change or end those roles first."),
    Kept.IMPORTS: gettext_lazy("Wait for their end, or cancel them."),
    Kept.PROPOSALS: gettext_lazy("Decide on them first."),
    Kept.MAPPINGS: gettext_lazy("Forget those mappings first, on the page of imports from a file."),
}
