"""Random worlds, edits on both sides, faults and deaths; then quiet, and all is as if nothing had happened.

As part of the suite: a short one with a fixed seed. `make chaos` goes on for half an hour (SECONDS=…) with seeds of its
own; each world prints its seed, and SEED=… repeats it: the same world and the same plan of what happens. Which worker
is hit by it depends on the machine, so a failure may take a few repetitions to come back.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml

from cgr.project.environment import DATABASE
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import Latency, World

from .country import METADATA, facility
from .fleet import Fleet, wait_until
from .machine import Machine, make_instance
from .mappable import CLINICS, OWNER, PRIVATE, PUBLIC, definitions_with, offer_ownership
from .thorough import MAPPING

if TYPE_CHECKING:
    from pathlib import Path

    from cgr.sandbox.server import SandboxServer

SECONDS = float(os.environ.get("CHAOS_SECONDS", "0"))
SEED = os.environ.get("CHAOS_SEED", "")
ROUNDS = 4 if SECONDS else 1
SYSTEMS = ("east", "west", "south")
WORKERS = 3
QUIET_S = 240
KIND_BELOW = {"country": "region", "region": "district", "district": "facility"}
GROUP_OF = {"PUB": PUBLIC, "PRI": PRIVATE}
FAULTS = [
    *(("status", status) for status in (401, 403, 409, 429, 500, 502, 503, 504)),
    *((kind, 0) for kind in ("cut-before", "cut-after", "truncated", "redirect", "html", "slow", "refuse-auth")),
]
PATHS = ["/api/", "/api/organisationUnits$", "/api/metadata", "/organisationUnitGroups/", "/api/maintenance"]


class Place:
    """One place as both sides shall know it in the end."""

    def __init__(self, kind: str, code: str, parent: str | None, name: str, uid: str = "") -> None:
        self.kind, self.code, self.parent, self.name, self.uid = kind, code, parent, name, uid
        self.owner = ""

    def line(self) -> dict[str, Any]:
        """Give the place as a line of an objects file."""
        return {
            **facility(self.code, self.parent or ""),
            "type": self.kind,
            "label": {"default": self.name},
            "parents": {"admin": self.parent} if self.parent else {},
            **({"values": {"owner": self.owner}} if self.owner else {}),
            **({"external_ids": dict.fromkeys(SYSTEMS, self.uid)} if self.uid else {}),
        }


class Chaos:
    """A random country on both sides, and whoever edits, breaks and kills."""

    def __init__(self, seed: str, folder: Path, pattern: Path) -> None:
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311 - to be repeated
        self.counts: Counter[str] = Counter()
        self.places: dict[str, Place] = {}
        self.gone: dict[str, set[str]] = {system: set() for system in SYSTEMS}
        self._names = 0
        self._country()
        self.worlds = {system: self._world() for system in SYSTEMS}
        self.servers: dict[str, SandboxServer] = {system: serve(world) for system, world in self.worlds.items()}
        make_instance(folder / "data", pattern)
        self.machine = Machine(folder, self.servers["east"])

    def close(self) -> None:
        for server in self.servers.values():
            server.close()

    def _country(self) -> None:
        self._add("country", None)
        for kind, most in (("region", 4), ("district", 5), ("facility", 8)):
            for parent in [place for place in self.places.values() if KIND_BELOW.get(place.kind) == kind]:
                for _ in range(self.random.randint(1, most)):
                    self._add(kind, parent.code)
        for number, place in enumerate(self.places.values()):
            place.uid = f"Ou{number:09}"

    def _add(self, kind: str, parent: str | None) -> Place:
        code = f"{kind[0].upper()}{len(self.places)}"
        self.places[code] = Place(kind, code, parent, self._new_name(kind))
        if kind == "facility":
            self.places[code].owner = self.random.choice(["", "PUB", "PRI"])
        return self.places[code]

    def _new_name(self, kind: str) -> str:
        self._names += 1
        return f"{kind.capitalize()} {self._names}"

    def _world(self) -> World:
        world = World(self.random.choice(["2.36", "2.38", "2.40", "2.42", "2.43"]))
        units = [
            {
                "id": place.uid,
                "name": place.name,
                "shortName": place.name,
                "code": place.code,
                "openingDate": "2020-01-01",
                "comment": f"about {place.code}",
                **({"parent": {"id": self.places[place.parent].uid}} if place.parent else {}),
            }
            for place in self.places.values()
        ]
        world.load({"metadata": {**METADATA, "organisationUnits": units}})
        world.objects["organisationUnitGroups"][CLINICS]["organisationUnits"] = []
        offer_ownership(world)
        return world

    def prepare(self) -> None:
        """Tell the registry about the country and its DHIS2s."""
        document = yaml.safe_load((self.machine.folder / "configuration.yaml").read_text())
        (system,), (sync,) = document["systems"], document["syncs"]
        limits = {"changed_share": 1, "moved_share": 1, "vanished_share": 1}
        self.machine.apply_configuration(
            **definitions_with(OWNER),
            systems=[{**system, "code": code, "url": self.servers[code].url} for code in SYSTEMS],
            syncs=[{**sync, "code": code, "system": code, "levels": MAPPING, "limits": limits} for code in SYSTEMS],
        )
        self._write(list(self.places.values()))

    def _write(self, places: list[Place]) -> None:
        self.machine.cgr("objects", "apply", self.machine.objects_file(*(place.line() for place in places)))

    # What people do

    def edit_here(self) -> None:
        """Change some places in the registry, and make new ones."""
        changed: dict[str, Place] = {}
        for _ in range(self.random.randint(1, 12)):
            place = self.random.choice([one for one in self.places.values() if one.kind != "country"])
            match self.random.choice(["rename", "rename", "move", "own", "new", "new below new"]):
                case "rename":
                    place.name = self._new_name(place.kind)
                case "move":
                    place.parent = self._any_above(place.kind).code
                case "own" if place.kind == "facility":
                    place.owner = self.random.choice(["PUB", "PRI"])
                case "new":
                    place = self._add(place.kind, self._any_above(place.kind).code)
                case "new below new":
                    above = self._add("district", self._any_above("district").code)
                    changed[above.code] = above
                    place = self._add("facility", above.code)
            changed[place.code] = place
            self.counts["edits here"] += 1
        self._write([place for place in self.places.values() if place.code in changed])

    def _any_above(self, kind: str) -> Place:
        return self.random.choice([place for place in self.places.values() if KIND_BELOW.get(place.kind) == kind])

    def edit_there(self, known: list[str]) -> None:
        """Change something in one DHIS2: what is mapped, a membership, or the existence of a facility."""
        system = self.random.choice(SYSTEMS)
        code = self.random.choice(known)
        world, place = self.worlds[system], self.places[code]
        unit = next((one for one in world.units().values() if one["code"] == code), None)
        if unit is None:
            return
        url = f"{self.servers[system].url}/api/organisationUnits/{unit['id']}"
        what = self.random.choice(["rename", "rename", "leave group", "delete"])
        self.counts[f"there: {what}"] += 1
        with httpx2.Client(auth=("admin", "district")) as http:
            if what == "rename":
                patch = [{"op": "add", "path": "/name", "value": self._new_name("theirs")}]
                http.patch(url, json=patch, headers={"content-type": "application/json-patch+json"})
            elif what == "leave group":
                http.delete(
                    f"{self.servers[system].url}/api/organisationUnitGroups/{CLINICS}/organisationUnits/{unit['id']}"
                )
            elif place.kind == "facility":
                http.delete(url)
                if unit["id"] not in world.units():
                    self.gone[system].add(code)

    # What happens to us

    def break_something(self) -> None:
        """Plan a fault of one DHIS2."""
        kind, status = self.random.choice(FAULTS)
        fault = Fault(
            kind,  # type: ignore[arg-type]
            path=self.random.choice(PATHS),
            status=status,
            after=self.random.randint(0, 4),
            times=self.random.randint(1, 3),
            seconds=self.random.uniform(0.5, 4),
            retry_after="1" if status == 429 else "",
        )
        self.worlds[self.random.choice(SYSTEMS)].faults.add(fault)
        self.counts[f"fault: {status or kind}"] += 1

    def hit_somebody(self, fleet: Fleet) -> None:
        """Do something to one of the workers, or to the database connections of all."""
        what = self.random.choice(["kill", "kill", "kill", "stop", "terminate", "cut", "wake"])
        self.counts[f"worker: {what}"] += 1
        if what == "cut":
            fleet.cut_all()
        elif what == "wake":
            fleet.wake()
        else:
            numbers = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "terminate": signal.SIGTERM}
            fleet.hit(self.random.randrange(WORKERS), numbers[what])

    def cancel_something(self, fleet: Fleet) -> None:
        going_on = [run for run, state in fleet.states().items() if state in {"queued", "running"}]
        if going_on:
            self.counts["cancelled"] += fleet.cancel(self.random.choice(going_on))

    def storm(self, fleet: Fleet, known: list[str]) -> None:
        """Let everything happen at once for a while."""
        happenings = [
            *[lambda: self.hit_somebody(fleet)] * 5,
            *[self.break_something] * 6,
            *[lambda: self.edit_there(known)] * 3,
            *[self.edit_here] * 2,
            *[lambda: self.cancel_something(fleet)] * 2,
            *[lambda: fleet.ask("queue", *self.random.sample(SYSTEMS, 2))] * 6,
        ]
        for world in self.worlds.values():
            delay = self.random.uniform(0.02, 0.15)
            world.latency = Latency(request=delay, imported=delay)
        for _ in range(self.random.randint(12, 30) if SECONDS else 8):
            self.random.choice(happenings)()
            time.sleep(self.random.uniform(0.1, 2.5))

    # Quiet, and what has to be true then

    def settle_down(self, fleet: Fleet) -> None:
        """Have everything end, then one undisturbed run for each DHIS2, and another that must find nothing to do."""
        for world in self.worlds.values():
            world.faults.clear()
            world.latency = Latency()
        fleet.wake()
        self._wait(fleet)
        for system in SYSTEMS:
            last, state = fleet.last_run(system)
            if state == "failure":
                self.counts["resumed"] += 1
                fleet.ask("resume", str(last))
        self._wait(fleet)
        for _ in range(2):
            fleet.ask("queue", *SYSTEMS)
            self._wait(fleet)

    def _wait(self, fleet: Fleet) -> None:
        wait_until(lambda: not {"queued", "running"} & set(fleet.states().values()), QUIET_S)

    def check(self, fleet: Fleet) -> None:
        """Compare each DHIS2 with what the registry was told, and look whether anything is left over."""
        for system, world in self.worlds.items():
            assert world.defects == []
            self._check_units(system, world)
            self._check_groups(system, world)
        self._check_ids(fleet)
        self._check_runs(fleet)

    def _check_units(self, system: str, world: World) -> None:
        units = world.units()
        codes = Counter(unit["code"] for unit in units.values())
        assert codes == Counter(set(self.places) - self.gone[system])
        code_of = {uid: unit["code"] for uid, unit in units.items()}
        for uid, unit in units.items():
            place = self.places[unit["code"]]
            assert (unit["name"], code_of.get(unit.get("parent", {}).get("id"))) == (place.name, place.parent)
            assert unit["path"] == self._path(uid, units)
            if place.uid:
                assert (uid, unit["comment"]) == (place.uid, f"about {place.code}")

    def _path(self, uid: str, units: dict[str, dict[str, Any]]) -> str:
        parent = units[uid].get("parent")
        return (self._path(parent["id"], units) if parent else "") + f"/{uid}"

    def _check_groups(self, system: str, world: World) -> None:
        uid_of = {unit["code"]: uid for uid, unit in world.units().items()}
        there = [place for place in self.places.values() if place.kind == "facility" and place.code in uid_of]
        assert {uid_of[place.code] for place in there} == world.group_members(CLINICS), system
        for owner, group in GROUP_OF.items():
            owned = {uid_of[place.code] for place in there if place.owner == owner}
            assert owned <= world.group_members(group)

    def _check_ids(self, fleet: Fleet) -> None:
        kept = fleet.external_ids()
        for system, world in self.worlds.items():
            uid_of = {unit["code"]: uid for uid, unit in world.units().items()}
            for code in set(self.places) - self.gone[system]:
                assert kept[system, code] == (uid_of[code], "confirmed")

    def _check_runs(self, fleet: Fleet) -> None:
        for system in SYSTEMS:
            run, state = fleet.last_run(system)
            (report,) = fleet.ask("report", str(run))
            self.counts["runs"] = len(fleet.states())
            assert report["changes"] == []
            assert {problem["code"] for problem in report["problems"]} <= {"external-id-not-found"}
            assert state == ("warning" if self.gone[system] else "success")
        assert fleet.left_over() == {"jobs": 0, "changes without an outcome": 0}


def go_through_a_world(seed: str, folder: Path, *, pattern: Path, until: float) -> Counter[str]:
    """Live through some storms in one world; raises AssertionError when something isn't as it has to be."""
    chaos = Chaos(seed, folder, pattern)
    try:
        with chaos.machine.running() as cluster:
            chaos.prepare()
            with Fleet(chaos.machine, cluster.url(DATABASE), size=WORKERS) as fleet:
                for _ in range(ROUNDS):
                    known = list(chaos.places)
                    chaos.edit_here()
                    fleet.ask("queue", *SYSTEMS)
                    chaos.storm(fleet, known)
                    chaos.settle_down(fleet)
                    chaos.check(fleet)
                    chaos.counts["rounds"] += 1
                    if time.monotonic() > until:
                        break
    finally:
        chaos.close()
    return chaos.counts


@pytest.mark.long
def test_after_a_storm_both_sides_are_as_if_there_had_been_none(
    tmp_path_factory: pytest.TempPathFactory, pattern: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    until = time.monotonic() + SECONDS
    seeds = iter([SEED] if SEED else ["suite"] if not SECONDS else (f"{time.time_ns():x}" for _ in iter(int, 1)))
    total: Counter[str] = Counter()
    for seed in seeds:
        counts = _survive(seed, tmp_path_factory.mktemp("chaos"), pattern, until)
        total += counts
        total["worlds"] += 1
        with capsys.disabled():
            if SECONDS or SEED:
                print(f"\nSEED={seed}: {dict(sorted(counts.items()))}")  # noqa: T201 - what `make chaos` is started for
        if time.monotonic() > until:
            break
    if SECONDS or SEED:
        with capsys.disabled():
            print(f"in all: {dict(sorted(total.items()))}")  # noqa: T201 - as above
    assert total["rounds"] > 0


def _survive(seed: str, folder: Path, pattern: Path, until: float) -> Counter[str]:
    try:
        return go_through_a_world(seed, folder, pattern=pattern, until=until)
    except AssertionError as broken:
        broken.add_note(f"Repeat it with: make chaos SEED={seed}")
        raise
