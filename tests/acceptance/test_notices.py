"""Those who asked for it are told that a run has ended; whether that worked never changes how it ended."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.utils import timezone

from cgr.accounts.actions import add_user
from cgr.accounts.models import User
from cgr.audit.queries import entries
from cgr.configuration.applying import apply as apply_configuration
from cgr.configuration.exporting import export
from cgr.core.errors import BadInput, CgrError
from cgr.imports.actions import Request
from cgr.imports.background import cancel_import, continue_import, queue_import, resume_import
from cgr.imports.notices import tell_of_untold_imports
from cgr.jobs import Stopping
from cgr.runs.models import Run
from cgr.sandbox.faults import Fault
from cgr.sync import actions
from cgr.sync.models import SyncConfig
from cgr.sync.notices import notify_end_of_run

from .dhis2_to_import import LEVELS
from .receivers import Hook, MailSink, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Terminal
    from .country import Country
    from .dhis2_to_import import Importing

pytestmark = pytest.mark.django_db
SECRET = "wh-0f9b1c"
ALWAYS = ["success", "warning", "failure", "cancelled"]


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = started(server)
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def mail(settings: Any) -> Iterator[MailSink]:
    with MailSink() as server:
        thread = started(server)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.DEFAULT_FROM_EMAIL = "Registry <cgr@example.org>"
        yield server
        server.shutdown()
        thread.join()


def ask(country: Country, **notify: Any) -> Any:
    """Apply the country's configuration with these notices."""
    document = country.document()
    document["syncs"][0]["notify"] = notify or None
    return apply_configuration(country.actor, yaml.safe_dump(document).encode())


def person(country: Country | Importing, name: str, email: str, *, language: str) -> None:
    add_user(country.actor, name, password="a long enough word", role="registry-maintainer", organization="MOH")
    User.objects.filter(username=name).update(email=email, language=language)


def webhook(hook: Hook, **changes: Any) -> dict[str, Any]:
    return {"url": hook.url, "secret": {"env": "HOOK_SECRET"}, **changes}


def test_a_webhook_gets_the_summary_signed(country: Country, hook: Hook, settings: Any) -> None:
    settings.PUBLIC_URL = "https://registry.example.org"
    ask(country, webhook=webhook(hook), on=["success"])
    country.edit("F1", label={"default": "Bo Hospital"})
    report = country.sync()
    ((path, headers, body),) = hook.requests
    assert path == "/hooks/cgr?team=1"
    signed = f"{headers['CGR-Timestamp']}.".encode() + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["CGR-Signature"] == f"sha256={expected}"
    assert abs(time.time() - int(headers["CGR-Timestamp"])) < 60
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "event": "run-ended",
        "run": report["id"],
        "config": "all",
        "system": "hmis",
        "organization": "MOH",
        "state": "success",
        "started": report["started"],
        "ended": report["ended"],
        "counts": report["counts"],
        "outcomes": {"done": 1},
        "problems": 0,
        "error": None,
        "planned_again": None,
        "link": f"https://registry.example.org/runs/{report['id']}/",
    }
    (notice,) = report["notices"]
    assert (notice["channel"], notice["state"]) == ("webhook", "sent")
    assert "hooks/cgr" not in json.dumps(report)  # a path may be secret


def test_an_e_mail_says_how_it_went_and_where_to_look(country: Country, mail: MailSink) -> None:
    ask(country, email=["ada@example.org", "ben@example.org"])
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.spoil(OuFacility1={"name": "x" * 300})
    report = country.apply(plan)
    assert report["state"] == "warning"
    ((recipients, message),) = mail.messages
    assert recipients == ["ada@example.org", "ben@example.org"]
    assert message["From"] == "Registry <cgr@example.org>"
    assert message["Subject"] == "[cgr] all: warning – 0 done, 1 not done"
    assert f"cgr sync report {report['id']}" in message.get_content()
    assert [notice["state"] for notice in report["notices"]] == ["sent"]


def test_everybody_reads_it_in_the_language_of_their_account_and_of_what_is_planned_again(
    country: Country, mail: MailSink
) -> None:
    person(country, "awa", "awa@example.org", language="fr")
    person(country, "joe", "joe@example.org", language="en")
    ask(country, email=["ada@example.org", "Awa@example.org", "joe@example.org"])
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.world.load({"metadata": {"organisationUnits": [{**country.unit("F1"), "name": "Edited there"}]}})
    report = country.apply(plan)
    (english, to_english), (french, to_french) = [(message, to) for to, message in mail.messages]
    assert (to_english, to_french) == (["ada@example.org", "joe@example.org"], ["Awa@example.org"])
    again = report["planned_again"]["run"]
    assert f"Objects that had changed meanwhile: 1; planned again by run {again}." in english.get_content()
    assert english["Subject"] == "[cgr] all: warning – 0 done, 1 not done"
    assert french["Subject"].strip() == "[cgr] all: avec avertissements – 0 faits, 1 non faits"
    assert not re.search(r"\b(the|and|was|ended|its|had)\b", french.get_content(), re.IGNORECASE)
    assert f"exécution {again}" in french.get_content()
    assert [notice["state"] for notice in report["notices"]] == ["sent", "sent"]


def test_who_asked_for_it_is_told_how_an_import_ended(importing: Importing, mail: MailSink, cgr: Terminal) -> None:
    person(importing, "awa", "awa@example.org", language="fr")
    request = Request(system="hmis", hierarchy="admin", levels=LEVELS)

    def worked(run: Run) -> Run:
        continue_import(run.pk, Stopping())
        run.refresh_from_db()
        return run

    run = worked(queue_import(importing.actor, request, preview=True, notify=["awa@example.org", "ben@example.org"]))
    assert (run.state, mail.messages) == ("new", [])
    importing.world.faults.add(Fault("refuse-auth", times=0))
    assert worked(resume_import(importing.actor, run)).state == "failure"
    importing.world.faults.clear()
    done = worked(resume_import(importing.actor, run))
    (french, stopped, *_), (told, ended) = mail.messages[:2], mail.messages[2:]
    assert french[0] == ["awa@example.org"]
    assert "It had to stop" in stopped[1].get_content()
    assert told[1]["Subject"].strip().startswith("[cgr] Importation depuis hmis")
    assert ended[1]["Subject"].startswith(f"[cgr] Import from hmis: {done.state} – {done.summary['counts']['new']} new")
    assert f"cgr import report {run.pk}" in ended[1].get_content()
    assert [notice["state"] for notice in done.notices] == ["sent"] * 4

    cancelled = queue_import(importing.actor, request, notify=["ben@example.org"])
    cancel_import(importing.actor, cancelled)
    assert tell_of_untold_imports() == 0  # whoever cancelled it may still be at it
    Run.objects.filter(pk=cancelled.pk).update(ended=timezone.now() - timedelta(minutes=5))
    assert (tell_of_untold_imports(), tell_of_untold_imports()) == (1, 0)
    assert "cancelled" in mail.messages[-1][1]["Subject"]
    nobody = queue_import(importing.actor, request)
    assert worked(nobody).notices == []
    in_words = ("import", "dhis2", "--system", "hmis", "--hierarchy", "admin", "--levels", "1=country", "--json")
    assert cgr(*in_words, "--notify", "ben@example.org")[0] == 2
    assert cgr(*in_words, "--background", "--notify", "ben")[0] == 2
    queued = json.loads(cgr(*in_words, "--background", "--notify", "ben@example.org")[1])
    assert [one["to"] for one in worked(Run.objects.get(pk=queued["run"])).notices] == ["ben@example.org"]


def test_a_run_that_had_to_stop_is_told_with_its_reason(country: Country, hook: Hook) -> None:
    ask(country, webhook=webhook(hook))
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.world.faults.add(Fault("status", path="/api/", status=401, times=0))
    with pytest.raises(CgrError) as stopped:
        country.apply(plan)
    told = json.loads(hook.requests[0][2])
    assert told["state"] == "failure"
    assert told["error"]["code"] == stopped.value.code
    assert told["outcomes"] == {"not tried": 1}


@pytest.mark.parametrize("endings", [["failure"], ["warning", "cancelled"]])
def test_nobody_is_told_of_an_ending_they_did_not_ask_for(country: Country, hook: Hook, endings: list[str]) -> None:
    ask(country, webhook=webhook(hook), on=endings)
    country.edit("F1", label={"default": "Bo Hospital"})
    assert country.sync()["notices"] == []
    assert hook.requests == []


def test_a_receiver_that_is_away_for_a_moment_gets_it_all_the_same(country: Country, hook: Hook) -> None:
    ask(country, webhook=webhook(hook), on=ALWAYS)
    hook.answers += [503, 429]
    country.edit("F1", label={"default": "Bo Hospital"})
    assert [notice["state"] for notice in country.sync()["notices"]] == ["sent"]
    assert len(hook.requests) == 3


@pytest.mark.parametrize(
    ("answers", "tries", "words"), [([302], 1, "elsewhere"), ([410], 1, "410"), ([500] * 9, 4, "500")]
)
def test_a_receiver_that_does_not_take_it_never_fails_the_run(
    country: Country, hook: Hook, answers: list[int], tries: int, words: str
) -> None:
    ask(country, webhook=webhook(hook), on=ALWAYS)
    hook.answers += answers
    country.edit("F1", label={"default": "Bo Hospital"})
    report = country.sync()
    assert report["state"] == "success"
    (notice,) = report["notices"]
    assert notice["state"] == "failed"
    assert words in notice["message"]
    assert notice["next_step"]
    assert len(hook.requests) == tries


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "http://[fe80::1]/"])
def test_metadata_services_are_never_contacted(country: Country, url: str) -> None:
    ask(country, webhook={"url": url, "secret": {"env": "HOOK_SECRET"}}, on=ALWAYS)
    country.edit("F1", label={"default": "Bo Hospital"})
    (notice,) = country.sync()["notices"]
    assert "never contacted" in notice["message"]


def test_private_networks_are_as_closed_as_for_a_dhis2(country: Country, hook: Hook, settings: Any) -> None:
    ask(country, webhook=webhook(hook), on=ALWAYS)
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.run(country.sync())
    run.notices = []
    settings.ALLOW_PRIVATE_NETWORKS = False
    notify_end_of_run(run)
    assert "private network" in run.notices[0]["message"]
    assert len(hook.requests) == 1


def test_the_same_end_is_told_once_and_what_failed_is_tried_again(country: Country, hook: Hook, mail: MailSink) -> None:
    ask(country, email=["ada@example.org"], webhook=webhook(hook), on=ALWAYS)
    hook.answers += [400]
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.run(country.sync())
    notify_end_of_run(run)
    notify_end_of_run(run)
    assert [(one["channel"], one["state"]) for one in run.notices] == [
        ("e-mail", "sent"),
        ("webhook", "failed"),
        ("webhook", "sent"),
    ]
    assert len(mail.messages) == 1


def test_without_a_mail_server_the_check_and_the_run_say_so(country: Country) -> None:
    ask(country, email=["ada@example.org"], on=ALWAYS)
    (finding,) = actions.check(country.actor, "all")
    assert finding.severity == "warning"
    assert "CGR_EMAIL_URL" in finding.next_step
    country.edit("F1", label={"default": "Bo Hospital"})
    report = country.sync()
    assert report["state"] == "success"
    assert "no mail server" in report["notices"][0]["message"]


def test_a_mail_server_that_refuses_everybody_never_fails_the_run(country: Country, mail: MailSink) -> None:
    mail.refuses.add("ada@example.org")
    ask(country, email=["ada@example.org"], on=ALWAYS)
    country.edit("F1", label={"default": "Bo Hospital"})
    report = country.sync()
    assert report["state"] == "success"
    assert "ada@example.org" in report["notices"][0]["message"]


def test_the_secret_is_sealed_never_exported_and_may_be_left_out_while_the_url_stays(
    country: Country, hook: Hook
) -> None:
    ask(country, webhook=webhook(hook), email=["ada@example.org"], on=["success"])
    assert SECRET.encode() not in bytes(SyncConfig.objects.get().sealed_webhook_secret)
    text = export(country.actor)
    assert SECRET not in text
    exported = yaml.safe_load(text)["syncs"][0]["notify"]
    assert exported == {"email": ["ada@example.org"], "webhook": {"url": hook.url}, "on": ["success"]}
    again = apply_configuration(country.actor, text.encode())
    assert (again.created, again.changed) == ((), ())
    country.edit("F1", label={"default": "Bo Hospital"})
    country.sync()
    assert len(hook.requests) == 1
    with pytest.raises(BadInput) as refused:
        ask(country, webhook={"url": "https://elsewhere.example.org/"})
    assert refused.value.code == "secret-needed-again"
    assert not [entry for entry in entries(kind="sync") if SECRET in json.dumps([entry.before, entry.after])]


def test_another_secret_is_told_and_logged_without_being_shown(
    country: Country, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(country, webhook=webhook(hook))
    assert ask(country, webhook=webhook(hook)).changed == ()
    monkeypatch.setenv("HOOK_SECRET", "another")
    (changed,) = ask(country, webhook=webhook(hook)).changed
    assert changed.fields == {"webhook_secret": {"from": "the former", "to": "a new one"}}


def test_left_out_notices_stay_and_null_ends_them(country: Country, hook: Hook) -> None:
    ask(country, webhook=webhook(hook), on=ALWAYS)
    country.configure()
    assert SyncConfig.objects.get().notify["webhook"] == {"url": hook.url}
    (changed,) = ask(country).changed
    assert changed.fields["notify"]["to"] is None
    assert not SyncConfig.objects.get().sealed_webhook_secret


def test_notices_are_no_part_of_the_plan(country: Country, hook: Hook) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    before = country.plan()["digest"]
    ask(country, webhook=webhook(hook))
    assert country.plan()["digest"] == before


@pytest.mark.parametrize(
    ("notify", "words"),
    [
        ({"email": ["ada"]}, '"ada" isn\'t an e-mail address'),
        ({"email": ["a@b.c\nBcc: x@y.z"]}, "isn't an e-mail address"),
        ({"on": ["success"]}, "names nobody"),
        ({"email": ["a@b.c"], "on": []}, "names no ending"),
        ({"email": ["a@b.c"], "on": ["sucess"]}, "use success, warning, failure, cancelled"),
        ({"webhook": {"url": "ftp://x.org/", "secret": {"env": "HOOK_SECRET"}}}, "doesn't begin with https://"),
        ({"webhook": {"url": "https://me:pw@x.org/", "secret": {"env": "HOOK_SECRET"}}}, "user name or password"),
        ({"webhook": {"url": "https://x.org/"}}, "needs a secret"),
        ({"webhook": {"url": "https://x.org/", "secret": "s3cret"}}, "never as itself"),
        ({"webhook": {"url": "https://x.org/", "secret": {"env": "NOT_SET_HERE"}}}, "NOT_SET_HERE"),
        ({"webhook": {"secret": {"env": "HOOK_SECRET"}}}, 'the key "url" is missing'),
        ({"sms": ["1"]}, 'there is no key "sms"'),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_saved(
    country: Country, notify: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput) as refused:
        ask(country, **notify)
    assert words in refused.value.message
    assert "s3cret" not in refused.value.message
    assert "pw" not in refused.value.message
    assert SyncConfig.objects.get().notify == {}
