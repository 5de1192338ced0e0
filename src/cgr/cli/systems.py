"""`cgr system …`: registered DHIS2 servers and the test of their connection."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, read_secret, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.dhis2.check import SystemCheck
    from cgr.sync.candidates import Candidates
    from cgr.systems.signing_in import SignIn

app = typer.Typer(help="External systems: registered DHIS2 servers.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="system")


@app.command("add")
def add(  # noqa: PLR0913 - one for each field of the registration
    code: Annotated[str, typer.Argument(help="ID of the system; fixed after registration.")],
    *,
    organization: Annotated[str, typer.Option(help="Code of its organization; fixed after registration.")],
    url: Annotated[str, typer.Option(help="Where people open it, as in https://dhis2.example.org.")],
    label: Annotated[str, typer.Option(help="What people call it; default: its ID.")] = "",
    description: Annotated[str, typer.Option(help="For whom or what it is.")] = "",
    username: Annotated[str, typer.Option(help="User name, to sign in with a password.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read a personal access token from stdin.")
    ] = False,
    client_id: Annotated[str, typer.Option(help="Sign in by OAuth2, as this client.")] = "",
    grant: Annotated[str, typer.Option(help="OAuth2: code (a person consents; default) or password.")] = "",
    client_secret_stdin: Annotated[
        bool, typer.Option("--client-secret-stdin", help="Read the secret of the OAuth2 client from stdin.")
    ] = False,
    people_sign_in: Annotated[
        bool, typer.Option("--people-sign-in", help="Linked people may sign in here with their account there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Register a DHIS2, or change one: signs in by password, by personal access token, or by OAuth2."""
    actor = open_instance()
    from cgr.systems import actions  # noqa: PLC0415 - needs Django set up

    sign_in = _sign_in(
        username=username,
        password_stdin=password_stdin,
        token_stdin=token_stdin,
        client_id=client_id,
        grant=grant,
        client_secret_stdin=client_secret_stdin,
        people_sign_in=people_sign_in,
    )
    saved = actions.save_system(
        actor,
        code,
        organization=organization,
        label={"default": label or code},
        description=description,
        url=url,
        sign_in=sign_in,
    )
    words = "registered" if saved.created else "changed" if saved.fields else "as it was"
    then = f"Then: cgr system oauth-client {code}" if client_id else f"Try the connection: cgr system check {code}"
    show(
        {"system": code, "created": saved.created, "fields": saved.fields},
        [f"{code} is {words}. {then}"],
        as_json=as_json,
    )


def _sign_in(
    *,
    username: str,
    password_stdin: bool,
    token_stdin: bool,
    client_id: str,
    grant: str,
    client_secret_stdin: bool,
    people_sign_in: bool,
) -> SignIn:
    """Give the sign-in that the options mean, with its secrets from standard input or asked for."""
    from cgr.systems.signing_in import BASIC, CODE, OAUTH2, PASSWORD, TOKEN, SignIn  # noqa: PLC0415 - needs Django set up

    def password() -> str:
        return read_secret(f"Password of {username}", from_stdin=password_stdin, option="--password-stdin")

    if client_id:
        # The secret of the client stands first on standard input; it may come later, when DHIS2 or we have made it.
        secret = sys.stdin.readline().rstrip("\r\n") if client_secret_stdin else None
        return SignIn(
            OAUTH2,
            username,
            secret,
            client_id=client_id,
            grant=grant or CODE,
            password=password() if grant == PASSWORD else None,
            people_sign_in=people_sign_in,
        )
    if token_stdin or not username:
        token = read_secret("Personal access token", from_stdin=token_stdin or password_stdin, option="--token-stdin")
        return SignIn(TOKEN, username, token, grant=grant, people_sign_in=people_sign_in)
    return SignIn(BASIC, username, password(), grant=grant, people_sign_in=people_sign_in)


@app.command("enable")
def enable(code: Annotated[str, typer.Argument(help="ID of the system.")], *, as_json: Json = False) -> None:
    """Let a system be used again."""
    actor = open_instance()
    from cgr.systems import actions  # noqa: PLC0415 - needs Django set up

    saved = actions.enable_system(actor, code)
    show({"system": code, "enabled": True, "fields": saved.fields}, [f"{code} is enabled."], as_json=as_json)


@app.command("disable")
def disable(code: Annotated[str, typer.Argument(help="ID of the system.")], *, as_json: Json = False) -> None:
    """Have nothing read from a system or sent to it, until it is enabled again; nothing of it is lost."""
    actor = open_instance()
    from cgr.systems import actions  # noqa: PLC0415 - needs Django set up

    saved = actions.disable_system(actor, code)
    show({"system": code, "enabled": False, "fields": saved.fields}, [f"{code} is disabled."], as_json=as_json)


@app.command("delete")
def delete(
    code: Annotated[str, typer.Argument(help="ID of the system.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a system that no external id, configuration or run refers to; others can be disabled."""
    actor = open_instance()
    from cgr.systems import actions  # noqa: PLC0415 - needs Django set up

    if not yes and sys.stdin.isatty():
        typer.confirm(f"Delete {code} with its secrets and linked accounts?", abort=True, err=True)
    actions.delete_system(actor, code)
    show({"system": code, "deleted": True}, [f"{code} is deleted."], as_json=as_json)


@app.command("check")
def check(code: Annotated[str, typer.Argument(help="ID of the system.")], *, as_json: Json = False) -> None:
    """Try the connection: version, who we are there, missing authorities, levels, units, clocks."""
    actor = open_instance()
    from cgr.accounts.policy import Permission  # noqa: PLC0415 - needs Django set up
    from cgr.systems import connection, queries  # noqa: PLC0415 - needs Django set up

    found = connection.check(actor, queries.system(actor, code, permission=Permission.MANAGE_SYSTEMS))
    show(found, _words(found), as_json=as_json)


@app.command("candidates")
def candidates(
    code: Annotated[str, typer.Argument(help="ID of the system.")],
    *,
    type_code: Annotated[str, typer.Option("--type", help="The type whose level is to be mapped.")],
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the DHIS2 now, not what was read last.")] = False,
    as_json: Json = False,
) -> None:
    """Say what a level of a type can be mapped to: attributes, options, groups, languages, and why not the others."""
    actor = open_instance()
    from cgr.sync.candidates import candidates as find  # noqa: PLC0415 - needs Django set up

    found = find(actor, code, type_code=type_code, refresh=refresh)
    show(found, _candidate_words(found), as_json=as_json)


def _candidate_words(found: Candidates) -> Iterator[str]:
    yield f"{found.system}: DHIS2 {found.version}, read {found.age_s:,} s ago as {found.user}."
    if found.not_refreshed:
        yield f"It couldn't be read now: {found.not_refreshed}"
    offer = found.offer
    for attribute in offer.attributes:
        yield f"{attribute.code} ({attribute.kind}):" + ("" if attribute.valid else " no valid selections")
        for remote in attribute.valid:
            yield f"  {remote.id} {remote.name} ({remote.value_type})"
            yield from (f"      {one.term} → {one.target}? {one.reason}" for one in remote.suggestions)
        yield from (f"  term {one.term} → group {one.target}? {one.reason}" for one in attribute.groups)
        yield from (f"  not {remote.id} {remote.name}: {remote.why_not}" for remote in attribute.others)
    yield f"{len(offer.groups):,} groups:"
    for group in offer.groups:
        sets = ", ".join(offer.group_sets.get(one, one) for one in group.sets)
        yield f"  {group.id} {group.name}" + (f" ({sets})" if sets else "") + ("" if group.writable else ", not ours")
    yield f"Languages: {', '.join(offer.locales)}"


def _words(found: SystemCheck) -> Iterator[str]:
    yield f"DHIS2 {found.version}, signed in as {found.user}."
    yield f"{found.units:,} organisation units in {len(found.levels)} levels:"
    yield from (f"  {level.level} {level.name}" for level in found.levels)
    if found.missing_authorities:
        yield f"Missing authorities: {', '.join(found.missing_authorities)}"
    yield from (f"Warning: {warning}" for warning in found.warnings)
