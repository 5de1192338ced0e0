"""The environment variables of contract.md: defaults, and words for what can't be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cgr.core.errors import BadInput
from cgr.project.environment import database_from_url, mail_server_from_url, read_environment

URL = "postgresql://me:secret@db.example.org/registry"


def test_root_keeps_its_data_where_services_do(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert read_environment({"CGR_SECRET_KEYS": "key"}).data_dir == Path("/var/lib/cgr")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, Path.home() / ".local/share/cgr"),
        ({"XDG_DATA_HOME": "/srv/data"}, Path("/srv/data/cgr")),
        ({"XDG_DATA_HOME": "/srv/data", "CGR_DATA_DIR": "/srv/cgr"}, Path("/srv/cgr")),
        ({"CGR_DATA_DIR": "~/cgr"}, Path.home() / "cgr"),
        ({"CGR_DATA_DIR": "data"}, Path.cwd() / "data"),
    ],
)
def test_others_keep_it_in_their_data_folder_or_where_they_say(monkeypatch, variables, expected):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert read_environment({"CGR_SECRET_KEYS": "key", **variables}).data_dir == expected


def test_the_embedded_database_is_the_default_and_lets_private_networks_in():
    environment = read_environment({"CGR_DATA_DIR": "/srv/cgr"})

    assert environment.embedded
    assert environment.allow_private_networks
    assert environment.database()["HOST"] == "/srv/cgr/postgres/socket"


def test_a_given_database_is_used_and_keeps_private_networks_out():
    environment = read_environment({"DATABASE_URL": URL})

    assert not environment.embedded
    assert not environment.allow_private_networks
    assert environment.database()["HOST"] == "db.example.org"


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("0", False), (" Yes ", True), ("off", False)])
def test_private_networks_can_be_allowed_or_not_by_name(text, expected):
    for others in ({}, {"DATABASE_URL": URL}):
        environment = read_environment({"CGR_ALLOW_PRIVATE_NETWORKS": text, **others})
        assert environment.allow_private_networks is expected


def test_keys_are_separated_by_commas_or_spaces():
    assert read_environment({"CGR_SECRET_KEYS": "first, second\nthird"}).secret_keys == ("first", "second", "third")


def test_given_keys_come_before_the_file_of_keys(tmp_path):
    (tmp_path / "secret-keys").write_text("generated\n")
    variables = {"CGR_DATA_DIR": str(tmp_path)}

    assert read_environment(variables).secret_keys == ("generated",)
    assert read_environment({**variables, "CGR_SECRET_KEYS": "given"}).secret_keys == ("given",)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_data_folder_of_somebody_else_is_told_in_words(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with pytest.raises(BadInput, match="can't be read by this user"):
        read_environment({"CGR_DATA_DIR": str(closed / "cgr")})


def test_no_secret_shows_when_the_environment_is_printed():
    shown = repr(read_environment({"CGR_SECRET_KEYS": "hush", "DATABASE_URL": URL}))

    assert "hush" not in shown
    assert "secret@" not in shown


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"CGR_PORT": "web"}, "CGR_PORT is 'web'"),
        ({"CGR_PORT": "70000"}, "CGR_PORT is '70000'"),
        ({"CGR_ALLOW_PRIVATE_NETWORKS": "maybe"}, "CGR_ALLOW_PRIVATE_NETWORKS is 'maybe'"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(variables, words):
    with pytest.raises(BadInput, match=words):
        read_environment(variables)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://me:p%40ss%2Fword@db.example.org:6432/registry?sslmode=require",
            {
                "NAME": "registry",
                "USER": "me",
                "PASSWORD": "p@ss/word",
                "HOST": "db.example.org",
                "PORT": "6432",
                "OPTIONS": {"sslmode": "require"},
            },
        ),
        (
            "postgres:///registry?host=/run/postgresql",
            {"NAME": "registry", "USER": "", "PASSWORD": "", "HOST": "/run/postgresql", "PORT": ""},
        ),
        (
            "postgresql://me@[::1]/registry",
            {"NAME": "registry", "USER": "me", "PASSWORD": "", "HOST": "::1", "PORT": ""},
        ),
    ],
)
def test_a_database_url_says_all_that_is_needed_to_connect(url, expected):
    assert database_from_url(url) == {"ENGINE": "django.db.backends.postgresql", **expected}


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@db/registry",
        "registry",
        "postgresql://me:secret@db.example.org",
        "postgresql://me:secret@db:port/x",
        "postgresql://me:sec/ret@db/registry",
    ],
)
def test_an_unreadable_database_url_is_refused_without_repeating_its_password(url):
    with pytest.raises(BadInput) as refused:
        database_from_url(url)

    assert "secret" not in f"{refused.value.message} {refused.value.next_step}"


@pytest.mark.parametrize(
    ("text", "expected"), [("", ""), (" https://Registry.example.org/ ", "https://registry.example.org")]
)
def test_the_public_address_is_the_one_people_open(text, expected):
    assert read_environment({"CGR_PUBLIC_URL": text}).public_url == expected


def test_a_public_address_that_holds_a_password_is_refused_without_repeating_it():
    with pytest.raises(BadInput) as refused:
        read_environment({"CGR_PUBLIC_URL": "https://me:secret@registry.example.org"})

    assert "CGR_PUBLIC_URL" in refused.value.message
    assert "secret" not in refused.value.message + refused.value.next_step


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", ""),
        ("https://registry.example.org/", "https://registry.example.org"),
        ("http://localhost:8000/cgr", "http://localhost:8000/cgr"),
    ],
)
def test_the_address_for_browsers_is_kept_without_a_slash_at_the_end(given, url):
    assert read_environment({"CGR_PUBLIC_URL": given}).public_url == url


@pytest.mark.parametrize(
    "given",
    [
        "registry.example.org",
        "ftp://r.example.org",
        "https://a:b@r.example.org",
        "https://r/?a",
        "https://r/#",
        "https://r:x",
    ],
)
def test_an_address_that_no_browser_could_open_is_refused(given):
    with pytest.raises(BadInput) as refused:
        read_environment({"CGR_PUBLIC_URL": given})
    assert "CGR_PUBLIC_URL" in refused.value.message


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8000/"), ("::1", "http://[::1]:8000/"), ("10.0.0.5", "http://10.0.0.5:8000/")],  # noqa: S104 - not bound to
)
def test_this_machine_reaches_the_pages_where_they_are_served(host, url):
    assert read_environment({"CGR_HOST": host}).local_url == url


@pytest.mark.parametrize(
    ("url", "port", "tls", "starttls"),
    [
        ("smtp://mail.example.org", 587, False, True),
        ("smtp://me%40example.org:p%2Fw@mail.example.org:2525", 2525, False, True),
        ("smtps://me:pw@mail.example.org/", 465, True, False),
        ("smtp://mail.example.org?starttls=false", 25, False, False),
    ],
)
def test_a_mail_server_is_read_from_its_address(url, port, tls, starttls):
    server = mail_server_from_url(url)

    assert server is not None
    assert (server.host, server.port) == ("mail.example.org", port)
    assert (server.tls, server.starttls) == (tls, starttls)
    assert "p/w" not in repr(server)


@pytest.mark.parametrize(
    "variables",
    [
        {"CGR_EMAIL_URL": "mail.example.org", "CGR_EMAIL_FROM": "a@example.org"},
        {"CGR_EMAIL_URL": "smtp://me:secret@host?starttls=false", "CGR_EMAIL_FROM": "a@example.org"},
        {"CGR_EMAIL_URL": "smtp://host:secret", "CGR_EMAIL_FROM": "a@example.org"},
        {"CGR_EMAIL_URL": "smtp://host?tls=1", "CGR_EMAIL_FROM": "a@example.org"},
        {"CGR_EMAIL_URL": "smtp://host"},
        {"CGR_EMAIL_FROM": "nobody"},
        {"CGR_PUBLIC_URL": "registry.example.org"},
        {"CGR_PUBLIC_URL": "https://me:secret@registry.example.org"},
        {"CGR_KEEP_EVIDENCE_DAYS": "-1"},
        {"CGR_KEEP_EVIDENCE_DAYS": "a month"},
    ],
)
def test_what_notices_and_retention_cannot_use_is_named_without_secrets(variables):
    with pytest.raises(BadInput) as refused:
        read_environment(variables)

    assert any(name in refused.value.message for name in variables) or "CGR_EMAIL_FROM" in refused.value.message
    assert "secret" not in refused.value.message
    assert refused.value.next_step


def test_a_basemap_is_an_https_address_of_tiles_and_whose_they_are() -> None:
    text = "https://tiles.example.org:8443/osm/{z}/{x}/{y}.png © Example Mapping Agency"
    basemap = read_environment({"CGR_DATA_DIR": "/tmp/x", "CGR_BASEMAP": text}).basemap  # noqa: S108 - never made
    assert basemap is not None
    assert basemap.origin == "https://tiles.example.org:8443"
    assert basemap.attribution == "© Example Mapping Agency"
    assert read_environment({"CGR_DATA_DIR": "/tmp/x"}).basemap is None  # noqa: S108 - never made


@pytest.mark.parametrize(
    "text",
    [
        "https://tiles.example.org/{z}/{x}/{y}.png",
        "http://tiles.example.org/{z}/{x}/{y}.png © Agency",
        "https://tiles.example.org/{z}/{x}.png © Agency",
        "https://a.example.org;script-src/{z}/{x}/{y}.png © Agency",
        "https://user:secret@tiles.example.org/{z}/{x}/{y}.png © Agency",
        "https://[/{z}/{x}/{y}.png © Agency",
    ],
)
def test_anything_else_is_no_basemap(text: str) -> None:
    with pytest.raises(BadInput, match="CGR_BASEMAP"):
        read_environment({"CGR_DATA_DIR": "/tmp/x", "CGR_BASEMAP": text})  # noqa: S108 - never made
