"""What a person says before a file is imported: which column fills what, how rows find their objects and parents."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct, field

from cgr.core.dates import date_problem
from cgr.core.decoding import in_words
from cgr.core.errors import BadInput
from cgr.core.localized import DEFAULT, canonical_locale
from cgr.core.rows.dates import is_date_format

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cgr.core.records import OurAttribute, OurType

By = Literal["code", "label", "external_id", "path"]


class RowAttribute(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A column (`from`) → one of our attributes (`to`).

    `terms`: what the cell says → term code; without it a cell holds the term's code or its label. `format`: how dates
    are written, like dd/mm/yyyy. `true`, `false`: the words for a boolean. `language`: of a localized text.
    """

    to: str
    source: str = field(name="from")
    terms: dict[str, str] | None = None
    format: str = "yyyy-mm-dd"
    true: tuple[str, ...] = ("true", "yes", "1")
    false: tuple[str, ...] = ("false", "no", "0")
    decimal_comma: bool = False
    language: str = DEFAULT


class RowParent(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How one ancestor is found; the last one given is the parent, and each is looked for below the one before it.

    `path`: the cell holds DHIS2's path, of the row's own unit or of its parent.
    """

    type: str
    column: str
    by: By = "code"
    synonyms: dict[str, str] = {}


class RowPoint(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A point in two columns, in degrees (EPSG:4326)."""

    longitude: str
    latitude: str
    decimal_comma: bool = False


class RowMapping(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The mapping file of `cgr import file` (docs/reference/files.md).

    `label`: a column, or language → column. `geometry`: a point's columns, or true for the layer's own geometry.
    `valid_from`: the day from which values hold; `valid_from_column`: the same, row by row. `valid_to`: the first day
    on which they don't hold any more. `sheet`: of a workbook, or the layer of a GeoPackage.
    """

    code: str | None = None
    label: str | dict[str, str] | None = None
    external_id: str | None = None
    exists_start: str | None = None
    exists_end: str | None = None
    date_format: str = "yyyy-mm-dd"
    attributes: tuple[RowAttribute, ...] = ()
    geometry: RowPoint | bool | None = None
    hierarchy: str | None = None
    parents: tuple[RowParent, ...] = ()
    match: Literal["code", "external_id"] = "code"
    strategy: Literal["new_and_update", "new_only", "update_only"] = "new_and_update"
    valid_from: str | None = None
    valid_from_column: str | None = None
    valid_to: str | None = None
    empty: Literal["ignore", "clear"] = "ignore"
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None

    def day_compared(self, today: str) -> str:
        """Give the day as of which objects are compared with what rows say: today, where the period contains it.

        Else the last day of a period that is over, or the first of one that lies ahead: what held outside of the period
        says nothing about what would change.
        """
        if self.valid_to is None or self.valid_from is None:
            return today
        if self.valid_to <= today:
            return (date.fromisoformat(self.valid_to) - timedelta(days=1)).isoformat()
        return max(self.valid_from, today)

    def labels(self) -> dict[str, str]:
        """Give language → column."""
        if self.label is None:
            return {}
        return self.label if isinstance(self.label, dict) else {DEFAULT: self.label}

    def columns(self) -> dict[str, str]:
        """Give every column that is used, with the place of the mapping that names it."""
        found = {
            name: place
            for place, name in (
                ("code", self.code),
                ("external_id", self.external_id),
                ("exists_start", self.exists_start),
                ("exists_end", self.exists_end),
                ("valid_from_column", self.valid_from_column),
            )
            if name is not None
        }
        found |= {column: f"label.{language}" for language, column in self.labels().items()}
        found |= {entry.source: f"attributes: {entry.to}" for entry in self.attributes}
        if isinstance(self.geometry, RowPoint):
            found |= {self.geometry.longitude: "geometry.longitude", self.geometry.latitude: "geometry.latitude"}
        return found | {parent.column: f"parents: {parent.type}" for parent in self.parents}


def parse_row_mapping(raw: object, *, origin: str) -> RowMapping:
    """Read the content of a mapping file; BadInput for anything but one. `origin` names the file in messages."""
    try:
        return msgspec.convert({} if raw is None else raw, RowMapping)
    except msgspec.ValidationError as error:
        quotes = " Put quotes around what looks like a number." if "Expected `str`" in str(error) else ""
        wrong = in_words(error, object_words="keys with values")
        raise refused(f"{origin} is not a mapping of columns: {wrong}.{quotes}") from error


def row_mapping_problem(
    mapping: RowMapping,
    shape: OurType,
    *,
    system: str | None,
    hierarchy: Mapping[str, str | None] | None,
) -> str | None:
    """Say what is wrong with a mapping for objects of a type, or None. `hierarchy`: type → its parent type there."""
    return next(_problems(mapping, shape, system=system, hierarchy=hierarchy), None)


def columns_problem(mapping: RowMapping, columns: Collection[str]) -> str | None:
    """Say which columns of the mapping the file hasn't got, or which it has twice; None if all is well."""
    times = Counter(columns)
    for column, place in mapping.columns().items():
        if column not in times:
            shown = ", ".join(f'"{name}"' for name in list(columns)[:20])
            return f'The file has no column "{column}" ({place}). It has: {shown}.'
        if times[column] > 1:
            return f'The file has {times[column]} columns "{column}" ({place}); give them different names.'
    return None


def refused(message: str) -> BadInput:
    """Give the error about a mapping."""
    return BadInput(
        message, code="import-mapping", next_step="Correct the mapping; docs/reference/files.md shows its form."
    )


def _problems(
    mapping: RowMapping, shape: OurType, *, system: str | None, hierarchy: Mapping[str, str | None] | None
) -> Iterator[str]:
    yield from _key_problems(mapping, system)
    yield from _form_problems(mapping)
    if mapping.geometry and shape.geometry == "none":
        yield f'geometry: type "{shape.code}" has none.'
    for entry in mapping.attributes:
        yield from _attribute_problems(entry, shape.attributes.get(entry.to), shape)
    for (target, _), times in Counter((entry.to, entry.language) for entry in mapping.attributes).items():
        if times > 1:
            yield f'attributes: "{target}" is filled by {times} columns.'
    yield from _parent_problems(mapping, shape, hierarchy)


def _key_problems(mapping: RowMapping, system: str | None) -> Iterator[str]:
    if mapping.match == "code" and mapping.code is None:
        yield "Rows find their objects by code, and no column is said to hold it (code)."
    if mapping.match == "external_id" and mapping.external_id is None:
        yield "Rows find their objects by external id, and no column is said to hold it (external_id)."
    needs_system = mapping.external_id is not None or any(one.by in {"external_id", "path"} for one in mapping.parents)
    if needs_system and system is None:
        yield "External ids belong to an external system: say which one."


def _form_problems(mapping: RowMapping) -> Iterator[str]:
    for language in mapping.labels():
        if language != DEFAULT and canonical_locale(language) != language:
            yield f'label: "{language}" is not a language as DHIS2 writes it, like fr or pt_BR.'
    if mapping.valid_from is not None and (problem := date_problem(mapping.valid_from)):
        yield f"valid_from: {problem}."
    yield from _end_problems(mapping)
    if not is_date_format(mapping.date_format):
        yield f'date_format: "{mapping.date_format}" names no day, month and year, as in dd/mm/yyyy.'


def _end_problems(mapping: RowMapping) -> Iterator[str]:
    if mapping.valid_to is None:
        return
    if problem := date_problem(mapping.valid_to):
        yield f"valid_to: {problem}."
    if mapping.valid_from is None:
        yield "valid_to: a period that ends needs its beginning, too (valid_from)."
    elif mapping.valid_to <= mapping.valid_from:
        yield f"valid_to: {mapping.valid_to} is not after valid_from, {mapping.valid_from}."
    if mapping.exists_start is not None or mapping.exists_end is not None:
        yield "valid_to: exists_start and exists_end aren't values of a period; import them without valid_to."


def _attribute_problems(entry: RowAttribute, attribute: OurAttribute | None, shape: OurType) -> Iterator[str]:
    if attribute is None:
        yield f'attributes: type "{shape.code}" has no attribute "{entry.to}".'
        return
    if attribute.kind == "date" and not is_date_format(entry.format):
        yield f'attributes: {entry.to}: "{entry.format}" names no day, month and year, as in dd/mm/yyyy.'
    for term in (entry.terms or {}).values():
        if term not in (attribute.terms or {}):
            yield f'attributes: {entry.to} has no term "{term}".'


def _parent_problems(mapping: RowMapping, shape: OurType, hierarchy: Mapping[str, str | None] | None) -> Iterator[str]:
    if not mapping.parents:
        return
    if mapping.hierarchy is None:
        yield "Parents belong to a hierarchy: say which one (hierarchy)."
        return
    if hierarchy is None or shape.code not in hierarchy:
        yield f'hierarchy: type "{shape.code}" has no place in "{mapping.hierarchy}".'
        return
    if mapping.parents[-1].type != hierarchy[shape.code]:
        wanted = hierarchy[shape.code]
        has = f'the parent of "{shape.code}" is "{wanted}"' if wanted else f'"{shape.code}" is at the top'
        yield f'parents: in "{mapping.hierarchy}" {has}, so the last one can\'t be "{mapping.parents[-1].type}".'
    for above, below in zip(mapping.parents, mapping.parents[1:], strict=False):
        if above.type not in _ancestors(below.type, hierarchy):
            yield f'parents: "{above.type}" is not above "{below.type}" in "{mapping.hierarchy}".'


def _ancestors(type_code: str, hierarchy: Mapping[str, str | None]) -> list[str]:
    found: list[str] = []
    above: Any = hierarchy.get(type_code)
    while above is not None and above not in found:
        found.append(above)
        above = hierarchy.get(above)
    return found
