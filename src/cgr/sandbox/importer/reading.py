"""Payload objects as the importer understands them: known properties only, each in the form in which it is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cgr.sandbox.catalogue import FEATURE_TYPES, ORGANISATION_UNIT, VALUE_TYPES, Klass, Property
from cgr.sandbox.importer.dates import read_date, read_day
from cgr.sandbox.importer.geometry import read_geometry
from cgr.sandbox.messages import Refused, problem
from cgr.sandbox.uids import new_uid

if TYPE_CHECKING:
    from cgr.sandbox.http import Response
    from cgr.sandbox.units import Unit
    from cgr.sandbox.world import World

Reader: TypeAlias = Callable[["Incoming", Any], None]
_BLANKS: Final = re.compile(r" {2,}")
_SERVER_MADE: Final = {"lastUpdated", "lastUpdatedBy", "path", "level"}
_TRANSLATABLE: Final = {
    "NAME", "SHORT_NAME", "DESCRIPTION", "FORM_NAME", "NUMERATOR_DESCRIPTION", "DENOMINATOR_DESCRIPTION",
    "RELATIONSHIP_FROM_TO_NAME", "RELATIONSHIP_TO_FROM_NAME",
}  # fmt: skip


@dataclass(slots=True)
class Incoming:
    """One object of a payload, read. `index` is its position among the objects of its class."""

    klass: Klass
    index: int
    uid: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    parent: str | None = None
    parent_unknown: bool = False
    geometry: bytes | None = None
    geometry_deep: bool = False
    stored: Unit | dict[str, Any] | None = None
    place: int = 0

    @property
    def name(self) -> object:
        """What reports call it."""
        return self.data.get("name")


class PayloadReader:
    """Reads the objects of one class for one world; raises Refused where the real server fails as a whole."""

    def __init__(self, world: World, klass: Klass) -> None:
        """Make a reader for every property the version knows."""
        self.world = world
        self.klass = klass
        self._readers: dict[str, Reader] = {
            prop.name: self._reader(prop)
            for prop in klass.owned(world.version)
            if prop.name not in _SERVER_MADE or (prop.name == "level" and klass is not ORGANISATION_UNIT)
        }
        if world.version >= (2, 36):
            self._readers["user"] = self._readers.get("createdBy", _ignored)
        if klass.shareable and world.version < (2, 36):
            for name in ("publicAccess", "userAccesses", "userGroupAccesses"):
                self._readers[name] = _old_sharing(name)
        if klass.plural == "users":
            self._readers |= {"userCredentials": self._credentials, "password": _kept("password")}
            self._readers |= {"username": _kept("username"), "userRoles": _kept("userRoles")}

    def read(self, value: object, index: int) -> Incoming:
        """Read one object."""
        if not isinstance(value, dict):
            raise Refused(self._no_string(str(value), ""))
        incoming = Incoming(self.klass, index)
        readers = self._readers
        for name, part in value.items():
            reader = readers.get(name)
            if reader is not None:
                reader(incoming, part)
        if "coordinates" in value and not isinstance(value["coordinates"], str | None) and "featureType" in readers:
            incoming.data["featureType"] = "NONE"  # a real array is dropped, and the type with it (verified fact O4)
        uid = incoming.data.get("id")
        if not uid:
            incoming.data["id"] = uid = new_uid()
        incoming.uid = uid
        return incoming

    def _reader(self, prop: Property) -> Reader:
        name = prop.name
        by_name = {"coordinates": _coordinates, "parent": self._parent}
        by_kind = {"geometry": self._geometry, "values": self._values, "translations": self._translations}
        if (whole := by_name.get(name) or by_kind.get(prop.kind)) is not None:
            return whole
        if prop.kind in {"integer", "flag", "sharing", "texts"}:
            return _kept(name)
        day = name in {"openingDate", "closedDate"}
        converters: dict[str, Callable[[Any], object]] = {
            "date": lambda value: (read_day if day else read_date)(self.world, value),
            "reference": lambda value: self._reference(value, name),
            "references": lambda value: self._references(value, name),
            "constant": lambda value: self._constant(prop, value),
        }
        convert = converters.get(prop.kind, lambda value: self._text(name, value))
        return lambda incoming, value: _set(incoming, name, convert(value))

    # Parts

    def _text(self, name: str, value: object) -> str | None:
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        told = f"Cannot deserialize value of type `java.lang.String`{self._chain(name)}"
        raise Refused(self._unreadable(told))

    def _geometry(self, incoming: Incoming, value: object) -> None:
        incoming.geometry, incoming.geometry_deep = read_geometry(self.world, value)

    def _parent(self, incoming: Incoming, value: object) -> None:
        reference = self._reference(value, "parent")
        if reference is not None:
            incoming.parent = reference["id"]
            incoming.parent_unknown = reference["id"] is None

    def _reference(self, value: object, name: str) -> dict[str, Any] | None:
        if value is None or value == {}:
            return None
        if not isinstance(value, dict):
            raise Refused(self._no_string(str(value), self._chain(name)))
        uid = value.get("id")
        return {"id": uid if isinstance(uid, str) else self._text("id", uid)}

    def _references(self, value: object, name: str) -> list[dict[str, Any]]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise Refused(self._no_string(str(value), self._chain(name)))
        found = [self._reference(one, name) for one in value]
        return [one for one in found if one is not None]

    def _values(self, incoming: Incoming, value: object) -> None:
        version = self.world.version
        if isinstance(value, dict) and version >= (2, 42):
            value = [{"attribute": {"id": uid}, "value": part.get("value")} for uid, part in value.items()]
        pairs: list[tuple[str, str]] = []
        for entry in value if isinstance(value, list) else ():
            if not isinstance(entry, dict):
                raise Refused(self._no_string(str(entry), self._chain("attributeValues")))
            attribute = (self._reference(entry.get("attribute"), "attribute") or {}).get("id") or ""
            text = self._text("value", entry.get("value")) or ""
            if not text and version < (2, 41):
                continue
            pairs.append((attribute, _BLANKS.sub(" ", text) if version >= (2, 37) else text))
        incoming.data["attributeValues"] = self._once_each(pairs)

    def _once_each(self, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Keep one value per attribute: the first from 2.41 on, the last before, all up to 2.32 (H21)."""
        if self.world.version < (2, 33):
            return pairs
        ordered = reversed(pairs) if self.world.version >= (2, 41) else pairs
        return list(dict(ordered).items())

    def _translations(self, incoming: Incoming, value: object) -> None:
        entries = [
            {"property": entry.get("property"), "locale": entry.get("locale"), "value": entry.get("value")}
            for entry in (value if isinstance(value, list) else ())
        ]
        if self.world.version < (2, 35):
            for entry in entries:
                if entry["property"] not in _TRANSLATABLE:
                    told = (
                        "Cannot deserialize value of type `org.hisp.dhis.translation.TranslationProperty` from String"
                        f' "{entry["property"]}"'
                    )
                    raise Refused(self._unreadable(told))
        incoming.data["translations"] = entries

    def _constant(self, prop: Property, value: object) -> object:
        if value is None:
            return None
        allowed: list[str] = (
            [name for name, since in VALUE_TYPES.items() if self._value_type_exists(name, since)]
            if prop.name == "valueType"
            else list(FEATURE_TYPES)
        )
        if value in allowed:
            return value
        kind = "common.ValueType" if prop.name == "valueType" else "organisationunit.FeatureType"
        told = (
            f'Cannot deserialize value of type `org.hisp.dhis.{kind}` from String "{value}": not one of the values'
            f" accepted for Enum class: [{', '.join(allowed)}]{self._chain(prop.name)}"
        )
        raise Refused(self._unreadable(told))

    def _value_type_exists(self, name: str, since: tuple[int, ...]) -> bool:
        version = self.world.version
        return version >= since and not (name == "TRACKER_ASSOCIATE" and version >= (2, 43))

    def _credentials(self, incoming: Incoming, value: object) -> None:
        if isinstance(value, dict):
            for name in ("username", "password", "userRoles"):
                if name in value:
                    incoming.data[name] = value[name]

    # Failures

    def _chain(self, name: str) -> str:
        return f' (through reference chain: {self.klass.java_name}["{name}"])'

    def _unreadable(self, told: str) -> Response:
        return problem(self.world, 409 if self.world.version >= (2, 43) else 500, told)

    def _no_string(self, value: str, chain: str) -> Response:
        source = "byte offset: #UNKNOWN" if self.world.version >= (2, 38) else "line: -1, column: -1"
        return self._unreadable(
            f"Cannot construct instance of `{self.klass.java_name}` (although at least one Creator exists): no"
            f" String-argument constructor/factory method to deserialize from String value ('{value}')\n at"
            f" [Source: UNKNOWN; {source}]{chain}"
        )


def _set(incoming: Incoming, name: str, value: object) -> None:
    if value is not None:
        incoming.data[name] = value


def _kept(name: str) -> Reader:
    return lambda incoming, value: _set(incoming, name, value)


def _ignored(_: Incoming, __: object) -> None:
    """Read nothing."""


def _coordinates(incoming: Incoming, value: object) -> None:
    """Keep 2.31's text as it is."""
    if isinstance(value, str):
        _set(incoming, "coordinates", value)


def _old_sharing(name: str) -> Reader:
    def read(incoming: Incoming, value: object) -> None:
        sharing = incoming.data.setdefault("sharing", {})
        if name == "publicAccess":
            sharing["public"] = value
            return
        part = "users" if name == "userAccesses" else "userGroups"
        entries = value if isinstance(value, list) else []
        sharing[part] = {entry["id"]: {"id": entry["id"], "access": entry["access"]} for entry in entries}

    return read
