"""What comparing one object with its unit yields; passed along so that each rule is a small function of its own."""

from __future__ import annotations

from msgspec import Struct

from cgr.core.changes import FieldChange
from cgr.core.planner.drafts import Issue


class Comparison(Struct):
    """Differences, issues and remarks of one object.

    `kept`: fields where DHIS2 has a value and we have none. `label`: the text to derive a short name from. `groups`:
    those the unit still has to join. `rivals`: keys of the parents in force, when there are several. `remarks`: (note
    code, message).
    """

    fields: dict[str, FieldChange] = {}
    issues: list[Issue] = []
    kept: list[str] = []
    groups: tuple[str, ...] = ()
    label: str | None = None
    rivals: tuple[int, ...] = ()
    remarks: list[tuple[str, str]] = []

    def nothing_of_ours(self, key: str, theirs: object, *, clear: bool) -> None:
        """Keep DHIS2's value where we have none, unless the mapping says `clear` (contract.md)."""
        if clear:
            self.fields[key] = FieldChange(theirs, None)
        else:
            self.kept.append(key)

    @property
    def is_empty(self) -> bool:
        """Say whether the unit needs nothing and the object has no problem."""
        return not (self.fields or self.issues or self.groups or self.label or self.rivals)
