"""A plan or report as a file: JSON, CSV or XLSX."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from cgr.cli.output import replacing, show
from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from cgr.runs.models import Run
    from cgr.runs.selection import Which

FormatOption: TypeAlias = Annotated[
    str | None, typer.Option("--format", help="json, csv or xlsx; default as the file is called.", show_default=False)
]
Output: TypeAlias = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file to write.", show_default=False)
]
_KNOWN = ("json", "csv", "xlsx")


def check_format(form: str | None, output: Path | None) -> str | None:
    """Give the format that is meant; BadInput for one that isn't there, or XLSX without a file."""
    if form is None and output is None:
        return None
    asked = form or (output.suffix.removeprefix(".").lower() if output else "")
    if asked not in _KNOWN:
        raise BadInput(
            f'There is no format "{asked}".', code="bad-format", next_step=f"Give --format: {', '.join(_KNOWN)}."
        )
    if asked == "xlsx" and output is None:
        raise BadInput("A workbook needs a file.", code="bad-format", next_step="Name one with --output.")
    return asked


def write_file(run: Run, asked: Which | None = None, *, form: str | None, output: Path | None, as_json: bool) -> int:
    """Write the run, or what is asked for of it, to the file or to standard output; give the exit status."""
    from cgr.runs.selection import ALL  # noqa: PLC0415 - needs Django set up
    from cgr.sync import downloads, reports  # noqa: PLC0415 - as above

    chosen = downloads.Format(check_format(form, output) or "json")
    if output is None:
        downloads.write_download(run, sys.stdout.buffer, format=chosen, asked=asked or ALL)
        sys.stdout.buffer.flush()
    else:
        with replacing(output) as stream:
            downloads.write_download(run, stream, format=chosen, asked=asked or ALL)
        document = {"id": str(run.pk), "digest": run.digest, "file": str(output), "format": chosen.value}
        show(document, [f"Run {run.pk} is written to {output}."], as_json=as_json)
    return 0 if reports.all_done(run) else 1
