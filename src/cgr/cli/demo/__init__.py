"""`cgr demo`: the whole job on a real country, against a behaving DHIS2, with nothing installed but this package."""

from __future__ import annotations

import os
import secrets
import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.output import tell
from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from cgr.sandbox.server import SandboxServer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(*, no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the report.")] = False) -> None:
    """Show what the product exists for: import, change, plan, apply, report, on a real country."""
    from cgr.cli.demo.story import attribution, start_sandbox, tell_story  # noqa: PLC0415 - only the demo needs it

    os.environ["CGR_PAGE_NOTICE"] = "; ".join(attribution()[1:4])
    tell("▸ Start the database (PostgreSQL, in a folder of the demo's own)")
    _begin_afresh()
    from cgr.project import wiring  # noqa: PLC0415 - Django loads only for the commands that need it

    wiring.start()
    from cgr.accounts.actors import local_operator  # noqa: PLC0415 - needs Django set up

    tell("▸ Start a DHIS2 (the sandbox, version 2.42) with an older copy of Zambia")
    sandbox = start_sandbox()
    try:
        tell_story(local_operator(), sandbox)
        tell("\nThe demo went through. " + os.environ["CGR_PAGE_NOTICE"])
        if not no_serve:
            _serve(sandbox)
    finally:
        sandbox.close()


def _begin_afresh() -> None:
    """Give the demo an empty instance below the data folder, whatever database the instance itself uses."""
    from cgr.embedded_postgres import stop_unused  # noqa: PLC0415 - only here
    from cgr.project.environment import read_environment  # noqa: PLC0415 - as above

    folder = read_environment().data_dir / "demo"
    if not stop_unused(folder):
        raise BadInput(
            f"Another demo is using {folder}.",
            code="demo-running",
            next_step="Stop it with Ctrl-C where it runs, or set CGR_DATA_DIR to another folder.",
        )
    if folder.exists():
        shutil.rmtree(folder)
    os.environ["CGR_DATA_DIR"] = str(folder)
    os.environ.pop("DATABASE_URL", None)


def _serve(sandbox: SandboxServer) -> None:
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up
    from cgr.accounts.actors import local_operator  # noqa: PLC0415 - as above
    from cgr.cli.serve import listen, serve_until_stopped  # noqa: PLC0415 - as above
    from cgr.cli.serve_worker import worker_beside  # noqa: PLC0415 - as above
    from cgr.project.environment import read_environment  # noqa: PLC0415 - as above

    password = secrets.token_urlsafe(9)
    actions.add_user(local_operator(), "demo", password=password, role="system-administrator")
    environment = read_environment()
    listener = listen(environment)
    tell(f"\nThe registry:  {environment.local_url}   sign in as demo / {password}")
    tell(f"The DHIS2:     {sandbox.url}   sign in as admin / district")
    tell("Stop both with Ctrl-C.")
    with worker_beside():
        serve_until_stopped(listener)
