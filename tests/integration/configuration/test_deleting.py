"""Definitions deleted as all faces do it: what depends on them, in whichever room, refuses, and is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from cgr.accounts.actions import add_user, create_token, save_organization
from cgr.accounts.actors import Actor, actor_of
from cgr.accounts.models import User
from cgr.audit.queries import entries
from cgr.configuration import deleting
from cgr.core.definitions import (
    AttributeDefinition,
    HierarchyDefinition,
    TermDefinition,
    TermTreeDefinition,
    TypeDefinition,
)
from cgr.core.errors import BadInput, CgrError, NeedsConsent
from cgr.core.mapping import AttributeMapping, LevelMapping, SyncMapping, SyncType
from cgr.registry import queries
from cgr.registry.actions import apply_objects, save_hierarchy, save_term_tree, save_type
from cgr.runs.models import Run
from cgr.sync.configs import delete_config, save_config
from cgr.systems.actions import save_system
from cgr.systems.models import ExternalSystem
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "sun-and-rain-9"


@pytest.fixture(autouse=True)
def _country() -> None:
    save_organization(OPERATOR, "MOH", label={"default": "Ministry"})
    save_term_tree(OPERATOR, TermTreeDefinition("ownership", "Ownership", (TermDefinition("pub", "Public"),)))
    attributes = (AttributeDefinition("owner", "Owner", "term", "ownership"),)
    save_type(OPERATOR, TypeDefinition("region", "MOH", "Region"))
    save_type(OPERATOR, TypeDefinition("facility", "MOH", "Facility", "point", attributes))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Admin", {"region": {"facility": {}}}))


def use_it_all() -> None:
    """Objects with a parent, a configuration for both types, a role, an import under way, a hierarchy that goes on."""
    lines: tuple[dict[str, object], ...] = (
        {"type": "region", "code": "R1", "label": "North"},
        {"type": "facility", "code": "F1", "label": "Bo", "parents": {"admin": "R1"}},
    )
    assert not apply_objects(OPERATOR, [json.dumps(line).encode() for line in lines], preview=False).errors
    label = {"default": "HMIS"}
    sign_in = SignIn("basic", "cgr", "secret")
    save_system(OPERATOR, "hmis", organization="MOH", label=label, url="https://hmis.example.org", sign_in=sign_in)
    owner = AttributeMapping("owner", groups={"pub": "GrPublic001"})
    levels = (LevelMapping("region", SyncType.NONE), LevelMapping("facility", SyncType.BOTH, attributes=(owner,)))
    save_config(
        OPERATOR,
        code="to-hmis",
        organization="MOH",
        label=label,
        hierarchy="admin",
        system="hmis",
        settings=SyncMapping(levels=levels),
    )
    add_user(OPERATOR, "mo", password=PASSWORD, role="registry-maintainer", organization="MOH", types=["facility"])
    system = ExternalSystem.objects.get(code="hmis")
    Run.objects.create(
        pk=17,
        kind="import",
        organization=system.organization,
        system=system,
        state="running",
        as_of="2026-11-28",
        settings={"hierarchy": "admin", "levels": {"3": "facility"}},
        actor="cli:test",
    )
    save_hierarchy(OPERATOR, HierarchyDefinition("health", "MOH", "Health", {"facility": {}}, inherits="admin"))


def refusal(does: Callable[[], None]) -> str:
    with pytest.raises(CgrError) as refused:
        does()
    assert isinstance(refused.value, BadInput | NeedsConsent)
    return refused.value.message


def test_what_is_in_use_stays_and_everything_that_uses_it_is_named() -> None:
    use_it_all()
    told = refusal(lambda: deleting.delete_type(OPERATOR, "facility"))
    for part in (
        "1 objects are of it",
        "it has a place in hierarchies (admin, health)",
        "synchronization configurations use it (to-hmis)",
        "1 roles are limited to it",
        "imports into it are under way (17)",
    ):
        assert part in told
    told = refusal(lambda: deleting.delete_hierarchy(OPERATOR, "admin"))
    for part in ("1 parents of objects", "continue it (health)", "use it (to-hmis)", "under way (17)"):
        assert part in told
    assert "facility.owner" in refusal(lambda: deleting.delete_term_tree(OPERATOR, "ownership"))
    assert {row["code"] for row in queries.export_types(OPERATOR)} == {"region", "facility"}
    assert {row["code"] for row in queries.export_hierarchies(OPERATOR)} == {"admin", "health"}


def test_what_a_configuration_only_reads_goes_with_consent_and_not_without() -> None:
    use_it_all()
    for removes in (
        lambda consent: deleting.remove_term(OPERATOR, "ownership", "pub", consent=consent),
        lambda consent: deleting.remove_attribute(OPERATOR, "facility", "owner", consent=consent),
    ):
        with pytest.raises(NeedsConsent, match="to-hmis"):
            removes(consent=False)
        removes(consent=True)
    (facility,) = (row for row in queries.export_types(OPERATOR) if row["code"] == "facility")
    assert facility["attributes"] == []


def test_step_by_step_all_of_it_can_go_and_the_audit_log_keeps_what_it_was() -> None:
    use_it_all()
    Run.objects.filter(pk=17).update(state="success")
    delete_config(OPERATOR, "to-hmis")
    deleting.delete_hierarchy(OPERATOR, "health")
    assert "parents there" in refusal(lambda: deleting.take_out_type(OPERATOR, "admin", "facility", consent=True))
    line = b'{"type":"facility","code":"F1","label":"Bo","parents":{"admin":null}}'
    assert not apply_objects(OPERATOR, [line], preview=False).errors
    deleting.take_out_type(OPERATOR, "admin", "facility", consent=False)
    deleting.delete_hierarchy(OPERATOR, "admin")
    save_type(
        OPERATOR, TypeDefinition("ward", "MOH", "Ward", attributes=(AttributeDefinition("beds", "Beds", "integer"),))
    )
    deleting.delete_type(OPERATOR, "ward")
    deleting.remove_attribute(OPERATOR, "facility", "owner", consent=False)
    deleting.delete_term_tree(OPERATOR, "ownership")
    found = entries().filter(action="delete").order_by("pk")
    assert [(one.kind, one.subject) for one in found] == [
        ("sync", "to-hmis"),
        ("hierarchy", "health"),
        ("hierarchy", "admin"),
        ("type", "ward"),
        ("term-tree", "ownership"),
    ]
    assert (found[2].before or {})["tree"] == {"region": {}}
    assert "attributes.beds" in (found[3].before or {})


def test_over_the_api_a_deletion_names_the_state_it_was_made_from() -> None:
    use_it_all()
    add_user(OPERATOR, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
    token = create_token(actor_of(User.objects.get(username="ada")), "script", scopes=["write"], days=1)
    client, signed_in = Client(), {"Authorization": f"Bearer {token}"}
    save_type(OPERATOR, TypeDefinition("ward", "MOH", "Ward"))
    seen = client.get("/api/v1/types/ward", headers=signed_in)["ETag"]
    save_type(OPERATOR, TypeDefinition("ward", "MOH", "Ward of a town"))

    def delete(path: str, **more: str) -> int:
        return client.delete(f"/api/v1{path}", headers={**signed_in, **more}).status_code

    assert delete("/types/ward") == 428
    assert delete("/types/ward", **{"If-Match": seen}) == 412
    now = client.get("/api/v1/types/ward", headers=signed_in)["ETag"]
    assert delete("/types/ward", **{"If-Match": now}) == 204
    assert client.get("/api/v1/types/ward", headers=signed_in).status_code == 404
    assert delete("/types/facility", **{"If-Match": "*"}) == 409
    assert delete("/types/facility/attributes/owner", **{"If-Match": "*"}) == 409
    assert delete("/types/facility/attributes/owner?consent=true", **{"If-Match": "*"}) == 204
    assert delete("/hierarchies/admin/types/region", **{"If-Match": "*"}) == 409
    assert delete("/terms/ownership/terms/pub", **{"If-Match": "*"}) == 204
    assert delete("/terms/ownership", **{"If-Match": "*"}) == 204
    assert delete("/terms/ownership", **{"If-Match": "*"}) == 404
