"""What an object refers to has to be there, or to come along in the same import (E5002, api.md section 5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cgr.sandbox.importer import errors
from cgr.sandbox.importer.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cgr.sandbox.catalogue import Klass, Property
    from cgr.sandbox.importer.checks import Batch
    from cgr.sandbox.importer.reading import Incoming
    from cgr.sandbox.world import World

_CHECKED_REFERENCES: Final = {"optionSet", "image"}


class ReferenceRules:
    """The rules of one import, whose objects may refer to each other."""

    def __init__(self, world: World, batches: Mapping[str, Batch]) -> None:
        """Note what comes along."""
        self._world = world
        self._version = world.version
        self._attributes = world.objects.get("attributes", {})
        self._sent = {plural: {incoming.uid for incoming in batch.all()} for plural, batch in batches.items()}

    def dangling(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        """Find references of an object to what isn't there."""
        label = None
        parent = incoming.parent  # only units have one
        if incoming.parent_unknown or (parent and not self._exists("organisationUnits", parent)):
            label = errors.named(batch.klass, incoming.uid, incoming.name)
            yield self._finding(batch.klass, f"[{parent or 'null'}] (OrganisationUnit)", label, "parent")
        for prop in batch.klass.properties:
            if prop.kind == "references" or (prop.kind == "reference" and prop.name in _CHECKED_REFERENCES):
                yield from self._dangling_in(batch.klass, incoming, prop)
        for attribute, _ in incoming.data.get("attributeValues", ()):
            if attribute not in self._attributes and not self._exists("attributes", attribute):
                label = label or errors.named(batch.klass, incoming.uid, incoming.name)
                target = attribute if self._version >= (2, 41) else f"[{attribute}] (Attribute)"
                yield Finding("E5002", batch.klass.java_name, (target, label, "attributeValues"), removes=False)

    def _dangling_in(self, klass: Klass, incoming: Incoming, prop: Property) -> Iterator[Finding]:
        given = incoming.data.get(prop.name)
        for reference in [given] if isinstance(given, dict) else given or ():
            if self._exists(prop.target, reference["id"]):
                continue
            target = self._klass_name(prop.target)
            label = errors.named(klass, incoming.uid, incoming.name)
            plural = prop.kind == "references"
            shown = prop.name.removesuffix("s") if plural and self._version >= (2, 39) else prop.name
            finding = self._finding(klass, f"[{reference['id'] or 'null'}] ({target})", label, shown)
            if plural and self._version >= (2, 39):
                finding.error_klass = f"org.hisp.dhis.organisationunit.{target}"
            yield finding

    def _finding(self, klass: Klass, target: str, label: str, name: str) -> Finding:
        finding = Finding("E5002", klass.java_name, (target, label, name), removes=False)
        if self._version >= (2, 39):
            finding.main_id = label[label.rindex("[") + 1 : label.rindex("]")]
            finding.prop = name
        return finding

    def _klass_name(self, plural: str) -> str:
        singular = plural.removesuffix("s")
        return singular[0].upper() + singular[1:]

    def _exists(self, plural: str, uid: str | None) -> bool:
        if uid is None:
            return False
        if plural == "organisationUnits" and uid in self._world.units_store.units:
            return True
        return uid in self._world.objects.get(plural, {}) or uid in self._sent.get(plural, ())
