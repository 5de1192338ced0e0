"""Plans, reports and single objects of them in words, for a terminal."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from textwrap import indent
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 8
_EXAMPLES = 3


def plan_words(plan: dict[str, Any]) -> Iterator[str]:
    """Show a plan to a person: counts before lists, some examples, what stops it, how to go on."""
    what = f"undoes run {plan['undoes']}" if "undoes" in plan else f"as of {plan['as_of']}"
    yield f"Plan {plan['id']} for {plan['config']} {what}; DHIS2 {plan['dhis2']['version']}"
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
    elif "undoes" in plan:
        yield "Nothing to put back."
    elif plan["findings"]:
        yield "Nothing to do beside what is named above."
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
    """Show a report to a person: state, counts, what isn't done and why; a plan that waits, as a plan."""
    if report["state"] == "new":
        yield from plan_words(report)
        yield from _stopped(report)
        return
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
    if report["planned_again"]:
        yield _again_line(report["planned_again"])
    yield from map(_notice_line, report["notices"])
    yield from _stopped(report)


def _stopped(report: dict[str, Any]) -> Iterator[str]:
    if report["error"]:
        yield f"Stopped: {report['error']['message']} {report['error']['next_step']}"


_HOW_FAR = {
    "new": "waiting for review: cgr sync report {run}",
    "queued": "when a worker comes to it: cgr sync follow {run}",
    "running": "by a worker just now: cgr sync follow {run}",
    "failure": "which had to stop: cgr sync report {run}",
}


def _again_line(again: dict[str, Any]) -> str:
    what = f"  {again['objects']:,} left alone because they, or what they need, changed meanwhile; "
    if again["run"] is None:
        return f"{what}the next run on schedule takes them"
    how_far = _HOW_FAR.get(again["state"], "{state}").format(**again)
    return f"{what}planned again: run {again['run']}, {how_far}"


def look_words(report: dict[str, Any]) -> Iterator[str]:
    """Show how a look for drift went; what it found is shown where it is looked for."""
    counts = ", ".join(f"{number:,} {name}" for name, number in report["counts"].items())
    yield f"Look for drift {report['id']} for {report['config']}: {report['state']}{counts and f' ({counts})'}"
    if any(report["counts"].get(kind) for kind in ("changed", "deleted")):
        yield f"See what isn't as agreed: cgr sync drift {report['config']}"
    yield from _stopped(report)


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
