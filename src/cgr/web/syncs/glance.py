"""A mapping at a glance, in words: what of each level goes where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cgr.core.mapping import SyncType
from cgr.web.syncs.words import SYNC_TYPES
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cgr.core.mapping import AttributeMapping, LevelMapping, SyncMapping
    from cgr.core.records import OurType, RemoteShape


def glance(mapping: SyncMapping, types: Mapping[str, OurType], shape: RemoteShape | None) -> list[dict[str, object]]:
    """Give the levels in words; names of DHIS2 as far as they are known."""
    remote = {level.level: level.name for level in shape.levels} if shape is not None else {}
    return [
        {
            "number": number,
            "name": remote.get(number, ""),
            "type": _label(level.type, types),
            "sync": SYNC_TYPES[level.sync][0],
            "means": SYNC_TYPES[level.sync][1],
            "parts": list(_parts(level, types.get(level.type), shape)) if level.sync is not SyncType.NONE else [],
        }
        for number, level in enumerate(mapping.levels, start=1)
    ]


def _label(code: str, types: Mapping[str, OurType]) -> str:
    return in_reader_language(types[code].label) if code in types else code


def _parts(level: LevelMapping, our_type: OurType | None, shape: RemoteShape | None) -> Iterator[str]:
    for entry in level.attributes:
        if entry.to is not None or entry.groups is not None:
            yield _attribute(entry, our_type, shape)
    if level.groups:
        names = ", ".join(_group(group, shape) for group in level.groups)
        if level.only_in_groups:
            yield _("only units already in: %(groups)s") % {"groups": names}
        else:
            yield _("every unit is added to: %(groups)s") % {"groups": names}
    for code, values in level.where.items():
        yield _("only where %(attribute)s is %(values)s") % {
            "attribute": _attribute_label(code, our_type),
            "values": ", ".join(values),
        }
    if level.geometry is False:
        yield _("without geometry")
    if level.locale:
        yield _("labels in %(locale)s") % {"locale": level.locale}


def _attribute(entry: AttributeMapping, our_type: OurType | None, shape: RemoteShape | None) -> str:
    ours = _attribute_label(entry.source, our_type)
    if entry.groups is not None:
        count = len(entry.groups)
        return ngettext("%(ours)s → %(count)s group", "%(ours)s → %(count)s groups", count) % {
            "ours": ours,
            "count": count,
        }
    found = shape.attributes.get(entry.to or "") if shape is not None else None
    return f"{ours} → {found.name if found is not None else entry.to}"


def _attribute_label(code: str, our_type: OurType | None) -> str:
    attribute = our_type.attributes.get(code) if our_type is not None else None
    return in_reader_language(attribute.label) if attribute is not None else code


def _group(group: str, shape: RemoteShape | None) -> str:
    found = shape.groups.get(group) if shape is not None else None
    return found.name if found is not None else group
