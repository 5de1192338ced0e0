"""Save Geo-Object Types with their attributes (R0.2). Nothing that data depends on changes under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from cgr.accounts import queries as accounts
from cgr.accounts.codes import check_code
from cgr.accounts.policy import Permission, may, require, unknown
from cgr.audit.saving import Saved, record_saved
from cgr.core.errors import BadInput
from cgr.registry.codes import check_unique, read_label, refuse_other_organization
from cgr.registry.locking import lock_registry
from cgr.registry.models import Attribute, GeometryVersion, GeoObject, GeoObjectType, TermTree
from cgr.registry.queries.uses import values_of

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.core.definitions import AttributeDefinition, TypeDefinition

_WIDER: Final = {
    "none": set(GeoObjectType.GeometryType.values),
    "point": {"multipoint", "mixed"},
    "multipoint": {"mixed"},
    "line": {"multiline", "mixed"},
    "multiline": {"mixed"},
    "polygon": {"multipolygon", "mixed"},
    "multipolygon": {"mixed"},
    "mixed": set[str](),
}
"""Geometry type → those that take all its geometries too."""


@transaction.atomic
def save_type(actor: Actor, definition: TypeDefinition) -> Saved:
    """Create the type, or change what is named; attributes that aren't named stay as they are."""
    require(actor, Permission.MANAGE_DEFINITIONS, organization=definition.organization)
    where = f'type "{definition.code}"'
    check_code(definition.code, "a type")
    check_unique((attribute.code for attribute in definition.attributes), "attribute", where=where)
    if definition.geometry not in GeoObjectType.GeometryType.values:
        raise _unknown_choice(where, "geometry", definition.geometry, GeoObjectType.GeometryType.values)
    lock_registry()
    row = GeoObjectType.objects.select_related("organization").filter(code=definition.code).first()
    before = None
    if row is not None:
        if row.organization.code != definition.organization:
            raise refuse_other_organization(actor, "type", row.code, row.organization.code)
        before = fields_of(row)
        _check_geometry(row, definition.geometry)
    else:
        row = GeoObjectType(code=definition.code, organization=accounts.organization(actor, definition.organization))
    row.label = read_label(definition.label, where)
    row.geometry_type = definition.geometry
    row.save()
    for attribute in definition.attributes:
        _save_attribute(row, attribute)
    return record_saved(
        actor,
        kind="type",
        subject=row.code,
        organization=definition.organization,
        before=before,
        after=fields_of(row),
    )


@transaction.atomic
def remove_attribute(actor: Actor, type: str, attribute: str) -> None:  # noqa: A002 - the domain's word
    """Remove an attribute that no object has a value for."""
    row = GeoObjectType.objects.select_related("organization").filter(code=type).first()
    if row is None or not may(actor, Permission.MANAGE_DEFINITIONS, organization=row.organization.code):
        raise unknown("type", type)
    lock_registry()
    found = row.attributes.filter(code=attribute).first()
    if found is None:
        raise unknown("attribute", attribute)
    if count := values_of(type, attribute):
        raise BadInput(
            f'The attribute "{attribute}" of type "{type}" can\'t be removed: {count:,} objects have values for it.',
            code="attribute-in-use",
            next_step="Remove the objects' values first.",
        )
    before = fields_of(row)
    found.delete()
    record_saved(
        actor, kind="type", subject=type, organization=row.organization.code, before=before, after=fields_of(row)
    )


def _check_geometry(row: GeoObjectType, geometry: str) -> None:
    if geometry == row.geometry_type or geometry in _WIDER[row.geometry_type]:
        return
    if GeometryVersion.objects.filter(object__type=row).exists():
        raise BadInput(
            f'The geometry of type "{row.code}" can\'t become {geometry}: objects have a {row.geometry_type}.',
            code="type-in-use",
            next_step=f"Keep {row.geometry_type}, or one that takes it too, or remove the objects' geometries first.",
        )


def _save_attribute(row: GeoObjectType, definition: AttributeDefinition) -> None:
    where = f'attribute "{definition.code}" of type "{row.code}"'
    check_code(definition.code, "an attribute")
    if definition.kind not in Attribute.Kind.values:
        raise _unknown_choice(where, "kind", definition.kind, Attribute.Kind.values)
    terms = _tree_of(definition, where)
    attribute = row.attributes.filter(code=definition.code).first()
    if attribute is None:
        attribute = Attribute(type=row, code=definition.code, position=row.attributes.count())
    elif (attribute.kind, attribute.terms_id) != (definition.kind, terms and terms.pk):
        _check_unused(row, attribute)
    attribute.label = read_label(definition.label, where)
    attribute.kind = definition.kind
    attribute.terms = terms
    attribute.save()


def _tree_of(definition: AttributeDefinition, where: str) -> TermTree | None:
    if definition.kind != Attribute.Kind.TERM:
        if definition.terms is None:
            return None
        raise BadInput(
            f'{where} has terms, but its kind is "{definition.kind}".'.capitalize(),
            code="terms-without-kind",
            next_step="Use the kind term, or leave the terms out.",
        )
    tree = TermTree.objects.filter(code=definition.terms or "").first()
    if tree is None:
        raise BadInput(
            f'There is no tree of terms "{definition.terms}" for {where}.'
            if definition.terms
            else f"Terms are missing for {where}.",
            code="unknown-terms",
            next_step="Name a tree of terms under `terms`; if it is new, define it too.",
        )
    return tree


def _check_unused(row: GeoObjectType, attribute: Attribute) -> None:
    if GeoObject.objects.filter(type=row, values__has_key=attribute.code).exists():
        raise BadInput(
            f'The kind and terms of attribute "{attribute.code}" of type "{row.code}" can\'t change: '
            "objects have values for it.",
            code="attribute-in-use",
            next_step="Add an attribute with another code and move the values there.",
        )


def _unknown_choice(where: str, key: str, value: str, choices: list[str]) -> BadInput:
    return BadInput(
        f'The {key} "{value}" of {where} is not one that exists.',
        code=f"unknown-{key}",
        next_step=f"Use one of {', '.join(choices)}.",
    )


def fields_of(row: GeoObjectType) -> dict[str, object]:
    """Give what the audit log keeps of it."""
    attributes = row.attributes.select_related("terms").all()
    return {
        "label": row.label,
        "geometry": row.geometry_type,
        **{
            f"attributes.{one.code}": {
                "label": one.label,
                "kind": one.kind,
                **({} if one.terms is None else {"terms": one.terms.code}),
            }
            for one in attributes
        },
    }
