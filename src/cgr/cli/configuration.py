"""`cgr config …`: the whole configuration as one file (R4.5)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, Preview, open_input, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.configuration.applying import Outcome

app = typer.Typer(help="The configuration as one YAML file.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="config")


@app.command("apply")
def apply(
    file: Annotated[str, typer.Argument(help="The YAML file, or - for standard input.")],
    *,
    preview: Preview = False,
    as_json: Json = False,
) -> None:
    """Make the configuration what the file says: all of it or nothing; what it doesn't name stays."""
    with open_input(file) as stream:
        content = stream.read()
    actor = open_instance()
    from cgr.configuration import applying  # noqa: PLC0415 - needs Django set up

    outcome = applying.apply(actor, content, preview=preview)
    show(outcome, _words(outcome, preview=preview), as_json=as_json)


@app.command("export")
def export() -> None:
    """Write the configuration as YAML to standard output; secrets are left out."""
    actor = open_instance()
    from cgr.configuration import exporting  # noqa: PLC0415 - needs Django set up

    sys.stdout.write(exporting.export(actor))


def _words(outcome: Outcome, *, preview: bool) -> Iterator[str]:
    yield from (f"+ {entry.kind} {entry.code}" for entry in outcome.created)
    for entry in outcome.changed:
        yield f"~ {entry.kind} {entry.code}"
        yield from (f"    {name}: {change['from']!r} → {change['to']!r}" for name, change in entry.fields.items())
    counts = f"{len(outcome.created)} new, {len(outcome.changed)} changed, {outcome.unchanged} as they were"
    yield f"{counts} (a preview: nothing was written)." if preview else f"{counts}."
