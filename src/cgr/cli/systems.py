"""`cgr system …`: registered DHIS2 servers and the test of their connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, read_secret, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.dhis2.check import SystemCheck
    from cgr.sync.candidates import Candidates

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
    as_json: Json = False,
) -> None:
    """Register a DHIS2, or change one: signs in with a user name and password, or with a personal access token."""
    actor = open_instance()
    from cgr.systems import actions  # noqa: PLC0415 - needs Django set up
    from cgr.systems.signing_in import BASIC, TOKEN, SignIn  # noqa: PLC0415 - needs Django set up

    by_token = token_stdin or not username
    secret = read_secret(
        "Personal access token" if by_token else f"Password of {username}",
        from_stdin=password_stdin or token_stdin,
        option="--token-stdin" if by_token else "--password-stdin",
    )
    saved = actions.save_system(
        actor,
        code,
        organization=organization,
        label={"default": label or code},
        description=description,
        url=url,
        sign_in=SignIn(TOKEN if by_token else BASIC, username, secret),
    )
    words = "registered" if saved.created else "changed" if saved.fields else "as it was"
    show(
        {"system": code, "created": saved.created, "fields": saved.fields},
        [f"{code} is {words}. Try the connection: cgr system check {code}"],
        as_json=as_json,
    )


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
