"""The modelled time of a request, held to the table of what was measured (verified facts, section 7)."""

from __future__ import annotations

import pytest

from cgr.sandbox.latency import Latency, measured

_UNITS = 20_000
_NEAR = 0.4
"""The table's own runs differ by more than that."""


def _model(version: tuple[int, ...] = (2, 42)) -> Latency:
    return measured(version, single=0.2)


def _cheaper_per_unit(model: Latency, units: int, *, update: bool = False, there: int = _UNITS) -> float:
    one = model.importing(there, created=1, updated=0)
    many = model.importing(there, created=0 if update else units, updated=units if update else 0)
    return units * one / many


def test_one_unit_in_a_post_of_its_own_takes_the_seconds_given_on_a_server_of_the_measured_size():
    assert _model().importing(_UNITS, created=1, updated=0) == pytest.approx(0.2)
    assert _model((2, 43)).importing(_UNITS, created=1, updated=0) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("units", "cheaper"), [(10, 7.65), (50, 23.5), (100, 35), (500, 53.5), (1000, 67.5), (2000, 72.5), (4000, 76.5)]
)
def test_a_unit_of_a_bulk_is_as_much_cheaper_as_was_measured_on_2_42(units, cheaper):
    assert _cheaper_per_unit(_model(), units) == pytest.approx(cheaper, rel=_NEAR)


@pytest.mark.parametrize(
    ("units", "cheaper"), [(10, 4.7), (50, 13), (100, 15), (500, 19), (1000, 12), (2000, 20), (4000, 13)]
)
def test_a_unit_of_a_bulk_is_as_much_cheaper_as_was_measured_on_2_43(units, cheaper):
    assert _cheaper_per_unit(_model((2, 43)), units) == pytest.approx(cheaper, rel=_NEAR)


@pytest.mark.parametrize(("version", "cheaper"), [((2, 42), 58.5), ((2, 43), 12)])
def test_a_thousand_updates_are_as_much_cheaper_as_was_measured(version, cheaper):
    assert _cheaper_per_unit(_model(version), 1000, update=True) == pytest.approx(cheaper)


def test_bulk_gains_less_where_there_are_a_few_thousand_units():
    assert _cheaper_per_unit(_model(), 1000, there=3_000) == pytest.approx(30, rel=_NEAR)


def test_validating_costs_its_measured_share_of_a_commit():
    model = _model()
    updates, creates = {"created": 0, "updated": 4000}, {"created": 4000, "updated": 0}
    committed = model.importing(_UNITS, **updates), model.importing(_UNITS, **creates)
    assert committed[0] / model.importing(_UNITS, **updates, validate=True) == pytest.approx(6.5)
    assert committed[1] / model.importing(_UNITS, **creates, validate=True) == pytest.approx(18.5)


def test_reading_costs_what_was_measured_whole_in_pages_and_by_id():
    model = _model()
    whole, updating = model.listing(24_000), model.importing(_UNITS, created=0, updated=4000)
    assert whole / updating == pytest.approx(1.55)
    assert 24 * model.listing(1000) / whole == pytest.approx(1.1)
    assert model.listing(300) / (300 * model.updated) == pytest.approx(0.3, rel=_NEAR)


def test_one_member_for_a_large_group_costs_many_single_posts_and_many_at_once_little_each():
    model = _model()
    assert model.adding(10_000, added=1) / 0.2 == pytest.approx(14.5, rel=_NEAR)
    updating = model.importing(_UNITS, created=0, updated=2000)
    assert updating / model.adding(0, added=2000) == pytest.approx(5.15, rel=_NEAR)


def test_without_a_model_nothing_takes_time():
    off = Latency()
    assert not any((off.listing(1000), off.importing(1000, created=10, updated=10), off.adding(10, added=10)))
