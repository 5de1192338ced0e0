"""For every operation of the API: what to send to it about a place, and what "let through" looks like.

An operation is let through unless the answer is 401, 403 or 404; a list, if something of the place is in it.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from django.core.files.base import ContentFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from cgr.api.registry_api import api

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

    from .world import Place

_LISTS = {
    "GET /audit",
    "GET /audit.ndjson",
    "GET /config",
    "GET /hierarchies",
    "GET /objects",
    "GET /objects.csv",
    "GET /objects.geojson",
    "GET /objects.gpkg",
    "GET /objects.ndjson",
    "GET /objects.xlsx",
    "GET /organizations",
    "GET /proposals",
    "GET /runs",
    "GET /syncs",
    "GET /terms",
    "GET /systems",
    "GET /types",
}
SHARED_BY_ALL = {
    "GET /whoami",
    "GET /terms",
    "GET /terms/{code}",
    "PUT /terms/{code}",
    "DELETE /terms/{code}",
    "DELETE /terms/{code}/terms/{term}",
}
"""Those that are about oneself, or about what belongs to the whole instance."""

_LINES = "POST /objects"
_FILE = "POST /imports/files"


def operations() -> set[str]:
    """All of them, as the description has them."""
    paths = api.get_openapi_schema(path_prefix="/")["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def ask(client: Client, label: str, place: Place, token: str | None) -> HttpResponse:
    """Ask an operation about a place; whoever edits claims to have seen the present state."""
    method, _, path = label.partition(" ")
    body = _body(label, place)
    sent = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if method in {"PUT", "PATCH", "DELETE"}:
        headers["If-Match"] = "*"
    kind = {_LINES: "application/x-ndjson", _FILE: MULTIPART_CONTENT}.get(label, "application/json")
    return client.generic(method, f"/api/v1{_filled(label, path, place)}", sent, content_type=kind, headers=headers)


def let_through(label: str, place: Place, answer: HttpResponse) -> bool:
    """Say whether the answer is one to somebody who may ask."""
    if label in _LISTS and answer.status_code == 200:
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        texts = unpacked(body) if label == "GET /objects.xlsx" else body
        return ("shared" if label == "GET /terms" else place.word).encode() in texts
    # A type that one may not edit is to a file like one that isn't there.
    return answer.status_code not in ({401, 403, 404, 422} if label == _LINES else {401, 403, 404})


def unpacked(workbook: bytes) -> bytes:
    with ZipFile(BytesIO(workbook)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def _filled(label: str, path: str, place: Place) -> str:
    word = place.word
    codes = {
        "/organizations/": place.code,
        "/types/": f"{word}-country",
        "/hierarchies/": f"{word}-tree",
        "/terms/": "shared",
        "/systems/": f"{word}-system",
        "/syncs/": f"{word}-sync",
        "/objects/": f"{word}-1",
    }
    code = next((code for part, code in codes.items() if path.startswith(part)), "")
    run = place.import_run if "/imports/" in path else place.run
    filled = (
        path.replace("{uid}", "OuUnit00001")
        .replace("{code}", code)
        .replace("{run}", str(run.pk))
        .replace("{type}", f"{word}-country")
        .replace("{number}", str(place.proposal))
        .replace("{type_code}", f"{word}-country")
        .replace("{attribute}", f"{word}-remarks")
        .replace("{term}", "one")
    )
    return f"{filled}?type={word}-country" if label.endswith("/candidates") or label == _FILE else filled


def _body(label: str, place: Place) -> Any:
    word, code = place.word, place.code
    a_type = {"code": f"{word}-country", "organization": code, "label": "Other"}
    importing = {"system": f"{word}-system", "hierarchy": f"{word}-tree", "levels": {"1": f"{word}-country"}}
    bodies: dict[str, Any] = {
        "PUT /organizations/{code}": {"code": code, "label": "Other"},
        "PUT /types/{code}": a_type,
        "PUT /hierarchies/{code}": {
            "code": f"{word}-tree",
            "organization": code,
            "label": "Other",
            "tree": {f"{word}-country": {}},
        },
        "PUT /terms/{code}": {"code": "shared", "label": "Other"},
        "PUT /systems/{code}": {
            "code": f"{word}-system",
            "organization": code,
            "label": "Other",
            "url": place.system.url,
            "auth": {"kind": "basic", "username": f"{word}-user"},
        },
        "PUT /syncs/{code}": {
            "code": f"{word}-sync",
            "organization": code,
            "label": "Other",
            "hierarchy": f"{word}-tree",
            "system": f"{word}-system",
            "levels": [{"type": f"{word}-country", "sync": "org_units"}],
        },
        "PUT /syncs/{code}/schedule": {"cron": "0 3 * * *"},
        "POST /syncs/{code}/plans": {},
        "POST /proposals": {
            "object": {"type": f"{word}-country", "code": f"{word}-1", "label": "Other"},
            "reason": "x",
        },
        "POST /proposals/{number}/accept": {},
        "POST /proposals/{number}/reject": {"reason": "x"},
        "POST /runs/{run}/apply": {"digest": place.run.digest},
        "POST /imports": importing,
        "POST /imports/preview": importing,
        "POST /imports/{run}/items/{uid}/answer": {"as": "skip"},
        "POST /imports/{run}/suggestions/accept": {"above": 0.9},
        "POST /config": {"version": 1, "types": [a_type]},
        "PATCH /objects/{type}/{code}": {"label": "Other"},
        _FILE: encode_multipart(BOUNDARY, {"file": ContentFile(b"Code\nX1\n", "x.csv"), "mapping": "code: Code"}),
        _LINES: json.dumps({"type": f"{word}-country", "code": f"{word}-1", "label": "Other"}),
    }
    return bodies.get(label, "")
