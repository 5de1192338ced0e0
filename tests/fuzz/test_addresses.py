"""Addresses, however they are written: typed by a person, set for the instance, or sent by a server as a redirect."""

from __future__ import annotations

import httpx2
import pytest

from cgr.core.addresses import public_address
from cgr.dhis2 import Basic, Dhis2
from cgr.dhis2.redirects import Base, follow
from cgr.project.environment import database_from_url, read_environment
from cgr.systems.addresses import base_url

from .mutations import COUNT, mutants_of_bytes, told_in_words

TYPED = (
    b"https://hmis.example.org", b"http://10.0.0.7:8080/dhis", b"https://[2001:db8::1]:8443/a/b",
    b" HTTPS://Example.ORG/ ",
    b"https://hmis.example.org/dhis2/api", b"https://user:secret@hmis.example.org",
    b"postgresql://me:pw@db:5432/cgr?sslmode=require",
)  # fmt: skip


def _ask(text: str) -> None:
    answer = httpx2.MockTransport(lambda _: httpx2.Response(200, json={"version": "2.42"}))
    with Dhis2(text, Basic("cgr", "x"), transport=answer) as client:
        client.system_info()


READERS = {
    "the url of a system": base_url,
    "the public address": public_address,
    "the address a client opens": _ask,
    "the database": database_from_url,
    "a setting of the instance": lambda text: read_environment(
        {"CGR_PUBLIC_URL": text, "DATABASE_URL": text}
    ).database(),
    "a redirect": lambda text: follow(text, base=Base.parse("https://hmis.example.org/dhis"), path="me", doing="try"),
}


@pytest.mark.parametrize("name", READERS)
def test_an_address_is_taken_or_refused_in_words(name):
    read, refused = READERS[name], 0
    for mutant in mutants_of_bytes(TYPED, count=COUNT):
        text = mutant.decode("utf-8", "surrogateescape" if mutant[:1] < b"\x80" else "replace")
        refused += told_in_words(lambda text=text: read(text))
    assert 0 < refused < COUNT


def test_what_is_accepted_as_the_url_of_a_system_can_be_opened():
    for mutant in mutants_of_bytes(TYPED, seed=1):
        text = mutant.decode("utf-8", "replace")
        accepted = []
        if not told_in_words(lambda text=text, accepted=accepted: accepted.append(base_url(text))):
            assert Base.parse(accepted[0]).host
            assert base_url(accepted[0]) == accepted[0]
