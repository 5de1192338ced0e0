"""Pages of runs in French, with every kind of problem a plan, DHIS2 or an import can have: English is DHIS2's only."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec
import pytest
from django.utils import translation

from cgr.core.changes import Note, ObjectRef, Problem
from cgr.core.changes import ProblemCode as Code
from cgr.core.errors import BadInput
from cgr.core.importing import troubles
from cgr.core.mapping import SyncType
from cgr.core.planner import wording
from cgr.core.records import TheirUnit
from cgr.core.refusals import too_large, unnamed, verdict
from cgr.core.values import Refused, render
from cgr.dhis2.errors import fault
from cgr.runs.items import Settled, settle
from cgr.runs.models import Run
from cgr.web.sentences import told

from .test_runs import change, client, store

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
__all__ = ["client"]  # a fixture

ENGLISH = re.compile(
    r"\b(the|and|is|are|was|were|has|have|had|with|of|it|its|no|not|which|this|that|can't|isn't|doesn't|from|be|to|in|"
    r"by|below|unit|give|correct|would)\b",
    re.IGNORECASE,
)
D1, D2 = ObjectRef("district", "D1"), ObjectRef("district", "D2")
THEIRS = "Value of `name` is not what the server of DHIS2 wants"
"""What DHIS2 said, in its own words."""


class _Texts(HTMLParser):
    """Gathers the texts within `main` that aren't marked as English."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"input", "br", "link", "meta", "img", "hr"}:
            self._open.append((tag, ("lang", "en") in attrs))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if any(tag == "main" for tag, _ in self._open) and not any(english for _, english in self._open):
            self.texts.append(data.strip())


def french(client: Client, address: str) -> str:
    """Read a page in French and hold it to having no English of ours; gives all of it."""
    answer = client.get(address, headers={"Accept-Language": "fr"})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert '<html lang="fr"' in page
    texts = _Texts()
    texts.feed(page)
    ours = [text.replace("To the HMIS", "") for text in texts.texts]
    assert [text for text in ours if ENGLISH.search(text)] == []
    return page


def issues() -> list[wording.Issue]:
    """Give one or more of every kind of problem that a plan finds."""
    letters, whole = render("integer", "LETTER", 5), render("integer", "INTEGER_POSITIVE", -5)
    assert isinstance(letters, Refused)
    assert isinstance(whole, Refused)
    return [
        wording.new_not_creatable(SyncType.RELATIONSHIPS),
        wording.external_id_not_found("Ou000000001"),
        wording.duplicate_external_id("Ou000000001", [D1, D2]),
        wording.no_parent(),
        wording.several_parents([D1, D2], stops=False),
        wording.parent_not_in_dhis2(D1),
        wording.parent_not_in_dhis2(None),
        wording.blocked(D1),
        wording.blocked_by_move(D1),
        wording.not_in_this_plan(D1),
        wording.second_root(["Ou000000001"], []),
        wording.second_root([], [D1, D2]),
        wording.cycle([D1, D2]),
        wording.cycle([]),
        wording.required_missing(["name", "shortName"]),
        wording.value_refused("Lits", letters.reason, about="beds"),
        wording.value_refused("Lits", whole.reason, about="beds"),
        wording.closed_before_opened("2020-01-01", "2019-01-01"),
        wording.geometry_unsupported("a line needs at least two positions"),
        wording.term_unmapped("statut", "privé"),
        wording.mandatory_missing(["Téléphone", "Fax"]),
        wording.taken(Code.CODE_TAKEN, "code", "D1", "Ou000000001", hand_over=False, swap=True),
        wording.taken(Code.CODE_TAKEN, "code", "D1", "Ou000000001", hand_over=True, swap=False),
        wording.taken(Code.UNIQUE_VALUE_TAKEN, "The value of Fax,", "D1", "Ou000000001", hand_over=False, swap=False),
        wording.wanted_twice(Code.UNIQUE_VALUE_TAKEN, "The value of Fax,", "77", [D1, D2]),
    ]


def test_a_run_and_each_of_its_problems_are_told_in_french(client: Client) -> None:
    found = issues()
    notes = [
        Note("not-cleared", D1, wording.not_cleared(["Fax"])),
        Note("not-in-existence", D1, wording.not_in_existence("2020-01-01")),
        Note("possibly-created-before", D1, wording.possibly_created_before("Ou000000001")),
        Note("stays-in-group", D1, wording.stays_in_group(["Publics", "Privés"])),
        Note("two-groups-of-one-set", D1, wording.two_groups_of_one_set(["Publics", "Privés"])),
    ]
    problems = [
        Problem(one.code, ObjectRef("facility", f"P{place}"), None, 2, one.message, one.next_step, key=place + 9_000)
        for place, one in enumerate(found)
    ]
    codes = ("E4000", "E4001", "E4002", "E4003", "E4004", "E4009", "E4011", "E4013", "E5001", "E5002", "E5003")
    verdicts = [
        *(verdict(code, message=THEIRS) for code in (*codes, "E6012", "E1520", "E6005", "E9999")),
        unnamed(THEIRS),
        too_large("hmis.example.org answered 413 when asked to store 2 organisation units: " + THEIRS),
    ]
    run = store(*(change(number) for number in range(len(verdicts))), problems=problems, notes=notes)
    items = list(run.items.filter(category="change").order_by("position").values_list("pk", flat=True))
    settle([Settled(pk, "failed", error=msgspec.to_builtins(one)) for pk, one in zip(items, verdicts, strict=True)])
    now = datetime.now(UTC)
    Run.objects.update(state="warning", started=now, ended=now)
    with translation.override("fr"):
        said = [text for one in (*found, *verdicts) for text in (one.message, one.next_step)]
        ours = ["".join(part.text for part in told(text) if not part.foreign) for text in said]
        assert [text for text in ours if not text or ENGLISH.search(text)] == []
        page = french(client, f"/runs/{run.pk}/")
        assert "DHIS2 échoue sur cette unité sans dire pourquoi" in page
        assert page.count(f'<span lang="en">{THEIRS}</span>') >= 1
        lines = run.items.filter(category__in=("change", "problem")).order_by("pk").values_list("pk", flat=True)
        for line in lines[::4]:
            french(client, f"/runs/{run.pk}/lines/{line}/")


def test_why_a_run_had_to_stop_is_told_in_french(client: Client) -> None:
    run = store(change(1))
    message = "hmis.example.org answered 503 when asked to list the attributes: " + THEIRS
    for code in ("server-error", "tls-failed", "list-cut-short"):
        error = fault(code, message).as_json()["error"]
        Run.objects.update(state="failure", started=run.created, ended=run.created, error=error)
        with translation.override("fr"):
            page = french(client, f"/runs/{run.pk}/")
        assert "hmis.example.org a répondu 503 alors qu’on lui demandait de lister les attributs\u00a0: " in page


def test_the_conflicts_of_an_import_are_told_in_french(client: Client) -> None:
    unit = TheirUnit("OuF00000001", 2, "OuD00000001", "F1", "Poste")
    unfit = BadInput('"lits": "x" is not a whole number', code="value-unfit", next_step="")
    found = [
        troubles.parent_missing(unit, None),
        troubles.orphaned(unit),
        troubles.circling(unit),
        troubles.code_taken(unit, None, D1, "Ou000000001"),
        troubles.code_taken(unit, None, D1, None),
        troubles.code_not_free_yet(unit, D1, "Ou000000001"),
        troubles.held_elsewhere(unit, None, "facility", ["district", "region"]),
        troubles.unfit(unit, None, unfit),
    ]
    run = store()
    counts = {"new": 0, "changed": 0, "unchanged": 9, "conflict": len(found), "vanished": 0}
    left_out = "1,204 organisation units are left out: no type is mapped to their level (3 and 4)."
    notes = [{"code": "level-unmapped", "message": left_out}]
    summary = {"counts": counts, "levels": [{"level": 2, "type": "facility", "counts": counts}], "notes": notes}
    Run.objects.update(kind="import", digest="", settings={"levels": {"2": "facility"}}, summary=summary)
    Run.objects.update(state="warning", started=run.created, ended=run.created)
    for position, one in enumerate(found):
        body = msgspec.to_builtins(one)
        run.items.create(
            category="problem", position=position, type="facility", code="F1", uid=f"Ou{position}", level=2, body=body
        )
    with translation.override("fr"):
        french(client, f"/runs/{run.pk}/")
        assert "1\u202f204 unités d’organisation sont laissées de côté" in french(client, f"/import/{run.pk}/")
        french(client, f"/import/{run.pk}/problems/")
