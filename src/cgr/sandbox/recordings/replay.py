"""Plays a recorded scenario to a fresh world, in process, and compares every reply and the state at the end."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cgr.sandbox.recordings import recorder
from cgr.sandbox.recordings.aliases import RECORDED_HOST, Aliases
from cgr.sandbox.recordings.comparison import Comparison, media_family
from cgr.sandbox.recordings.credentials import Credentials
from cgr.sandbox.recordings.end_state import end_state_differences
from cgr.sandbox.recordings.sending import live_request
from cgr.sandbox.world import World

if TYPE_CHECKING:
    from cgr.sandbox.http import Request, Response
    from cgr.sandbox.recordings.recording import Exchange, Json, Recording

_OK: Final = 200
_UNAUTHORIZED: Final = 401


@dataclass(slots=True)
class _Run:
    """One scenario on one world."""

    recording: Recording
    world: World
    clock: recorder.SteppingClock
    comparison: Comparison
    credentials: Credentials
    etags: dict[str, str] = field(default_factory=dict)


def replay(recording: Recording) -> dict[str, list[str]]:
    """Replay a scenario; gives the differences per exchange ("setup 0", "3", "after <name>"), also the empty ones."""
    scenario = recording.scenario
    run = _Run(
        recording,
        World(recording.release),
        recorder.SteppingClock(),
        Comparison(Aliases(recording.generated_ids)),
        Credentials(scenario),
    )
    run.world.clock = run.clock
    outcomes = {}
    for name, exchange in recording.all_exchanges:
        recorder.before(run.world, run.clock, scenario, name, exchange)
        outcomes[name] = _exchange_differences(run, name, exchange)
    for name, state in recording.state_after.items():
        outcomes[f"after {name}"] = _defects(run) + end_state_differences(
            run.world, scenario, name, state, comparison=run.comparison, credentials=run.credentials
        )
    return outcomes


def _exchange_differences(run: _Run, name: str, exchange: Exchange) -> list[str]:
    response = run.world.dispatch(_request(run, name, exchange))
    body = b"" if exchange.method == "HEAD" else recorder.content(response)  # the socket side sends none
    differences = _defects(run)
    status = None if response.close else response.status
    if status != exchange.status:
        shown = body[:300].decode("utf-8", "replace")
        return [*differences, f"status {status}, recorded {exchange.status}: {shown}"]
    if status is None:
        return differences
    differences += _header_differences(run, exchange, response)
    body = recorder.as_recorded(run.recording.scenario, exchange, body)
    differences += _body_differences(run, exchange.received, body, media_family(response.content_type))
    _learn(run, exchange, response, body)
    return differences


def _header_differences(run: _Run, exchange: Exchange, response: Response) -> list[str]:
    differences = []
    recorded = exchange.reply_headers
    theirs, ours = media_family(recorded.get("content-type")), media_family(response.content_type)
    if theirs != ours and exchange.received is not None:
        differences.append(f"content-type {ours or 'none'}, recorded {theirs or 'none'}")
    for header in ("location", "www-authenticate"):
        said, meant = response.headers.get(header, ""), str(recorded.get(header, ""))
        if not run.comparison.text(meant, said):
            differences.append(f"{header}: {said}, recorded {meant}")
    # Only who signs in with a password needs the session; elsewhere it comes and goes with the version of a library.
    signs_in = exchange.auth.startswith("basic") and exchange.status != _UNAUTHORIZED
    signs_in |= exchange.path.endswith(("login.action", "/auth/login")) and exchange.status == _OK
    if signs_in and bool(response.cookies) != ("set-cookie" in recorded):
        differences.append("sets a cookie" if response.cookies else "sets no cookie")
    return differences


def _body_differences(run: _Run, recorded: Json, body: bytes, family: str) -> list[str]:
    if recorded is None:
        return [f"a body: {body[:200]!r}, recorded none"] if body else []
    if (isinstance(recorded, dict) and "_binary_bytes" in recorded) or family == "gzip":
        return [] if body else ["no body"]
    if isinstance(recorded, str) and family != "json":
        return run.comparison.page(recorded, body.decode("utf-8", "replace"))
    try:
        live: Json = json.loads(body)
    except ValueError:
        live = body.decode("utf-8", "replace")
    match recorded, live:
        case {"_binary_base64": str(text)}, _:
            shown = base64.b64decode(text).decode()
            return run.comparison.json(json.loads(re.sub(r"http://127\.0\.0\.1:\d+", RECORDED_HOST, shown)), live)
        case {"_count": count}, {"codes": list(codes)}:
            # The recorder kept three of a long list of new ids, and their number.
            return [] if len(codes) == count else [f".codes: {len(codes)} entries, recorded {count}"]
    return run.comparison.json(recorded, live)


def _learn(run: _Run, exchange: Exchange, response: Response, body: bytes) -> None:
    location = response.headers.get("location", "")
    run.credentials.learn(exchange, body.decode("utf-8", "replace"), location, response.cookies)
    recorded = exchange.reply_headers.get("etag")
    if isinstance(recorded, str) and "etag" in response.headers:
        run.etags[recorded] = response.headers["etag"]


def _request(run: _Run, name: str, exchange: Exchange) -> Request:
    now_ms = int(run.clock().timestamp() * 1000)

    def live(text: str) -> str:
        return run.comparison.aliases.rewritten(run.credentials.filled(name, text, now_ms=now_ms))

    headers = run.credentials.headers(name, exchange)
    if (etag := headers.get("if-none-match")) is not None:
        headers["if-none-match"] = run.etags.get(etag, etag)
    return live_request(exchange, headers, live)


def _defects(run: _Run) -> list[str]:
    """Name what broke inside the sandbox; a recorded 500 must not be matched by a crash of ours."""
    found = [f"the sandbox failed: {defect!r}" for defect in run.world.defects]
    run.world.defects.clear()
    return found
