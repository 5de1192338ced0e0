"""What a page costs the server when the registry is large: every main page of an administrator, asked in turn."""

from __future__ import annotations

import re
import subprocess
import time
from math import asinh, pi, radians, tan
from statistics import quantiles
from typing import TYPE_CHECKING

import httpx2
from bench import CGR, Registry
from country import configuration, units, write_content
from server import sandbox

from cgr.embedded_postgres import ensure_running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNS = 50
_TIMES = 20
_PORT = 8932
_START_SECONDS = 60
_PERSON, _PASSWORD = "bench", "a-long-Password-1"
_SMALL = 60
_ZOOMS = (4, 7, 10)
_PAGES = (
    "/",
    "/explorer/",
    "/explorer/?q=health",
    "/explorer/search/?q=health",
    "/explorer/tree/admin/",
    "/types/",
    "/import/",
    "/synchronization/",
    "/synchronization/id/all/",
    "/synchronization/id/all/edit/",
    "/jobs/",
    "/settings/",
    "/settings/people/",
    "/settings/systems/",
    "/settings/audit/",
)


def lines(folder: Path, size: int) -> Iterator[str]:
    """Tell the slowest pages, and the tiles of the map."""
    registry = Registry(folder)
    with ensure_running(registry.data):
        _fill(registry, folder, size)
        found = _measured(registry)
    pages = {address: taken for address, taken in found.items() if not address.endswith(".mvt")}
    slowest = max(pages, key=lambda address: pages[address])
    yield (
        f"- {len(pages)} pages with {size:,} objects and {RUNS} runs: the slowest ({slowest}) is answered within"
        f" {pages[slowest] * 1000:.0f} ms in 95 % of the requests"
    )
    tiles = [taken for address, taken in found.items() if address.endswith(".mvt")]
    if tiles:
        yield f"- tiles of the map with {size:,} objects, the second time: within {max(tiles) * 1000:.0f} ms"


def _fill(registry: Registry, folder: Path, size: int) -> None:
    """Make the objects by an import, and the runs by plans of a small server's upper levels."""
    content, few = folder / "country.json", folder / "few.json"
    write_content(content, size)
    write_content(few, _SMALL)
    with sandbox(content) as server:
        registry.configure(configuration(server.url))
        registry.stage("import")
    with sandbox(few) as server:
        registry.configure(configuration(server.url))
        for _ in range(RUNS):
            registry.cgr(
                "import", "dhis2", "--system", "hmis", "--hierarchy", "admin", "--levels", "1=country", statuses=(0, 1)
            )
    registry.cgr("user", "add", _PERSON, "--role", "system-administrator", "--password-stdin", given=_PASSWORD)


def _measured(registry: Registry) -> dict[str, float]:
    """Give the 95th percentile of each address's seconds."""
    command = [CGR, "serve", "--port", str(_PORT)]
    with subprocess.Popen(command, env=registry.environment, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{_PORT}", follow_redirects=True, timeout=60) as client:
                _sign_in(client)
                return {address: _p95(client, address) for address in (*_PAGES, *_found(client), *_tiles())}
        finally:
            process.terminate()


def _sign_in(client: httpx2.Client) -> None:
    limit = time.monotonic() + _START_SECONDS
    while True:
        try:
            form = client.get("/sign-in/")
            break
        except httpx2.HTTPError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.2)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
    fields = {"username": _PERSON, "password": _PASSWORD, "csrfmiddlewaretoken": token[1] if token else ""}
    client.post("/sign-in/", data=fields, headers={"referer": str(form.url)}).raise_for_status()


def _found(client: httpx2.Client) -> Iterator[str]:
    """Give the pages of one run and of one object."""
    for page, link in (
        ("/jobs/", r'href="(/runs/\d+/)"'),
        ("/explorer/search/?q=health", r'"(/explorer/objects/[\w-]+/)'),
    ):
        found = re.search(link, client.get(page).text)
        if found is None:
            message = f"{page} leads to nothing"
            raise SystemExit(message)
        yield found[1]


def _tiles() -> Iterator[str]:
    """Give the tiles that hold the first facility, from far away and from near."""
    longitude, latitude = next(
        unit["geometry"]["coordinates"] for unit in units(_SMALL) if unit.get("geometry", {}).get("type") == "Point"
    )
    for zoom in _ZOOMS:
        x = int((longitude + 180) / 360 * 2**zoom)
        y = int((1 - asinh(tan(radians(latitude))) / pi) / 2 * 2**zoom)
        yield f"/explorer/tiles/admin/facility/{zoom}/{x}/{y}.mvt"


def _p95(client: httpx2.Client, address: str) -> float:
    client.get(address).raise_for_status()  # the first request compiles the template
    taken: list[float] = []
    for _ in range(_TIMES):
        began = time.monotonic()
        client.get(address).raise_for_status()
        taken.append(time.monotonic() - began)
    return quantiles(taken, n=20)[-1]
