"""What can be done with a run follows from what it is and how far it came."""

from __future__ import annotations

from itertools import product

import pytest

from cgr.core.run_choices import Choice, RunFacts, choices

APPLY, DISCARD, CANCEL, RESUME, RETRY, UNDO, DOWNLOAD = Choice
ENDED = ("success", "warning", "failure", "cancelled")


def of(state: str, **facts: object) -> set[Choice]:
    return set(choices(RunFacts(state=state, **facts)))  # type: ignore[arg-type]


def test_a_preview_with_changes_can_be_applied_discarded_and_taken_away() -> None:
    assert of("new", planned=True, changes=3) == {APPLY, DISCARD, DOWNLOAD}


def test_a_preview_without_changes_has_nothing_to_apply() -> None:
    assert of("new", planned=True, left=2) == {DISCARD, DOWNLOAD}


@pytest.mark.parametrize("state", ["queued", "running"])
def test_what_waits_or_goes_on_can_only_be_cancelled_and_read(state: str) -> None:
    assert of(state) == {CANCEL}
    assert of(state, planned=True, applied=True, changes=3, left=3) == {CANCEL, DOWNLOAD}
    assert of(state, kind="import") == {CANCEL}


def test_a_run_that_lost_its_process_is_resumed_by_hand_only_if_no_worker_takes_it_up() -> None:
    lost = {"planned": True, "applied": True, "changes": 3, "abandoned": True}
    assert of("running", **lost) == {CANCEL, RESUME, DOWNLOAD}
    assert of("running", **lost, by_worker=True) == {CANCEL, DOWNLOAD}


def test_a_run_with_problems_can_be_retried_and_undone() -> None:
    ended = {"planned": True, "applied": True, "changes": 3}
    assert of("warning", **ended, left=1) == {RETRY, UNDO, DOWNLOAD}
    assert of("success", **ended) == {UNDO, DOWNLOAD}
    assert of("failure", **ended, left=2) == {RESUME, RETRY, UNDO, DOWNLOAD}
    assert of("cancelled", **ended, left=2) == {RETRY, UNDO, DOWNLOAD}


def test_what_is_left_of_an_undoing_or_of_a_deleted_configuration_is_not_retried() -> None:
    ended = {"planned": True, "applied": True, "changes": 3, "left": 1}
    assert RETRY not in of("warning", **ended, undoes=True)
    assert RETRY not in of("warning", **ended, configured=False)


def test_a_discarded_preview_can_only_be_read() -> None:
    assert of("cancelled", planned=True, changes=3, left=3) == {DOWNLOAD}


def test_an_import_that_stopped_is_begun_again_if_it_is_known_how_it_was_asked_for() -> None:
    assert of("failure", kind="import", repeatable=True) == {RESUME}
    assert of("failure", kind="import") == set()
    assert of("warning", kind="import", repeatable=True, left=4) == set()


def test_nothing_that_sends_is_ever_offered_together_with_something_that_goes_on() -> None:
    for state, planned, applied, abandoned in product(("queued", "running"), *[(False, True)] * 3):
        offered = of(state, planned=planned, applied=applied, abandoned=abandoned, changes=1, left=1)
        assert not offered & {APPLY, DISCARD, RETRY, UNDO}


def test_everything_that_ended_is_past_cancelling() -> None:
    assert not any(CANCEL in of(state, planned=True, applied=True, changes=1) for state in ENDED)
