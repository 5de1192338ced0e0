"""`cgr secrets …`: the keys that passwords and tokens are encrypted with."""

from __future__ import annotations

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, show

app = typer.Typer(help="Keys that passwords and tokens are encrypted with.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="secrets")


@app.callback()
def group() -> None:
    """Keep `secrets` a group although it has one command."""


@app.command("rotate")
def rotate(*, as_json: Json = False) -> None:
    """Seal every stored secret with the first key; afterwards the other keys can be taken away."""
    actor = open_instance()
    from cgr.systems import rotation  # noqa: PLC0415 - needs Django set up

    found = rotation.rotate(actor)
    words = [f"{found.resealed:,} secrets got the first key, {found.current:,} had it already."]
    words += [f"  {name}: {number:,}" for name, number in found.by.items()]
    show(found, words, as_json=as_json)
