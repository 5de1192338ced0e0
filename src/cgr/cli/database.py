"""`cgr migrate`: bring the tables of the database up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.cli.instance import invite_first_administrator
from cgr.cli.output import Json, show

if TYPE_CHECKING:
    import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate")(migrate)


def migrate(*, as_json: Json = False) -> None:
    """Bring the tables of the database up to date; an embedded database does so by itself."""
    from cgr.project import wiring  # noqa: PLC0415 - Django loads only for the commands that need it

    environment = wiring.start(migrate=False)
    applied = wiring.migrate_database()
    invite_first_administrator(environment)
    words = f"{applied} migrations applied." if applied else "The tables are up to date already."
    show({"applied": applied}, [words], as_json=as_json)
