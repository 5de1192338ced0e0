"""`cgr sync drift`: what DHIS2 holds otherwise than was last agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgr.cli import sync
from cgr.cli.background import Background, Follow, follow, show_queued
from cgr.cli.instance import open_instance
from cgr.cli.output import Json, show
from cgr.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

    from cgr.sync.drift import Drift, DriftFound

_SHOWN = 20
_SOME_DRIFTED = 1


def register(_parent: typer.Typer) -> None:
    """Add nothing more: the command stands below `cgr sync` as soon as this module is there."""


@sync.app.command("drift")
def drift(config: sync.Config, *, background: Background = False, watch: Follow = False, as_json: Json = False) -> int:
    """Show what somebody changed or deleted in DHIS2 since it was last agreed on."""
    actor = open_instance()
    from cgr.sync import drift as drifting  # noqa: PLC0415 - needs Django set up
    from cgr.sync.background import queue_look  # noqa: PLC0415 - as above

    if background or watch:
        run = queue_look(actor, config)
        if not watch:
            show_queued(run, as_json=as_json)
            return 0
        follow(run)
        found = drifting.known(actor, config)
    else:
        with progress() as bars:
            found = drifting.look(actor, config, progress=bars)
    show(msgspec.to_builtins(found), _words(found), as_json=as_json)
    return _SOME_DRIFTED if found.drift else 0


def _words(found: DriftFound) -> Iterator[str]:
    if not found.agreed:
        yield f"Nothing was agreed on yet: plan or run {found.config} first."
        return
    yield f"{found.agreed:,} units agreed on: {found.counts['changed']:,} changed, {found.counts['deleted']:,} deleted"
    yield from map(_line, found.drift[:_SHOWN])
    if len(found.drift) > _SHOWN:
        yield f"  … and {len(found.drift) - _SHOWN:,} more (--json shows all)"


def _line(one: Drift) -> str:
    name = f"  ! {one.object['type']} {one.object['code']} ({one.uid})"
    if one.kind == "deleted":
        return f"{name}: deleted in DHIS2"
    fields = "; ".join(f"{field['label']}: {field['words']}" for field in one.fields.values())
    return f"{name}: {fields} (by {one.last_updated_by or 'somebody'}, {one.last_updated})"
