"""The socket side, and what a world counts and remembers of the requests that came in."""

from __future__ import annotations

import base64
import gzip
import http.client
import json

import pytest

from cgr.sandbox.latency import Latency
from cgr.sandbox.server import serve
from cgr.sandbox.world import World

ADMIN = {"authorization": "Basic " + base64.b64encode(b"admin:district").decode(), "content-type": "application/json"}


@pytest.fixture
def world(country):
    return country("2.42").world


@pytest.fixture
def connection(world):
    with serve(world) as server:
        made = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        yield made
        made.close()


def _ask(connection, method="GET", path="/api/system/info", body=None, headers=None):
    connection.request(method, path, body, ADMIN | (headers or {}))
    response = connection.getresponse()
    return response, response.read()


def test_one_connection_serves_many_requests(connection):
    _ask(connection)
    first = connection.sock
    assert _ask(connection)[0].status == 200
    assert first is not None
    assert connection.sock is first


def test_a_connection_ends_when_the_client_asks_for_it(connection):
    response, _ = _ask(connection, headers={"connection": "close"})
    assert response.headers["connection"] == "close"
    assert connection.sock is None


def test_a_packed_and_chunked_body_is_read(connection, world):
    unit = {"id": "NewFacility", "name": "N", "shortName": "N", "openingDate": "2001-02-03"}
    packed = gzip.compress(json.dumps({"organisationUnits": [unit]}).encode())
    pieces = (packed[start : start + 7] for start in range(0, len(packed), 7))
    connection.request("POST", "/api/metadata", pieces, ADMIN | {"content-encoding": "gzip"}, encode_chunked=True)
    assert connection.getresponse().status == 200
    assert world.unit("NewFacility") is not None


def test_a_long_list_comes_in_chunks_and_whole(connection, world):
    units = [
        {"id": f"U{number:010d}", "name": f"Unit {number}", "shortName": "U", "openingDate": "2001-02-03"}
        for number in range(5000)
    ]
    world.load({"metadata": {"organisationUnits": units}})
    response, body = _ask(connection, path="/api/organisationUnits?fields=id,name&paging=false&order=id:asc")
    assert response.headers["transfer-encoding"] == "chunked"
    listed = {one["id"]: one["name"] for one in json.loads(body)["organisationUnits"]}
    assert len(listed) == 5006
    assert listed["U0000004999"] == "Unit 4999"


def test_a_head_request_has_no_body(connection):
    response, body = _ask(connection, "HEAD", "/api/organisationUnits/CountryRoot")
    assert (response.status, body) == (200, b"")
    assert _ask(connection)[0].status == 200


def test_a_session_cookie_stands_for_the_credentials(connection):
    response, _ = _ask(connection, path="/api/me?fields=username")
    cookie = response.headers["set-cookie"].split(";")[0]
    connection.request("GET", "/api/me?fields=username", headers={"cookie": cookie})
    again = connection.getresponse()
    assert (again.status, json.loads(again.read())) == (200, {"username": "admin"})
    assert "set-cookie" not in again.headers


def test_a_closed_server_refuses_connections(world):
    server = serve(world)
    server.close()
    with pytest.raises(ConnectionRefusedError):
        _ask(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60))


def test_another_method_is_405_and_an_unknown_path_404(connection):
    assert _ask(connection, "DELETE", "/api/system/info")[0].status == 405
    assert _ask(connection, path="/api/nothing")[0].status == 404


def test_requests_are_counted_and_remembered(connection, world):
    _ask(connection, path="/api/organisationUnits?fields=id&filter=code:eq:N&filter=level:eq:2")
    _ask(connection, "POST", "/api/metadata?importMode=VALIDATE", b"{}")
    assert world.requests == {("GET", "/api/organisationUnits"): 1, ("POST", "/api/metadata"): 1}
    listed, imported = world.log
    assert (listed.method, listed.status, listed.query["filter"]) == ("GET", 200, ["code:eq:N", "level:eq:2"])
    assert (imported.path, imported.query, imported.body) == ("/api/metadata", {"importMode": ["VALIDATE"]}, b"{}")


def test_an_unknown_version_is_refused():
    with pytest.raises(ValueError, match=r"2\.30"):
        World("2.30")


@pytest.mark.parametrize(
    ("method", "path", "body", "seconds"),
    [
        ("POST", "/api/metadata", b'{"organisationUnits":[{"id":"CountryRoot"}]}', 0.3 + 6 * 0.01 + 0.2),
        ("POST", "/api/metadata", b'{"organisationUnits":[{"id":"NotThereYet"}]}', 0.3 + 6 * 0.01 + 0.1),
        ("GET", "/api/organisationUnits?fields=id&paging=false", None, 0.1 + 6 * 0.5),
        ("GET", "/api/system/info", None, 0.1),
    ],
    ids=["update", "creation", "list", "anything"],
)
def test_a_request_takes_its_modelled_time(connection, world, monkeypatch, method, path, body, seconds):
    waited = []
    monkeypatch.setattr("cgr.sandbox.world.time.sleep", waited.append)
    world.latency = Latency(request=0.1, row=0.5, imported=0.3, per_unit_there=0.01, created=0.1, updated=0.2)
    _ask(connection, method, path, body)
    assert waited == [pytest.approx(seconds)]
