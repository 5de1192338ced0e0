"""Reading the code as the tests of the documents need it: which codes it can give, which commands it has."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import msgspec
import typer

from cgr.cli.main import application
from cgr.dhis2.errors import FAULTS

from .pages import ROOT, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

SOURCE = ROOT / "src" / "cgr"


@cache
def _calls() -> tuple[ast.Call, ...]:
    """All calls of the product; the sandbox speaks with DHIS2's codes, not ours."""
    trees = [
        ast.parse(path.read_text("utf-8"))
        for path in sorted(SOURCE.rglob("*.py"))
        if path.relative_to(SOURCE).parts[0] != "sandbox"
    ]
    return tuple(node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _first_arguments(*names: str) -> set[str]:
    called = (call for call in _calls() if getattr(call.func, "id", getattr(call.func, "attr", "")) in names)
    return {text for call in called if call.args and (text := _text(call.args[0]))}


def guard_codes() -> set[str]:
    """The codes of all guards."""
    return _first_arguments("_over")


def note_codes() -> set[str]:
    """The codes of all notes, those of remarks on a comparison among them."""
    pairs = (
        call.args[0].elts[0]
        for call in _calls()
        if ast.unparse(call.func).endswith("remarks.append") and isinstance(call.args[0], ast.Tuple)
    )
    return _first_arguments("Note") | {text for pair in pairs if (text := _text(pair))}


def trouble_codes() -> set[str]:
    """The codes of all troubles of an import; those that come from reading a unit are named in the same module."""
    named = re.findall(r'"([a-z]+(?:-[a-z]+)+)"', text_of("src/cgr/core/importing/troubles.py"))
    return _first_arguments("Trouble") | set(named)


def error_codes() -> set[str]:
    """The codes of all errors: every `code="…"`, and every row of the table of DHIS2 faults."""
    keywords = chain.from_iterable(call.keywords for call in _calls())
    return {text for keyword in keywords if keyword.arg == "code" and (text := _text(keyword.value))} | FAULTS.keys()


def audited(argument: str) -> set[str]:
    """What entries of the audit log are given as `action` or `kind`, as far as it stands where they are written."""
    given = (
        call.args[1] if argument == "action" else next((one.value for one in call.keywords if one.arg == "kind"), None)
        for call in _calls()
        if getattr(call.func, "id", getattr(call.func, "attr", "")) in {"record", "_record"} and len(call.args) > 1
    )
    choices = [(one.body, one.orelse) if isinstance(one, ast.IfExp) else (one,) for one in given]
    return {text for one in chain.from_iterable(choices) if (text := _text(one))}


def commands() -> dict[str, click.Command]:
    """All commands by what is typed."""
    return dict(_commands(typer.main.get_command(application()), "cgr"))


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
    else:
        for name, one in below.items():
            yield from _commands(one, f"{path} {name}")


def keys_of(kind: type[msgspec.Struct]) -> set[str]:
    """The keys of a file's struct and of all structs in it."""
    waiting: list[object] = [msgspec.inspect.type_info(kind)]
    keys: set[str] = set()
    seen: set[type] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, msgspec.inspect.StructType):
            if one.cls not in seen:
                seen.add(one.cls)
                keys |= {field.encode_name for field in one.fields}
                waiting += [field.type for field in one.fields]
        else:
            waiting += [getattr(one, name) for name in ("item_type", "value_type") if hasattr(one, name)]
            waiting += getattr(one, "types", ())
    return keys
