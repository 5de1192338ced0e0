"""The page that says how to use the REST API, followed word by word on a server, and what then is in DHIS2."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pyogrio
import pytest
import uvicorn
from django.core.asgi import get_asgi_application

from cgr.accounts.actions import add_user, create_token
from cgr.accounts.actors import local_operator
from cgr.api.large_bodies import larger_limit, too_large
from cgr.imports.background import continue_import
from cgr.jobs import Stopping
from cgr.runs.models import Run
from cgr.sync.background import continue_sync
from cgr.web.body_limit import BodyLimit

from .country import ID_OF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .country import Country

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-the-api.md"
LIMIT = 100_000
STEPS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def registry() -> Iterator[str]:
    """The address of a server as `cgr serve` runs it, with a smaller limit of what a request may bring."""
    application = BodyLimit(get_asgi_application(), limit=LIMIT, more=larger_limit, refusal=too_large)
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def token(country: Country) -> str:  # noqa: ARG001 - of the country's ministry
    operator = local_operator()
    add_user(operator, "ada", password="correct horse battery", role="registry-administrator", organization="MOH")
    return create_token(operator, "program", scopes=["read", "write", "sync"], days=1, owner="ada")


def test_the_page_on_the_api_does_what_it_says(country: Country, registry: str, token: str, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl isn't on this machine")
    answers = ""
    for step in STEPS:
        answers += _followed(step, registry, token, tmp_path)
        for run in set(re.findall(r'"id":"(\d+)","state":"queued"', answers)):
            one = Run.objects.get(pk=run)
            (continue_import if one.kind == one.Kind.IMPORT else continue_sync)(one.pk, Stopping())
        answers = answers.replace('"state":"queued"', '"state":"taken up"')
    assert json.loads((tmp_path / "places.geojson").read_text())["type"] == "FeatureCollection"
    assert len((tmp_path / "facilities.ndjson").read_text().splitlines()) == 4
    assert '{"created":1,"changed":1,"unchanged":0,"errors":[]}' in answers
    assert '"state":"success"' in answers
    shown = json.loads(re.findall(r"^```json\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)[0])
    assert answers.endswith(json.dumps(shown, separators=(",", ":")))
    units = {unit["code"]: unit for unit in country.world.units().values()}
    assert units["F1"]["name"] == "Bo New Clinic"
    assert units["F2"]["name"] == "Kono Health Post"
    assert (tmp_path / "refused.csv").read_text("utf-8-sig").splitlines()[1].startswith("F7,Lost Clinic,Nowhere,,3,")
    assert "facility" in pyogrio.list_layers(tmp_path / "places.gpkg")[:, 0]
    assert units["F5"]["parent"]["id"] == ID_OF["D"]
    _undone(registry + (tmp_path / "run").read_text().strip(), registry, token)
    assert country.world.unit(ID_OF["F1"])["name"] == "Bo Clinic"


def _undone(run: str, registry: str, token: str) -> None:
    """Have a worker make the plan that puts a run back, and apply it."""
    headers = {"Authorization": f"Bearer {token}"}
    plan = httpx2.post(f"{run}/undo", headers=headers).json()["id"]
    continue_sync(int(plan), Stopping())
    made = httpx2.get(f"{registry}/api/v1/runs/{plan}", headers=headers).json()
    assert (made["state"], made["undoes"]) == ("new", run.rpartition("/")[2])
    asked = httpx2.post(f"{registry}/api/v1/runs/{plan}/apply", headers=headers, json={"digest": made["digest"]})
    assert asked.status_code == 202
    continue_sync(int(plan), Stopping())


def _followed(step: str, registry: str, token: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-e", "-u", "-c", step],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "REGISTRY": registry, "TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_only_geo_objects_and_files_sent_with_a_good_token_may_be_large(registry: str, token: str) -> None:
    lines = b'{"type":"facility","code":"F1","label":"Bo Clinic"}\n' + b"# nothing\n" * LIMIT
    address, kind = f"{registry}/api/v1/objects?preview=true", {"Content-Type": "application/x-ndjson"}

    def sent(**headers: str) -> Any:
        return httpx2.post(address, content=lines, headers={**kind, **headers})

    assert sent(Authorization=f"Bearer {token}").json()["unchanged"] == 1
    refused = sent(Authorization="Bearer cgr_guessed")
    assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")
    assert sent().status_code == 413
    form: Any = {
        "files": {"file": ("places.csv", b"Code\n" + b"F1\n" * LIMIT)},
        "data": {"mapping": "code: Code", "template": "x"},
    }
    address = f"{registry}/api/v1/imports/files?type=facility"
    read = httpx2.post(address, headers={"Authorization": f"Bearer {token}"}, **form)
    assert (read.status_code, read.json()["errors"][0]["field"]) == (422, "template")
    assert httpx2.post(address, headers={"Authorization": "Bearer cgr_guessed"}, **form).status_code == 413


def test_what_is_streamed_is_whole(registry: str, token: str) -> None:
    with httpx2.stream(
        "GET", f"{registry}/api/v1/objects.ndjson", headers={"Authorization": f"Bearer {token}"}
    ) as answer:
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        assert answer.headers["Cache-Control"] == "no-store"
        codes = [json.loads(line)["code"] for line in answer.iter_lines()]
    assert len(codes) == 10
