"""How we ask: headers, few repetitions, bounds, and redirects that never carry the password away."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import httpx2
import pytest

from cgr.core.errors import CgrError, NeedsPerson, ProtocolBroken, TryLater
from cgr.dhis2 import Token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Stage

LEVELS = [{"level": 1, "name": "Country"}]
PATH = "filledOrganisationUnitLevels"


def test_every_request_asks_for_json_and_never_names_an_origin(stage: Stage) -> None:
    stage.on("GET", PATH, LEVELS)
    with stage.client() as client:
        client.levels()
    headers = stage.asked[-1].headers
    assert headers["accept"] == "application/json"
    assert headers["x-requested-with"] == "XMLHttpRequest"
    assert headers["accept-encoding"] == "gzip"
    assert headers["authorization"].startswith("Basic ")
    assert "origin" not in headers


def test_a_token_is_sent_the_way_dhis2_wants_it(stage: Stage) -> None:
    stage.on("GET", PATH, LEVELS)
    with stage.client(auth=Token("d2pat_abc")) as client:
        client.levels()
    assert stage.asked[-1].headers["authorization"] == "ApiToken d2pat_abc"


def test_the_session_cookie_is_kept_so_that_one_run_is_one_session(stage: Stage) -> None:
    cookie = {"set-cookie": "JSESSIONID=abc; Path=/; HttpOnly"}
    stage.on("GET", PATH, httpx2.Response(200, json=LEVELS, headers=cookie))
    with stage.client() as client:
        client.levels()
        client.levels()
    assert "cookie" not in stage.asked[0].headers
    assert stage.asked[1].headers["cookie"] == "JSESSIONID=abc"


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://hmis.example.org", "https://hmis.example.org/api/"),
        ("https://hmis.example.org/", "https://hmis.example.org/api/"),
        (" https://HMIS.example.org/dhis/ ", "https://hmis.example.org/dhis/api/"),
        ("https://hmis.example.org/dhis/api/", "https://hmis.example.org/dhis/api/"),
        ("http://localhost:8080", "http://localhost:8080/api/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x/api/"),
    ],
)
def test_an_address_is_taken_as_people_type_it(stage: Stage, url: str, asked: str) -> None:
    stage.on("GET", PATH, LEVELS)
    with stage.client(url) as client:
        client.levels()
    assert str(stage.asked[-1].url) == asked + PATH


@pytest.mark.parametrize("passing", [429, 502, 503, 504])
def test_reading_is_repeated_when_the_server_was_away_for_a_moment(stage: Stage, passing: int) -> None:
    stage.on("GET", PATH, [httpx2.Response(passing), httpx2.Response(passing), httpx2.Response(200, json=LEVELS)])
    with stage.client() as client:
        assert len(client.levels()) == 1
        assert client.requests == 3
        assert client.seconds_waited == pytest.approx(2.5)
    assert stage.waits == [0.5, 2.0]


def test_reading_waits_as_long_as_the_server_asks(stage: Stage) -> None:
    busy = httpx2.Response(429, headers={"retry-after": "12"})
    stage.on("GET", PATH, [busy, httpx2.Response(200, json=LEVELS)])
    with stage.client() as client:
        client.levels()
    assert stage.waits == [12.0]


def test_a_long_wait_is_left_to_the_job(stage: Stage) -> None:
    stage.on("GET", PATH, httpx2.Response(503, headers={"retry-after": "600"}))
    with stage.client() as client, pytest.raises(TryLater) as caught:
        client.levels()
    assert client.requests == 1
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 600


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_what_does_not_pass_by_itself_is_asked_once(stage: Stage, status: int) -> None:
    stage.on("GET", "attributes", httpx2.Response(status))
    with stage.client() as client, pytest.raises(CgrError):
        client.attributes()
    assert client.requests == 1


def test_a_time_out_is_not_repeated(stage: Stage) -> None:
    stage.on("GET", PATH, httpx2.ReadTimeout("slow"))
    with stage.client() as client, pytest.raises(TryLater):
        client.levels()
    assert client.requests == 1


def test_it_gives_up_after_three_tries(stage: Stage) -> None:
    stage.on("GET", PATH, httpx2.Response(503))
    with stage.client() as client, pytest.raises(TryLater):
        client.levels()
    assert client.requests == 3
    assert stage.waits == [0.5, 2.0]


@pytest.mark.parametrize(
    ("url", "location", "then"),
    [
        ("http://hmis.example.org", "https://hmis.example.org/api/" + PATH, "https://hmis.example.org/api/"),
        ("http://hmis.example.org:8080", "https://hmis.example.org/api/" + PATH, "https://hmis.example.org/api/"),
        ("https://hmis.example.org", "/dhis/api/" + PATH, "https://hmis.example.org/dhis/api/"),
        ("https://hmis.example.org", "/api/" + PATH + "/", "https://hmis.example.org/api/"),
    ],
)
def test_two_redirects_are_followed_and_remembered(stage: Stage, url: str, location: str, then: str) -> None:
    moved = httpx2.Response(302, headers={"location": location})
    stage.on("GET", PATH, [moved, httpx2.Response(200, json=LEVELS)])
    with stage.client(url) as client:
        client.levels()
        client.levels()
    assert [str(request.url) for request in stage.asked[1:]] == [then + PATH] * 2


ENDED = [
    httpx2.Response(302, headers={"location": "https://hmis.example.org/dhis-web-commons-security/logout.action"}),
    httpx2.Response(302, headers={"location": "/login/"}),
    httpx2.Response(200, text="This session has been expired (possibly due to multiple concurrent logins)."),
]


@pytest.mark.parametrize("ended", ENDED)
def test_a_session_that_dhis2_ended_for_a_younger_one_is_begun_anew(stage: Stage, ended: httpx2.Response) -> None:
    # DHIS2 keeps ten sessions of one account (api.md §1.1): ten tests of the connection end that of a long run.
    sent = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.headers.get("cookie"))
        if len(sent) == 2:
            return ended
        return httpx2.Response(200, json=LEVELS, headers={"set-cookie": f"JSESSIONID=S{len(sent)}; Path=/; HttpOnly"})

    stage.on("GET", PATH, answer)
    with stage.client() as client:
        for _ in range(3):
            assert client.levels()
    assert sent == [None, "JSESSIONID=S1", None, "JSESSIONID=S3"]


@pytest.mark.parametrize("ended", ENDED)
def test_what_looks_like_an_ended_session_is_believed_once(stage: Stage, ended: httpx2.Response) -> None:
    first = httpx2.Response(200, json=LEVELS, headers={"set-cookie": "JSESSIONID=S1; Path=/"})
    stage.on("GET", PATH, [first, ended])
    with stage.client() as client:
        client.levels()
        with pytest.raises(CgrError):
            client.levels()
    assert len(stage.asked) == 3


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("https://hmis.example.org/dhis-web-commons/security/login.action", "redirect-to-login"),
        ("https://hmis.example.org/dhis-web-login/", "redirect-to-login"),
        ("http://hmis.example.org/login/", "redirect-to-login"),
        ("/login/", "redirect-to-login"),
        ("https://evil.example.org/api/" + PATH, "redirect-elsewhere"),
        ("//evil.example.org/api/" + PATH, "redirect-elsewhere"),
        ("http://hmis.example.org/api/" + PATH, "redirect-elsewhere"),
        ("https://hmis.example.org:8443/api/" + PATH, "redirect-elsewhere"),
        ("https://hmis.example.org@evil.example.org/api/" + PATH, "redirect-elsewhere"),
        ("/welcome", "redirect-elsewhere"),
        ("https://hmis.example.org:port/api/" + PATH, "redirect-elsewhere"),
        ("", "redirect-elsewhere"),
        ("/api/" + PATH, "redirect-elsewhere"),
    ],
)
def test_any_other_redirect_is_an_error_and_nothing_is_sent_there(stage: Stage, location: str, code: str) -> None:
    stage.on("GET", PATH, httpx2.Response(302, headers={"location": location}))
    with stage.client() as client, pytest.raises(NeedsPerson) as caught:
        client.levels()
    assert caught.value.code == code
    assert {str(request.url) for request in stage.asked} == {"https://hmis.example.org/api/" + PATH}


def test_a_reply_announced_as_too_large_is_not_read(stage: Stage) -> None:
    read = []

    def body() -> Iterator[bytes]:
        for _ in range(300):
            read.append(1)
            yield b" " * (1 << 20)

    stage.on("GET", PATH, lambda _: httpx2.Response(200, content=body(), headers={"content-length": str(300 << 20)}))
    with stage.client() as client, pytest.raises(ProtocolBroken) as caught:
        client.levels()
    assert caught.value.code == "reply-too-large"
    assert not read


def test_reading_stops_at_the_bound_when_nothing_was_announced(stage: Stage) -> None:
    read = []

    def body() -> Iterator[bytes]:
        for _ in range(300):
            read.append(1)
            yield b" " * (1 << 20)

    stage.on("GET", PATH, lambda _: httpx2.Response(200, content=body()))
    with stage.client() as client, pytest.raises(ProtocolBroken) as caught:
        client.levels()
    assert caught.value.code == "reply-too-large"
    assert "64 MB" in caught.value.message
    assert len(read) <= 66


def test_a_packed_reply_counts_as_what_it_unpacks_to(stage: Stage) -> None:
    bomb = gzip.compress(b" " * (8 << 20))
    stage.on("GET", PATH, lambda _: httpx2.Response(200, content=bomb, headers={"content-encoding": "gzip"}))
    with stage.client(max_reply_bytes=1 << 20) as client, pytest.raises(ProtocolBroken) as caught:
        client.levels()
    assert caught.value.code == "reply-too-large"


def test_a_packed_reply_is_unpacked(stage: Stage) -> None:
    packed = gzip.compress(b'[{"level": 1, "name": "Country"}]')
    stage.on("GET", PATH, httpx2.Response(200, content=packed, headers={"content-encoding": "gzip"}))
    with stage.client() as client:
        assert client.levels()[0].name == "Country"


def test_a_reply_that_cannot_be_unpacked_is_told(stage: Stage) -> None:
    stage.on("GET", PATH, lambda _: httpx2.Response(200, content=b"plain", headers={"content-encoding": "gzip"}))
    with pytest.raises(CgrError) as caught, stage.client() as client:
        client.levels()
    assert caught.value.code == "not-json"
