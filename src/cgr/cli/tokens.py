"""`cgr token …`: personal API tokens, made and ended by the local operator for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, show, tell

if TYPE_CHECKING:
    from cgr.accounts.models import ApiToken

app = typer.Typer(help="Personal API tokens.", rich_markup_mode=None)

TokenName = Annotated[str, typer.Argument(help="What the token is called: say what uses it.")]
Owner = Annotated[str, typer.Option("--user", help="Sign-in name of the person it belongs to.")]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="token")


@app.command("create")
def create(
    name: TokenName,
    *,
    user: Owner,
    scopes: Annotated[list[str], typer.Option("--scope", help="read, write, sync or admin; can be repeated.")],
    days: Annotated[int, typer.Option(help="For how many days it is good.")] = 90,
    as_json: Json = False,
) -> None:
    """Make a token. It is printed only now: what is kept is a hash of it."""
    actor = open_instance()
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up

    token = actions.create_token(actor, name, scopes=scopes, days=days, owner=user)
    if not as_json:
        tell("This is the token. It is shown only now:")
    show({"user": user, "name": name, "scopes": sorted(set(scopes)), "token": token}, [token], as_json=as_json)


@app.command("list")
def list_tokens(*, user: Owner = "", as_json: Json = False) -> None:
    """List tokens, of one person if named; never the tokens themselves."""
    actor = open_instance()
    from cgr.accounts import queries  # noqa: PLC0415 - needs Django set up

    found = list(queries.tokens(actor, owner=user))
    words = (
        f"{row.user.username}: {row.name} ({', '.join(row.scopes)}), good until {row.expires:%Y-%m-%d}, "
        f"{f'last used {row.last_used:%Y-%m-%d %H:%M} UTC' if row.last_used else 'never used'}"
        for row in found
    )
    show({"tokens": [_token(row) for row in found]}, words, as_json=as_json)


@app.command("revoke")
def revoke(name: TokenName, *, user: Owner, as_json: Json = False) -> None:
    """End a token at once."""
    actor = open_instance()
    from cgr.accounts import actions  # noqa: PLC0415 - needs Django set up

    actions.revoke_token(actor, name, owner=user)
    show({"user": user, "name": name}, [f'The token "{name}" of {user} is revoked.'], as_json=as_json)


def _token(row: ApiToken) -> dict[str, object]:
    return {
        "user": row.user.username,
        "name": row.name,
        "scopes": row.scopes,
        "created": row.created.isoformat(),
        "expires": row.expires.isoformat(),
        "last_used": row.last_used.isoformat() if row.last_used else None,
    }
