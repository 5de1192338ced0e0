"""The DHIS2 app, whatever its system is called and wherever the registry is said to be."""

from __future__ import annotations

import html
import io
import json
import zipfile
from functools import partial

from cgr.dhis2.plugin import app_zip

from .mutations import COUNT, mutants_of_bytes, told_in_words

LABELS = (b"National HMIS", "Ministère de la Santé".encode(), b'"</script><b>&amp;${label}\\u003c', b"a\nb\tc")
ADDRESSES = (b"https://registry.example.org", b"http://localhost:8000/geo/", b"https://[2001:db8::1]:8443")


def _keep(make, found):
    found.append(make())


def test_every_label_and_address_gives_an_app_that_can_be_read_or_an_error_in_words():
    made = refused = 0
    pairs = zip(mutants_of_bytes(LABELS, seed=1), mutants_of_bytes(ADDRESSES, seed=2), strict=True)
    for number, (label_bytes, address_bytes) in enumerate(pairs):
        label = label_bytes.decode("utf-8", "surrogateescape")
        address = address_bytes.decode("utf-8", "replace") if number % 2 else "https://registry.example.org"
        given = [{"default": label}, {"default": "x", "fr": label}, {"en": label}, {}][number % 4]
        found: list[bytes] = []
        make = partial(app_zip, given, registry_url=address, changes=number)
        if told_in_words(partial(_keep, make, found)):
            refused += 1
            continue
        made += 1
        with zipfile.ZipFile(io.BytesIO(found[0])) as archive:
            manifest, page = json.loads(archive.read("manifest.webapp")), archive.read("index.html").decode("ascii")
        assert (manifest["name"], manifest["short_name"], manifest["version"]) == ("CGR", "CGR", f"1.0.{number}")
        assert (page.count("<script"), page.count("<bdi>"), page.count(' href="http')) == (1, 2, 2)
        assert html.unescape(page).count('target="_top"') >= 2
    assert made + refused == COUNT
    assert refused > COUNT / 10
