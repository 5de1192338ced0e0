"""`cgr system …` for OAuth2: the client to register there, signing in to it, and people who sign in here with it."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, show, tell
from cgr.cli.systems import app

Code = Annotated[str, typer.Argument(help="ID of the system.")]
Person = Annotated[str, typer.Argument(help="Sign-in name of the person here.")]


def register(_parent: typer.Typer) -> None:
    """Nothing to add: the commands belong to the group of `cgr.cli.systems`."""


@app.command("oauth-client")
def oauth_client(code: Code, *, as_json: Json = False) -> None:
    """Show what that DHIS2 has to know so that this registry may sign in there by OAuth2."""
    actor = open_instance()
    from cgr.systems.registering import client_registration  # noqa: PLC0415 - needs Django set up

    found = client_registration(actor, code)
    body = msgspec.json.format(msgspec.json.encode(found.body)).decode()
    steps = [f"{number}. {step}" for number, step in enumerate(found.steps, start=1)]
    show(found, [f"For DHIS2 {found.versions}:", *steps, f"POST {found.path}", body], as_json=as_json)


@app.command("authorize")
def authorize(code: Code, *, as_json: Json = False) -> None:
    """Sign in to that DHIS2 in a browser, so that this registry may act there for the account that consents.

    Prints the address to open, and reads from standard input the address at which the browser ends.
    """
    actor = open_instance()
    from cgr.systems import authorization  # noqa: PLC0415 - needs Django set up

    url, pending = authorization.begin_authorization(actor, code)
    tell("Open this address in a browser, sign in as the account that this registry shall use, and consent:")
    tell(url)
    tell("The browser ends at an address of this registry, which may show an error. Paste that whole address here:")
    answer = authorization.read_answer(sys.stdin.readline())
    username = authorization.complete_authorization(actor, pending, answer)
    words = [f"Signed in to {code} as {username}. Try the connection: cgr system check {code}"]
    show({"system": code, "signed_in_as": username}, words, as_json=as_json)


@app.command("link")
def link(
    code: Code,
    person: Person,
    *,
    account: Annotated[str, typer.Option("--account", help="User name of the person in that DHIS2.")],
    as_json: Json = False,
) -> None:
    """Let a person sign in here with their account of that DHIS2. It gives them no rights."""
    actor = open_instance()
    from cgr.systems.linking import link_account  # noqa: PLC0415 - needs Django set up

    link_account(actor, code, person=person, username=account)
    words = [f"{person} can sign in with the account {account} of {code}."]
    show({"system": code, "person": person, "account": account}, words, as_json=as_json)


@app.command("unlink")
def unlink(code: Code, person: Person, *, as_json: Json = False) -> None:
    """End a person's link to an account of that DHIS2."""
    actor = open_instance()
    from cgr.systems.linking import unlink_account  # noqa: PLC0415 - needs Django set up

    unlink_account(actor, code, person=person)
    show({"system": code, "person": person}, [f"{person} has no link to {code} any more."], as_json=as_json)


@app.command("links")
def links(code: Code, *, as_json: Json = False) -> None:
    """List who signs in here with which account of that DHIS2."""
    actor = open_instance()
    from cgr.systems.linking import linked_accounts  # noqa: PLC0415 - needs Django set up

    found = linked_accounts(actor, code)
    words = [f"{row['person']}  {row['account']}  linked by {row['by']}" for row in found]
    show({"links": found}, words or ["Nobody is linked."], as_json=as_json)
