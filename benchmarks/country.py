"""A country of any size for the benchmark: a DHIS2's content, and what only the registry knows yet."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
  - code: facility
    organization: MOH
    label: Facility
    geometry: point
    attributes:
ATTRIBUTES
terms:
  - {code: owners, label: Ownership, terms: [{code: PUB, label: Public}, {code: PRI, label: Private}]}
  - {code: kinds, label: Kind, terms: [{code: CLINIC, label: Clinic}, {code: POST, label: Post}]}
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
  - code: mapped
    organization: MOH
    label: With attributes, option sets and groups
    hierarchy: admin
    system: hmis
    levels:
      - {type: country, sync: both}
      - {type: region, sync: both}
      - {type: district, sync: both}
      - type: facility
        sync: both
        groups: [BenchGroup0]
        attributes:
MATCHINGS
          - {from: owner, groups: {PUB: BenchGroup1, PRI: BenchGroup2}}
"""
PLAIN = {
    "remarks": ("text", "TEXT", lambda number: f"Remark on {number}"),
    "history": ("text", "LONG_TEXT", lambda number: f"Built in {1950 + number % 70}, renewed {number % 5} times."),
    "hotline": ("text", "PHONE_NUMBER", lambda number: f"+2327600{number % 10_000:04}"),
    "beds": ("integer", "INTEGER_ZERO_OR_POSITIVE", lambda number: str(number % 300)),
    "catchment": ("integer", "INTEGER", lambda number: str(number * 7 % 90_000)),
    "distance": ("decimal", "NUMBER", lambda number: f"{number % 97}.5"),
    "power": ("boolean", "BOOLEAN", lambda number: "true" if number % 3 else "false"),
    "inspected": ("date", "DATE", lambda number: f"2020-{1 + number % 12:02}-{1 + number % 28:02}"),
}
"""Code of an attribute → kind, value type in DHIS2, value of a facility by its number."""
TERMS = {"owner": ("owners", ("PUB", "PRI")), "kind": ("kinds", ("CLINIC", "POST"))}
"""Code of a term attribute → tree, terms; in DHIS2 their options are called 0 and 1."""


def attribute_id(code: str) -> str:
    """Give the id of the DHIS2 attribute for one of ours."""
    return f"At{code.title():x<9}"


def configuration(url: str) -> str:
    """Give the configuration: one synchronisation of fields alone, one of everything a facility can carry."""
    kinds = {**{code: f"kind: {kind}" for code, (kind, _, _) in PLAIN.items()}}
    kinds |= {code: f"kind: term, terms: {tree}" for code, (tree, _) in TERMS.items()}
    attributes = [f"      - {{code: {code}, label: {code.title()}, {kind}}}" for code, kind in kinds.items()]
    matchings = [f"          - {{from: {code}, to: {attribute_id(code)}}}" for code in PLAIN]
    for code, (_, (first, second)) in TERMS.items():
        terms = f'terms: {{{first}: "0", {second}: "1"}}'
        matchings.append(f"          - {{from: {code}, to: {attribute_id(code)}, {terms}}}")
    return (
        CONFIGURATION.replace("URL", url)
        .replace("ATTRIBUTES", "\n".join(attributes))
        .replace("MATCHINGS", "\n".join(matchings))
    )


def metadata(size: int, *, mapped: bool) -> dict[str, list[dict[str, Any]]]:
    """Give the content of the DHIS2; `mapped`: with 10 attributes on each facility, 2 option sets, 3 groups."""
    if not mapped:
        return {"organisationUnits": list(units(size))}
    content = [_with_values(unit) if unit["name"].startswith("Health") else unit for unit in units(size)]
    members: dict[str, list[dict[str, str]]] = {"BenchGroup0": [], "BenchGroup1": [], "BenchGroup2": []}
    for unit in content:
        if "attributeValues" in unit:
            members["BenchGroup0"].append({"id": unit["id"]})
            members[f"BenchGroup{1 + int(unit['code'][1:]) % 2}"].append({"id": unit["id"]})
    groups = [
        {"id": group, "name": group, "shortName": group, "organisationUnits": inside}
        for group, inside in members.items()
    ]
    return {
        "options": [option for code in TERMS for option in _options(code)],
        "optionSets": [
            {"id": f"Os{code.title():x<9}", "name": code, "valueType": "TEXT", "options": _ids(_options(code))}
            for code in TERMS
        ],
        "attributes": [*_attributes()],
        "organisationUnits": content,
        "organisationUnitGroups": groups,
    }


def write_content(path: Path, size: int, *, mapped: bool = False) -> None:
    """Write the content as a file that a sandbox loads."""
    content = {"version": "2.42", "metadata": metadata(size, mapped=mapped)}
    path.write_bytes(msgspec.json.encode(content))


def _with_values(unit: dict[str, Any]) -> dict[str, Any]:
    number = int(unit["code"][1:])
    values = {code: value(number) for code, (_, _, value) in PLAIN.items()}
    values |= {code: str(number % 2) for code in TERMS}
    listed = [{"attribute": {"id": attribute_id(code)}, "value": value} for code, value in values.items()]
    return {**unit, "attributeValues": listed}


def _attributes() -> Iterator[dict[str, Any]]:
    for code, (_, value_type, _) in PLAIN.items():
        yield _attribute(code, value_type)
    for code in TERMS:
        yield {**_attribute(code, "TEXT"), "optionSet": {"id": f"Os{code.title():x<9}"}}


def _attribute(code: str, value_type: str) -> dict[str, Any]:
    return {"id": attribute_id(code), "name": code, "valueType": value_type, "organisationUnitAttribute": True}


def _options(code: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"Op{code.title():x<8}{place}",
            "code": str(place),
            "name": term,
            "optionSet": {"id": f"Os{code.title():x<9}"},
        }
        for place, term in enumerate(TERMS[code][1])
    ]


def _ids(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"id": row["id"]} for row in rows]


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
