"""Each way in which a DHIS2 can fail gives one sentence, one code, one next step, and never a secret."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx2
import pytest

from cgr.core.errors import BadInput, CgrError, NeedsPerson, ProtocolBroken, TryLater
from cgr.dhis2 import Basic, Dhis2, Token, errors
from cgr.dhis2.errors import FAULTS
from cgr.dhis2.replies import Reply, retry_after

if TYPE_CHECKING:
    from conftest import Stage

TOMCAT = (
    "<!doctype html><html><head><title>HTTP Status 500</title><style>body {color: red}</style></head><body>"
    "<h1>HTTP Status 500</h1><p><b>Message</b> Could not resolve view</p></body></html>"
)


def message(status: int, text: str, code: str | None = None) -> httpx2.Response:
    body = {"httpStatusCode": status, "status": "ERROR", "message": text}
    return httpx2.Response(status, json=body | ({"errorCode": code} if code else {}))


def failure(stage: Stage) -> CgrError:
    with stage.client() as client, pytest.raises(CgrError) as caught:
        client.levels()
    return caught.value


# One row per answer of a server: what it sends, what the error is called, whose turn it is, a word it has to carry.
ANSWERS = [
    (message(401, "Unauthorized"), "wrong-credentials", NeedsPerson, "Unauthorized"),
    (message(401, "Bad credentials"), "wrong-credentials", NeedsPerson, "Bad credentials"),
    (message(401, "Account locked"), "account-locked", NeedsPerson, "locked"),
    (message(401, "Account disabled"), "account-disabled", NeedsPerson, "disabled"),
    (message(401, "Account expired"), "account-disabled", NeedsPerson, "expired"),
    (message(401, "User has 2FA enabled, but a non-form login was attempted"), "two-factor", NeedsPerson, "2FA"),
    (message(401, "Two-factor authentication is required"), "two-factor", NeedsPerson, "Two-factor"),
    (message(401, "Failed to authenticate API token, token has expired."), "wrong-credentials", NeedsPerson, "expired"),
    (message(400, "Checksum validation failed"), "wrong-credentials", NeedsPerson, "Checksum"),
    (message(403, "You don't have the proper permissions", "E1006"), "forbidden", NeedsPerson, "E1006"),
    (message(404, "Not here", "E1005"), "not-found", NeedsPerson, "E1005"),
    (message(409, "Unknown path property: x"), "request-refused", ProtocolBroken, "path property"),
    (message(405, "Request method 'GET' is not supported"), "request-refused", ProtocolBroken, "405"),
    (httpx2.Response(413, text="<h1>413 Request Entity Too Large</h1>"), "request-too-large", NeedsPerson, "Too Large"),
    (httpx2.Response(429, headers={"retry-after": "7"}), "busy", TryLater, "429"),
    (message(500, "could not execute statement"), "server-error", TryLater, "could not execute"),
    (httpx2.Response(500, text=TOMCAT), "server-error", TryLater, "Could not resolve view"),
    (httpx2.Response(502, text="<html><body>502 Bad Gateway nginx</body></html>"), "server-away", TryLater, "Gateway"),
    (httpx2.Response(503, text=""), "server-away", TryLater, "503"),
    (httpx2.Response(504, text="<html>Gateway Time-out</html>"), "server-away", TryLater, "Time-out"),
    (httpx2.Response(522), "server-away", TryLater, "522"),
    (httpx2.Response(418), "unexpected-status", ProtocolBroken, "418"),
    (httpx2.Response(204), "unexpected-status", ProtocolBroken, "204"),
    (httpx2.Response(200, text="<!doctype html><title>Welcome</title>Sign in"), "not-json", ProtocolBroken, "web page"),
    (
        httpx2.Response(200, text="\ufeff<!doctype html>Sign in"),
        "not-json",
        ProtocolBroken,
        "web page",
    ),
    (httpx2.Response(200, text="maintenance"), "not-json", ProtocolBroken, "maintenance"),
    (httpx2.Response(200, text='[{"level": 1, "na'), "truncated-json", ProtocolBroken, "part"),
    (httpx2.Response(200, content=b""), "empty-reply", ProtocolBroken, "empty"),
    (httpx2.Response(200, json={"levels": "none"}), "unknown-shape", ProtocolBroken, "Expected"),
    (httpx2.Response(200, content=b'[{"level": 1, "name": "\xff"}]'), "not-json", ProtocolBroken, "JSON"),
]


@pytest.mark.parametrize(("answer", "code", "kind", "word"), ANSWERS)
def test_a_bad_answer_becomes_a_sentence(
    stage: Stage, answer: httpx2.Response, code: str, kind: type[CgrError], word: str
) -> None:
    stage.on("GET", "filledOrganisationUnitLevels", answer)
    stage.on("GET", "organisationUnitLevels", answer)
    error = failure(stage)
    assert (error.code, type(error)) == (code, kind)
    assert "hmis.example.org" in error.message
    assert word in error.message
    assert "color: red" not in error.message
    assert error.next_step == FAULTS[code].next_step


NETWORK = [
    (httpx2.ConnectTimeout("slow"), "connect-time-out", False),
    (httpx2.PoolTimeout("none free"), "connect-time-out", False),
    (httpx2.ReadTimeout("slow"), "time-out", True),
    (httpx2.WriteTimeout("slow"), "time-out", True),
    (httpx2.ReadError("reset"), "connection-cut", True),
    (httpx2.RemoteProtocolError("Server disconnected"), "connection-cut", True),
    (httpx2.ConnectError("No route to host"), "no-connection", False),
]


@pytest.mark.parametrize(("trouble", "code", "sent"), NETWORK)
def test_trouble_on_the_way_says_whether_the_request_may_have_arrived(
    stage: Stage, trouble: httpx2.HTTPError, code: str, *, sent: bool
) -> None:
    stage.on("GET", "filledOrganisationUnitLevels", lambda _: trouble)
    error = failure(stage)
    assert isinstance(error, TryLater)
    assert (error.code, error.sent) == (code, sent)


def test_every_code_is_a_row_of_the_table_and_says_what_to_do() -> None:
    codes = {
        value for name, value in vars(errors).items() if name.isupper() and isinstance(value, str) and name[0] != "_"
    }
    assert codes == set(FAULTS)
    assert all(row.next_step.endswith(".") for row in FAULTS.values())


@pytest.mark.parametrize("status", [401, 403, 500, 502, 200])
def test_an_error_never_repeats_a_secret_that_the_server_sends_back(stage: Stage, status: int) -> None:
    encoded = base64.b64encode(b"cgr:Sesame-Street-9").decode()
    echo = f"<p>You sent Authorization: Basic {encoded} and Sesame-Street-9</p>" + "x" * 100_000
    stage.on("GET", "filledOrganisationUnitLevels", httpx2.Response(status, text=echo))
    error = failure(stage)
    assert "Sesame" not in error.message
    assert encoded not in error.message
    assert len(error.message) < 500


@pytest.mark.parametrize("auth", [Basic("cgr", "Sesame-Street-9"), Token("d2pat_SesameStreet9")])
def test_credentials_show_no_secret(auth: Basic | Token) -> None:
    assert "Sesame" not in f"{auth!r} {auth}"


def test_a_reply_in_a_traceback_shows_no_secret() -> None:
    reply = Reply(401, {}, b"", "hmis.example.org", Basic("cgr", "Sesame-Street-9"))
    assert "Sesame" not in repr(reply)
    assert base64.b64encode(b"cgr:Sesame-Street-9").decode() not in repr(reply)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "umläut", "\x00"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_repeated(token: str) -> None:
    with pytest.raises(BadInput) as caught:
        Token(token)
    assert not token or token not in caught.value.message


@pytest.mark.parametrize("username", ["", "a:b"])
def test_a_user_name_that_basic_cannot_carry_is_refused(username: str) -> None:
    with pytest.raises(BadInput):
        Basic(username, "secret")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hmis",
        "hmis.example.org",
        "ftp://hmis.example.org",
        "https://",
        "https://h:port",
        "https://h?x=1",
        "https://h#a",
        "https://a b",
        "http://[::1",
    ],
)
def test_an_address_that_cannot_be_one_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        Dhis2(url, Basic("a", "b"))
    assert caught.value.code == "bad-address"


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(BadInput) as caught:
        Dhis2("https://admin:district@hmis.example.org", Basic("a", "b"))
    assert "district" not in caught.value.message


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, "<html>nginx</html>"), (200, '{"hello": "world"}'), (404, '{"httpStatusCode": 404, "message": "no"}')],
)
def test_an_address_without_a_dhis2_is_told_as_that(stage: Stage, status: int, body: str) -> None:
    stage.on("GET", "system/info", httpx2.Response(status, text=body))
    with stage.client() as client, pytest.raises(NeedsPerson) as caught:
        client.system_info()
    assert caught.value.code == "not-dhis2"
    assert "There is no DHIS2 at this address" in caught.value.message


def test_a_server_without_a_readable_version_is_told_as_that(stage: Stage) -> None:
    stage.version = "unknown"
    with stage.client() as client, pytest.raises(ProtocolBroken) as caught:
        _ = client.features
    assert caught.value.code == "unknown-version"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", timedelta(seconds=120)),
        ("999999999999", timedelta(days=1)),
        ("Mon, 23 Nov 2026 10:00:30 GMT", timedelta(seconds=30)),
        ("Mon, 23 Nov 2026 09:00:00 GMT", timedelta()),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_it_reads_how_long_to_wait(header: str, expected: timedelta | None) -> None:
    now = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
    assert retry_after({"retry-after": header}, now=now) == expected


def test_a_moment_to_wait_for_is_by_the_clock_of_whoever_names_it() -> None:
    headers = {"date": "Mon, 23 Nov 2026 09:00:00 GMT", "retry-after": "Mon, 23 Nov 2026 09:00:20 GMT"}
    assert retry_after(headers, now=datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)) == timedelta(seconds=20)
