"""`cgr plugin`: the DHIS2 app as a file."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor
from cgr.systems.actions import save_system
from cgr.systems.signing_in import BASIC, SignIn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

    Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)


@pytest.fixture(autouse=True)
def _a_system(settings: SettingsWrapper) -> None:
    settings.PUBLIC_URL = settings.BROWSER_URL = "https://registry.example.org"
    save_organization(OPERATOR, "MOH", label={"default": "Health"})
    save_system(
        OPERATOR,
        "hmis",
        organization="MOH",
        label={"default": "HMIS"},
        url="https://hmis.example.org",
        sign_in=SignIn(BASIC, "cgr", "s3cret"),
    )


def test_the_app_is_written_whole_and_told_as_json(cgr: Run, tmp_path: Path) -> None:
    file = tmp_path / "cgr-dhis2-app.zip"
    status, out, err = cgr("plugin", "hmis", "-o", str(file), "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {"system": "hmis", "file": str(file), "bytes": file.stat().st_size}
    with zipfile.ZipFile(file) as archive:
        assert {"manifest.webapp", "index.html", "redirect.js"} <= set(archive.namelist())


def test_where_nobody_said_how_people_open_the_registry_the_app_is_made_and_that_is_told(
    cgr: Run, tmp_path: Path, settings: SettingsWrapper
) -> None:
    settings.PUBLIC_URL, settings.BROWSER_URL = "", "http://127.0.0.1:8077"
    file = tmp_path / "cgr-dhis2-app.zip"
    status, out, err = cgr("plugin", "hmis", "-o", str(file), "--json")
    assert (status, json.loads(out)["file"]) == (0, str(file))
    assert "http://127.0.0.1:8077" in err
    with zipfile.ZipFile(file) as archive:
        assert b"http://127.0.0.1:8077/" in archive.read("index.html")


@pytest.mark.parametrize("given", [("nowhere", "app.zip"), ("hmis", "no/such/folder/app.zip")])
def test_what_can_not_be_made_leaves_no_file(cgr: Run, tmp_path: Path, given: tuple[str, str]) -> None:
    system, name = given
    status, out, _ = cgr("plugin", system, "-o", str(tmp_path / name), "--json")
    assert status == 2
    assert json.loads(out)["error"]["next_step"]
    assert list(tmp_path.iterdir()) == []
