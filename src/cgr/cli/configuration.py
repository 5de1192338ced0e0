"""`cgr config …`: the whole configuration as one file (R4.5)."""

from __future__ import annotations

import json
import sys
from pathlib import Path  # noqa: TC003 - typer reads it when it builds the command
from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, Preview, open_input, replacing, show, tell
from cgr.core.differences import differences, words
from cgr.core.errors import BadInput

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
    rehearse: Annotated[
        list[str] | None,
        typer.Option(metavar="SYSTEM=URL", help="In an instance of its own: with this sandbox in place of the system."),
    ] = None,
    preview: Preview = False,
    as_json: Json = False,
) -> None:
    """Make the configuration what the file says: all of it or nothing; what it doesn't name stays."""
    sandboxes = dict(map(_system_and_url, rehearse or ()))
    with open_input(file) as stream:
        content = stream.read()
    actor = open_instance()
    from cgr.configuration import applying  # noqa: PLC0415 - needs Django set up

    outcome = applying.apply(actor, content, preview=preview, sandboxes=sandboxes)
    if sandboxes:
        tell("A rehearsal: no schedules, no notices, no other systems and what synchronises with them.")
    show(outcome, _words(outcome, preview=preview), as_json=as_json)


@app.command("export")
def export(
    *,
    references: Annotated[
        bool, typer.Option("--references", help="With the name of an environment variable for each secret.")
    ] = False,
) -> None:
    """Write the configuration as YAML to standard output; secrets are left out."""
    actor = open_instance()
    from cgr.configuration import exporting  # noqa: PLC0415 - needs Django set up

    sys.stdout.write(exporting.export(actor, references=references))


@app.command("import-gpr")
def import_gpr(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="JSON of GeoPrism Registry.")],
    *,
    organization: Annotated[str, typer.Option(help="Code of the organization of what doesn't say its own.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; else standard output.")
    ] = None,
) -> None:
    """Make a configuration file of what GeoPrism Registry gives as JSON; what can't be carried over is named."""
    from cgr.configuration.geoprism import carry_over  # noqa: PLC0415 - only this command needs it
    from cgr.configuration.yaml_writing import written  # noqa: PLC0415 - only this command needs it

    carried = carry_over({name: _json_of(name) for name in files}, organization=organization)
    head = ["Carried over from GeoPrism Registry. Look at each of these, then: cgr config apply FILE --preview"]
    text = "".join(f"# {line}\n" for line in [*head, *carried.left_out]) + written(carried.document())
    if output is None:
        sys.stdout.write(text)
    else:
        with replacing(output) as stream:
            stream.write(text.encode())
    for line in carried.left_out:
        tell(line)
    if carried.left_out:
        raise typer.Exit(1)


def _json_of(name: str) -> object:
    with open_input(name) as stream:
        content = stream.read()
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        sheet = content.startswith(b"PK") or name.endswith(".csv")
        raise BadInput(
            f"{name} isn't JSON: {error}.",
            code="bad-file",
            next_step="A spreadsheet holds objects: bring it in by `cgr import file`."
            if sheet
            else "Save what GeoPrism Registry's API gives, as it is.",
        ) from error


def _system_and_url(given: str) -> tuple[str, str]:
    system, _, url = given.partition("=")
    if not system or not url:
        raise BadInput(
            f'"{given}" doesn\'t say which system is rehearsed and where.',
            code="usage",
            next_step="Write it as --rehearse SYSTEM=URL, like hmis=http://127.0.0.1:8085.",
        )
    return system, url


def _words(outcome: Outcome, *, preview: bool) -> Iterator[str]:
    yield from (f"+ {entry.kind} {entry.code}" for entry in outcome.created)
    for entry in outcome.changed:
        yield f"~ {entry.kind} {entry.code}"
        for name, change in entry.fields.items():
            yield from (f"    {words(one)}" for one in differences(change["from"], change["to"], where=name))
    counts = f"{len(outcome.created)} new, {len(outcome.changed)} changed, {outcome.unchanged} as they were"
    yield f"{counts} (a preview: nothing was written)." if preview else f"{counts}."
