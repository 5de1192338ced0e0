"""Every value type that R7.1 names: what is stored in DHIS2 to the letter, and what never leaves the registry (R7.2).

One table, three readers: the rule itself, the plan, and a DHIS2 of each recorded version after the run. Servers up to
2.38 check nothing (verified fact O8), so what is refused has to be refused by us there too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cgr.core.mapping_rules import candidates
from cgr.core.records import OurAttribute
from cgr.core.values import COMPATIBLE, Refused, render
from cgr.dhis2.shape import read_shape
from cgr.registry.actions import apply_objects
from cgr.sync import actions
from cgr.systems.connection import open_client
from cgr.systems.queries import system

from .country import OPENED, errors, facility, problems_of
from .mappable import VERSIONS, attribute, bodies_sent, definitions_with, offer, option_set, value_in
from .value_samples import SAMPLES, KeptOut, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

NEVER = ("TRACKER_ASSOCIATE", "COORDINATE", "ORGANISATION_UNIT", "FILE_RESOURCE", "IMAGE")
NOT_NAMED = ("MULTI_TEXT", "GEOJSON", "REFERENCE", "A_TYPE_OF_2_50")


PAIRS = list(dict.fromkeys((sample.kind, sample.value_type) for sample in SAMPLES))
TARGET = {pair: f"AtValue{place:04}" for place, pair in enumerate(PAIRS)}
SOURCE = {pair: f"{pair[0]}-{pair[1]}".lower().replace("_", "-") for pair in PAIRS}
TERMS = {place: f"T{place}" for place, sample in enumerate(SAMPLES) if sample.kind == "term"}


def ours(place: int) -> Any:
    """Give the value as an object of the registry has it: of an option its term."""
    return TERMS.get(place, SAMPLES[place].value)


def mapping() -> list[dict[str, Any]]:
    """Map each pair of the table to its attribute."""
    terms = {
        pair: {TERMS[place]: sample.value for place, sample in enumerate(SAMPLES) if sample[:2] == pair}
        for pair in PAIRS
        if pair[0] == "term"
    }
    return [
        {"from": SOURCE[pair], "to": TARGET[pair], **({"terms": terms[pair]} if pair in terms else {})}
        for pair in PAIRS
    ]


def definitions() -> Any:
    """Give the registry an attribute for each pair of the table."""
    attributes = [
        {"code": SOURCE[pair], "label": pair[1], "kind": pair[0], **({"terms": "samples"} if pair[0] == "term" else {})}
        for pair in PAIRS
    ]
    tree = {"code": "samples", "label": "Samples", "terms": [{"code": code, "label": code} for code in TERMS.values()]}
    found = definitions_with(*attributes)
    return {**found, "terms": [*found["terms"], tree]}


def offer_all(country: Country) -> None:
    """Give the DHIS2 an attribute for each pair of the table, with an option set where terms go."""
    for place, (kind, value_type) in enumerate(PAIRS):
        uid = TARGET[kind, value_type]
        if kind != "term":
            offer(country.world, attributes=[attribute(uid, f"{value_type} of {kind}", value_type)])
            continue
        codes = {sample.value: sample.value for sample in SAMPLES if sample[:2] == (kind, value_type)}
        offer(
            country.world,
            **option_set(f"OsSamp{place:05}", f"Set {place}", codes, value_type=value_type),
            attributes=[attribute(uid, f"{value_type} of {kind}", value_type, optionSet={"id": f"OsSamp{place:05}"})],
        )


def code_of(place: int) -> str:
    return f"V{place:03}"


def unit_before(place: int) -> dict[str, Any]:
    """Give a unit that is there already; it has a value that nobody maps."""
    return {
        "id": f"OuValue{place:04}",
        "name": f"Before {place}",
        "shortName": f"Before {place}",
        "code": code_of(place),
        "openingDate": OPENED,
        "parent": {"id": "OuDistrictA"},
        "attributeValues": [{"attribute": {"id": "AtUnmapped1"}, "value": "theirs"}],
    }


def test_every_pair_of_the_requirement_is_in_the_table() -> None:
    wanted = {(kind, value_type) for kind, types in COMPATIBLE.items() for value_type in types}
    assert set(PAIRS) <= wanted
    assert {value_type for _, value_type in PAIRS} == {value_type for _, value_type in wanted}
    assert {kind for kind, _ in PAIRS} == set(COMPATIBLE)


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{kind} to {value_type}" for kind, value_type in PAIRS])
def test_the_rule_writes_or_refuses_each_sample(pair: tuple[str, str]) -> None:
    for sample in SAMPLES:
        if sample[:2] != pair or isinstance(sample.expected, KeptOut):
            continue
        written = render(sample.kind, sample.value_type, sample.value)
        if isinstance(sample.expected, Refusal):
            assert isinstance(written, Refused), sample.value
            assert sample.expected.words in written.reason
        else:
            assert written == sample.expected, sample.value


@pytest.mark.django_db
def test_what_is_not_of_its_kind_is_not_even_taken_into_the_registry(make_country: Callable[..., Country]) -> None:
    country = make_country(definitions=definitions())
    kept_out = {place: sample.expected for place, sample in enumerate(SAMPLES) if isinstance(sample.expected, KeptOut)}
    lines = [
        json.dumps(facility(code_of(place), "A", values={SOURCE[SAMPLES[place][:2]]: ours(place)})).encode()
        for place in kept_out
    ]
    refused = apply_objects(country.actor, lines, preview=False).errors
    assert [error.line for error in refused] == list(range(1, len(lines) + 1))
    for error, expected in zip(refused, kept_out.values(), strict=True):
        assert expected.words in error.message


@pytest.mark.django_db
@pytest.mark.parametrize("version", VERSIONS)
def test_what_dhis2_takes_is_stored_as_rendered_and_what_it_refuses_is_never_sent(
    make_country: Callable[..., Country], version: str
) -> None:
    country = make_country(version, definitions=definitions(), facility={"attributes": mapping()})
    offer_all(country)
    samples = {place: sample for place, sample in enumerate(SAMPLES) if not isinstance(sample.expected, KeptOut)}
    linked = [place for place in samples if place % 2]
    offer(country.world, organisationUnits=[unit_before(place) for place in linked])
    country.write(
        *(
            facility(
                code_of(place),
                "A",
                values={SOURCE[sample[:2]]: ours(place)},
                **({"external_ids": {"hmis": f"OuValue{place:04}"}} if place in linked else {}),
            )
            for place, sample in samples.items()
        )
    )
    refused = {place: sample for place, sample in samples.items() if isinstance(sample.expected, Refusal)}

    plan = country.plan()
    assert problems_of(plan) == {code_of(place): "value-refused" for place in refused}
    messages = {problem["object"]["code"]: problem["message"] for problem in plan["problems"]}
    for place, sample in refused.items():
        assert isinstance(sample.expected, Refusal)
        assert sample.expected.words in messages[code_of(place)]
        assert f"{sample.value_type} of {sample.kind} can't be sent: " in messages[code_of(place)]

    report = country.apply(plan)
    assert errors(report) == {}
    assert {change["outcome"] for change in report["changes"]} == {"done"}
    units = {unit.get("code"): unit for unit in country.world.units().values()}
    for place, sample in samples.items():
        unit = units.get(code_of(place))
        target = TARGET[sample[:2]]
        if place in refused:
            assert unit == (country.world.unit(f"OuValue{place:04}") if place in linked else None)
            assert unit is None or (unit["name"], value_in(unit, target)) == (f"Before {place}", None)
            continue
        assert unit is not None
        assert value_in(unit, target) == sample.expected, sample
        assert value_in(unit, "AtUnmapped1") == ("theirs" if place in linked else None)
    sent = {unit["code"] for unit in bodies_sent(country.world)}
    assert sent == {code_of(place) for place in samples.keys() - refused.keys()}
    assert country.plan()["changes"] == []


@pytest.mark.django_db
@pytest.mark.parametrize("version", ["2.31", "2.42"])
def test_a_no_takes_away_the_yes_of_a_true_only_attribute(make_country: Callable[..., Country], version: str) -> None:
    emergency = {"code": "emergency", "label": "Emergency", "kind": "boolean"}
    mapped = {"attributes": [{"from": "emergency", "to": "AtEmergency"}]}
    country = make_country(version, definitions=definitions_with(emergency), facility=mapped)
    offer(country.world, attributes=[attribute("AtEmergency", "Emergency", "TRUE_ONLY")])
    country.edit("F1", values={"emergency": True})
    country.sync()
    assert value_in(country.unit("F1"), "AtEmergency") == "true"
    country.edit("F1", values={"emergency": False})
    country.sync()
    assert value_in(country.unit("F1"), "AtEmergency") is None
    assert value_in(country.unit("F1"), "AtUnmapped1") == "theirs"
    assert country.plan()["changes"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(("version", "refused"), [("2.38", False), ("2.40", True), ("2.43", True)])
def test_a_user_name_that_nobody_has_is_refused_where_dhis2_looks(
    make_country: Callable[..., Country], version: str, *, refused: bool
) -> None:
    keeper = {"code": "keeper", "label": "Keeper", "kind": "text"}
    mapped = {"attributes": [{"from": "keeper", "to": "AtKeeper001"}]}
    country = make_country(version, definitions=definitions_with(keeper), facility=mapped)
    offer(country.world, attributes=[attribute("AtKeeper001", "Keeper", "USERNAME")])
    country.edit("F1", values={"keeper": "nobody.here"}, label={"default": "Changed"})
    country.edit("F2", label={"default": "Changed too"})
    plan = country.plan()
    assert problems_of(plan) == ({"F1": "value-refused"} if refused else {})
    country.apply(plan)
    assert country.unit("F1")["name"] == ("Bo Clinic" if refused else "Changed")
    assert country.unit("F2")["name"] == "Changed too"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["text", "localized_text", "boolean", "date", "integer", "decimal", "term"])
def test_types_that_are_never_mapped_are_not_offered_and_a_mapping_to_one_is_refused(
    make_country: Callable[..., Country], kind: str
) -> None:
    thing = {"code": "thing", "label": "Thing", "kind": kind, **({"terms": "ownership"} if kind == "term" else {})}
    targets = {f"AtNever{place:04}": value_type for place, value_type in enumerate((*NEVER, *NOT_NAMED))}
    mapped = [{"from": "thing", "to": uid} for uid in targets]
    country = make_country(definitions=definitions_with(thing), facility={"attributes": mapped})
    chosen = {"optionSet": {"id": "OsNever0001"}} if kind == "term" else {}
    offer(
        country.world,
        **option_set("OsNever0001", "Never", {"1": "One"}),
        attributes=[attribute(uid, f"A {value_type}", value_type, **chosen) for uid, value_type in targets.items()],
    )
    with open_client(system(country.actor, "hmis")) as client:
        shape = read_shape(client)
    valid, others = candidates(OurAttribute("thing", kind, {"default": "Thing"}), shape)
    assert not targets.keys() & {remote.id for remote in valid}
    assert targets.keys() <= {remote.id for remote, _ in others}

    said = {f.message: f.next_step for f in actions.check(country.actor, "all") if f.severity == "error"}
    for value_type in targets.values():
        (message,) = (message for message in said if f"“A {value_type}”" in message)
        assert message.startswith("Level 4 (facility), attribute thing: it can't go to “A ")
        assert value_type in message.partition(": ")[2].partition(": ")[2]
        assert "electio" in said[message] or "leave it unmatched" in said[message]


@pytest.mark.django_db
@pytest.mark.parametrize("value_type", ["COORDINATE", "A_TYPE_OF_2_50"])
def test_an_attribute_that_became_of_such_a_type_is_left_out_and_the_rest_goes_on(
    make_country: Callable[..., Country], value_type: str
) -> None:
    mapped = {"attributes": [{"from": "beds", "to": "AtBeds00001"}]}
    country = make_country(facility=mapped)
    offer(country.world, attributes=[attribute("AtBeds00001", "Beds", value_type)])
    country.edit("F1", label={"default": "Bo Hospital"}, values={"beds": 12})
    plan = country.plan()
    (finding,) = plan["findings"]
    assert finding["message"].startswith("Level 4 (facility), attribute beds: it can't go to “Beds” (AtBeds00001): ")
    assert value_type in finding["message"]
    assert plan["problems"] == []
    country.apply(plan)
    assert (country.unit("F1")["name"], value_in(country.unit("F1"), "AtBeds00001")) == ("Bo Hospital", None)
