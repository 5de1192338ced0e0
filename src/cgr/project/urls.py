"""Which face answers which address, and which one says that something can't be answered."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from django.urls import include, path
from django.views import defaults

from cgr.api.problems import refused_by_django
from cgr.api.urls import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

urlpatterns = [
    path("", include("cgr.api.urls")),
    path("", include("cgr.web.urls")),
]


def _refuse(
    request: HttpRequest, *args: object, page: Callable[..., HttpResponse], status: HTTPStatus, **values: object
) -> HttpResponse:
    """Answer in the manner of the face that was asked."""
    if request.path.startswith(PREFIX):
        return refused_by_django(request, status)
    return page(request, *args, **values)


handler400: Final = partial(_refuse, page=defaults.bad_request, status=HTTPStatus.BAD_REQUEST)
handler404: Final = partial(_refuse, page=defaults.page_not_found, status=HTTPStatus.NOT_FOUND)
handler500: Final = partial(_refuse, page=defaults.server_error, status=HTTPStatus.INTERNAL_SERVER_ERROR)
