"""Which lines of a run somebody looks at: it stands in the address, so that a look can be sent to somebody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from msgspec import Struct

from cgr.core.changes import Kind, ProblemCode
from cgr.core.report import OutcomeState
from cgr.runs.selection import PROBLEM, Place, Which

if TYPE_CHECKING:
    from django.http import QueryDict

    from cgr.runs.selection import ReportedChange, ReportedProblem

_AFTER = re.compile(r"(change|problem):(\d{1,9})")
_LEVEL = re.compile(r"[1-9][0-9]?", re.ASCII)
_LONGEST = 100


class Asked(Struct, frozen=True):
    """What the address asks for; words that select nothing are left out. `view`: table or map."""

    kind: str = ""
    level: int = 0
    problem: str = ""
    outcome: str = ""
    text: str = ""
    view: str = "table"
    after: Place | None = None

    @property
    def which(self) -> Which:
        """The lines, as the room of runs selects them."""
        outcomes = (PROBLEM,) if self.kind == PROBLEM else ((self.outcome,) if self.outcome else ())
        return Which(
            outcomes=outcomes,
            codes=(self.problem,) if self.problem else (),
            levels=(self.level,) if self.level else (),
            kinds=(self.kind,) if self.kind and self.kind != PROBLEM else (),
            text=self.text,
        )

    @property
    def narrows(self) -> bool:
        """Whether some lines are left out."""
        return self.which != Which()

    @property
    def as_table(self) -> str:
        """The same, as a table."""
        return self.address(view="")

    @property
    def as_map(self) -> str:
        """The same, as a map."""
        return self.address(view="map")

    def address(self, **other: object) -> str:
        """Give the part of an address after the question mark, with some of it replaced; on the first page."""
        asked = {
            "kind": self.kind,
            "level": self.level,
            "problem": self.problem,
            "outcome": self.outcome,
            "q": self.text,
            "view": self.view if self.view != "table" else "",
            **other,
        }
        return urlencode({key: value for key, value in asked.items() if value})


def asked_for(given: QueryDict) -> Asked:
    """Read an address."""
    level = given.get("level", "")
    after = _AFTER.fullmatch(given.get("after", ""))
    return Asked(
        kind=_known(given.get("kind", ""), [*Kind, PROBLEM]),
        level=int(level) if _LEVEL.fullmatch(level) else 0,
        problem=_known(given.get("problem", ""), [*ProblemCode]),
        outcome=_known(given.get("outcome", ""), [*OutcomeState]),
        text=given.get("q", "").replace("\x00", "").strip()[:_LONGEST],
        view="map" if given.get("view") == "map" else "table",
        after=Place(after[1], int(after[2])) if after else None,
    )


def _known(word: str, words: list[str]) -> str:
    return word if word in words else ""


def place_of(line: ReportedChange | ReportedProblem) -> str:
    """Give what the address of the next page says after this line."""
    return f"{'problem' if hasattr(line, 'problem') else 'change'}:{line.position}"
