"""`cgr type`, `cgr hierarchy`, `cgr terms` and `cgr proposals` as a script uses them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor
from cgr.core.definitions import (
    AttributeDefinition,
    HierarchyDefinition,
    TermDefinition,
    TermTreeDefinition,
    TypeDefinition,
)
from cgr.registry.actions import apply_objects, propose_line, save_hierarchy, save_term_tree, save_type
from cgr.registry.models import GeoObject, GeoObjectType, Hierarchy, TermTree
from cgr.sync.models import SyncConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
SYNC = """
version: 1
systems:
  - code: hmis
    organization: MOH
    label: HMIS
    url: https://hmis.example.org
    auth: {kind: basic, username: cgr, password: {env: HMIS_PASSWORD}}
syncs:
  - code: hmis-all
    organization: MOH
    label: All
    hierarchy: admin
    system: hmis
    levels: [{type: facility, sync: both}]
"""


@pytest.fixture(autouse=True)
def _registry() -> None:
    save_organization(OPERATOR, "MOH", label={"default": "Ministry"})
    save_term_tree(OPERATOR, TermTreeDefinition("ownership", "Ownership", (TermDefinition("pub", "Public"),)))
    owner = AttributeDefinition("owner", "Owner", "term", "ownership")
    save_type(OPERATOR, TypeDefinition("facility", "MOH", "Facility", attributes=(owner,)))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Admin", {"facility": {}}))


def done(cgr: Run, *arguments: str) -> dict[str, Any]:
    found, out, err = cgr(*arguments, "--json")
    assert found == 0, err + out
    document: dict[str, Any] = json.loads(out)
    return document


def test_definitions_go_in_the_order_in_which_they_depend_on_one_another(cgr: Run) -> None:
    status, _, told = cgr("type", "delete", "facility")
    assert status == 2
    assert "it has a place in hierarchies (admin)" in told
    assert cgr("terms", "delete", "ownership")[0] == 2
    assert done(cgr, "hierarchy", "take-out", "admin", "facility")["removed"]
    assert done(cgr, "hierarchy", "delete", "admin") == {"hierarchy": "admin", "deleted": True}
    assert done(cgr, "terms", "remove", "ownership", "pub")["removed"]
    assert done(cgr, "type", "remove-attribute", "facility", "owner")["removed"]
    assert done(cgr, "terms", "delete", "ownership", "--yes") == {"terms": "ownership", "deleted": True}
    assert done(cgr, "type", "delete", "facility", "--yes") == {"type": "facility", "deleted": True}
    assert not any(one.objects.exists() for one in (GeoObjectType, Hierarchy, TermTree))


def test_a_synchronization_configuration_is_deleted(cgr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HMIS_PASSWORD", "district")
    status, _, told = cgr("config", "apply", "-", stdin=SYNC)
    assert status == 0, told
    assert cgr("sync", "delete", "hmis")[0] == 2
    assert done(cgr, "sync", "delete", "hmis-all", "--yes") == {"config": "hmis-all", "deleted": True}
    assert not SyncConfig.objects.exists()


def test_proposals_are_listed_shown_accepted_and_rejected(cgr: Run) -> None:
    line = b'{"type":"facility","code":"F1","label":"Bo"}'
    assert not apply_objects(OPERATOR, [line], preview=False).errors
    numbers = [
        str(propose_line(OPERATOR, f'{{"type":"facility","code":"F1","label":"{label}"}}'.encode(), reason="A sign").pk)
        for label in ("Kenema", "Moyamba")
    ]
    assert [one["id"] for one in done(cgr, "proposals", "list")["proposals"]] == [*reversed(numbers)]
    assert '{"default":"Bo"} → {"default":"Kenema"}' in cgr("proposals", "show", numbers[0])[1]
    assert cgr("proposals", "accept", numbers[0], "--version", "7")[0] == 2
    assert done(cgr, "proposals", "accept", numbers[0], "--version", "1")["state"] == "accepted"
    assert GeoObject.objects.get().label[0]["value"] == {"default": "Kenema"}
    shown = done(cgr, "proposals", "show", numbers[1])["fields"]["label"]
    assert (shown["from"], shown["proposed_from"]) == ({"default": "Kenema"}, {"default": "Bo"})
    assert cgr("proposals", "reject", numbers[1], "--why", " ")[0] == 2
    assert done(cgr, "proposals", "reject", numbers[1], "--why", "Not there")["answer"] == "Not there"
    assert done(cgr, "proposals", "list") == {"proposals": [], "next": None}
    assert len(done(cgr, "proposals", "list", "--all")["proposals"]) == 2
