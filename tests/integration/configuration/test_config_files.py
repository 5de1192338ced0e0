"""The configuration file: applied whole or not at all, twice like once, exported so that it can be applied again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import yaml
from django.apps import apps

from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.configuration.applying import Entry, Outcome, apply
from cgr.configuration.exporting import export
from cgr.core.errors import BadInput, NotAllowed
from cgr.registry.queries import type_shapes
from cgr.sync import configs
from cgr.systems import queries as systems
from cgr.systems.sealing import unseal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db

OPERATOR = Actor("cli:test", is_system_administrator=True)
SECRET = "s3cret-Passw0rd"

CONTRACT = """
version: 1
organizations: [{code: MOH, label: {default: Ministry of Health, fr: Ministère de la Santé}}]
terms:
  - {code: ownership, label: Ownership, terms: [{code: PUB, label: Public}, {code: PRI, label: Private}]}
types:
  - {code: country, organization: MOH, label: Country, geometry: multipolygon}
  - {code: region, organization: MOH, label: Region, geometry: multipolygon}
  - {code: district, organization: MOH, label: District, geometry: multipolygon}
  - {code: facility, organization: MOH, label: Facility, geometry: point,
     attributes: [{code: beds, label: Beds, kind: integer}, {code: owner, label: Owner, kind: term, terms: ownership},
                  {code: remarks, label: Remarks, kind: text}]}
hierarchies:
  - {code: admin, organization: MOH, label: Administrative, tree: {country: {region: {district: {facility: {}}}}}}
systems:
  - {code: hmis, organization: MOH, kind: dhis2, label: National HMIS, url: "https://hmis.example.org",
     auth: {kind: basic, username: cgr, password: {env: HMIS_PASSWORD}}}
syncs:
  - code: hmis-all
    organization: MOH
    label: To the HMIS
    hierarchy: admin
    system: hmis
    allow_new_root: false
    locale: default
    limits: {changed_share: 0.3, moved_share: 0.1, vanished_share: 0.1, min_units: 50}
    levels:
      - {type: country,  sync: none}
      - {type: region,   sync: relationships}
      - {type: district, sync: org_units, geometry: false}
      - type: facility
        sync: both
        groups: [oRVt7g429ZO]
        only_in_groups: false
        fields: {description: "attribute:remarks", closedDate: null}
        geometry: true
        where: {owner: [PUB]}
        attributes:
          - {from: beds, to: n2xYlNbsfko}
          - {from: owner, to: l1VmqIHKk6t, terms: {PUB: "1", PRI: "2"}}
          - {from: owner, groups: {PUB: MAs88nJc9nL}}
"""
"""The example of contract.md, with the types and the attribute that it leaves to the reader."""

ALL = [
    Entry("organization", "MOH"),
    Entry("terms", "ownership"),
    Entry("type", "country"),
    Entry("type", "region"),
    Entry("type", "district"),
    Entry("type", "facility"),
    Entry("hierarchy", "admin"),
    Entry("system", "hmis"),
    Entry("sync", "hmis-all"),
]

LABELS = {"MOH", "ownership", "facility", "admin", "hmis", "hmis-all"}


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HMIS_PASSWORD", SECRET)


def with_change(old: str, new: str) -> bytes:
    assert CONTRACT.count(old) >= 1, old
    return CONTRACT.replace(old, new, 1).encode()


def rows() -> dict[str, int]:
    """Count every row that the product has of its own."""
    return {model.__name__: model.objects.count() for model in apps.get_models() if model.__module__.startswith("cgr")}


def test_the_example_of_the_contract_creates_everything_that_it_names() -> None:
    outcome = apply(OPERATOR, CONTRACT.encode())

    assert list(outcome.created) == ALL
    assert (outcome.changed, outcome.unchanged) == ((), 0)
    facility = type_shapes("admin")["facility"]
    assert (facility.parent, facility.geometry) == ("district", "point")
    assert set(facility.attributes["owner"].terms or ()) == {"PUB", "PRI"}
    assert unseal(bytes(systems.system(OPERATOR, "hmis").sealed_secret)) == SECRET
    levels = configs.mapping_of(configs.config(OPERATOR, "hmis-all")).levels
    assert [level.type for level in levels] == ["country", "region", "district", "facility"]
    assert levels[3].fields == {"description": "attribute:remarks", "closedDate": None}


def test_applying_it_again_changes_and_logs_nothing() -> None:
    apply(OPERATOR, CONTRACT.encode())
    before = rows()

    assert apply(OPERATOR, CONTRACT.encode()) == Outcome(created=(), changed=(), unchanged=len(ALL))
    assert rows() == before


def test_its_json_has_the_shape_of_the_contract() -> None:
    apply(OPERATOR, CONTRACT.encode())

    outcome = apply(OPERATOR, with_change("label: National HMIS", "label: HMIS"))

    assert msgspec.json.decode(msgspec.json.encode(outcome)) == {
        "created": [],
        "changed": [
            {
                "kind": "system",
                "code": "hmis",
                "fields": {"label": {"from": {"default": "National HMIS"}, "to": {"default": "HMIS"}}},
            }
        ],
        "unchanged": len(ALL) - 1,
    }


def test_a_preview_says_the_same_and_writes_nothing() -> None:
    previewed = apply(OPERATOR, CONTRACT.encode(), preview=True)

    assert set(rows().values()) == {0}
    assert previewed == apply(OPERATOR, CONTRACT.encode())


def test_what_a_file_does_not_name_stays() -> None:
    apply(OPERATOR, CONTRACT.encode())
    before = rows()

    apply(
        OPERATOR, b"version: 1\ntypes: [{code: facility, organization: MOH, label: Health facility, geometry: point}]"
    )

    assert {**rows(), "AuditEntry": 0} == {**before, "AuditEntry": 0}
    assert set(type_shapes("admin")["facility"].attributes) == {"beds", "owner", "remarks"}


def test_an_export_applied_again_changes_nothing() -> None:
    apply(OPERATOR, CONTRACT.encode())

    outcome = apply(OPERATOR, export(OPERATOR).encode())

    assert outcome == Outcome(created=(), changed=(), unchanged=len(ALL))


def test_an_export_is_the_same_each_time_and_holds_no_secret() -> None:
    apply(OPERATOR, CONTRACT.encode())

    first = export(OPERATOR)

    assert first == export(OPERATOR)
    assert SECRET not in first
    assert systems.system(OPERATOR, "hmis").sealed_secret.hex() not in first
    assert yaml.safe_load(first)["systems"][0]["auth"] == {"kind": "basic", "username": "cgr"}


def test_an_export_with_the_secret_put_back_makes_the_same_configuration_elsewhere() -> None:
    apply(OPERATOR, CONTRACT.encode())
    exported = export(OPERATOR)
    for model in ("sync.SyncConfig", "systems.ExternalSystem", "registry.Hierarchy", "registry.GeoObjectType"):
        apps.get_model(model).objects.all().delete()
    apps.get_model("registry.TermTree").objects.all().delete()
    apps.get_model("accounts.Organization").objects.all().delete()

    with pytest.raises(BadInput) as refused:
        apply(OPERATOR, exported.encode())
    assert refused.value.code == "secret-missing"
    assert not apps.get_model("accounts.Organization").objects.exists()

    document = yaml.safe_load(exported)
    document["systems"][0]["auth"]["password"] = {"env": "HMIS_PASSWORD"}
    assert {entry.code for entry in apply(OPERATOR, yaml.safe_dump(document).encode()).created} == {
        entry.code for entry in ALL
    }
    assert export(OPERATOR) == exported


def test_codes_that_yaml_likes_to_read_as_something_else_survive_the_round_trip() -> None:
    text = b"""
version: 1
organizations: [{code: "010", label: {default: Ja, no: nei}}]
terms: [{code: yesno, label: on, terms: [{code: no, label: off}, {code: yes, label: "1e3"},
                                             {code: "1:30", label: "~"}]}]
"""
    apply(OPERATOR, text)

    assert apply(OPERATOR, export(OPERATOR).encode()).unchanged == 2
    assert {term["code"] for term in yaml.safe_load(export(OPERATOR))["terms"][0]["terms"]} == {"no", "yes", "1:30"}


def test_an_export_shows_only_what_the_actor_may_see() -> None:
    apply(OPERATOR, CONTRACT.encode())
    apply(OPERATOR, b"version: 1\norganizations: [{code: NMCP, label: Malaria}]")

    stranger = Actor("xi", 7, memberships=(Grant("NMCP", "registry-administrator"),))
    maintainer = Actor("mo", 8, memberships=(Grant("MOH", "registry-maintainer"),))

    assert set(yaml.safe_load(export(stranger))) <= {"version", "organizations", "terms"}
    assert {"systems", "syncs"}.isdisjoint(yaml.safe_load(export(maintainer)))


def test_somebody_without_the_role_applies_nothing() -> None:
    apply(OPERATOR, b"version: 1\norganizations: [{code: MOH, label: Health}]")
    before = rows()

    with pytest.raises(NotAllowed):
        apply(Actor("mo", 8, memberships=(Grant("MOH", "registry-maintainer"),)), CONTRACT.encode())
    assert rows() == before


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("d2pat_abc\n")

    apply(
        OPERATOR,
        with_change(
            "auth: {kind: basic, username: cgr, password: {env: HMIS_PASSWORD}}",
            f"auth: {{kind: token, token: {{file: '{secret}'}}}}",
        ),
    )

    assert unseal(bytes(systems.system(OPERATOR, "hmis").sealed_secret)) == "d2pat_abc"


BASIC_AUTH = "auth: {kind: basic, username: cgr, password: {env: HMIS_PASSWORD}}"


def test_a_system_signs_in_by_oauth2_with_secrets_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HMIS_CLIENT_SECRET", "of-the-client")
    (tmp_path / "password").write_text("of-the-user\n")
    client = "kind: oauth2, client_id: cgr, client_secret: {env: HMIS_CLIENT_SECRET}"
    by_password = f"grant: password, username: bob, password: {{file: '{tmp_path / 'password'}'}}"

    apply(OPERATOR, with_change(BASIC_AUTH, f"auth: {{{client}, {by_password}}}"))

    row = systems.system(OPERATOR, "hmis")
    assert (row.auth_kind, row.client_id, row.grant, row.username) == ("oauth2", "cgr", "password", "bob")
    assert unseal(bytes(row.sealed_secret)) == "of-the-client"
    assert unseal(bytes(row.sealed_password)) == "of-the-user"

    apply(OPERATOR, with_change(BASIC_AUTH, f"auth: {{{client}, people_sign_in: true}}"))

    exported = yaml.safe_load(export(OPERATOR))["systems"][0]["auth"]
    assert exported == {"kind": "oauth2", "client_id": "cgr", "grant": "code", "people_sign_in": True}
    assert not systems.system(OPERATOR, "hmis").sealed_password


@pytest.mark.parametrize(
    ("auth", "word"),
    [
        ("{kind: oauth2, client_id: cgr, token: {env: HMIS_PASSWORD}}", "names a token"),
        ("{kind: oauth2, client_id: cgr, client_secret: plain}", "never as itself"),
        ("{kind: oauth2, client_id: cgr, grant: implicit}", "code, password"),
        ("{kind: oauth2}", "client id"),
        ("{kind: basic, username: cgr, password: {env: HMIS_PASSWORD}, client_id: x}", "oauth2"),
        ("{kind: basic, username: cgr, client_secret: {env: HMIS_PASSWORD}}", "names a client_secret"),
        ("{kind: kerberos}", "basic, token, oauth2"),
    ],
)
def test_a_sign_in_that_does_not_fit_together_is_refused(auth: str, word: str) -> None:
    with pytest.raises(BadInput) as refused:
        apply(OPERATOR, with_change(BASIC_AUTH, f"auth: {auth}"))
    assert word in refused.value.message
    assert not systems.systems(OPERATOR).exists()


def test_the_log_says_who_applied_what() -> None:
    apply(OPERATOR, CONTRACT.encode())

    logged = {(entry.actor, entry.action, entry.subject) for entry in entries()}
    assert {("cli:test", "create", code) for code in LABELS} <= logged


REFUSED = {
    "unknown key": ("kind: integer}", "kindd: integer}", "kindd"),
    "unknown key of the file": ("version: 1", "version: 1\nfoo: 1", '"foo"'),
    "missing key": (
        "{code: country, organization: MOH, label: Country,",
        "{code: country, organization: MOH,",
        "label",
    ),
    "another version": ("version: 1", "version: 2", "version"),
    "wrong kind of value": ("min_units: 50", "min_units: fifty", "number"),
    "text as number": ('PUB: "1"', "PUB: 1", "quotes"),
    "unknown attribute kind": ("kind: integer", "kind: whole", "whole"),
    "unknown geometry": ("geometry: point", "geometry: dot", "dot"),
    "unknown sync type": ("sync: both", "sync: everything", "everything"),
    "duplicate type": ("{code: region, organization", "{code: country, organization", "country"),
    "duplicate attribute": ("{code: remarks, label", "{code: beds, label", "beds"),
    "duplicate term": ("{code: PRI, label", "{code: PUB, label", "PUB"),
    "type below itself": ("{facility: {}}", "{facility: {district: {}}}", "district"),
    "type twice in a hierarchy": ("{facility: {}}", "{facility: {}}, facility: {}", "facility"),
    "hierarchy that isn't one": ("{facility: {}}", "[facility]", "admin"),
    "unknown type in a hierarchy": ("{facility: {}}", "{clinic: {}}", "clinic"),
    "unknown terms": ("terms: ownership}", "terms: owners}", "owners"),
    "unknown organization": (
        "{code: country, organization: MOH",
        "{code: country, organization: XXX",
        'type "country": ',
    ),
    "unknown hierarchy": ("hierarchy: admin", "hierarchy: other", 'sync "hmis-all": '),
    "unknown system": ("system: hmis", "system: other", "other"),
    "unknown type in a level": ("{type: country,  sync", "{type: land,  sync", "land"),
    "levels out of order": ("{type: region,   sync", "{type: district,   sync", "level 2"),
    "unknown attribute": ("from: beds", "from: bedz", 'sync "hmis-all": Level 4 (facility), attribute bedz'),
    "target twice": ("to: n2xYlNbsfko", "to: l1VmqIHKk6t", "l1VmqIHKk6t"),
    "share over one": ("changed_share: 0.3", "changed_share: 30", "changed_share"),
    "secret in the file": ("{env: HMIS_PASSWORD}", SECRET, "env"),
    "secret from nowhere": ("{env: HMIS_PASSWORD}", "{}", "hmis"),
    "secret from two places": ("{env: HMIS_PASSWORD}", "{env: A, file: B}", "hmis"),
    "missing variable": ("env: HMIS_PASSWORD", "env: NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE"),
    "missing secret file": ("env: HMIS_PASSWORD", "file: /nonexistent/secret", "/nonexistent/secret"),
    "token for basic": ("password: {env", "token: {env", "token"),
    "kind of sign-in that is not there": ("kind: basic", "kind: saml", "oauth2"),
    "bad address": ('"https://hmis.example.org"', '"hmis"', "hmis"),
    "the same key twice": ("version: 1", "version: 1\nversion: 1", "version"),
    "unreadable": ("version: 1", "version: [1", "line"),
    "two documents": ("version: 1", "version: 1\n---\nversion: 1", "document"),
    "a tag that would run code": ("version: 1", "x: !!python/object/apply:os.system [true]", "python"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_with_a_mistake_is_refused_in_words_and_nothing_of_it_is_written(case: str) -> None:
    old, new, named = REFUSED[case]

    with pytest.raises(BadInput) as refused:
        apply(OPERATOR, with_change(old, new))

    assert refused.value.exit_status == 2
    assert named in refused.value.message
    assert refused.value.next_step
    assert SECRET not in f"{refused.value.message}{refused.value.next_step}"
    assert set(rows().values()) == {0}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# nothing\n",
        b"[]",
        b"just text",
        b"\xff\xfe\x00v",
        b"\x00",
        b"a: &a [*a]",
        b"a: " + b"[" * 100_000,
        b"a: " + b"{b: " * 5_000,
        b"x: !!timestamp 2021-02-30",
        b"x: " + b"9" * 10_000,
        b"? [1, 2]\n: 3",
        b"version: 1\nhierarchies:\n - code: a\n   organization: MOH\n   label: A\n   tree: {"
        + b"a: {" * 900
        + b"}" * 901,
        b"l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n"
        + b"".join(b"l%d: &l%d [%s]\n" % (n, n, b",".join([b"*l%d" % (n - 1)] * 10)) for n in range(1, 12)),
        b" " * 20_000_001,
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_not_a_configuration_at_all_is_refused_too(content: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        apply(OPERATOR, content)

    assert refused.value.message
    assert len(refused.value.message) < 500
    assert set(rows().values()) == {0}


def test_two_systems_with_the_same_code_are_refused() -> None:
    with pytest.raises(BadInput) as refused:
        apply(
            OPERATOR,
            with_change(
                "syncs:",
                "  - {code: hmis, organization: MOH, label: B, url: 'https://b.org', auth: {kind: token}}\nsyncs:",
            ),
        )
    assert '"hmis"' in refused.value.message
    assert set(rows().values()) == {0}


def test_an_error_names_the_line() -> None:
    with pytest.raises(BadInput) as refused:
        apply(OPERATOR, with_change("min_units: 50", "min_units: fifty"))
    line = next(n for n, text in enumerate(CONTRACT.splitlines(), start=1) if "min_units" in text)
    assert refused.value.message.startswith(f"Line {line}, syncs[0].limits.min_units:")


def test_a_configuration_uses_a_system_of_its_own_organization() -> None:
    content = with_change("{code: hmis, organization: MOH", "{code: hmis, organization: NMCP").replace(
        b"organizations: [", b"organizations: [{code: NMCP, label: Malaria}, "
    )
    with pytest.raises(BadInput) as refused:
        apply(OPERATOR, content)
    assert refused.value.code == "other-organization"
