"""`cgr plugin`: the app that opens the registry from a DHIS2."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import Annotated

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, replacing, show, tell


def register(parent: typer.Typer) -> None:
    """Add the command."""
    parent.command("plugin")(plugin)


def plugin(
    system: Annotated[str, typer.Argument(help="ID of the system that it will be installed in.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write it: cgr-dhis2-app.zip.")],
    as_json: Json = False,
) -> None:
    """Make the DHIS2 app that opens this registry; it is the same for DHIS2 2.31 to 2.43."""
    actor = open_instance()
    from cgr.systems.plugin import assumed_address, dhis2_app  # noqa: PLC0415 - needs Django set up

    content = dhis2_app(actor, system)
    with replacing(output) as stream:
        stream.write(content)
    if address := assumed_address():
        tell(f"CGR_PUBLIC_URL isn't set, so the app leads to {address}, which other machines may not reach.")
    show(
        {"system": system, "file": str(output), "bytes": len(content)},
        [f"{output} is written. Install it in DHIS2: App Management, then the button to upload an app."],
        as_json=as_json,
    )
