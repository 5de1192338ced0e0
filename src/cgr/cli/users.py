"""`cgr user …`: people and their roles."""

from __future__ import annotations

from typing import Annotated

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, read_secret, show

app = typer.Typer(help="People and their roles.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="user")


@app.callback()
def group() -> None:
    """Keep `user` a group although it has one command."""


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Sign-in name.")],
    *,
    role: Annotated[
        str,
        typer.Option(
            help="system-administrator, or in one organization registry-administrator, registry-maintainer, "
            "registry-contributor or api-consumer."
        ),
    ],
    organization: Annotated[str, typer.Option(help="Code of the organization the role is for.")] = "",
    types: Annotated[list[str] | None, typer.Option("--type", help="Limit the role to types, by code.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    as_json: Json = False,
) -> None:
    """Add a person with one role; the password is asked for, or read from standard input."""
    actor = open_instance()
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up

    password = read_secret("Password", from_stdin=password_stdin, option="--password-stdin")
    actions.add_user(actor, name, password=password, role=role, organization=organization, types=types or ())
    document = {"user": name, "role": role, "organization": organization or None, "types": types or []}
    show(document, [f"{name} can sign in as {role}{f' of {organization}' if organization else ''}."], as_json=as_json)
