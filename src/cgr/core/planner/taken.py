"""Codes and unique attribute values that only one unit may have (E5003, E4009; verified fact R9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.changes import ProblemCode
from cgr.core.planner import wording
from cgr.core.texts import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cgr.core.planner.drafts import Draft, Survey
    from cgr.core.planner.theirs import Theirs
    from cgr.core.records import TheirUnit


def report_taken(survey: Survey, theirs: Theirs) -> None:
    """Stop objects that want a code or a unique value of another unit, or the same one as another object."""
    drafts = survey.drafts.values()
    _report(drafts, theirs, key="code", what="code", code=ProblemCode.CODE_TAKEN, read=lambda unit: unit.code)
    unique = {uid for draft in drafts for uid in draft.rules.unique if f"attribute:{uid}" in draft.fields}
    for uid in sorted(unique):
        _report(
            drafts,
            theirs,
            key=f"attribute:{uid}",
            what=f"The value of {_name(uid, drafts)},",
            code=ProblemCode.UNIQUE_VALUE_TAKEN,
            read=_reader(uid),
        )


def _reader(uid: str) -> Callable[[TheirUnit], str | None]:
    return lambda unit: (unit.attribute_values or {}).get(uid)


def _name(uid: str, drafts: Iterable[Draft]) -> str:
    return next(rule.target.name for draft in drafts for rule in draft.rules.attributes if rule.target.id == uid)


def _report(
    drafts: Iterable[Draft],
    theirs: Theirs,
    *,
    key: str,
    what: str,
    code: ProblemCode,
    read: Callable[[TheirUnit], str | None],
) -> None:
    wanted: dict[str, list[Draft]] = {}
    giving_up: dict[str, str | None] = {}
    for draft in drafts:
        if key not in draft.fields:
            continue
        after = draft.fields[key].after
        value = normal(after) if isinstance(after, str) else None
        if draft.unit is not None:
            giving_up[draft.uid] = value
        if value is not None:
            wanted.setdefault(value, []).append(draft)
    if not wanted:
        return
    holders = _holders(wanted, theirs, read)
    for value, wanting in wanted.items():
        for draft in wanting:
            holder = next((uid for uid in holders.get(value, ()) if uid != draft.uid), None)
            if holder is not None:
                swap = _leads_back(holder, draft.uid, giving_up, holders)
                issue = wording.taken(code, what, value, holder, hand_over=holder in giving_up, swap=swap)
                draft.issues.append(issue)
            elif len(wanting) > 1:
                others = [other.object for other in wanting if other is not draft]
                draft.issues.append(wording.wanted_twice(code, what, value, others))


def _holders(
    wanted: dict[str, list[Draft]], theirs: Theirs, read: Callable[[TheirUnit], str | None]
) -> dict[str, list[str]]:
    holders: dict[str, list[str]] = {}
    for unit in theirs.units.values():
        value = read(unit)
        if value is not None:
            value = normal(value)
            if value in wanted:
                holders.setdefault(value, []).append(unit.uid)
    return {value: sorted(units) for value, units in holders.items()}


def _leads_back(holder: str, uid: str, giving_up: dict[str, str | None], holders: dict[str, list[str]]) -> bool:
    """Say whether the value that the holder wants instead is, through however many units, the one this unit holds."""
    seen: set[str] = set()
    node: str | None = holder
    while node is not None and node not in seen:
        if node == uid:
            return True
        seen.add(node)
        value = giving_up.get(node)
        node = next((other for other in holders.get(value, ()) if other != node), None) if value is not None else None
    return False
