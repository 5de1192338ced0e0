"""Synchronisation configurations: checked against the registry when saved, invisible outside their organization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.core.definitions import HierarchyDefinition, TypeDefinition
from cgr.core.errors import BadInput, NotAllowed
from cgr.core.mapping import LevelMapping, SyncMapping, SyncType
from cgr.registry.actions import save_hierarchy, save_type
from cgr.sync import configs
from cgr.systems.actions import save_system
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from cgr.audit.saving import Saved

OPERATOR = Actor("cli:test", is_system_administrator=True)
STRANGER = Actor("xi", 7, memberships=(Grant("NMCP", "registry-administrator"),))
MAINTAINER = Actor("mo", 8, memberships=(Grant("MOH", "registry-maintainer"),))
ADMINISTRATOR = Actor("ada", 9, memberships=(Grant("MOH", "registry-administrator"),))
MAPPING = SyncMapping(levels=(LevelMapping("country", SyncType.NONE), LevelMapping("region", SyncType.BOTH)))


@pytest.fixture(autouse=True)
def _world(db: None) -> None:  # noqa: ARG001 - asks for the database
    for code in ("MOH", "NMCP"):
        save_organization(OPERATOR, code, label={"default": code})
    for code in ("country", "region"):
        save_type(OPERATOR, TypeDefinition(code, "MOH", code))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Administrative", {"country": {"region": {}}}))
    save_system(
        OPERATOR,
        "hmis",
        organization="MOH",
        label={"default": "HMIS"},
        url="https://hmis.example.org",
        sign_in=SignIn("basic", "cgr", "s3cret"),
    )


def save(actor: Actor = OPERATOR, **changes: Any) -> Saved:
    fields: dict[str, Any] = {
        "code": "hmis-all",
        "organization": "MOH",
        "label": {"default": "To the HMIS"},
        "hierarchy": "admin",
        "system": "hmis",
        "settings": MAPPING,
    }
    return configs.save_config(actor, **{**fields, **changes})


def test_what_was_saved_is_read_back_as_the_same_mapping() -> None:
    assert save().created
    assert configs.mapping_of(configs.config(OPERATOR, "hmis-all")) == MAPPING
    assert save().unchanged


def test_a_changed_mapping_is_told_and_logged_by_key() -> None:
    save()
    saved = save(settings=SyncMapping(levels=MAPPING.levels, allow_new_root=True))
    assert saved.fields == {"allow_new_root": {"from": False, "to": True}}
    assert entries(kind="sync")[0].after == {"allow_new_root": True}


@pytest.mark.parametrize(
    ("levels", "named"),
    [
        ((), "level"),
        ((LevelMapping("region", SyncType.BOTH), LevelMapping("country", SyncType.BOTH)), "level 2"),
        ((LevelMapping("country", SyncType.BOTH), LevelMapping("country", SyncType.BOTH)), "level 2"),
        ((LevelMapping("land", SyncType.BOTH),), "land"),
    ],
)
def test_a_mapping_that_does_not_fit_the_hierarchy_is_refused_naming_the_row(
    levels: tuple[LevelMapping, ...], named: str
) -> None:
    with pytest.raises(BadInput) as refused:
        save(settings=SyncMapping(levels=levels))
    assert named in refused.value.message.lower()
    assert refused.value.next_step
    assert not configs.configs(OPERATOR).exists()


def test_only_administrators_of_the_organization_manage_and_see_it() -> None:
    save(ADMINISTRATOR)
    for actor in (STRANGER, MAINTAINER):
        assert not configs.configs(actor).exists()
        for refused in (
            lambda actor=actor: save(actor),
            lambda actor=actor: configs.config(actor, "hmis-all"),
            lambda actor=actor: configs.delete_config(actor, "hmis-all"),
        ):
            with pytest.raises(NotAllowed):
                refused()
    assert [row.code for row in configs.configs(ADMINISTRATOR)] == ["hmis-all"]


def test_its_code_cannot_be_taken_by_another_organization_nor_its_organization_changed() -> None:
    save()
    with pytest.raises(NotAllowed):
        save(STRANGER, organization="NMCP")
    with pytest.raises(BadInput) as refused:
        save(organization="NMCP")
    assert refused.value.code == "fixed-after-creation"


def test_a_configuration_can_be_deleted() -> None:
    save()
    configs.delete_config(ADMINISTRATOR, "hmis-all")
    assert not configs.configs(OPERATOR).exists()
    assert entries(kind="sync")[0].action == "delete"
