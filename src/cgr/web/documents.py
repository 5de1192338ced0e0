"""The documents, as `make docs` built them into the package: anybody may read them, also who can't sign in yet."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.core.exceptions import SuspiciousFileOperation
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils._os import safe_join

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

BUILT: Final = Path(__file__).with_name("built_docs")
_FIRST: Final = "index.html"


def first_page(request: HttpRequest) -> HttpResponseBase:
    """Show where the documents begin; a checkout in which nobody built them says how."""
    if not (BUILT / _FIRST).is_file():
        return render(request, "web/no_documents.html")
    return _file(_FIRST)


def page(request: HttpRequest, name: str) -> HttpResponseBase:  # noqa: ARG001 - the signature Django calls
    """Give a page, or what one shows or loads."""
    if not BUILT.is_dir():
        return redirect("documents")
    return _file(name)


def _file(name: str) -> HttpResponseBase:
    try:
        found = Path(safe_join(BUILT, name))
    except (SuspiciousFileOperation, ValueError) as error:  # a way out of the folder, a NUL
        raise Http404 from error
    if not found.is_file():
        raise Http404
    kind = mimetypes.guess_type(found.name)[0] or "text/plain"
    if kind == "text/html":
        return HttpResponse(found.read_bytes(), content_type=kind)
    return FileResponse(found.open("rb"), content_type=kind)


urlpatterns = [
    path("docs/", first_page, name="documents"),
    path("docs/<path:name>", page, name="document"),
]
