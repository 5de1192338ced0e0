"""The only ways in which we change a DHIS2: whole units in bulk, members of groups, and the repair of stored paths.

Never atomicMode=NONE, which turns a unit with an unknown parent into a root (H2); never mergeMode (H1); parameter
values in their exact case, because DHIS2 silently takes the default for any other (H14): `importMode=validate` would
commit. Nothing here repeats a request by itself: after an unknown outcome the caller reads back (R9.4).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec
from httpx2 import codes
from msgspec import Struct

from cgr.core.errors import CgrError, ProtocolBroken
from cgr.dhis2 import errors as e
from cgr.dhis2.errors import fault
from cgr.dhis2.reading import group_members, pieces
from cgr.dhis2.replies import decode, error_of, outcome_unknown
from cgr.dhis2.reports import ImportReport, parse_report
from cgr.dhis2.wire import AdditionsReply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cgr.dhis2.connection import Connection
    from cgr.dhis2.replies import Reply
    from cgr.dhis2.versions import Features

Strategy = Literal["UPDATE", "CREATE_AND_UPDATE"]

_MEMBERS_PER_REQUEST = 5_000
_REFUSED_WHOLE = frozenset({400, 409, 422, 500})
_IN_PASSING = re.compile(
    r"could not serialize|deadlock|lock timeout|unable to acquire JDBC|connection is not available|too many clients"
    r"|shutting down|in recovery mode",
    re.IGNORECASE,
)
_ADDITIONS = msgspec.json.Decoder(AdditionsReply)
_JSON = msgspec.json.Decoder(object)


class Additions(Struct, frozen=True):
    """What became of additions to a group: `missing` are not members afterwards (DHIS2 skips unknown ids: H10)."""

    members: frozenset[str]
    missing: tuple[str, ...]
    message: str = ""


def import_units(
    connection: Connection, units: Sequence[Mapping[str, object]], *, strategy: Strategy, validate: bool
) -> ImportReport:
    """Send whole units in one transaction, or only have them validated; TryLater `sent`: outcome unknown.

    UPDATE for units that exist: it never brings a deleted one back (H16). ValueError when an id comes twice, which
    DHIS2 answers in a different wrong way each time (H23, R3).
    """
    if len({unit.get("id") for unit in units}) != len(units):
        message = "the same organisation unit twice in one import"
        raise ValueError(message)
    if not units:
        return ImportReport(ok=True)
    doing = f"{'validate' if validate else 'store'} {len(units)} organisation units"
    params = (
        ("importMode", "VALIDATE" if validate else "COMMIT"),
        ("importStrategy", strategy),
        ("atomicMode", "ALL"),
        ("importReportMode", "ERRORS"),
    )
    body = msgspec.json.encode({"organisationUnits": units})
    try:
        report = _report(connection.post("metadata", params, doing=doing, body=body, packed=True), doing=doing)
    except ProtocolBroken as error:
        if error.code in {e.REQUEST_REFUSED, e.UNEXPECTED_STATUS}:
            raise
        raise outcome_unknown(error) from error
    return _checked(report, len(units), connection.host, validate=validate)


def _report(reply: Reply, *, doing: str) -> ImportReport:
    report = _report_in(reply)
    if report is not None:
        return report
    said = reply.web_message()
    if reply.status in _REFUSED_WHOLE and said is not None:
        if _IN_PASSING.search(said.message or ""):
            raise fault(e.SERVER_ERROR, error_of(reply, doing=doing).message, sent=True)
        return _refused_whole(reply)
    if reply.status == codes.BAD_REQUEST:  # a page of the servlet container: the request wasn't understood
        return _refused_whole(reply)
    if not reply.succeeded:
        raise error_of(reply, doing=doing)
    decode(reply, _JSON, doing=doing)
    raise fault(e.UNKNOWN_SHAPE, f"{reply.host} sent no import report when asked to {doing}.")


def _refused_whole(reply: Reply) -> ImportReport:
    said = reply.excerpt() or f"HTTP {reply.status} without a word"
    return ImportReport(ok=False, message=said, certain=False)


def _report_in(reply: Reply) -> ImportReport | None:
    try:
        return parse_report(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _checked(report: ImportReport, sent: int, host: str, *, validate: bool) -> ImportReport:
    """Believe "OK" only when DHIS2 counted what was sent: a body it doesn't understand is "OK" with zero (H15)."""
    if not report.ok:
        return report
    if report.total == 0:
        message = f"{host} answered OK to {sent} organisation units but took in none."
        raise fault(e.IMPORT_IGNORED, message)
    if not validate and report.created + report.updated != sent:
        message = f"{host} answered OK to {sent} organisation units but counted {report.created + report.updated}."
        raise fault(e.IMPORT_COUNT_DIFFERS, message, sent=True)
    return report


def add_to_group(connection: Connection, features: Features, *, group: str, uids: Iterable[str]) -> Additions:
    """Make units members of a group; those that are already stay, nobody is removed (R6.1).

    Up to 2.37 the reply says nothing (204) or the opposite of what was done (500 or 404 although stored: O3); later
    unknown ids are silently left out (H10). Then the group is read again. NeedsPerson when it doesn't exist or may
    not be changed.
    """
    wanted = list(dict.fromkeys(uids))
    certain, message = True, ""
    for piece in pieces(wanted, _MEMBERS_PER_REQUEST):
        taken, said = _add_piece(connection, group, piece, believed=features.group_additions_reported)
        certain, message = certain and taken, message or said
    if certain:
        return Additions(frozenset(wanted), ())
    members = group_members(connection, group)
    missing = tuple(uid for uid in wanted if uid not in members)
    return Additions(frozenset(wanted) & members, missing, message if missing else "")


def _add_piece(connection: Connection, group: str, uids: Sequence[str], *, believed: bool) -> tuple[bool, str]:
    """Say whether it is certain that all are members now, and what DHIS2 said when it isn't."""
    doing = f"add {len(uids)} members to group {group}"
    body = msgspec.json.encode({"additions": [{"id": uid} for uid in uids]})
    reply = connection.post(f"organisationUnitGroups/{group}/organisationUnits", doing=doing, body=body)
    if reply.status in {404, 409, 500}:
        return False, reply.excerpt()
    if not reply.succeeded:
        raise error_of(reply, doing=doing)
    stats = _stats_of(reply) if believed else None
    return stats == len(uids), ""


def _stats_of(reply: Reply) -> int | None:
    """Give how many of the additions were made or already so; None when the reply doesn't say."""
    try:
        response = _ADDITIONS.decode(reply.body).response
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if response is None or response.stats is None or response.status != "OK":
        return None
    return response.stats.updated + response.stats.ignored


def rebuild_paths(connection: Connection) -> None:
    """Have DHIS2 repair the stored paths and levels after moves (H7); NeedsPerson without F_PERFORM_MAINTENANCE."""
    doing = "rebuild the paths of the organisation units"
    reply = connection.post("maintenance", (("ouPathsUpdate", "true"),), doing=doing)
    if not reply.succeeded:
        error: CgrError = error_of(reply, doing=doing)
        raise error
