"""Units that an import couldn't decide on are answered by people, one by one (R3.2): kept with who and when.

"Existing" gives the object the unit's id at once, so that every later import finds it by that; where objects of other
types have the id wrongly, it is taken from them. "New" and "under" count for all later imports of the system, because
they say something about the place. "Skip" counts for the run and what continues it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require, unknown
from cgr.audit.actions import record
from cgr.core.drafts import ObjectDraft
from cgr.core.errors import BadInput, NotAllowed
from cgr.core.importing import LASTING, Answer, Decision, Trouble
from cgr.imports.models import Answer as Row
from cgr.registry import queries as registry
from cgr.registry.actions import write_objects
from cgr.registry.locking import lock_registry
from cgr.runs.items import Line, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run
    from cgr.systems.models import ExternalSystem

_CODE_TAKEN = "code-taken"
_PARENT_MISSING = "parent-missing"
_HELD_WRONGLY = frozenset({"type-mismatch", "duplicate-external-id"})


def answers_for(system: ExternalSystem, run: Run | None) -> dict[str, Answer]:
    """Give what counts when units of a system are imported: id of a unit → answer. For the import's own use."""
    found = {}
    for row in Row.objects.filter(run__system=system, decision__in=LASTING).order_by("at", "pk"):
        found[row.item] = Answer(Decision(row.decision), row.code)
    if run is not None:
        for row in Row.objects.filter(run=run).exclude(decision=Decision.EXISTING):
            found[row.item] = Answer(Decision(row.decision), row.code)
    return found


def is_answerable(run: Run) -> bool:
    """Say whether it has come so far that its units can be answered: it is a preview, or has ended well."""
    return run.state in {run.State.NEW, run.State.SUCCESS, run.State.WARNING}


def count_answers(run: Run) -> int:
    """Count the items of a run that were answered."""
    return Row.objects.filter(run=run).count()


def answers_of(run: Run, items: Sequence[str] | None = None) -> dict[str, Row]:
    """Give the answers to items of a run that the actor was given already: item → answer, who and when."""
    rows = Row.objects.filter(run=run)
    return {row.item: row for row in (rows if items is None else rows.filter(item__in=items))}


def carry_over(before: Run, after: Run) -> None:
    """Let the answers of a run count for the one that continues it."""
    Row.objects.bulk_create(
        Row(run=after, item=row.item, decision=row.decision, code=row.code, by=row.by, at=row.at)
        for row in Row.objects.filter(run=before)
    )


@transaction.atomic
def resolve(actor: Actor, run: Run, *, item: str, answer: Answer) -> Row:
    """Answer one item of an import that was previewed or has ended; BadInput when the answer can't hold."""
    require_answerable(actor, run)
    lock_registry()
    line = _line(run, item)
    if answer.decision is Decision.EXISTING:
        _free_from_wrong_holders(actor, run, line, answer.code)
        link(actor, run, [(line, answer.code)])
    elif answer.decision is Decision.UNDER:
        _require_place(run, line, answer.code)
    elif answer.decision is Decision.NEW:
        _require_creatable(run, line, answer.code)
    return keep(actor, run, {item: answer})[0]


@transaction.atomic
def withdraw(actor: Actor, run: Run, *, item: str) -> None:
    """Take an answer back; an object that got the unit's id by it loses it again."""
    require_answerable(actor, run)
    lock_registry()
    row = Row.objects.filter(run=run, item=item).first()
    if row is None:
        raise _unknown_item(run, item)
    if row.decision == Decision.EXISTING:
        system = run.dhis2.code
        type_code = _type_of(run, _line(run, item))
        if registry.id_holders(system, [item]).get(item) == (type_code, row.code):
            draft = ObjectDraft(type=type_code, code=row.code, line=1, external_ids={system: None})
            write_objects(actor, [draft], source=f"import {run.pk}")
    _log(actor, run, item, before=row, after=None)
    row.delete()


def link(actor: Actor, run: Run, pairs: Iterable[tuple[Line, str]]) -> None:
    """Give objects, named by their codes, the ids of units; all or none. BadInput naming the first that can't be.

    The caller holds the registry's lock in a transaction.
    """
    wanted = [(line, _type_of(run, line), code) for line, code in pairs]
    system = run.dhis2.code
    holders = registry.id_holders(system, [line.uid for line, _, _ in wanted])
    keys = _keys((type_code, code) for _, type_code, code in wanted)
    held = registry.ids_of(system, keys.values())
    drafts = []
    for number, (line, type_code, code) in enumerate(wanted, start=1):
        if (type_code, code) not in keys:
            raise unknown(type_code, code)
        holder = holders.get(line.uid)
        if holder == (type_code, code):
            continue
        if holder is not None:
            raise _refused(
                f'The unit {line.uid} is {holder[0]} "{holder[1]}" in the registry already.',
                "Take the external id from that object first, if it is wrong there.",
            )
        if (other := held.get(keys[type_code, code])) is not None:
            raise _refused(
                f'{type_code} "{code}" has another id in "{system}" already: {other}.',
                "Choose another object, or take that id from it first, if it is wrong there.",
            )
        drafts.append(ObjectDraft(type=type_code, code=code, line=number, external_ids={system: line.uid}))
    if drafts:
        write_objects(actor, drafts, source=f"import {run.pk}")


def _free_from_wrong_holders(actor: Actor, run: Run, line: Line, code: str) -> None:
    """Take the id of a unit from all objects but the one that it is, where that is what the trouble was about."""
    trouble = _trouble(run, line)
    if trouble is None or trouble.code not in _HELD_WRONGLY:
        return
    right = (_type_of(run, line), code)
    if not registry.keys_by_code(right[0], [code]):
        raise unknown(*right)
    system = run.dhis2.code
    drafts = [
        ObjectDraft(type=holder[0], code=holder[1], line=number, external_ids={system: None})
        for number, holder in enumerate(registry.holders_of_id(system, line.uid), start=1)
        if holder != right
    ]
    if drafts:
        write_objects(actor, drafts, source=f"import {run.pk}")


def parent_type_of(run: Run, level: int) -> str | None:
    """Give the type of the objects that those of a level are in, by the hierarchy of the import.

    None at the top, and where the hierarchy is gone since: a run is shown for longer than its hierarchy lasts.
    """
    type_code = run.settings.get("levels", {}).get(str(level))
    try:
        shape = registry.type_shapes(run.settings.get("hierarchy", "")).get(type_code or "")
    except NotAllowed:
        return None
    return shape.parent if shape is not None else None


def _require_place(run: Run, line: Line, code: str) -> None:
    """Refuse an object to put a unit into that isn't there, or a unit that has its own place."""
    trouble = _trouble(run, line)
    type_code = parent_type_of(run, line.level)
    if trouble is None or trouble.code != _PARENT_MISSING or type_code is None:
        raise _refused(
            f"The unit {line.uid} doesn't wait for a parent that could be chosen.",
            "Choose a parent for units whose problem is parent-missing and that stand on a level of the import.",
        )
    if not registry.keys_by_code(type_code, [code]):
        raise unknown(type_code, code)


def _trouble(run: Run, line: Line) -> Trouble | None:
    found = read_lines(run.pk, "problem", uids=[line.uid], limit=1)
    return msgspec.json.decode(found[0].body, type=Trouble) if found else None


def keep(actor: Actor, run: Run, answers: Mapping[str, Answer]) -> list[Row]:
    """Write answers down, in place of former ones to the same items."""
    former = answers_of(run, list(answers))
    now = timezone.now()
    rows = [
        Row(run=run, item=item, decision=answer.decision, code=answer.code, by=actor.name, at=now)
        for item, answer in answers.items()
    ]
    Row.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["run", "item"], update_fields=["decision", "code", "by", "at"]
    )
    for row in rows:
        _log(actor, run, row.item, before=former.get(row.item), after=row)
    return rows


def require_answerable(actor: Actor, run: Run) -> None:
    """Refuse who may not run imports there, and BadInput for a run about whose units nothing can be said now."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    if run.is_of_file:
        raise BadInput(
            f"Run {run.pk} imports a file: its rows are corrected there.",
            code="run-not-answerable",
            next_step=f"Get the rows with: cgr import report {run.pk} --rejected -o FILE.csv",
        )
    if not is_answerable(run):
        raise BadInput(
            f"Run {run.pk} is {run.state}: its units can't be answered in this state.",
            code="run-not-answerable",
            next_step="Answer when it is a preview or has ended.",
        )


def _line(run: Run, item: str) -> Line:
    for category in ("problem", "suggestion", "change"):
        for line in read_lines(run.pk, category, uids=[item], limit=1):
            if category != "change" or "new" in line.kinds or "skipped" in line.kinds:
                return line
    raise _unknown_item(run, item)


def _unknown_item(run: Run, item: str) -> BadInput:
    return BadInput(
        f'There is nothing to answer about "{item}" in run {run.pk}.',
        code="import-item-unknown",
        next_step=f"Take the id from the problems that cgr import report {run.pk} lists.",
    )


def _type_of(run: Run, line: Line) -> str:
    types: dict[str, str] = run.settings.get("levels", {})
    type_code = types.get(str(line.level))
    if type_code is None:
        raise _refused(
            f"The unit {line.uid} has no place in DHIS2's tree, so it can't be an object of a type.",
            "Give it its place in DHIS2 and import again, or skip it.",
        )
    return type_code


def _keys(objects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    codes: dict[str, list[str]] = {}
    for type_code, code in objects:
        codes.setdefault(type_code, []).append(code)
    return {
        (type_code, code): key
        for type_code, of_type in codes.items()
        for code, key in registry.keys_by_code(type_code, of_type).items()
    }


def _require_creatable(run: Run, line: Line, code: str) -> None:
    type_code = _type_of(run, line)
    if holder := registry.id_holders(run.dhis2.code, [line.uid]).get(line.uid):
        raise _refused(
            f'The unit {line.uid} is {holder[0]} "{holder[1]}" in the registry already.',
            "Skip it, or correct what stands against it in DHIS2 or in the registry.",
        )
    trouble = _trouble(run, line)
    if trouble is not None and trouble.code != _CODE_TAKEN:
        raise _refused(f"The unit {line.uid} can't be made new. {trouble.message}", trouble.next_step)
    if code and registry.keys_by_code(type_code, [code]):
        raise _refused(f'There is a {type_code} "{code}" already.', "Give another code.")


def _refused(message: str, next_step: str) -> BadInput:
    return BadInput(message, code="import-answer", next_step=next_step)


def _log(actor: Actor, run: Run, item: str, *, before: Row | None, after: Row | None) -> None:
    record(
        actor,
        "answer" if after is not None else "withdraw",
        kind="import item",
        subject=f"{run.pk}/{item}",
        organization=run.organization.code,
        before=None if before is None else _told(before),
        after=None if after is None else _told(after),
    )


def _told(row: Row) -> dict[str, object]:
    return {"as": f"{row.decision}:{row.code}" if row.code else str(row.decision)}
