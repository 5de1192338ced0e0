"""A small country on a sandbox of any version, and a caller that speaks to it without sockets."""

from __future__ import annotations

import base64
import json
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cgr.sandbox.http import Request
from cgr.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sandbox.http import Response

OPENED = "2001-02-03"


@dataclass
class Reply:
    """One reply as a client sees it."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def closed(self) -> bool:
        return self.response.close

    @property
    def body(self) -> bytes:
        body = self.response.body
        return body if isinstance(body, bytes) else b"".join(body)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def report(self) -> dict[str, Any]:
        """The import report, whether it stands in the envelope or bare."""
        shown: dict[str, Any] = self.json
        return shown if "stats" in shown else shown["response"]

    @property
    def codes(self) -> list[str]:
        """The error codes of the report."""
        return [
            error["errorCode"]
            for kind in self.report.get("typeReports", ())
            for one in kind.get("objectReports", ())
            for error in one.get("errorReports", ())
        ]


@dataclass
class Caller:
    """Speaks to a world as admin, or as whoever `user` names; query parameters go as keywords."""

    world: World
    defaults: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    def __call__(self, method: str, path: str, body: object = None, *, user: str = "admin", **query: str) -> Reply:
        password = "district" if user == "admin" else user
        credential = base64.b64encode(f"{user}:{password}".encode()).decode()
        encoded = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        head, _, tail = path.partition("?")
        request = Request(
            method=method,
            path=f"/api/{head}",
            query=urllib.parse.parse_qs(tail, keep_blank_values=True) | {name: [query[name]] for name in query},
            headers=self.defaults | {"authorization": f"Basic {credential}"},
            body=encoded,
        )
        return Reply(self.world.dispatch(request))

    def get(self, path: str, **query: str) -> Any:
        """Read JSON."""
        reply = self("GET", path, **query)
        assert reply.status == 200, reply.body
        return reply.json

    def send(self, *units: dict[str, Any], user: str = "admin", **params: str) -> Reply:
        """Import units through /api/metadata."""
        return self("POST", "metadata", {"organisationUnits": list(units)}, user=user, **params)

    def unit(self, uid: str) -> dict[str, Any]:
        """Give what is stored."""
        stored = self.world.unit(uid)
        assert stored is not None, uid
        return stored

    def parent(self, uid: str) -> str | None:
        """Give the stored parent of a unit."""
        return self.unit(uid).get("parent", {}).get("id")


def unit(uid: str, under: str | None = None, /, **more: object) -> dict[str, Any]:
    """Make the JSON of a unit with what DHIS2 requires, its parent and what else is given; None leaves a key out."""
    made: dict[str, Any] = {"id": uid, "name": uid, "shortName": uid, "openingDate": OPENED}
    if under is not None:
        made["parent"] = {"id": under}
    return {name: value for name, value in (made | more).items() if value is not None}


def _country() -> dict[str, Any]:
    return {
        "organisationUnits": [
            unit("CountryRoot", code="C"),
            unit("DistrictNth", "CountryRoot", code="N", comment="the northern one", phoneNumber="+231 1"),
            unit("DistrictSth", "CountryRoot", code="S"),
            unit("NorthClinic", "DistrictNth", code="NC"),
            unit("ClinicAnnex", "NorthClinic", code="NCA"),
            unit("SouthHospit", "DistrictSth", code="SH"),
        ],
        "organisationUnitGroups": [
            {
                "id": "FacilityGrp",
                "name": "Facilities",
                "shortName": "Facilities",
                "organisationUnits": [{"id": "NorthClinic"}, {"id": "SouthHospit"}],
                "sharing": {"public": "rw------"},
            }
        ],
    }


@pytest.fixture
def country() -> Callable[[str], Caller]:
    """Give a maker of sandboxes: a country of six units and one group, of the version asked for."""

    def make(version: str) -> Caller:
        world = World(version)
        world.load({"metadata": _country()})
        return Caller(world)

    return make


@pytest.fixture
def empty() -> Callable[[str], Caller]:
    """Give a maker of sandboxes without any metadata."""
    return lambda version: Caller(World(version))


@pytest.fixture
def make_unit() -> Callable[..., dict[str, Any]]:
    """Give the maker of units' JSON."""
    return unit


@pytest.fixture
def hire() -> Callable[..., None]:
    """Give what makes a user of a world: name (password the same), authorities, units."""

    def make(caller: Caller, name: str, *authorities: str, units: tuple[str, ...] = ()) -> None:
        role = {"id": f"Role{name:_<7}"[:11], "name": name, "authorities": list(authorities)}
        user = {
            "id": f"User{name:x<7}"[:11],
            "username": name,
            "password": name,
            "firstName": name,
            "surname": "Doe",
            "userRoles": [{"id": role["id"]}],
            "organisationUnits": [{"id": uid} for uid in units],
        }
        caller.world.load({"metadata": {"userRoles": [role], "users": [user]}})

    return make
