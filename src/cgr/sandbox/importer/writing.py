"""What an import leaves behind: whole objects replaced, sides kept in step, paths as stale as real ones (H1, H7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cgr.sandbox import permissions
from cgr.sandbox.catalogue import (
    ATTRIBUTE,
    OPTION,
    OPTION_SET,
    ORGANISATION_UNIT,
    ORGANISATION_UNIT_LEVEL,
    USER,
    Klass,
)
from cgr.sandbox.importer.dates import LONGEST_YEAR
from cgr.sandbox.messages import Refused, problem
from cgr.sandbox.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.sandbox.importer.checks import Batch
    from cgr.sandbox.importer.params import ImportParams
    from cgr.sandbox.importer.reading import Incoming
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World

_TRANSIENT: Final = "object references an unsaved transient instance - save the transient instance before flushing"
_UNIT_JAVA: Final = ORGANISATION_UNIT.java_name


class Writer:
    """Writes what is left of the batches of one import, after everything the database would refuse was looked at."""

    def __init__(self, world: World, user: User, params: ImportParams) -> None:
        """Note the time: it is the same for the whole import."""
        self.world = world
        self.user = user
        self.params = params
        self.version = world.version
        self.now = world.now()

    # What the database refuses: the request fails as a whole, nothing is written (H23)

    def refuse_impossible(self, batch: Batch, kept: list[Incoming], *, with_sets: bool) -> None:
        """Raise Refused for constraints of the database; it names no object."""
        seen: set[str] = set()
        for incoming in kept:
            if incoming.stored is None and incoming.uid in seen:
                detail = f"\n  Detail: Key (uid)=({incoming.uid}) already exists."
                constraint = "uk_g1nrfjv5x04ap1ceohiwah380"
                self._sql(
                    f'ERROR: duplicate key value violates unique constraint "{constraint}"{detail}',
                    "org.hibernate.exception.ConstraintViolationException: could not execute statement",
                )
            seen.add(incoming.uid)
            if batch.klass is ORGANISATION_UNIT:
                self._refuse_unit(incoming)
        if (
            batch.klass is OPTION
            and self.version < (2, 35)
            and not with_sets
            and any(one.stored is None for one in kept)
        ):
            raise Refused(problem(self.world, 500, None))  # verified fact O14
        if batch.klass is ORGANISATION_UNIT:
            self._refuse_unsaved_parents(batch, kept)
            if self.version < (2, 43):
                self._refuse_circles(kept)

    def _refuse_unit(self, incoming: Incoming) -> None:
        if incoming.geometry_deep:
            told = "could not execute statement"
            self._sql(
                "ERROR: Geometry has Z dimension but column does not", f"org.hibernate.exception.DataException: {told}"
            )
        opened = incoming.data.get("openingDate")
        if opened is None and self.params.skip_validation:
            told = "not-null property references a null or transient value"
            self._sql(
                f"org.hibernate.PropertyValueException: {told} : {_UNIT_JAVA}.openingDate",
                f"{told} : {_UNIT_JAVA}.openingDate",
            )
        if opened is not None and len(opened.split("-")[0]) > LONGEST_YEAR:
            self._sql("ERROR: date out of range", "org.hibernate.exception.DataException: could not execute statement")
        if self.params.skip_validation and len(incoming.data.get("shortName") or "") > 50:  # noqa: PLR2004 - column width
            self._sql(
                "ERROR: value too long for type character varying(50)",
                "org.hibernate.exception.DataException: could not execute statement",
            )

    def _refuse_unsaved_parents(self, batch: Batch, kept: list[Incoming]) -> None:
        """Refuse when a new parent was refused and its new child is kept: Hibernate gives up (H4)."""
        gone = {incoming.uid for incoming in batch.fresh} - {incoming.uid for incoming in kept}
        if any(incoming.parent in gone for incoming in kept):
            if self.version >= (2, 41):
                told = (
                    f"org.hibernate.TransientPropertyValueException: {_TRANSIENT} : {_UNIT_JAVA}.parent -> {_UNIT_JAVA}"
                )
            else:
                told = f"org.hibernate.TransientObjectException: {_TRANSIENT}: {_UNIT_JAVA}"
            raise Refused(problem(self.world, 409, told))

    def _refuse_circles(self, kept: list[Incoming]) -> None:
        """Refuse, without a word, when an existing unit comes to hang below itself; new ones may be circles (H5)."""
        parents = {incoming.uid: incoming.parent for incoming in kept}
        store = self.world.units_store
        for incoming in kept:
            old = incoming.stored
            if not isinstance(old, Unit) or incoming.parent is None or old.parent == incoming.parent:
                continue  # a circle that exists now goes through a unit that moved
            at: str | None = incoming.parent
            steps = 0
            while at is not None and steps <= len(store) + len(parents):
                if at == incoming.uid:
                    raise Refused(problem(self.world, 500, None))
                at = parents.get(at, store.parent_of(at))
                steps += 1

    def _sql(self, newest: str, before: str) -> None:
        if self.version >= (2, 41):
            raise Refused(problem(self.world, 409, newest))
        if self.version >= (2, 39):
            raise Refused(problem(self.world, 409, before))
        raise Refused(problem(self.world, 500, "could not execute statement"))

    # Writing

    def write(self, klass: Klass, kept: Iterable[Incoming]) -> None:
        """Store the objects of one class."""
        if klass is ORGANISATION_UNIT:
            self._write_units(list(kept))
            return
        self.world.objects_version += 1
        for incoming in kept:
            self._write_object(klass, incoming)

    def _write_units(self, kept: list[Incoming]) -> None:
        store = self.world.units_store
        moved = []
        sent = {incoming.uid for incoming in kept}
        for incoming in kept:
            old = incoming.stored if isinstance(incoming.stored, Unit) else None
            unit = self._unit(incoming, old)
            if unit.parent is not None and unit.parent not in store.units and unit.parent not in sent:
                unit.parent = None  # the orphan of verified fact H2
            if old is not None and old.parent != unit.parent:
                moved.append(incoming.uid)
            store.put(unit)
            self._forget_deletion(ORGANISATION_UNIT, incoming.uid)
        for uid in self._loaded(kept):
            store.store_path(uid)
        if self.version < (2, 33):
            for uid in moved:
                for below in store.descendants(uid):
                    store.store_path(below)

    def _loaded(self, kept: list[Incoming]) -> dict[str, None]:
        """Give what the real server has in its session and so writes anew: the units, their old and new ancestors."""
        store = self.world.units_store
        loaded = dict.fromkeys(incoming.uid for incoming in kept)
        above: dict[str, None] = {}
        for incoming in kept:
            if isinstance(incoming.stored, Unit):
                above |= dict.fromkeys(uid for uid in (incoming.stored.parent, incoming.parent) if uid is not None)
        for parent in above:
            if parent in store.units:
                loaded |= dict.fromkeys(store.ancestors(parent))
        return loaded

    def _unit(self, incoming: Incoming, old: Unit | None) -> Unit:
        data = self._stamped(incoming.data, old.data if old is not None else None)
        self._drop_unknown_values(data)
        parent, geometry = incoming.parent, incoming.geometry
        if self.version < (2, 32):
            data.setdefault("featureType", "NONE")
        if old is not None and self.params.merge:
            data = self._merged(ORGANISATION_UNIT, data, old.data)
            parent = parent if parent is not None else old.parent
            geometry = geometry if geometry is not None else old.geometry
        stored_path, stored_level = (old.stored_path, old.stored_level) if old is not None else ("", 1)
        return Unit(data, parent, geometry, stored_path, stored_level)

    def _stamped(self, data: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
        """Give the data with creation and change as the version keeps them."""
        me = {"id": self.user.uid}
        stamped = {name: value for name, value in data.items() if value != []}
        created, maker = data.get("created"), data.get("createdBy") or data.get("user")
        stamped.pop("user", None)
        if old is not None:
            if self.version >= (2, 39):
                created = old.get("created")
            if self.version >= (2, 37):
                maker = old.get("createdBy")
        stamped["created"] = created or self.now
        stamped["createdBy"] = maker or me
        stamped["lastUpdated"] = self.now
        stamped["lastUpdatedBy"] = me
        return stamped

    def _merged(self, klass: Klass, data: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
        """Lay the new data over the old as MERGE does, with what each version does to values (O12)."""
        merged = old | data
        values = self._merged_values(data.get("attributeValues", []), old.get("attributeValues", []))
        merged.pop("attributeValues", None)
        if values:
            merged["attributeValues"] = values
        translations = list(old.get("translations", ()))
        translations += [entry for entry in data.get("translations", ()) if entry not in translations]
        if translations:
            merged["translations"] = translations
        for prop in klass.properties:
            if prop.kind == "references" and prop.name in data:
                members = {one["id"]: one for one in [*old.get(prop.name, ()), *data[prop.name]]}
                merged[prop.name] = list(members.values())
        return merged

    def _merged_values(self, new: list[tuple[str, str]], old: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if self.version < (2, 33):
            return list((dict(old) | dict(new)).items())
        if self.version < (2, 35):
            return old or new
        return new

    def _write_object(self, klass: Klass, incoming: Incoming) -> None:
        old = incoming.stored if isinstance(incoming.stored, dict) else None
        data = self._stamped(incoming.data, old)
        if klass.shareable:
            data["sharing"] = self._sharing(klass, incoming, old)
        if klass is ORGANISATION_UNIT_LEVEL:
            data.pop("createdBy")
        if klass is USER and old is not None:
            data = {name: old[name] for name in ("username", "password") if name in old} | data
        if old is not None and self.params.merge:
            data = self._merged(klass, data, old)
        self._drop_dangling(klass, data)
        if klass is OPTION_SET:
            self._number_options(data, old)
        self.world.objects.setdefault(klass.plural, {})[incoming.uid] = data
        if klass is OPTION:
            self._join_option_set(data)
        self._forget_deletion(klass, incoming.uid)

    def _sharing(self, klass: Klass, incoming: Incoming, old: dict[str, Any] | None) -> dict[str, Any]:
        """Give the sharing: what was sent, else the default again (verified fact A5)."""
        if self.params.skip_sharing and old is not None:
            return dict(old.get("sharing") or {})
        sent = dict(incoming.data.get("sharing") or {})
        if not sent.get("public"):
            may_publish = permissions.may_create(self.user, klass)
            sent["public"] = permissions.PUBLIC_DEFAULT if may_publish else permissions.PRIVATE
        kept_owner = ((old or {}).get("sharing") or {}).get("owner")
        maker = (incoming.data.get("createdBy") or incoming.data.get("user") or {}).get("id")
        sent["owner"] = sent.get("owner") or kept_owner or maker or self.user.uid
        return sent

    def _drop_dangling(self, klass: Klass, data: dict[str, Any]) -> None:
        """Leave out members that don't exist: NONE writes the object without them (H3)."""
        for prop in klass.properties:
            if prop.kind == "references" and prop.target == "organisationUnits" and prop.name in data:
                members = {one["id"]: {"id": one["id"]} for one in data[prop.name]}
                known = self.world.units_store.units
                data[prop.name] = [one for uid, one in members.items() if uid in known]
        option_set = data.get("optionSet") if klass is ATTRIBUTE else None
        # An option set that comes with the same payload isn't there yet: the reference is lost (recorded: 10).
        if option_set is not None and option_set["id"] not in self.world.objects.get("optionSets", {}):
            del data["optionSet"]
        self._drop_unknown_values(data)

    def _drop_unknown_values(self, data: dict[str, Any]) -> None:
        """Leave out values of attributes that don't exist: up to 2.38 NONE writes the unit without them (O8)."""
        values = data.get("attributeValues")
        if values:
            known = self.world.objects.get("attributes", {})
            data["attributeValues"] = [pair for pair in values if pair[0] in known]

    # Options live on both sides

    def _number_options(self, data: dict[str, Any], old: dict[str, Any] | None) -> None:
        options = self.world.objects.setdefault("options", {})
        members = [one["id"] for one in data.get("options", ())]
        if old is not None:
            data["version"] = data.get("version", 0) + 1
        for uid, option in options.items():
            if uid not in members and (option.get("optionSet") or {}).get("id") == data["id"]:
                del option["optionSet"]
        self.world.option_orders[data["id"]] = self._first_number(len(members), old)
        for place, uid in enumerate(members):
            if uid in options:
                options[uid]["optionSet"] = {"id": data["id"]}
                options[uid]["sortOrder"] = self.world.option_orders[data["id"]] + place

    def _first_number(self, size: int, old: dict[str, Any] | None) -> int:
        """Give the first sort order: 0 from 2.41 on, 1 before; 2.31 to 2.34 count on when the set is new."""
        if self.version >= (2, 41):
            return 0
        return size + 1 if self.version < (2, 35) and old is None else 1

    def _join_option_set(self, option: dict[str, Any]) -> None:
        set_id = (option.get("optionSet") or {}).get("id", "")
        option_set = self.world.objects.get("optionSets", {}).get(set_id)
        if option_set is None:
            return
        members = option_set.setdefault("options", [])
        uids = [one["id"] for one in members]
        if option["id"] in uids:
            option["sortOrder"] = self.world.option_orders.get(set_id, 0) + uids.index(option["id"])
        else:
            members.append({"id": option["id"]})
            option_set["version"] = option_set.get("version", 0) + 1

    # Deleting

    def delete(self, klass: Klass, uid: str) -> None:
        """Take an object out and write it into the trail of deletions."""
        store = self.world.units_store
        if klass is ORGANISATION_UNIT:
            unit = store.units[uid]
            data = unit.data
            store.remove(uid)
            parent = store.get(unit.parent)
            if parent is not None and self.version >= (2, 35):
                parent.data["lastUpdated"] = self.now  # verified fact S7: deletion touches the parent
                store.touch(parent.uid)
            self._leave_groups(uid)
        else:
            data = self.world.objects[klass.plural].pop(uid)
            self.world.objects_version += 1
        entry = {"uid": uid, "klass": klass.simple, "deletedAt": self.now, "deletedBy": self.user.username}
        if data.get("code"):
            entry["code"] = data["code"]
        self.world.deleted = [one for one in self.world.deleted if one["uid"] != uid or one["klass"] != klass.simple]
        self.world.deleted.append(entry)

    def _leave_groups(self, uid: str) -> None:
        for group in self.world.objects.get("organisationUnitGroups", {}).values():
            members = group.get("organisationUnits", ())
            if any(one["id"] == uid for one in members):
                group["organisationUnits"] = [one for one in members if one["id"] != uid]
                self.world.objects_version += 1

    def _forget_deletion(self, klass: Klass, uid: str) -> None:
        """Take an object that came back out of the trail of deletions, but not in 2.31 (verified fact O14)."""
        if self.world.deleted and self.version >= (2, 32):
            self.world.deleted = [
                one for one in self.world.deleted if one["uid"] != uid or one["klass"] != klass.simple
            ]
