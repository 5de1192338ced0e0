"""The demo's story, step by step, with every step's result held against what it should be."""

from __future__ import annotations

import os
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import msgspec

from cgr.cli.demo.older_copy import older_copy, uid_of
from cgr.cli.import_words import import_words
from cgr.cli.output import tell
from cgr.cli.progress import progress
from cgr.cli.sync_words import plan_words, report_words
from cgr.core.errors import CgrError
from cgr.sandbox.server import SandboxServer, serve
from cgr.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.accounts.actors import Actor

LEVELS = {1: "country", 2: "province", 3: "district", 4: "facility"}
_COMMENT = b"#"


class DemoFailed(CgrError):
    """A step of the demo didn't do what it should."""


def facts() -> list[bytes]:
    """Give the lines of the demo's objects file; its head says where the data come from."""
    return files("cgr.cli.demo").joinpath("zambia.ndjson").read_bytes().splitlines(keepends=True)


def attribution() -> list[str]:
    """Give the head of the file in words."""
    return [line.decode().lstrip("# ").rstrip() for line in facts() if line.startswith(_COMMENT)]


def start_sandbox(url_port: int = 0) -> SandboxServer:
    """Start a DHIS2 that holds an older copy of the country."""
    world = World("2.42")
    records = [msgspec.json.decode(line) for line in facts() if not line.startswith(_COMMENT)]
    world.load(older_copy(records))
    return serve(world, port=url_port)


def tell_story(actor: Actor, sandbox: SandboxServer) -> None:
    """Set up, import, change, plan, apply, report, plan again; raise DemoFailed at the first thing that isn't right."""
    _step("Set up the registry: terms, types, hierarchy; register the DHIS2; configure the synchronization")
    _configure(actor, sandbox)
    _step("Import the organisation units of the DHIS2")
    _import(actor)
    _step("Load the newer facts into the registry")
    _load_facts(actor)
    _step("Plan: what would change in the DHIS2?")
    plan = _plan(actor)
    _expect(
        all(plan["counts"][kind] for kind in ("create", "update", "move", "group")), "the plan lacks a kind of change"
    )
    _expect(not list(plan["problems"]), "the plan has problems")
    _step("Apply the reviewed plan")
    report = _apply(actor, plan)
    _expect(all(change["outcome"] == "done" for change in report["changes"]), "not every change was done")
    _step("Plan again: nothing should be left to do")
    _expect(not list(_plan(actor)["changes"]), "a second plan still finds something to do")
    _step("Hold the DHIS2 itself against the facts")
    _compare(sandbox)


def _step(words: str) -> None:
    tell(f"\n▸ {words}")


def _expect(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not condition:
        raise DemoFailed(
            f"The demo went wrong: {otherwise}.",
            code="demo-failed",
            next_step="Please report it with everything that was printed.",
        )


def _show(lines: Iterator[str]) -> None:
    for line in lines:
        tell(f"  {line}")


def _configure(actor: Actor, sandbox: SandboxServer) -> None:
    from cgr.configuration.applying import apply  # noqa: PLC0415 - needs Django set up

    folder = files("cgr.cli.demo")
    apply(actor, folder.joinpath("zambia.yaml").read_bytes())
    os.environ["CGR_DEMO_PASSWORD"] = "district"  # noqa: S105 - the sandbox's own, as printed
    template = Template(folder.joinpath("zambia-sync.yaml").read_text("utf-8"))
    apply(actor, template.substitute(URL=sandbox.url).encode())


def _import(actor: Actor) -> None:
    from cgr.configuration.yaml_reading import read_yaml  # noqa: PLC0415 - as above
    from cgr.core.importing import ImportMapping  # noqa: PLC0415 - as above
    from cgr.imports.actions import Request, import_units  # noqa: PLC0415 - as above
    from cgr.imports.reports import document_of  # noqa: PLC0415 - as above

    text = files("cgr.cli.demo").joinpath("zambia-import.yaml").read_bytes()
    mapping = msgspec.convert(read_yaml(text).value, ImportMapping)
    with progress() as bars:
        result = import_units(actor, Request("hmis", "admin", LEVELS, mapping=mapping), progress=bars)
    _show(import_words(document_of(result), preview=False))
    _expect(result.counts["new"] > 0 and not result.problems, "the import left units out")


def _load_facts(actor: Actor) -> None:
    from cgr.registry.actions import apply_objects  # noqa: PLC0415 - as above

    applied = apply_objects(actor, facts(), preview=False, source="demo")
    tell(f"  created {applied.created}, changed {applied.changed}, unchanged {applied.unchanged}")
    _expect(applied.created > 0 and applied.changed > 0 and not applied.errors, "the facts could not be loaded")


def _plan(actor: Actor) -> dict[str, Any]:
    from cgr.sync import actions, reports  # noqa: PLC0415 - as above

    with progress() as bars:
        plan = reports.plan_of(actions.plan(actor, "hmis-all", progress=bars))
    _show(plan_words(plan))
    return plan


def _apply(actor: Actor, plan: dict[str, Any]) -> dict[str, Any]:
    from cgr.runs.queries import run  # noqa: PLC0415 - as above
    from cgr.sync import actions, reports  # noqa: PLC0415 - as above

    with progress() as bars:
        done = actions.apply(actor, run(actor, plan["id"]), digest=plan["digest"], progress=bars)
    report = reports.report_of(done)
    _show(report_words(report))
    return report


def _compare(sandbox: SandboxServer) -> None:
    """Look into the DHIS2 past our own client: names and parents of all facilities, and what nobody mapped."""
    by_code = {unit.get("code"): unit for unit in sandbox.world.units().values()}
    uid_by_code = {code: unit["id"] for code, unit in by_code.items()}
    kept = 0
    for line in facts():
        if line.startswith(_COMMENT):
            continue
        fact = msgspec.json.decode(line)
        unit = by_code.get(fact["code"], {})
        _expect(bool(unit), f"{fact['code']} is not in the DHIS2")
        _expect(unit["name"] == fact["label"]["default"], f"{fact['code']} has another name in the DHIS2")
        if fact["type"] == "facility":
            parent = uid_by_code[fact["parents"]["admin"]]
            _expect(unit["parent"]["id"] == parent, f"{fact['code']} hangs below another district in the DHIS2")
        if unit["id"] == uid_of(fact["code"]):
            kept += 1
            _expect(unit["comment"] == "Kept by the district health office", f"{fact['code']} lost its comment")
    tell(f"  {len(by_code)} organisation units agree with the facts; {kept} kept what nobody mapped.")
