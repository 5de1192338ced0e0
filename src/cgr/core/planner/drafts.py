"""What is known about an object on the way to a plan: a draft gathers differences and issues until all is settled.

Drafts exist only for objects that differ or have a problem; of all others nothing but a `Place` is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import Struct

from cgr.core.changes import FieldChange, Note, ObjectRef, ProblemCode
from cgr.core.planner.rules import LevelRules
from cgr.core.records import TheirUnit


class Issue(Struct, frozen=True):
    """A problem before it has an object. `stops`: nothing of the object is sent. `about`: the field in question."""

    code: ProblemCode
    message: str
    next_step: str
    blocked_by: ObjectRef | None = None
    stops: bool = True
    about: str = ""


class Draft(Struct):
    """One object with something to say about.

    `unit`: its unit in DHIS2, None when there is none. `creates`: the object is new and may be created; its `uid` is
    empty until ids are given. `parent`: key of the parent that the unit must get, None when it needs none or has it.
    `rivals`: keys of the parents in force when there are several. `label`: the text to derive a short name from, when
    one is wanted. `needs`: see `Change.needs`.
    """

    key: int
    version: int
    object: ObjectRef
    object_uid: str
    rules: LevelRules
    uid: str = ""
    unit: TheirUnit | None = None
    creates: bool = False
    parent: int | None = None
    rivals: tuple[int, ...] = ()
    label: str | None = None
    fields: dict[str, FieldChange] = {}
    groups: tuple[str, ...] = ()
    issues: list[Issue] = []
    needs: tuple[str, ...] = ()

    @property
    def stopped(self) -> bool:
        """Say whether nothing of the object is sent."""
        return any(issue.stops for issue in self.issues)

    @property
    def writes(self) -> bool:
        """Say whether the unit itself would be written, not only its memberships."""
        return self.creates or bool(self.fields) or self.parent is not None or self.label is not None


class Place(Struct, gc=False):
    """Where one of our objects stands in DHIS2. `uid`: its unit there, None when there is none."""

    code: str
    rules: LevelRules
    uid: str | None
    selected: bool = False

    @property
    def object(self) -> ObjectRef:
        """Name the object."""
        return ObjectRef(self.rules.type, self.code)


@dataclass(slots=True)
class Survey:
    """What the walk over our objects found.

    `claims`: external id → the first object that has it; `shared`: external ids of several objects, with their keys.
    Numbers of objects: `selected`, `not_selected`; of the selected ones `linked` have a unit, and `ids_not_found` have
    an external id that is none.
    """

    drafts: dict[int, Draft] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    shared: dict[str, list[int]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    selected: int = 0
    not_selected: int = 0
    linked: int = 0
    ids_not_found: int = 0

    def sort(self) -> None:
        """Put the drafts in order by level, type and code, so that nothing depends on the order of the stream."""
        self.drafts = {draft.key: draft for draft in sorted(self.drafts.values(), key=_order)}


def _order(draft: Draft) -> tuple[int, str, str, int]:
    return (draft.rules.number, draft.object.type, draft.object.code, draft.key)
