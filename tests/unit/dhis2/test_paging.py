"""All units, once each, and never a conclusion from a list that isn't whole."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx2
import pytest

from cgr.core.errors import ProtocolBroken, TryLater

if TYPE_CHECKING:
    from cgr.dhis2 import Dhis2
    from conftest import Stage


class Units:
    """The list of units of one server, with the ways in which real ones page."""

    def __init__(self, count: int, *, pager: str = "right", unpaged_at_end: str = "empty") -> None:
        self.uids = [f"Ou{number:09}" for number in range(count)]
        self.pager = pager
        self.at_end = unpaged_at_end
        self.cut_after: int | None = None
        self.weight = 0
        self.total: int | None = None
        self.before_page: dict[int, list[str]] = {}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        query = request.url.params
        if query["fields"] == "id":
            return self._ids(query)
        page, size = int(query["page"]), int(query["pageSize"])
        self.uids = self.before_page.get(page, self.uids)
        rows = self.uids[(page - 1) * size : page * size]
        if not rows and self.at_end == "last page again":
            rows = self.uids[-(len(self.uids) % size or size) :]
        if self.cut_after is not None:
            rows = [uid for uid in rows if self.uids.index(uid) < self.cut_after]
        shown = [{"id": uid, "path": f"/{uid}", "comment": "x" * self.weight} for uid in rows]
        return httpx2.Response(200, json={"pager": self._pager(len(rows)), "organisationUnits": shown})

    def _ids(self, query: httpx2.QueryParams) -> httpx2.Response:
        if query.get("paging") == "false":
            return httpx2.Response(200, json={"organisationUnits": [{"id": uid} for uid in self.uids]})
        return httpx2.Response(
            200, json={"pager": self._pager(1), "organisationUnits": [{"id": uid} for uid in self.uids[:1]]}
        )

    def _pager(self, rows: int) -> dict[str, int]:
        total = self.total if self.total is not None else len(self.uids)
        return {"page": 1, "pageCount": 1, "total": total if self.pager == "right" else rows, "pageSize": 1}


def streamed(client: Dhis2, page_size: int = 10) -> list[str]:
    return [unit.uid for page in client.stream_units(("name",), page_size=page_size) for unit in page]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 35])
@pytest.mark.parametrize(
    ("version", "pager", "at_end"),
    [
        ("2.42.5.2", "right", "empty"),
        ("2.31.9", "of this page", "empty"),
        ("2.31.2", "of this page", "last page again"),
    ],
)
def test_every_unit_comes_once_whatever_the_pager_says(
    stage: Stage, count: int, version: str, pager: str, at_end: str
) -> None:
    units = Units(count, pager=pager, unpaged_at_end=at_end)
    stage.version = version
    stage.on("GET", "organisationUnits", units)
    with stage.client() as client:
        assert streamed(client) == units.uids
        assert client.count_units() == count


def test_pages_come_in_a_stable_order_and_no_more_are_asked_for_than_there_are(stage: Stage) -> None:
    stage.on("GET", "organisationUnits", Units(19))
    with stage.client() as client:
        streamed(client)
    pages = [query for query in stage.queries("GET", "organisationUnits") if "page" in query]
    assert [(query["page"], query["pageSize"], query["order"]) for query in pages] == [
        ("1", "10", "id:asc"),
        ("2", "10", "id:asc"),
    ]


def test_a_unit_that_is_sent_twice_because_another_was_added_comes_once(stage: Stage) -> None:
    units = Units(25)
    whole = units.uids
    units.before_page = {2: ["Aa000000000", *whole]}
    stage.on("GET", "organisationUnits", units)
    with stage.client() as client:
        assert sorted(streamed(client)) == whole


@pytest.mark.parametrize("total", [10, 20, 40])
def test_a_total_that_is_out_of_date_hides_no_unit_and_misses_none(stage: Stage, total: int) -> None:
    # Up to 2.36 totals are kept for a minute (dhis2-core #8733), as while a run has just made or deleted units.
    units = Units(35)
    units.total = total
    stage.version = "2.36.13"
    stage.on("GET", "organisationUnits", units)
    with stage.client() as client:
        assert streamed(client) == units.uids


def test_a_list_that_is_cut_short_is_an_error_and_not_a_deletion(stage: Stage) -> None:
    units = Units(35)
    units.cut_after = 17
    stage.on("GET", "organisationUnits", units)
    with stage.client() as client, pytest.raises(ProtocolBroken) as caught:
        streamed(client)
    assert caught.value.code == "list-cut-short"
    assert "35" in caught.value.message
    assert "17" in caught.value.message


def test_a_list_that_is_cut_short_is_seen_on_2_31_too(stage: Stage) -> None:
    units = Units(35, pager="of this page")
    units.cut_after = 20
    stage.version = "2.31.9"
    stage.on("GET", "organisationUnits", units)
    with stage.client() as client, pytest.raises(ProtocolBroken) as caught:
        streamed(client)
    assert caught.value.code == "list-cut-short"


def test_the_unit_at_which_2_43_ends_the_connection_is_named(stage: Stage) -> None:
    # Recorded (35-list-cut-short): a page with a unit that is its own parent never comes, the list ends before it.
    units = Units(35)

    def damaged(request: httpx2.Request) -> httpx2.Response:
        query = request.url.params
        if "page" in query and query["fields"] != "id":
            raise httpx2.RemoteProtocolError("closed")
        shown = units.uids[:17] if query["fields"] == "id,parent[id]" else units.uids
        return units(request) if "pageSize" in query else _list(shown)

    stage.version = "2.43.1"
    stage.on("GET", "organisationUnits", damaged)
    with stage.client() as client, pytest.raises(ProtocolBroken, match="at Ou000000017") as caught:
        streamed(client)
    assert caught.value.code == "list-cut-short"


def test_a_connection_that_is_merely_cut_is_told_as_that(stage: Stage) -> None:
    units = Units(35)

    def away(request: httpx2.Request) -> httpx2.Response:
        if "page" in request.url.params and request.url.params["fields"] != "id":
            raise httpx2.RemoteProtocolError("closed")
        return units(request) if "pageSize" in request.url.params else _list(units.uids)

    stage.on("GET", "organisationUnits", away)
    with stage.client() as client, pytest.raises(TryLater) as caught:
        streamed(client)
    assert caught.value.code == "connection-cut"


def _list(uids: list[str]) -> httpx2.Response:
    return httpx2.Response(200, json={"organisationUnits": [{"id": uid} for uid in uids]})


def test_units_deleted_while_reading_are_told_from_a_cut_list(stage: Stage) -> None:
    units = Units(25)
    units.before_page = {2: units.uids[1:]}
    stage.on("GET", "organisationUnits", units)
    with stage.client() as client, pytest.raises(TryLater) as caught:
        streamed(client)
    assert caught.value.code == "units-changed-while-reading"


def test_a_page_that_is_too_large_is_asked_for_in_halves(stage: Stage) -> None:
    units = Units(600)
    units.weight = 1_000
    stage.on("GET", "organisationUnits", units)
    with stage.client(max_reply_bytes=200_000) as client:
        assert streamed(client, page_size=512) == units.uids
    sizes = [int(query["pageSize"]) for query in stage.queries("GET", "organisationUnits") if "page" in query]
    assert sizes[0] == 512
    assert sizes[-1] == 128


def test_outlines_of_which_only_one_fits_into_a_reply_are_read_one_by_one(stage: Stage) -> None:
    units = Units(5)
    units.weight = 150_000
    stage.on("GET", "organisationUnits", units)
    with stage.client(max_reply_bytes=200_000) as client:
        assert streamed(client, page_size=4) == units.uids


def test_a_unit_too_large_for_a_reply_of_its_own_is_an_error(stage: Stage) -> None:
    units = Units(5)
    units.weight = 250_000
    stage.on("GET", "organisationUnits", units)
    with stage.client(max_reply_bytes=200_000) as client, pytest.raises(ProtocolBroken) as caught:
        streamed(client, page_size=4)
    assert caught.value.code == "reply-too-large"


def test_the_next_page_is_on_its_way_while_the_caller_works(stage: Stage) -> None:
    units, second = Units(30), threading.Event()

    def noticed(request: httpx2.Request) -> httpx2.Response:
        if request.url.params.get("page") == "2":
            second.set()
        return units(request)

    stage.on("GET", "organisationUnits", noticed)
    with stage.client() as client:
        pages = client.stream_units(("name",), page_size=10)
        next(pages)
        assert second.wait(timeout=60)
        assert [len(page) for page in pages] == [10, 10]


def test_a_caller_may_stop_early(stage: Stage) -> None:
    stage.on("GET", "organisationUnits", Units(30))
    with stage.client() as client:
        assert len(next(iter(client.stream_units(("name",), page_size=10)))) == 10


def test_an_error_on_a_later_page_reaches_the_caller(stage: Stage) -> None:
    units = Units(30)

    def broken(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(403) if request.url.params.get("page") == "2" else units(request)

    stage.on("GET", "organisationUnits", broken)
    with stage.client() as client:
        pages = client.stream_units(("name",), page_size=10)
        assert len(next(pages)) == 10
        with pytest.raises(Exception, match="403"):
            next(pages)


@pytest.mark.parametrize("pager", [{}, {"pager": None}, {"pager": {"page": 1, "pageSize": 1}}])
def test_where_no_total_is_given_the_ids_are_counted(stage: Stage, pager: dict[str, object]) -> None:
    units = Units(35)

    def without_total(request: httpx2.Request) -> httpx2.Response:
        reply = units(request).json()
        reply.pop("pager", None)
        return httpx2.Response(200, json=reply | pager)

    stage.on("GET", "organisationUnits", without_total)
    with stage.client() as client:
        assert client.count_units() == 35
        assert streamed(client) == units.uids


def test_a_server_without_total_and_list_is_not_trusted(stage: Stage) -> None:
    stage.on("GET", "organisationUnits", {})
    with stage.client() as client, pytest.raises(ProtocolBroken) as caught:
        client.count_units()
    assert caught.value.code == "unknown-shape"
