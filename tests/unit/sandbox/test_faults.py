"""What goes wrong on demand: each fault as a client on a real socket meets it."""

from __future__ import annotations

import base64
import http.client
import json
import time

import pytest

from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve

ADMIN = {"authorization": "Basic " + base64.b64encode(b"admin:district").decode(), "content-type": "application/json"}
NEW = {"organisationUnits": [{"id": "NewFacility", "name": "N", "shortName": "N", "openingDate": "2001-02-03"}]}
LONGEST_WAIT_S = 10.0


@pytest.fixture
def stage(country):
    """Give a sandbox 2.42 with its server and a connection to it."""
    dhis2 = country("2.42")
    with serve(dhis2.world) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LONGEST_WAIT_S)
        yield dhis2, connection
        connection.close()


def _ask(connection, method="GET", path="/api/system/info", body=None):
    connection.request(method, path, None if body is None else json.dumps(body), ADMIN)
    response = connection.getresponse()
    return response, response.read()


def _import(connection):
    return _ask(connection, "POST", "/api/metadata", NEW)


def test_a_connection_cut_before_leaves_nothing_behind(stage):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("cut-before", method="POST"))
    with pytest.raises(http.client.RemoteDisconnected):
        _import(connection)
    assert dhis2.world.unit("NewFacility") is None


def test_a_connection_cut_after_leaves_everything_stored(stage):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("cut-after", method="POST"))
    with pytest.raises(http.client.RemoteDisconnected):
        _import(connection)
    assert dhis2.world.unit("NewFacility") is not None


def test_a_truncated_body_promises_more_than_it_brings(stage):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("truncated", path="/api/organisationUnits"))
    with pytest.raises(http.client.IncompleteRead) as caught:
        _ask(connection, path="/api/organisationUnits?fields=id,name")
    assert 0 < len(caught.value.partial) <= caught.value.expected


def test_a_hanging_server_never_answers(stage):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("hang"))
    connection.timeout = 0.2
    with pytest.raises(TimeoutError):
        _ask(connection)


def test_a_slow_reply_comes_after_its_seconds(stage):
    dhis2, connection = stage
    fault = dhis2.world.faults.add(Fault("slow", seconds=0.05))
    began = time.monotonic()
    response, _ = _ask(connection)
    assert (response.status, fault.done) == (200, 1)
    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503, 504])
def test_a_status_is_given_instead_of_the_work(stage, status):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("status", status=status, retry_after="3"))
    response, body = _import(connection)
    assert (response.status, response.headers["retry-after"]) == (status, "3")
    assert (b"<html>" in body) is (status in {502, 504})
    assert dhis2.world.unit("NewFacility") is None


def test_a_redirect_leads_away(stage):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("redirect", location="https://elsewhere.example/login"))
    response, _ = _ask(connection)
    assert (response.status, response.headers["location"]) == (302, "https://elsewhere.example/login")


def test_a_page_may_come_with_status_200(stage):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("html"))
    response, body = _ask(connection)
    assert (response.status, response.headers["content-type"]) == (200, "text/html;charset=utf-8")
    assert b"<html>" in body


def test_good_credentials_may_be_refused(stage):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("refuse-auth"))
    assert _ask(connection)[0].status == 401
    assert _ask(connection)[0].status == 200


def test_a_call_changes_the_world_between_two_requests(stage):
    dhis2, connection = stage

    def rename(world, _):
        world.load({"metadata": {"organisationUnits": [world.unit("SouthHospit") | {"name": "Edited meanwhile"}]}})

    dhis2.world.faults.add(Fault("call", method="GET", path="SouthHospit", call=rename))
    _, body = _ask(connection, path="/api/organisationUnits/SouthHospit?fields=name,parent")
    assert json.loads(body) == {"name": "Edited meanwhile", "parent": {"id": "DistrictSth"}}


def test_a_fault_waits_for_its_turn_and_ends_after_its_times(stage):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("status", path="/system", after=1, times=2, status=503))
    assert [_ask(connection)[0].status for _ in range(4)] == [200, 503, 503, 200]


def test_a_fault_without_an_end_strikes_until_the_faults_are_cleared(stage):
    dhis2, connection = stage
    dhis2.world.faults.add(Fault("status", times=0, status=503))
    assert [_ask(connection)[0].status for _ in range(3)] == [503, 503, 503]
    dhis2.world.faults.clear()
    assert _ask(connection)[0].status == 200


def test_a_fault_strikes_only_what_it_names(stage):
    dhis2, connection = stage
    fault = dhis2.world.faults.add(Fault("status", method="PUT|PATCH", path="^/api/organisationUnits/"))
    assert _ask(connection, path="/api/organisationUnits/SouthHospit")[0].status == 200
    assert fault.done == 0
