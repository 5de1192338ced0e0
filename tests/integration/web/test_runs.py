"""The pages of runs: the same page for every state, filtered by its address, as cheap for many lines as for few."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor, actor_named
from cgr.accounts.models import User
from cgr.core.changes import Change, FieldChange, Guard, Kind, Note, ObjectRef, Plan, Problem, ProblemCode
from cgr.core.definitions import HierarchyDefinition, TypeDefinition
from cgr.core.mapping import LevelMapping, SyncMapping, SyncType
from cgr.core.plan_words import Names
from cgr.core.planner.assembling import counted
from cgr.jobs import Stopping
from cgr.registry.actions import apply_objects, save_hierarchy, save_type
from cgr.registry.models import GeoObject
from cgr.runs.actions import keep_planned_again, store_plan
from cgr.runs.items import Settled, settle
from cgr.runs.models import Run, RunProgress
from cgr.sync.background import continue_look
from cgr.sync.configs import save_config
from cgr.sync.models import Agreement, SyncConfig
from cgr.systems.actions import save_system
from cgr.systems.models import ExternalSystem
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
MAPPING = SyncMapping(levels=(LevelMapping("country", SyncType.BOTH), LevelMapping("facility", SyncType.BOTH)))


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):  # a request leaves its language to the thread
        yield


@pytest.fixture
def client(db: None) -> Client:  # noqa: ARG001 - asks for the database
    """An administrator's browser, in an organization with a configuration and two facilities."""
    save_organization(OPERATOR, "MOH", label={"default": "Health"})
    save_type(OPERATOR, TypeDefinition("country", "MOH", {"default": "Country"}))
    save_type(OPERATOR, TypeDefinition("facility", "MOH", {"default": "Facility"}, geometry="mixed"))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Administrative", {"country": {"facility": {}}}))
    sign_in = SignIn("basic", "u", "p")
    label = {"default": "National HMIS"}
    save_system(OPERATOR, "hmis", organization="MOH", label=label, url="http://127.0.0.1:9", sign_in=sign_in)
    save_config(
        OPERATOR,
        code="all",
        organization="MOH",
        label={"default": "To the HMIS"},
        hierarchy="admin",
        system="hmis",
        settings=MAPPING,
    )
    objects = [
        {
            "type": "facility",
            "code": code,
            "label": {"default": name, "fr": f"{name} (fr)"},
            "exists": [{"from": "2000-01-01", "to": None}],
            "geometry": {"type": "Point", "coordinates": [number, 5]},
        }
        for number, (code, name) in enumerate([("F1", "Kafue Clinic"), ("F2", "Mumbwa_HP"), ("F3", "100% Clinic")])
    ]
    assert not apply_objects(OPERATOR, [json.dumps(one).encode() for one in objects], preview=False).errors
    add_user(OPERATOR, "ada", password="correct horse battery", role="registry-administrator", organization="MOH")
    browser = Client()
    browser.force_login(User.objects.get(username="ada"))
    return browser


def change(number: int, *kinds: Kind, code: str = "", **fields: FieldChange) -> Change:
    key = GeoObject.objects.get(code=code).pk if code else 0
    made = fields or {"name": FieldChange("Old", "New")}
    ref = ObjectRef("facility", code or f"X{number}")
    return Change(kinds or (Kind.UPDATE,), ref, f"Ou{number:09}", 2, made, (), key, 1, 2, "")


def problem(number: int, code: ProblemCode = ProblemCode.NO_PARENT) -> Problem:
    return Problem(code, ObjectRef("facility", f"P{number}"), None, 2, f"message {number}", "do it", key=number + 9_000)


def store(*changes: Change, problems: Any = (), guards: Any = (), notes: Any = (), names: Names | None = None) -> Run:
    counts = counted(changes, problems, unchanged=7, not_selected=0)
    plan = Plan("2026-11-23", MAPPING, "2.42", 9, counts, guards, changes, tuple(problems), notes)
    system = ExternalSystem.objects.get()
    about: dict[str, str] = {}
    kept = names or Names()
    unchanged = {"facility": 7}
    return store_plan(
        OPERATOR,
        plan,
        system=system,
        config="all",
        findings=(),
        names=kept,
        requests=1,
        about=about,
        unchanged=unchanged,
    )


def read(client: Client, address: str, **asked: Any) -> str:
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def codes(client: Client, run: Run, **asked: Any) -> list[str]:
    """Give the objects of the table, by their codes in the order of the page."""
    return [line["code"] for line in client.get(f"/runs/{run.pk}/", asked).context["lines"]]


def test_a_preview_says_what_would_happen_field_by_field(client: Client) -> None:
    move = change(2, Kind.UPDATE, Kind.MOVE, code="F2", parent=FieldChange("OuA00000001", "OuB00000001"))
    create = change(3, Kind.CREATE, code="F3", name=FieldChange(None, "100% Clinic"))
    names = Names(units={"OuA00000001": "Itezhi", "OuB00000001": "Mumbwa"})
    run = store(change(1, code="F1"), move, create, problems=[problem(1)], names=names)
    page = read(client, f"/runs/{run.pk}/")
    assert "Update 2 and create 1 organisation units in National HMIS" in page
    assert "<del>Old</del> → <ins>New</ins>" in page
    assert "<del>Itezhi (OuA00000001)</del> → <ins>Mumbwa (OuB00000001)</ins>" in page
    assert "It has no parent at this date" in page
    assert run.summary["levels"][1] == {
        "level": 2,
        "type": "facility",
        "create": 1,
        "update": 2,
        "move": 1,
        "group": 0,
        "problem": 1,
        "units": 2,
        "unchanged": 7,
    }


def test_lines_are_found_by_kind_level_problem_name_code_and_id(client: Client) -> None:
    run = store(
        change(1, code="F1"),
        change(2, Kind.MOVE, code="F2"),
        change(3, Kind.CREATE, code="F3"),
        problems=[problem(1), problem(2, ProblemCode.CYCLE)],
    )
    assert codes(client, run) == ["F1", "F2", "F3", "P1", "P2"]
    assert codes(client, run, kind="move") == ["F2"]
    assert codes(client, run, kind="problem") == ["P1", "P2"]
    assert codes(client, run, problem="cycle") == ["P2"]
    assert codes(client, run, level="1") == []
    assert codes(client, run, q="kafue") == ["F1"]
    assert codes(client, run, q="clinic (FR)") == ["F1", "F3"]
    assert codes(client, run, q="p2") == ["P2"]
    assert codes(client, run, q="Ou000000002") == ["F2"]
    # What has a meaning in a pattern stands for itself.
    assert codes(client, run, q="%") == ["F3"]
    assert codes(client, run, q="_") == ["F2"]
    assert codes(client, run, q='.*" flag "') == []
    assert codes(client, run, q="\\") == []
    # Words that select nothing are left out.
    assert len(codes(client, run, kind="x", level="0", problem="y", after="change:x", q="\x00")) == 5


def test_pages_follow_each_other_from_changes_to_problems_without_a_gap(client: Client) -> None:
    run = store(*(change(number) for number in range(70)), problems=[problem(number) for number in range(45)])
    found, address = [], f"/runs/{run.pk}/"
    while address:
        context = client.get(address).context
        found += [line["code"] for line in context["lines"]]
        address = f"/runs/{run.pk}/?{context['next']}" if context["next"] else ""
    assert found == [f"X{number}" for number in range(70)] + [f"P{number}" for number in range(45)]


def test_a_plan_of_thousands_costs_as_many_queries_as_one_of_ten(client: Client) -> None:
    read(client, "/")  # what is asked for once
    counted_queries = []
    for size in (10, 3_000):
        changes = [change(number, *[(Kind.UPDATE,), (Kind.MOVE,)][number % 2]) for number in range(size)]
        notes = tuple(Note("not-cleared", ObjectRef("facility", f"X{number}"), "kept") for number in range(size))
        run = store(*changes, problems=[problem(number) for number in range(size // 10)], notes=notes)
        for address in (f"/runs/{run.pk}/", f"/runs/{run.pk}/?view=map", f"/runs/{run.pk}/map.geojson"):
            with CaptureQueriesContext(connection) as queries:
                read(client, address)
            counted_queries.append(len(queries))
    few, many = counted_queries[:3], counted_queries[3:]
    assert all(more <= less for more, less in zip(many, few, strict=True))
    assert max(few) <= 24


def test_the_map_holds_the_places_that_are_filtered(client: Client) -> None:
    run = store(change(1, code="F1"), change(2, Kind.UPDATE, Kind.MOVE, code="F2"), change(3, Kind.CREATE, code="F3"))
    places = json.loads(read(client, f"/runs/{run.pk}/map.geojson"))["features"]
    assert [(one["properties"]["kind"], one["properties"]["label"]) for one in places] == [
        ("changed", "Kafue Clinic"),
        ("moved", "Mumbwa_HP"),
        ("new", "100% Clinic"),
    ]
    assert places[1]["geometry"] == {"type": "Point", "coordinates": [1, 5]}
    assert "Mumbwa_HP" in read(client, places[1]["properties"]["url"])
    (one,) = json.loads(read(client, f"/runs/{run.pk}/map.geojson", kind="create"))["features"]
    assert one["properties"]["label"] == "100% Clinic"


def test_a_guard_wants_consent_and_a_reason_and_keeps_what_was_typed(client: Client) -> None:
    run = store(change(1), guards=(Guard("changed_share", 0.4567, 0.3),))
    address = f"/runs/{run.pk}/"
    assert "45.7% of the linked units would be changed; the limit is 30%." in read(client, address)
    given = {"choice": "apply", "digest": run.digest}
    for missing in ({"why": "as planned"}, {"changed_share": "on"}, {"changed_share": "on", "why": "  "}):
        answer = client.post(address, {**given, **missing})
        assert answer.status_code == 200
        assert 'aria-invalid="true"' in answer.content.decode()
    assert 'value="as planned"' in client.post(address, {**given, "why": "as planned"}).content.decode()
    assert Run.objects.get().state == Run.State.NEW
    assert client.post(address, {**given, "changed_share": "on", "why": "as planned"}).status_code == 302
    queued = Run.objects.get()
    assert (queued.state, queued.request["consents"], queued.request["why"]) == (
        "queued",
        ["changed_share"],
        "as planned",
    )
    assert queued.actor == actor_named("ada").name


def test_another_plan_than_the_one_on_the_page_is_not_applied(client: Client) -> None:
    run = store(change(1))
    answer = client.post(f"/runs/{run.pk}/", {"choice": "apply", "digest": "sha256:other"}, follow=True)
    assert "digest" in answer.content.decode()
    assert Run.objects.get().state == Run.State.NEW


def test_what_cannot_be_done_is_not_offered_and_is_refused_in_words(client: Client) -> None:
    run = store(change(1))
    assert client.post(f"/runs/{run.pk}/", {"choice": "discard"}).status_code == 302
    page = read(client, f"/runs/{run.pk}/")
    assert "Discard" not in page
    assert 'name="choice"' not in page
    for choice in ("discard", "resume", "retry", "apply", "nonsense"):
        given = {"choice": choice, "digest": run.digest}
        assert 'class="message message-error"' in client.post(f"/runs/{run.pk}/", given, follow=True).content.decode()
    assert client.get(f"/runs/{run.pk}/undo/").status_code == 400
    assert Run.objects.get().state == Run.State.CANCELLED


def test_failures_are_grouped_by_cause_with_some_objects_of_each(client: Client) -> None:
    run = store(*(change(number) for number in range(10)), problems=[problem(1)])
    refused = {"code": "value-refused", "message": "too long", "next_step": "shorten", "property": "shortName"}
    items = list(run.items.filter(category="change").values_list("pk", flat=True))
    settle([Settled(pk, "failed", error=refused) for pk in items[:9]] + [Settled(items[9], "done", unit_written=True)])
    now = datetime.now(UTC)
    Run.objects.update(state="warning", started=now, ended=now)
    page = read(client, f"/runs/{run.pk}/")
    assert "! 9 ×" in page
    assert "<code>shortName</code>" in page
    assert "4 more" in page
    assert "Retry 10 failed objects" in page
    assert codes(client, run, outcome="done") == ["X9"]
    rows = b"".join(client.get(f"/runs/{run.pk}/report.csv", {"outcome": "failed"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert rows.count("value-refused") == 9
    assert client.get(f"/runs/{run.pk}/report.xlsx").getvalue().startswith(b"PK")
    assert client.get(f"/runs/{run.pk}/report.pdf").status_code == 404


def test_what_had_changed_leads_to_the_plan_that_takes_it_up_and_is_not_offered_a_second_time(client: Client) -> None:
    run, again = store(change(1), change(2)), store(change(1), change(2))
    changed = {"code": "changed-in-dhis2", "message": "it was left", "next_step": "plan again"}
    settle([Settled(pk, "skipped", error=changed) for pk in run.items.values_list("pk", flat=True)])
    now = datetime.now(UTC)
    Run.objects.filter(pk=run.pk).update(state="warning", started=now, ended=now)
    Run.objects.filter(pk=again.pk).update(request={"only": f"skipped-of:{run.pk}"})
    run.refresh_from_db()
    keep_planned_again(run, again, objects=2)
    page = read(client, f"/runs/{run.pk}/")
    assert "2 objects were left alone" in page
    assert f'<a href="/runs/{again.pk}/">run {again.pk}</a> <span aria-hidden="true">○</span> to be reviewed.' in page
    assert 'value="retry"' not in page
    assert f'left alone by <a href="/runs/{run.pk}/">' in read(client, f"/runs/{again.pk}/")
    client.post(f"/runs/{again.pk}/", {"choice": "discard"})
    assert 'value="retry"' in read(client, f"/runs/{run.pk}/")
    keep_planned_again(run, None, objects=2)
    assert "The next run on schedule takes them." in read(client, f"/runs/{run.pk}/")


def test_an_xlsx_that_would_keep_somebody_waiting_is_not_offered(client: Client) -> None:
    run = store(change(1))
    Run.objects.update(summary={**run.summary, "counts": {**run.summary["counts"], "update": 50_001}})
    assert "too large for XLSX" in read(client, f"/runs/{run.pk}/")
    assert client.get(f"/runs/{run.pk}/report.xlsx").status_code == 400


def begun(run: Run, *, state: str = "running", goal: str = "apply", seen_ago: int = 0) -> None:
    now = datetime.now(UTC)
    Run.objects.filter(pk=run.pk).update(state=state, goal=goal, started=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (session,) = cursor.fetchone()
    RunProgress.objects.create(
        run=run,
        step="write units",
        done=50,
        total=200,
        since=now - timedelta(seconds=10 + seen_ago),
        waited_s=8.4,
        worked_s=10,
        process="m:1",
        session=session,
        seen=now - timedelta(seconds=seen_ago),
    )


def test_a_run_under_way_is_shown_by_the_part_that_changes_until_it_ends(client: Client) -> None:
    run = store(change(1))
    begun(run)
    answer = client.get(f"/runs/{run.pk}/live/")
    part = answer.content.decode()
    assert "50 of 200 · 5.0 per second · 30 seconds left · waiting for DHIS2 84% of the time" in part
    assert "<html" not in part
    assert "HX-Retarget" not in answer
    assert 'hx-trigger="every 2s"' in read(client, f"/runs/{run.pk}/")
    Run.objects.update(state="success", ended=datetime.now(UTC))
    answer = client.get(f"/runs/{run.pk}/live/")
    assert answer["HX-Retarget"] == "#run"
    assert "hx-trigger" not in answer.content.decode()


def test_a_run_whose_worker_died_is_told_as_such(client: Client) -> None:
    run = store(change(1))
    begun(run, seen_ago=40)
    page = read(client, f"/runs/{run.pk}/")
    assert "Another one takes the run up within 60 seconds" in page
    assert 'value="resume"' not in page
    Run.objects.update(goal="")
    page = read(client, f"/runs/{run.pk}/")
    assert "The process that did it is gone." in page
    assert 'value="resume"' in page


def test_a_queued_run_says_whom_it_waits_for(client: Client) -> None:
    first, second = store(change(1)), store(change(2))
    begun(first)
    Run.objects.filter(pk=second.pk).update(state="queued", goal="apply")
    for address in (f"/runs/{second.pk}/", "/jobs/"):
        assert f'<a href="/runs/{first.pk}/">' in read(client, address)
    assert "It waits for" in read(client, f"/runs/{second.pk}/")


def test_jobs_are_filtered_paged_and_as_cheap_for_fifty_as_for_one(client: Client) -> None:
    store(change(1))
    read(client, "/jobs/")  # notes that the session is in use, which later requests needn't
    with CaptureQueriesContext(connection) as few:
        read(client, "/jobs/")
    latest = [store(change(1)) for _ in range(54)][-1]
    Run.objects.filter(pk__gt=latest.pk - 20).update(state="queued")
    with CaptureQueriesContext(connection) as many:
        page = client.get("/jobs/")
    assert len(many) <= len(few) + 1 <= 10  # whom the queued ones wait for
    assert not any(word in one["sql"] for one in many for word in ('"settings"', '"names"', "INSERT", "UPDATE"))
    assert len(page.context["jobs"]) == 25
    older = client.get("/jobs/", {"before": page.context["more"]})
    assert len(client.get("/jobs/", {"before": older.context["more"]}).context["jobs"]) == 5
    assert len(client.get("/jobs/", {"state": "queued"}).context["jobs"]) == 20
    assert len(client.get("/jobs/", {"kind": "import"}).context["jobs"]) == 0
    assert len(client.get("/jobs/", {"system": "hmis", "config": "all"}).context["jobs"]) == 25
    assert client.get("/jobs/", {"system": "other"}).context["jobs"] == []


def test_jobs_name_what_is_due_next(client: Client) -> None:
    SyncConfig.objects.update(next_at=datetime(2999, 12, 1, 3, tzinfo=UTC), scheduled_by="ada")
    page = read(client, "/jobs/")
    assert "Due next" in page
    assert "2999-12-01 03:00 UTC" in page


def test_the_first_page_says_what_needs_somebody_now(client: Client) -> None:
    old, new = store(change(1)), store(change(2))
    page = read(client, "/")
    assert "Review the preview" in page
    assert f'<a href="/runs/{new.pk}/">Review' in page
    assert f'<a href="/runs/{old.pk}/">Review' not in page  # a newer one took its place
    assert "never tried" in page


def test_an_import_is_shown_by_the_same_page_in_its_own_words(client: Client) -> None:
    run = store()
    counts = {"new": 3, "changed": 1, "unchanged": 9, "conflict": 1, "vanished": 0}
    summary = {"counts": counts, "levels": [{"level": 2, "type": "facility", "counts": counts}], "notes": []}
    Run.objects.update(
        kind="import", digest="", summary=summary, state="warning", started=run.created, ended=run.created
    )
    run.items.create(
        category="problem",
        position=0,
        type="facility",
        code="F1",
        uid="OuF00000001",
        level=2,
        body={"code": "code-taken", "uid": "OuF00000001", "object": None, "message": "said", "next_step": "do"},
    )
    page = read(client, f"/runs/{run.pk}/")
    assert "What became of the organisation units" in page
    assert "! 1 ×" in page
    assert 'value="retry"' not in page


def test_drift_names_what_was_agreed_what_is_there_and_who_changed_it(client: Client) -> None:
    field = {"from": "Kafue Clinic", "to": "Kafue", "label": "Name", "words": "Kafue Clinic → Kafue"}
    drift = {
        "kind": "changed",
        "object": {"type": "facility", "code": "F1"},
        "uid": "OuF00000001",
        "level": 2,
        "fields": {"name": field},
        "last_updated": "2026-11-22T08:15:00.000",
        "last_updated_by": "mwale",
    }
    common = {"config": SyncConfig.objects.get(), "version": 1, "level": 2, "layout": 1, "fields": "{}"}
    Agreement.objects.create(object_key=1, uid="OuF00000001", drift=drift, **common)
    Agreement.objects.create(object_key=2, uid="OuF00000002", **common)
    page = read(client, "/synchronization/id/all/drift/")
    assert "2 organisation units agreed on" in page
    assert "<dt>Name</dt><dd>Kafue Clinic → Kafue</dd>" in page
    assert "mwale" in page
    assert "2026-11-22 08:15" in page
    assert "never looked at yet" in page
    assert "?from=" not in page
    more = ((n, {**drift, "object": {"type": "facility", "code": f"G{n}"}}) for n in range(101, 201))
    Agreement.objects.bulk_create(Agreement(object_key=n, uid="", drift=one, **common) for n, one in more)
    with CaptureQueriesContext(connection) as asked:
        page = read(client, "/synchronization/id/all/drift/")
    assert ("101 changed there since" in page, "?from=100" in page, "G199" in page, "G200" in page) == (
        True,
        True,
        True,
        False,
    )
    assert any("LIMIT 101" in one["sql"] for one in asked)  # there can be as many as units
    page = read(client, "/synchronization/id/all/drift/?from=100")
    assert ("?from=" in page, "G199" in page, "G200" in page) == (False, False, True)
    Agreement.objects.filter(object_key__gt=100).delete()
    # The page never waits for DHIS2: a worker looks, once however often it is asked for.
    for _ in range(2):
        page = client.post("/synchronization/id/all/drift/", follow=True).content.decode()
    run = Run.objects.get(kind="drift")
    assert "A look is under way" in page
    assert f"/runs/{run.pk}/" in page
    # Nothing listens where this DHIS2 should be: that is said, and what was known stays.
    continue_look(run.pk, Stopping())
    page = read(client, "/synchronization/id/all/drift/")
    assert "The last look had to stop" in page
    assert "mwale" in page
    assert "failure" in read(client, f"/runs/{run.pk}/")
    client.post(f"/runs/{run.pk}/", {"choice": "resume"})
    assert Run.objects.get(kind="drift").state == "queued"


def test_somebody_who_may_not_see_runs_is_told_that_there_are_none(client: Client) -> None:
    run = store(change(1))
    add_user(OPERATOR, "mo", password="correct horse battery", role="registry-maintainer", organization="MOH")
    client.force_login(User.objects.get(username="mo"))
    for address in (f"/runs/{run.pk}/", "/jobs/", f"/runs/{run.pk}/map.geojson", "/synchronization/id/all/drift/"):
        assert client.get(address).status_code == 404
    assert client.post(f"/runs/{run.pk}/", {"choice": "discard"}).status_code == 404
    assert "Jobs" not in read(client, "/")
