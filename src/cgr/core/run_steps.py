"""The way of a run from asked for to finished, as a line of steps: which are done, which is going on (R9.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE: Final = "done"
NOW: Final = "now"
AHEAD: Final = "ahead"
STOPPED: Final = "stopped"

_PLANNING: Final = (
    ("read", ("read DHIS2", "read groups")),
    ("plan", ("compare",)),
    ("validate", ("validate in DHIS2", "store the plan")),
)
_APPLYING: Final = (("apply", ("write units",)), ("groups", ("fill groups",)), ("paths", ("rebuild paths",)))
_LOOKING: Final = (("read", ("read DHIS2",)), ("compare", ("compare",)))
_IMPORTING: Final = (("read", ("read DHIS2", "read groups")), ("import", ("import",)))


class Step(Struct, frozen=True):
    """One step: its name, and whether it is done, going on, stopped half way or still ahead."""

    name: str
    state: str


def steps(*, kind: str, state: str, planned: bool, step: str = "", past: Sequence[str] = ()) -> list[Step]:
    """Give the line of a run.

    `planned`: its plan is stored. `step`, `past`: what its process last said it was doing, and had done before.
    """
    if kind == "import":
        return _line(_IMPORTING, state, step, past)
    if kind == "drift":
        return _line(_LOOKING, state, step, past)
    if not planned:
        return [*_line(_PLANNING, state, step, past), *(Step(name, AHEAD) for name, _ in _APPLYING)]
    # While the steps of planning are told, nothing of the applying has begun.
    begun = any(step in parts for _, parts in _APPLYING)
    behind = [Step(name, DONE) for name, _ in _PLANNING]
    return [*behind, *_line(_APPLYING, state, step if begun else "", past if begun else ())]


def _line(line: Sequence[tuple[str, tuple[str, ...]]], state: str, step: str, past: Sequence[str]) -> list[Step]:
    if state in {"success", "warning"}:
        return [Step(name, DONE) for name, _ in line]
    here = next((place for place, (_, parts) in enumerate(line) if step in parts), -1)
    if here < 0 and state == "failure":  # it went wrong before anything was told
        here = next((place for place, (_, parts) in enumerate(line) if not any(part in past for part in parts)), -1)
    now = {"running": NOW, "failure": STOPPED, "cancelled": STOPPED}.get(state, AHEAD)
    found = []
    for place, (name, parts) in enumerate(line):
        if place == here:
            found.append(Step(name, now))
        else:
            done = place < here or any(part in past for part in parts)
            found.append(Step(name, DONE if done else AHEAD))
    return found
