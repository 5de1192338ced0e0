"""Geo-Objects as rows of a table: one line of the objects file as of a day → cells in the order of the titles."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from cgr.core.localized import pick

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cgr.core.records import OurType

Cell: TypeAlias = "str | int | float | Decimal"
T = TypeVar("T")

_FIXED: Final = ("type", "code", "name", "from", "to", "invalid", "longitude", "latitude")
"""The columns that every table has; then come attributes, parents by hierarchy and external ids by system."""
SHEET: Final = "Geo-Objects"
"""What a sheet of them is called, and the layer of a file without any."""
_POINT: Final = slice(_FIXED.index("longitude"), _FIXED.index("latitude") + 1)


class ObjectsTable:
    """The columns of an export."""

    def __init__(self, shapes: Iterable[OurType], hierarchies: Iterable[str], systems: Iterable[str]) -> None:
        """Take what has a column: the attributes of these types, and these hierarchies and systems by code."""
        kinds = {(shape.code, code): one.kind for shape in shapes for code, one in shape.attributes.items()}
        self._attributes = sorted({code for _, code in kinds})
        self._decimals = {where for where, kind in kinds.items() if kind == "decimal"}
        self._kinds = kinds
        self._hierarchies = sorted(hierarchies)
        self._systems = sorted(systems)

    @property
    def titles(self) -> list[str]:
        """Give the head of the table."""
        parents = [f"parent:{code}" for code in self._hierarchies]
        return [*_FIXED, *self._attributes, *parents, *(f"id:{code}" for code in self._systems)]

    @property
    def kinds(self) -> list[str]:
        """Give what the cells below each title are: numbers or truth values where all types say so, else text."""
        fixed = ["boolean" if title == "invalid" else "text" for title in _FIXED]
        fixed[_POINT] = ["decimal", "decimal"]
        others = ["text"] * (len(self._hierarchies) + len(self._systems))
        return [*fixed, *(self._kind(code) for code in self._attributes), *others]

    def _kind(self, code: str) -> str:
        (kind, *others) = {kind for (_, known), kind in self._kinds.items() if known == code}
        return kind if kind in {"integer", "decimal", "boolean"} and not others else "text"

    @staticmethod
    def beside_geometry(row: Sequence[T]) -> Sequence[T]:
        """Give titles, kinds or cells without those of a point, for files that hold geometries as such."""
        return (*row[: _POINT.start], *row[_POINT.stop :])

    def cells(self, one: dict[str, Any]) -> Sequence[Cell]:
        """Give a decoded line as cells; a place that is no point has no longitude and latitude."""
        life = (one.get("exists") or [{}])[-1]
        values, parents, ids = one.get("values", {}), one.get("parents", {}), one.get("external_ids", {})
        geometry = one.get("geometry") or {}
        point = geometry["coordinates"] if geometry.get("type") == "Point" else ("", "")
        return (
            one["type"],
            one["code"],
            pick(one.get("label")) or "",
            life.get("from") or "",
            life.get("to") or "",
            _cell(one.get("invalid", False)),
            point[0],
            point[1],
            *[self._value(one["type"], code, values[code]) if code in values else "" for code in self._attributes],
            *[_cell(parents[code]) if code in parents else "" for code in self._hierarchies],
            *[_cell(ids[code]) if code in ids else "" for code in self._systems],
        )

    def properties(self, one: dict[str, Any]) -> dict[str, Cell]:
        """Give a decoded line as the properties of a GeoJSON feature, whose geometry stands beside them."""
        return dict(zip(self.beside_geometry(self.titles), self.beside_geometry(self.cells(one)), strict=True))

    def _value(self, type_code: str, code: str, value: Any) -> Cell:  # noqa: ANN401 - JSON
        if value is not None and (type_code, code) in self._decimals:
            return Decimal(str(value))  # a number to spreadsheets, so that none takes "-1.5" for a formula
        return _cell(value)


def _cell(value: Any) -> Cell:  # noqa: ANN401 - JSON of every kind
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | str():
            return value
        case dict():
            return pick(value) or ""
        case [*parents]:
            return ", ".join(str(one["parent"]) for one in parents)
        case _:
            return str(value)
