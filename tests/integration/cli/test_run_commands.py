"""`cgr sync runs` and `cgr import report` about runs of every kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor
from cgr.accounts.models import Organization
from cgr.runs.models import Run as StoredRun

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.django_db


def make_run(kind: StoredRun.Kind, *, config: str = "") -> StoredRun:
    save_organization(Actor("cli:test", is_system_administrator=True), "MOH", label={"default": "Ministry"})
    return StoredRun.objects.create(
        kind=kind,
        organization=Organization.objects.get(code="MOH"),
        config=config,
        as_of=timezone.localdate(),
        actor="ada",
        summary={"counts": {}},
    )


def test_the_import_of_a_file_without_external_ids_is_listed_with_the_others(cgr: Run) -> None:
    run = make_run(StoredRun.Kind.IMPORT)
    status, out, _ = cgr("sync", "runs")
    assert (status, out.split()) == (0, [str(run.pk), "import", "new", "a", "file"])
    status, out, _ = cgr("sync", "runs", "--json")
    (row,) = json.loads(out)["runs"]
    assert (status, row["id"], row["system"]) == (0, str(run.pk), None)


def test_a_look_for_drift_is_told_from_an_import_with_where_to_see_it(cgr: Run) -> None:
    run = make_run(StoredRun.Kind.DRIFT, config="hmis-all")
    status, _, err = cgr("import", "report", str(run.pk))
    assert status == 2
    assert f"Run {run.pk} is a look for drift." in err
    assert "See it with: cgr sync drift hmis-all" in err
