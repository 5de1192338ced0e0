"""What kinds of attributes and geometries are called, and what a change would break, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext_lazy

from cgr.core.breakage import Kept

if TYPE_CHECKING:
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


def broken_in_words(one: Breakage) -> str:
    """Say what would break, with how many."""
    shown = {"count": number_format(one.count, force_grouping=True), "names": ", ".join(one.names)}
    match one.kept:
        case Kept.VALUES:
            text = ngettext("%(count)s object has a value for it.", "%(count)s objects have values for it.", one.count)
        case Kept.PARENTS:
            text = ngettext(
                "%(count)s parent of a Geo-Object is kept by it.",
                "%(count)s parents of Geo-Objects are kept by it.",
                one.count,
            )
        case Kept.TYPES_BELOW:
            text = gettext("Types stand below it: %(names)s.")
        case Kept.TERMS_BELOW:
            text = ngettext("%(count)s term is below it.", "%(count)s terms are below it.", one.count)
        case Kept.CONFIGURATIONS if one.names:
            text = ngettext(
                "%(count)s synchronization configuration uses it: %(names)s. Its next plan will say so and stop.",
                "%(count)s synchronization configurations use it: %(names)s. Their next plans will say so and stop.",
                one.count,
            )
        case Kept.CONFIGURATIONS:
            text = gettext("Synchronization configurations of another organization use it.")
    return text % shown


NEXT_STEPS: Final[dict[Kept, _StrPromise]] = {
    Kept.VALUES: gettext_lazy("Remove or change those values first; or add another attribute and leave this one."),
    Kept.PARENTS: gettext_lazy("Remove these parents first, or make another hierarchy."),
    Kept.TYPES_BELOW: gettext_lazy("Move the types below it elsewhere first, or take them out."),
    Kept.TERMS_BELOW: gettext_lazy("Move or remove those first."),
    Kept.CONFIGURATIONS: gettext_lazy("Afterwards, correct those configurations."),
}
