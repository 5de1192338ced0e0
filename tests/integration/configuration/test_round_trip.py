"""What an instance is configured as can be written down, and made again from that elsewhere, to the byte (R4.5)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from django.apps import apps

from cgr.accounts.actors import Actor
from cgr.configuration.applying import apply
from cgr.configuration.exporting import export
from cgr.core.errors import BadInput
from cgr.sync import configs
from cgr.systems import queries as systems
from cgr.systems.sealing import unseal

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
COUNTRY = Path(__file__).parents[3] / "docs" / "how-to" / "a-country.yaml"
SECRETS = {
    name: f"s3cret-of-{name}" for name in ("HMIS_PASSWORD", "MALARIA_TOKEN", "TRAINING_CLIENT_SECRET", "HOOK_SECRET")
}

MORE = """
version: 1
organizations: [{code: "010", label: {default: "no", no: "1e3", "pt_BR": "~"}}]
terms: [{code: "yes", label: "on", terms: [{code: "1:30", label: "2021-01-01"}, {code: "no", label: "null"}]}]
types:
  - {code: empty, organization: "010", label: "0x1F",
     attributes: [{code: "y", label: "#", kind: term, terms: "yes"}]}
hierarchies:
  - {code: below, organization: "010", label: Below, inherits: above, tree: {}}
  - {code: above, organization: "010", label: Above, tree: {empty: {}}}
systems:
  - {code: a-b, organization: "010", label: A, url: "https://a.example.org/dhis",
     auth: {kind: oauth2, client_id: c, client_secret: {env: S1}, grant: password, username: bob, password: {env: S2}}}
  - {code: a.b, organization: "010", label: B, url: "http://[2001:db8::1]:8080",
     auth: {kind: oauth2, client_id: "1_000"}}
syncs:
  - {code: s, organization: "010", label: S, hierarchy: above, system: a-b, allow_new_root: true, locale: no,
     schedule: {cron: "0 0 * * *", time_zone: UTC, apply: true, paused: true},
     levels: [{type: empty, sync: both, locale: "pt_BR", where: {y: ["no", "1:30"]},
               fields: {name: code, shortName: label, url: {from: code, clear: true}},
               attributes: [{from: y, to: AtYes000001, terms: {"no": "", "1:30": "010"}, clear: true}]}]}
"""
"""What the worked example doesn't show: every other kind of sign-in and key, and texts that YAML likes to misread."""

WRITTEN = {
    "accounts.Organization": {"code", "label"},
    "registry.TermTree": {"code", "label"},
    "registry.Term": {"tree", "parent", "code", "label", "position"},
    "registry.GeoObjectType": {"organization", "code", "label", "geometry_type"},
    "registry.Attribute": {"type", "code", "label", "kind", "terms", "position"},
    "registry.Hierarchy": {"organization", "code", "label", "inherits"},
    "registry.HierarchyNode": {"hierarchy", "type", "parent_type"},
    "systems.ExternalSystem": {"organization", "kind", "code", "label", "description", "url", "auth_kind", "username"}
    | {"sealed_secret", "client_id", "grant", "sealed_password", "people_sign_in", "enabled"},
    "sync.SyncConfig": {"organization", "code", "label", "hierarchy", "system", "settings", "schedule", "notify"}
    | {"sealed_webhook_secret"},
}
"""What the file carries, by table: a secret as a reference, an order as the order of a list."""

NOT_WRITTEN = {
    "registry.GeoObjectType": {"revision": "counts the writes of its objects, for what is kept of the map"},
    "systems.ExternalSystem": {
        "uid": "an address within this instance",
        "version": "read from the server",
        "checked_at": "the same",
        "failure": "what the last check found",
        "failed_at": "the same",
    },
    "sync.SyncConfig": {
        "next_at": "follows from the schedule",
        "scheduled_by": "whoever applies the file",
        "schedule_error": "what happened here",
        "drift_looked": "the same",
    },
}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in {**SECRETS, "S1": "first", "S2": "second"}.items():
        monkeypatch.setenv(name, secret)


def emptied() -> None:
    """Make the instance an empty one."""
    apps.get_model("registry.Hierarchy").objects.update(inherits=None)
    for name in reversed(WRITTEN):
        apps.get_model(name).objects.all().delete()


def test_an_export_makes_the_same_instance_of_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    apply(OPERATOR, COUNTRY.read_bytes())
    apply(OPERATOR, MORE.encode())
    exported = export(OPERATOR, references=True)
    assert not [secret for secret in SECRETS.values() if secret in exported]
    variables = {name: f"again-{name}" for name in _references(yaml.safe_load(exported))}
    assert len(variables) == 6
    for name, secret in variables.items():
        monkeypatch.setenv(name, secret)

    emptied()
    apply(OPERATOR, exported.encode())

    assert export(OPERATOR, references=True) == exported
    assert apply(OPERATOR, exported.encode()).changed == ()
    # Two codes that make the same name of a variable still have a variable each.
    assert {unseal(bytes(row.sealed_secret)) for row in systems.systems(OPERATOR) if row.sealed_secret} == {
        "again-HMIS_PASSWORD",
        "again-MALARIA_TOKEN",
        "again-TRAINING_CLIENT_SECRET",
        "again-A_B_CLIENT_SECRET",
    }
    assert systems.system(OPERATOR, "training").enabled is False
    assert [row.schedule["paused"] for row in configs.configs(OPERATOR) if row.schedule] == [False, True]


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        if set(value) == {"env"}:
            return {value["env"]}
        return {name for one in value.values() for name in _references(one)}
    return {name for one in value for name in _references(one)} if isinstance(value, list) else set()


def test_the_file_carries_every_column_of_what_is_configured_or_says_why_not() -> None:
    tables = {name: apps.get_model(name)._meta for name in WRITTEN}  # noqa: SLF001 - Django's documented way to columns
    columns = {name: {field.name for field in table.concrete_fields} - {"id"} for name, table in tables.items()}
    assert columns == {name: WRITTEN[name] | set(NOT_WRITTEN.get(name, ())) for name in WRITTEN}


def test_a_system_that_the_file_does_not_speak_of_stays_switched_off() -> None:
    apply(OPERATOR, COUNTRY.read_bytes())
    without = COUNTRY.read_text("utf-8").replace("    enabled: false  ", "    # ")

    assert apply(OPERATOR, without.encode()).changed == ()
    assert systems.system(OPERATOR, "training").enabled is False
    (changed,) = apply(OPERATOR, without.replace("    #  ", "    enabled: true  #").encode()).changed
    assert changed.fields == {"enabled": {"from": False, "to": True}}


SANDBOXES: Mapping[str, str] = {"hmis": "http://127.0.0.1:8085"}


def test_a_rehearsal_has_the_sandbox_and_nothing_else_that_reaches_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)  # the real secrets aren't needed, and aren't looked at

    apply(OPERATOR, COUNTRY.read_bytes(), sandboxes=SANDBOXES)

    (system,) = systems.systems(OPERATOR)
    assert (system.url, system.username, unseal(bytes(system.sealed_secret))) == (
        SANDBOXES["hmis"],
        "admin",
        "district",
    )
    assert [row.code for row in configs.configs(OPERATOR)] == ["hmis-all", "hmis-public"]
    assert not [row for row in configs.configs(OPERATOR) if row.schedule or row.notify or row.next_at]
    assert apply(OPERATOR, COUNTRY.read_bytes(), sandboxes=SANDBOXES).changed == ()


@pytest.mark.parametrize(
    ("sandboxes", "word"),
    [
        ({"absent": "http://127.0.0.1:8085"}, '"absent"'),
        ({"hmis": "https://hmis.maranda.example.org"}, "isn't on this machine"),
        ({"hmis": "http://127.0.0.1.example.org"}, "isn't on this machine"),
        ({"hmis": "nonsense"}, "nonsense"),
    ],
)
def test_a_rehearsal_that_could_reach_a_real_server_is_refused(sandboxes: dict[str, str], word: str) -> None:
    with pytest.raises(BadInput) as refused:
        apply(OPERATOR, COUNTRY.read_bytes(), sandboxes=sandboxes)
    assert word in refused.value.message
    assert not systems.systems(OPERATOR).exists()


def test_an_instance_with_real_systems_is_no_place_for_a_rehearsal() -> None:
    apply(OPERATOR, COUNTRY.read_bytes())
    before = export(OPERATOR)

    with pytest.raises(BadInput) as refused:
        apply(OPERATOR, COUNTRY.read_bytes(), sandboxes=SANDBOXES)

    assert "no place for a rehearsal" in refused.value.message
    assert export(OPERATOR) == before
