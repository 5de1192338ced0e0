"""Import reports of every version as one type, and which unit each refusal is about.

The HTTP status says nothing up to 2.36 and little later (O1), so the report decides. Refusals are matched by unit id,
never by index (R4); where DHIS2 leaves the id out (E1106 up to 2.40, much of 2.31: O2, R5) it is found in the
message, or by looking for what we sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cgr.dhis2.wire import BareReply, ErrorReport, Report, Stats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_UID_IN_BRACKETS = re.compile(r"\[([a-zA-Z][a-zA-Z0-9]{10})\]")
_UID = re.compile(r"[a-zA-Z][a-zA-Z0-9]{10}")

_ABOUT_AN_ATTRIBUTE = frozenset({"E4009", "E4011", "E6012"})
_BAD_VALUE = frozenset(f"E60{number:02}" for number in range(4, 22)) - {"E6012"}
_MAIN_ID_IS_THE_UNIT = frozenset({"E5000", "E5001", "E5004"})


class Refusal(Struct, frozen=True):
    """One reason why DHIS2 refuses one unit.

    `uid` is None where DHIS2 doesn't say. `property`: DHIS2's own name, `parent`, `attribute:ID` or
    `translation:NAME:fr`, the names of the plan. `value`: the offending value, for E5002 the id that doesn't exist.
    `report`: DHIS2's own error report, JSON as it came.
    """

    uid: str | None
    dhis2_code: str
    property: str | None
    value: str | None
    message: str
    report: str = ""


class ImportReport(Struct, frozen=True):
    """What became of one import.

    `ok`: everything was written (or, on validation, would be). Not `ok`: nothing was, since we only send
    atomicMode=ALL. Refusals can be empty then: one broken unit can make DHIS2 refuse the request without naming it
    (H23); `message` has its words, and halving finds the unit. `certain`: that nothing was written can be relied on; a
    failure without a report, or with one whose counts contradict it, may come after all was stored.
    """

    ok: bool
    created: int = 0
    updated: int = 0
    ignored: int = 0
    total: int = 0
    refusals: tuple[Refusal, ...] = ()
    message: str = ""
    certain: bool = True

    @property
    def blamed(self) -> frozenset[str]:
        """The ids of the units that are refused by name."""
        return frozenset(refusal.uid for refusal in self.refusals if refusal.uid is not None)


_REPLY = msgspec.json.Decoder(BareReply)
_ERROR = msgspec.json.Decoder(ErrorReport)


def parse_report(body: bytes) -> ImportReport | None:
    """Read the reply to an import, in either form; None when it holds no report. msgspec errors when it isn't JSON."""
    reply = _REPLY.decode(body)
    report: Report = reply.response if reply.response is not None else reply
    if report.status not in {"OK", "WARNING", "ERROR"}:
        return None
    if report.stats is None and (report.status == "OK" or not report.type_reports):
        return None
    stats = report.stats or Stats()
    return ImportReport(
        ok=report.status == "OK",
        created=stats.created,
        updated=stats.updated,
        ignored=stats.ignored,
        total=stats.total,
        refusals=tuple(_refusals(report)),
        message=reply.message or "",
        certain=report.status == "OK" or stats.created + stats.updated == 0,
    )


def _refusals(report: Report) -> Iterator[Refusal]:
    for of_type in report.type_reports or ():
        for of_object in of_type.object_reports or ():
            for raw in of_object.error_reports or ():
                yield _refusal(_ERROR.decode(raw), of_object.uid, report=bytes(raw).decode())


def _refusal(error: ErrorReport, uid: str | None, *, report: str) -> Refusal:
    return Refusal(
        uid or _named_unit(error),
        error.error_code or "",
        _property(error),
        _value(error),
        " ".join((error.message or "").split()),
        report,
    )


def _argument(error: ErrorReport, index: int) -> str:
    """Give the text that fills placeholder {index} of the message; empty when it isn't given."""
    arguments = error.args or error.error_properties or ()
    return str(arguments[index]) if index < len(arguments) else ""


def _named_unit(error: ErrorReport) -> str | None:
    """Find the unit where the object report doesn't name it (R5, O2)."""
    match error.error_code:
        case code if code in _MAIN_ID_IS_THE_UNIT:
            return error.main_id
        case "E5002":  # {1} is the object, {0} the reference that is missing
            return _last_uid(_argument(error, 1) or error.message or "")
        case "E5003":  # {2} is the object, {3} and mainId the other one that has the value already
            return _last_uid(_argument(error, 2) or (error.message or "").rpartition("already")[0])
        case "E1106":  # {3} from 2.41 on
            return _argument(error, 3) or None
        case _:
            return None


def _last_uid(text: str) -> str | None:
    """Objects are written `Name [uid] (Class)`; the name may hold brackets itself."""
    found = _UID_IN_BRACKETS.findall(text)
    return found[-1] if found else None


def _property(error: ErrorReport) -> str | None:
    match error.error_code:
        case code if code in _ABOUT_AN_ATTRIBUTE:
            attribute = error.main_id or _argument(error, 0)
            return f"attribute:{attribute}" if _UID.fullmatch(attribute) else None
        case "E1106":
            return f"translation:{_argument(error, 0)}:{_argument(error, 1)}"
        case "E5002":  # {2} is the association
            return error.error_property or _argument(error, 2) or None
        case "E4013":
            return "closedDate"
        case code if code in _BAD_VALUE:
            return None
        case _:
            return error.error_property


def _value(error: ErrorReport) -> str | None:
    match error.error_code:
        case "E5003" | "E4009":
            return _argument(error, 1) or None
        case "E5002":
            return _last_uid(_argument(error, 0)) or _argument(error, 0) or None
        case "E4013":
            return _argument(error, 0).partition("T")[0] or None
        case code if code in _BAD_VALUE:
            return _argument(error, 0) or None
        case _:
            return str(error.value) if error.value is not None else None


def attribute_refusals(report: ImportReport, sent_units: Sequence[Mapping[str, object]]) -> ImportReport:
    """Name the units, and the attributes, that DHIS2 left out, by looking for what was sent.

    E4009: the unit that sent this attribute with this value; E4011: every unit sent without that attribute; E1106:
    every unit with that translation twice (O2, R5). A bad attribute value is reported without its attribute (R6):
    found by the value.
    """
    units = [_Sent(unit) for unit in sent_units]
    found: dict[Refusal, None] = {}
    for refusal in report.refusals:
        found |= dict.fromkeys(_attributed(refusal, units))
    return msgspec.structs.replace(report, refusals=tuple(found))


class _Sent:
    """One unit as sent, seen the way refusals speak of it."""

    def __init__(self, unit: Mapping[str, object]) -> None:
        self.uid = str(unit.get("id", ""))
        self.values: dict[str, str] = {}
        self.repeated: set[str] = set()
        seen: set[str] = set()
        for row in _rows(unit.get("attributeValues")):
            attribute = row.get("attribute")
            if isinstance(attribute, dict) and row.get("value") not in {None, ""}:
                self.values[str(attribute.get("id", ""))] = str(row["value"])
        for row in _rows(unit.get("translations")):
            name = f"translation:{row.get('property')}:{row.get('locale')}"
            if name in seen:
                self.repeated.add(name)
            seen.add(name)


def _rows(value: object) -> Iterable[dict[str, object]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _attributed(refusal: Refusal, units: Sequence[_Sent]) -> list[Refusal]:
    """Give the refusal once per unit it is about; itself when nothing better is known."""
    name = refusal.property or ""
    attribute = name.removeprefix("attribute:")
    if refusal.uid is None:
        match refusal.dhis2_code:
            case "E4009":
                about = [unit for unit in units if _same(unit.values.get(attribute), refusal.value)]
            case "E4011":
                about = [unit for unit in units if attribute not in unit.values]
            case "E1106":
                about = [unit for unit in units if name in unit.repeated]
            case _:
                about = []
        return [msgspec.structs.replace(refusal, uid=unit.uid) for unit in about] or [refusal]
    if refusal.dhis2_code in _BAD_VALUE and refusal.property is None:
        sent = next((unit.values for unit in units if unit.uid == refusal.uid), {})
        named = [key for key, value in sent.items() if refusal.value in {key, value}]
        if len(named) == 1:
            return [msgspec.structs.replace(refusal, property=f"attribute:{named[0]}")]
    return [refusal]


def _same(sent: str | None, refused: str | None) -> bool:
    return sent is not None and refused is not None and sent.split() == refused.split()
