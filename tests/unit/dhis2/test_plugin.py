"""The DHIS2 app: what is in the zip, whatever the label and the address are."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from html.parser import HTMLParser

import pytest

from cgr.core.errors import BadInput
from cgr.dhis2.plugin import app_zip

URL = "https://registry.example.org"
# Changes whenever the app does; raise `_RELEASE` in plugin.py with it, so that the new app has a higher version.
DIGEST = ("1.0.3", "31dc1271c2d32e313678a3857aa60071b2ba787c8cd04d4e8bb53fc62081a5ab")


def entries(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


class _Page(HTMLParser):
    """What a browser makes of the page: its tags with their attributes, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode("ascii"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_app_leads_to_the_registry_by_a_script_of_its_own_and_by_links_without_it() -> None:
    files = entries(app_zip({"default": "National HMIS"}, registry_url=URL))
    page = _Page(files["index.html"])
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [{"src": "redirect.js"}]
    links = [attributes for tag, attributes in page.tags if tag == "a"]
    assert {(link["href"], link["target"]) for link in links} == {(f"{URL}/", "_top")}
    assert [link["id"] for link in links if "id" in link] == ["registry"]
    assert b'getElementById("registry")' in files["redirect.js"]
    handlers = [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    assert handlers == []


def test_everything_that_the_page_and_the_manifest_name_is_in_the_zip() -> None:
    files = entries(app_zip({"default": "x"}, registry_url=URL))
    manifest = json.loads(files["manifest.webapp"])
    page = _Page(files["index.html"])
    named = {attributes.get("src") for _, attributes in page.tags} - {None}
    named |= {attributes["href"] for tag, attributes in page.tags if tag == "link"}
    assert named | {manifest["launch_path"], *manifest["icons"].values()} <= files.keys()
    for size, icon in manifest["icons"].items():
        assert files[icon][:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(files[icon][16:20]) == int(size)


@pytest.mark.parametrize(
    "label",
    [
        'HMIS "</script><script>alert(1)</script>',
        "'><img src=x onerror=alert(1)>",
        "Ministère de la Santé",
        "وزارة الصحة",
        "卫生部 🏥",
        "$address ${label} $$ {{x}} %s \\u003c",
        "two\nlines\x00and\x1bmore",
    ],
)
def test_a_label_in_any_language_and_with_any_sign_is_text_and_nothing_else(label: str) -> None:
    files = entries(app_zip({"default": label}, registry_url=URL))
    page, plain = _Page(files["index.html"]), _Page(entries(app_zip({"default": "x"}, registry_url=URL))["index.html"])
    shown = " ".join("".join(one if one.isprintable() else " " for one in label).split())
    assert page.tags == plain.tags
    assert shown in page.text
    assert shown in json.loads(files["manifest.webapp"])["description"]
    assert all(files[name].isascii() for name in ("index.html", "manifest.webapp"))


def test_the_french_sentence_has_the_french_label() -> None:
    page = _Page(entries(app_zip({"default": "National HMIS", "fr": "SNIS"}, registry_url=URL))["index.html"])
    assert "unités d’organisation de SNIS" in page.text
    assert "organisation units of National HMIS" in page.text


def test_the_same_system_gives_the_same_bytes_and_a_changed_one_a_higher_version() -> None:
    first, second = (app_zip({"default": "x"}, registry_url=URL, changes=3) for _ in range(2))
    assert first == second
    assert (json.loads(entries(first)["manifest.webapp"])["version"], hashlib.sha256(first).hexdigest()) == DIGEST
    later = app_zip({"default": "y"}, registry_url=URL, changes=4)
    assert json.loads(entries(later)["manifest.webapp"])["version"] == "1.0.4"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://registry.example.org/", "https://registry.example.org/"),
        (" HTTP://Registry.Example.org:8000 ", "http://registry.example.org:8000/"),
        ("https://example.org/geo/registry", "https://example.org/geo/registry/"),
        ("http://[2001:db8::1]:8000", "http://[2001:db8::1]:8000/"),
    ],
)
def test_the_address_may_have_a_port_and_a_path(given: str, address: str) -> None:
    assert _Page(entries(app_zip({"default": "x"}, registry_url=given))["index.html"]).tags.count(
        ("a", {"id": "registry", "href": address, "target": "_top"})
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "registry.example.org",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://registry.example.org",
        "https://",
        "https://user:secret@registry.example.org",
        "https://registry.example.org/?a=b",
        "https://registry.example.org/#x",
        'https://registry.example.org/"onclick="x',
        "https://registry.example.org:0",
        "https://registry.example.org:70000",
        "https://registry.example.org/\nx",
        "https://" + "a" * 500 + ".org",
    ],
)
def test_an_address_that_no_browser_should_be_sent_to_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        app_zip({"default": "x"}, registry_url=url)
    assert refused.value.code == "bad-public-url"
    assert "secret" not in refused.value.message + refused.value.next_step
