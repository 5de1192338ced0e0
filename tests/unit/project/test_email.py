"""The address of the mail server, and the one that people type, as environment variables say them."""

from __future__ import annotations

import pytest

from cgr.core.errors import BadInput
from cgr.project.email import read_email
from cgr.project.environment import read_environment


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "smtp://ada:p%40ss@mail.example.org?from=a@example.org",
            ("mail.example.org", 587, "ada", "p@ss", True, False),
        ),
        ("smtp://mail.example.org:2525?tls=none&from=a@example.org", ("mail.example.org", 2525, "", "", False, False)),
        ("smtp://mail.example.org?tls=tls&from=a@example.org", ("mail.example.org", 465, "", "", False, True)),
    ],
)
def test_it_is_read_into_what_django_wants(url: str, expected: tuple[object, ...]) -> None:
    email = read_email(url)
    assert email
    settings = email.settings()
    names = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL")
    assert tuple(settings[name] for name in names) == expected
    assert settings["DEFAULT_FROM_EMAIL"] == "a@example.org"


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org?from=a@example.org",
        "smtp://?from=a@example.org",
        "smtp://mail.example.org",
        "smtp://mail.example.org?from=nobody",
        "smtp://mail.example.org?from=a@example.org&tls=maybe",
        "smtp://mail.example.org?from=a@example.org&colour=red",
        "smtp://u:s3cret@mail.example.org:port?from=a@example.org",
        "smtp://u:s3cret@[::1?from=a@example.org",
    ],
)
def test_what_can_t_be_read_is_named_without_its_password(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_email(url)
    assert refused.value.code == "email-url"
    assert "s3cret" not in refused.value.message + refused.value.next_step


def test_its_password_is_in_no_representation() -> None:
    assert "s3cret" not in repr(read_email("smtp://u:s3cret@mail.example.org?from=a@example.org"))


@pytest.mark.parametrize(
    "url", ["registry.example.org", "ftp://x", "https://", "https://x.org/path", "https://x.org:no"]
)
def test_a_public_address_is_only_scheme_host_and_port(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_environment({"CGR_PUBLIC_URL": url})
    assert refused.value.code == "public-url"


@pytest.mark.parametrize("url", ["", "https://registry.example.org", "http://10.0.0.1:8000", "https://[::1]:8443"])
def test_a_good_one_is_kept_without_the_slash_at_its_end(url: str) -> None:
    assert read_environment({"CGR_PUBLIC_URL": f"{url}/" if url else ""}).public_url == url
