"""What somebody wants a Geo-Object to be: one draft for a line of a file, a row of an import, an edit on a page.

A draft names only what it is about; everything else of the object stays. Whether it is allowed is decided by
`draft_rules`, what the object then becomes by `object_states`.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType

Period: TypeAlias = dict[str, object]
"""`{"from": day or None, "to": day or None, "value": …}`; `from` is inclusive, `to` exclusive."""


class Always(Struct, frozen=True, gc=False, tag="always"):
    """The value from the object's beginning on, in place of the whole history."""

    value: object


class Since(Struct, frozen=True, gc=False, tag="since"):
    """The value from the day `start` (ISO) on, keeping the history before it. None: nothing holds from then on.

    `until`: the first day on which it doesn't hold any more; the history from then on stays, too.
    """

    start: str
    value: object
    until: str | None = None


class History(Struct, frozen=True, gc=False, tag="history"):
    """All periods, in place of the whole history."""

    periods: list[Period]


Writing: TypeAlias = Always | Since | History | None
"""How a value is written; None removes the value with its history."""


class ObjectDraft(Struct, frozen=True, kw_only=True, gc=False):
    """One Geo-Object as asked for.

    `key`: UNSET finds the object by type and code, or makes a new one (files); a number is that object, and `code` its
    code from now on (import); None is a new object, refused when the code is taken.
    `line`: where the draft comes from, for messages. `exists`: periods without value, in place of those there were.
    What a writing holds: label, localized text; `values`, by attribute code, the kind's JSON; geometry, WKB; `parents`,
    by hierarchy code, the parent's code or key. `external_ids`: by system code; None removes.
    """

    type: str
    code: str
    key: int | UnsetType | None = UNSET
    line: int = 0
    label: UnsetType | Writing = UNSET
    exists: list[Period] | UnsetType = UNSET
    values: dict[str, Writing] = {}
    geometry: UnsetType | Writing = UNSET
    parents: dict[str, Writing] = {}
    external_ids: dict[str, str | None] = {}
    invalid: bool | UnsetType = UNSET


class Refusal(Struct, frozen=True, order=True):
    """Why one draft can't be written; `line` is the draft's own."""

    line: int
    message: str
