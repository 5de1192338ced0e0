"""What a plan is made of: small frozen records that a person can read and that apply walks through (contract.md)."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from cgr.core.mapping import SyncMapping

ANY_VERSION = 0
"""In place of an object's version, which counts from 1: the change holds whatever was edited here since."""


class Kind(StrEnum):
    """What happens to a unit; kinds overlap, except that a creation stands alone with its groups."""

    CREATE = "create"
    UPDATE = "update"
    MOVE = "move"
    GROUP = "group"


class ProblemCode(StrEnum):
    """The problem codes of `contract.md`."""

    NEW_NOT_CREATABLE = "new-not-creatable"
    EXTERNAL_ID_NOT_FOUND = "external-id-not-found"
    SEVERAL_PARENTS = "several-parents"
    NO_PARENT = "no-parent"
    PARENT_NOT_IN_DHIS2 = "parent-not-in-dhis2"
    BLOCKED = "blocked"
    SECOND_ROOT = "second-root"
    CYCLE = "cycle"
    TERM_UNMAPPED = "term-unmapped"
    VALUE_REFUSED = "value-refused"
    REQUIRED_MISSING = "required-missing"
    MANDATORY_ATTRIBUTE_MISSING = "mandatory-attribute-missing"
    CODE_TAKEN = "code-taken"
    UNIQUE_VALUE_TAKEN = "unique-value-taken"
    GEOMETRY_UNSUPPORTED = "geometry-unsupported"
    DUPLICATE_EXTERNAL_ID = "duplicate-external-id"
    CHANGED_IN_DHIS2 = "changed-in-dhis2"
    CHANGED_IN_REGISTRY = "changed-in-registry"
    REFUSED_BY_DHIS2 = "refused-by-dhis2"
    OUTCOME_UNKNOWN = "outcome-unknown"
    NOT_TRIED = "not-tried"


class ObjectRef(Struct, frozen=True, order=True, gc=False):
    """How people and scripts name a Geo-Object."""

    type: str
    code: str


class FieldChange(Struct, frozen=True, gc=False):
    """One field before and after. Values are JSON: text, a geometry object, None."""

    before: object = field(name="from")
    after: object = field(name="to")


class Change(Struct, frozen=True):
    """What will be done to one unit.

    `fields` keys: DHIS2's own property names, `geometry`, `parent`, `attribute:ID`, `translation:PROPERTY:locale`.
    `groups`: ids of groups that the unit will be added to. `depth`: its depth in the resulting tree, parents first.
    `key`, `version`: our object and its version at planning, or ANY_VERSION. `basis`: fingerprint of the unit's mapped
    values as read, empty for a creation; apply compares it with what it finds and leaves the unit alone when it moved.
    `needs`: units whose own change has to succeed before this one may be sent: a new parent, or a move out of the way
    of this one.
    """

    kinds: tuple[Kind, ...]
    object: ObjectRef
    uid: str
    level: int
    fields: dict[str, FieldChange]
    groups: tuple[str, ...]
    key: int
    version: int
    depth: int
    basis: str
    needs: tuple[str, ...] = ()


class Problem(Struct, frozen=True):
    """Why one object isn't exported (or its relationship isn't), and what to do about it."""

    code: ProblemCode
    object: ObjectRef
    uid: str | None
    level: int
    message: str
    next_step: str
    blocked_by: ObjectRef | None = None
    key: int = 0


class Note(Struct, frozen=True):
    """Something worth knowing about one object that stops nothing."""

    code: str
    object: ObjectRef
    message: str


class Guard(Struct, frozen=True):
    """A limit that this plan exceeds; `value` and `limit` are shares of 1."""

    code: str
    value: float
    limit: float


class Counts(Struct, frozen=True):
    """Objects of the run by what happens to them; kinds overlap, `unchanged` and `problem` count objects."""

    create: int = 0
    update: int = 0
    move: int = 0
    group: int = 0
    unchanged: int = 0
    problem: int = 0
    not_selected: int = 0


class Plan(Struct, frozen=True):
    """Everything that would be done, in the order in which it would be. `units`: DHIS2 units in the mapped levels."""

    as_of: str
    mapping: SyncMapping
    dhis2_version: str
    units: int
    counts: Counts
    guards: tuple[Guard, ...]
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
