"""The built-in fields of an organisation unit (R5.8): mapped, limited, translated, kept and cleared, seen in DHIS2."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from .country import ID_OF, OPENED, changed, facility, problems_of
from .mappable import definitions_with, offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db

SHAPES = ("2.31", "2.36", "2.38", "2.43")
"""One release of each form in which units and reports come (verified facts, sections 8 and 10)."""

TEXTS = ("description", "comment", "url", "contactPerson", "address", "email", "phoneNumber")
DEFINITIONS = definitions_with(
    *({"code": name.lower(), "label": name, "kind": "text"} for name in TEXTS if name != "description"),
    {"code": "description", "label": "Description", "kind": "localized_text"},
    {"code": "short", "label": "Short name", "kind": "localized_text"},
    {"code": "opened", "label": "Opened", "kind": "date"},
)
ALL_TEXTS = {name: f"attribute:{name.lower()}" for name in TEXTS}
ALL_FIELDS = ALL_TEXTS | {"openingDate": "attribute:opened"}
GIVEN = {
    "description": "First line\nsecond line",
    "comment": "Comment",
    "url": "https://clinic.example.org/f1",
    "contactPerson": "B. Person",
    "address": "Street 2\nBo",
    "email": "clinic@example.org",
    "phoneNumber": "+232 76 000000",
}
LIMITS = {"name": 230, "url": 255, "contactPerson": 255, "address": 255, "email": 150, "phoneNumber": 150}
NAME_OF_60 = "Saint John of the Holy Cross Community Health Centre North Bo"
SHORTENED = "Saint John of the Holy Cross Community Health"


@pytest.fixture
def mapped(make_country: Callable[..., Country]) -> Callable[..., Country]:
    """Give a maker of countries whose facilities have a value for each field, and map those of `fields`."""

    def make(version: str = "2.42", fields: dict[str, Any] = ALL_FIELDS, **configuration: Any) -> Country:
        return make_country(version, definitions=DEFINITIONS, facility={"fields": fields}, **configuration)

    return make


def values(given: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in given.items()}


def name_of_length(length: int) -> str:
    return ("Clinic " * 100)[: length - 1] + "x"


def of_length(name: str, length: int) -> str:
    """Give a text of this length that the field takes but for its length."""
    if name == "url":
        return "https://example.org/" + "x" * (length - 20)
    if name == "email":
        domain = ".".join(["d" * 40] * 3)
        return "x" * (length - len(domain) - 5) + "@" + domain + ".org"
    return name_of_length(length)


def translations(unit: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(one["property"], one["locale"]): one["value"] for one in unit.get("translations", ())}


def hold(country: Country, code: str, **fields: Any) -> None:
    """Let the unit be as somebody made it in DHIS2."""
    offer(country.world, organisationUnits=[{**country.unit(code), **fields}])


@pytest.mark.parametrize("version", SHAPES)
def test_every_field_is_written_to_new_and_to_existing_units(mapped: Callable[..., Country], version: str) -> None:
    country = mapped(version)
    given = values({**GIVEN, "opened": "1999-12-31"})
    country.edit("F1", values=given)
    country.write(facility("F9", "A", exists=[{"from": OPENED, "to": "2090-01-01"}], values=given))
    assert country.sync()["state"] == "success"
    for unit in (country.unit("F1"), country.unit_by_code("F9")):
        assert {name: unit[name] for name in TEXTS} == GIVEN
        assert unit["openingDate"][:10] == "1999-12-31"
    assert country.unit_by_code("F9")["closedDate"][:10] == "2090-01-01"
    assert country.plan()["changes"] == []


@pytest.mark.parametrize("version", ["2.31", "2.42"])
def test_each_field_takes_as_much_as_dhis2_does_and_not_a_character_more(
    mapped: Callable[..., Country], version: str
) -> None:
    country = mapped(version, ALL_TEXTS)
    lines = []
    for name, limit in LIMITS.items():
        for length in (limit, limit + 1):
            text = of_length(name, length)
            assert len(text) == length
            field = {"label": {"default": text}} if name == "name" else {"values": {name.lower(): text}}
            lines.append(facility(f"{name}-{length}", "A", **field))
    lines += [facility("C" * 50, "A"), facility("C" * 51, "A")]
    country.write(*lines)
    plan = country.plan()
    assert problems_of(plan) == {
        **{f"{name}-{limit + 1}": "value-refused" for name, limit in LIMITS.items()},
        "C" * 51: "value-refused",
    }
    for problem in plan["problems"]:
        name, _, length = problem["object"]["code"].partition("-")
        field, limit = (name, LIMITS[name]) if length else ("code", 50)
        assert problem["message"].startswith(f"{field} can't be sent: it has {limit + 1} characters, DHIS2 takes at m")
        assert problem["next_step"] == f"Correct the value for {field} in the registry, or map it to something else."
    country.apply(plan)
    kept = {unit.get("code"): unit for unit in country.world.units().values()}
    assert {name for name, limit in LIMITS.items() if len(kept[f"{name}-{limit}"][name]) == limit} == set(LIMITS)
    assert "C" * 50 in kept


def test_what_is_no_address_or_link_is_refused_before_it_is_sent(mapped: Callable[..., Country]) -> None:
    country = mapped()
    country.edit("F1", values={"email": "ask at the gate"})
    country.edit("F2", values={"url": "www.example.org"})
    plan = country.plan()
    assert problems_of(plan) == {"F1": "value-refused", "F2": "value-refused"}
    assert [problem["message"] for problem in plan["problems"]] == [
        "email can't be sent: “ask at the gate” is not an e-mail address.",
        "url can't be sent: “www.example.org” is not a link; it begins with http:// or https:// and has no blanks.",
    ]


def test_nothing_of_ours_is_nothing_said_and_a_note_counts_it(mapped: Callable[..., Country]) -> None:
    country = mapped()
    before = deepcopy(country.unit("F1"))
    country.edit("F1", values={"opened": OPENED})
    plan = country.plan()
    assert "F1" not in changed(plan)
    (note,) = (note for note in plan["notes"] if note["object"]["code"] == "F1")
    assert note["code"] == "not-cleared"
    assert all(name in note["message"] for name in TEXTS)
    assert country.unit("F1") == before


@pytest.mark.parametrize("version", ["2.31", "2.38", "2.42"])
def test_clear_takes_away_what_we_do_not_have_and_nothing_else(mapped: Callable[..., Country], version: str) -> None:
    clearing: dict[str, Any] = {name: {"from": f"attribute:{name.lower()}", "clear": True} for name in TEXTS}
    country = mapped(version, {**clearing, "closedDate": {"from": "exists.end", "clear": True}})
    hold(country, "F1", closedDate="2030-01-01")
    before = deepcopy(country.unit("F1"))
    country.edit("F1", values={"comment": "Ours"})
    assert country.sync()["state"] == "success"
    after = country.unit("F1")
    assert {name: after.get(name) for name in (*TEXTS, "closedDate")} == {
        **dict.fromkeys((*TEXTS, "closedDate")),
        "comment": "Ours",
    }
    for name in ("name", "shortName", "code", "parent", "attributeValues"):
        assert after[name] == before[name]
    assert translations(after) == {("SHORT_NAME", "fr"): "Étab. 1"}  # those of the description went with it
    assert country.plan()["changes"] == []


def test_a_field_without_a_mapping_is_never_cleared(mapped: Callable[..., Country]) -> None:
    country = mapped(fields={"closedDate": None})
    hold(country, "F1", closedDate="2030-01-01")
    country.edit("F1", label={"default": "Bo Hospital"}, exists=[{"from": OPENED, "to": "2080-01-01"}])
    country.sync()
    assert (country.unit("F1")["name"], country.unit("F1")["closedDate"][:10]) == ("Bo Hospital", "2030-01-01")


@pytest.mark.parametrize("version", SHAPES)
def test_translations_of_three_fields_join_those_that_dhis2_has(mapped: Callable[..., Country], version: str) -> None:
    country = mapped(version, {"description": "attribute:description", "shortName": "attribute:short"})
    country.edit(
        "F1",
        label={"default": "Bo Hospital", "fr": "Hôpital de Bo", "pt": "Hospital de Bo"},
        values={
            "description": {"default": "Unit", "fr": "Unité"},
            "short": {"default": "BH", "pt": "HB"},
        },
    )
    assert country.sync()["state"] == "success"
    unit = country.unit("F1")
    assert (unit["name"], unit["shortName"], unit["description"]) == ("Bo Hospital", "BH", "Unit")
    assert translations(unit) == {
        ("SHORT_NAME", "fr"): "Étab. 1",
        ("DESCRIPTION", "pt_BR"): "Unidade",
        ("NAME", "fr"): "Hôpital de Bo",
        ("NAME", "pt"): "Hospital de Bo",
        ("DESCRIPTION", "fr"): "Unité",
        ("SHORT_NAME", "pt"): "HB",
    }
    assert country.plan()["changes"] == []


@pytest.mark.parametrize(
    ("locale", "label", "name", "others"),
    [
        ("fr", {"default": "Post", "fr": "Poste", "fr_CM": "Poste C"}, "Poste", {"fr_CM": "Poste C"}),
        ("fr_CM", {"default": "Post", "fr": "Poste", "pt": "Posto"}, "Poste", {"pt": "Posto"}),
        ("fr_CM", {"default": "Post", "fr_BE": "Poste B", "pt": "Posto"}, "Poste B", {"pt": "Posto"}),
        ("fr", {"default": "Post", "fr_BE": "Poste B"}, "Poste B", {}),
        ("sw", {"default": "Post", "fr": "Poste"}, "Post", {"fr": "Poste"}),
    ],
    ids=["exact", "language", "other region", "region of it", "default"],
)
def test_the_main_name_is_the_text_that_fits_the_locale_best_and_the_others_are_translations(
    make_country: Callable[..., Country], locale: str, label: dict[str, str], name: str, others: dict[str, str]
) -> None:
    country = make_country(locale=locale)
    country.edit("F1", label=label)
    country.sync()
    unit = country.unit("F1")
    assert unit["name"] == name
    assert {where: text for (kind, where), text in translations(unit).items() if kind == "NAME"} == others


def test_a_level_can_prefer_another_locale_than_the_configuration(make_country: Callable[..., Country]) -> None:
    country = make_country(locale="fr", facility={"locale": "pt"})
    label = {"default": "Bo", "fr": "Bo en français", "pt": "Bo em português"}
    country.edit("F1", label=label)
    country.edit("B", label=label)
    country.sync()
    assert (country.unit("F1")["name"], country.unit("B")["name"]) == ("Bo em português", "Bo en français")


@pytest.mark.parametrize("version", SHAPES)
def test_translations_that_are_damaged_in_dhis2_survive_as_they_are(
    make_country: Callable[..., Country], version: str
) -> None:
    damaged = [
        {"property": "NAME", "locale": "not a locale", "value": "damage"},
        {"property": "NAME", "locale": "sw", "value": "  "},
        {"property": "DESCRIPTION", "locale": "FR-fr", "value": "Majuscules"},
    ]
    country = make_country(version)
    hold(country, "F1", translations=damaged)
    country.edit("F1", label={"default": "Bo Hospital", "fr": "Hôpital"})
    assert country.sync()["state"] == "success"
    kept = country.unit("F1")["translations"]
    assert [one for one in kept if one in damaged] == damaged
    assert [one for one in kept if one not in damaged] == [{"property": "NAME", "locale": "fr", "value": "Hôpital"}]


@pytest.mark.parametrize(("version", "named"), [("2.31", False), ("2.36", True), ("2.38", True), ("2.42", True)])
def test_two_translations_of_one_language_that_dhis2_will_not_take_back_are_named_and_stop_nobody_else(
    make_country: Callable[..., Country], version: str, *, named: bool
) -> None:
    twice = [{"property": "DESCRIPTION", "locale": "fr", "value": text} for text in ("one", "two")]
    country = make_country(version)
    hold(country, "F1", translations=twice)
    country.edit("F1", label={"default": "Bo Hospital"})
    country.edit("F2", label={"default": "Kono Hospital"})
    plan = country.plan()
    assert problems_of(plan) == ({"F1": "refused-by-dhis2"} if named else {})
    for problem in plan["problems"]:
        assert "duplicate translation" in problem["message"]
        assert "`DESCRIPTION`" in problem["message"]
    country.apply(plan)
    assert country.unit("F1")["translations"] == twice
    assert country.unit("F1")["name"] == ("Bo Clinic" if named else "Bo Hospital")
    assert country.unit("F2")["name"] == "Kono Hospital"


def test_two_translations_of_one_language_become_one_where_we_have_the_text(
    make_country: Callable[..., Country],
) -> None:
    country = make_country()
    hold(country, "F1", translations=[{"property": "NAME", "locale": "fr", "value": text} for text in ("a", "b")])
    country.edit("F1", label={"default": "Bo Clinic", "fr": "Clinique"})
    assert country.sync()["state"] == "success"
    assert country.unit("F1")["translations"] == [{"property": "NAME", "locale": "fr", "value": "Clinique"}]


@pytest.mark.parametrize("version", ["2.31", "2.42"])
def test_derived_short_names_are_unique_among_siblings_and_stay_from_run_to_run(
    make_country: Callable[..., Country], version: str
) -> None:
    country = make_country(version)
    country.write(*(facility(f"N{number}", "A", label={"default": NAME_OF_60}) for number in range(3)))
    country.write(facility("N3", "B", label={"default": NAME_OF_60}))
    country.sync()
    below = {code: country.unit_by_code(code)["shortName"] for code in ("N0", "N1", "N2")}
    assert below == {"N0": SHORTENED, "N1": f"{SHORTENED} 2", "N2": f"{SHORTENED} 3"}
    assert country.unit_by_code("N3")["shortName"] == SHORTENED
    assert country.plan()["changes"] == []
    country.edit("F1", label={"default": "Bo Hospital"})
    country.write({"type": "facility", "code": "N1", "values": {"beds": 3}})
    country.sync()
    assert {code: country.unit_by_code(code)["shortName"] for code in below} == below


def test_a_new_sibling_does_not_take_or_change_the_short_name_of_another(country: Country) -> None:
    hold(country, "F1", name=NAME_OF_60, shortName=SHORTENED)
    country.edit("F1", label={"default": NAME_OF_60})
    country.write(facility("A0", "A", label={"default": NAME_OF_60}))
    plan = country.plan()
    assert set(changed(plan)) == {"A0"}
    country.apply(plan)
    assert country.unit("F1")["shortName"] == SHORTENED
    assert country.unit_by_code("A0")["shortName"] == f"{SHORTENED} 2"


def test_a_short_name_is_made_anew_for_a_new_name_only_where_nobody_made_it_by_hand(country: Country) -> None:
    hold(country, "F2", shortName="KC")
    for code in ("F1", "F2"):
        country.edit(code, label={"default": NAME_OF_60})
    country.sync()
    assert (country.unit("F1")["shortName"], country.unit("F2")["shortName"]) == (SHORTENED, "KC")


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"openingDate": "attribute:opened"}, "openingDate"),
        ({"shortName": "attribute:short"}, "shortName"),
        ({"name": "attribute:description"}, "name"),
    ],
)
def test_what_dhis2_demands_of_a_new_unit_is_named_when_it_is_missing(
    mapped: Callable[..., Country], fields: dict[str, str], missing: str
) -> None:
    country = mapped(fields=fields)
    country.write(facility("F9", "A"))
    plan = country.plan()
    assert problems_of(plan) == {"F9": "required-missing"}
    assert plan["problems"][0]["message"] == f"DHIS2 demands {missing}, and there is no value for it."
    assert ID_OF["F1"] not in {change["uid"] for change in plan["changes"]}
