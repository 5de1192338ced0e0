"""Which operation answers which address; whatever else is asked for below /api/ is answered as a problem, too."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpResponseNotAllowed
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from cgr.api import problems
from cgr.api.registry_api import api

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

PREFIX = "/api/"


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    """Answer what no operation has as its address."""
    return problems.refused_by_django(request, HTTPStatus.NOT_FOUND)


def _in_problems(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Have a method that isn't taken answered as everything else is."""

    @wraps(view)
    @csrf_exempt
    def answer(request: HttpRequest, **values: object) -> HttpResponseBase:
        given = view(request, **values)
        if isinstance(given, HttpResponseNotAllowed):
            return problems.allowed_only(request, sorted(given["Allow"].split(", ")))
        return given

    return answer


_patterns, _app, _namespace = api.urls
for _pattern in _patterns:
    if isinstance(_pattern, URLPattern):
        _pattern.callback = _in_problems(_pattern.callback)

urlpatterns = [path("api/v1/", (_patterns, _app, _namespace)), re_path(r"^api(?:/.*)?$", nothing_here)]
