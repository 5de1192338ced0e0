"""Reading the JSON of a request into the records that files and the command line are read into, just as strictly."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import msgspec

from cgr.api.answers import JSON
from cgr.api.problems import Trouble, WrongRequest
from cgr.core.dates import date_problem

if TYPE_CHECKING:
    from django.http import HttpRequest

T = TypeVar("T")

_PLACE = re.compile(r" - at `(?:key in `)?\$\.?(?P<path>.*?)`+$")


def read_json(request: HttpRequest, kind: type[T]) -> T:
    """Give the body of a request; `WrongRequest` naming the field that doesn't fit."""
    check_media_type(request, JSON)
    try:
        value = msgspec.json.decode(request.body)
        _check_texts(value)
        return msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as error:
        raise _unfit(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongRequest(
            f"The body isn't JSON: {error}.",
            code="bad-json",
            next_step="Send one JSON document; the description of the API shows its form.",
        ) from error


def check_media_type(request: HttpRequest, *allowed: str) -> None:
    """Refuse a body that says it is something else."""
    if request.content_type not in allowed:
        raise WrongRequest(
            f'"{request.content_type}" isn\'t taken here.',
            code="media-type",
            next_step=f"Send the header Content-Type: {' or '.join(allowed)}",
        )


def _check_texts(value: object) -> None:
    """Refuse what no text in the database can hold."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and "\x00" in one:
            raise msgspec.ValidationError("A text holds the character U+0000, which can't be stored")
        if isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _unfit(message: str) -> WrongRequest:
    place = _PLACE.search(message)
    field = place["path"] if place else ""
    sentence = f"{_PLACE.sub('', message)}."
    return WrongRequest(
        f"{field}: {sentence}" if field else sentence,
        code="bad-body",
        next_step="Correct the body; the description of the API shows its form.",
        errors=(Trouble(message=sentence, field=field or "body"),),
    )


def require_code(given: str, address: str) -> None:
    """Refuse a body that is about something else than the address."""
    if given != address:
        raise WrongRequest(
            f'The body is about "{given}", the address about "{address}".',
            code="bad-body",
            next_step="Send it to its own address; codes don't change.",
            errors=(Trouble(message=f'it has to be "{address}" here.', field="code"),),
        )


def read_day(text: str, *, field: str) -> date:
    """Read a day of a body; `WrongRequest` for anything but one that exists, as yyyy-MM-dd."""
    if problem := date_problem(text):
        raise WrongRequest(
            f"{field}: {problem}.",
            code="bad-date",
            next_step="Write it as yyyy-MM-dd, and one that exists.",
            errors=(Trouble(message=f"{problem}.", field=field),),
        )
    return date.fromisoformat(text)
