"""The page on rehearsing, followed literally: copy, serve the copy, make an instance of its own, run (R4.5)."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cgr.embedded_postgres import ensure_running
from cgr.sandbox.commands import open_world
from cgr.sandbox.server import serve

from ..ports import free_port  # noqa: TID252 - tests are no installed package
from .machine import CGR, DEADLINE, environment_of, make_instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.sandbox.server import SandboxServer

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = (HOW_TO / "rehearse.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh(?: background: [^\n]*)?\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def dhis2() -> Iterator[SandboxServer]:
    server = serve(open_world(None, HOW_TO / "a-country.sandbox", None))
    yield server
    server.close()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, pattern: Path) -> Iterator[Path]:
    """A folder with the real instance, whose database runs: else each command would start and stop it."""
    made = tmp_path_factory.mktemp("r")  # a short name: the path of a socket can't be long
    make_instance(made / "real", pattern)
    with ensure_running(made / "real", durable=False):
        yield made


@pytest.mark.long
def test_the_page_is_followed_and_neither_the_dhis2_nor_the_registry_notices(
    dhis2: SandboxServer, folder: Path
) -> None:
    port = free_port()
    environment = {
        **environment_of(folder / "real"),
        **dict.fromkeys(("HMIS_PASSWORD", "MALARIA_TOKEN", "TRAINING_CLIENT_SECRET", "HOOK_SECRET"), "district"),
        "PATH": os.pathsep.join([str(Path(CGR).parent), os.environ["PATH"]]),
    }

    def follow(*blocks: str) -> str:
        script = "\n".join(blocks).replace("8085", str(port))
        done = subprocess.run(
            ["sh", "-euc", script],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * DEADLINE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    taking_along, serving, making, trying = BLOCKS
    text = (HOW_TO / "a-country.yaml").read_text("utf-8").replace("https://hmis.maranda.example.org", dhis2.url)
    (folder / "real.yaml").write_text(text.replace("username: cgr", "username: admin"))
    levels = "1=country,2=province,3=district,4=facility"
    follow("cgr config apply real.yaml", f"cgr import dhis2 --system hmis --hierarchy admin --levels {levels}")
    change = {"type": "facility", "code": "F002", "label": "Kono Health Centre"}
    (folder / "change.ndjson").write_text(json.dumps(change))
    follow("cgr objects apply change.ndjson")
    before, asked = dict(dhis2.world.units()), follow("cgr config export")

    follow(taking_along)
    serve_copy = serving.replace("8085", str(port)).split()
    with subprocess.Popen(serve_copy, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True) as copy:
        try:
            assert copy.stdout is not None
            assert str(port) in copy.stdout.readline()
            told = follow(making, trying)
        finally:
            copy.send_signal(signal.SIGTERM)
    assert "done 1 of 1 changes" in told
    assert "Nothing to do" in told

    assert dhis2.world.units() == before
    assert follow("cgr config export") == asked
    assert json.loads(follow("cgr sync runs --json"))["runs"][0]["kind"] == "import"
