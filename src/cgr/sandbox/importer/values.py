"""The forms of attribute values that 2.39 and later accept (api.md section 4.5, verified-facts.md section 3)."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from cgr.sandbox.importer.errors import Finding, of_attribute, of_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sandbox.world import World

_INT_MAX: Final = 2**31 - 1
_INTEGER: Final = re.compile(r"0|-?[1-9]\d*")
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_PHONE: Final = re.compile(r"[0-9+()#.\s/ext-]{6,50}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_DAY: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)(.*\w)?", re.DOTALL)
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d(T([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?| \d\d:\d\d:\d\d[Z+-].*)"
)
_NUMBER_LENGTH: Final = 250
_GEOMETRIES: Final = {
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
}  # fmt: skip


def _integer(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None and -_INT_MAX - 1 <= int(text) <= _INT_MAX


def _number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and len(text) < _NUMBER_LENGTH


def _day(text: str) -> bool:
    match = _DAY.fullmatch(text)
    if match is None:
        return False
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


_FORMS: Final[dict[str, tuple[str, Callable[[str], bool]]]] = {
    "INTEGER": ("E6006", _integer),
    "INTEGER_POSITIVE": ("E6007", lambda text: _integer(text) and int(text) > 0),
    "INTEGER_ZERO_OR_POSITIVE": ("E6009", lambda text: _integer(text) and int(text) >= 0),
    "INTEGER_NEGATIVE": ("E6013", lambda text: _integer(text) and int(text) < 0),
    "NUMBER": ("E6008", _number),
    "PERCENTAGE": ("E6010", lambda text: _number(text) and 0 <= float(text) <= 100),  # noqa: PLR2004 - per cent
    "UNIT_INTERVAL": ("E6011", lambda text: _number(text) and 0 <= float(text) <= 1),
    "PHONE_NUMBER": ("E6021", lambda text: _PHONE.fullmatch(text) is not None),
    "DATE": ("E6014", _day),
    "DATETIME": ("E6015", lambda text: _MOMENT.fullmatch(text) is not None),
    "BOOLEAN": ("E6016", lambda text: text in {"true", "false"}),
    "TRUE_ONLY": ("E6017", lambda text: text == "true"),
    "EMAIL": ("E6018", lambda text: _EMAIL.fullmatch(text) is not None),
}


def value_finding(world: World, attribute: str, value_type: str, value: str) -> Finding | None:
    """Give the error a value of this type earns, or None; empty values are never looked at."""
    version = world.version
    if value_type == "GEOJSON" and version >= (2, 38):
        return _geojson_finding(world, attribute, value)
    if version < (2, 39) or not value:
        return None
    if form := _FORMS.get(value_type):
        code, accepts = form
        return None if accepts(value) else of_value(version, code, value)
    return _reference_finding(world, value_type, value)


def _reference_finding(world: World, value_type: str, value: str) -> Finding | None:
    if value_type == "ORGANISATION_UNIT" and value not in world.units_store.units:
        return of_value(world.version, "E6019", value, "OrganisationUnit")
    if value_type == "FILE_RESOURCE" and value not in world.objects.get("fileResources", {}):
        return of_value(world.version, "E6019", value, "FileResource")
    if value_type == "USERNAME" and world.user_named(value) is None:
        return of_value(world.version, "E6020", value)
    return None


def _geojson_finding(world: World, attribute: str, value: str) -> Finding | None:
    # 2.41 and later put the value where the attribute's id belongs.
    blamed = value if world.version >= (2, 41) else attribute
    try:
        geometry = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return of_attribute("E6004", blamed, main_id=blamed)
    if isinstance(geometry, dict) and geometry.get("type") in _GEOMETRIES:
        return None
    code = "E6005" if world.version >= (2, 43) and isinstance(geometry, dict) else "E6004"
    return of_attribute(code, blamed, main_id=blamed)
