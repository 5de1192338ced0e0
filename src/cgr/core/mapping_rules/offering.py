"""Everything that a type can be mapped to in one DHIS2: what a form offers, with the reasons for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.mapping_rules.attributes import candidates
from cgr.core.mapping_rules.fields import sources_for
from cgr.core.records import Localized, RemoteAttribute, RemoteGroup, RemoteLevel, RemoteOption
from cgr.core.suggestions import Suggestion, suggest_groups, suggest_options
from cgr.core.unit_fields import FIELDS

if TYPE_CHECKING:
    from cgr.core.records import OurAttribute, OurType, RemoteShape


class Selection(Struct, frozen=True):
    """A DHIS2 attribute that one of ours may go to; `suggestions`: options for its terms, for a person to accept."""

    id: str
    name: str
    value_type: str
    mandatory: bool
    unique: bool
    options: tuple[RemoteOption, ...] | None
    suggestions: tuple[Suggestion, ...]


class NoSelection(Struct, frozen=True):
    """A DHIS2 attribute that it may not go to, and why."""

    id: str
    name: str
    why_not: str


class AttributeOffer(Struct, frozen=True):
    """What one custom attribute may go to. `groups`: suggested groups of its terms; empty for other kinds."""

    code: str
    label: Localized
    kind: str
    valid: tuple[Selection, ...]
    others: tuple[NoSelection, ...]
    groups: tuple[Suggestion, ...]


class FieldOffer(Struct, frozen=True):
    """What a plain field of a unit may be filled from; `required`: DHIS2 refuses a unit without it."""

    field: str
    required: bool
    sources: tuple[str, ...]


class Offer(Struct, frozen=True):
    """All that objects of one type may be mapped to. `group_sets`: id → name. `locales`: code → English name."""

    type: str
    levels: tuple[RemoteLevel, ...]
    fields: tuple[FieldOffer, ...]
    attributes: tuple[AttributeOffer, ...]
    groups: tuple[RemoteGroup, ...]
    group_sets: dict[str, str]
    locales: dict[str, str]


def offer(our_type: OurType, shape: RemoteShape) -> Offer:
    """Give what a level of this type may be mapped to, everything by name as people read it."""
    groups = sorted(shape.groups.values(), key=lambda group: (group.name.casefold(), group.id))
    return Offer(
        type=our_type.code,
        levels=shape.levels,
        fields=tuple(FieldOffer(name, field.required, sources_for(name, our_type)) for name, field in FIELDS.items()),
        attributes=tuple(_attribute_offer(one, shape, groups) for one in our_type.attributes.values()),
        groups=tuple(groups),
        group_sets=dict(sorted(shape.group_sets.items(), key=lambda entry: (entry[1].casefold(), entry[0]))),
        locales=dict(sorted(shape.locales.items(), key=lambda entry: (entry[1].casefold(), entry[0]))),
    )


def _attribute_offer(attribute: OurAttribute, shape: RemoteShape, groups: list[RemoteGroup]) -> AttributeOffer:
    valid, others = candidates(attribute, shape)
    return AttributeOffer(
        code=attribute.code,
        label=attribute.label,
        kind=attribute.kind,
        valid=tuple(_selection(attribute, remote) for remote in valid),
        others=tuple(NoSelection(remote.id, remote.name, reason) for remote, reason in others),
        groups=tuple(suggest_groups(attribute.terms or {}, groups)) if attribute.kind == "term" else (),
    )


def _selection(attribute: OurAttribute, remote: RemoteAttribute) -> Selection:
    return Selection(
        id=remote.id,
        name=remote.name,
        value_type=remote.value_type,
        mandatory=remote.mandatory,
        unique=remote.unique,
        options=remote.options,
        suggestions=tuple(suggest_options(attribute.terms or {}, remote.options or ())),
    )
