"""Every command that a page shows is run, in the page's order, on a country with a DHIS2 of its own.

A block that is fenced as `sh` or `console` is a block of commands. One that can't be run says why behind the language:
`sh by hand: it needs root`. What a person would see on their own screen is filled in: the number of the run, its
digest, a password that is asked for.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actors import local_operator
from cgr.cli import main
from cgr.configuration.applying import apply
from cgr.imports.actions import Request, import_units
from cgr.project import wiring
from cgr.registry.actions import apply_objects
from cgr.runs.models import Run
from cgr.sandbox.commands import open_world
from cgr.sandbox.server import serve
from cgr.sync import actions

from .pages import DOCS, PAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


FENCE = re.compile(r"^```(sh|console)(?:[ ]+(by hand|background): (\S[^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LOOSE = re.compile(r"^ *```(?:sh|console|bash|shell)\b(.*)$", re.MULTILINE)
ELSEWHERE = {
    "README.md": "make demo and make test: tests/acceptance/test_release.py goes through the demo",
    "docs/how-to/production.md": "tests/acceptance/test_production.py",
    "docs/how-to/rehearse.md": "tests/acceptance/test_rehearsal.py",
    "docs/how-to/use-the-api.md": "tests/acceptance/test_use_the_api.py",
}
"""Pages whose commands need machines of their own."""
SECRETS = ("HMIS_PASSWORD", "MALARIA_TOKEN", "TRAINING_CLIENT_SECRET", "HOOK_SECRET", "NATIONAL_HMIS_PASSWORD")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands(page: Path) -> list[str]:
    """The lines to type on a page; a console's own answers aren't among them."""
    found = []
    for language, excuse, _, block in FENCE.findall(page.read_text("utf-8")):
        if excuse:
            continue
        lines = re.sub(r"\\\n\s*", "", block).splitlines()
        typed = [line.removeprefix("$ ") for line in lines if language == "sh" or line.startswith("$ ")]
        found += [line for line in typed if line.strip() and not line.lstrip().startswith("#")]
    return found


SHOWN = {name_of(page): found for page in PAGES if (found := commands(page)) and name_of(page) not in ELSEWHERE}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_block_of_commands_is_run_or_says_why_not(page: Path) -> None:
    text = page.read_text("utf-8")
    assert len(LOOSE.findall(text)) == len(FENCE.findall(text))


class Reader:
    """Somebody who types what a page shows, in a folder with the files it speaks of."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.capfd, self.monkeypatch = folder, capfd, monkeypatch

    def type(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        if words[0] in {"export", "unset"}:
            self._set(words[1:], line)
        elif words[0].rpartition("/")[2] == "cgr":
            self._run(words[1:], line)
        else:
            subprocess.run(["sh", "-euc", line], cwd=self.folder, check=True, capture_output=True, timeout=120)

    def _set(self, words: list[str], line: str) -> None:
        for word in words:
            name, given, value = word.partition("=")
            if not given:
                self.monkeypatch.delenv(name, raising=False)
            elif not name.startswith("CGR_") or "EMAIL" in name:  # those were read when this process began
                shown = subprocess.run(["sh", "-c", f'printf %s "{value}"'], capture_output=True, text=True, check=True)
                self.monkeypatch.setenv(name, shown.stdout or line)

    def _run(self, words: list[str], line: str) -> None:
        may_warn = words[-2:] == ["||", "true"]
        words = words[:-2] if may_warn else words
        into = None
        if len(words) > 2 and words[-2] == ">":
            into, words = self.folder / words[-1], words[:-2]
        if words[:2] in (["user", "add"], ["user", "password"]):
            words = [*words, "--password-stdin"]
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a-long-Password-1\n")))
        self.capfd.readouterr()
        status = main.run(_filled_in(words))
        out, err = self.capfd.readouterr()
        assert status == 0 or (may_warn and status == 1), f"{line}\n{out}{err}"
        if into is not None:
            into.write_text(out)


def _filled_in(words: list[str]) -> list[str]:
    """Put the numbers that this instance shows in the place of those that the page shows."""
    if words[:1] not in (["sync"], ["import"]) or not any(word.isdigit() for word in words):
        return words
    states = ("new",) if words[1] == "apply" else ("success", "warning")
    run = Run.objects.filter(state__in=states, kind=words[0]).latest("pk")
    filled = [str(run.pk) if word.isdigit() else word for word in words]
    return [run.digest if word.startswith("sha256:") else word for word in filled]


@pytest.fixture
def reader(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: SettingsWrapper,
) -> Iterator[Reader]:
    """Begin with the worked example, imported and synchronized once."""
    monkeypatch.setattr(wiring, "start", lambda **_: None)  # Django is set up here, on the tests' own database
    monkeypatch.chdir(tmp_path)
    settings.PUBLIC_URL = settings.BROWSER_URL = "https://registry.example.org"
    for name in SECRETS:
        monkeypatch.setenv(name, "district")
    server = serve(open_world(None, DOCS / "how-to" / "a-country.sandbox", None))
    try:
        _begin(tmp_path, server.url)
        yield Reader(tmp_path, capfd, monkeypatch)
    finally:
        server.close()


def _begin(folder: Path, url: str) -> None:
    actor = local_operator()
    text = (DOCS / "how-to" / "a-country.yaml").read_text("utf-8")
    text = text.replace("https://hmis.maranda.example.org", url).replace("username: cgr", "username: admin")
    for name in ("a-country.yaml", "configuration.yaml"):
        (folder / name).write_text(text)
    kinds = {"Province": "MULTIPOLYGON", "Facility": "POINT"}
    types = [{"code": code, "geometryType": geometry, "attributes": []} for code, geometry in kinds.items()]
    tree = [{"geoObjectType": "Province", "children": [{"geoObjectType": "Facility"}]}]
    mapped = [{"geoObjectType": code, "type": "ALL", "level": level} for level, code in enumerate(kinds)]
    sync = {"system": "1", "systemLabel": "National HMIS", "configuration": {"hierarchyCode": "Adm", "levels": mapped}}
    documents = {"types": types, "hierarchies": {"code": "Adm", "rootGeoObjectTypes": tree}, "syncs": sync}
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    apply(actor, text.encode())
    levels = dict(enumerate(("country", "province", "district", "facility"), 1))
    import_units(actor, Request(system="hmis", hierarchy="admin", levels=levels))
    change = {"type": "facility", "code": "F002", "label": "Kono Health Centre"}
    apply_objects(actor, [json.dumps(change).encode()], preview=False)
    run = actions.plan(actor, "hmis-all")
    actions.apply(actor, run, digest=run.digest, consents=(), why="")
    change["label"] = "Kono Clinic"
    apply_objects(actor, [json.dumps(change).encode()], preview=False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", SHOWN)
def test_every_command_of_a_page_does_what_it_should(page: str, reader: Reader) -> None:
    for line in SHOWN[page]:
        reader.type(line)


def test_pages_that_are_tried_elsewhere_are_there() -> None:
    tests = [word for reason in ELSEWHERE.values() for word in re.findall(r"tests/\S+\.py", reason)]
    assert not [test for test in tests if not (ROOT / test).is_file()]
    assert all((ROOT / page).is_file() for page in ELSEWHERE)
