"""How these tests run the command line: in this process, on the tests' own database."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from cgr.cli import main
from cgr.project import wiring

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cgr(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        # Django is set up here, on the tests' own database; a process of its own is tried below.
        monkeypatch.setattr(wiring, "start", lambda **_: None)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capfd.readouterr()
        status = main.run(arguments)
        out, err = capfd.readouterr()
        return status, out, err

    return run
