"""The client against real sockets: what a mock can't show, such as silence, dripping, cut connections and TLS."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cgr.core.errors import CgrError, NeedsPerson, ProtocolBroken, TryLater
from cgr.dhis2 import Basic, Dhis2, Timeouts
from cgr.dhis2.network import CheckedTransport

from ...ports import free_port  # noqa: TID252 - tests are no installed package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx2

PATIENT = Timeouts()
HURRY = Timeouts(connect=2, read=0.4, write=2, pool=2, total=1.0, slow_read=0.4, slow_total=1.0)
LONGEST_S = 60
TLS_HELLO = b"\x16\x03"
INFO = b'{"version": "2.42.5.2"}'


class Listener:
    """A socket on which a function plays the server, a thread per connection."""

    def __init__(self, play: Callable[[socket.socket, bytes], None]) -> None:
        self.requests: list[bytes] = []
        self._play = play
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed at the end of the test
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # the client may go at any time
            head = b""
            while b"\r\n\r\n" not in head and not head.startswith(TLS_HELLO):
                part = connection.recv(65536)
                if not part:
                    return
                head += part
            self.requests.append(head)
            self._play(connection, head)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(autouse=True)
def _one_try() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.fixture
def listen() -> Iterator[Callable[[Callable[[socket.socket, bytes], None]], Listener]]:
    listeners: list[Listener] = []

    def start(play: Callable[[socket.socket, bytes], None]) -> Listener:
        listeners.append(Listener(play))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


def failure(port: int, *, timeouts: Timeouts = PATIENT, scheme: str = "http") -> CgrError:
    with (
        Dhis2(f"{scheme}://127.0.0.1:{port}", Basic("a", "b"), timeouts=timeouts) as client,
        pytest.raises(CgrError) as caught,
    ):
        client.system_info()
    return caught.value


def answer(connection: socket.socket, body: bytes, *, status: str = "200 OK", headers: str = "") -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    connection.sendall(head.encode() + body)


def test_a_server_that_is_silent_is_given_up_in_time(listen: Callable[..., Listener]) -> None:
    error = failure(listen(lambda *_: time.sleep(30)).port, timeouts=HURRY)
    assert isinstance(error, TryLater)
    assert (error.code, error.sent) == ("time-out", True)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_a_server_that_drips_is_given_up_at_the_total_time(listen: Callable[..., Listener], head: bytes) -> None:
    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        for _byte in range(LONGEST_S * 20):
            connection.sendall(b"x")
            time.sleep(0.05)

    started = time.monotonic()
    error = failure(listen(drip).port, timeouts=HURRY)
    assert error.code == "time-out"
    assert time.monotonic() - started < LONGEST_S


def test_a_connection_closed_without_an_answer_may_have_had_an_effect(listen: Callable[..., Listener]) -> None:
    error = failure(listen(lambda *_: None).port)
    assert isinstance(error, TryLater)
    assert (error.code, error.sent) == ("connection-cut", True)


def test_an_answer_that_breaks_off_is_not_taken_for_whole(listen: Callable[..., Listener]) -> None:
    def play(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + INFO)

    assert failure(listen(play).port).code == "connection-cut"


def test_an_answer_that_is_no_http_is_an_error(listen: Callable[..., Listener]) -> None:
    error = failure(listen(lambda connection, _: connection.sendall(b"220 mail.example.org ESMTP\r\n")).port)
    assert error.code == "connection-cut"


def test_a_port_where_nobody_listens_refuses() -> None:
    error = failure(free_port())
    assert isinstance(error, TryLater)
    assert (error.code, error.sent) == ("connection-refused", False)


def test_https_to_a_server_that_speaks_http_is_told_as_that(listen: Callable[..., Listener]) -> None:
    listener = listen(lambda connection, _: answer(connection, INFO, status="400 Bad Request"))
    error = failure(listener.port, scheme="https")
    assert isinstance(error, NeedsPerson)
    assert error.code == "tls-failed"


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hmis.example.org")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    pem += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(listen: Callable[..., Listener], tmp_path: Path) -> None:
    context = self_signed(tmp_path)

    def shake_hands(connection: socket.socket, hello: bytes) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(hello)
        with contextlib.suppress(ssl.SSLWantReadError):
            server.do_handshake()
        connection.sendall(outgoing.read())
        connection.recv(65536)

    listener = listen(shake_hands)
    error = failure(listener.port, scheme="https")
    assert isinstance(error, NeedsPerson)
    assert error.code == "tls-failed"
    assert "certificate" in f"{error.message} {error.next_step}"
    assert listener.requests[0].startswith(TLS_HELLO)


def test_a_body_of_300_mb_is_not_read_to_its_end(listen: Callable[..., Listener]) -> None:
    sent = []

    def flood(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _megabyte in range(300):
            connection.sendall(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")
            sent.append(1)

    error = failure(listen(flood).port)
    assert isinstance(error, ProtocolBroken)
    assert error.code == "reply-too-large"
    assert len(sent) < 100


def test_a_body_is_sent_packed_and_a_packed_reply_is_read(listen: Callable[..., Listener]) -> None:
    packed = gzip.compress(INFO)

    def play(connection: socket.socket, _: bytes) -> None:
        answer(connection, packed, headers="Content-Encoding: gzip\r\n")

    listener = listen(play)
    with Dhis2(f"http://127.0.0.1:{listener.port}", Basic("a", "b")) as client:
        assert client.version == (2, 42, 5, 2)
    assert b"accept-encoding: gzip\r\n" in listener.requests[0].lower()


def transported(resolve: Callable[[str, int], list[str]], *, allow_private: bool = True) -> CheckedTransport:
    return CheckedTransport(allow_private=allow_private, resolve=resolve)


def asked(url: str, transport: httpx2.BaseTransport) -> CgrError | str:
    with Dhis2(url, Basic("a", "b"), transport=transport) as client:
        try:
            return client.system_info().version
        except CgrError as error:
            return error


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked(listen: Callable[..., Listener]) -> None:
    listener = listen(lambda connection, _: answer(connection, INFO))
    looked_up: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["169.254.169.254"]

    assert asked(f"http://hmis.example.org:{listener.port}", transported(resolve)) == "2.42.5.2"
    assert looked_up == ["hmis.example.org"]
    assert b"Host: hmis.example.org" in listener.requests[0]


def test_a_name_with_several_addresses_is_reached_at_the_one_that_answers(listen: Callable[..., Listener]) -> None:
    listener = listen(lambda connection, _: answer(connection, INFO))
    transport = transported(lambda *_: ["127.0.0.2", "127.0.0.1"])
    assert asked(f"http://hmis.example.org:{listener.port}", transport) == "2.42.5.2"


@pytest.mark.parametrize(
    "addresses", [["169.254.169.254"], ["127.0.0.1", "169.254.169.254"], ["::ffff:169.254.169.254"]]
)
def test_a_name_that_leads_to_a_metadata_address_is_never_contacted(
    listen: Callable[..., Listener], addresses: list[str]
) -> None:
    listener = listen(lambda connection, _: answer(connection, INFO))
    error = asked(f"http://hmis.example.org:{listener.port}", transported(lambda *_: addresses))
    assert isinstance(error, NeedsPerson)
    assert error.code == "address-not-allowed"
    assert not listener.requests


def test_an_answer_of_the_name_service_that_changes_between_two_connections_is_checked_again(
    listen: Callable[..., Listener],
) -> None:
    listener = listen(lambda connection, _: answer(connection, INFO, headers="Connection: close\r\n"))
    answers = iter([["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1"]])
    transport = transported(lambda *_: next(answers))
    with Dhis2(f"http://hmis.example.org:{listener.port}", Basic("a", "b"), transport=transport) as one:
        assert one.system_info().version == "2.42.5.2"
        with pytest.raises(NeedsPerson) as caught:
            one.levels()
    assert caught.value.code == "address-not-allowed"
    assert len(listener.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433:{port}",
        "http://0x7f000001:{port}",
        "http://0177.0.0.1:{port}",
        "http://127.1:{port}",
        "http://[::ffff:127.0.0.1]:{port}",
        "http://[::ffff:7f00:1]:{port}",
        "http://[::1]:{port}",
        "http://localhost:{port}",
        "http://localhost.:{port}",
        "http://127。0。0。1:{port}",
        "http://①②⑦.⓪.⓪.①:{port}",
    ],
)
def test_no_way_to_write_a_private_address_gets_past_the_setting(listen: Callable[..., Listener], url: str) -> None:
    listener = listen(lambda connection, _: answer(connection, INFO))
    with (
        pytest.raises(CgrError) as caught,
        Dhis2(url.format(port=listener.port), Basic("a", "b"), allow_private_networks=False) as client,
    ):
        client.system_info()
    assert caught.value.code in {"address-not-allowed", "bad-address", "name-not-resolved", "name-service-away"}
    assert not listener.requests


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://2852039166",
        "http://0xa9fea9fe",
        "http://[::ffff:169.254.169.254]",
        "http://[64:ff9b::169.254.169.254]",
        "http://[fe80::1%lo]",
        "http://[fe80::1%25lo]",
        "http://[fd00:ec2::254]",
        "http://100.100.100.200",
    ],
)
def test_no_way_to_write_a_metadata_address_gets_past_any_setting(url: str) -> None:
    with pytest.raises(CgrError) as caught, Dhis2(url, Basic("a", "b")) as client:
        client.system_info()
    assert caught.value.code in {"address-not-allowed", "bad-address", "name-not-resolved"}


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://127.0.0.1",
        "unix:///var/run/docker.sock",
        "http://user:pass@127.0.0.1",
        "http://127.0.0.1@evil.example.org",
        "http://evil.example.org#@127.0.0.1",
        "http://evil.example.org?@127.0.0.1",
        "http://evil.example.org\\@127.0.0.1",
        "http://evil.example.org\r\nHost: 127.0.0.1",
        "//127.0.0.1",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_no_plain_http_address_is_refused_before_anything_is_resolved(url: str) -> None:
    def resolve(_: str, __: int) -> list[str]:
        raise AssertionError

    with pytest.raises(CgrError) as caught, Dhis2(url, Basic("a", "b"), transport=transported(resolve)) as client:
        client.system_info()
    assert caught.value.code == "bad-address"
    assert "pass" not in caught.value.message.replace("password", "").replace("passwd", "")


def test_a_private_address_is_not_contacted_unless_that_is_allowed(listen: Callable[..., Listener]) -> None:
    listener = listen(lambda connection, _: answer(connection, INFO))
    url = f"http://127.0.0.1:{listener.port}"
    with Dhis2(url, Basic("a", "b"), allow_private_networks=False) as client, pytest.raises(NeedsPerson) as caught:
        client.system_info()
    assert caught.value.code == "address-not-allowed"
    assert not listener.requests
    with Dhis2(url, Basic("a", "b"), allow_private_networks=True) as client:
        assert client.version


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name-not-resolved"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "name-service-away"),
        (UnicodeError("label too long"), "name-not-resolved"),
    ],
)
def test_a_name_without_an_address_is_told(trouble: Exception, code: str) -> None:
    def resolve(_: str, __: int) -> list[str]:
        raise trouble

    error = asked("https://hmis.example.org", transported(resolve))
    assert isinstance(error, CgrError)
    assert error.code == code
    assert "hmis.example.org" in error.message


def test_a_proxy_of_the_environment_is_not_used(
    listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = listen(lambda connection, _: answer(connection, json.dumps({"version": "2.31"}).encode()))
    listener = listen(lambda connection, _: answer(connection, INFO))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    with Dhis2(f"http://127.0.0.1:{listener.port}", Basic("a", "b")) as client:
        assert client.version == (2, 42, 5, 2)
    assert not proxy.requests
