"""What a person says before an import: levels ↔ types, a sub-tree, fields, attributes, since when values hold."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from cgr.core.decoding import in_words
from cgr.core.errors import BadInput
from cgr.core.unit_fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from cgr.core.records import OurAttribute, OurType, RemoteAttribute

DEFAULT_FIELDS = {"name": "label", "code": "code", "openingDate": "exists.start", "closedDate": "exists.end"}
"""`shortName` isn't imported unless mapped (contract.md)."""

ATTRIBUTE_PREFIX = "attribute:"

_DATES = ("openingDate", "closedDate")
_LEVEL = re.compile(r"\s*([0-9]{1,3})\s*=\s*(\S+)\s*")


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
        """Give the mapped fields; a default holds unless its field, or what it fills, is mapped otherwise."""
        chosen = set(self.fields.values())
        defaults = {name: target for name, target in DEFAULT_FIELDS.items() if target not in chosen}
        return {name: target for name, target in {**defaults, **self.fields}.items() if target is not None}

    def groups(self) -> set[str]:
        """Give the ids of the groups whose members have to be known."""
        return {group for attribute in self.attributes for group in attribute.groups or {}}


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


def parse_mapping(raw: object, *, origin: str) -> ImportMapping:
    """Read the content of a mapping file; BadInput for anything but one. `origin` names the file in messages."""
    try:
        return msgspec.convert({} if raw is None else raw, ImportMapping)
    except msgspec.ValidationError as error:
        quotes = " Put quotes around codes that look like numbers." if "Expected `str`" in str(error) else ""
        wrong = in_words(error, object_words="keys with values")
        raise BadInput(
            f"{origin} is not an import mapping: {wrong}.",
            code="import-mapping",
            next_step=f"Correct the file; docs/reference/files.md shows its form.{quotes}",
        ) from error


def settings_problem(settings: ImportSettings, types: Mapping[str, OurType]) -> str | None:
    """Say what is wrong with levels and mapping, or None. `types` are those of the hierarchy."""
    above: str | None = None
    previous: int | None = None
    for level, code in settings.levels.items():
        if level < 1:
            return "Levels are counted from 1."
        if code not in types:
            return f'Level {level}: hierarchy "{settings.hierarchy}" has no type "{code}".'
        if previous is not None and level != previous + 1:
            return f"Level {previous + 1} is missing: levels follow one another without a gap."
        if above is not None and types[code].parent != above:
            return f'Level {level}: type "{code}" is not directly below "{above}" in hierarchy "{settings.hierarchy}".'
        above, previous = code, level
    return next(_mapping_problems(settings.mapping, [types[code] for code in settings.levels.values()]), None)


def remote_problem(
    mapping: ImportMapping, attributes: Mapping[str, RemoteAttribute], groups: Container[str]
) -> str | None:
    """Say which attribute or group of the mapping DHIS2 doesn't offer for organisation units, or None."""
    for entry in mapping.attributes:
        remote = attributes.get(entry.source or "")
        if entry.source is not None and remote is None:
            return f'Attribute "{entry.to}": DHIS2 has no attribute "{entry.source}", or doesn\'t show it to us.'
        if remote is not None and not remote.for_units:
            return f'Attribute "{entry.to}": "{remote.name}" ({remote.id}) is no attribute of organisation units.'
        for group in entry.groups or {}:
            if group not in groups:
                return f'Attribute "{entry.to}": DHIS2 has no group "{group}", or doesn\'t show it to us.'
    return None


def _mapping_problems(mapping: ImportMapping, types: list[OurType]) -> Iterator[str]:
    known: dict[str, list[OurAttribute]] = {}
    for shape in types:
        for code, attribute in shape.attributes.items():
            known.setdefault(code, []).append(attribute)
    for name, target in mapping.sources().items():
        yield from _field_problems(name, target, known)
    for entry in mapping.attributes:
        yield from _attribute_problems(entry, known.get(entry.to, []))
    targets = [target.removeprefix(ATTRIBUTE_PREFIX) for target in mapping.sources().values()]
    targets += [entry.to for entry in mapping.attributes]
    for target, times in Counter(targets).items():
        if times > 1:
            yield f'"{target}" is filled {times} times; map it once, and set what shall not fill it to null.'


def _field_problems(name: str, target: str, known: Container[str]) -> Iterator[str]:
    if name not in FIELDS:
        yield f'Organisation units have no field "{name}" that can be imported.'
    elif target.startswith(ATTRIBUTE_PREFIX):
        if target.removeprefix(ATTRIBUTE_PREFIX) not in known:
            yield f'Field "{name}": none of the types has an attribute "{target.removeprefix(ATTRIBUTE_PREFIX)}".'
    elif target not in DEFAULT_FIELDS.values():
        yield f'Field "{name}": "{target}" is neither label, code, exists.start, exists.end nor attribute:CODE.'
    elif target.startswith("exists.") != (name in _DATES):
        yield f'Field "{name}" can\'t fill "{target}": only openingDate and closedDate are dates of existence.'


def _attribute_problems(entry: ImportAttribute, found: Iterable[OurAttribute]) -> Iterator[str]:
    attributes = list(found)
    if not attributes:
        yield f'None of the types has an attribute "{entry.to}".'
        return
    if (entry.source is None) == (entry.groups is None):
        yield f'Attribute "{entry.to}" takes its value either from a DHIS2 attribute or from groups.'
    if entry.groups is not None and entry.terms is not None:
        yield f'Attribute "{entry.to}": groups already name their terms; `terms` belongs to a DHIS2 attribute.'
    terms = {term for attribute in attributes for term in attribute.terms or ()}
    for term in {**(entry.terms or {}), **(entry.groups or {})}.values():
        if term not in terms:
            yield f'Attribute "{entry.to}" has no term "{term}".'


def _bad(message: str) -> BadInput:
    return BadInput(message, code="import-settings", next_step="Correct the command and run it again.")
