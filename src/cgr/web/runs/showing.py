"""What the page of a run shows, put together from what the rooms know: few questions, whatever the size of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.utils.translation import pgettext
from msgspec import Struct

from cgr.accounts.policy import Permission, may
from cgr.core.run_choices import Choice, RunFacts, choices
from cgr.core.run_steps import steps
from cgr.imports.actions import LevelCounts as ImportLevel
from cgr.registry.queries import type_labels
from cgr.runs import queries
from cgr.runs.causes import causes_of, notes_of
from cgr.runs.evidence import refused_on_validation
from cgr.runs.items import outcome_counts
from cgr.runs.ownership import is_abandoned
from cgr.runs.progress import progress_json
from cgr.runs.selection import page_of
from cgr.sync.configs import configs
from cgr.web.runs.files import MOST_PLACES, too_large_for_xlsx
from cgr.web.runs.finding import Asked, place_of
from cgr.web.runs.lines import called_of, lines_shown
from cgr.web.runs.words import (
    ACTIVITIES,
    GUARDS,
    KINDS,
    NOTES,
    OUTCOMES,
    STEP_STATES,
    STEPS,
    duration,
    guard_words,
    percent,
    problem_words,
    size_words,
)
from cgr.web.words import COUNTS, RUN_KINDS, RUN_STATES, counts_in_words, in_reader_language, other_side

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.runs.causes import Cause
    from cgr.runs.models import Run

_ON_A_PAGE = 50


def is_under_way(run: Run) -> bool:
    """Say whether the page of a run changes by itself."""
    return run.state in {run.State.QUEUED, run.State.RUNNING} or (
        run.state == run.State.CANCELLED and run.ended is None and not is_abandoned(run)
    )


class Page(Struct, frozen=True, kw_only=True):
    """All of the page but its form; `guards`: what each says, and its code."""

    head: dict[str, Any]
    body: dict[str, Any]
    guards: list[tuple[str, str]]

    def context(self) -> dict[str, Any]:
        """Give it to a template."""
        return {**self.head, **self.body}


def page_of_run(actor: Actor, run: Run, asked: Asked) -> Page:
    """Gather the page of a run for somebody."""
    config = configs(actor).filter(code=run.config).first() if run.config else None
    system = other_side(run)
    outcomes = outcome_counts(run.pk) if run.started is not None else {}
    choices_here = _offered(actor, run, outcomes, configured=config is not None)
    levels = run.summary.get("levels", [])
    changed, created = (sum(level.get(name, 0) for level in levels) for name in ("units", "create"))
    called = _types(run)
    head = {
        **progress_of(run, outcomes),
        "asked": asked,
        "title": in_reader_language(config.label) if config is not None else run.config or system,
        "config": config,
        "system": system,
        "manages_system": run.system is not None
        and may(actor, Permission.MANAGE_SYSTEMS, organization=run.system.organization.code),
        "is_import": run.kind == run.Kind.IMPORT,
        "is_look": run.kind == run.Kind.DRIFT,
        "counts_found": counts_in_words(run.summary.get("counts", {})) if run.kind == run.Kind.DRIFT else [],
        "digest": run.digest.removeprefix("sha256:"),
        "undoes": run.summary.get("undoes") or run.request.get("undoes"),
        **_only(run),
        "again": _again(run),
        "choices": {choice.value for choice in choices_here},
        "apply_words": size_words(changed=changed, created=created, system=system),
        "left": _left(run, outcomes),
        "findings": run.summary.get("findings", []),
        "consents": [{**one, "words": GUARDS.get(one["guard"], one["guard"])} for one in run.consents],
        "notices": run.notices,
    }
    is_sync = run.kind == run.Kind.SYNC
    body = _plan(run, asked, called) if is_sync and run.digest else {}
    if run.kind == run.Kind.IMPORT:
        body = _import(run, called)
    guards = [(guard_words(guard), guard["code"]) for guard in run.summary.get("guards", [])]
    waits = run.state == run.State.NEW
    return Page(head=head, body={**body, "waits": waits}, guards=guards if waits else [])


def _only(run: Run) -> dict[str, object]:
    """Give the run that a plan is limited to, and whether to what that one left alone as changed."""
    what, _, number = str(run.summary.get("only") or run.request.get("only") or "").partition(":")
    return {"only": number, "only_skipped": what == "skipped-of"}


def _again(run: Run) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = run.summary.get("planned_again")
    again = queries.planned_again(run)
    return kept and {**kept, "state": state_words(again) if again else None}


def progress_of(run: Run, outcomes: dict[str, int] | None = None) -> dict[str, Any]:
    """Give what of the page changes by itself: state, steps, counts, and how far the present step is."""
    under_way = is_under_way(run)
    if outcomes is None:
        outcomes = outcome_counts(run.pk) if run.started is not None else {}
    told = progress_json(run)
    now: dict[str, Any] = (told or {}) if under_way and run.state != run.State.QUEUED else {}
    planned = bool(run.digest)
    last: dict[str, Any] = told or {}
    line = steps(
        kind=run.kind,
        state=run.state,
        planned=planned,
        step=last.get("step", ""),
        past=last.get("steps_done", ()),
    )
    sign, word = state_words(run)
    return {
        "run": run,
        "under_way": under_way,
        "sign": sign,
        "state": word,
        "kind": RUN_KINDS[run.kind],
        "steps": [(STEPS[step.name], step.state, *STEP_STATES[step.state]) for step in line],
        "activity": ACTIVITIES.get(now.get("step", ""), ""),
        "now": _speed(now) if now else None,
        "outcomes": [(OUTCOMES[name], number) for name, number in _told(outcomes, run)],
        "ahead": queries.waiting_for([run]).get(run.pk),
        "silent": run.state == run.State.RUNNING and is_abandoned(run),
    }


def state_words(run: Run) -> tuple[str, str]:
    """Say a state with its sign; a stored plan waits for somebody, which "new" doesn't say."""
    if run.state == run.State.NEW:
        return "○", pgettext("state of a run", "to be reviewed")
    if run.state == run.State.RUNNING and not run.digest and run.kind == run.Kind.SYNC:
        return "▶", pgettext("state of a run", "planning")
    sign, word = RUN_STATES[run.state]
    return sign, str(word)


def _speed(now: dict[str, Any]) -> dict[str, Any]:
    total, left = now["total"], now["left_s"]
    return {
        "done": now["done"],
        "total": total,
        "per_second": now["per_second"],
        "left": duration(left) if left is not None and total else "",
        "waiting": percent(round(now["waiting_share"], 2)),
    }


def _told(outcomes: dict[str, int], run: Run) -> list[tuple[str, int]]:
    """Give outcomes in their order; what an ended run never came to was skipped. An import is done whole or not."""
    if run.kind != run.Kind.SYNC:
        return []
    found = dict(outcomes)
    rest = found.pop("", 0)
    if rest and (run.ended is not None or run.state == run.State.CANCELLED):
        found["skipped"] = found.get("skipped", 0) + rest
    return [(name, found[name]) for name in OUTCOMES if found.get(name)]


def _left(run: Run, outcomes: dict[str, int]) -> int:
    undone = sum(number for outcome, number in outcomes.items() if outcome != "done")
    problems: int = run.summary["counts"].get("problem", 0) if run.kind == run.Kind.SYNC else 0
    return undone + problems


def _planned_meanwhile(run: Run) -> int:
    """Count the objects that another plan, which waits or is being made, takes up already."""
    again = queries.planned_again(run)
    waits = again is not None and again.state in {again.State.NEW, again.State.QUEUED, again.State.RUNNING}
    return run.summary["planned_again"]["objects"] if waits else 0


def offered(actor: Actor, run: Run) -> frozenset[Choice]:
    """Give what somebody can do with a run now."""
    outcomes = outcome_counts(run.pk) if run.started is not None else {}
    return _offered(actor, run, outcomes, configured=configs(actor).filter(code=run.config).exists())


def _offered(actor: Actor, run: Run, outcomes: dict[str, int], *, configured: bool) -> frozenset[Choice]:
    levels = run.summary.get("levels", [])
    may_run = may(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    is_sync = run.kind == run.Kind.SYNC
    facts = RunFacts(
        kind=run.kind,
        state=run.state,
        planned=is_sync and bool(run.digest),
        by_worker=bool(run.goal),
        abandoned=run.state == run.State.RUNNING and is_abandoned(run),
        repeatable=bool(run.request) or run.kind == run.Kind.DRIFT,
        changes=sum(level.get("units", 0) + level.get("create", 0) for level in levels) if is_sync else 0,
        applied=run.started is not None and bool(run.digest),
        left=_left(run, outcomes) - _planned_meanwhile(run),
        undoes="undoes" in run.summary,
        configured=configured,
    )
    found = choices(facts)
    return found if may_run else found & {Choice.DOWNLOAD}


def _types(run: Run) -> dict[str, str]:
    levels = run.settings.get("levels", [])
    # An import's settings give each level of DHIS2 its type, a synchronization's are a list of mappings.
    codes = [*levels.values()] if isinstance(levels, dict) else [level["type"] for level in levels if "type" in level]
    return {code: in_reader_language(label) for code, label in type_labels(codes).items()} if codes else {}


def _plan(run: Run, asked: Asked, called: dict[str, str]) -> dict[str, Any]:
    found = page_of(run, asked.which, after=asked.after, most=_ON_A_PAGE + 1) if asked.view == "table" else []
    shown = found[:_ON_A_PAGE]
    more = len(found) > _ON_A_PAGE
    lines = lines_shown(run, shown)
    for one in lines:
        one["type_label"] = called.get(one["type"], one["type"])
    left_out = asked.view == "map" and len(page_of(run, asked.which, most=MOST_PLACES + 1)) > MOST_PLACES
    causes = causes_of(run)
    counts = run.summary["counts"]
    return {
        "levels": [_level(level, called) for level in run.summary.get("levels", [])],
        "columns": [COUNTS[name] for name in _COLUMNS],
        "totals": [(name, counts.get(name, 0)) for name in _COLUMNS],
        "lines": lines,
        "next": asked.address(after=place_of(shown[-1])) if more and shown else "",
        "most_places": MOST_PLACES if left_out else 0,
        "causes": _causes(run, called, causes),
        "notes": [_note(note, called) for note in notes_of(run)],
        "level_choices": [
            (level["level"], called.get(level["type"], level["type"])) for level in run.summary.get("levels", [])
        ],
        "kind_choices": [(kind, sign, word) for kind, (_, sign, word) in KINDS.items()],
        "problem_choices": [
            (code, problem_words(code)[0]) for code in sorted({cause.code for cause in causes if cause.code})
        ],
        "outcome_choices": [(name, sign, word) for name, (_, sign, word) in OUTCOMES.items()] if run.started else [],
        "xlsx_too_large": too_large_for_xlsx(run),
        "validated": _validated(run),
    }


_COLUMNS = ("create", "update", "move", "group", "unchanged", "problem")


def _level(level: dict[str, Any], called: dict[str, str]) -> dict[str, Any]:
    return {
        "number": level["level"],
        "label": called.get(level["type"], level["type"]),
        "counts": [(name, level.get(name)) for name in _COLUMNS],
    }


def _validated(run: Run) -> dict[str, int]:
    """Count what DHIS2 said when it was sent the changes to validate: what it refused is no change any more."""
    accepted = sum(level["units"] + level["create"] for level in run.summary.get("levels", []))
    return {"accepted": accepted, "refused": refused_on_validation(run.pk)}


def _causes(run: Run, called: dict[str, str], found: list[Cause]) -> list[dict[str, Any]]:
    names = called_of(run, (one.key for cause in found for one in cause.objects))
    return [_cause(cause, called, names) for cause in found]


def _cause(cause: Cause, called: dict[str, str], names: dict[int, str]) -> dict[str, Any]:
    means, todo = problem_words(cause.code)
    return {
        "code": cause.code,
        "means": means,
        "todo": todo,
        "number": cause.number,
        "property": cause.property,
        "dhis2_code": cause.dhis2_code,
        "more": cause.number - len(cause.objects),
        "objects": [
            {"line": one.line, "type": called.get(one.type, one.type), "code": one.code, "name": names.get(one.key, "")}
            for one in cause.objects
        ],
        "message": cause.objects[0].message,
    }


def _note(note: Cause, called: dict[str, str]) -> dict[str, Any]:
    return {
        "means": str(NOTES.get(note.code, note.code)),
        "number": note.number,
        "more": note.number - len(note.objects),
        "objects": [
            {"type": called.get(one.type, one.type), "code": one.code, "message": one.message} for one in note.objects
        ],
    }


def _import(run: Run, called: dict[str, str]) -> dict[str, Any]:
    counts = run.summary.get("counts", {})
    levels = [msgspec.convert(level, ImportLevel) for level in run.summary.get("levels", [])]
    return {
        "import_counts": [(COUNTS.get(name, name), number) for name, number in counts.items()],
        "import_levels": [
            {
                "number": level.level,
                "label": called.get(level.type or "", level.type or ""),
                "counts": [level.counts.get(name, 0) for name in counts],
            }
            for level in levels
        ],
        "causes": _causes(run, called, causes_of(run)),
    }
