"""`cgr sync …`: check, plan, review, apply, report."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cgr.cli.background import Background, Follow, follow, show_queued
from cgr.cli.output import Json, read_date, show
from cgr.cli.progress import progress
from cgr.core.progress import Together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run

app = typer.Typer(help="Synchronization: plan, review, apply, report.", no_args_is_help=True, rich_markup_mode=None)

Config = Annotated[str, typer.Argument(help="Code of the synchronization configuration.")]
RunId = Annotated[str, typer.Argument(help="Id of the plan or run.")]
AsOf = Annotated[str, typer.Option("--as-of", help="The day whose state is sent, yyyy-MM-dd; default today.")]
Consent = Annotated[list[str] | None, typer.Option("--consent", help="Lift this guard; can be repeated.")]
Why = Annotated[str, typer.Option("--why", help="Why the guards are lifted; kept with the run.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask; never consents to a guard.")]

_SHOWN = 8
_EXAMPLES = 3
_SOME_FAILED = 1


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="sync")


def start() -> Actor:
    """Set the instance up, and say who acts."""
    from cgr.project import wiring  # noqa: PLC0415 - Django loads only for the commands that need it

    wiring.start()
    from cgr.accounts.actors import local_operator  # noqa: PLC0415 - needs Django set up

    return local_operator()


@app.command("check")
def check(config: Config, *, as_json: Json = False) -> int:
    """Hold a configuration against the live DHIS2."""
    actor = start()
    from cgr.sync import actions  # noqa: PLC0415 - needs Django set up

    findings = actions.check(actor, config)
    ok = not any(finding.severity == "error" for finding in findings)
    document = {
        "ok": ok,
        "findings": [
            {
                "severity": finding.severity,
                "where": finding.where,
                "message": finding.message,
                "next_step": finding.next_step,
            }
            for finding in findings
        ],
    }
    words = [f"{finding.severity}: {finding.message} {finding.next_step}" for finding in findings]
    show(document, words or ["Everything the configuration names is there."], as_json=as_json)
    return 0 if ok else _SOME_FAILED


@app.command("plan")
def plan(
    config: Config,
    *,
    as_of: AsOf = "",
    only: Annotated[str, typer.Option("--only", help="failed-of:RUN: only the objects of that run not done.")] = "",
    background: Background = False,
    watch: Follow = False,
    as_json: Json = False,
) -> int:
    """Say exactly what would change in DHIS2, and store it as a plan to be applied."""
    actor = start()
    from cgr.sync import actions, reports  # noqa: PLC0415 - needs Django set up
    from cgr.sync.background import queue_plan  # noqa: PLC0415 - as above

    on = read_date(as_of) if as_of else None
    if background or watch:
        run = queue_plan(actor, config, as_of=on, only=only)
        if not watch:
            show_queued(run, as_json=as_json)
            return 0
        follow(run)
    else:
        with progress() as bars:
            run = actions.plan(actor, config, as_of=on, only=only, progress=bars)
    document = reports.plan_of(run)
    show(document, plan_words(document), as_json=as_json)
    return _SOME_FAILED if document["counts"]["problem"] else 0


@app.command("apply")
def apply(
    run_id: RunId,
    *,
    digest: Annotated[str, typer.Option(help="The digest of the plan that was reviewed.")],
    consent: Consent = None,
    why: Why = "",
    yes: Yes = False,
    background: Background = False,
    watch: Follow = False,
    as_json: Json = False,
) -> int:
    """Apply a reviewed plan."""
    actor = start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up
    from cgr.sync.background import queue_apply  # noqa: PLC0415 - as above

    run = queries.sync_run(actor, run_id)
    _confirm(run, yes=yes)
    if background or watch:
        queue_apply(actor, run, digest=digest, consents=consent or [], why=why)
        return _hand_over(run, watch=watch, as_json=as_json)
    return _apply(actor, run, digest=digest, consents=consent or [], why=why, as_json=as_json)


def _apply(actor: Actor, run: Run, *, digest: str, consents: Sequence[str], why: str, as_json: bool) -> int:
    from cgr.runs.progress import recording  # noqa: PLC0415 - needs Django set up
    from cgr.sync import actions  # noqa: PLC0415 - needs Django set up

    with progress() as bars, recording(run) as recorder:
        run = actions.apply(actor, run, digest=digest, consents=consents, why=why, progress=Together(bars, recorder))
    return _show_report(run, as_json=as_json)


def _hand_over(run: Run, *, watch: bool, as_json: bool) -> int:
    if not watch:
        show_queued(run, as_json=as_json)
        return 0
    return _show_report(follow(run), as_json=as_json)


def _confirm(run: Run, *, yes: bool) -> None:
    import sys  # noqa: PLC0415 - only for the question

    if yes or not sys.stdin.isatty():
        return
    counts = run.summary.get("counts", {})
    typer.confirm(
        f"Update {counts.get('update', 0)}, move {counts.get('move', 0)} and create {counts.get('create', 0)} "
        f"organisation units in {run.system.code}?",
        abort=True,
        err=True,
    )


@app.command("run")
def run_both(
    config: Config,
    *,
    as_of: AsOf = "",
    consent: Consent = None,
    why: Why = "",
    yes: Yes = False,
    background: Background = False,
    watch: Follow = False,
    as_json: Json = False,
) -> int:
    """Plan and apply in one go; guards stop it all the same."""
    actor = start()
    from cgr.sync import actions  # noqa: PLC0415 - needs Django set up
    from cgr.sync.background import queue_plan  # noqa: PLC0415 - as above

    on = read_date(as_of) if as_of else None
    if background or watch:
        run = queue_plan(actor, config, as_of=on, then_apply=True, consents=consent or [], why=why)
        return _hand_over(run, watch=watch, as_json=as_json)
    actions.check_consents(consent or [])
    with progress() as bars:
        run = actions.plan(actor, config, as_of=on, progress=bars)
    _confirm(run, yes=yes)
    return _apply(actor, run, digest=run.digest, consents=consent or [], why=why, as_json=as_json)


@app.command("runs")
def runs(
    config: Annotated[str | None, typer.Argument(help="Only those of this configuration.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List runs, newest first."""
    actor = start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up

    document = queries.runs_json(queries.runs(actor, config=config))
    show(document, _run_lines(document["runs"]), as_json=as_json)


def _run_lines(rows: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    for row in rows:
        what = row["config"] or row["system"]
        yield f"{row['id']:>5}  {row['kind']:<6}  {row['state']:<9}  {what:<20}  {row['started'] or ''}"


@app.command("report")
def report(run_id: RunId, *, as_json: Json = False) -> int:
    """Show what a run did, object by object."""
    actor = start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up

    return _show_report(queries.sync_run(actor, run_id), as_json=as_json)


@app.command("cancel")
def cancel(run_id: RunId, *, as_json: Json = False) -> None:
    """Stop a run: at once if nothing was sent, else after the batch in flight."""
    actor = start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up
    from cgr.sync import actions  # noqa: PLC0415 - as above

    run = actions.cancel(actor, queries.sync_run(actor, run_id))
    show({"id": str(run.pk), "state": run.state}, [f"Run {run.pk} is cancelled."], as_json=as_json)


@app.command("resume")
def resume(run_id: RunId, *, background: Background = False, watch: Follow = False, as_json: Json = False) -> int:
    """Go on with a run whose process died or that had to stop."""
    actor = start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up
    from cgr.sync import actions  # noqa: PLC0415 - as above
    from cgr.sync.background import queue_resume  # noqa: PLC0415 - as above

    run = queries.sync_run(actor, run_id)
    if background or watch:
        return _hand_over(queue_resume(actor, run), watch=watch, as_json=as_json)
    from cgr.runs.progress import recording  # noqa: PLC0415 - needs Django set up

    with progress() as bars, recording(run) as recorder:
        run = actions.resume(actor, run, progress=Together(bars, recorder))
    return _show_report(run, as_json=as_json)


@app.command("follow")
def follow_run(run_id: RunId, *, as_json: Json = False) -> int:
    """Watch a run that the workers do until it ends; Ctrl-C ends the watching, not the run."""
    actor = start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up

    return _show_report(follow(queries.sync_run(actor, run_id)), as_json=as_json)


def _show_report(run: Run, *, as_json: bool) -> int:
    from cgr.sync import reports  # noqa: PLC0415 - needs Django set up

    document = reports.report_of(run)
    show(document, report_words(document), as_json=as_json)
    # A change without an outcome is one of a plan or of a run that goes on: nothing is wrong with it yet.
    fine = all(change["outcome"] in {"done", None} for change in document["changes"])
    return 0 if fine and not document["counts"]["problem"] else _SOME_FAILED


def plan_words(plan: dict[str, Any]) -> Iterator[str]:
    """Show a plan to a person: counts before lists, some examples, what stops it, how to go on."""
    what = f"undoes run {plan['undoes']}" if "undoes" in plan else f"as of {plan['as_of']}"
    yield f"Plan {plan['id']} for {plan['config']} {what}; DHIS2 {plan['dhis2']['version']}"
    yield from _counts(plan)
    yield from _examples(plan["changes"])
    yield from map(_finding_line, plan["findings"])
    yield from _lines(plan["problems"], "problems", _problem_line)
    for guard in plan["guards"]:
        share, limit = f"{guard['value']:.0%}", f"{guard['limit']:.0%}"
        yield f"! Guard {guard['code']}: {share}, the limit is {limit} (--consent {guard['code']})"
    if plan["changes"]:
        yield f"Apply it: cgr sync apply {plan['id']} --digest {plan['digest']}"
    elif plan["problems"]:
        yield "Nothing can be sent before the problems are solved."
    elif "undoes" in plan:
        yield "Nothing to put back."
    elif plan["findings"]:
        yield "Nothing to do beside what is named above."
    else:
        yield "Nothing to do: DHIS2 agrees with the registry."


_COLUMNS = (("+ create", "create"), ("~ update", "update"), ("→ move", "move"), ("group", "group"))


def _counts(plan: dict[str, Any]) -> Iterator[str]:
    """Give a table of kinds by level, then what isn't a change."""
    levels: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for change in plan["changes"]:
        levels[change["level"], change["object"]["type"]].update(change["kinds"])
    for problem in plan["problems"]:
        levels[problem["level"], problem["object"]["type"]]["problem"] += 1
    if levels:
        yield "  level" + " " * 17 + "".join(f"{title:>10}" for title, _ in _COLUMNS) + f"{'! problem':>11}"
    for (level, name), kinds in sorted(levels.items()):
        yield (
            f"  {level} {name:<20}"
            + "".join(f"{kinds[kind]:>10,}" for _, kind in _COLUMNS)
            + f"{kinds['problem']:>11,}"
        )
    counts = plan["counts"]
    rest = ("unchanged", "not_selected", "problem")
    yield "  in all: " + ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in rest)


def _examples(changes: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Give a few changes of each kind; a change is shown once, under the first of its kinds."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for change in changes:
        by_kind[change["kinds"][0]].append(change)
    shown = [change for _, kind in _COLUMNS for change in by_kind[kind][:_EXAMPLES]]
    yield from map(_change_line, shown)
    if len(changes) > len(shown):
        yield f"  … and {len(changes) - len(shown):,} more changes (--json shows all)"


def _lines(records: Sequence[dict[str, Any]], what: str, line: Any) -> Iterator[str]:  # noqa: ANN401 - one of two functions below
    for record in records[:_SHOWN]:
        yield line(record)
    if len(records) > _SHOWN:
        yield f"  … and {len(records) - _SHOWN:,} more {what} (--json shows all)"


def _change_line(change: dict[str, Any]) -> str:
    sign = "+" if "create" in change["kinds"] else "→" if "move" in change["kinds"] else "~"
    fields = "; ".join(f"{field['label']}: {field['words']}" for field in change["fields"].values())
    groups = f"groups + {', '.join(change['group_names'])}" if change["groups"] else ""
    outcome = f"  [{change['outcome']}]" if change.get("outcome") not in {None, "done"} else ""
    detail = "; ".join(part for part in (fields, groups) if part)
    return f"  {sign} {change['object']['type']} {change['object']['code']} ({change['uid']}): {detail}{outcome}"


def _finding_line(finding: dict[str, Any]) -> str:
    return f"  ! {finding['where']}: {finding['message']} {finding['next_step']}"


def _problem_line(problem: dict[str, Any]) -> str:
    where = problem["object"]
    return f"  ! {where['type']} {where['code']}: {problem['message']} {problem['next_step']}"


def report_words(report: dict[str, Any]) -> Iterator[str]:
    """Show a report to a person: state, counts, what isn't done and why."""
    yield f"Run {report['id']} for {report['config']}: {report['state']} ({report['requests']} requests to DHIS2)"
    yield from _counts(report)
    yield from map(_finding_line, report["findings"])
    undone = [change for change in report["changes"] if change["outcome"] != "done"]
    yield f"  done {len(report['changes']) - len(undone):,} of {len(report['changes']):,} changes"
    for change in undone[:_SHOWN]:
        error = change.get("error") or {}
        yield f"{_change_line(change)}\n      {error.get('message', '')} {error.get('next_step', '')}".rstrip()
    if len(undone) > _SHOWN:
        yield f"  … and {len(undone) - _SHOWN:,} more (--json shows all)"
    yield from _lines(report["problems"], "problems", _problem_line)
    if report["error"]:
        yield f"Stopped: {report['error']['message']} {report['error']['next_step']}"
