"""What a DHIS2 offers, and who we are there: small resources, each read whole in as few requests as possible."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cgr.core.errors import CgrError, ProtocolBroken
from cgr.core.ids import may_be_uid
from cgr.core.records import RemoteAttribute, RemoteGroup, RemoteLevel, RemoteOption
from cgr.dhis2 import errors as e
from cgr.dhis2 import wire
from cgr.dhis2.errors import fault
from cgr.dhis2.replies import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cgr.dhis2.connection import Connection
    from cgr.dhis2.versions import Features

_INFO = msgspec.json.Decoder(wire.SystemInfo)
_ME = msgspec.json.Decoder(wire.MeRow)
_NAMES = msgspec.json.Decoder(list[str])
_FILLED_LEVELS = msgspec.json.Decoder(list[wire.LevelRow])
_NAMED_LEVELS = msgspec.json.Decoder(wire.Levels)
_GROUPS = msgspec.json.Decoder(wire.Groups)
_GROUP_SETS = msgspec.json.Decoder(wire.GroupSets)
_LOCALES = msgspec.json.Decoder(list[wire.LocaleRow])
_MEMBERS = msgspec.json.Decoder(wire.GroupMembers)
_ATTRIBUTES = msgspec.json.Decoder(wire.Attributes)
_OPTION_SETS = msgspec.json.Decoder(wire.OptionSets)
_LAST_CHANGES = msgspec.json.Decoder(wire.LastChanges)
_IDS = msgspec.json.Decoder(wire.UnitIds)
_FOUND = msgspec.json.Decoder(wire.FoundPage)
_OWNERS = msgspec.json.Decoder(wire.OwnerPage)

_ALL = ("paging", "false")
_IDS_PER_REQUEST = 300  # 14 encoded characters each: half of the 8 KB that servers and proxies allow for a request line


class Me(Struct, frozen=True):
    """Who we are. `units`: ids of the organisation units we belong to; they limit moves from 2.37 on (A3)."""

    id: str
    username: str
    authorities: frozenset[str]
    units: frozenset[str]

    def may(self, authority: str) -> bool:
        """Say whether an authority is held; ALL holds every one."""
        return authority in self.authorities or "ALL" in self.authorities


def system_info(connection: Connection) -> tuple[wire.SystemInfo, str | None]:
    """Read version and clock, with the reply's Date header; an error says so when there is no DHIS2 at that address."""
    doing = "show its version"
    try:
        reply = connection.get("system/info", doing=doing)
        return decode(reply, _INFO, doing=doing), reply.headers.get("date")
    except CgrError as error:
        if error.code in {e.NOT_FOUND, e.UNKNOWN_SHAPE, e.REQUEST_REFUSED}:
            message = f"There is no DHIS2 at this address. {error.message}"
            raise fault(e.NOT_DHIS2, message) from error
        raise


def me(connection: Connection, features: Features) -> Me:
    """Read who we are and what we may do, on every version (O13)."""
    doing = "show who we are"
    name = "username,userCredentials[username]" if features.username_in_credentials else "username"
    fields = ("fields", f"id,{name},organisationUnits[id]")
    row = decode(connection.get("me", (fields,), doing=doing), _ME, doing=doing)
    username = row.username or (row.user_credentials.username if row.user_credentials else None)
    doing = "list our authorities"
    authorities = decode(connection.get(features.authorities_path, doing=doing), _NAMES, doing=doing)
    units = frozenset(unit.id for unit in row.organisation_units or ())
    return Me(row.id, username or row.id, frozenset(authorities), units)


class FoundUnit(Struct, frozen=True):
    """A unit that a search found; `level` from its path, `parent` is the name of the one above, empty for a root."""

    uid: str
    name: str
    level: int
    parent: str


def find_units(connection: Connection, text: str, *, limit: int) -> list[FoundUnit]:
    """Search units by a part of the name, or by the whole id, the highest first."""
    doing = "search organisation units"
    # Names of eleven letters look like ids.
    by_id = (("filter", f"id:eq:{text}"), ("rootJunction", "OR")) if may_be_uid(text) else ()
    fields = ("fields", "id,name,path,parent[id,name]")
    params = (("filter", f"name:ilike:{text}"), *by_id, fields, ("pageSize", str(limit)))
    rows = decode(connection.get("organisationUnits", params, doing=doing), _FOUND, doing=doing).organisation_units
    found = [
        FoundUnit(
            row.id, row.name or row.id, (row.path or "").count("/"), (row.parent.name or "") if row.parent else ""
        )
        for row in rows or ()
    ]
    return sorted(found, key=lambda unit: (unit.level, unit.name.casefold(), unit.uid))[:limit]


def levels(connection: Connection) -> tuple[RemoteLevel, ...]:
    """Read the levels that have units, unnamed ones under a generated name, in order."""
    doing = "list the organisation unit levels"
    try:
        rows = decode(connection.get("filledOrganisationUnitLevels", doing=doing), _FILLED_LEVELS, doing=doing)
    except CgrError as error:
        if error.code not in {e.NOT_FOUND, e.REQUEST_REFUSED, e.FORBIDDEN}:
            raise
        return named_levels(connection)
    return _levels(rows)


def named_levels(connection: Connection) -> tuple[RemoteLevel, ...]:
    """Read the levels that somebody named, whether they have units or not, in order."""
    doing = "list the organisation unit levels"
    reply = connection.get("organisationUnitLevels", (("fields", "name,level"), _ALL), doing=doing)
    return _levels(decode(reply, _NAMED_LEVELS, doing=doing).organisation_unit_levels or [])


def _levels(rows: Iterable[wire.LevelRow]) -> tuple[RemoteLevel, ...]:
    names = {row.level: (row.name or "").strip() or f"Level {row.level}" for row in rows}
    return tuple(RemoteLevel(level, name) for level, name in sorted(names.items()))


def groups(connection: Connection) -> dict[str, RemoteGroup]:
    """Read all organisation unit groups, without members. `writable` counts both sharing and authority (A4)."""
    doing = "list the organisation unit groups"
    fields = ("fields", "id,name,code,groupSets[id],access[read,update]")
    reply = connection.get("organisationUnitGroups", (fields, _ALL), doing=doing, slow=True)
    rows = decode(reply, _GROUPS, doing=doing).organisation_unit_groups or []
    return {
        row.id: RemoteGroup(
            row.id,
            row.name or row.id,
            tuple(sorted(group_set.id for group_set in row.group_sets or ())),
            row.access.update if row.access is not None else True,
            row.code or "",
        )
        for row in rows
    }


def group_sets(connection: Connection) -> dict[str, str]:
    """Read id → name of all organisation unit group sets."""
    doing = "list the organisation unit group sets"
    reply = connection.get("organisationUnitGroupSets", (("fields", "id,name"), _ALL), doing=doing)
    rows = decode(reply, _GROUP_SETS, doing=doing).organisation_unit_group_sets or []
    return {row.id: row.name or row.id for row in rows}


def locales(connection: Connection) -> dict[str, str]:
    """Read the languages of the database, as translations name them → English name; none where we may not."""
    doing = "list the languages of its database"
    try:
        rows = decode(connection.get("locales/db", doing=doing), _LOCALES, doing=doing)
    except CgrError as error:
        # Only suggestions hang on them, so a server that keeps them to itself, or fails on them, stops nothing.
        if error.code not in {e.NOT_FOUND, e.REQUEST_REFUSED, e.FORBIDDEN, e.SERVER_ERROR, e.UNKNOWN_SHAPE}:
            raise
        return {}
    return {row.locale: row.display_name or row.name or row.locale for row in rows}


def group_members(connection: Connection, group: str) -> set[str]:
    """Read the ids of a group's members; NeedsPerson when the group doesn't exist (or is hidden from us)."""
    doing = f"list the members of group {group}"
    fields = ("fields", "organisationUnits[id]")
    reply = connection.get(f"organisationUnitGroups/{group}", (fields,), doing=doing, slow=True)
    return {unit.id for unit in decode(reply, _MEMBERS, doing=doing).organisation_units or ()}


def attributes(connection: Connection) -> dict[str, RemoteAttribute]:
    """Read all attributes, those of other objects too (so that "not for units" can be said), with options of ours."""
    doing = "list the attributes"
    fields = "id,name,valueType,mandatory,unique,organisationUnitAttribute,objectTypes,optionSet[id]"
    reply = connection.get("attributes", (("fields", fields), _ALL), doing=doing, slow=True)
    rows = decode(reply, _ATTRIBUTES, doing=doing).attributes or []
    wanted = {row.option_set.id for row in rows if row.option_set is not None and _for_units(row)}
    options = _options(connection, sorted(wanted))
    return {row.id: _attribute(row, options) for row in rows}


def _for_units(row: wire.AttributeRow) -> bool:
    return bool(row.organisation_unit_attribute) or "ORGANISATION_UNIT" in (row.object_types or ())


def _attribute(row: wire.AttributeRow, options: dict[str, tuple[RemoteOption, ...]]) -> RemoteAttribute:
    option_set = row.option_set.id if row.option_set is not None else None
    return RemoteAttribute(
        id=row.id,
        name=row.name or row.id,
        value_type=row.value_type or "",
        for_units=_for_units(row),
        mandatory=bool(row.mandatory),
        unique=bool(row.unique),
        option_set=option_set,
        options=options.get(option_set, ()) if option_set is not None else None,
    )


def _options(connection: Connection, option_sets: Sequence[str]) -> dict[str, tuple[RemoteOption, ...]]:
    doing = "list the options"
    found: dict[str, tuple[RemoteOption, ...]] = {}
    for piece in pieces(option_sets, _IDS_PER_REQUEST):
        params = (("filter", _among(piece)), ("fields", "id,options[id,code,name]"), _ALL)
        reply = connection.get("optionSets", params, doing=doing, slow=True)
        for row in decode(reply, _OPTION_SETS, doing=doing).option_sets or ():
            rows = [option for option in row.options or () if option is not None]
            found[row.id] = tuple(RemoteOption(option.id, option.code or "", option.name or "") for option in rows)
    return found


def count_units(connection: Connection, features: Features) -> int:
    """Count all organisation units, independently of any list of them (H6); by their ids where no pager does (O6).

    2.32 to 2.36 give what they counted up to a minute ago.
    """
    doing = "count the organisation units"
    if not features.pager_counts_all:
        return len(unit_ids(connection))
    reply = connection.get("organisationUnits", (("fields", "id"), ("pageSize", "1")), doing=doing, slow=True)
    pager = decode(reply, _IDS, doing=doing).pager
    return pager.total if pager is not None and pager.total is not None else len(unit_ids(connection))


def unit_ids(connection: Connection, fields: str = "id") -> list[str]:
    """Read the ids of all organisation units, in DHIS2's order, each once.

    With the id alone it is complete even where 2.43 cuts lists of more fields short at a damaged unit (H6).
    """
    doing = "list the ids of the organisation units"
    params = (("fields", fields), ("order", "id:asc"), _ALL)
    reply = connection.get("organisationUnits", params, doing=doing, slow=True)
    rows = decode(reply, _IDS, doing=doing).organisation_units
    if rows is None:
        message = f"{connection.host} gave no list when asked to {doing}."
        raise fault(e.UNKNOWN_SHAPE, message)
    return list(dict.fromkeys(unit.id for unit in rows))


def owners(connection: Connection, uids: Iterable[str]) -> dict[str, dict[str, object]]:
    """Read units whole, as they are to be sent back; ids that don't exist are absent.

    A unit that is missing from the reply is asked for once more by id alone, because a list can be cut short under
    status 200 (H6): then ProtocolBroken, never "deleted". Units whose outlines make a reply too large are asked for in
    halves.
    """
    doing = "show organisation units in full"
    found: dict[str, dict[str, object]] = {}
    waiting = deque(pieces(list(dict.fromkeys(uids)), _IDS_PER_REQUEST))
    while waiting:
        piece = waiting.popleft()
        params = (("filter", _among(piece)), ("fields", ":owner"), _ALL)
        try:
            reply = connection.get("organisationUnits", params, doing=doing, slow=True)
        except ProtocolBroken as error:
            if error.code != e.REPLY_TOO_LARGE or len(piece) == 1:
                raise
            middle = len(piece) // 2
            waiting.extendleft((piece[middle:], piece[:middle]))
            continue
        rows = decode(reply, _OWNERS, doing=doing).organisation_units or []
        shown = {str(row["id"]): row for row in rows if "id" in row}
        missing = [uid for uid in piece if uid not in shown]
        if hidden := existing(connection, missing):
            message = f"{connection.host} leaves out organisation units that exist ({', '.join(sorted(hidden)[:3])} …)."
            raise fault(e.LIST_CUT_SHORT, message)
        found |= shown
    return found


def existing(connection: Connection, uids: Sequence[str]) -> set[str]:
    """Give those of the ids that units have."""
    doing = "say which organisation units exist"
    found: set[str] = set()
    for piece in pieces(uids, _IDS_PER_REQUEST):
        reply = connection.get(
            "organisationUnits", (("filter", _among(piece)), ("fields", "id"), _ALL), doing=doing, slow=True
        )
        found |= {unit.id for unit in decode(reply, _IDS, doing=doing).organisation_units or ()}
    return found & set(uids)


def last_changes(connection: Connection, uids: Sequence[str]) -> dict[str, wire.LastChange]:
    """Read when these units were written last and by whom; ids that don't exist are absent."""
    doing = "say who changed organisation units last"
    found: dict[str, wire.LastChange] = {}
    for piece in pieces(uids, _IDS_PER_REQUEST):
        params = (("filter", _among(piece)), ("fields", "id,lastUpdated,lastUpdatedBy[id,name,username]"), _ALL)
        reply = connection.get("organisationUnits", params, doing=doing, slow=True)
        found |= {row.id: row for row in decode(reply, _LAST_CHANGES, doing=doing).organisation_units or ()}
    return found


def _among(uids: Sequence[str]) -> str:
    return f"id:in:[{','.join(uids)}]"


def pieces(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Cut a list into pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
