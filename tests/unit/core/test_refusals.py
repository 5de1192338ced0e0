"""What becomes of DHIS2's error codes: the contract's problem codes, in words with a next step."""

from __future__ import annotations

import pytest

from cgr.core.changes import ProblemCode
from cgr.core.refusals import STOP_THE_RUN, too_large, unnamed, verdict


@pytest.mark.parametrize(
    ("dhis2_code", "code"),
    [
        ("E4000", "required-missing"),
        ("E4001", "value-refused"),
        ("E4002", "value-refused"),
        ("E4003", "value-refused"),
        ("E4009", "unique-value-taken"),
        ("E4011", "mandatory-attribute-missing"),
        ("E4013", "value-refused"),
        ("E5001", "external-id-not-found"),
        ("E5002", "refused-by-dhis2"),
        ("E5003", "code-taken"),
        ("E6006", "value-refused"),
        ("E6012", "refused-by-dhis2"),
        ("E6021", "value-refused"),
        ("E1520", "refused-by-dhis2"),
        ("E9999", "refused-by-dhis2"),
    ],
)
def test_every_code_of_dhis2_becomes_one_of_ours(dhis2_code: str, code: str) -> None:
    found = verdict(dhis2_code, message="Words of DHIS2", property="name")
    assert (found.code, found.dhis2_code, found.property) == (ProblemCode(code), dhis2_code, "name")
    assert "Words of DHIS2" in found.message
    assert found.next_step.endswith(".")


@pytest.mark.parametrize("dhis2_code", ["E1106", "E4001", "E4003", "E4004", "E6006", "E6021"])
def test_nobody_is_sent_to_the_registry_for_a_value_that_dhis2_held_before(dhis2_code: str) -> None:
    assert "DHIS2's own" in verdict(dhis2_code, message="", property="email", ours=False).next_step
    assert "DHIS2's own" not in verdict(dhis2_code, message="", property="email").next_step


def test_a_missing_move_authority_is_named() -> None:
    assert "F_ORGANISATIONUNIT_MOVE" in verdict("E1520", message="").next_step


def test_only_missing_rights_to_write_at_all_stop_the_run() -> None:
    assert {"E3000", "E3001", "E3002"} == STOP_THE_RUN


@pytest.mark.parametrize("judge", [unnamed, too_large])
def test_what_dhis2_does_not_name_is_told_in_its_own_words_all_the_same(judge) -> None:
    found = judge("the proxy's words")
    assert found.code is ProblemCode.REFUSED_BY_DHIS2
    assert "the proxy's words" in found.message
