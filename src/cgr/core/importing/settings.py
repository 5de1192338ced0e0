"""What a person says before an import: levels ↔ types, a sub-tree, fields, attributes, since when values hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from cgr.core.records import OurType

DEFAULT_FIELDS = {"name": "label", "code": "code", "openingDate": "exists.start", "closedDate": "exists.end"}
"""`shortName` isn't imported unless mapped (contract.md)."""

_PLAIN_FIELDS = frozenset(
    {"shortName", "description", "comment", "url", "contactPerson", "address", "email", "phoneNumber"}
)
_LEVEL = re.compile(r"\s*(\d+)\s*=\s*(\S+)\s*")


class ImportAttribute(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A DHIS2 attribute (`from`), or membership of groups, → one of our attributes (`to`).

    `terms`: option code → term code. `groups`: id of a group → term code.
    """

    to: str
    source: str | None = field(name="from", default=None)
    terms: dict[str, str] | None = None
    groups: dict[str, str] | None = None


class ImportMapping(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The mapping file of `cgr import dhis2` (contract.md). `fields`: DHIS2's name → label, attribute:CODE, null."""

    fields: dict[str, str | None] = {}
    attributes: tuple[ImportAttribute, ...] = ()

    def sources(self) -> dict[str, str]:
        """Give the mapped fields with the defaults laid under."""
        return {name: target for name, target in {**DEFAULT_FIELDS, **self.fields}.items() if target is not None}


class ImportSettings(Struct, frozen=True, omit_defaults=True):
    """One import. `levels`: DHIS2 level → type. `start`: the day from which values hold, None for the opening date.

    `today` is the day from which a value that changed since the last import holds, unless `start` says otherwise.
    """

    system: str
    hierarchy: str
    levels: dict[int, str]
    today: str
    root: str | None = None
    start: str | None = None
    mapping: ImportMapping = ImportMapping()


def parse_levels(text: str) -> dict[int, str]:
    """Read `1=country,2=region`; raises BadInput naming the part that can't be read."""
    levels: dict[int, str] = {}
    for part in text.split(","):
        match = _LEVEL.fullmatch(part)
        if match is None or int(match[1]) in levels:
            raise _bad(f'"{part.strip()}" is not a level: write each level once, as in 1=country,2=region.')
        levels[int(match[1])] = match[2]
    return dict(sorted(levels.items()))


def settings_problem(settings: ImportSettings, types: dict[str, OurType]) -> str | None:
    """Say what is wrong with levels and mapping, or None. `types` are those of the hierarchy."""
    above: str | None = None
    previous: int | None = None
    for level, code in settings.levels.items():
        if code not in types:
            return f'Level {level}: hierarchy "{settings.hierarchy}" has no type "{code}".'
        if previous is not None and level != previous + 1:
            return f"Level {previous + 1} is missing: levels follow one another without a gap."
        if above is not None and types[code].parent != above:
            return f'Level {level}: type "{code}" is not directly below "{above}" in hierarchy "{settings.hierarchy}".'
        above, previous = code, level
    return _mapping_problem(settings.mapping, [types[code] for code in settings.levels.values()])


def _mapping_problem(mapping: ImportMapping, types: list[OurType]) -> str | None:
    known = {code: attribute for shape in types for code, attribute in shape.attributes.items()}
    for name, target in mapping.sources().items():
        if name not in DEFAULT_FIELDS and name not in _PLAIN_FIELDS:
            return f'Organisation units have no field "{name}" that can be imported.'
        if target not in DEFAULT_FIELDS.values() and target.removeprefix("attribute:") not in known:
            return f'Field "{name}": "{target}" is neither label, code, exists.start, exists.end nor attribute:CODE.'
    for attribute in mapping.attributes:
        if attribute.to not in known:
            return f'None of the types has an attribute "{attribute.to}".'
        if (attribute.source is None) == (attribute.groups is None):
            return f'Attribute "{attribute.to}" takes its value either from a DHIS2 attribute or from groups.'
        terms = known[attribute.to].terms
        for term in {**(attribute.terms or {}), **(attribute.groups or {})}.values():
            if terms is None or term not in terms:
                return f'Attribute "{attribute.to}" has no term "{term}".'
    return None


def _bad(message: str) -> BadInput:
    return BadInput(message, code="import-settings", next_step="Correct the command and run it again.")
