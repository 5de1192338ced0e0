"""A country of any size for the benchmark: a DHIS2's content, and what only the registry knows yet."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FACILITIES_PER_DISTRICT = 100
_DISTRICTS_PER_REGION = 50
_CORNERS = 40
_SQUARE_DEGREES = 0.4

CONFIGURATION = """\
version: 1
organizations: [{code: MOH, label: Ministry of Health}]
types:
  - {code: country, organization: MOH, label: Country, geometry: mixed}
  - {code: region, organization: MOH, label: Region, geometry: mixed}
  - {code: district, organization: MOH, label: District, geometry: mixed}
  - {code: facility, organization: MOH, label: Facility, geometry: point}
hierarchies:
  - {code: admin, organization: MOH, label: Administrative, tree: {country: {region: {district: {facility: {}}}}}}
systems:
  - {code: hmis, organization: MOH, kind: dhis2, label: HMIS, url: "URL",
     auth: {kind: basic, username: admin, password: {env: BENCHMARK_PASSWORD}}}
syncs:
  - code: all
    organization: MOH
    label: All
    hierarchy: admin
    system: hmis
    levels:
      - {type: country, sync: both}
      - {type: region, sync: both}
      - {type: district, sync: both}
      - {type: facility, sync: both}
"""


def uid(number: int) -> str:
    """Give an id of DHIS2's form for a number."""
    digits = []
    for _ in range(6):
        number, digit = divmod(number, len(_LETTERS))
        digits.append(_LETTERS[digit])
    return "Bench" + "".join(reversed(digits))


def units(size: int) -> Iterator[dict[str, Any]]:
    """Give organisation units, parents first: one country, regions, districts with outlines, facilities with points."""
    chance = random.Random(size)  # noqa: S311 - the same country at every run
    districts = max(1, size // (_FACILITIES_PER_DISTRICT + 1))
    regions = max(1, districts // _DISTRICTS_PER_REGION)
    numbers = iter(range(size))
    yield _unit(next(numbers), "Country", None, None)
    for number in range(regions):
        yield _unit(next(numbers), f"Region {number}", 0, None)
    for number in range(districts):
        yield _unit(next(numbers), f"District {number}", 1 + number % regions, _outline(chance))
    for number in numbers:
        point = {"type": "Point", "coordinates": [_degrees(chance, 20), _degrees(chance, 10)]}
        yield _unit(number, f"Health Centre {number} of the Place", 1 + regions + number % districts, point)


def renamed(size: int, share: int) -> Iterator[dict[str, Any]]:
    """Give lines of an objects file that rename one facility in `share`."""
    for unit in units(size):
        number = int(unit["code"][1:])
        if unit["name"].startswith("Health") and number % share == 0:
            yield {"type": "facility", "code": unit["code"], "label": {"default": f"{unit['name']} renamed"}}


def _unit(number: int, name: str, parent: int | None, geometry: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "id": uid(number),
        "code": f"U{number}",
        "name": name,
        "shortName": name,
        "openingDate": "2001-02-03",
        **({"parent": {"id": uid(parent)}} if parent is not None else {}),
        **({"geometry": geometry} if geometry else {}),
    }


def _outline(chance: random.Random) -> dict[str, Any]:
    west, south = _degrees(chance, 20), _degrees(chance, 10)
    side = _CORNERS // 4
    step = _SQUARE_DEGREES / side
    ring = [[west + step * n, south] for n in range(side)]
    ring += [[west + _SQUARE_DEGREES, south + step * n] for n in range(side)]
    ring += [[west + _SQUARE_DEGREES - step * n, south + _SQUARE_DEGREES] for n in range(side)]
    ring += [[west, south + _SQUARE_DEGREES - step * n] for n in range(side)]
    ring = [[round(x, 6), round(y, 6)] for x, y in ring]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def _degrees(chance: random.Random, limit: int) -> float:
    return round(chance.uniform(-limit, limit), 6)
