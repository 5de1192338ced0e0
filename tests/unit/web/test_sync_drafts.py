"""The form of a synchronization configuration and its mapping, each made of the other without a loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from cgr.core.mapping import AttributeMapping, FieldSource, LevelMapping, Limits, SyncMapping, SyncType
from cgr.core.mapping_rules import offer, parse_mapping
from cgr.core.records import (
    OurAttribute,
    OurType,
    RemoteAttribute,
    RemoteGroup,
    RemoteLevel,
    RemoteOption,
    RemoteShape,
)
from cgr.web.syncs.buttons import Known, press, settle
from cgr.web.syncs.drafts import Draft, EntryDraft, LevelDraft, draft_of, mapping_json, percent, read, typed_problems

CODE = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,5}", fullmatch=True)
TEXT = st.text(min_size=1, max_size=8)
TABLE = st.dictionaries(CODE, TEXT, max_size=3)
SOURCE = st.sampled_from(("label", "code", "derived", "exists.end", "attribute:beds"))
ENTRY = st.one_of(
    st.builds(AttributeMapping, source=CODE, to=CODE, terms=st.none() | TABLE, clear=st.booleans()),
    st.builds(AttributeMapping, source=CODE, groups=TABLE, clear=st.booleans()),
    st.builds(AttributeMapping, source=CODE, terms=st.none() | TABLE, clear=st.booleans()),
)
LEVEL = st.builds(
    LevelMapping,
    type=CODE,
    sync=st.sampled_from(SyncType),
    groups=st.lists(CODE, max_size=3).map(tuple),
    only_in_groups=st.booleans(),
    fields=st.dictionaries(
        st.sampled_from(("name", "code", "closedDate", "comment", "nonsense")),
        st.none() | SOURCE | st.builds(FieldSource, source=SOURCE, clear=st.booleans()),
    ),
    geometry=st.sampled_from((UNSET, True, False)),
    where=st.dictionaries(CODE, st.lists(TEXT, min_size=1, max_size=3).map(tuple), max_size=2),
    attributes=st.lists(ENTRY, max_size=4).map(tuple),
    locale=st.none() | st.sampled_from(("default", "fr", "pt_BR")),
)
LIMITS = st.builds(
    Limits,
    **{name: st.floats(0, 1) for name in ("changed_share", "moved_share", "vanished_share")},
    min_units=st.integers(0, 10**6),
)
MAPPING = st.builds(
    SyncMapping,
    levels=st.lists(LEVEL, max_size=4).map(tuple),
    allow_new_root=st.booleans(),
    locale=st.sampled_from(("default", "fr")),
    limits=LIMITS,
)


@given(MAPPING)
def test_whatever_a_file_can_say_is_the_same_after_the_form(mapping: SyncMapping) -> None:
    assert parse_mapping(mapping_json(draft_of(mapping))) == mapping


@given(st.floats(0, 1))
def test_a_share_written_in_percent_is_read_back_to_the_last_digit(share: float) -> None:
    draft = Draft(limits={"changed_share": percent(share)})
    assert parse_mapping(mapping_json(draft)).limits.changed_share == share


def test_what_a_browser_sends_becomes_the_mapping() -> None:
    draft = read(
        {
            "label": [" To the HMIS "],
            "locale": ["fr"],
            "changed_share": ["33,5 %"],
            "moved_share": [""],
            "levels": ["2"],
            "level-1-type": ["country"],
            "level-1-sync": ["none"],
            "level-1-geometry": ["default"],
            "level-2-type": ["facility"],
            "level-2-sync": ["both"],
            "level-2-group": ["GrClinics01", "GrPublic001"],
            "level-2-only_in_groups": ["1"],
            "level-2-field-name": [""],
            "level-2-field-code": ["-"],
            "level-2-field-closedDate": [""],
            "level-2-clear-closedDate": ["1"],
            "level-2-where-remarks": ["two\r\nlines", " blanks "],
            "level-2-entries": ["3"],
            "level-2-entry-1-source": ["owner"],
            "level-2-entry-1-of": ["facility"],
            "level-2-entry-1-target": ["attribute"],
            "level-2-entry-1-to": ["AtOwner0001"],
            "level-2-entry-1-term-PUB": ["1"],
            "level-2-entry-1-term-NGO": [""],
            "level-2-entry-1-group-PUB": ["GrPublic001"],
            "level-2-entry-2-source": ["beds"],
            "level-2-entry-2-of": ["facility"],
            "level-2-entry-2-to": [""],
            "level-2-entry-3-source": ["wards"],
            "level-2-entry-3-of": ["hospital"],
            "level-2-entry-3-to": ["AtWards0001"],
        }
    )
    mapping = parse_mapping(mapping_json(draft))

    assert draft.label == "To the HMIS"
    assert (mapping.limits.changed_share, mapping.limits.moved_share) == (0.335, 0.1)
    assert mapping.levels[0] == LevelMapping("country", SyncType.NONE)
    # No geometry was ticked; an attribute without a target and one of another type say nothing.
    assert mapping.levels[1] == LevelMapping(
        "facility",
        SyncType.BOTH,
        groups=("GrClinics01", "GrPublic001"),
        only_in_groups=True,
        fields={"code": None, "closedDate": FieldSource("exists.end", clear=True)},
        geometry=False,
        where={"remarks": ("two\nlines", " blanks ")},
        attributes=(AttributeMapping("owner", "AtOwner0001", {"PUB": "1"}),),
    )
    # Nothing that was chosen is gone: it is there again when somebody changes their mind.
    assert draft.levels[1].entries[0].groups == {"PUB": "GrPublic001"}
    assert draft.levels[1].entries[2].to == "AtWards0001"


@pytest.mark.parametrize("typed", ["a third", "1e999", "nan", "--", "3 0"])
def test_what_is_no_number_is_told_and_kept(typed: str) -> None:
    draft = read({"changed_share": [typed], "min_units": ["2.5"], "levels": ["-1"]})

    assert [finding.where for finding in typed_problems(draft)] == ["limits, changed_share", "limits, min_units"]
    assert draft.limits["changed_share"] == typed


TERMS = {code: {"default": label} for code, label in (("PUB", "Public"), ("PRI", "Private"), ("NGO", "Other"))}
OWNER = OurAttribute("owner", "term", {"default": "Owner"}, TERMS)
TYPES = {
    "country": OurType("country", {"default": "Country"}, "none", None, {}),
    "facility": OurType("facility", {"default": "Facility"}, "point", "country", {"owner": OWNER}),
}
OPTIONS = (RemoteOption("o1", "1", "Public"), RemoteOption("o2", "2", "Private"))
SHAPE = RemoteShape(
    (2, 42),
    "admin",
    frozenset({"ALL"}),
    (RemoteLevel(1, "Country"), RemoteLevel(2, "Facility")),
    {
        "AtOwner0001": RemoteAttribute(
            "AtOwner0001", "Ownership", "TEXT", for_units=True, option_set="s", options=OPTIONS
        )
    },
    {"GrPublic001": RemoteGroup("GrPublic001", "Public")},
)
KNOWN = Known(TYPES, SHAPE, {code: offer(one, SHAPE) for code, one in TYPES.items()})


def test_levels_are_added_as_far_as_dhis2_has_them_with_the_only_type_there_is() -> None:
    draft = Draft()
    settle(draft, KNOWN)
    for _ in range(3):
        press(draft, "add-level", KNOWN)
    assert [(level.type, level.sync) for level in draft.levels] == [("country", "none"), ("facility", "both")]
    press(draft, "remove-level-1", KNOWN)
    assert [level.type for level in draft.levels] == ["facility"]


def test_suggestions_are_taken_only_when_accepted_and_never_over_what_a_person_chose() -> None:
    entry = EntryDraft("owner", of="facility", to="AtOwner0001", terms={"PUB": "2"})
    draft = Draft(levels=[LevelDraft("country"), LevelDraft("facility", entries=[entry])])
    settle(draft, KNOWN)
    assert entry.terms == {"PUB": "2"}
    press(draft, "accept-2-1", KNOWN)
    assert entry.terms == {"PUB": "2", "PRI": "2"}
    press(draft, "also-2-1", KNOWN)
    press(draft, "accept-2-2", KNOWN)
    assert draft.levels[1].entries[1].groups == {"PUB": "GrPublic001"}


@pytest.mark.parametrize("button", ["accept-9-1", "accept-1-9", "also-0-1", "remove-level-0", "accept-1", "", "drop"])
def test_a_button_about_a_row_that_is_not_there_changes_nothing(button: str) -> None:
    draft = Draft(levels=[LevelDraft("country", entries=[EntryDraft("owner")])])
    press(draft, button, KNOWN)
    assert draft == Draft(levels=[LevelDraft("country", entries=[EntryDraft("owner")])])


def test_a_group_is_added_by_name_or_id_and_one_that_is_not_known_stays_as_typed() -> None:
    draft = Draft(
        levels=[LevelDraft("country", add_group=text) for text in ("public", "GrPublic001", "Pubic", "GrElsewhere")]
    )
    found = settle(draft, KNOWN)
    assert [level.groups for level in draft.levels] == [["GrPublic001"], ["GrPublic001"], [], ["GrElsewhere"]]
    assert [(finding.where, draft.levels[2].add_group) for finding in found] == [
        ("level 3 (country), group Pubic", "Pubic")
    ]
