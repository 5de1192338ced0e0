"""The plain fields of an organisation unit that can be mapped: their limits, and what may be written to them (R5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.dates import date_problem
from cgr.core.formats import email_refusal, url_refusal
from cgr.core.localized import DEFAULT, pick
from cgr.core.texts import normal, refusal

if TYPE_CHECKING:
    from cgr.core.records import Value

_TEXT_KINDS = ("text", "localized_text", "integer")
_DATE_KINDS = ("date",)


class UnitField(Struct, frozen=True):
    """One field of a unit.

    `limit`: most UTF-16 units (E4001), None where DHIS2 has no limit. `kinds`: attribute kinds that can be its source.
    `required`: DHIS2 refuses a unit without it (E4000). `translated_as`: the property name of its translations.
    `one_line`: runs of blanks become one when it is written.
    """

    limit: int | None = None
    kinds: tuple[str, ...] = _TEXT_KINDS
    required: bool = False
    translated_as: str | None = None
    one_line: bool = True


FIELDS: dict[str, UnitField] = {
    "name": UnitField(limit=230, required=True, translated_as="NAME"),
    "shortName": UnitField(limit=50, required=True, translated_as="SHORT_NAME"),
    "code": UnitField(limit=50),
    "openingDate": UnitField(kinds=_DATE_KINDS, required=True),
    "closedDate": UnitField(kinds=_DATE_KINDS),
    "description": UnitField(translated_as="DESCRIPTION", one_line=False),
    "comment": UnitField(one_line=False),
    "url": UnitField(limit=255),
    "contactPerson": UnitField(limit=255),
    "address": UnitField(limit=255, one_line=False),
    "email": UnitField(limit=150),
    "phoneNumber": UnitField(limit=150),
}


def field_text(field: str, value: Value | None, locale: str = DEFAULT) -> str | None:
    """Write a source's value as the field's text (localized: best fit, dates: the day); nothing is None."""
    text = pick(value, locale) if isinstance(value, dict) else None if value is None else str(value)
    if FIELDS[field].one_line:
        return normal(text)
    # Free text keeps its lines; blanks alone are nothing all the same.
    return (text.strip() or None) if text else None


def field_refusal(field: str, text: str) -> str | None:
    """Say why DHIS2 would refuse this text in this field (length, e-mail, URL, date), or None."""
    described = FIELDS[field]
    if described.kinds == _DATE_KINDS:
        return date_problem(text)
    if problem := refusal(text, described.limit):
        return problem
    match field:
        case "email":
            return email_refusal(text)
        case "url":
            return url_refusal(text)
        case _:
            return None
