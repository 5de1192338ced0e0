"""What goes wrong, as `application/problem+json` (RFC 9457): the same codes, words and next steps as everywhere."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpResponse
from django.http.multipartparser import MultiPartParserError
from msgspec import UNSET, Struct, UnsetType
from ninja.errors import AuthenticationError, ValidationError

from cgr.core.errors import BadInput, CgrError, NeedsConsent, OtherSide, TryLater

if TYPE_CHECKING:
    from django.http import HttpRequest
    from ninja import NinjaAPI

CONTENT_TYPE: Final = "application/problem+json"

_log = logging.getLogger("django.request")

_STATUS: Final[dict[str, HTTPStatus]] = {
    "not-authenticated": HTTPStatus.UNAUTHORIZED,
    "bad-token": HTTPStatus.UNAUTHORIZED,
    "not-allowed": HTTPStatus.FORBIDDEN,
    "not-signed-in": HTTPStatus.FORBIDDEN,
    "csrf-failed": HTTPStatus.FORBIDDEN,
    "unknown-or-not-allowed": HTTPStatus.NOT_FOUND,
    "unknown-address": HTTPStatus.NOT_FOUND,
    "import-item-unknown": HTTPStatus.NOT_FOUND,
    "method-not-allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "precondition-failed": HTTPStatus.PRECONDITION_FAILED,
    "body-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "media-type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "bad-request": HTTPStatus.BAD_REQUEST,
    "bad-json": HTTPStatus.BAD_REQUEST,
    "precondition-required": HTTPStatus.PRECONDITION_REQUIRED,
    "too-many-requests": HTTPStatus.TOO_MANY_REQUESTS,
    # What was asked for would be right in another state of the thing.
    **dict.fromkeys(
        (
            "account-linked",
            "attribute-in-use",
            "code-taken",
            "code-taken-elsewhere",
            "definition-in-use",
            "digest-mismatch",
            "external-id-taken",
            "fixed-after-creation",
            "object-changed",
            "organization-fixed",
            "proposal-decided",
            "run-ended",
            "run-not-answerable",
            "run-not-applied",
            "run-not-ended",
            "run-not-startable",
            "system-busy",
            "system-disabled",
            "system-in-use",
            "term-in-use",
            "type-in-use",
        ),
        HTTPStatus.CONFLICT,
    ),
}


class Trouble(Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong with a request: a field of its body or its address, or a line of its file."""

    message: str
    field: str | UnsetType = UNSET
    line: int | UnsetType = UNSET


class Problem(Struct, frozen=True, omit_defaults=True):
    """What went wrong. `code` is for programs, `detail` and `next_step` are for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    next_step: str
    errors: tuple[Trouble, ...] | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class WrongRequest(BadInput):
    """A request that isn't understood; `errors` names each field, or line, that is wrong."""

    def __init__(self, message: str, *, code: str, next_step: str, errors: tuple[Trouble, ...] = ()) -> None:
        """Add what is wrong with which field or line."""
        super().__init__(message, code=code, next_step=next_step)
        self.errors = errors


def status_of(error: CgrError) -> HTTPStatus:
    """Give the status of an error: by its code, else by its class."""
    if error.code in _STATUS:
        return _STATUS[error.code]
    match error:
        case NeedsConsent():
            return HTTPStatus.CONFLICT
        case BadInput():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case TryLater():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case OtherSide():
            return HTTPStatus.BAD_GATEWAY
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR


def answer_of(request: HttpRequest, error: CgrError) -> HttpResponse:
    """Give an error as an answer."""
    status = status_of(error)
    request_id = request.META.get("cgr.request_id", UNSET) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else UNSET
    answer = HttpResponse(
        body_of(status, error, errors=getattr(error, "errors", ()), request_id=request_id),
        status=status,
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store"},
    )
    if status == HTTPStatus.UNAUTHORIZED:
        reason = ', error="invalid_token"' if error.code == "bad-token" else ""
        answer["WWW-Authenticate"] = f'Bearer realm="cgr"{reason}'
    if isinstance(error, TryLater) and error.retry_after is not None:
        answer["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
    return answer


def body_of(
    status: HTTPStatus,
    error: CgrError,
    *,
    errors: tuple[Trouble, ...] = (),
    request_id: str | UnsetType = UNSET,
) -> bytes:
    """Give the JSON of an error."""
    problem = Problem(
        type=f"urn:cgr:error:{error.code}",
        title=status.phrase,
        status=status.value,
        detail=error.message,
        code=error.code,
        next_step=error.next_step,
        errors=errors or UNSET,
        request_id=request_id,
    )
    return msgspec.json.encode(problem)


def register(api: NinjaAPI) -> None:
    """Have the API answer whatever is raised in it as a problem."""
    answers: dict[type[Exception], Any] = {
        CgrError: answer_of,
        AuthenticationError: lambda request, _: answer_of(request, _not_authenticated()),
        ValidationError: lambda request, error: answer_of(request, _wrong_parameters(error)),
        RequestDataTooBig: lambda request, _: answer_of(request, too_large()),
        # A form of several parts is taken apart where it is first looked into, which may be the check against forgery.
        MultiPartParserError: lambda request, _: answer_of(request, _unreadable()),
        SuspiciousOperation: lambda request, _: answer_of(request, _unreadable()),
        Exception: unexpected,
    }
    for kind, answer in answers.items():
        api.add_exception_handler(kind, answer)


def unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer what nobody foresaw without a word about our insides; the log has them, under the same id."""
    request_id = request.META.get("cgr.request_id", "")
    _log.error("API request %s failed: %s %s", request_id, request.method, request.path, exc_info=error)
    return answer_of(request, _ours())


def _ours() -> CgrError:
    return CgrError(
        "Something went wrong in the registry itself.",
        code="unexpected",
        next_step="Please report it with the id of the request.",
    )


def unknown_address(request: HttpRequest) -> CgrError:
    """Say that nothing is at an address."""
    return WrongRequest(
        f"There is nothing at {request.path}.",
        code="unknown-address",
        next_step="Look it up in the description of the API: /api/v1/openapi.json",
    )


def too_many_requests() -> CgrError:
    """Say that somebody tries too often."""
    return WrongRequest(
        "Too many requests with a token that isn't good.",
        code="too-many-requests",
        next_step="Correct the token, and wait a minute.",
    )


def too_large() -> CgrError:
    """Say that a body is larger than what is taken there."""
    return WrongRequest(
        "The body of the request is too large.",
        code="body-too-large",
        next_step="Send less at a time. With a token more is taken: Geo-Objects by /api/v1/objects, a file by "
        "/api/v1/imports/files.",
    )


def _not_authenticated() -> CgrError:
    return WrongRequest(
        "The request says nothing of who asks.",
        code="not-authenticated",
        next_step="Send the header Authorization: Bearer TOKEN; a token is made on the page Account, Tokens.",
    )


def _wrong_parameters(error: ValidationError) -> WrongRequest:
    errors = tuple(
        Trouble(
            message=f"{one['msg'].removeprefix('Value error, ')}.", field=".".join(str(part) for part in one["loc"][1:])
        )
        for one in error.errors
    )
    return bad_parameters(errors)


def bad_parameters(errors: tuple[Trouble, ...]) -> WrongRequest:
    """Say which parameters of the address can't be used."""
    return WrongRequest(
        " ".join(f"{one.field}: {one.message}" for one in errors),
        code="bad-parameter",
        next_step="Correct the parameters of the address.",
        errors=errors,
    )


def refused_by_django(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    """Answer what Django refuses before the API sees it, and what fails outside of it."""
    if status == HTTPStatus.NOT_FOUND:
        return answer_of(request, unknown_address(request))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return answer_of(request, _ours())
    return answer_of(request, _unreadable())


def _unreadable() -> WrongRequest:
    return WrongRequest(
        "The request can't be read.",
        code="bad-request",
        next_step="Check the host, the headers, the encoding of the address and the form of the body.",
    )


def allowed_only(request: HttpRequest, methods: list[str]) -> HttpResponse:
    """Answer a method that an address doesn't take."""
    answer = answer_of(
        request,
        WrongRequest(
            f"{request.path} takes no {request.method}.",
            code="method-not-allowed",
            next_step=f"It takes {', '.join(methods)}.",
        ),
    )
    answer["Allow"] = ", ".join(methods)
    return answer
