"""The verbs of a synchronisation: check, plan, apply, run, resume, cancel. Pages, API and command line call these."""

from __future__ import annotations

from contextlib import contextmanager
from time import sleep
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.core.batches import is_creation
from cgr.core.errors import BadInput, CgrError, NeedsConsent
from cgr.core.mapping import SyncMapping
from cgr.core.mapping_rules import Finding, Severity, check_mapping, usable
from cgr.core.plan_json import digest as digest_of
from cgr.core.planner import plan as make_plan
from cgr.core.progress import Progress, Silent
from cgr.dhis2.shape import read_shape
from cgr.registry.actions import reserve_external_ids
from cgr.registry.queries import type_shapes
from cgr.registry.snapshot import stream_objects
from cgr.runs import actions as runs
from cgr.runs.items import count_unsettled, read_changes
from cgr.sync.applying import Job, write_units
from cgr.sync.configs import config as find_config
from cgr.sync.configs import mapping_of
from cgr.sync.gather import read_theirs
from cgr.sync.groups import fill_groups
from cgr.sync.paths import rebuild_paths
from cgr.sync.validation import validate
from cgr.systems.connection import open_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from cgr.accounts.actors import Actor
    from cgr.core.changes import Plan
    from cgr.dhis2.client import Dhis2
    from cgr.runs.models import Run
    from cgr.sync.models import SyncConfig


def check(actor: Actor, code: str) -> list[Finding]:
    """Hold a configuration against the live DHIS2 (R4.4)."""
    config = _config(actor, code)
    with open_client(config.system) as client:
        return check_mapping(mapping_of(config), type_shapes(config.hierarchy.code), read_shape(client))


def _config(actor: Actor, code: str) -> SyncConfig:
    config = find_config(actor, code)
    require(actor, Permission.MANAGE_RUNS, organization=config.organization.code)
    return config


def plan(actor: Actor, code: str, *, as_of: date | None = None, progress: Progress | None = None) -> Run:
    """Read both sides, plan, let DHIS2 validate, store. What is stored is exactly what apply will do (R9.1)."""
    config = _config(actor, code)
    watcher = progress or Silent()
    on = as_of or timezone.localdate()
    with open_client(config.system) as client:
        made, left_out = _make_plan(config, client, on, watcher)
        watcher.step("store the plan")
        with transaction.atomic():
            run = runs.store_plan(
                actor,
                made,
                system=config.system,
                config=config.code,
                digest=digest_of(made),
                findings=left_out,
                requests=client.requests,
            )
            record(actor, "plan", kind="sync run", subject=str(run.pk), organization=config.organization.code)
    return run


def _make_plan(config: SyncConfig, client: Dhis2, on: date, progress: Progress) -> tuple[Plan, list[Finding]]:
    shape = read_shape(client)
    types = type_shapes(config.hierarchy.code)
    given = mapping_of(config)
    _stop_at_errors(check_mapping(given, types, shape))
    mapping, left_out = usable(given, shape)
    theirs = read_theirs(client, mapping, shape, progress=progress)
    progress.step("compare")
    ours = stream_objects(
        hierarchy=config.hierarchy.code,
        types_in_order=[level.type for level in mapping.levels],
        system=config.system.code,
        as_of=on,
    )
    made = make_plan(ours, theirs, mapping, types, shape, system=str(config.system.uid), as_of=on.isoformat())
    return validate(client, made, progress=progress), left_out


def _stop_at_errors(findings: Sequence[Finding]) -> None:
    """Stop before anything is read when the whole configuration can't be used; what vanished stops only itself."""
    for finding in findings:
        if finding.severity is Severity.ERROR and not finding.partial:
            raise BadInput(finding.message, code="mapping-invalid", next_step=finding.next_step)


def apply(
    actor: Actor,
    run: Run,
    *,
    digest: str,
    consents: Sequence[str] = (),
    why: str = "",
    progress: Progress | None = None,
    wait: Callable[[float], None] = sleep,
) -> Run:
    """Apply a plan that somebody reviewed: `digest` says which plan they saw, `consents` which guards they lift."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    if digest != run.digest:
        raise NeedsConsent(
            f"The digest doesn't match: plan {run.pk} has {run.digest}.",
            code="digest-mismatch",
            next_step=f"Look at the plan as it is (cgr sync report {run.pk}) and apply it with its own digest.",
        )
    _stop_at_guards(run, consents)
    with runs.sole_writer(run.system_id):
        with transaction.atomic():
            runs.claim(run)
            run.consents = [{"guard": code, "by": actor.name, "why": why} for code in consents]
            run.save(update_fields=["consents"])
            _reserve_ids(actor, run)
            record(
                actor,
                "apply",
                kind="sync run",
                subject=str(run.pk),
                organization=run.organization.code,
                after={"digest": digest, "consents": run.consents},
            )
        return _carry_out(actor, run, progress or Silent(), wait)


def _stop_at_guards(run: Run, consents: Sequence[str]) -> None:
    lifted = set(consents)
    closed = [guard for guard in run.summary["guards"] if guard["code"] not in lifted]
    if not closed:
        return
    guard = closed[0]
    raise NeedsConsent(
        f"The plan exceeds a safety limit: {guard['code']} is {guard['value']:.0%}, the limit {guard['limit']:.0%}.",
        code=guard["code"],
        next_step=f"Look at the plan; if it is right, apply it with --consent {guard['code']} and say --why.",
    )


def _reserve_ids(actor: Actor, run: Run) -> None:
    """Write down the ids of new units before the first is sent, so that a repeat can never make a second one."""
    new = [
        (item.change.key, item.change.uid) for item in read_changes(run.pk, unsettled=True) if is_creation(item.change)
    ]
    if new:
        reserve_external_ids(actor, run.system.code, new)


def resume(actor: Actor, run: Run, *, progress: Progress | None = None, wait: Callable[[float], None] = sleep) -> Run:
    """Go on with a run whose process died or that had to stop: everything without an outcome (R9.4)."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    with runs.sole_writer(run.system_id):
        with transaction.atomic():
            runs.claim(run, to_resume=True)
            _reserve_ids(actor, run)
            record(actor, "resume", kind="sync run", subject=str(run.pk), organization=run.organization.code)
        return _carry_out(actor, run, progress or Silent(), wait)


def _carry_out(actor: Actor, run: Run, progress: Progress, wait: Callable[[float], None]) -> Run:
    with open_client(run.system) as client, _failing_in_words(run, client):
        mapping = msgspec.convert(run.settings, SyncMapping)
        job = Job(actor=actor, run=run, client=client, mapping=mapping, progress=progress, wait=wait)
        progress.step("write units", count_unsettled(run.pk))
        went_through = write_units(job) and fill_groups(job)
        rebuild_paths(client, run.pk, progress=progress)
        if went_through:
            runs.finish(run, requests=client.requests)
    run.refresh_from_db()
    return run


@contextmanager
def _failing_in_words(run: Run, client: Dhis2) -> Iterator[None]:
    """Write down why a run had to stop, then let the error go on to whoever started it."""
    try:
        yield
    except CgrError as error:
        runs.fail(run, error, requests=client.requests)
        raise


def plan_and_apply(
    actor: Actor,
    code: str,
    *,
    as_of: date | None = None,
    consents: Sequence[str] = (),
    why: str = "",
    progress: Progress | None = None,
) -> Run:
    """Plan and apply in one go; guards stop it all the same."""
    planned = plan(actor, code, as_of=as_of, progress=progress)
    return apply(actor, planned, digest=planned.digest, consents=consents, why=why, progress=progress)


def cancel(actor: Actor, run: Run) -> Run:
    """Stop a run: at once if nothing was sent, else after the batch in flight."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    if not runs.cancel(run):
        run.refresh_from_db()
        raise BadInput(
            f"Run {run.pk} has ended already: {run.state}.",
            code="run-ended",
            next_step=f"See what it did: cgr sync report {run.pk}",
        )
    record(actor, "cancel", kind="sync run", subject=str(run.pk), organization=run.organization.code)
    run.refresh_from_db()
    return run
