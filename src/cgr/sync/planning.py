"""Making a plan: the configuration against the live DHIS2, both sides gathered, compared, validated there, stored."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from msgspec import Struct
from msgspec.structs import replace

from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.core.changes import Plan
from cgr.core.errors import BadInput
from cgr.core.evidence import Evidence
from cgr.core.mapping_rules import Finding, Severity, check_mapping, usable
from cgr.core.plan_words import Names, names_for
from cgr.core.planner import limited, permitted
from cgr.core.planner import plan as make_plan
from cgr.core.planner.rules import level_rules
from cgr.core.progress import Progress, Silent
from cgr.registry.actions import confirm_external_ids
from cgr.registry.queries import type_shapes
from cgr.registry.snapshot import stream_objects
from cgr.runs import actions as runs
from cgr.runs.evidence import keep_evidence_of_problems
from cgr.runs.items import skipped_as_changed, undone_objects
from cgr.runs.queries import sync_run
from cgr.sync import agreement
from cgr.sync.configs import config as find_config
from cgr.sync.configs import mapping_of
from cgr.sync.gather import read_theirs
from cgr.sync.notices import notice_findings
from cgr.sync.validation import validate
from cgr.systems.connection import open_client
from cgr.systems.shapes import read_and_keep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date

    from cgr.accounts.actors import Actor
    from cgr.core.planner import Theirs
    from cgr.core.records import OurObject
    from cgr.dhis2.client import Dhis2
    from cgr.runs.models import Run
    from cgr.sync.models import SyncConfig


def check(actor: Actor, code: str) -> list[Finding]:
    """Hold a configuration against the live DHIS2 (R4.4)."""
    config = plannable(actor, code)
    with open_client(config.system) as client:
        shape = read_and_keep(client, config.system).shape
    found = check_mapping(mapping_of(config), type_shapes(config.hierarchy.code), shape)
    return [*found, *notice_findings(config)]


def plannable(actor: Actor, code: str) -> SyncConfig:
    """Give a configuration whose runs the actor manages; NotAllowed when it doesn't exist or they may not know it."""
    config = find_config(actor, code)
    require(actor, Permission.MANAGE_RUNS, organization=config.organization.code)
    return config


def plan(
    actor: Actor,
    code: str,
    *,
    as_of: date | None = None,
    only: str = "",
    progress: Progress | None = None,
    wait: Callable[[float], None] = sleep,
    into: Run | None = None,
) -> Run:
    """Read both sides, plan, let DHIS2 validate, store. What is stored is exactly what apply will do (R9.1).

    `only`: `failed-of:RUN` limits the plan to the objects of that run that aren't done, `skipped-of:RUN` to those that
    it left alone because they had changed. `into`: the run that a worker makes the plan for.
    """
    config = plannable(actor, code)
    again = _objects_of(actor, config, only) if only else None
    watcher = progress or Silent()
    on = as_of or timezone.localdate()
    with open_client(config.system) as client:
        watcher.measure(client)
        planned = _make_plan(config, client, on, again, watcher, wait)
        watcher.step("store the plan")
        with transaction.atomic():
            if planned.arrived:
                confirm_external_ids(actor, config.system.code, planned.arrived)
            run = runs.store_plan(
                actor,
                planned.plan,
                system=config.system,
                config=config.code,
                findings=planned.left_out,
                names=planned.names,
                requests=client.requests,
                about={"only": only} if only else {},
                unchanged=planned.unchanged,
                into=into,
            )
            keep_evidence_of_problems(run.pk, planned.evidence)
            record(actor, "plan", kind="sync run", subject=str(run.pk), organization=config.organization.code)
    return run


class _Planned(Struct, frozen=True):
    """A plan and what DHIS2 calls what is in it; what of the mapping DHIS2 no longer has.

    `arrived`: keys of objects whose reserved id turned out to be a unit. `evidence`: of what DHIS2 refused to take.
    `unchanged`: objects that need nothing, by type; None when only some objects were looked at.
    """

    plan: Plan
    names: Names
    left_out: list[Finding]
    arrived: list[int]
    evidence: dict[int, Evidence]
    unchanged: dict[str, int] | None


def _make_plan(
    config: SyncConfig,
    client: Dhis2,
    on: date,
    only: AbstractSet[int] | None,
    progress: Progress,
    wait: Callable[[float], None],
) -> _Planned:
    shape = read_and_keep(client, config.system).shape
    types = type_shapes(config.hierarchy.code)
    given = mapping_of(config)
    stop_at_errors(check_mapping(given, types, shape))
    mapping, left_out = usable(given, types, shape)
    theirs = read_theirs(client, mapping, shape, progress=progress)
    progress.step("compare")
    ours = stream_objects(
        hierarchy=config.hierarchy.code,
        types_in_order=[level.type for level in mapping.levels],
        system=config.system.code,
        as_of=on,
    )
    arrived: list[int] = []
    seen: dict[str, agreement.Seen] = {}
    agreeing: list[int] = []
    made = make_plan(
        agreement.watch(_noting_arrived(ours, theirs, arrived), theirs, seen),
        theirs,
        mapping,
        types,
        shape,
        system=str(config.system.uid),
        as_of=on.isoformat(),
        agreeing=agreeing,
    )
    unchanged = None if only is not None else agreement.count_unchanged(seen, agreeing, made.changes)
    # Of another day's plan nothing is kept: what agrees with the past, or a future, isn't what was agreed on.
    if on == timezone.localdate():
        agreement.keep_unchanged(config, mapping, theirs, seen, agreeing)
    notes = agreement.drift_notes(config, made.changes, theirs, level_rules(mapping, types, shape), shape)
    made = replace(made, notes=tuple(sorted((*made.notes, *notes), key=lambda note: (note.object, note.code))))
    if only is not None:
        made = limited(made, only)
    made = permitted(made, shape)
    checked = validate(client, made, progress=progress, wait=wait)
    names = names_for(checked.plan, shape, theirs.units)
    return _Planned(checked.plan, names, left_out, arrived, checked.evidence, unchanged)


def _noting_arrived(ours: Iterable[OurObject], theirs: Theirs, arrived: list[int]) -> Iterator[OurObject]:
    """Note whose unit an interrupted run did make: if it is deleted there later, it isn't to be made again (R5.3)."""
    for one in ours:
        if one.reserved and one.external_id in theirs.units:
            arrived.append(one.key)
        yield one


def require_only(actor: Actor, config: SyncConfig, only: str) -> None:
    """Refuse what a plan can't be limited to, before anything is queued; BadInput."""
    if only:
        _objects_of(actor, config, only)


_OF_A_RUN = {"failed-of": undone_objects, "skipped-of": skipped_as_changed}


def _objects_of(actor: Actor, config: SyncConfig, only: str) -> set[int]:
    """Read `failed-of:RUN`, `skipped-of:RUN`; BadInput for anything else, or no ended run of this configuration."""
    what, _, run_id = only.partition(":")
    if what not in _OF_A_RUN:
        raise BadInput(
            f'"{only}" isn\'t something a plan can be limited to.',
            code="bad-only",
            next_step="Give failed-of:RUN or skipped-of:RUN.",
        )
    run = sync_run(actor, run_id)
    if "undoes" in run.summary:
        raise BadInput(
            f"Run {run.pk} undoes run {run.summary['undoes']}: what is left of that isn't for a new plan to find.",
            code="bad-only",
            next_step=f"Undo it again: cgr sync undo {run.summary['undoes']}",
        )
    if run.config != config.code or (run.ended is None and run.state != run.State.CANCELLED):
        raise BadInput(
            f"Run {run.pk} is {run.state} and of {run.config}: not an ended run of {config.code}.",
            code="bad-only",
            next_step=f"Choose one that has ended: cgr sync runs {config.code}",
        )
    return _OF_A_RUN[what](run.pk)


def stop_at_errors(findings: Sequence[Finding]) -> None:
    """Stop before anything is read when the whole configuration can't be used; what vanished stops only itself."""
    for finding in findings:
        if finding.severity is Severity.ERROR and not finding.partial:
            raise BadInput(finding.message, code="mapping-invalid", next_step=finding.next_step)
