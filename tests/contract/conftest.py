"""Prints how many recorded exchanges match, whichever way the tests were run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Add up what the replays counted; setup, scenario and readings of the end state count alike."""
    counts = {"exchanges": 0, "matching": 0}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") != "call":
                continue
            for name, value in report.user_properties:
                if name in counts:
                    counts[name] += value
    if counts["exchanges"]:
        terminalreporter.write_line(f"{counts['matching']} of {counts['exchanges']} recorded exchanges match")
