"""`cgr user …`: people, their roles, and what they sign in with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, read_secret, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor
    from cgr.accounts.models import User

app = typer.Typer(help="People and their roles.", rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Sign-in name.")]
Role = Annotated[
    str,
    typer.Option(
        help="system-administrator, or in one organization registry-administrator, registry-maintainer, "
        "registry-contributor or api-consumer."
    ),
]
Organization = Annotated[str, typer.Option(help="Code of the organization the role is for.")]
Types = Annotated[list[str] | None, typer.Option("--type", help="Limit the role to types, by code.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="user")


@app.command("add")
def add(
    name: Name,
    *,
    role: Role,
    organization: Organization = "",
    types: Types = None,
    email: Annotated[str, typer.Option(help="Where a link for a new password goes.")] = "",
    password_stdin: PasswordStdin = False,
    as_json: Json = False,
) -> None:
    """Add a person with one role; the password is asked for, or read from standard input."""
    actor = open_instance()
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up

    password = read_secret("Password", from_stdin=password_stdin, option="--password-stdin")
    actions.add_user(
        actor, name, password=password, role=role, organization=organization, types=types or (), email=email
    )
    document = {"user": name, "role": role, "organization": organization or None, "types": types or []}
    show(document, [f"{name} can sign in as {role}{f' of {organization}' if organization else ''}."], as_json=as_json)


@app.command("list")
def list_people(*, as_json: Json = False) -> None:
    """List people with their roles."""
    actor = open_instance()
    from cgr.accounts import queries  # noqa: PLC0415 - needs Django set up

    found = [_person(row) for row in queries.people(actor)]
    words = (
        f"{one['user']}{'' if one['active'] else ' (switched off)'}: {', '.join(_roles(one)) or 'no role'}"
        for one in found
    )
    show({"users": found}, words, as_json=as_json)


@app.command("role")
def give_role(
    name: Name, *, role: Role, organization: Organization = "", types: Types = None, as_json: Json = False
) -> None:
    """Give a person a role, in place of the one they may have in that organization."""
    actor = open_instance()
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up

    if role == actions.SYSTEM_ADMINISTRATOR and not organization:
        saved = actions.grant_instance(actor, name)
    else:
        saved = actions.set_membership(actor, name, organization=organization, role=role, types=types or ())
    words = f"{name} was that already." if saved.unchanged else f"{name} is {role} now."
    show({"user": name, "created": saved.created, "fields": saved.fields}, [words], as_json=as_json)


@app.command("end-role")
def end_role(
    name: Name,
    *,
    organization: Annotated[str, typer.Option(help="Code; without one: the role of System Administrator.")] = "",
    as_json: Json = False,
) -> None:
    """Take a person's role away; never that of the last System Administrator."""
    actor = open_instance()
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up

    if organization:
        actions.end_membership(actor, name, organization=organization)
    else:
        actions.revoke_instance(actor, name)
    words = f"{name} has no role any more {f'in {organization}' if organization else 'on the whole instance'}."
    show({"user": name, "organization": organization or None}, [words], as_json=as_json)


@app.command("password")
def set_password(name: Name, *, password_stdin: PasswordStdin = False, as_json: Json = False) -> None:
    """Give a person a new password; their sessions end."""
    actor = open_instance()
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up

    password = read_secret("New password", from_stdin=password_stdin, option="--password-stdin")
    actions.set_password(actor, name, password=password)
    show({"user": name}, [f"{name} has a new password."], as_json=as_json)


@app.command("email")
def set_email(
    name: Name,
    address: Annotated[str, typer.Argument(help='The address; "" for none.')],
    *,
    as_json: Json = False,
) -> None:
    """Change where a person's link for a new password goes."""
    actor = open_instance()
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up

    actions.set_email(actor, name, email=address)
    show({"user": name, "email": address or None}, [f"{name}: {address or 'no address'}"], as_json=as_json)


@app.command("deactivate")
def deactivate(name: Name, *, as_json: Json = False) -> None:
    """Switch an account off: sessions end, tokens are gone; what the person did stays."""
    _switch(name, lambda actions: actions.deactivate, "is switched off", as_json=as_json)


@app.command("activate")
def activate(name: Name, *, as_json: Json = False) -> None:
    """Switch an account on again, with the roles it had."""
    _switch(name, lambda actions: actions.activate, "is switched on", as_json=as_json)


@app.command("reset-second-factor")
def reset_second_factor(name: Name, *, as_json: Json = False) -> None:
    """Let a person who lost telephone and recovery codes sign in by password alone."""
    _switch(name, lambda actions: actions.remove_second_factor, "has no second factor now", as_json=as_json)


def _switch(name: str, choose: Callable[..., Callable[[Actor, str], object]], words: str, *, as_json: bool) -> None:
    actor = open_instance()
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up

    choose(actions)(actor, name)
    show({"user": name}, [f"{name} {words}."], as_json=as_json)


def _person(row: User) -> dict[str, object]:
    return {
        "user": row.username,
        "email": row.email or None,
        "active": row.is_active,
        "system_administrator": row.is_system_administrator,
        "roles": [
            {"organization": one.organization.code, "role": one.role, "types": one.types}
            for one in getattr(row, "shown", [])
        ],
        "last_sign_in": row.last_login.isoformat() if row.last_login else None,
    }


def _roles(person: dict[str, object]) -> list[str]:
    roles = person["roles"]
    assert isinstance(roles, list)  # noqa: S101 - tells the type checker
    own = ["system-administrator"] if person["system_administrator"] else []
    return own + [f"{one['role']} of {one['organization']}" for one in roles]
