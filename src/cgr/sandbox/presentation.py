"""Stored objects as the JSON a client asked for: presets, nested fields, the computed ones, each version's shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from cgr.sandbox import permissions
from cgr.sandbox.catalogue import (
    KLASSES,
    OPTION_SET,
    ORGANISATION_UNIT,
    USER,
    Klass,
    Property,
    names,
)
from cgr.sandbox.computed import COMPUTED, shown_name
from cgr.sandbox.field_lists import FieldList, Wanted, parse_fields
from cgr.sandbox.units import Stored, Unit, data_of

if TYPE_CHECKING:
    from cgr.sandbox.http import Request
    from cgr.sandbox.world import World

Getter: TypeAlias = Callable[[Any], object]

_IDENTIFIABLE: Final = ("id", "code", "name", "created", "lastUpdated", "lastUpdatedBy", "href")
_NAMEABLE: Final = ("id", "code", "name", "shortName", "description", "created", "lastUpdated", "href")
_ACCESS_LISTS: Final = {"externalAccess", "userAccesses", "userGroupAccesses", "publicAccess"}
_TREE_FIELDS: Final = {"path", "level", "ancestors", "leaf", "children"}
_SIMPLE_KINDS: Final = {"text", "long_text", "email", "url", "date", "integer", "flag", "constant"}
_UNIT_DATA: Final = {"name", "shortName", "code", "id", "created", "lastUpdated", "openingDate", "closedDate"}
_PLAIN: Final = {
    "id", "code", "name", "created", "lastUpdated", "shortName", "description", "parent", "openingDate", "closedDate",
    "comment", "url", "contactPerson", "address", "email", "phoneNumber", "featureType", "coordinates", "geometry",
    "attributeValues", "translations", "displayName", "displayShortName",
}  # fmt: skip


@dataclass(slots=True, frozen=True)
class Plan:
    """How to render objects of one class: (name in the reply, getter), and what a rendered object depends on."""

    klass: Klass
    getters: tuple[tuple[str, Getter], ...]
    on_tree: bool
    on_others: bool
    asks_parent: bool

    def render(self, stored: Stored) -> dict[str, object]:
        """Give the object; properties without a value are left out."""
        shown = {}
        for name, getter in self.getters:
            value = getter(stored)
            if value is not None:
                shown[name] = value
        return shown


class Presenter:
    """Renders for one request: its user, its locale, its address."""

    def __init__(self, world: World, request: Request) -> None:
        """Remember for whom."""
        self.world = world
        self.version = world.version
        self.user = request.actor
        self.origin: str = request.origin
        # `locale` stopped changing the display names after 2.40 (recorded: scenario 12-create-hierarchy).
        self.locale = request.first("locale") if world.version < (2, 41) else ""
        # The list of fields is kept beside its getters, so that its identity stays its own.
        self._inner: dict[tuple[str, int], tuple[FieldList, tuple[tuple[str, Getter], ...]]] = {}

    def plan(self, klass: Klass, fields: str, *, single: bool = False) -> Plan:
        """Make the plan for a `fields` parameter."""
        asked = self._named(klass, parse_fields(fields), single=single)
        getters = tuple((wanted.shown_as or wanted.name, self._getter(klass, wanted)) for wanted in asked)
        known = {wanted.name for wanted in asked}
        return Plan(
            klass,
            getters,
            on_tree=not known.isdisjoint(_TREE_FIELDS),
            on_others=not known <= _PLAIN | _TREE_FIELDS or any(wanted.inner for wanted in asked),
            asks_parent="parent" in known,
        )

    def show(self, klass: Klass, stored: Stored, fields: str, *, single: bool = False) -> dict[str, object]:
        """Render one object."""
        return self.plan(klass, fields, single=single).render(stored)

    # Which fields

    def _named(self, klass: Klass, fields: FieldList, *, single: bool) -> list[Wanted]:
        known = self.known_names(klass)
        asked: dict[str, Wanted] = {}
        for preset in fields.presets:
            for name in self._preset(klass, preset, single=single):
                asked.setdefault(name, Wanted(name))
        asked |= {name: wanted for name, wanted in fields.wanted.items() if name in known}
        return [wanted for name, wanted in asked.items() if name not in fields.excluded]

    def _preset(self, klass: Klass, preset: str, *, single: bool) -> list[str]:
        owned = names(klass.owned(self.version))
        match preset:
            case ":owner" | ":persisted":
                return [name for name in owned if name != "sharing" or self.version >= (2, 36)] + self._old_sharing(
                    klass
                )
            case ":identifiable":
                return list(_IDENTIFIABLE)
            case ":nameable":
                return list(_NAMEABLE)
            case ":simple":
                return [prop.name for prop in klass.owned(self.version) if prop.kind in _SIMPLE_KINDS]
            case _:
                return [name for name in self.known_names(klass) if name != "href" or single]

    def _old_sharing(self, klass: Klass) -> list[str]:
        if self.version >= (2, 36) or not klass.shareable:
            return []
        return ["publicAccess", "userAccesses", "userGroupAccesses"]

    def known_names(self, klass: Klass) -> dict[str, None]:
        """Give every field name this version knows for the class, in the order in which `*` shows them."""
        version = self.version
        found = dict.fromkeys(names(klass.owned(version)))
        found |= dict.fromkeys(klass.shown_only)
        found["href"] = None
        if version >= (2, 36) and "createdBy" in found:
            found["user"] = None
        absent = set()
        if version >= (2, 41):
            absent |= _ACCESS_LISTS
        if not (2, 35) <= version < (2, 37):
            absent.add("periodOffset")
        if version < (2, 36):
            absent.add("sharing")
        if version < (2, 32):
            absent.add("displayFormName")
        else:
            absent.add("featureType")
        if version < (2, 39):
            absent.add("objectTypes")
        if klass is OPTION_SET and version >= (2, 43):
            absent |= {"favorite", "favorites"}
        if klass is USER and version < (2, 38):
            absent |= {"username", "userRoles"}
        return {name: None for name in found if name not in absent}

    # How a field is read

    def _getter(self, klass: Klass, wanted: Wanted) -> Getter:
        read = self._reader(klass, wanted)
        if wanted.count_only:
            return lambda stored: len(_as_list(read(stored)))
        return read

    def _reader(self, klass: Klass, wanted: Wanted) -> Getter:
        name, inner = wanted.name, wanted.inner
        if klass is ORGANISATION_UNIT and (special := self._unit_reader(name, inner)) is not None:
            return special
        if klass is USER and name == "name":
            return lambda stored: shown_name(self, klass, stored)
        if (computed := COMPUTED.get(name)) is not None:
            return lambda stored: narrowed(computed(self, klass, stored), inner)
        if name in {"createdBy", "lastUpdatedBy", "user"}:
            key = "createdBy" if name == "user" else name
            return lambda stored: self._user(data_of(stored).get(key), inner)
        prop = next((prop for prop in klass.owned(self.version) if prop.name == name), None)
        return self._property_reader(klass, prop, inner) if prop is not None else _plain(name, None)

    def _property_reader(self, klass: Klass, prop: Property, inner: FieldList | None) -> Getter:
        name, target = prop.name, prop.target
        by_kind: dict[str, Getter] = {
            "reference": lambda stored: self._reference(target, data_of(stored).get(name), inner),
            "references": lambda stored: self._references(target, data_of(stored).get(name) or (), inner),
            "values": lambda stored: narrowed(self._values(stored), inner),
            "translations": lambda stored: narrowed(data_of(stored).get(name) or [], inner),
            "sharing": lambda stored: narrowed(self.sharing(klass, stored), inner),
        }
        return by_kind.get(prop.kind) or _plain(name, prop.default)

    def _unit_reader(self, name: str, inner: FieldList | None) -> Getter | None:
        if name in _UNIT_DATA:  # the most asked ones, without a detour
            return lambda unit: unit.data.get(name)
        store = self.world.units_store
        # Stored in replies from 2.39 on, computed before (verified fact H7; 2.40 recorded, 2.38 recorded).
        stored_level = self.version >= (2, 39)
        readers: dict[str, Getter] = {
            "parent": lambda unit: self._unit_reference(unit.parent, inner) if unit.parent else None,
            "geometry": lambda unit: msgspec.Raw(unit.geometry) if unit.geometry is not None else None,
            "path": lambda unit: store.path(unit.data["id"]),
            "level": lambda unit: unit.stored_level if stored_level else len(store.ancestors(unit.data["id"])),
            "ancestors": lambda unit: self._unit_references(store.ancestors(unit.data["id"])[:-1], inner),
            "children": lambda unit: self._unit_references(store.children.get(unit.data["id"], ()), inner),
            "leaf": lambda unit: unit.data["id"] not in store.children,
            "organisationUnitGroups": lambda unit: self._references(
                "organisationUnitGroups", self._having(unit, "organisationUnitGroups"), inner
            ),
            "users": lambda unit: self._references("users", self._having(unit, "users"), inner),
        }
        if inner is not None:
            readers["coordinates"] = lambda unit: {} if unit.data.get("coordinates") else None
        return readers.get(name)

    def _having(self, unit: Unit, plural: str) -> list[dict[str, Any]]:
        """Give references to the groups or users that list the unit."""
        uid = unit.uid
        return [
            {"id": other}
            for other, data in self.world.objects.get(plural, {}).items()
            if any(member["id"] == uid for member in data.get("organisationUnits", ()))
        ]

    # References

    def _unit_reference(self, uid: str, inner: FieldList | None) -> object:
        if inner is None:
            return {"id": uid}
        unit = self.world.units_store.get(uid)
        return self._nested(ORGANISATION_UNIT, unit, inner) if unit is not None else None

    def _unit_references(self, uids: Iterable[str], inner: FieldList | None) -> list[object]:
        return [self._unit_reference(uid, inner) for uid in uids]

    def _reference(self, target: str, reference: dict[str, Any] | None, inner: FieldList | None) -> object:
        if reference is None:
            return None
        if target == "organisationUnits":
            return self._unit_reference(reference["id"], inner)
        if target == "users":
            return self._user(reference, inner)
        if inner is None or target not in KLASSES:
            return {"id": reference["id"]}
        stored = self.world.objects.get(target, {}).get(reference["id"])
        return self._nested(KLASSES[target], stored, inner) if stored is not None else None

    def _references(self, target: str, references: Iterable[dict[str, Any]], inner: FieldList | None) -> list[object]:
        shown = (self._reference(target, reference, inner) for reference in references)
        return [one for one in shown if one is not None]

    def _nested(self, klass: Klass, stored: Stored, inner: FieldList) -> dict[str, object]:
        getters = self._nested_getters(klass, inner)
        return {name: value for name, getter in getters if (value := getter(stored)) is not None}

    def _nested_getters(self, klass: Klass, inner: FieldList) -> tuple[tuple[str, Getter], ...]:
        """Give the getters of a reference's fields, worked out once: a group has as many references as members."""
        key = (klass.plural, id(inner))
        if key not in self._inner:
            asked = self._named(klass, inner, single=False)
            getters = tuple((wanted.shown_as or wanted.name, self._getter(klass, wanted)) for wanted in asked)
            self._inner[key] = inner, getters
        return self._inner[key][1]

    def _user(self, reference: dict[str, Any] | None, inner: FieldList | None) -> object:
        """Show a user reference: five keys from 2.36 on, the id before; 2.39+ ignores what was asked of it."""
        if reference is None:
            return None
        user = self.world.user_of(reference["id"])
        if user is None or self.version < (2, 36):
            name = {"name": user.name} if user is not None and inner is not None else {}
            return narrowed({"id": reference["id"]} | name, inner)
        shown = {"id": user.uid, "name": user.name, "displayName": user.name, "username": user.username}
        if user.data.get("code"):
            shown["code"] = user.data["code"]
        return shown if self.version >= (2, 39) else narrowed(shown, inner)

    # Values of several parts

    def _values(self, stored: Stored) -> list[dict[str, Any]]:
        data = data_of(stored)
        pairs = data.get("attributeValues") or ()
        shown: list[dict[str, Any]] = [{"attribute": {"id": attribute}, "value": value} for attribute, value in pairs]
        if self.version < (2, 33):
            for value in shown:
                value |= {"created": data.get("lastUpdated"), "lastUpdated": data.get("lastUpdated")}
        return shown

    def sharing(self, klass: Klass, stored: Stored) -> dict[str, Any]:
        """Show the sharing: without `external` from 2.43 on, without empty parts in 2.36."""
        kept = data_of(stored).get("sharing") or {}
        shown = {key: kept[key] for key in ("owner", "public") if kept.get(key)} if klass.shareable else {}
        if self.version < (2, 43):
            shown["external"] = False
        for part in ("users", "userGroups"):
            if kept.get(part) or self.version >= (2, 37):
                shown[part] = kept.get(part, {})
        return shown

    def access(self, klass: Klass, stored: Stored) -> dict[str, bool]:
        """Show what the asking user may do with the object."""
        data, user = data_of(stored), self.user
        shown = {
            "manage": permissions.may_manage(user, klass, data),
            "write": permissions.may_update(user, klass, data),
            "read": permissions.may_read(user, klass, data),
            "update": permissions.may_update(user, klass, data),
            "delete": permissions.may_delete(user, klass, data),
        }
        if self.version < (2, 43):
            shown["externalize"] = user.is_superuser
        return shown

    def displayed(self, stored: Stored, name: str, translation: str) -> object:
        """Give a display name: the translation into the asked locale, else the value itself."""
        data = data_of(stored)
        if self.locale:
            for entry in data.get("translations") or ():
                if entry["property"] == translation and entry["locale"] == self.locale:
                    return entry["value"]
        return data.get(name)


def _plain(name: str, default: object) -> Getter:
    if default is None:
        return lambda stored: data_of(stored).get(name)
    return lambda stored: data_of(stored).get(name, default)


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def narrowed(value: object, inner: FieldList | None) -> object:
    """Keep the asked keys of a plain JSON value."""
    if inner is None or inner.presets:
        return value
    if isinstance(value, list):
        return [narrowed(one, inner) for one in value]
    if isinstance(value, dict):
        return {name: narrowed(value[name], wanted.inner) for name, wanted in inner.wanted.items() if name in value}
    return value
