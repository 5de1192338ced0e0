"""The pages: behind a sign-in, showing only what the person may see, in two languages, with nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from cgr import web
from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.accounts.models import Organization
from cgr.runs.models import Run
from cgr.systems.actions import save_system
from cgr.systems.models import ExternalSystem
from cgr.systems.signing_in import SignIn
from cgr.web import words

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "correct horse battery"
WEB = Path(web.__path__[0])


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):  # a request leaves its language to the thread
        yield


@pytest.fixture
def cast(db: None) -> None:  # noqa: ARG001 - asks for the database
    """Two organizations with a system and a run each, and an administrator of one of them."""
    for code, name in (("MOH", "Health"), ("NMCP", "Malaria")):
        save_organization(OPERATOR, code, label={"default": name, "fr": f"{name} (fr)"})
        save_system(
            OPERATOR,
            f"{code.lower()}-hmis",
            organization=code,
            label={"default": f"HMIS of {name} <b>"},
            url="https://hmis.example.org",
            sign_in=SignIn("basic", "cgr", "s3cret"),
        )
        Run.objects.create(
            kind=Run.Kind.SYNC,
            organization=Organization.objects.get(code=code),
            system=ExternalSystem.objects.get(organization__code=code),
            config=f"{code.lower()}-all",
            as_of=date(2026, 11, 23),
            state=Run.State.WARNING,
            summary={"counts": {"create": 3, "update": 0, "problem": 2}},
            actor="ada",
            started=datetime(2026, 11, 23, 10, 51, tzinfo=UTC),
        )
    add_user(OPERATOR, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
    add_user(OPERATOR, "mo", password=PASSWORD, role="registry-maintainer", organization="MOH")
    add_user(OPERATOR, "root", password=PASSWORD, role="system-administrator")


def signed_in(name: str) -> Client:
    client = Client()
    answer = client.post("/sign-in/", {"username": name, "password": PASSWORD, "next": ""})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    return client


def test_a_form_that_is_not_ours_and_a_host_name_that_is_not_ours_are_refused() -> None:
    fields = {"username": "ada", "password": PASSWORD}
    assert Client(enforce_csrf_checks=True).post("/sign-in/", fields).status_code == 403
    assert Client(headers={"host": "evil.example.org"}).get("/sign-in/").status_code == 400


def test_the_public_address_is_answered_and_its_forms_are_ours() -> None:
    # In a process of its own: settings are read once.
    code = "from cgr.project import settings as s; print(s.ALLOWED_HOSTS[-1], *s.CSRF_TRUSTED_ORIGINS)"
    variables = {**os.environ, "CGR_PUBLIC_URL": "https://registry.example.org:8443/geo"}
    told = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["registry.example.org", "https://registry.example.org:8443"]


@pytest.mark.usefixtures("cast")
def test_nobody_sees_anything_without_signing_in() -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/")


@pytest.mark.usefixtures("cast")
def test_a_wrong_password_is_told_and_lets_nobody_in() -> None:
    client = Client()
    answer = client.post("/sign-in/", {"username": "ada", "password": "wrong"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert client.get("/").status_code == 302


@pytest.mark.usefixtures("cast")
def test_an_administrator_sees_the_systems_and_runs_of_the_own_organization_only() -> None:
    page = signed_in("ada").get("/").content.decode()

    assert "moh-hmis" in page
    assert "HMIS of Health &lt;b&gt;" in page
    assert "moh-all" in page
    assert '<span class="count">+ new 3</span> · <span class="count">! problems 2</span>' in page
    assert '<time datetime="2026-11-23T10:51:00+00:00">2026-11-23 10:51 UTC</time>' in page
    assert "nmcp-" not in page
    assert "NMCP" not in page
    assert "s3cret" not in page


@pytest.mark.usefixtures("cast")
def test_a_maintainer_sees_systems_and_no_runs() -> None:
    page = signed_in("mo").get("/").content.decode()
    assert "moh-hmis" in page
    assert "moh-all" not in page


@pytest.mark.usefixtures("cast")
def test_a_system_administrator_sees_all_of_them() -> None:
    page = signed_in("root").get("/").content.decode()
    assert {"moh-all", "nmcp-all", "moh-hmis", "nmcp-hmis"} <= set(re.findall(r"[a-z]+-(?:all|hmis)", page))


@pytest.mark.usefixtures("cast")
def test_signing_out_takes_a_post_and_ends_the_session() -> None:
    client = signed_in("ada")
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/").status_code == 302


@pytest.mark.usefixtures("cast")
def test_the_page_speaks_french_to_who_chose_it() -> None:
    client = signed_in("ada")
    client.post("/language/setlang/", {"language": "fr", "next": "/"})

    page = client.get("/").content.decode()

    assert '<html lang="fr">' in page
    assert "Systèmes externes" in page
    assert "avec avertissements" in page
    assert "Health (fr)" in page


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/nowhere"])
def test_every_answer_forbids_frames_and_anything_from_elsewhere(path: str) -> None:
    answer = Client().get(path)
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "template", sorted((WEB / "templates").rglob("*.html")), ids=lambda path: str(path.relative_to(WEB))
)
def test_no_template_has_inline_script_or_style_or_an_address_of_elsewhere(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", text)


def test_every_text_of_the_templates_and_words_has_a_french_translation() -> None:
    catalogue = (WEB / "locale" / "fr" / "LC_MESSAGES" / "django.po").read_text()
    templates = [*(WEB / "templates").rglob("*.html"), *(WEB / "templates").rglob("*.txt")]
    texts = {text for path in templates for text in re.findall(r'{% translate "([^"]+)"', path.read_text())}
    modules = [*WEB.rglob("*.py"), WEB.parent / "accounts" / "signing_in.py"]
    written = r'(?<!p)gettext(?:_lazy)?\(\s*((?:"[^"]+"\s*)+)'  # a long text stands in several pieces
    texts |= {
        "".join(re.findall('"([^"]+)"', pieces)) for path in modules for pieces in re.findall(written, path.read_text())
    }
    for path in templates:
        for text in re.findall(r"{% blocktranslate[^%]*%}(.*?){% (?:plural|endblock)", path.read_text(), re.DOTALL):
            texts.add(re.sub(r"{{ (\w+) }}", r"%(\1)s", text))
    assert texts
    for text in texts:
        assert f'msgid "{text}"' in catalogue, text


def test_the_compiled_french_texts_are_those_of_the_source() -> None:
    catalogue = (WEB / "locale" / "fr" / "LC_MESSAGES" / "django.po").read_text()
    pairs = re.findall(r'(?:msgctxt "(.*)"\n)?msgid "(.+)"\nmsgstr "(.+)"', catalogue)
    assert len(pairs) > 20
    with translation.override("fr"):
        for context, text, french in pairs:
            source = text.replace(r"\"", '"')
            found = translation.pgettext(context, source) if context else translation.gettext(source)
            assert found == french


def test_every_state_and_kind_of_a_run_has_a_word() -> None:
    assert set(words.RUN_STATES) == set(Run.State.values)
    assert set(words.RUN_KINDS) == set(Run.Kind.values)
    assert [code for code, _ in settings.LANGUAGES] == ["en", "fr"]
