"""`cgr sync …`: check, plan, review, apply, report."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from textwrap import indent
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from cgr.cli.downloads import FormatOption, Output, check_format, write_file
from cgr.cli.output import Json, read_date, show
from cgr.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run
    from cgr.runs.selection import Which

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


def _start() -> Actor:
    from cgr.project import wiring  # noqa: PLC0415 - Django loads only for the commands that need it

    wiring.start()
    from cgr.accounts.actors import local_operator  # noqa: PLC0415 - needs Django set up

    return local_operator()


@app.command("check")
def check(config: Config, *, as_json: Json = False) -> int:
    """Hold a configuration against the live DHIS2."""
    actor = _start()
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
    form: FormatOption = None,
    output: Output = None,
    as_json: Json = False,
) -> int:
    """Say exactly what would change in DHIS2, and store it as a plan to be applied."""
    check_format(form, output)
    actor = _start()
    from cgr.sync import actions, reports  # noqa: PLC0415 - needs Django set up

    with progress() as bars:
        run = actions.plan(actor, config, as_of=read_date(as_of) if as_of else None, only=only, progress=bars)
    if form or output:
        return write_file(run, form=form, output=output, as_json=as_json)
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
    as_json: Json = False,
) -> int:
    """Apply a reviewed plan."""
    actor = _start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up
    from cgr.sync import actions  # noqa: PLC0415 - as above

    run = queries.sync_run(actor, run_id)
    _confirm(run, yes=yes)
    with progress() as bars:
        run = actions.apply(actor, run, digest=digest, consents=consent or [], why=why, progress=bars)
    return _show_report(run, as_json=as_json)


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
    as_json: Json = False,
) -> int:
    """Plan and apply in one go; guards stop it all the same."""
    actor = _start()
    from cgr.sync import actions  # noqa: PLC0415 - needs Django set up

    actions.check_consents(consent or [])
    with progress() as bars:
        run = actions.plan(actor, config, as_of=read_date(as_of) if as_of else None, progress=bars)
    _confirm(run, yes=yes)
    with progress() as bars:
        run = actions.apply(actor, run, digest=run.digest, consents=consent or [], why=why, progress=bars)
    return _show_report(run, as_json=as_json)


@app.command("runs")
def runs(
    config: Annotated[str | None, typer.Argument(help="Only those of this configuration.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List runs, newest first."""
    actor = _start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up

    document = queries.runs_json(queries.runs(actor, config=config))
    show(document, _run_lines(document["runs"]), as_json=as_json)


def _run_lines(rows: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    for row in rows:
        what = row["config"] or row["system"]
        yield f"{row['id']:>5}  {row['kind']:<6}  {row['state']:<9}  {what:<20}  {row['started'] or ''}"


@app.command("report")
def report(  # noqa: PLR0913 - each option narrows what is shown
    run_id: RunId,
    *,
    outcome: Annotated[str, typer.Option(help="Only changes with one of these outcomes, or problem.")] = "",
    code: Annotated[str, typer.Option(help="Only lines with one of these problem codes.")] = "",
    level: Annotated[list[int] | None, typer.Option(help="Only this level; can be repeated.")] = None,
    kind: Annotated[str, typer.Option(help="Only changes of one of these kinds.")] = "",
    one: Annotated[str, typer.Option("--object", help="TYPE:CODE: all that is known of one object.")] = "",
    form: FormatOption = None,
    output: Output = None,
    as_json: Json = False,
) -> int:
    """Show what a run did, object by object; or write it as a file."""
    actor = _start()
    from cgr.runs import queries, selection  # noqa: PLC0415 - needs Django set up

    run = queries.sync_run(actor, run_id)
    asked = selection.which(
        outcomes=_words_of(outcome), codes=_words_of(code), levels=level or (), kinds=_words_of(kind), object=one
    )
    if form or output:
        return write_file(run, asked, form=form, output=output, as_json=as_json)
    return _show_report(run, as_json=as_json, asked=asked)


def _words_of(text: str) -> list[str]:
    return [word for word in text.replace(",", " ").split() if word]


@app.command("forget")
def forget(
    *,
    older_than: Annotated[
        int | None, typer.Option(min=0, help="Days; default CGR_KEEP_EVIDENCE_DAYS.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Remove what was sent and answered long ago for refused objects; outcomes stay."""
    actor = _start()
    from cgr.runs.evidence import forget_old_evidence  # noqa: PLC0415 - needs Django set up

    forgotten = forget_old_evidence(actor, days=older_than)
    words = f"What was sent and answered is removed for {forgotten:,} refused objects."
    show({"forgotten": forgotten}, [words], as_json=as_json)


@app.command("cancel")
def cancel(run_id: RunId, *, as_json: Json = False) -> None:
    """Stop a run: at once if nothing was sent, else after the batch in flight."""
    actor = _start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up
    from cgr.sync import actions  # noqa: PLC0415 - as above

    run = actions.cancel(actor, queries.sync_run(actor, run_id))
    show({"id": str(run.pk), "state": run.state}, [f"Run {run.pk} is cancelled."], as_json=as_json)


@app.command("resume")
def resume(run_id: RunId, *, as_json: Json = False) -> int:
    """Go on with a run whose process died or that had to stop."""
    actor = _start()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up
    from cgr.sync import actions  # noqa: PLC0415 - as above

    with progress() as bars:
        run = actions.resume(actor, queries.sync_run(actor, run_id), progress=bars)
    return _show_report(run, as_json=as_json)


def _show_report(run: Run, *, as_json: bool, asked: Which | None = None) -> int:
    from cgr.sync import reports  # noqa: PLC0415 - needs Django set up

    document = reports.report_of(run, asked) if asked else reports.report_of(run)
    words = object_words if asked and asked.object else report_words
    show(document, words(document), as_json=as_json)
    return 0 if reports.all_done(run) else _SOME_FAILED


def plan_words(plan: dict[str, Any]) -> Iterator[str]:
    """Show a plan to a person: counts before lists, some examples, what stops it, how to go on."""
    yield f"Plan {plan['id']} for {plan['config']} as of {plan['as_of']}; DHIS2 {plan['dhis2']['version']}"
    seen = _walk_through(plan)
    yield from _counts(plan, seen)
    yield from _examples(seen)
    yield from map(_finding_line, plan["findings"])
    yield from _problems(seen)
    for guard in plan["guards"]:
        share, limit = f"{guard['value']:.0%}", f"{guard['limit']:.0%}"
        yield f"! Guard {guard['code']}: {share}, the limit is {limit} (--consent {guard['code']})"
    if seen.changes:
        yield f"Apply it: cgr sync apply {plan['id']} --digest {plan['digest']}"
    elif seen.problems:
        yield "Nothing can be sent before the problems are solved."
    else:
        yield "Nothing to do: DHIS2 agrees with the registry."


_COLUMNS = (("+ create", "create"), ("~ update", "update"), ("→ move", "move"), ("group", "group"))


@dataclass(slots=True)
class _Seen:
    """What of a document's lines is shown, gathered in one walk: they may be far too many to keep."""

    levels: dict[tuple[int, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    changes: int = 0
    problems: int = 0
    done: int = 0
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    undone: list[dict[str, Any]] = field(default_factory=list)
    first_problems: list[dict[str, Any]] = field(default_factory=list)


def _walk_through(plan: dict[str, Any]) -> _Seen:
    seen = _Seen()
    for change in plan["changes"]:
        seen.changes += 1
        seen.levels[change["level"], change["object"]["type"]].update(change["kinds"])
        same_kind = seen.examples[change["kinds"][0]]  # a change is shown once, under the first of its kinds
        if len(same_kind) < _EXAMPLES:
            same_kind.append(change)
        if change.get("outcome") == "done":
            seen.done += 1
        elif len(seen.undone) < _SHOWN:
            seen.undone.append(change)
    for problem in plan["problems"]:
        seen.problems += 1
        seen.levels[problem["level"], problem["object"]["type"]]["problem"] += 1
        if len(seen.first_problems) < _SHOWN:
            seen.first_problems.append(problem)
    return seen


def _counts(plan: dict[str, Any], seen: _Seen) -> Iterator[str]:
    """Give a table of kinds by level, then what isn't a change."""
    if seen.levels:
        yield "  level" + " " * 17 + "".join(f"{title:>10}" for title, _ in _COLUMNS) + f"{'! problem':>11}"
    for (level, name), kinds in sorted(seen.levels.items()):
        yield (
            f"  {level} {name:<20}"
            + "".join(f"{kinds[kind]:>10,}" for _, kind in _COLUMNS)
            + f"{kinds['problem']:>11,}"
        )
    counts = plan["counts"]
    rest = ("unchanged", "not_selected", "problem")
    yield "  in all: " + ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in rest)


def _examples(seen: _Seen) -> Iterator[str]:
    """Give a few changes of each kind."""
    shown = [change for _, kind in _COLUMNS for change in seen.examples[kind]]
    yield from map(_change_line, shown)
    if seen.changes > len(shown):
        yield f"  … and {seen.changes - len(shown):,} more changes (--json shows all)"


def _problems(seen: _Seen) -> Iterator[str]:
    yield from map(_problem_line, seen.first_problems)
    if seen.problems > len(seen.first_problems):
        yield f"  … and {seen.problems - len(seen.first_problems):,} more problems (--json shows all)"


def _change_line(change: dict[str, Any]) -> str:
    sign = "+" if "create" in change["kinds"] else "→" if "move" in change["kinds"] else "~"
    fields = "; ".join(f"{one['label']}: {one['words']}" for one in change["fields"].values())
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
    seen = _walk_through(report)
    yield from _counts(report, seen)
    yield from map(_finding_line, report["findings"])
    yield f"  done {seen.done:,} of {seen.changes:,} changes"
    for change in seen.undone:
        yield f"{_change_line(change)}\n{_error_line(change)}".rstrip()
    if seen.changes - seen.done > len(seen.undone):
        yield f"  … and {seen.changes - seen.done - len(seen.undone):,} more (--json shows all)"
    yield from _problems(seen)
    kept = report["evidence"]
    if kept["kept"] == kept["most"]:
        yield f"  What was sent and answered is kept for the first {kept['most']:,} refused objects of a run."
    yield from map(_notice_line, report["notices"])
    if report["error"]:
        yield f"Stopped: {report['error']['message']} {report['error']['next_step']}"


def _error_line(change: dict[str, Any]) -> str:
    error = change.get("error") or {}
    return f"      {error.get('message', '')} {error.get('next_step', '')}"


def _notice_line(notice: dict[str, Any]) -> str:
    return f"  notice by {notice['channel']} to {notice['to']}: {notice['message']} {notice['next_step']}".rstrip()


def object_words(report: dict[str, Any]) -> Iterator[str]:
    """Show all that a run knows of one object, with what was sent for it and what DHIS2 answered."""
    nothing = True
    for change in report["changes"]:
        nothing = False
        yield _change_line(change)
        yield f"      outcome: {change['outcome'] or 'not tried yet'}"
        yield from filter(str.strip, [_error_line(change)])
        yield from _exchange_lines(change)
    for problem in report["problems"]:
        nothing = False
        yield _problem_line(problem)
        yield from _exchange_lines(problem)
    if nothing:
        yield f"Run {report['id']} changes nothing of this object and has no problem with it."


def _exchange_lines(line: dict[str, Any]) -> Iterator[str]:
    for title in ("sent", "answer"):
        if title in line:
            yield f"      {title}:"
            yield indent(msgspec.json.format(bytes(line[title])).decode(), " " * 8)
