"""`cgr sandbox …`: a behaving DHIS2 to try things on, empty, from a file, or as a copy of one's own server."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - typer reads it when it builds the command
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, replacing, show, tell
from cgr.cli.progress import progress
from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(help="A behaving DHIS2 to try things on.", rich_markup_mode=None)

_USER = "admin"
_PASSWORD = "district"  # noqa: S105 - the sandbox's own, printed for whoever uses it


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="sandbox")


@app.command("serve")
def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")],
    version: Annotated[str | None, typer.Option(help="2.31 to 2.43; default: the file's, else 2.42.")] = None,
    load: Annotated[Path | None, typer.Option(help="Begin with this file (from sandbox copy).")] = None,
    state: Annotated[Path | None, typer.Option(help="Keep the state in this file, and go on from it.")] = None,
    latency: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Take as long as real servers were measured to; seconds of one unit in a POST of its own, e.g. 0.2.",
        ),
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """Behave as a DHIS2 until Ctrl-C; sign in as admin with the password district."""
    from cgr.sandbox.commands import Keeper, open_world  # noqa: PLC0415 - only this command needs the sandbox
    from cgr.sandbox.server import serve as serve_world  # noqa: PLC0415 - as above

    with _refusals(port):
        world = open_world(version, load, state, latency=latency)
        server = serve_world(world, port=port)
    keeper = Keeper(world, state) if state is not None else None
    words = f"DHIS2 {world.release} at {server.url}, sign in as {_USER} / {_PASSWORD} (stop with Ctrl-C)."
    document = {"url": server.url, "version": world.release, "user": _USER, "password": _PASSWORD}
    try:
        show(document, [words], as_json=as_json)  # whoever reads the address may stop us at once
        server.wait()
    except KeyboardInterrupt:
        tell("Stopped.")
    finally:
        server.close()
        if keeper is not None:
            keeper.close()


@app.command("copy")
def copy(
    *,
    system: Annotated[str, typer.Option(help="ID of the system to copy from.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    as_json: Json = False,
) -> None:
    """Copy organisation units, groups, attributes and levels of a server into a file for `sandbox serve --load`."""
    actor = open_instance()
    from cgr.accounts.policy import Permission  # noqa: PLC0415 - needs Django set up
    from cgr.systems import connection, copying, queries  # noqa: PLC0415 - needs Django set up

    found = queries.system(actor, system, permission=Permission.MANAGE_SYSTEMS)
    with connection.open_client(found) as client, progress() as bars, replacing(output) as stream:
        bars.step("Copying organisation units", client.count_units())
        copied = copying.copy_metadata(client, stream, on_units=bars.advance)
    content = (
        f"DHIS2 {copied.version}: {copied.units:,} organisation units in {copied.levels} levels, {copied.groups} "
        f"groups and {copied.attributes} attributes are in {output}."
    )
    words = [
        content,
        f"Serve them: cgr sandbox serve --port 8085 --version {copied.version} --load {output}",
    ]
    show({"file": str(output), **msgspec.structs.asdict(copied)}, words, as_json=as_json)


@contextmanager
def _refusals(port: int) -> Iterator[None]:
    from cgr.sandbox.state import UnreadableFileError  # noqa: PLC0415 - only `serve` needs the sandbox

    try:
        yield
    except (UnreadableFileError, ValueError) as error:
        raise BadInput(
            f"The sandbox can't start: {error}.", code="sandbox", next_step="Correct the file or the version."
        ) from error
    except OSError as error:
        raise BadInput(
            f"Port {port} can't be listened on: {error.strerror or error}.",
            code="address",
            next_step="Choose another port with --port; 0 takes a free one.",
        ) from error
