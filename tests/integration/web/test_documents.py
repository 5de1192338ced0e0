"""The documents as the app serves them: built whole, reachable by everybody, and nothing beside them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.test import Client

from cgr.web import documents

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[3]
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=")
FOREIGN = re.compile(r"<(?:script|link|img)[^>]*(?:src|href)=\"(?:https?:)?//")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "built_docs"
    (folder / "how-to").mkdir(parents=True)
    (folder / "index.html").write_text("<p>Where to begin</p>")
    (folder / "how-to" / "undo.html").write_text("<p>How to undo</p>")
    (folder / "searchindex.js").write_text("Search.setIndex({})")
    (tmp_path / "secret.html").write_text("secret")
    monkeypatch.setattr(documents, "BUILT", folder)


@pytest.mark.usefixtures("built")
def test_anybody_reads_the_documents_with_the_kinds_of_files_that_browsers_expect() -> None:
    client = Client()
    assert b"Where to begin" in client.get("/docs/").content
    assert b"How to undo" in client.get("/docs/how-to/undo.html").content
    script = client.get("/docs/searchindex.js")
    assert b"".join(script.streaming_content) == b"Search.setIndex({})"  # type: ignore[attr-defined]
    assert script["Content-Type"].startswith("text/javascript")
    assert script["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["../secret.html", "..%2fsecret.html", "%2e%2e/secret.html", "/etc/passwd", "how-to/", "nul%00", "absent"]
)
@pytest.mark.usefixtures("built")
def test_nothing_beside_the_documents_is_ever_given(name: str) -> None:
    assert Client().get(f"/docs/{name}").status_code == 404


def test_a_checkout_without_built_documents_says_how_to_build_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(documents, "BUILT", tmp_path / "absent")
    answer = Client().get("/docs/reference/cli.html", follow=True)
    assert answer.redirect_chain == [("/docs/", 302)]
    assert "make docs" in answer.content.decode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents as `make docs` builds them, which fails on any warning."""
    folder = tmp_path_factory.mktemp("docs") / "built_docs"
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "site" / "build.py", folder], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    return {path.relative_to(site).as_posix(): path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}


def test_the_built_pages_obey_the_policy_and_load_nothing_from_elsewhere(pages: dict[str, str]) -> None:
    assert len(pages) > 30
    assert not [name for name, text in pages.items() if INLINE.search(text) or FOREIGN.search(text)]


def test_every_link_of_a_built_page_leads_to_something_that_is_there(pages: dict[str, str], site: Path) -> None:
    broken = set()
    for name, text in pages.items():
        for link in re.findall(r"(?:href|src)=\"([^\"]+)\"", text):
            parts = urlsplit(link)
            target = os.path.normpath(f"{name}/../{unquote(parts.path)}") if parts.path else name
            if parts.scheme or link == "/":
                continue
            anchored = not parts.fragment or f'id="{parts.fragment}"' in pages.get(target, "")
            if not (site / target).is_file() or not anchored:
                broken.add((name, link))
    assert not broken


def test_every_page_can_be_reached_from_every_other_by_the_column_of_titles(pages: dict[str, str]) -> None:
    written = {name for name in pages if name != "search.html" and not re.match("decisions/(?!index)", name)}
    linked = {
        os.path.normpath(f"how-to/{link}") for link in re.findall(r'href="([^"#]+\.html)', pages["how-to/undo.html"])
    }
    assert not written - linked - {"how-to/undo.html"}
