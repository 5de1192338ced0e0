"""Write drafts: compare each with what is stored and pass on the differences only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from cgr.audit import actions as audit
from cgr.core.draft_rules import CheckedDraft, checked
from cgr.core.drafts import ObjectDraft, Refusal
from cgr.core.errors import BadInput
from cgr.core.object_states import ObjectState, after
from cgr.registry.bulk import staging
from cgr.registry.bulk.existing import Stored, stored_by_code, stored_by_key
from cgr.registry.bulk.history import change, creation
from cgr.registry.bulk.rows import Rows, new_object, new_uids, now
from cgr.registry.bulk.settling import MOST_REFUSALS, count_revisions, refresh_statistics, settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cgr.accounts.actors import Actor
    from cgr.core.draft_rules import Definitions
    from cgr.registry.catalogue import Catalogue

CHUNK: Final = 1000
"""Drafts that are compared at a time: enough to make round trips cheap, few enough to keep memory flat."""

_WORTH_NEW_STATISTICS: Final = 1000


@dataclass(frozen=True, slots=True)
class Applied:
    """What a bulk write did. With `errors` nothing was written and the counts are 0."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: tuple[Refusal, ...] = ()


class BulkWriter:
    """One bulk write in the caller's transaction: `add` drafts, then `finish`; on refusals the caller rolls back."""

    def __init__(self, actor: Actor, catalogue: Catalogue) -> None:
        """Make room for differences; the caller holds the registry's lock since before the catalogue was read."""
        self._actor = actor
        self._catalogue = catalogue
        self._trusted = catalogue.definitions
        self._lines: dict[str, dict[str, int]] = {code: {} for code in catalogue.types}
        self._keys: set[int] = set()
        self._created = self._changed = self._unchanged = 0
        self._written: set[int] = set()
        self._refusals: list[Refusal] = []
        self._waiting: list[ObjectDraft] = []
        self._unsent: Rows | None = None
        self._now = now()
        staging.make_tables()

    @property
    def is_refused(self) -> bool:
        """Say that there are so many refusals already that reading on is no use."""
        return len(self._refusals) >= MOST_REFUSALS

    def add(self, draft: ObjectDraft) -> None:
        """Check one draft, unless it was checked against the same definitions, and write it with its chunk."""
        try:
            if not (isinstance(draft, CheckedDraft) and self._trusts(draft.definitions)):
                draft = checked(draft, self._catalogue.definitions)
            self._check_once(draft)
        except BadInput as problem:
            self.refuse(draft.line, problem.message)
            return
        self._waiting.append(draft)
        if len(self._waiting) >= CHUNK:
            self._write_waiting()

    def _trusts(self, definitions: Definitions) -> bool:
        """Say whether these are the definitions in force; they may have been read before the registry was locked."""
        if definitions is not self._trusted and definitions == self._catalogue.definitions:
            self._trusted = definitions
        return definitions is self._trusted

    def refuse(self, line: int, message: str) -> None:
        """Note why a draft, or a line that didn't become one, can't be written."""
        self._refusals.append(Refusal(line, message))

    def finish(self) -> Applied:
        """Write the rest, settle what depends on several objects, and give the counts or the refusals."""
        self._write_waiting()
        self._send()
        if not self._refusals:
            self._refusals += settle()
        if self._refusals:
            return Applied(errors=tuple(sorted(self._refusals)[:MOST_REFUSALS]))
        staging.drop_tables()
        count_revisions(sorted(self._written))
        if self._created + self._changed >= _WORTH_NEW_STATISTICS:
            refresh_statistics()
        return Applied(self._created, self._changed, self._unchanged)

    def _check_once(self, draft: ObjectDraft) -> None:
        lines = self._lines[draft.type]
        if draft.code in lines or draft.key in self._keys:
            raise BadInput(
                f'{draft.type} "{draft.code}" is already in line {lines.get(draft.code, 0)}',
                code="object-twice",
                next_step="Put all that is said about an object into one line.",
            )
        lines[draft.code] = draft.line
        if isinstance(draft.key, int):
            self._keys.add(draft.key)

    def _write_waiting(self) -> None:
        # The chunk before is sent now: what is made `ahead` has just been asked for, and is made meanwhile.
        self._send()
        drafts, self._waiting = self._waiting, []
        if self._refusals or not drafts:
            return
        rows = self._unsent = Rows()
        created: list[ObjectDraft] = []
        by_code = stored_by_code((self._catalogue.types[one.type], one.code) for one in drafts if one.key is UNSET)
        by_key = stored_by_key([one.key for one in drafts if isinstance(one.key, int)])
        taken = stored_by_code((self._catalogue.types[one.type], one.code) for one in drafts if one.key is None)
        for draft in drafts:
            if isinstance(draft.key, int):
                stored = by_key.get(draft.key)
                if stored is None or stored.state.type != draft.type:
                    self.refuse(draft.line, f"the {draft.type} to be changed is gone")
                    continue
            else:
                stored = by_code.get((draft.type, draft.code))
            if draft.key is None and (draft.type, draft.code) in taken:
                self.refuse(draft.line, f'there already is a {draft.type} with the code "{draft.code}"')
            elif stored is None:
                created.append(draft)
            else:
                self._change(rows, stored, draft)
        self._create(rows, created)

    def _send(self) -> None:
        rows, self._unsent = self._unsent, None
        if rows is not None and not self._refusals:
            rows.send()
            audit.record_many(self._actor, rows.entries)

    def _create(self, rows: Rows, drafts: Sequence[ObjectDraft]) -> None:
        count = len(drafts)
        for draft, key, uid in zip(drafts, staging.new_keys(count), new_uids(count), strict=True):
            state = after(None, draft)
            type_id = self._catalogue.types[state.type]
            self._written.add(type_id)
            rows.objects.append(new_object(key, uid, state, type_id=type_id, moment=self._now))
            rows.add_geometries(key, state)
            self._stage_parents(rows, key, draft.line, state, state.parents)
            self._stage_ids(rows, key, draft.line, state, state.external_ids)
            rows.entries.append(creation(state, organization=self._catalogue.organizations[state.type]))
        self._created += count

    def _change(self, rows: Rows, stored: Stored, draft: ObjectDraft) -> None:
        before, key = stored.state, stored.key
        state = after(before, draft, parent_keys=stored.parent_keys() if draft.parents else None)
        moved = {code for code in draft.parents if _edges(before, code) != _edges(state, code)}
        renumbered = {
            code for code in draft.external_ids if before.external_ids.get(code) != state.external_ids.get(code)
        }
        plain = _plain(before) != _plain(state)
        redrawn = before.geometry != state.geometry
        if not (plain or redrawn or moved or renumbered):
            self._unchanged += 1
            return
        self._changed += 1
        self._written.add(self._catalogue.types[state.type])
        rows.add_change(
            key,
            state,
            line=draft.line,
            type_id=self._catalogue.types[state.type],
            renamed=before.code != state.code,
        )
        if redrawn:
            rows.redrawn.append(key)
            rows.add_geometries(key, state)
        rows.drop("dropped_edges", key, (self._catalogue.hierarchies[code] for code in moved))
        self._stage_parents(rows, key, draft.line, state, moved)
        rows.drop("dropped_ids", key, (self._catalogue.systems[code] for code in renumbered))
        self._stage_ids(rows, key, draft.line, state, renumbered)
        organization = self._catalogue.organizations[state.type]
        rows.entries.append(change(before, state, organization=organization, parent_codes=stored.parent_codes))

    def _stage_parents(self, rows: Rows, key: int, line: int, state: ObjectState, names: Iterable[str]) -> None:
        for name in names:
            parent_type = self._catalogue.definitions.hierarchies[name][state.type]
            if parent_type is None:
                continue
            hierarchy, parent_type_id = self._catalogue.hierarchies[name], self._catalogue.types[parent_type]
            for edge in state.parents.get(name, ()):
                rows.add_edge(key, edge, line=line, hierarchy=hierarchy, parent_type=parent_type_id)

    def _stage_ids(self, rows: Rows, key: int, line: int, state: ObjectState, systems: Iterable[str]) -> None:
        type_id = self._catalogue.types[state.type]
        for system in systems:
            if (value := state.external_ids.get(system)) is not None:
                rows.add_id(key, value, line=line, system=self._catalogue.systems[system], type_id=type_id)


def _plain(state: ObjectState) -> tuple[object, ...]:
    return state.code, state.invalid, state.exists, state.label, state.values


def _edges(state: ObjectState, hierarchy: str) -> set[tuple[object, ...]]:
    # Edges may begin on the same day, so their order says nothing.
    return {(edge["from"], edge["to"], edge["value"]) for edge in state.parents.get(hierarchy, ())}
