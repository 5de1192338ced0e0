"""What the address of an Explorer page asks for: the day, the hierarchy, and what to show of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere, unknown
from cgr.core.dates import is_date
from cgr.registry.catalogue import visible_hierarchies
from cgr.registry.queries.tree import Tree, tree, visible_types
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cgr.accounts.actors import Actor
    from cgr.registry.queries.tree import VisibleType


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `tree` is None where no hierarchy is there yet; `problem` says what can't be read of the address."""

    actor: Actor
    on: date
    today: date
    types: dict[str, VisibleType]
    hierarchies: list[tuple[str, str]]
    tree: Tree | None
    problem: str = ""

    def query(self, **more: str) -> str:
        """Give the part of an address that keeps the day (unless it is today) and the hierarchy."""
        kept = {
            **({"hierarchy": self.tree.code} if self.tree and len(self.hierarchies) > 1 else {}),
            **({"on": self.on.isoformat()} if self.on != self.today else {}),
            **more,
        }
        return f"?{urlencode(kept)}" if kept else ""


def ask(request: HttpRequest, *, hierarchy: str = "", holding: str = "") -> Asked:
    """Read an address; NotAllowed for who may read no objects anywhere, and for a hierarchy that isn't theirs.

    `holding`: a type for whose objects the address is; unless it names a hierarchy, one that has the type is shown.
    """
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.READ_OBJECTS):
        raise unknown("page", request.path)
    on, today, problem = day(request)
    types = visible_types(actor)
    hierarchies = visible_hierarchies(actor)
    known = [(row.code, in_reader_language(row.label)) for row in hierarchies]
    wanted = hierarchy or request.GET.get("hierarchy", "")
    trees = (tree(code, hierarchies, types) for code in ([wanted] if wanted else [code for code, _ in known]))
    found = next(trees, None)
    if holding and found is not None and holding not in found.types:
        found = next((one for one in trees if holding in one.types), found)
    return Asked(actor, on, today, types, known, found, problem)


def day(request: HttpRequest) -> tuple[date, date, str]:
    """Give the day asked for, today, and what is wrong with the first, which is then today."""
    today = timezone.now().date()
    text = request.GET.get("on", "").strip()
    if not text:
        return today, today, ""
    if not is_date(text):
        return today, today, gettext("“%(text)s” is not a day; write it as year-month-day.") % {"text": text[:30]}
    return date.fromisoformat(text), today, ""
