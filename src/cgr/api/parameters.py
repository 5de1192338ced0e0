"""Kinds of parameters in addresses, read as the command line reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, TypeAlias

from ninja import Query
from pydantic import PlainValidator, WithJsonSchema

from cgr.core.dates import date_problem


def _day(text: object) -> date:
    if isinstance(text, date):
        return text
    if problem := date_problem(str(text)):
        raise ValueError(problem)
    return date.fromisoformat(str(text))


def _moment(text: object) -> datetime:
    if isinstance(text, datetime):
        return text
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise ValueError(f'"{text}" is no moment: write it as 2026-11-23T10:00:00Z') from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(text: object) -> str:
    if "\x00" in str(text):
        raise ValueError("it holds the character U+0000")
    return str(text)


def _flag(text: object) -> bool:
    if text in {True, False}:
        return bool(text)
    if text not in {"true", "false"}:
        raise ValueError(f'"{text}" is neither true nor false')
    return text == "true"


Flag: TypeAlias = Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})]
"""Written as true or false."""

Day: TypeAlias = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day that exists, as yyyy-MM-dd."""

Moment: TypeAlias = Annotated[
    datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment in ISO 8601; without an offset it is UTC."""

Text: TypeAlias = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string"})]
"""Any text that the database could hold."""

Limit: TypeAlias = Annotated[int, Query(ge=1, le=1000, description="At most so many on one page.")]
