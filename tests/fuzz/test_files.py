"""The files people write: the configuration, an import mapping and the Geo-Objects file, bent in all ways.

What can be read goes on to the database, as a preview; whatever is wrong is told with its line and nothing is written.
"""

from __future__ import annotations

import json

import pytest
import yaml

from cgr.accounts.actors import Actor
from cgr.accounts.queries import organizations
from cgr.configuration import applying
from cgr.configuration.document import parse_document
from cgr.configuration.yaml_reading import read_yaml
from cgr.core.importing import parse_levels, parse_mapping
from cgr.registry.actions.objects import apply_objects

from .mutations import COUNT, as_json, mutants_of_bytes, mutants_of_values, told_in_words

OPERATOR = Actor("cli:test", is_system_administrator=True)

# In parts, because reading YAML costs by its length; each part can be applied alone.
CONFIGURATION = (
    b"version: 1\norganizations: [{code: MOH, label: {default: Ministry, fr: Minist\xc3\xa8re}}]\n",
    b"""version: 1
terms:
  - {code: ownership, label: Ownership, terms: [{code: PUB, label: Public}, {code: PRI, label: Private}]}
types:
  - {code: facility, organization: MOH, label: Facility, geometry: point,
     attributes: [{code: beds, label: Beds, kind: integer}, {code: owner, label: O, kind: term, terms: ownership}]}
""",
    b"version: 1\nhierarchies: [{code: admin, organization: MOH, label: A, tree: {country: {facility: {}}}}]\n",
    b"""version: 1
systems:
  - {code: hmis, organization: MOH, kind: dhis2, label: HMIS, url: "https://hmis.example.org",
     auth: {kind: token, token: {env: CGR_FUZZ_SECRET}}}
""",
    b"""version: 1
syncs:
  - code: all
    organization: MOH
    label: All
    hierarchy: admin
    system: hmis
    limits: {changed_share: 0.3, min_units: 50}
    levels:
      - {type: country, sync: none}
      - {type: region, sync: relationships}
      - {type: facility, sync: both, groups: [oRVt7g429ZO], fields: {closedDate: null}, where: {owner: [PUB]},
         attributes: [{from: beds, to: n2xYlNbsfko}, {from: owner, groups: {PUB: MAs88nJc9nL}}]}
""",
)
MAPPING = (
    b"fields: {name: label, closedDate: null}\n",
    b'attributes: [{from: n2xYlNbsfko, to: beds}, {from: l1VmqIHKk6t, to: owner, terms: {"1": PUB}}]\n',
    b"attributes: [{to: owner, groups: {MAs88nJc9nL: PUB}}]\n",
)
BASE = b"""version: 1
organizations: [{code: MOH, label: Ministry}]
terms: [{code: ownership, label: Ownership, terms: [{code: PUB, label: Public}, {code: PRI, label: Private}]}]
types:
  - {code: country, organization: MOH, label: Country}
  - {code: region, organization: MOH, label: Region, geometry: polygon}
  - code: facility
    organization: MOH
    label: Facility
    geometry: mixed
    attributes:
      - {code: beds, label: Beds, kind: integer}
      - {code: rate, label: Rate, kind: decimal}
      - {code: owner, label: Owner, kind: term, terms: ownership}
      - {code: remarks, label: Remarks, kind: localized_text}
      - {code: note, label: Note, kind: text}
      - {code: open, label: Open, kind: boolean}
      - {code: built, label: Built, kind: date}
hierarchies: [{code: admin, organization: MOH, label: A, tree: {country: {region: {facility: {}}}}}]
systems:
  - {code: hmis, organization: MOH, kind: dhis2, label: HMIS, url: "https://hmis.example.org",
     auth: {kind: token, token: {env: CGR_FUZZ_SECRET}}}
"""
OBJECTS = [
    {"type": "country", "code": "C", "label": "Land", "external_ids": {"hmis": "ImspTQPwCqd"}},
    {"type": "region", "code": "R", "label": {"default": "North", "fr": "Nord"}, "parents": {"admin": "C"},
     "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}},
    {"type": "facility", "code": "F1", "label": {"default": "Bo Clinic"}, "exists": [{"from": "2001-01-01",
    "to": None}],
     "values": {"beds": 12, "rate": 1.5, "open": True, "built": "2001-01-01", "note": "x", "remarks": {"default": "y"},
                "owner": [{"from": "2001-01-01", "to": "2020-01-01", "value": "PRI"}, {"from": "2020-01-01",
                "value": "PUB"}]},
     "geometry": {"type": "Point", "coordinates": [-11.7, 7.9]}, "parents": {"admin": "R"},
     "external_ids": {"hmis": "DiszpKrYNg8"}, "invalid": False},
    {"type": "facility", "code": "F2", "label": [{"from": "2001-01-01", "to": "2002-01-01",
    "value": {"default": "Old"}}],
     "parents": {"admin": [{"parent": "R", "from": "2001-01-01", "to": None}]}, "values": {"beds": None},
     "geometry": None},
]  # fmt: skip
LINES_IN_A_FILE = 50  # fewer than the refusals after which a file isn't read on


def yaml_mutants(parts, *, count):
    """Two thirds bent in the bytes, one third in the structure; JSON is YAML too, and quicker to make."""
    yield from mutants_of_bytes(parts, count=count * 2 // 3)
    documents = [yaml.safe_load(part) for part in parts]
    yield from map(as_json, mutants_of_values(documents, count=count - count * 2 // 3))


@pytest.fixture
def _a_registry(db, monkeypatch):  # noqa: ARG001 - asks for the database
    monkeypatch.setenv("CGR_FUZZ_SECRET", "d2pat_x")
    applying.apply(OPERATOR, BASE)


@pytest.mark.usefixtures("_a_registry")
def test_a_configuration_is_applied_or_refused_in_words_and_a_preview_writes_nothing():
    before = list(organizations(OPERATOR))
    mutants = yaml_mutants(CONFIGURATION, count=COUNT)
    readable = [one for one in mutants if not told_in_words(lambda one=one: parse_document(one))]
    assert len(readable) > 100
    previewed = readable[:: max(1, len(readable) // 150)]
    refused = sum(told_in_words(lambda one=one: applying.apply(OPERATOR, one, preview=True)) for one in previewed)
    assert 0 < refused < len(previewed)
    assert list(organizations(OPERATOR)) == before


def test_an_import_mapping_and_levels_are_taken_or_refused_in_words():
    refused = 0
    for mutant in yaml_mutants(MAPPING, count=COUNT):
        refused += told_in_words(lambda mutant=mutant: parse_mapping(read_yaml(mutant).value, origin="mapping.yaml"))
    assert 0 < refused < COUNT
    for mutant in mutants_of_bytes([b"1=country,2=region,3=facility"], count=COUNT):
        told_in_words(lambda mutant=mutant: parse_levels(mutant.decode("utf-8", "surrogateescape")))


@pytest.mark.usefixtures("_a_registry")
def test_every_line_of_an_objects_file_is_taken_or_refused_by_its_number():
    lines = [json.dumps(one, ensure_ascii=False).encode() for one in OBJECTS]
    bent = list(mutants_of_bytes(lines, count=COUNT // 2)) + [
        as_json(one) for one in mutants_of_values(OBJECTS, count=COUNT // 2)
    ]
    bent = [line.replace(b"\n", b" ") for line in bent]
    right: list[tuple[int, bytes]] = []
    for start in range(0, len(bent), LINES_IN_A_FILE):
        applied = apply_objects(OPERATOR, bent[start : start + LINES_IN_A_FILE], preview=True)
        told = {error.line: error.message for error in applied.errors}
        assert all(message.strip().encode() for message in told.values())
        right += [(start + at, bent[start + at]) for at in range(LINES_IN_A_FILE) if at + 1 not in told]
    assert COUNT / 50 < len(right) < COUNT / 2
    # One bad line refuses a file. Those that are right by themselves go to the database with the others as they were.
    alone = []
    for number, line in right[:: -(-len(right) // 100)]:
        others = [one for place, one in enumerate(lines) if place != number % len(lines)]
        alone.append(apply_objects(OPERATOR, [*others, line], preview=True))
    assert len(alone) / 10 < sum(not one.errors for one in alone) < len(alone)
