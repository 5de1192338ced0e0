"""`cgr objects …`: Geo-Objects as a file of one JSON object a line."""

from __future__ import annotations

import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, Preview, open_input, read_date, replacing, show, tell
from cgr.core.errors import BadInput
from cgr.core.objects_table import SHEET
from cgr.files.spreadsheets import csv_lines, write_xlsx

if TYPE_CHECKING:
    from datetime import date
    from typing import BinaryIO

    from cgr.accounts.actors import Actor
    from cgr.registry.bulk.writer import Applied

_FORMATS = ("ndjson", "csv", "xlsx", "geojson", "gpkg")
_WHOLE = {"xlsx": "A workbook", "gpkg": "A GeoPackage"}

app = typer.Typer(help="Geo-Objects as a file, one JSON object a line.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="objects")


@app.command("apply")
def apply(
    file: Annotated[str, typer.Argument(help="The NDJSON file, or - for standard input.")],
    *,
    preview: Preview = False,
    as_json: Json = False,
) -> int:
    """Create and change Geo-Objects: every line of the file or, when one is wrong, none."""
    with open_input(file) as stream:
        actor = open_instance()
        from cgr.registry import actions  # noqa: PLC0415 - needs Django set up

        applied = actions.apply_objects(actor, stream, preview=preview, source=file)
    return _refused(applied, as_json=as_json) if applied.errors else _done(applied, preview=preview, as_json=as_json)


@app.command("export")
def export(
    *,
    type_code: Annotated[str | None, typer.Option("--type", help="Only objects of this type, by code.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Values in force at this date (yyyy-MM-dd).")] = None,
    form: Annotated[str, typer.Option("--format", help="ndjson (usual), csv, xlsx, geojson or gpkg.")] = "",
    output: Annotated[str, typer.Option("-o", "--output", help="File to write instead of standard output.")] = "",
) -> None:
    """Write Geo-Objects: with their history as NDJSON, or as a table of one day (today, or --as-of)."""
    form = _format(form, output)
    at = None if as_of is None else read_date(as_of)
    actor = open_instance()
    with replacing(Path(output)) if output else nullcontext(sys.stdout.buffer) as stream:
        write_objects(actor, stream, form=form, type_code=type_code, at=at)
        stream.flush()


def write_objects(
    actor: Actor, stream: BinaryIO, *, form: str, type_code: str | None = None, at: date | None = None
) -> None:
    """Write all Geo-Objects that the actor may read, or those of a type, in one of the forms of an export."""
    if form == "ndjson":
        from cgr.registry import queries  # noqa: PLC0415 - needs Django set up

        stream.writelines(queries.export_objects(actor, type=type_code, as_of=at))
    else:
        _write_table(actor, stream, form=form, type_code=type_code, at=at)


def _format(asked: str, output: str) -> str:
    form = asked or Path(output).suffix.removeprefix(".").lower() or _FORMATS[0]
    if form not in _FORMATS:
        raise BadInput(
            f'There is no format "{form}".', code="bad-format", next_step=f"Give --format: {', '.join(_FORMATS)}."
        )
    if form in _WHOLE and not output:
        raise BadInput(f"{_WHOLE[form]} needs a file.", code="bad-format", next_step="Name one with --output.")
    return form


def _write_table(actor: Actor, stream: BinaryIO, *, form: str, type_code: str | None, at: date | None) -> None:
    from django.utils import timezone  # noqa: PLC0415 - needs Django set up

    from cgr.registry import queries  # noqa: PLC0415 - as above

    day = at or timezone.localdate()
    if form == "gpkg":
        from cgr.files.geopackages import geopackage  # noqa: PLC0415 - GDAL loads only where it is needed

        with geopackage(queries.export_layers(actor, type=type_code, as_of=day)) as file:
            shutil.copyfileobj(file, stream)
        return
    table, objects = queries.export_table(actor, type=type_code, as_of=day)
    if form == "csv":
        stream.writelines(csv_lines(table.titles, map(table.cells, objects)))
    elif form == "xlsx":
        write_xlsx(table.titles, map(table.cells, objects), stream, sheet=SHEET)
    else:
        encode = msgspec.json.Encoder(decimal_format="number").encode
        stream.write(b'{"type":"FeatureCollection","features":[')
        for number, one in enumerate(objects):
            feature = {"type": "Feature", "properties": table.properties(one), "geometry": one.get("geometry")}
            stream.write((b",\n" if number else b"\n") + encode(feature))
        stream.write(b"\n]}\n")


def _done(applied: Applied, *, preview: bool, as_json: bool) -> int:
    counts = f"{applied.created:,} new, {applied.changed:,} changed, {applied.unchanged:,} as they were"
    words = f"{counts} (a preview: nothing was written)." if preview else f"{counts}."
    show(_document(applied), [words], as_json=as_json)
    return 0


def _refused(applied: Applied, *, as_json: bool) -> int:
    refusal = BadInput(
        f"{len(applied.errors):,} or more lines can't be used, the first of them line {applied.errors[0].line}."
        if len(applied.errors) > 1
        else f"Line {applied.errors[0].line} can't be used.",
        code="bad-lines",
        next_step="Correct what is named and apply the file again; nothing of it was written.",
    )
    if as_json:
        show({**_document(applied), **refusal.as_json()}, (), as_json=True)
    else:
        for error in applied.errors:
            tell(f"Line {error.line}: {error.message}")
        tell(f"Error: {refusal.message}")
        tell(f"What to do: {refusal.next_step}")
    return refusal.exit_status


def _document(applied: Applied) -> dict[str, object]:
    return {
        "created": applied.created,
        "changed": applied.changed,
        "unchanged": applied.unchanged,
        "errors": [{"line": error.line, "message": error.message} for error in applied.errors],
    }
