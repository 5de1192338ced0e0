"""The committed description and its page are those of the API as it is. To renew: scripts/write_api_reference.py"""

from __future__ import annotations

import json
import re
import runpy

import pytest

from ..docs.pages import ROOT, table_codes, text_of  # noqa: TID252 - tests are no installed package

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "write_api_reference.py"))
NOW = SCRIPT["description"]()
RENEW = "run: .venv/bin/python scripts/write_api_reference.py"


def test_the_committed_description_is_that_of_the_api() -> None:
    assert text_of("docs/reference/openapi.json") == SCRIPT["as_text"](NOW), RENEW


def test_the_page_on_the_api_lists_its_operations() -> None:
    shown = text_of("docs/reference/api.md")
    assert SCRIPT["page"](shown, NOW) == shown, RENEW


@pytest.mark.django_db
def test_a_running_registry_serves_the_same_description_to_everybody(client) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.json() == NOW
    assert answer["Content-Type"].startswith("application/json")


def test_every_code_that_has_a_status_of_its_own_is_explained() -> None:
    named = set(re.findall(r'^    "([a-z-]+)": HTTPStatus', text_of("src/cgr/api/problems.py"), re.MULTILINE))
    assert named
    assert not named - table_codes(text_of("docs/reference/errors.md"))


def test_every_reference_in_the_description_leads_somewhere() -> None:
    for kind, name in re.findall(r'"#/components/(\w+)/(\w+)"', json.dumps(NOW)):
        assert name in NOW["components"][kind]
