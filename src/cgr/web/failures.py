"""Our errors as pages: what isn't there and what somebody may not see get the same answer."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from cgr.core.errors import BadInput, CgrError, NotAllowed
from cgr.web.sentences import refusal
from cgr.web.systems.words import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse


class FailuresInWords(MiddlewareMixin):
    """Turns a `CgrError` that a page didn't show at its form into a page of its own."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Give the page, or None for what isn't ours."""
        if isinstance(exception, NotAllowed):
            # Not its own words: they would tell one reason from the other.
            return render(request, "404.html", status=HTTPStatus.NOT_FOUND)
        if isinstance(exception, CgrError):
            status = HTTPStatus.BAD_REQUEST if isinstance(exception, BadInput) else HTTPStatus.BAD_GATEWAY
            return render(request, "web/failure.html", {"failure": in_words(exception)}, status=status)
        return None


def refused(exception: CgrError) -> str:
    """Give what a form says when an action refuses; a forbidden or unknown object is 404 instead."""
    if isinstance(exception, NotAllowed):
        raise Http404 from exception
    return refusal(exception)


@contextmanager
def refused_in_words(request: HttpRequest) -> Iterator[None]:
    """Say on the next page why an action was refused; a forbidden or unknown object is 404 instead."""
    try:
        yield
    except CgrError as error:
        messages.error(request, refused(error))
