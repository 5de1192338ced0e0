"""`cgr sync …`: check, plan, review, apply, report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cgr.cli.background import Background, Follow, follow, raise_what_stopped, show_queued
from cgr.cli.downloads import FormatOption, Output, check_format, write_file
from cgr.cli.instance import open_instance
from cgr.cli.output import Json, read_date, show
from cgr.cli.progress import progress
from cgr.cli.sync_words import look_words, object_words, plan_words, report_words
from cgr.core.mapping_rules import findings_json
from cgr.core.progress import Together
from cgr.core.streamed_json import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run
    from cgr.runs.selection import Which

app = typer.Typer(help="Synchronization: plan, review, apply, report.", no_args_is_help=True, rich_markup_mode=None)

Config = Annotated[str, typer.Argument(help="Code of the synchronization configuration.")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="Id of the plan or run.")]
AsOf = Annotated[str, typer.Option("--as-of", help="The day whose state is sent, yyyy-MM-dd; default today.")]
Consent = Annotated[list[str] | None, typer.Option("--consent", help="Lift this guard; can be repeated.")]
Why = Annotated[str, typer.Option("--why", help="Why the guards are lifted; kept with the run.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask; never consents to a guard.")]

_SOME_FAILED = 1


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="sync")


@app.command("check")
def check(config: Config, *, as_json: Json = False) -> int:
    """Hold a configuration against the live DHIS2."""
    actor = open_instance()
    from cgr.sync import actions  # noqa: PLC0415 - needs Django set up

    findings = actions.check(actor, config)
    document = findings_json(findings)
    words = [f"{finding.severity}: {finding.message} {finding.next_step}" for finding in findings]
    show(document, words or ["Everything the configuration names is there."], as_json=as_json)
    return 0 if document["ok"] else _SOME_FAILED


@app.command("plan")
def plan(
    config: Config,
    *,
    as_of: AsOf = "",
    only: Annotated[
        str,
        typer.Option("--only", help="failed-of:RUN: only what that run didn't do; skipped-of:RUN: only what changed."),
    ] = "",
    background: Background = False,
    watch: Follow = False,
    form: FormatOption = None,
    output: Output = None,
    as_json: Json = False,
) -> int:
    """Say exactly what would change in DHIS2, and store it as a plan to be applied."""
    check_format(form, output)
    actor = open_instance()
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
    background: Background = False,
    watch: Follow = False,
    as_json: Json = False,
) -> int:
    """Apply a reviewed plan."""
    actor = open_instance()
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
    _plan_changed_again(run)
    return _show_report(run, as_json=as_json)


def _plan_changed_again(run: Run) -> None:
    """Plan what had changed meanwhile here and now: there may be no worker."""
    from cgr.runs.queries import planned_again  # noqa: PLC0415 - needs Django set up
    from cgr.sync.background import do_here  # noqa: PLC0415 - as above

    again = planned_again(run)
    if again is not None and again.state == again.State.QUEUED:
        with progress() as bars:
            do_here(again, watcher=bars)


def _hand_over(run: Run, *, watch: bool, as_json: bool) -> int:
    return _show_report(follow(run), as_json=as_json) if watch else _queued(run, as_json=as_json)


def _queued(run: Run, *, as_json: bool) -> int:
    show_queued(run, as_json=as_json)
    return 0


def _confirm(run: Run, *, yes: bool) -> None:
    if yes or not sys.stdin.isatty():
        return
    counts = run.summary.get("counts", {})
    typer.confirm(
        f"Update {counts.get('update', 0)}, move {counts.get('move', 0)} and create {counts.get('create', 0)} "
        f"organisation units in {run.dhis2.code}?",
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
    actor = open_instance()
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
    actor = open_instance()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up

    found = Lines(lambda: queries.stream_json(queries.runs(actor, config=config)))
    show({"runs": found}, _run_lines(found), as_json=as_json)


def _run_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        what = row["config"] or row["system"] or "a file"
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
    actor = open_instance()
    from cgr.runs import queries, selection  # noqa: PLC0415 - needs Django set up

    asked = selection.which(
        outcomes=_words_of(outcome), codes=_words_of(code), levels=level or (), kinds=_words_of(kind), object=one
    )
    of_a_plan = form or output or asked != selection.ALL
    run = queries.sync_run(actor, run_id) if of_a_plan else queries.sync_or_look(actor, run_id)
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
    actor = open_instance()
    from cgr.runs.evidence import forget_old_evidence  # noqa: PLC0415 - needs Django set up

    forgotten = forget_old_evidence(actor, days=older_than)
    words = f"What was sent and answered is removed for {forgotten:,} refused objects."
    show({"forgotten": forgotten}, [words], as_json=as_json)


@app.command("cancel")
def cancel(run_id: RunId, *, as_json: Json = False) -> None:
    """Stop a run: at once if nothing was sent, else after the batch in flight."""
    actor = open_instance()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up
    from cgr.sync import actions  # noqa: PLC0415 - as above

    run = actions.cancel(actor, queries.sync_or_look(actor, run_id))
    show({"id": str(run.pk), "state": run.state}, [f"Run {run.pk} is cancelled."], as_json=as_json)


@app.command("resume")
def resume(run_id: RunId, *, background: Background = False, watch: Follow = False, as_json: Json = False) -> int:
    """Go on with a run whose process died or that had to stop."""
    actor = open_instance()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up
    from cgr.sync import actions  # noqa: PLC0415 - as above
    from cgr.sync.background import do_here, queue_resume  # noqa: PLC0415 - as above

    run = queries.sync_or_look(actor, run_id)
    if background or watch:
        return _hand_over(queue_resume(actor, run), watch=watch, as_json=as_json)
    if not run.digest:  # it had to stop before there was a plan, or has none: it begins again
        queue_resume(actor, run)
        with progress() as bars:
            here = do_here(run, watcher=bars)
        return _show_report(raise_what_stopped(run), as_json=as_json) if here else _queued(run, as_json=as_json)
    from cgr.runs.progress import recording  # noqa: PLC0415 - needs Django set up

    with progress() as bars, recording(run) as recorder:
        run = actions.resume(actor, run, progress=Together(bars, recorder))
    _plan_changed_again(run)
    return _show_report(run, as_json=as_json)


@app.command("follow")
def follow_run(run_id: RunId, *, as_json: Json = False) -> int:
    """Watch a run that the workers do until it ends; Ctrl-C ends the watching, not the run."""
    actor = open_instance()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up

    return _show_report(follow(queries.sync_or_look(actor, run_id)), as_json=as_json)


def _show_report(run: Run, *, as_json: bool, asked: Which | None = None) -> int:
    from cgr.sync import reports  # noqa: PLC0415 - needs Django set up

    if run.kind == run.Kind.DRIFT:
        document = reports.look_of(run)
        show(document, look_words(document), as_json=as_json)
        return 0 if run.error is None and run.state != run.State.WARNING else _SOME_FAILED
    document = reports.report_of(run, asked) if asked else reports.report_of(run)
    if asked and asked.object:
        words = object_words(document)
    elif run.state == run.State.NEW and "filter" not in document:
        words = plan_words(document)  # it waits to be applied: by which digest, and past which guards
    else:
        words = report_words(document)
    show(document, words, as_json=as_json)
    return 0 if reports.all_done(run) else _SOME_FAILED
