"""Each operation is sent what its description allows, and what it doesn't: no failure of ours, no unknown answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from cgr.api.registry_api import api

from .stage import make_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case

pytestmark = pytest.mark.django_db

_KNOWN = {
    "/types/": "own-country",
    "/hierarchies/": "own-tree",
    "/terms/": "shared",
    "/systems/": "own-system",
    "/syncs/": "own-sync",
    "/organizations/": "OWN",
    "/objects/": "own-1",
}
_CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]


def described() -> dict[str, Any]:
    """The description, saying of the parts of an address also what is there."""
    document = dict(api.get_openapi_schema(path_prefix="/api/v1/"))
    for path, methods in document["paths"].items():
        for one in methods.values():
            for parameter in one["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"] = {"anyOf": [{"enum": [_known(path, parameter["name"])]}, {"type": "string"}]}
    return document


def _known(path: str, name: str) -> str:
    if name in {"run", "number"}:
        return "1"
    if name == "uid":
        return "OuUnit00001"
    if name == "type":
        return "own-country"
    return next(code for part, code in _KNOWN.items() if part in path)


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context: object, value: object) -> object:
    """The body as the text that it is."""
    return value.encode() if isinstance(value, str) else b"{}"


SCHEMA = schemathesis.openapi.from_dict(described(), config=SchemathesisConfig())
SCHEMA.app = get_wsgi_application()
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}


@pytest.fixture(autouse=True)
def _in_the_transaction_of_the_test() -> Iterator[None]:
    """As Django's own test client does: a request doesn't end the connection that the test looks through."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def test_every_operation_is_tried() -> None:
    assert len(OPERATIONS) == sum(len(methods) for methods in SCHEMA.raw_schema["paths"].values())


@pytest.mark.parametrize("label", OPERATIONS)
def test_an_operation_answers_only_what_its_description_says(label: str) -> None:
    program, _ = make_program()
    operation = OPERATIONS[label]
    for mode, examples in ((GenerationMode.POSITIVE, 5), (GenerationMode.NEGATIVE, 2)):
        if mode == GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue

        @settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def no_surprise(case: Case) -> None:
            response = case.call(headers=program.headers)
            assert response.status_code != 500, response.text
            case.validate_response(response, checks=_CHECKS, headers=program.headers)

        no_surprise()
