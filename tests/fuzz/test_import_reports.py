"""Replies to an import, in the shape of every version and then bent: a report, or an error in words."""

from __future__ import annotations

import json

import httpx2
import pytest

from cgr.dhis2 import Basic, Dhis2, attribute_refusals
from cgr.sandbox.http import Request
from cgr.sandbox.world import World

from .mutations import COUNT, as_json, mutants_of_bytes, mutants_of_values, told_in_words

VERSIONS = ["2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43"]
UNITS = [
    {"id": "DiszpKrYNg8", "name": "Bo", "shortName": "Bo", "openingDate": "2001-01-01",
    "parent": {"id": "O6uvpzGd5pu"}},
    {"id": "OuClinic001", "name": "x" * 300, "shortName": "x" * 60, "openingDate": "2001-01-01",
     "attributeValues": [{"attribute": {"id": "AtBeds00001"}, "value": "many"}]},
]  # fmt: skip


def replies_of(version: str) -> list[tuple[int, bytes]]:
    """What that version really answers: to good units, to bad ones, to a body that isn't JSON."""
    world = World(version)
    attribute = {"id": "AtBeds00001", "name": "Beds", "valueType": "INTEGER", "organisationUnitAttribute": True}
    good = [{"id": "O6uvpzGd5pu", "name": "Region", "shortName": "Region", "openingDate": "2000-01-01"}]
    bodies = [{"organisationUnits": good, "attributes": [attribute]}, {"organisationUnits": UNITS}, {}, "broken"]
    found = []
    for body in bodies:
        raw = b"{" if body == "broken" else json.dumps(body).encode()
        query = {"importReportMode": ["ERRORS"], "importStrategy": ["CREATE_AND_UPDATE"]}
        headers = {"authorization": "Basic YWRtaW46ZGlzdHJpY3Q=", "content-type": "application/json"}
        reply = world.dispatch(Request("POST", "/api/metadata", query, headers, raw))
        found.append((reply.status, reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)))
    return found


def mutants(version: str, count: int):
    """Half bent in the structure, half in the bytes; the status is sometimes another one than the version's."""
    seeds = [(status, body) for status, body in replies_of(version) if body]
    documents = [json.loads(body) for _, body in seeds]
    statuses = [status for status, _ in seeds]
    odd = (200, 201, 204, 302, 400, 401, 403, 404, 409, 413, 418, 422, 500, 502, 503)
    bent = [as_json(one) for one in mutants_of_values(documents, count=count // 2)]
    bent += mutants_of_bytes([body for _, body in seeds], count=count - len(bent))
    for number, body in enumerate(bent):
        yield (odd[number % len(odd)] if number % 3 == 0 else statuses[number % len(statuses)]), body


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reply_to_an_import_is_a_report_or_an_error_in_words(version):
    now: list[httpx2.Response] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/system/info"):
            return httpx2.Response(200, json={"version": version})
        return now[0]

    reports = refused = 0
    with Dhis2("https://hmis.example.org", Basic("cgr", "x"), transport=httpx2.MockTransport(answer)) as client:
        for status, body in mutants(version, -(-COUNT // len(VERSIONS))):
            now[:] = [httpx2.Response(status, content=body, headers={"content-type": "application/json"})]
            found = []

            def read(found=found):
                report = client.import_units(UNITS, strategy="CREATE_AND_UPDATE", validate=True)
                found.append(attribute_refusals(report, UNITS))

            if told_in_words(read):
                refused += 1
                continue
            reports += 1
            (report,) = found
            assert report.blamed <= {refusal.uid for refusal in report.refusals}
            # "Everything is in order" only when the reply counted something and said so.
            assert not report.ok or (report.total != 0 and b"OK" in body)
    assert reports > 50
    assert refused > 50
