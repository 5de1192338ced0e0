"""`cgr audit export`: the audit log as NDJSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import read_date

if TYPE_CHECKING:
    from datetime import date

app = typer.Typer(help="Who changed what, when.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="audit")


@app.callback()
def group() -> None:
    """Keep `audit` a group although it has one command."""


@app.command("export")
def export(
    *,
    since: Annotated[str, typer.Option("--from", help="First day (UTC), yyyy-MM-dd.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day (UTC), yyyy-MM-dd.")] = "",
    organization: Annotated[str, typer.Option(help="Only of this organization, by code.")] = "",
    kind: Annotated[str, typer.Option(help="Only of this kind of thing, like system or user.")] = "",
    who: Annotated[str, typer.Option(help="Only by whom the name begins with this.")] = "",
) -> None:
    """Write the entries, newest first, one JSON object a line."""
    actor = open_instance()
    from cgr.accounts.trail import trail  # noqa: PLC0415 - needs Django set up
    from cgr.audit.queries import entry_json  # noqa: PLC0415 - as above

    found = trail(actor, organization=organization, kind=kind, who=who, since=_day(since), until=_day(until))
    for row in found.iterator():
        sys.stdout.write(msgspec.json.encode(entry_json(row)).decode() + "\n")


def _day(text: str) -> date | None:
    return read_date(text) if text else None
