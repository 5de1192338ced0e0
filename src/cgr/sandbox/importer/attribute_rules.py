"""What values of attributes have to be: assigned, there if mandatory, unique, of their type (api.md section 5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgr.sandbox import permissions
from cgr.sandbox.catalogue import ORGANISATION_UNIT
from cgr.sandbox.importer import errors, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.sandbox.catalogue import Klass
    from cgr.sandbox.importer.checks import Batch
    from cgr.sandbox.importer.errors import Finding
    from cgr.sandbox.importer.reading import Incoming
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World


class AttributeRules:
    """The rules of one import. `known`: all attributes by id, those that the user may not read among them."""

    def __init__(self, world: World, user: User) -> None:
        """Look up once what every value will be compared with."""
        self._world = world
        self._version = world.version
        self.known = world.objects.get("attributes", {})
        self._readable = {
            uid: one for uid, one in self.known.items() if user.is_superuser or permissions.granted(user, one)[0] == "r"
        }
        self._seen: dict[str, dict[object, str]] = {}
        self._applied_cache: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def _applied(self, klass: Klass) -> list[dict[str, Any]]:
        return [one for one in self.known.values() if one.get(f"{klass.singular}Attribute")]

    def mandatory(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        """Find mandatory attributes of the class without a value."""
        mandatory = [one["id"] for one in self.applied_with(batch.klass, "mandatory")]
        if not mandatory:
            return
        given = {attribute for attribute, value in incoming.data.get("attributeValues", ()) if value}
        for attribute in mandatory:
            if attribute not in given:
                yield errors.of_attribute("E4011", attribute, main_id=attribute)

    def applied_with(self, klass: Klass, flag: str) -> list[dict[str, Any]]:
        """Give the attributes that are assigned to a class and have a flag."""
        key = (klass.plural, flag)
        if key not in self._applied_cache:
            self._applied_cache[key] = [one for one in self._applied(klass) if one.get(flag)]
        return self._applied_cache[key]

    def unique(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        """Find values of unique attributes that another unit has, or one before in this import."""
        unique = {one["id"]: one for one in self.applied_with(batch.klass, "unique")}
        if not unique or batch.klass is not ORGANISATION_UNIT:
            return
        for attribute, value in incoming.data.get("attributeValues", ()):
            if attribute not in unique or not value:
                continue
            seen = self._seen.setdefault(attribute, {})
            holder = self._world.units_store.holder_of(attribute, value) or seen.get(value)
            if holder is not None and holder != incoming.uid:
                yield errors.of_attribute("E4009", unique[attribute].get("name"), value, main_id=attribute)
            seen.setdefault(value, incoming.uid)

    def geojson(self, _: Batch, incoming: Incoming) -> Iterator[Finding]:
        """Find what isn't GeoJSON where an attribute holds that."""
        yield from self._value_findings(incoming, geojson=True)

    def assigned(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        """Find attributes that aren't assigned to the class, and values of the wrong type; from 2.39 on."""
        if self._version < (2, 39):
            return
        flag = f"{batch.klass.singular}Attribute"
        for attribute, _ in incoming.data.get("attributeValues", ()):
            if not self._readable.get(attribute, {}).get(flag):
                yield errors.unassigned(attribute, batch.klass)
        yield from self._value_findings(incoming, geojson=False)

    def _value_findings(self, incoming: Incoming, *, geojson: bool) -> Iterator[Finding]:
        for attribute, value in incoming.data.get("attributeValues", ()):
            value_type = self._readable.get(attribute, {}).get("valueType", "")
            if (value_type == "GEOJSON") != geojson:
                continue
            finding = values.value_finding(self._world, attribute, value_type, value)
            if finding is not None:
                yield finding
