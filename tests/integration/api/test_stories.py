"""What programs do over HTTP, and what the registry holds then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from cgr.accounts.actions import revoke_token
from cgr.accounts.actors import actor_of
from cgr.accounts.models import User
from cgr.audit.models import AuditEntry
from cgr.core.errors import NotAllowed
from cgr.imports.background import cancel_import
from cgr.imports.notices import notify_end_of_import
from cgr.jobs import Stopping
from cgr.registry.models import GeoObject
from cgr.runs.models import Run
from cgr.sync.background import continue_sync
from cgr.systems.models import ExternalSystem
from cgr.systems.sealing import unseal

from .stage import Program, make_program, problem_of, text_of, token_of

if TYPE_CHECKING:
    from django.conf import LazySettings

pytestmark = pytest.mark.django_db


def lines(*places: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps({"type": "own-country", "label": "Place", **place}) for place in places).encode()


def test_geo_objects_are_written_all_or_none_and_read_page_by_page(django_assert_max_num_queries: Any) -> None:
    program, _ = make_program()
    written = program.ask("POST", "/objects", lines(*({"code": f"P{number}"} for number in range(7))))
    assert written.json() == {"created": 7, "changed": 0, "unchanged": 0, "errors": []}
    refused = problem_of(program.ask("POST", "/objects", lines({"code": "P9"}, {"code": "P1", "beds": 3})))
    assert (refused["status"], refused["code"]) == (422, "bad-lines")
    assert [error["line"] for error in refused["errors"]] == [2]
    assert not GeoObject.objects.filter(code="P9").exists()
    seen: list[str] = []
    after = ""
    while True:
        with django_assert_max_num_queries(25):
            page = program.get(f"/objects?limit=3{after}")
        seen += [one["code"] for one in page["objects"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [*(f"P{number}" for number in range(7)), "own-1"]
    assert len(text_of(program.ask("GET", "/objects.ndjson")).splitlines()) == 8
    features = json.loads(text_of(program.ask("GET", "/objects.geojson?type=own-country")))["features"]
    assert {one["id"] for one in features} == {f"own-country:{code}" for code in seen}


def test_what_changed_since_and_one_code_are_found() -> None:
    program, _ = make_program()
    program.ask("POST", "/objects", lines({"code": "P1"}))
    assert [one["code"] for one in program.get("/objects?code=P1")["objects"]] == ["P1"]
    assert program.get("/objects?changed_since=2999-01-01T00:00:00Z")["objects"] == []
    assert len(program.get("/objects?changed_since=2000-01-01")["objects"]) == 2


def test_an_edit_from_a_stale_state_overwrites_nothing() -> None:
    program, _ = make_program()
    first = program.ask("GET", "/objects/own-country/own-1")["ETag"]
    change = {"label": {"default": "New"}}
    assert problem_of(program.ask("PATCH", "/objects/own-country/own-1", change))["status"] == 428
    assert program.ask("PATCH", "/objects/own-country/own-1", change, If_Match=first).status_code == 200
    late = problem_of(program.ask("PATCH", "/objects/own-country/own-1", {"label": "Late"}, If_Match=first))
    assert (late["status"], late["code"]) == (412, "precondition-failed")
    for nothing in ("", "1", first.strip('"')):
        unread = problem_of(program.ask("PATCH", "/objects/own-country/own-1", {"label": "Late"}, If_Match=nothing))
        assert (unread["status"], unread["code"]) == (400, "bad-request")
    assert program.get("/objects/own-country/own-1")["label"] == {"default": "New"}


def test_a_type_is_read_edited_and_sent_back() -> None:
    program, _ = make_program()
    shown = program.ask("GET", "/types/own-country")
    changed = {**shown.json(), "attributes": [{"code": "beds", "label": "Beds", "kind": "integer"}]}
    saved = program.ask("PUT", "/types/own-country", changed, If_Match=shown["ETag"])
    assert saved.json()["fields"].keys() == {"attributes.beds"}
    assert program.ask("GET", "/types/own-country")["ETag"] == saved["ETag"] != shown["ETag"]
    new = {**changed, "code": "own-region"}
    assert program.ask("PUT", "/types/own-region", new).status_code == 201
    there = problem_of(program.ask("PUT", "/types/own-region", new, If_None_Match="*"))
    assert there["status"] == 412
    wrong = problem_of(program.ask("PUT", "/types/own-region", {**new, "geometri": "point"}, If_Match="*"))
    assert (wrong["status"], wrong["code"]) == (422, "bad-body")


def test_secrets_are_taken_and_never_shown() -> None:
    program, place = make_program()
    given = {
        "code": "second",
        "organization": "OWN",
        "label": "Second",
        "url": place.system.url,
        "auth": {"kind": "basic", "username": "u", "password": "not to be shown"},
    }
    assert program.ask("PUT", "/systems/second", given).status_code == 201
    row = ExternalSystem.objects.get(code="second")
    assert unseal(bytes(row.sealed_secret)) == "not to be shown"
    shown = program.ask("GET", "/systems/second")
    assert shown.json()["auth"] == {"kind": "basic", "username": "u"}
    kept = program.ask("PUT", "/systems/second", {**shown.json(), "label": "Other"}, If_Match=shown["ETag"])
    assert kept.json()["fields"].keys() == {"label"}
    everything = "".join(
        text_of(program.ask("GET", path)) for path in ("/systems", "/config", "/audit.ndjson", "/systems/second")
    )
    assert "not to be shown" not in everything
    unfit = program.ask("PUT", "/systems/third", {**given, "code": "third", "auth": {"kind": "token", "password": "x"}})
    assert (unfit.status_code, problem_of(unfit)["code"]) == (422, "bad-configuration")
    assert not ExternalSystem.objects.filter(code="third").exists()


def test_nobody_elsewhere_has_a_variable_of_this_machine_sent_to_a_server_of_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PRIVATE", "of the machine")
    program, place = make_program()
    auth = {"kind": "basic", "username": "own-user", "password": {"env": "PRIVATE"}}
    system = {"code": "own-system", "organization": "OWN", "label": "Own", "url": place.system.url, "auth": auth}
    refused = problem_of(program.ask("POST", "/config", {"version": 1, "systems": [system]}))
    assert (refused["status"], refused["code"]) == (422, "secret-reference")
    assert unseal(bytes(ExternalSystem.objects.get(code="own-system").sealed_secret)) == "own-password"


def test_the_same_key_starts_the_same_run_for_the_same_actor() -> None:
    program, _ = make_program()
    first = program.ask("POST", "/syncs/own-sync/plans", {}, Idempotency_Key="once")
    again = program.ask("POST", "/syncs/own-sync/plans", {}, Idempotency_Key="once")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first["Location"] == again["Location"] == f"/api/v1/runs/{first.json()['id']}"
    other = problem_of(program.ask("POST", "/syncs/own-sync/plans", {"why": "other"}, Idempotency_Key="once"))
    assert other["code"] == "key-used"
    assert problem_of(program.ask("POST", "/syncs/own-sync/plans", {}, Idempotency_Key=""))["status"] == 400
    user = User.objects.get(username="own-program")
    somebody_else = Program(token_of(user, name="another"))
    assert (
        somebody_else.ask("POST", "/syncs/own-sync/plans", {}, Idempotency_Key="once").json()["id"]
        != (first.json()["id"])
    )
    assert program.ask("POST", "/syncs/own-sync/plans", {}).status_code == 202
    look = program.ask("POST", "/syncs/own-sync/drift")
    assert (look.status_code, look.headers["Location"]) == (202, f"/api/v1/runs/{look.json()['id']}")
    assert program.ask("GET", look.headers["Location"].removeprefix("/api/v1")).json()["kind"] == "drift"
    assert program.ask("GET", "/syncs/own-sync/drift").json()["looked"] is None
    assert Run.objects.filter(state="queued", kind="sync").count() == 3


def test_who_starts_an_import_is_told_of_its_end_at_the_address_of_their_account() -> None:
    program, _ = make_program()
    asked = {"system": "own-system", "hierarchy": "own-tree", "levels": {"1": "own-country"}}
    assert problem_of(program.ask("POST", "/imports?notify=true", asked))["code"] == "no-address"
    User.objects.filter(username="own-program").update(email="ada@example.org")
    run = Run.objects.get(pk=program.ask("POST", "/imports?notify=true", asked).json()["id"])
    cancel_import(actor_of(User.objects.get(username="own-program")), run)
    notify_end_of_import(run)
    (told,) = program.get(f"/runs/{run.pk}")["notices"]
    assert (told["channel"], told["to"]) == ("e-mail", "ada@example.org")


def test_a_run_of_a_revoked_token_does_nothing() -> None:
    program, _ = make_program()
    run = program.ask("POST", "/syncs/own-sync/plans", {}).json()["id"]
    revoke_token(actor_of(User.objects.get(username="own-program")), "program")
    try:
        continue_sync(int(run), Stopping())
    except NotAllowed as error:
        pytest.fail(f"the worker doesn't write down that {error}")
    stopped = Run.objects.get(pk=run)
    assert stopped.state == "failure"
    assert stopped.error["code"] == "unknown-or-not-allowed"


def test_runs_and_the_log_come_in_pages() -> None:
    program, place = make_program()
    for _ in range(3):
        program.ask("POST", "/syncs/own-sync/plans", {})
    first = program.get("/runs?limit=3")
    second = program.get(f"/runs?limit=3&before={first['next']}")
    assert [row["id"] for row in second["runs"]] == [str(place.import_run.pk), str(place.run.pk)]
    assert second["next"] is None
    log = program.get("/audit?limit=1&kind=sync%20run")
    assert log["entries"][0]["actor"] == "own-program (token program)"
    assert log["next"] == log["entries"][0]["id"]
    assert program.get(f"/runs/{place.run.pk}/items?category=note") == {"items": [], "next": None}


def test_what_cannot_be_answered_is_a_problem_in_one_form() -> None:
    program, place = make_program()
    asked = {
        404: program.ask("GET", "/nowhere"),
        405: program.ask("DELETE", "/types"),
        409: program.ask("POST", f"/runs/{place.run.pk}/undo"),
        415: program.ask("POST", "/objects", {"type": "own-country"}),
        422: program.ask("GET", "/objects?tpye=own-country"),
        401: Client().get("/api/v1/types"),
    }
    assert {status: problem_of(answer)["status"] for status, answer in asked.items()} == dict(
        zip(asked, asked, strict=True)
    )
    assert asked[405]["Allow"] == "GET"
    assert asked[401]["WWW-Authenticate"] == 'Bearer realm="cgr"'
    assert problem_of(Client().get("/api/v2/types"))["code"] == "unknown-address"
    assert problem_of(Client().get("/api"))["code"] == "unknown-address"
    assert problem_of(Client().get("/api/v1/types", headers={"Host": "elsewhere.example.org"}))["status"] == 400


def test_a_failure_of_ours_tells_its_id_and_nothing_else(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    program, _ = make_program()

    def failing(*_: object) -> None:
        raise RuntimeError("what is inside")

    monkeypatch.setattr("cgr.api.audit.require_anywhere", failing)
    answer = program.ask("GET", "/audit")
    problem = problem_of(answer)
    assert (problem["status"], problem["code"]) == (500, "unexpected")
    assert problem["request_id"] == answer["X-Request-ID"]
    assert "inside" not in text_of(answer)
    assert "what is inside" in caplog.text


def test_who_guesses_tokens_is_told_to_wait(settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "api_token": "2/m/ip"}
    guesses = [Program("cgr_guessed").ask("GET", "/types").status_code for _ in range(3)]
    assert guesses == [401, 401, 429]
    program, _ = make_program()
    assert program.ask("GET", "/types").status_code == 200


def test_what_a_program_does_stands_in_the_log_under_the_id_of_its_request() -> None:
    program, _ = make_program()
    answer = program.ask("POST", "/objects", lines({"code": "P1"}))
    assert AuditEntry.objects.filter(origin=f"request:{answer['X-Request-ID']}", subject="API").exists()
