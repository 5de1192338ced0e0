"""`cgr proposals …`: what contributors want changed, and the decision on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, show

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 200

app = typer.Typer(help="Changes that contributors propose.", rich_markup_mode=None)

Number = Annotated[int, typer.Argument(help="Number of the proposal.")]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="proposals")


@app.command("list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    before: Annotated[int | None, typer.Option(help="Only older ones than this number.")] = None,
    as_json: Json = False,
) -> None:
    """List the proposals that wait for a decision, newest first, 200 at a time."""
    actor = open_instance()
    from cgr.registry.queries.proposals import proposal_json, proposals  # noqa: PLC0415 - needs Django set up

    rows = list(proposals(actor, state="" if everything else "open", before=before)[: _MOST + 1])
    found = [proposal_json(row) for row in rows[:_MOST]]
    following = rows[_MOST - 1].pk if len(rows) > _MOST else None
    words = [_line(one) for one in found] or ["No proposal waits for a decision."]
    if following is not None:
        words.append(f"Older ones: --before {following}")
    show({"proposals": found, "next": following}, words, as_json=as_json)


@app.command("show")
def show_(number: Number, *, as_json: Json = False) -> None:
    """Show one: why, and what would change today."""
    actor = open_instance()
    from cgr.registry.queries.proposals import proposal, proposal_json  # noqa: PLC0415 - needs Django set up

    found = proposal_json(proposal(actor, str(number)))
    show(found, _words(found), as_json=as_json)


@app.command("accept")
def accept(
    number: Number,
    *,
    version: Annotated[
        int | None, typer.Option(help="Version of the object that you looked at; refused when it has another one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Do what was proposed, as the very edit that it is."""
    actor = open_instance()
    from cgr.registry import actions  # noqa: PLC0415 - needs Django set up
    from cgr.registry.queries.proposals import proposal_json  # noqa: PLC0415 - as above

    found = proposal_json(actions.accept(actor, number, version=version))
    show(found, [_line(found)], as_json=as_json)


@app.command("reject")
def reject(
    number: Number,
    *,
    why: Annotated[str, typer.Option(help="Why not: whoever proposed reads it.")],
    as_json: Json = False,
) -> None:
    """Say no, and why."""
    actor = open_instance()
    from cgr.registry import actions  # noqa: PLC0415 - needs Django set up
    from cgr.registry.queries.proposals import proposal_json  # noqa: PLC0415 - as above

    found = proposal_json(actions.reject(actor, number, reason=why))
    show(found, [_line(found)], as_json=as_json)


def _line(one: dict[str, Any]) -> str:
    new = " (new)" if one["new"] else ""
    return f"{one['id']} {one['state']}: {one['type']} {one['code']}{new}, by {one['by']}: {one['reason']}"


def _words(one: dict[str, Any]) -> Iterator[str]:
    yield _line(one)
    for name, change in one["fields"].items():
        since = f" (was {_text(change['proposed_from'])} when it was proposed)" if "proposed_from" in change else ""
        yield f"  {name}: {_text(change['from'])} → {_text(change['to'])}{since}"
    if one["decided_by"]:
        why = f": {one['answer']}" if one["answer"] else ""
        yield f"{one['state']} by {one['decided_by']}, {one['decided']}{why}"


def _text(value: object) -> str:
    return "–" if value is None else msgspec.json.encode(value).decode()
