"""What the importer checks before it writes, in the order in which the real one does (api.md section 5.4)."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cgr.sandbox import permissions
from cgr.sandbox.catalogue import OPTION, ORGANISATION_UNIT, ORGANISATION_UNIT_LEVEL, Klass, Property
from cgr.sandbox.importer import errors
from cgr.sandbox.importer.attribute_rules import AttributeRules
from cgr.sandbox.importer.errors import Finding
from cgr.sandbox.importer.reference_rules import ReferenceRules
from cgr.sandbox.messages import Refused, problem
from cgr.sandbox.uids import is_uid
from cgr.sandbox.units import Unit, data_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.sandbox.importer.params import ImportParams
    from cgr.sandbox.importer.reading import Incoming
    from cgr.sandbox.importer.report import TypeReport
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World

_UID_LENGTH: Final = 11
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_URL: Final = re.compile(r"(https?|ftp)://[^\s/?#]+\S*")
_DATE_KLASS: Final = "java.util.Date"
_TEXT_KINDS: Final = {"text", "long_text", "email", "url"}


@dataclass(slots=True)
class Batch:
    """The objects of one class in one import."""

    klass: Klass
    report: TypeReport
    fresh: list[Incoming] = field(default_factory=list)
    stored: list[Incoming] = field(default_factory=list)
    removed: set[int] = field(default_factory=set)

    def all(self) -> Iterator[Incoming]:
        """Give the objects that exist already, then the new ones; up to 2.32 the other way round."""
        groups = (self.stored, self.fresh)
        for group in groups if self.report.version >= (2, 33) else reversed(groups):
            yield from group

    @property
    def size(self) -> int:
        """Count the objects."""
        return len(self.fresh) + len(self.stored)


class Checker:
    """Runs the checks on the batches of one import and writes what it finds into their reports."""

    def __init__(self, world: World, user: User, params: ImportParams, batches: dict[str, Batch]) -> None:
        """Look up once what every object will be compared with."""
        self.world = world
        self.user = user
        self.params = params
        self.batches = batches
        self.version = world.version
        self.superuser = user.is_superuser
        self._attributes = AttributeRules(world, user)
        self._references = ReferenceRules(world, batches)
        self._seen_values: dict[tuple[str, str], dict[object, str]] = {}

    def run(self, batch: Batch) -> None:
        """Check one class, check by check, so that findings stand in the order of the real ones."""
        self._duplicates(batch)
        for incoming in batch.all():
            self._hooks(batch, incoming)
        self._strategy(batch)
        if self.params.skip_validation:
            return
        for rule in self._rules(batch):
            blamed: list[Incoming] = []
            for incoming in batch.all():
                found = list(rule(batch, incoming))
                if not found:
                    continue
                for finding in found:
                    batch.report.find(incoming, finding, self.index(incoming))
                if rule == self._translations and self.version < (2, 37):
                    continue
                # References are counted on top of the object they belong to, and only under ALL (verified fact R3).
                if rule != self._references.dangling or self.params.atomic:
                    batch.report.blamed += 1
                if any(finding.removes for finding in found):
                    blamed.append(incoming)
            batch.removed.update(id(incoming) for incoming in blamed)

    def _rules(self, batch: Batch) -> list[Callable[[Batch, Incoming], Iterator[Finding]]]:
        """Give the checks of single objects, without those that can't find anything in this batch."""
        with_values = any("attributeValues" in incoming.data for incoming in batch.all())
        with_translations = any("translations" in incoming.data for incoming in batch.all())
        units = batch.klass is ORGANISATION_UNIT
        chosen = [
            (self._unit_dates, units),
            (self._moves, units and not self.superuser),
            (self._option_codes, batch.klass is OPTION),
            (self._rights, not self.superuser),
            (self._schema, True),
            (self._uniqueness, True),
            (self._attributes.mandatory, bool(self._attributes.applied_with(batch.klass, "mandatory"))),
            (self._attributes.unique, with_values),
            (self._references.dangling, True),
            (self._translations, with_translations),
            (self._attributes.geojson, with_values),
            (self._attributes.assigned, with_values),
            (self._uid_shape, units),
        ]
        return [rule for rule, applies in chosen if applies]

    def index(self, incoming: Incoming) -> int:
        """Give the index of an object in reports: its place in the payload, up to 2.32 in its own list (R4)."""
        return incoming.index if self.version >= (2, 33) else incoming.place

    # The whole list

    def _duplicates(self, batch: Batch) -> None:
        """Find ids that stand twice side by side; the real check overlooks all others (H23)."""
        for group in (batch.fresh, batch.stored):
            for before, incoming in itertools.pairwise(group):
                if before.uid != incoming.uid or before.index + 1 != incoming.index:
                    continue
                java = batch.klass.java_name
                finding = Finding(
                    "E5004",
                    java,
                    (incoming.uid, java),
                    (incoming.uid, f"class {java}"),
                    incoming.uid,
                    "id",
                    args=(incoming.uid, f"class {java}"),
                )
                times = 4 if (2, 33) <= self.version < (2, 38) else 1
                for _ in range(times):
                    batch.report.find(incoming, finding, self.index(incoming))
                batch.report.blamed += times
                batch.removed.add(id(incoming))
                if self.version >= (2, 33):
                    batch.removed.add(id(before))

    def _strategy(self, batch: Batch) -> None:
        """E5000 on objects that exist, E5001 on those that don't; the first counts on from the payload's size (R4)."""
        java = batch.klass.java_name
        if self.params.strategy == "CREATE":
            for place, incoming in enumerate(batch.stored):
                label = errors.named(batch.klass, incoming.uid, incoming.name)
                finding = Finding("E5000", java, ("UID", label), main_id=incoming.uid)
                index = batch.size + place if self.version >= (2, 33) else incoming.place
                batch.report.find(incoming, finding, index)
                batch.report.blamed += 1
                batch.removed.add(id(incoming))
        if self.params.strategy == "UPDATE":
            for incoming in batch.fresh:
                label = errors.named(batch.klass, incoming.uid, incoming.name)
                finding = Finding("E5001", java, ("UID", label), main_id=incoming.uid, prop="id")
                batch.report.find(incoming, finding, self.index(incoming))
                batch.report.blamed += 1
                batch.removed.add(id(incoming))

    def _hooks(self, batch: Batch, incoming: Incoming) -> None:
        """Fail as a whole where a hook of the real importer does."""
        if batch.klass is ORGANISATION_UNIT and "closedDate" in incoming.data and "openingDate" not in incoming.data:
            told = 'Cannot invoke "Object.getClass()" because "date" is null' if self.version >= (2, 39) else None
            raise Refused(problem(self.world, 500, told))

    # One object

    def _unit_dates(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        opened, closed = incoming.data.get("openingDate"), incoming.data.get("closedDate")
        if opened and closed and closed < opened:
            shown = (_american(closed), _american(opened))
            yield Finding(
                "E4013", batch.klass.java_name, (closed, opened), shown, args=(_unix_date(closed), _unix_date(opened))
            )

    def _moves(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        stored = incoming.stored
        if self.version < (2, 37) or self.superuser or not isinstance(stored, Unit):
            return
        if stored.parent == incoming.parent or self._without_change(incoming):
            return
        java = batch.klass.java_name
        if not self.user.has("F_ORGANISATIONUNIT_MOVE"):
            yield Finding("E1520", java, (self.user.uid,))
            return
        if stored.parent is not None and not self._within_own_units(stored.parent):
            yield Finding("E1522", java, (self.user.uid, incoming.uid, stored.parent))
        if incoming.parent is not None and not self._within_own_units(incoming.parent):
            yield Finding("E1523", java, (self.user.uid, incoming.uid, incoming.parent))

    def _without_change(self, incoming: Incoming) -> bool:
        return self.params.merge and incoming.parent is None

    def _within_own_units(self, uid: str) -> bool:
        unit = self.world.units_store.get(uid)
        path = unit.stored_path.split("/") if unit is not None else [uid]
        return any(own in path for own in self.user.organisation_units)

    def _option_codes(self, _: Batch, incoming: Incoming) -> Iterator[Finding]:
        option_set = (incoming.data.get("optionSet") or {}).get("id")
        members = self.world.objects.get("optionSets", {}).get(option_set or "", {}).get("options", ())
        options = self.world.objects.get("options", {})
        for member in members:
            other = options.get(member["id"], {})
            if member["id"] != incoming.uid and other.get("code") == incoming.data.get("code"):
                yield Finding("E4028", "org.hisp.dhis.option.OptionSet", (option_set, member["id"]))
                return

    def _rights(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        if self.superuser:
            return
        klass, user = batch.klass, self.user
        who = f"{user.name} [{user.uid}] (User)"
        what = errors.named(klass, incoming.uid, incoming.name)
        if incoming.stored is None:
            public = (incoming.data.get("sharing") or {}).get("public") or permissions.PUBLIC_DEFAULT
            allowed = permissions.may_create(user, klass, public) or (
                "sharing" not in incoming.data and permissions.may_create(user, klass, permissions.PRIVATE)
            )
            if not allowed:
                yield Finding("E3000", klass.java_name, (who, what))
        elif not permissions.may_update(user, klass, data_of(incoming.stored)):
            yield Finding("E3001", klass.java_name, (who, what))

    def _schema(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        java, data = batch.klass.java_name, incoming.data
        uid = incoming.uid
        if len(uid) != _UID_LENGTH:
            yield Finding(
                "E4002",
                java,
                ("id", 11.0, 11.0, len(uid)),
                ("id", "11", "11", str(len(uid))),
                prop="id",
                error_klass=errors.STRING,
            )
        for prop in _checked(batch.klass, self.version):
            value = data.get(prop.name)
            if value is None:
                if prop.required and not (self.params.merge and incoming.stored is not None):
                    yield Finding(
                        "E4000", java, (prop.name,), prop=prop.name, error_klass=_java_type(prop, batch.klass)
                    )
                continue
            if prop.length is not None and prop.name != "id" and len(value) > prop.length:
                yield Finding(
                    "E4001", java, (prop.name, prop.length, len(value)), prop=prop.name, error_klass=errors.STRING
                )
            elif prop.kind == "email" and _EMAIL.fullmatch(value) is None:
                yield Finding("E4003", java, (prop.name, value), prop=prop.name, error_klass=errors.STRING)
            elif prop.kind == "url" and _URL.fullmatch(value) is None:
                yield Finding("E4004", java, (prop.name, value), prop=prop.name, error_klass=errors.STRING)

    def _uniqueness(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        for prop in batch.klass.properties:
            if not prop.unique or prop.name == "id":
                continue
            value = incoming.data.get(prop.name)
            if value is None:
                continue
            seen = self._seen_values.setdefault((batch.klass.plural, prop.name), {})
            holder = self._holder(batch.klass, prop.name, value) or seen.get(value)
            if holder is not None and holder != incoming.uid:
                label = errors.named(batch.klass, incoming.uid, incoming.name)
                yield Finding(
                    "E5003",
                    batch.klass.java_name,
                    (prop.name, value, label, holder),
                    main_id=holder,
                    prop=prop.name,
                )
            seen.setdefault(value, incoming.uid)

    def _holder(self, klass: Klass, name: str, value: object) -> str | None:
        if klass is ORGANISATION_UNIT:
            return self.world.units_store.by_code.get(str(value))
        stored = self.world.objects.get(klass.plural, {})
        return next((uid for uid, one in stored.items() if one.get(name) == value), None)

    def _translations(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        if self.version < (2, 35):
            return
        seen = set()
        for entry in incoming.data.get("translations", ()):
            key = (entry["property"], entry["locale"])
            if key in seen:
                more = (batch.klass.simple, incoming.uid) if self.version >= (2, 41) else ()
                yield Finding(
                    "E1106",
                    "org.hisp.dhis.translation.Translation",
                    (*key, *more),
                    error_klass=batch.klass.java_name,
                    removes=self.version >= (2, 39),
                )
                return
            seen.add(key)

    def _uid_shape(self, batch: Batch, incoming: Incoming) -> Iterator[Finding]:
        if (
            self.version >= (2, 39, 2)
            and batch.klass is ORGANISATION_UNIT
            and incoming.stored is None
            and not is_uid(incoming.uid)
        ):
            yield Finding("E4014", batch.klass.java_name, (incoming.uid, batch.klass.simple))


_CHECKED: Final[dict[tuple[str, tuple[int, ...]], list[Property]]] = {}


def _checked(klass: Klass, version: tuple[int, ...]) -> list[Property]:
    """Give the properties with a rule; the list is the same for every object of a class."""
    key = (klass.plural, version)
    if key not in _CHECKED:
        _CHECKED[key] = [
            prop
            for prop in klass.owned(version)
            if prop.name != "id" and (prop.required or (prop.length is not None and prop.kind in _TEXT_KINDS))
        ]
    return _CHECKED[key]


def _java_type(prop: Property, klass: Klass) -> str:
    if prop.kind == "date":
        return _DATE_KLASS
    if prop.kind == "constant":
        return "org.hisp.dhis.common.ValueType"
    if klass is ORGANISATION_UNIT_LEVEL and prop.name == "level":
        return "java.lang.Integer"
    return errors.STRING


def _american(stamp: str) -> str:
    """Give a date in the words of E4013: `1/1/99, 12:00 AM`."""
    day = datetime.fromisoformat(stamp[:10])
    return f"{day.month}/{day.day}/{day.year % 100:02d}, 12:00 AM"


def _unix_date(stamp: str) -> str:
    return datetime.fromisoformat(stamp[:10]).strftime("%a %b %d 00:00:00 UTC %Y")
