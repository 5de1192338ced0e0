"""What tests of pages have in common."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _a_session_is_noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine, too, no second note of the minute falls among the questions that a test counts."""
    monkeypatch.setattr("cgr.web.requests._NOTED_EVERY_S", 1e9)
