"""`cgr system …` and `cgr secrets …` from the command line: OAuth2, linked accounts, switching off, rotation."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.systems import authorization
from cgr.systems.models import ExternalSystem, SystemTokens
from cgr.systems.sealing import unseal

from ..systems.oauth_stage import Stage  # noqa: TID252 - tests are no installed package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., tuple[int, str, str]]

OPERATOR = Actor("cli:test", is_system_administrator=True)


@pytest.fixture
def stage(db: None) -> Iterator[Stage]:  # noqa: ARG001 - asks for the database
    save_organization(OPERATOR, "MOH", label={"default": "Ministry of Health"})
    with serve(World("2.42")) as server:
        yield Stage(server)


def done(cgr: Run, *arguments: str, stdin: str = "", status: int = 0) -> dict[str, object]:
    found, out, err = cgr(*arguments, "--json", stdin=stdin)
    assert found == status, err + out
    document: dict[str, object] = json.loads(out)
    return document


def test_an_engineer_registers_the_client_signs_in_and_links_a_person(
    cgr: Run, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = stage.server.url
    done(
        cgr,
        "system",
        "add",
        "hmis",
        "--organization",
        "MOH",
        "--url",
        url,
        "--client-id",
        "registry",
        "--people-sign-in",
    )
    shown = done(cgr, "system", "oauth-client", "hmis")
    made = stage.post(str(shown["path"]), dict(shown["body"]))  # type: ignore[call-overload]
    assert made.status_code == 201
    status, out, _ = cgr("system", "oauth-client", "hmis")
    assert status == 0
    assert "oauth2.server.enabled" in out

    class Browser(io.StringIO):
        """Standard input on which a person pastes what the browser ended at, once the address was shown."""

        def readline(self, *_: int) -> str:
            return stage.consent(begun[0]) + "\n"

    begun: list[str] = []
    begin = authorization.begin_authorization

    def noting(actor, code):
        address, pending = begin(actor, code)
        begun.append(address)
        return address, pending

    monkeypatch.setattr(authorization, "begin_authorization", noting)
    wrapped = io.TextIOWrapper
    monkeypatch.setattr(io, "TextIOWrapper", lambda *_: Browser())
    assert done(cgr, "system", "authorize", "hmis") == {"system": "hmis", "signed_in_as": "admin"}
    monkeypatch.setattr(io, "TextIOWrapper", wrapped)
    assert sys.stdin is not None
    assert SystemTokens.objects.get().username == "admin"
    assert done(cgr, "system", "check", "hmis")["user"] == "admin"

    add_user(OPERATOR, "ada", password="sun-and-rain-9", role="registry-maintainer", organization="MOH")
    done(cgr, "system", "link", "hmis", "ada", "--account", "ada.there")
    links = done(cgr, "system", "links", "hmis")["links"]
    assert [(row["person"], row["account"], row["used"]) for row in links] == [("ada", "ada.there", False)]  # type: ignore[attr-defined]
    done(cgr, "system", "unlink", "hmis", "ada")
    assert done(cgr, "system", "links", "hmis") == {"links": []}
    assert done(cgr, "secrets", "rotate") == {
        "resealed": 0,
        "current": 2,
        "by": {"external systems": 1, "tokens of a system": 1},
    }


def test_a_system_is_disabled_enabled_and_deleted(cgr: Run, stage: Stage) -> None:
    added = ("system", "add", "hmis", "--organization", "MOH", "--url", stage.server.url)
    done(cgr, *added, "--username", "admin", "--password-stdin", stdin="district\n")
    assert done(cgr, "system", "disable", "hmis")["enabled"] is False
    refused = done(cgr, "system", "candidates", "hmis", "--type", "x", status=2)
    assert refused["error"]
    assert done(cgr, "system", "enable", "hmis")["enabled"] is True
    assert done(cgr, "system", "delete", "hmis", "--yes") == {"system": "hmis", "deleted": True}
    assert not ExternalSystem.objects.exists()


def test_client_secret_and_password_come_on_two_lines(cgr: Run, stage: Stage) -> None:
    stage.server.world.version = (2, 36)
    added = ("system", "add", "hmis", "--organization", "MOH", "--url", stage.server.url, "--client-id", "registry")
    both = ("--grant", "password", "--username", "admin", "--client-secret-stdin", "--password-stdin")
    done(cgr, *added, *both, stdin="of-the-client\nof-the-user\n")
    row = ExternalSystem.objects.get()
    assert unseal(bytes(row.sealed_secret)) == "of-the-client"
    assert unseal(bytes(row.sealed_password)) == "of-the-user"
