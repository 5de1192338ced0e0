"""Whatever is refused, everything independent is accepted exactly once, and nothing is sent below what isn't there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgr.core.changes import Change, FieldChange, Kind, ObjectRef
from cgr.core.errors import NeedsPerson, TryLater
from cgr.dhis2.reports import ImportReport, Refusal
from cgr.sync.delivery import deliver

if TYPE_CHECKING:
    from collections.abc import Sequence


def creation(uid: str, *needs: str) -> Change:
    return Change(
        kinds=(Kind.CREATE,),
        object=ObjectRef("facility", uid),
        uid=uid,
        level=1,
        fields={"name": FieldChange(None, uid)},
        groups=(),
        key=1,
        version=1,
        depth=1,
        basis="",
        needs=needs,
    )


class Case(NamedTuple):
    """A forest of new units, and what is wrong with some of them."""

    changes: list[Change]
    named: set[str]
    silent: set[str]
    lost: set[str]
    limit: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count = draw(st.integers(1, 40))
    names = [f"u{number}" for number in range(count)]
    outside = ["gone0", "gone1"]
    changes = []
    for number, name in enumerate(names):
        above = draw(st.sampled_from([None, *names[max(0, number - 5) : number], *outside]))
        changes.append(creation(name, *([above] if above else [])))
    some = st.sets(st.sampled_from(names), max_size=8)
    return Case(changes, draw(some), draw(some), set(outside), draw(st.integers(1, 50)))


class Server:
    """A DHIS2 that keeps `atomicMode=ALL`, names some refusals and fails on others without a word."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.units: list[str] = []

    def take(self, changes: Sequence[Change]) -> ImportReport:
        sent = {change.uid for change in changes}
        for change in changes:
            assert set(change.needs) <= sent | set(self.units), "sent below a unit that isn't there"
        if len(changes) > self.case.limit:
            raise NeedsPerson("too large", code="request-too-large", next_step="Send less.")
        if refused := sent & self.case.named:
            reasons = tuple(Refusal(uid, "E4001", "name", None, "too long") for uid in sorted(refused))
            return ImportReport(ok=False, refusals=reasons)
        if sent & self.case.silent:
            return ImportReport(ok=False, message="could not execute statement")
        self.units += [change.uid for change in changes]
        return ImportReport(ok=True)


@given(cases())
def test_everything_independent_of_what_is_refused_is_accepted_exactly_once(case: Case) -> None:
    server = Server(case)
    delivery = deliver(case.changes, server.take, lost=case.lost)
    bad = case.named | case.silent
    out: set[str] = set(case.lost)
    expected = []
    for change in case.changes:
        if out.isdisjoint(change.needs) and change.uid not in bad:
            expected.append(change.uid)
        else:
            out.add(change.uid)
    assert sorted(server.units) == sorted(expected)
    assert sorted(change.uid for change in delivery.accepted) == sorted(expected)
    assert set(delivery.refused) <= bad
    assert set(delivery.refused) | set(delivery.blocked) == {change.uid for change in case.changes} - set(expected)
    assert set(delivery.refused).isdisjoint(delivery.blocked)
    assert all(by in delivery.refused or by in delivery.blocked or by in case.lost for by in delivery.blocked.values())


def test_a_server_that_fails_on_every_unit_is_ill_and_no_unit_is_blamed() -> None:
    changes = [creation(f"u{number}") for number in range(30)]
    with pytest.raises(TryLater) as stopped:
        deliver(changes, lambda _: ImportReport(ok=False, message="no space left on device"))
    assert stopped.value.code == "server-failing"


def test_a_unit_on_which_the_server_fails_with_a_page_is_searched_for_when_waiting_was_in_vain() -> None:
    def fail_on_u3(changes: Sequence[Change]) -> ImportReport:
        if any(change.uid == "u3" for change in changes):
            raise TryLater("answered 500", code="server-error", next_step="Look into its log.", sent=True)
        return ImportReport(ok=True)

    changes = [creation(f"u{number}") for number in range(8)]
    with pytest.raises(TryLater):
        deliver(changes, fail_on_u3, failures=2)
    delivery = deliver(changes, fail_on_u3, failures=5)
    assert set(delivery.refused) == {"u3"}
    assert len(delivery.accepted) == 7


def test_many_units_that_are_too_large_alone_do_not_make_the_server_ill() -> None:
    def too_large(_: Sequence[Change]) -> ImportReport:
        raise NeedsPerson("413", code="request-too-large", next_step="Send less.")

    delivery = deliver([creation(f"u{number}") for number in range(30)], too_large)
    assert len(delivery.refused) == 30
    assert delivery.too_large


@pytest.mark.parametrize("code", ["E3000", "E3001"])
def test_without_the_right_to_write_nothing_more_is_tried(code: str) -> None:
    asked: list[int] = []

    def refuse(changes: Sequence[Change]) -> ImportReport:
        asked.append(len(changes))
        return ImportReport(ok=False, refusals=(Refusal("u0", code, None, None, "no authority"),))

    with pytest.raises(NeedsPerson) as stopped:
        deliver([creation("u0"), creation("u1")], refuse)
    assert stopped.value.code == "authority-missing"
    assert asked == [2]


@pytest.mark.parametrize(("about", "theirs"), [("email", True), ("name", False), (None, False)])
def test_a_unit_that_dhis2_refuses_for_what_it_holds_itself_is_told_so(about: str | None, *, theirs: bool) -> None:
    update = msgspec.structs.replace(creation("u0"), kinds=(Kind.UPDATE,))
    refused = ImportReport(ok=False, refusals=(Refusal("u0", "E4003", about, None, "no e-mail address"),))
    assert ("DHIS2's own" in deliver([update], lambda _: refused).refused["u0"].next_step) is theirs


def test_a_refusal_that_names_nobody_we_sent_is_searched_for() -> None:
    def take(changes: Sequence[Change]) -> ImportReport:
        if any(change.uid == "u3" for change in changes):
            return ImportReport(ok=False, refusals=(Refusal(None, "E1106", None, None, "twice"),))
        return ImportReport(ok=True)

    delivery = deliver([creation(f"u{number}") for number in range(8)], take)
    assert set(delivery.refused) == {"u3"}
    assert len(delivery.accepted) == 7
