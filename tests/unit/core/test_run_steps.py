"""The line of steps says what is done, what goes on, and where a run stopped."""

from __future__ import annotations

from cgr.core.run_steps import steps


def line(**said: object) -> str:
    marks = {"done": "✓", "now": "●", "ahead": "○", "stopped": "✗"}
    return " ".join(marks[one.state] + one.name for one in steps(**{"kind": "sync", **said}))  # type: ignore[arg-type]


def test_a_run_that_waits_has_everything_ahead() -> None:
    assert line(state="queued", planned=False) == "○read ○plan ○validate ○apply ○groups ○paths"


def test_planning_goes_from_step_to_step() -> None:
    assert line(state="running", planned=False, step="read groups", past=["read DHIS2"]).startswith("●read ○plan")
    assert line(state="running", planned=False, step="validate in DHIS2").startswith("✓read ✓plan ●validate ○apply")


def test_a_stored_plan_has_its_planning_behind_it_whatever_was_said_last() -> None:
    assert line(state="new", planned=True, step="store the plan") == "✓read ✓plan ✓validate ○apply ○groups ○paths"
    assert line(state="queued", planned=True, step="store the plan").startswith("✓read ✓plan ✓validate ○apply")


def test_applying_goes_on_after_the_plan() -> None:
    assert line(state="running", planned=True, step="fill groups").endswith("✓apply ●groups ○paths")


def test_a_run_that_stopped_says_where() -> None:
    assert line(state="failure", planned=True, step="write units").endswith("✗apply ○groups ○paths")


def test_a_run_that_stopped_before_anything_was_told_stopped_at_its_first_step() -> None:
    assert line(state="failure", planned=False).startswith("✗read ○plan")
    assert line(state="failure", planned=True).endswith("✗apply ○groups ○paths")


def test_what_went_through_did_all_of_it() -> None:
    assert line(state="warning", planned=True, step="fill groups").endswith("✓apply ✓groups ✓paths")


def test_an_import_has_a_line_of_its_own() -> None:
    assert line(kind="import", state="running", planned=False, step="import") == "✓read ●import"
