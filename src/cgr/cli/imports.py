"""`cgr import …`: make Geo-Objects of the organisation units of a DHIS2, or of the rows of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.background import Background, Follow, follow, raise_what_stopped, show_queued
from cgr.cli.import_words import import_words, suggestion_words
from cgr.cli.instance import open_instance
from cgr.cli.output import Json, Preview, open_input, read_date, replacing, show
from cgr.cli.progress import progress
from cgr.core.errors import BadInput
from cgr.core.importing import ImportMapping, parse_answer, parse_levels, parse_mapping

if TYPE_CHECKING:
    from cgr.imports.actions import ImportResult
    from cgr.runs.models import Run

app = typer.Typer(help="Import into the registry.", no_args_is_help=True, rich_markup_mode=None)

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of the import's run.")]
Notify = Annotated[
    list[str] | None,
    typer.Option("--notify", help="E-mail address that is told when the workers are done with it; can be repeated."),
]

_SOME_CONFLICTS = 1
_UNDECIDED = "undecided"


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="import")


@app.command("dhis2")
def dhis2(  # noqa: PLR0913 - the flags of contract.md
    *,
    system: Annotated[str, typer.Option(help="ID of the registered DHIS2.")],
    hierarchy: Annotated[str, typer.Option(help="Code of the hierarchy; with --propose it is made.")],
    levels: Annotated[str, typer.Option(help="DHIS2 level = type: 1=country,2=region,…")] = "",
    propose: Annotated[
        bool, typer.Option("--propose", help="Make types and hierarchy from the levels' names.")
    ] = False,
    root: Annotated[str, typer.Option(help="Only this organisation unit and what is below it.")] = "",
    start: Annotated[
        str, typer.Option("--from", help="The day from which values hold: opening, or yyyy-MM-dd.")
    ] = "opening",
    mapping: Annotated[str, typer.Option(help="File (YAML) that maps fields, attributes, terms and groups.")] = "",
    preview: Preview = False,
    background: Background = False,
    watch: Follow = False,
    notify: Notify = None,
    as_json: Json = False,
) -> int:
    """Import organisation units, live; what conflicts is listed and left out."""
    if bool(levels) == propose:
        raise BadInput(
            "Say which level is which type, or have them proposed.",
            code="usage",
            next_step="Give either --levels 1=country,2=region,… or --propose.",
        )
    _check_notify(notify, by_workers=background or watch)
    asked_levels = parse_levels(levels) if levels else None
    from_day = None if start == "opening" else read_date(start).isoformat()
    asked_mapping = _read_mapping(mapping) if mapping else ImportMapping()
    actor = open_instance()
    from cgr.imports.actions import Request, import_units  # noqa: PLC0415 - needs Django set up

    request = Request(
        system=system,
        hierarchy=hierarchy,
        levels=asked_levels,
        root=root or None,
        start=from_day,
        mapping=asked_mapping,
    )
    if background or watch:
        from cgr.imports.background import queue_import  # noqa: PLC0415 - needs Django set up

        run = queue_import(actor, request, preview=preview, notify=notify or ())
        return _hand_over(run, watch=watch, as_json=as_json)
    with progress() as bars:
        result = import_units(actor, request, preview=preview, progress=bars)
    return _show_result(result, preview=preview, as_json=as_json)


@app.command("file")
def import_from_file(  # noqa: PLR0913 - the flags of contract.md
    path: Annotated[str, typer.Argument(help="CSV, XLSX, GeoJSON, GeoPackage, or a Shapefile in a ZIP archive.")],
    *,
    type_code: Annotated[str, typer.Option("--type", help="Code of the type that the rows are objects of.")],
    mapping: Annotated[str, typer.Option(help="File (YAML) that says which column fills what.")] = "",
    template: Annotated[str, typer.Option(help="A remembered mapping of the type's organization, by name.")] = "",
    remember: Annotated[str, typer.Option(help="Remember the mapping under this name, in place of one there.")] = "",
    system: Annotated[str, typer.Option(help="ID of the external system that the external ids belong to.")] = "",
    preview: Preview = False,
    background: Background = False,
    watch: Follow = False,
    notify: Notify = None,
    as_json: Json = False,
) -> int:
    """Import the rows of a file; those that can't be imported are listed and left out."""
    if bool(mapping) == bool(template):
        raise BadInput(
            "Say which column fills what.",
            code="usage",
            next_step="Give either --mapping FILE, or --template NAME for one that is remembered.",
        )
    _check_notify(notify, by_workers=background or watch)
    from cgr.core.rows import parse_row_mapping  # noqa: PLC0415 - only where a file is imported

    asked = parse_row_mapping(_read_yaml(mapping), origin=mapping) if mapping else None
    actor = open_instance()
    from cgr.imports import templates  # noqa: PLC0415 - needs Django set up
    from cgr.imports.files import FileRequest, check_file_request, import_file  # noqa: PLC0415 - as above

    if asked is None:
        request = templates.request_by(actor, template, type_code=type_code, file=Path(path).name)
        request = replace(request, system=system or request.system)
    else:
        request = FileRequest(file=Path(path).name, type=type_code, mapping=asked, system=system or None)
    if remember:
        check_file_request(actor, request)
        templates.remember(actor, request, name=remember)
    if background or watch:
        from cgr.imports.background import queue_file_import  # noqa: PLC0415 - needs Django set up

        run = queue_file_import(actor, Path(path), request, preview=preview, notify=notify or ())
        return _hand_over(run, watch=watch, as_json=as_json)
    with progress() as bars:
        result = import_file(actor, Path(path), request, preview=preview, progress=bars)
    return _show_result(result, preview=preview, as_json=as_json)


@app.command("report")
def report(
    run: RunId,
    *,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Write the rows of a file that were not imported, as CSV.")
    ] = False,
    output: Annotated[str, typer.Option("-o", "--output", help="File to write them to.")] = "",
    as_json: Json = False,
) -> int:
    """Show what an import did, unit by unit or line by line."""
    if rejected != bool(output):
        raise BadInput(
            "The rows that were not imported go into a file.",
            code="usage",
            next_step="Give both: --rejected -o FILE.csv",
        )
    actor = open_instance()
    from cgr.imports.reports import import_run, rejected_rows, result_of  # noqa: PLC0415 - needs Django set up

    found = import_run(actor, run)
    if rejected:
        with replacing(Path(output)) as file:
            file.writelines(rejected_rows(found))
    return _show_result(result_of(raise_what_stopped(found)), preview=_is_preview(found), as_json=as_json)


@app.command("resolve")
def resolve(
    run: RunId,
    *,
    item: Annotated[str, typer.Option(help="Id of the organisation unit.")],
    answer: Annotated[
        str, typer.Option("--as", help="existing:CODE, new, new:CODE, under:CODE, skip; undecided takes it back.")
    ],
    as_json: Json = False,
) -> None:
    """Answer a unit that an import couldn't decide on; what continues the run goes by it."""
    asked = None if answer == _UNDECIDED else parse_answer(answer)
    actor = open_instance()
    from cgr.imports.answers import resolve as answer_item  # noqa: PLC0415 - needs Django set up
    from cgr.imports.answers import withdraw  # noqa: PLC0415 - as above
    from cgr.imports.reports import import_run  # noqa: PLC0415 - as above

    found = import_run(actor, run)
    document: dict[str, object] = {"run": str(found.pk), "item": item, "as": answer}
    if asked is None:
        withdraw(actor, found, item=item)
        show(document, [f"{item} is undecided again."], as_json=as_json)
        return
    kept = answer_item(actor, found, item=item, answer=asked)
    words = f"{item}: {answer}. Go on with: cgr import resume {found.pk}"
    show({**document, "by": kept.by, "at": kept.at.isoformat()}, [words], as_json=as_json)


@app.command("suggestions")
def suggestions(
    run: RunId,
    *,
    above: Annotated[float | None, typer.Option(help="From this score on: 0.9.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Say which --accept would accept.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Link all clear ones that have at least the score.")] = False,
    as_json: Json = False,
) -> None:
    """List objects without an id that units resemble, the most alike first; accept them from a score on."""
    if (preview or accept) and (above is None or preview == accept):
        raise BadInput(
            "Say from which score on, and either --preview or --accept.",
            code="usage",
            next_step="As in: --above 0.9 --preview",
        )
    actor = open_instance()
    from cgr.imports import suggesting  # noqa: PLC0415 - needs Django set up
    from cgr.imports.reports import import_run  # noqa: PLC0415 - as above

    found = import_run(actor, run)
    if above is None or not (preview or accept):
        listed = suggesting.suggestions(found, above=above or 0.0)
        rows = [suggesting.suggestion_json(each) for each in listed]
        show({"run": str(found.pk), "suggestions": rows}, suggestion_words(rows), as_json=as_json)
        return
    does = suggesting.accept if accept else suggesting.acceptable
    done = does(actor, found, above=above)
    rows, left = ([suggesting.suggestion_json(each) for each in part] for part in (done.accepted, done.open))
    document = {"run": str(found.pk), "above": above, "accepted" if accept else "would_accept": rows, "open": left}
    verb = "Accepted" if accept else "Would accept"
    show(
        document,
        [f"{verb} {len(rows):,}; {len(left):,} have to be looked at.", *suggestion_words(rows)],
        as_json=as_json,
    )


@app.command("follow")
def follow_import(run: RunId, *, as_json: Json = False) -> int:
    """Watch an import that the workers do until it ends; Ctrl-C ends the watching, not the import."""
    actor = open_instance()
    from cgr.imports.reports import import_run  # noqa: PLC0415 - needs Django set up

    return _hand_over(import_run(actor, run), watch=True, as_json=as_json)


@app.command("cancel")
def cancel(run: RunId, *, as_json: Json = False) -> None:
    """Stop an import that the workers do; nothing of it is kept."""
    actor = open_instance()
    from cgr.imports.background import cancel_import  # noqa: PLC0415 - needs Django set up
    from cgr.imports.reports import import_run  # noqa: PLC0415 - as above

    found = cancel_import(actor, import_run(actor, run))
    show({"run": str(found.pk), "state": found.state}, [f"Import {found.pk} is cancelled."], as_json=as_json)


@app.command("resume")
def resume(run: RunId, *, watch: Follow = False, as_json: Json = False) -> int:
    """Have the workers go on: again after a stop, with a preview, or with what was answered since an import ended."""
    actor = open_instance()
    from cgr.imports.background import resume_import  # noqa: PLC0415 - needs Django set up
    from cgr.imports.reports import import_run  # noqa: PLC0415 - as above

    return _hand_over(resume_import(actor, import_run(actor, run)), watch=watch, as_json=as_json)


def _hand_over(run: Run, *, watch: bool, as_json: bool) -> int:
    if not watch:
        show_queued(run, as_json=as_json)
        return 0
    from cgr.imports.reports import result_of  # noqa: PLC0415 - needs Django set up

    done = follow(run)
    return _show_result(result_of(done), preview=_is_preview(done), as_json=as_json)


def _check_notify(notify: list[str] | None, *, by_workers: bool) -> None:
    if notify and not by_workers:
        raise BadInput(
            "Who does an import in this terminal sees how it ends; an e-mail is sent of one that the workers do.",
            code="usage",
            next_step="Give --background or --follow with --notify.",
        )


def _is_preview(run: Run) -> bool:
    return run.state == run.State.NEW


def _show_result(result: ImportResult, *, preview: bool, as_json: bool) -> int:
    from cgr.imports.reports import document_of  # noqa: PLC0415 - needs Django set up

    document = document_of(result)
    show(document, import_words(document, preview=preview), as_json=as_json)
    return _SOME_CONFLICTS if result.problems else 0


def _read_mapping(path: str) -> ImportMapping:
    return parse_mapping(_read_yaml(path), origin=path)


def _read_yaml(path: str) -> object:
    from cgr.configuration.yaml_reading import read_yaml  # noqa: PLC0415 - only where a mapping is given

    with open_input(path) as stream:
        return read_yaml(stream.read()).value
