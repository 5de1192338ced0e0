"""What somebody has said so far in the wizard: kept with their session, so that going back or away loses nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from cgr.core.errors import BadInput
from cgr.core.importing import parse_mapping
from cgr.imports.preparing import Request

if TYPE_CHECKING:
    from django.http import HttpRequest, QueryDict

    from cgr.core.importing import ImportMapping

_KEY = "import"
_PLAIN = {"label": "name", "code": "code", "exists.start": "openingDate", "exists.end": "closedDate"}
_LONGEST = 200

ATTRIBUTE, FIELD, GROUPS = "a:", "f:", "g"
"""How a source is written in the form: a DHIS2 attribute or a field with its id or name behind it, or groups."""


@dataclass
class Draft:
    """One draft. `levels`: DHIS2 level → type; `root`: id, name and level of the chosen sub-tree's top.

    `plain`: label, code, exists.start, exists.end → field of the unit, empty for none. `sources`: attribute → source as
    the form writes it. `terms`: attribute → option → term. `groups`: attribute → term → group.
    """

    system: str = ""
    hierarchy: str = ""
    proposed: str = ""
    levels: dict[str, str] = field(default_factory=dict)
    root: dict[str, Any] = field(default_factory=dict)
    found: list[dict[str, Any]] = field(default_factory=list)
    find: str = ""
    start: str = ""
    plain: dict[str, str] = field(default_factory=lambda: dict(_PLAIN))
    sources: dict[str, str] = field(default_factory=dict)
    terms: dict[str, dict[str, str]] = field(default_factory=dict)
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    run: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Give the draft of whoever asks, an empty one to begin with."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in request.session.get(_KEY, {}).items() if name in known})

    def keep(self, request: HttpRequest) -> None:
        """Keep it with the session."""
        request.session[_KEY] = asdict(self)

    def choose_system(self, code: str) -> None:
        """Take another system; what was said about the former one doesn't fit it."""
        if code != self.system:
            hierarchy, start = self.hierarchy, self.start
            self.__init__(system=code, hierarchy=hierarchy, start=start)  # type: ignore[misc]

    def take_levels(self, form: QueryDict) -> None:
        """Take what the second step's form says."""
        self.hierarchy = form.get("hierarchy", "")[:_LONGEST]
        self.proposed = form.get("proposed", "").strip()[:_LONGEST]
        self.levels = {
            name.removeprefix("level-"): str(value)
            for name, value in form.items()
            if name.startswith("level-") and value
        }
        self.start = form.get("start", "")[:_LONGEST]
        self.find = form.get("find", "").strip()[:_LONGEST]
        chosen = form.get("root", "")
        offered = {unit["uid"]: unit for unit in [*self.found, *([self.root] if self.root else [])]}
        self.root = offered.get(chosen, {})

    def take_fields(self, form: QueryDict) -> None:
        """Take what the third step's form says; what belongs to a source that isn't chosen any more stays known."""
        for ours in _PLAIN:
            self.plain[ours] = form.get(f"plain-{ours}", "")[:_LONGEST]
        for name, value in form.items():
            kind, _, rest = name.partition("-")
            attribute, _, key = rest.partition("|")
            if kind == "from":
                self.sources[rest] = str(value)
            elif kind == "term":
                self.terms.setdefault(attribute, {})[key] = str(value)
            elif kind == "group":
                self.groups.setdefault(attribute, {})[key] = str(value)

    @property
    def top(self) -> int:
        """The first level that is imported."""
        return int(self.root["level"]) if self.root else 1

    def levels_in_scope(self) -> dict[int, str]:
        """Give level → type from the top of the sub-tree on."""
        found = {int(level): code for level, code in self.levels.items() if level.isdecimal()}
        return {level: code for level, code in sorted(found.items()) if level >= self.top}

    def request(self) -> Request:
        """Give what is asked for; BadInput when it doesn't fit together."""
        return Request(
            system=self.system,
            hierarchy=self.hierarchy or self.proposed,
            levels=self.levels_in_scope() if self.hierarchy else None,
            root=self.root["uid"] if self.root else None,
            start=self.start or None,
            mapping=self._mapping(),
        )

    def _mapping(self) -> ImportMapping:
        mapped: dict[str, str | None] = {}
        for ours, default in _PLAIN.items():
            theirs = self.plain.get(ours, default)
            if theirs != default:
                mapped[default] = None
                if theirs:
                    mapped[theirs] = ours
        attributes: list[dict[str, object]] = []
        for code, source in sorted(self.sources.items() if self.hierarchy else ()):
            if source.startswith(FIELD):
                theirs = source.removeprefix(FIELD)
                if mapped.get(theirs) is not None:
                    raise BadInput(
                        f'The field "{theirs}" can fill only one of ours.',
                        code="import-settings",
                        next_step="Choose another source for one of them.",
                    )
                mapped[theirs] = f"attribute:{code}"
            elif source.startswith(ATTRIBUTE):
                chosen = {option: term for option, term in self.terms.get(code, {}).items() if term}
                terms = {"terms": chosen} if chosen else {}
                attributes.append({"from": source.removeprefix(ATTRIBUTE), "to": code, **terms})
            elif source == GROUPS:
                chosen = {group: term for term, group in self.groups.get(code, {}).items() if group}
                attributes.append({"to": code, "groups": chosen})
        return parse_mapping({"fields": mapped, "attributes": attributes}, origin="the form")
