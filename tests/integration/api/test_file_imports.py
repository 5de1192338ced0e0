"""A file that a program sends: looked at, previewed and imported by a worker, or refused before anything is kept."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from cgr.imports.background import continue_import
from cgr.imports.models import FilePiece
from cgr.registry.models import GeoObject
from cgr.runs.models import Run

from .stage import make_program, problem_of, text_of

pytestmark = pytest.mark.django_db

FILES = "/imports/files?type=own-country"
MAPPING = {"code": "Code", "label": "Name"}
ROWS = "Code;Name\nP1;Erste\n;Ohne Kode\nP2;Zweite\n".encode("utf-16")


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return buffer.getvalue()


def worked(run: str) -> None:
    continue_import(int(run), lambda: False)


def test_a_file_is_previewed_and_imported_by_a_worker_and_its_refused_rows_come_back() -> None:
    program, _ = make_program()
    queued = program.send_file(f"{FILES}&preview=true", "places.csv", ROWS, MAPPING, Idempotency_Key="once")
    assert (queued.status_code, queued.json()["state"]) == (202, "queued")
    run = queued.json()["id"]
    assert queued["Location"] == f"/api/v1/runs/{run}"
    early = problem_of(program.ask("GET", f"/imports/{run}/rejected.csv"))
    assert (early["status"], early["code"]) == (409, "run-not-ended")
    again = program.send_file(f"{FILES}&preview=true", "places.csv", ROWS, MAPPING, Idempotency_Key="once")
    assert again.json()["id"] == run
    other = program.send_file(f"{FILES}&preview=true", "places.csv", ROWS + ROWS, MAPPING, Idempotency_Key="once")
    assert problem_of(other)["code"] == "key-used"

    worked(run)
    preview = program.get(f"/runs/{run}")
    assert (preview["state"], preview["counts"]["new"], preview["counts"]["conflict"]) == ("new", 2, 1)
    (problem,) = program.get(f"/runs/{run}/items?category=problem")["items"]
    assert problem["line"] == 3
    assert not GeoObject.objects.filter(code="P1").exists()

    assert program.ask("POST", f"/runs/{run}/resume").status_code == 202
    worked(run)
    assert program.get(f"/runs/{run}")["state"] == "warning"
    assert GeoObject.objects.filter(code__in=["P1", "P2"]).count() == 2
    rejected = program.ask("GET", f"/imports/{run}/rejected.csv")
    assert rejected["Content-Type"] == "text/csv; charset=utf-8"
    head, row = text_of(rejected).removeprefix("\ufeff").splitlines()
    assert head == "Code,Name,line,problem,what to do"
    assert row.startswith(",Ohne Kode,3,")
    assert not FilePiece.objects.exists()
    assert problem_of(program.ask("POST", f"/runs/{run}/resume"))["code"] == "run-not-startable"


REFUSED: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "zip-bomb": (archive(**{"a.shp": b"\0" * (64 * 2**20)}), MAPPING, "bad-file"),
    "archive-in-archive": (gzip.compress(gzip.compress(b"Code\nF1\n")), MAPPING, "bad-file"),
    "broken-shapefile": (archive(**{"a.shp": b"x", "a.dbf": b"x", "a.prj": b"x"}), MAPPING, "bad-file"),
    "null-bytes": (b"Code,Name\x00\nF1,a\n", MAPPING, "bad-file"),
    "empty": (b"", MAPPING, "bad-file"),
    "column-not-there": (ROWS, {**MAPPING, "label": "Nom"}, "import-mapping"),
    "no-geometry": (ROWS, {**MAPPING, "geometry": True}, "import-mapping"),
    "key-not-there": (ROWS, {**MAPPING, "labels": "Name"}, "import-mapping"),
    "attribute-not-there": (ROWS, {**MAPPING, "attributes": [{"from": "Name", "to": "beds"}]}, "import-mapping"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_imported_is_refused_and_nothing_is_kept(name: str) -> None:
    program, _ = make_program()
    content, mapping, code = REFUSED[name]
    before = Run.objects.count()
    problem = problem_of(program.send_file(FILES, "places.csv", content, mapping))
    assert (problem["status"], problem["code"]) == (422, code)
    assert (Run.objects.count(), FilePiece.objects.count()) == (before, 0)


def test_a_form_that_is_not_what_it_has_to_be_is_refused_by_its_part() -> None:
    program, _ = make_program()
    client, to = Client(), f"/api/v1{FILES}"
    file, mapping = ContentFile(ROWS, "a.csv"), json.dumps(MAPPING)

    def wrong(**parts: Any) -> tuple[int, str, str]:
        for part in parts.values():
            if isinstance(part, ContentFile):
                part.seek(0)
        problem = problem_of(client.post(to, parts, headers=program.headers))
        return problem["status"], problem["code"], problem.get("errors", [{}])[0].get("field", "")

    assert wrong(mapping=mapping) == (422, "bad-body", "file")
    assert wrong(file="Code", mapping=mapping) == (422, "bad-body", "file")
    assert wrong(file=file) == (422, "bad-body", "mapping")
    assert wrong(file=file, mapping=[mapping, mapping]) == (422, "bad-body", "mapping")
    assert wrong(file=file, mapping=mapping, template="x") == (422, "bad-body", "template")
    assert wrong(file=file, mapping="code: [") == (422, "unreadable-yaml", "")
    assert wrong(file=file, mapping=ContentFile(b"#" * 2**21, "m.yaml")) == (413, "body-too-large", "")
    assert problem_of(program.ask("POST", FILES, {}))["status"] == 415
    unknown = program.send_file("/imports/files?type=nowhere", "a.csv", ROWS, MAPPING)
    assert problem_of(unknown)["status"] == 404


def test_a_form_that_cannot_be_taken_apart_is_no_failure_of_ours() -> None:
    program, place = make_program()
    kinds = ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x")
    for kind in kinds:
        answer = Client().generic(
            "POST", f"/api/v1{FILES}", b"--y\r\nnothing", content_type=kind, headers=program.headers
        )
        assert problem_of(answer)["status"] in {400, 422}
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(place.member)
    browser.get("/settings/account/password/")
    token = {"X-CSRFToken": browser.cookies["csrftoken"].value}
    broken = browser.generic("POST", f"/api/v1/runs/{place.run.pk}/undo", b"x", content_type=kinds[0], headers=token)
    assert problem_of(broken)["code"] == "bad-request"
