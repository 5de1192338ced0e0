"""What the description says of answers that the rooms below give as plain JSON (contract.md).

Nothing is built of these: tests hold the answers against them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import UNSET, Struct, UnsetType, field

from cgr.core.definitions import Label
from cgr.core.schedule import Schedule

TextOrNull: TypeAlias = "str | None"
Json: TypeAlias = dict[str, Any]


class Member(Struct):
    """A role in an organization. `types`: those that it is limited to, empty for all."""

    organization: str
    role: str
    types: list[str]


class WhoAmI(Struct):
    """Who asks. `scopes`: those of the token, null for somebody who is signed in."""

    name: str
    system_administrator: bool
    memberships: list[Member]
    scopes: list[str] | None


class Organization(Struct):
    """One organization."""

    code: str
    label: Label


class Organizations(Struct):
    """The organizations that the actor belongs to."""

    organizations: list[Organization]


class Terms(Struct):
    """All trees of terms."""

    terms: list[Json]


class Types(Struct):
    """The Geo-Object Types that the actor may know."""

    types: list[Json]


class Hierarchies(Struct):
    """The hierarchies that the actor may know."""

    hierarchies: list[Json]


class SavedThing(Struct):
    """What saving did: whether the thing is new, and else which fields changed, from what to what."""

    code: str
    created: bool
    fields: dict[str, Json]


class GeoObject(Struct, omit_defaults=True):
    """One Geo-Object: a line of the Geo-Objects file. Values are bare, or lists of periods."""

    type: str
    code: str
    exists: list[Json]
    invalid: bool
    label: Any = None
    values: dict[str, Any] = {}
    geometry: Json | list[Json] | None = None
    parents: dict[str, str | list[Json]] = {}
    external_ids: dict[str, str] = {}


class GeoObjects(Struct):
    """One page of Geo-Objects."""

    objects: list[GeoObject]
    next: TextOrNull


class LineError(Struct):
    """What is wrong with one line."""

    line: int
    message: str


class Proposal(Struct):
    """A change that somebody proposed. `fields`: what would change; `proposed_from` where today's value is another."""

    id: str
    state: str
    organization: str
    type: str
    code: str
    new: bool
    version: int
    reason: str
    by: str
    made: str
    decided_by: TextOrNull
    decided: TextOrNull
    answer: TextOrNull
    fields: Json


class Proposals(Struct):
    """A page of proposals, newest first. `next`: `before` of the next page."""

    proposals: list[Proposal]
    next: int | None


class Applied(Struct):
    """What applying Geo-Objects did, or with `preview` would do."""

    created: int
    changed: int
    unchanged: int
    errors: list[LineError]


class System(Struct, omit_defaults=True):
    """One registered DHIS2. `auth` is there for who manages it; secrets never are."""

    code: str
    organization: str
    kind: str
    label: Label
    url: str
    enabled: bool
    version: TextOrNull
    checked_at: TextOrNull
    description: str | UnsetType = UNSET
    auth: Json | UnsetType = UNSET


class Systems(Struct):
    """The systems that the actor may know."""

    systems: list[System]


class SyncConfig(Struct, omit_defaults=True):
    """One synchronization configuration, as in the configuration file."""

    code: str
    organization: str
    label: Label
    hierarchy: str
    system: str
    levels: list[Json]
    allow_new_root: bool | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    limits: Json | UnsetType = UNSET
    schedule: Json | UnsetType = UNSET
    notify: Json | UnsetType = UNSET


class SyncConfigs(Struct):
    """The synchronization configurations that the actor may know."""

    syncs: list[SyncConfig]


class CheckedConfig(Struct):
    """A configuration held against the live DHIS2."""

    ok: bool
    findings: list[Json]


class ScheduleState(Struct):
    """When a configuration runs by itself; `next` is null while it is paused or absent."""

    config: str
    schedule: Schedule | None
    next: TextOrNull
    by: TextOrNull
    error: Json | None


class QueuedRun(Struct, omit_defaults=True):
    """A run that waits for a worker. `behind`: the run that goes first."""

    state: str
    id: str
    behind: str | UnsetType = UNSET


class RunLine(Struct, omit_defaults=True):
    """One line of the list of runs. `system`: null for a file whose rows have no external ids."""

    id: str
    kind: str
    config: str
    system: TextOrNull
    state: str
    started: TextOrNull
    ended: TextOrNull
    counts: dict[str, int]
    behind: str | UnsetType = UNSET


class Runs(Struct):
    """One page of runs, newest first."""

    runs: list[RunLine]
    next: TextOrNull


class RunState(Struct):
    """What state a run is in now."""

    id: str
    state: str


class Report(Struct, omit_defaults=True):
    """A plan or the report of a run (of an import: what it did). Which keys there are follows from `kind`.

    `planned_again`: `objects` that it left alone because they had changed meanwhile, the `run` that plans them again
    and its `state`; `run` null: the next one on schedule takes them.
    """

    id: str
    kind: str
    state: str
    started: TextOrNull
    ended: TextOrNull
    counts: dict[str, int]
    changes: list[Json]
    problems: list[Json]
    notes: list[Json]
    error: Json | None
    progress: Json | None
    config: str | UnsetType = UNSET
    as_of: str | UnsetType = UNSET
    digest: str | UnsetType = UNSET
    dhis2: Json | UnsetType = UNSET
    guards: list[Json] | UnsetType = UNSET
    planned_again: Json | UnsetType | None = UNSET


class Items(Struct):
    """One page of the lines of a run."""

    items: list[Json]
    next: TextOrNull


class ImportAnswer(Struct):
    """What somebody said about a unit of an import."""

    run: str
    item: str
    answer: str = field(name="as")
    by: str
    at: str


class Suggestion(Struct):
    """A unit and the objects that it resembles, the most alike first. `decision`: null while nobody answered."""

    uid: str
    unit: Json | None
    candidates: list[Json]
    decision: TextOrNull


class Suggestions(Struct):
    """One page of suggestions, the most alike first."""

    run: str
    suggestions: list[Suggestion]
    next: TextOrNull


class AcceptedSuggestions(Struct):
    """Which suggestions were, or with `preview` would be, accepted, and which have to be looked at one by one."""

    run: str
    above: float
    accepted: list[Suggestion]
    open: list[Suggestion]


class AuditEntry(Struct):
    """One change of settings or data."""

    id: int
    at: str
    actor: str
    action: str
    kind: str
    subject: str
    organization: TextOrNull
    origin: TextOrNull
    before: Json | None
    after: Json | None


class AuditEntries(Struct):
    """One page of the audit log, newest first."""

    entries: list[AuditEntry]
    next: int | None


class Configuration(Struct, omit_defaults=True):
    """The configuration file as JSON; secrets are left out."""

    version: int
    organizations: list[Json] = []
    terms: list[Json] = []
    types: list[Json] = []
    hierarchies: list[Json] = []
    systems: list[Json] = []
    syncs: list[Json] = []
