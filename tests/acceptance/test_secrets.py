"""No secret leaves its sealed column: not in what commands print, in logs, errors and exports, in runs or any table.

A whole story from the command line with every kind of sign-in, good and bad; then everything it left is searched.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import psycopg
import pytest
import yaml
from cryptography.fernet import Fernet

from cgr.embedded_postgres import ensure_running
from cgr.sandbox.routes.auth_tokens import Tokens
from cgr.sandbox.routes.oauth_clients import Clients
from cgr.sandbox.routes.oauth_legacy import LegacyGrants
from cgr.sandbox.routes.oauth_server import Authorizations
from cgr.sandbox.server import serve
from cgr.sandbox.world import World

from ..integration.systems.oauth_stage import Stage  # noqa: TID252 - tests are no installed package
from .country import DEFINITIONS, LEVELS, PLACES, facility, metadata, object_of
from .forking import DEADLINE, Commands
from .machine import CGR, environment_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "Pa$$word of-the Registry/9"
KEYS = (Fernet.generate_key().decode(), Fernet.generate_key().decode())


class Story(Commands):
    """One registry, two DHIS2s, and all that was ever printed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            {**environment_of(folder / "data"), "CGR_SECRET_KEYS": KEYS[0], "HMIS_PASSWORD": PASSWORD},
        )
        self.folder = folder
        self.printed: list[str] = []

    def cgr(self, *arguments: str, stdin: str = "", expect: int = 0) -> str:
        done = self.run(*arguments, stdin=stdin)
        self.printed += [done.stdout, done.stderr]
        assert done.returncode == expect, done.stderr + done.stdout
        return done.stdout

    def authorize(self, stage: Stage, code: str) -> None:
        """Run the command, open the address that it prints, and paste where the browser ended."""
        with subprocess.Popen(
            [CGR, "system", "authorize", code],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdin is not None
            assert running.stderr is not None
            lines = [running.stderr.readline() for _ in range(3)]
            url = next(line.strip() for line in lines if line.startswith("http"))
            out, err = running.communicate(stage.consent(url, password=PASSWORD) + "\n", timeout=DEADLINE)
            self.printed += [*lines, out, err]
            assert running.returncode == 0, err


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with ensure_running(tmp_path / "data", durable=False):
        story = Story(tmp_path)
        yield story
        story.close()


def dhis2(version: str) -> World:
    world = World(version)
    world.load({"version": version, "metadata": metadata(version)})
    for user in world.objects["users"].values():
        user["password"] = PASSWORD
    return world


def document(url: str, auth: dict[str, object]) -> str:
    system = {"code": "hmis", "organization": "MOH", "label": "HMIS", "url": url, "auth": auth}
    sync = {"code": "all", "organization": "MOH", "label": "All", "hierarchy": "admin", "system": "hmis"}
    return yaml.safe_dump({**DEFINITIONS, "systems": [system], "syncs": [{**sync, "levels": list(LEVELS.values())}]})


def forms_of(secret: str) -> set[bytes]:
    """The secret as it is, as addresses, JSON and the ends of base64 may hold it."""
    basic = base64.b64encode(f"admin:{secret}".encode()).decode().rstrip("=")
    texts = {secret, quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], basic}
    return {text.encode() for text in texts}


def dump(address: str) -> Iterator[tuple[str, bytes]]:
    """Every row of every table, as COPY writes it, with bytea as the bytes that it is."""
    with psycopg.connect(address) as connection:
        tables = connection.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                content = b"".join(bytes(part) for part in copy)
            unhexed = b"".join(
                bytes.fromhex(text.decode()) for text in re.findall(rb"\\\\x((?:[0-9a-f]{2})+)", content)
            )
            yield table, content + b"\n" + unhexed


@pytest.mark.long
@pytest.mark.parametrize("version", ["2.40", "2.42"])
def test_no_secret_is_printed_logged_stored_in_clear_or_exported(  # noqa: PLR0915 - one story, from end to end
    story: Story, version: str
) -> None:
    world = dhis2(version)
    with serve(world) as server, ensure_running(story.folder / "data", durable=False) as cluster:
        stage = Stage(server, password=PASSWORD)
        file = story.folder / "configuration.yaml"
        story.cgr("migrate")

        basic = {"kind": "basic", "username": "admin", "password": {"env": "HMIS_PASSWORD"}}
        file.write_text(document(server.url, basic))
        story.cgr("config", "apply", str(file))
        objects = story.folder / "objects.ndjson"
        lines = [object_of(*place) for place in PLACES] + [facility("F9", "A")]
        objects.write_text("".join(json.dumps(line) + "\n" for line in lines))
        story.cgr("objects", "apply", str(objects))
        story.cgr("system", "check", "hmis", "--json")
        story.cgr("sync", "run", "all", "--yes", "--consent", "changed_share")
        wrong = ("system", "add", "hmis", "--organization", "MOH", "--url", server.url)
        story.cgr(*wrong, "--username", "admin", "--password-stdin", stdin="Wrong-9-Password\n")
        story.cgr("system", "check", "hmis", expect=3)

        made = stage.post("/api/apiToken", {}).json()["response"]["key"]
        story.environment["HMIS_TOKEN"] = made
        file.write_text(document(server.url, {"kind": "token", "token": {"env": "HMIS_TOKEN"}}))
        story.cgr("config", "apply", str(file))
        story.cgr("sync", "plan", "all", "--json")

        registered = ("system", "add", "hmis", "--organization", "MOH", "--url", server.url, "--client-id", "registry")
        story.cgr(*registered)
        shown = json.loads(story.cgr("system", "oauth-client", "hmis", "--json"))
        uid = stage.post(shown["path"], shown["body"]).json()["response"]["uid"]
        if stage.legacy:
            secret = world.state(Clients).by_id[uid]["secret"]
            story.cgr(*registered, "--client-secret-stdin", stdin=secret + "\n")
        story.authorize(stage, "hmis")
        story.cgr("system", "check", "hmis")
        objects.write_text(json.dumps(facility("F8", "A")) + "\n")
        story.cgr("objects", "apply", str(objects))
        story.cgr("sync", "run", "all", "--yes", "--consent", "changed_share")
        story.environment["CGR_SECRET_KEYS"] = f"{KEYS[1]} {KEYS[0]}"
        story.cgr("secrets", "rotate", "--json")
        story.environment["CGR_SECRET_KEYS"] = KEYS[1]
        story.cgr("system", "check", "hmis")
        for grant in world.state(LegacyGrants).grants:
            grant.access = grant.refresh = "ended"
        world.state(Tokens).by_id.clear()
        story.cgr("config", "export")
        story.cgr("sync", "runs", "--json")
        if stage.legacy:
            story.cgr("system", "check", "hmis", expect=3)

        secrets = {PASSWORD, "Wrong-9-Password", made, *KEYS, *_given_by(world)}
        assert len(secrets) >= 7
        found = [("what commands printed", "\n".join(story.printed).encode())]
        found += list(dump(cluster.url("cgr")))
        data = story.folder / "data"
        found += [(str(path), path.read_bytes()) for path in data.rglob("*") if path.is_file() and _is_log(path)]
    assert any(table.endswith("systems_systemtokens") and content.strip() for table, content in found)
    leaks = [(where, form) for where, text in found for secret in secrets for form in forms_of(secret) if form in text]
    assert not leaks


def _given_by(world: World) -> set[str]:
    """All that DHIS2 ever gave out as a secret and still knows, and the secret of our client."""
    given = {text for grant in world.state(Authorizations).all for text in (grant.access, grant.refresh) if text}
    given |= set(world.state(Clients).first_secrets.values())
    given |= {str(client["secret"]) for client in world.state(Clients).by_id.values() if "secret" in client}
    return given | _LEGACY_GIVEN


_LEGACY_GIVEN: set[str] = set()


@pytest.fixture(autouse=True)
def _note_what_the_legacy_server_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    from cgr.sandbox.routes import oauth_legacy  # noqa: PLC0415 - watched, not used

    reply = oauth_legacy._token_reply  # noqa: SLF001 - where every token passes

    def noting(world, request, grant):
        _LEGACY_GIVEN.update((grant.access, grant.refresh))
        return reply(world, request, grant)

    _LEGACY_GIVEN.clear()
    monkeypatch.setattr(oauth_legacy, "_token_reply", noting)


def _is_log(path: Path) -> bool:
    return "log" in path.name or path.suffix in {".txt", ".json"}
