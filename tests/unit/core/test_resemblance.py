"""How alike two places are: what a person would say, bounded, the same from both sides, never dependent on chance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgr.core.changes import ObjectRef
from cgr.core.errors import BadInput
from cgr.core.importing import Answer, Candidate, Decision, parse_answer, reasons
from cgr.core.importing.candidates import Unlinked
from cgr.core.records import Existence, OurObject, TheirUnit
from cgr.core.resemblance import Place, metres_between, place, resemblance

WORDS = ("bo", "kafue", "mumbwa", "clinic", "health", "post", "de", "santé", "1", "2", "st", "mary")
NAMES = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(["bo", "kafue", "mumbwa", "clinic", "health", "post", "de", "santé", "1", "2", "st", "mary"]),
        max_size=5,
    ).map(" ".join),
)
POINTS = st.none() | st.tuples(st.floats(-180, 180), st.floats(-90, 90))
PLACES = st.builds(
    lambda names, parents, point: place(names, parents=tuple(parents), point=point),
    st.lists(NAMES, max_size=3),
    st.lists(st.integers(1, 3), max_size=2),
    POINTS,
)


def score(one: str, other: str) -> float:
    return resemblance(place([one]), place([other])).score


@given(PLACES, PLACES)
def test_it_is_between_0_and_1_the_same_from_both_sides_and_every_time(one: Place, other: Place) -> None:
    found = resemblance(one, other)
    assert 0 <= found.score <= 1
    assert 0 <= found.name <= 1
    assert found == resemblance(other, one) == resemblance(one, other)


@given(NAMES, POINTS)
def test_nothing_resembles_a_place_more_than_itself(name: str, point: tuple[float, float] | None) -> None:
    one = place([name], parents=(1,), point=point)
    assert resemblance(one, one).name in {0.0, 1.0}
    assert resemblance(one, one).score == 1.0 or not any(map(any, one.names))


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (("Bo Clinic", "Bo MCH Clinic"), ("Bo Clinic", "Kenema Clinic")),
        (("Kafue Clinic", "Kafue Clnic"), ("Kafue Clinic", "Mumbwa Clinic")),
        (("Centre de santé de Kita", "Kita CS"), ("Centre de santé de Kita", "Centre de santé de Kati")),
        (("Clinic 1", "CLINIC  1"), ("Clinic 1", "Clinic 2")),
        (("Saint Mary's", "St Mary's"), ("Saint Mary's", "Saint John's")),
        (("Ségou", "SEGOU"), ("Ségou", "Sikasso")),
    ],
)
def test_what_tells_a_place_weighs_more_than_what_kind_it_is(more: tuple[str, str], less: tuple[str, str]) -> None:
    assert score(*more) > 0.75
    assert score(*more) > score(*less) + 0.1


def test_names_that_only_say_the_kind_tell_little() -> None:
    assert score("Health Post", "Health Clinic") < 0.2
    assert score("Health Post", "Kafue Health Post") == 0


def test_parent_and_distance_speak_for_and_against() -> None:
    name = ["Bo Clinic"]
    here = place(name, parents=(1,), point=(0, 0))
    near, far = place(name, parents=(1,), point=(0.001, 0)), place(name, parents=(2,), point=(3, 0))
    assert resemblance(here, near).metres == 111
    assert resemblance(here, near).score > resemblance(here, place(name)).score - 0.01 > resemblance(here, far).score
    assert (resemblance(here, near).same_parent, resemblance(here, far).same_parent) == (True, False)
    assert resemblance(here, place(name)).same_parent is None


def test_a_degree_of_the_equator_is_111_kilometres() -> None:
    assert metres_between((0, 0), (1, 0)) == pytest.approx(111_195, abs=1)
    assert metres_between((179.5, 0), (-179.5, 0)) == pytest.approx(111_195, abs=1)


def known(code: str, name: str, *, parents: tuple[int, ...] = ()) -> OurObject:
    return OurObject(
        key=1, uid="", type="facility", code=code, version=1, invalid=False, existence=Existence.EXISTS, starts=None,
        ends=None, label={"default": name}, values={}, geometry=None, parents=parents, external_id=None, reserved=False,
    )  # fmt: skip


def test_only_a_few_are_compared_and_the_one_with_the_code_is_always_told() -> None:
    unlinked = Unlinked()
    for number in range(500):
        unlinked.add(known(f"C{number}", f"Common {number}"))
    unlinked.add(known("far", "Kafue Clinic", parents=(1,)))
    unlinked.add(known("code", "Nothing alike"))
    unit = TheirUnit("U1", 4, name="Kafue Common Clinic")
    found = unlinked.candidates(unit, parent=None, code="code")
    assert [one.object.code for one in found] == ["far", "code"]
    assert found[1].same_code
    assert Unlinked().candidates(unit, parent=2, code="code") == ()


def test_the_reasons_are_told_as_people_read_them() -> None:
    ref = ObjectRef("facility", "F1")
    assert reasons(Candidate(ref, 0.95, 0.91, same_parent=True, metres=120)) == "0.91 name, same parent, 120 m"
    assert reasons(Candidate(ref, 0.2, 0.1, metres=56_400, same_code=True)) == "0.10 name, same code, 56 km"
    assert reasons(Candidate(ref, 0.2, 0.1, same_parent=False, metres=3_449)) == "0.10 name, another parent, 3.4 km"


@pytest.mark.parametrize("text", ["", "existing", "existing:", "skip:F1", "perhaps", "NEW", "new:"])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_answer(text)


def test_an_answer_names_an_object_by_a_code_that_may_hold_a_colon() -> None:
    assert parse_answer("existing:a:b") == Answer(Decision.EXISTING, "a:b")
    assert parse_answer("new") == Answer(Decision.NEW)
