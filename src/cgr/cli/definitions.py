"""`cgr type …`, `cgr hierarchy …`, `cgr terms …`, `cgr sync delete`: delete what `cgr config apply` makes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cgr.cli.instance import open_instance
from cgr.cli.output import Json, show
from cgr.cli.sync import Config
from cgr.cli.sync import app as syncs

if TYPE_CHECKING:
    from collections.abc import Callable

types = typer.Typer(help="Geo-Object Types.", rich_markup_mode=None)
hierarchies = typer.Typer(help="Hierarchies of types.", rich_markup_mode=None)
terms = typer.Typer(help="Trees of terms.", rich_markup_mode=None)

Type = Annotated[str, typer.Argument(help="Code of the type.")]
Hierarchy = Annotated[str, typer.Argument(help="Code of the hierarchy.")]
Tree = Annotated[str, typer.Argument(help="Code of the tree.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]
Consent = Annotated[bool, typer.Option("--consent", help="Also when synchronization configurations use it.")]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(types, name="type")
    parent.add_typer(hierarchies, name="hierarchy")
    parent.add_typer(terms, name="terms")


@types.command("delete")
def delete_type(code: Type, *, yes: Yes = False, as_json: Json = False) -> None:
    """Delete a type with its attributes; refused while objects, hierarchies or configurations depend on it."""
    actor = open_instance()
    from cgr.configuration import deleting  # noqa: PLC0415 - needs Django set up

    _delete("type", code, lambda: deleting.delete_type(actor, code), yes=yes, as_json=as_json)


@types.command("remove-attribute")
def remove_attribute(
    code: Type,
    attribute: Annotated[str, typer.Argument(help="Code of the attribute.")],
    *,
    consent: Consent = False,
    as_json: Json = False,
) -> None:
    """Remove an attribute that no object has a value for."""
    actor = open_instance()
    from cgr.configuration import deleting  # noqa: PLC0415 - needs Django set up

    deleting.remove_attribute(actor, code, attribute, consent=consent)
    document = {"type": code, "attribute": attribute, "removed": True}
    show(document, [f"{attribute} is removed from {code}."], as_json=as_json)


@hierarchies.command("delete")
def delete_hierarchy(code: Hierarchy, *, yes: Yes = False, as_json: Json = False) -> None:
    """Delete a hierarchy, whose types stay; refused while parents of objects or configurations depend on it."""
    actor = open_instance()
    from cgr.configuration import deleting  # noqa: PLC0415 - needs Django set up

    _delete("hierarchy", code, lambda: deleting.delete_hierarchy(actor, code), yes=yes, as_json=as_json)


@hierarchies.command("take-out")
def take_out(code: Hierarchy, type_code: Type, *, consent: Consent = False, as_json: Json = False) -> None:
    """Take a type out of a hierarchy in which its objects have no parents and no type stands below it."""
    actor = open_instance()
    from cgr.configuration import deleting  # noqa: PLC0415 - needs Django set up

    deleting.take_out_type(actor, code, type_code, consent=consent)
    document = {"hierarchy": code, "type": type_code, "removed": True}
    show(document, [f"{type_code} is taken out of {code}."], as_json=as_json)


@terms.command("delete")
def delete_terms(code: Tree, *, yes: Yes = False, as_json: Json = False) -> None:
    """Delete a tree with its terms; refused while attributes draw from it."""
    actor = open_instance()
    from cgr.configuration import deleting  # noqa: PLC0415 - needs Django set up

    _delete("terms", code, lambda: deleting.delete_term_tree(actor, code), yes=yes, as_json=as_json)


@terms.command("remove")
def remove_term(
    code: Tree,
    term: Annotated[str, typer.Argument(help="Code of the term.")],
    *,
    consent: Consent = False,
    as_json: Json = False,
) -> None:
    """Remove a term that no object has or had, and that has none below it."""
    actor = open_instance()
    from cgr.configuration import deleting  # noqa: PLC0415 - needs Django set up

    deleting.remove_term(actor, code, term, consent=consent)
    show({"terms": code, "term": term, "removed": True}, [f"{term} is removed from {code}."], as_json=as_json)


@syncs.command("delete")
def delete_sync(config: Config, *, yes: Yes = False, as_json: Json = False) -> None:
    """Delete a synchronization configuration; its runs keep the settings that they were planned with."""
    actor = open_instance()
    from cgr.sync import configs  # noqa: PLC0415 - needs Django set up

    _delete("config", config, lambda: configs.delete_config(actor, config), yes=yes, as_json=as_json)


def _delete(kind: str, code: str, does: Callable[[], None], *, yes: bool, as_json: bool) -> None:
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Delete {kind} {code}?", abort=True, err=True)
    does()
    show({kind: code, "deleted": True}, [f"{code} is deleted."], as_json=as_json)
