"""Several runs at once: four servers, one worker or two, and what somebody notices who uses the pages meanwhile."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import ExitStack, contextmanager
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import httpx2
from bench import CGR, Registry
from country import renamed, uid, units, write_content
from server import LATENCY_SECONDS, sandbox

from cgr.embedded_postgres import ensure_running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 5_000
SHARE_CHANGED = 10
SYSTEMS = ("north", "south", "east", "west")
_LEVELS = ("country", "region", "district", "facility")
_PORT = 8931
_POLL_SECONDS = 0.2
_REQUESTS = 200
_START_SECONDS = 60
_RUN_SECONDS = 900
_ENDED = frozenset({"success", "warning", "failure", "cancelled"})


def lines(folder: Path) -> Iterator[str]:
    """Tell both ratios, or why they aren't measured."""
    missing = missing_commands()
    if missing:
        yield f"- four runs on two workers, pages while a run is going: not measured, this version has no {missing}"
        return
    with _four_servers(folder) as registry:
        alone = _seconds_of_all(registry, workers=1, round_=1)
        together = _seconds_of_all(registry, workers=2, round_=2)
        yield f"- four runs to four servers: two workers take {together / alone:.2f}× the time of one"
        idle, busy = _pages(registry, round_=3)
        yield (
            f"- pages while a run is going: 95 % of the requests are answered within {busy * 1000:.0f} ms,"
            f" {busy / idle:.2f}× the {idle * 1000:.0f} ms without"
        )


def missing_commands() -> str:
    """Name what this needs and the product hasn't got."""
    for command, option in ((("worker",), "--concurrency"), (("sync", "run"), "--background")):
        done = subprocess.run([CGR, *command, "--help"], check=False, capture_output=True, text=True)  # noqa: S603 - ours
        if done.returncode or option not in done.stdout:
            return f"cgr {' '.join(command)} {option}"
    return ""


@contextmanager
def _four_servers(folder: Path) -> Iterator[Registry]:
    """Run four equal servers and a registry that knows every unit of each."""
    content = folder / "country.json"
    write_content(content, SIZE)
    registry = Registry(folder)
    with ExitStack() as stack:
        stack.enter_context(ensure_running(registry.data))
        urls = [stack.enter_context(sandbox(content, latency=LATENCY_SECONDS)).url for _ in SYSTEMS]
        registry.configure(_configuration(urls))
        registry.cgr("objects", "apply", str(registry.write("objects.ndjson", _objects())))
        yield registry


def _configuration(urls: list[str]) -> str:
    auth = {"kind": "basic", "username": "admin", "password": {"env": "BENCHMARK_PASSWORD"}}
    common = {"organization": "MOH"}
    geometry = {"facility": "point"}
    document: dict[str, Any] = {
        "version": 1,
        "organizations": [{"code": "MOH", "label": "Ministry of Health"}],
        "types": [
            {"code": code, "label": code.title(), "geometry": geometry.get(code, "mixed"), **common} for code in _LEVELS
        ],
        "hierarchies": [
            {
                "code": "admin",
                "label": "Administrative",
                "tree": {"country": {"region": {"district": {"facility": {}}}}},
                **common,
            }
        ],
        "systems": [
            {"code": code, "label": code.title(), "kind": "dhis2", "url": url, "auth": auth, **common}
            for code, url in zip(SYSTEMS, urls, strict=True)
        ],
        "syncs": [
            {
                "code": code,
                "label": code.title(),
                "hierarchy": "admin",
                "system": code,
                "levels": [{"type": level, "sync": "both"} for level in _LEVELS],
                **common,
            }
            for code in SYSTEMS
        ],
    }
    return json.dumps(document)  # JSON is YAML


def _objects() -> Iterator[dict[str, Any]]:
    """Give every unit as an object that is linked to all four servers."""
    parents: dict[str, str] = {}
    for unit in units(SIZE):
        parents[unit["id"]] = unit["code"]
        kind = "facility" if unit["name"].startswith("Health") else unit["name"].split()[0].lower()
        above = {"parents": {"admin": parents[unit["parent"]["id"]]}} if "parent" in unit else {}
        shape = {"geometry": unit["geometry"]} if "geometry" in unit else {}
        yield {
            "type": kind,
            "code": unit["code"],
            "label": {"default": unit["name"]},
            "exists": [{"from": unit["openingDate"], "to": None}],
            "external_ids": dict.fromkeys(SYSTEMS, uid(int(unit["code"][1:]))),
            **above,
            **shape,
        }


def _rename(registry: Registry, round_: int) -> None:
    """Change one facility in ten, differently each time, so that every round has the same work."""
    lines_ = (
        {**line, "label": {"default": f"{line['label']['default']} {round_}"}} for line in renamed(SIZE, SHARE_CHANGED)
    )
    registry.cgr("objects", "apply", str(registry.write(f"round-{round_}.ndjson", lines_)))


def _seconds_of_all(registry: Registry, *, workers: int, round_: int) -> float:
    _rename(registry, round_)
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(_process(registry, "worker", "--concurrency", "1"))
        began = time.monotonic()
        runs = [_enqueue(registry, code) for code in SYSTEMS]
        for run in runs:
            _await(registry, run)
        return time.monotonic() - began


def _enqueue(registry: Registry, code: str) -> str:
    return str(registry.cgr("sync", "run", code, "--background", statuses=(0, 1))["id"])


def _state(registry: Registry, run: str) -> str:
    return str(registry.cgr("sync", "report", run, statuses=(0, 1))["state"])


def _await(registry: Registry, run: str) -> None:
    limit = time.monotonic() + _RUN_SECONDS
    while (state := _state(registry, run)) not in _ENDED:
        if time.monotonic() > limit:
            message = f"run {run} is still {state} after {_RUN_SECONDS} seconds"
            raise SystemExit(message)
        time.sleep(_POLL_SECONDS)
    if state != "success":
        message = f"run {run} ended as {state}"
        raise SystemExit(message)


def _pages(registry: Registry, *, round_: int) -> tuple[float, float]:
    """Give the 95th percentile of a page's seconds, with nothing to do and while a worker runs."""
    with _process(registry, "serve", "--port", str(_PORT)), _process(registry, "worker", "--concurrency", "1"):
        url = f"http://127.0.0.1:{_PORT}/"
        _await_page(url)
        idle = _p95(url, registry, None)
        _rename(registry, round_)
        return idle, _p95(url, registry, _enqueue(registry, SYSTEMS[0]))


def _await_page(url: str) -> None:
    limit = time.monotonic() + _START_SECONDS
    while time.monotonic() < limit:
        try:
            if httpx2.get(url, follow_redirects=True).is_success:
                return
        except httpx2.HTTPError:
            pass  # not listening yet
        time.sleep(_POLL_SECONDS)
    message = f"nothing answers at {url}"
    raise SystemExit(message)


def _p95(url: str, registry: Registry, run: str | None) -> float:
    """Ask for the page again and again: so many times, or as long as the run is going."""
    taken: list[float] = []
    with httpx2.Client(follow_redirects=True) as client:
        while len(taken) < _REQUESTS or (run is not None and _state(registry, run) not in _ENDED):
            for _ in range(20):
                began = time.monotonic()
                client.get(url).raise_for_status()
                taken.append(time.monotonic() - began)
                time.sleep(0.02)
    return quantiles(taken, n=20)[-1]


@contextmanager
def _process(registry: Registry, *arguments: str) -> Iterator[None]:
    """Run one of the product's long-lived commands, and end it as an operator would."""
    command = [CGR, *arguments]
    with subprocess.Popen(command, env=registry.environment, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            yield
        finally:
            process.terminate()
