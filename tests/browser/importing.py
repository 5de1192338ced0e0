"""What the stories of imports share: who does the work in the background, and what the registry then holds."""

from __future__ import annotations

import json
from typing import Any

from cgr.accounts.actors import Actor
from cgr.imports.background import continue_import
from cgr.registry.queries import export_objects
from cgr.runs.models import Run

OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "a-long-Password-1"


def objects() -> dict[str, Any]:
    """The Geo-Objects as lines of their file, by code."""
    return {line["code"]: line for line in map(json.loads, export_objects(OPERATOR))}


def let_a_worker_do_it() -> Run:
    """The run that waited, done."""
    run = Run.objects.get(state=Run.State.QUEUED)
    continue_import(run.pk, lambda: False)
    run.refresh_from_db()
    return run
