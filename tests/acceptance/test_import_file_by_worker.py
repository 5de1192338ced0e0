"""A file that the workers import: kept in the database until its run has ended, and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from cgr.accounts.actors import local_operator
from cgr.configuration.applying import apply as apply_configuration
from cgr.core.errors import BadInput
from cgr.core.rows import parse_row_mapping
from cgr.imports.background import cancel_import, continue_import, queue_file_import, resume_import
from cgr.imports.files import FileRequest
from cgr.imports.models import FilePiece
from cgr.imports.reports import import_run, rejected_rows, result_of
from cgr.registry.actions import apply_objects
from cgr.registry.queries import keys_by_code

from .test_import_file import CONFIGURATION, PLACES

if TYPE_CHECKING:
    from pathlib import Path

    from cgr.runs.models import Run

pytestmark = pytest.mark.django_db(transaction=True)


def worked(run: Run) -> Run:
    """Do what a worker does, and read the run as it is then."""
    continue_import(run.pk, lambda: False)
    return import_run(local_operator(), str(run.pk))


def test_a_previewed_file_is_imported_by_going_on_and_then_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEST_PASSWORD", "x")
    monkeypatch.setattr("cgr.imports.kept_files._PIECE_BYTES", 10)
    actor = local_operator()
    apply_configuration(actor, CONFIGURATION)
    assert not apply_objects(actor, map(msgspec.json.encode, PLACES), preview=False).errors
    path = tmp_path / "rows.csv"
    path.write_text("Code,Name,Beds\nF1,Bo,13\nF7,Seven,1\nF8,Eight,many\n")
    mapping = parse_row_mapping(
        {"code": "Code", "label": "Name", "attributes": [{"from": "Beds", "to": "beds"}]}, origin="test"
    )
    request = FileRequest("rows.csv", "facility", mapping)

    queued = queue_file_import(actor, path, request, preview=True)
    path.unlink()
    preview = worked(queued)
    assert (preview.state, preview.summary["counts"]["new"]) == ("new", 1)
    assert FilePiece.objects.filter(run=preview).count() > 1
    assert not keys_by_code("facility", ["F7"])
    assert b"F8,Eight,many,4," in b"".join(rejected_rows(preview))

    done = worked(resume_import(actor, preview))
    assert (done.pk, done.state) == (queued.pk, "warning")
    assert result_of(done).counts == {"new": 1, "changed": 1, "unchanged": 0, "conflict": 1, "vanished": 0}
    assert keys_by_code("facility", ["F7"])
    assert not FilePiece.objects.exists()
    with pytest.raises(BadInput, match="isn't kept"):
        resume_import(actor, done)

    path.write_text("Name\nBo\n")
    failed = worked(queue_file_import(actor, path, request))
    assert (failed.state, failed.error["code"] if failed.error else "") == ("failure", "import-mapping")
    assert FilePiece.objects.filter(run=failed).exists()
    assert worked(resume_import(actor, failed)).state == "failure"

    cancelled = queue_file_import(actor, path, request)
    cancel_import(actor, cancelled)
    assert worked(cancelled).state == "cancelled"
    assert not FilePiece.objects.filter(run=cancelled).exists()
