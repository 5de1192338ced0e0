"""An organization with somebody of its own who asks over HTTP, by a token or as a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile
from django.test import Client

from cgr.accounts.actions import create_token
from cgr.accounts.actors import actor_of

from ..authorization.world import make_person, make_place  # noqa: TID252 - tests are no installed package

if TYPE_CHECKING:
    from django.http import HttpResponse

    from cgr.accounts.models import User

    from ..authorization.world import Place  # noqa: TID252 - as above

SCOPES = ("read", "write", "sync", "admin")


def token_of(user: User, *, scopes: tuple[str, ...] = SCOPES, name: str = "program") -> str:
    return create_token(actor_of(user), name, scopes=scopes, days=1)


class Program:
    """A program that asks with a token."""

    def __init__(self, token: str) -> None:
        self.headers = {"Authorization": f"Bearer {token}"}
        self._client = Client()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Send JSON, or bytes as NDJSON; header names are written with underscores."""
        as_lines = isinstance(body, bytes)
        sent = {"content_type": "application/x-ndjson" if as_lines else "application/json"}
        data = body if as_lines else "" if body is None else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.generic(method, f"/api/v1{path}", data, headers={**self.headers, **named}, **sent)

    def send_file(self, path: str, name: str, content: bytes, mapping: Any, **headers: str) -> HttpResponse:
        """Send a file with a mapping of columns, as a form of two parts."""
        parts = {"file": ContentFile(content, name), "mapping": json.dumps(mapping)}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.post(f"/api/v1{path}", parts, headers={**self.headers, **named})

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, text_of(answer)
        return json.loads(text_of(answer))


def text_of(answer: HttpResponse) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return body.decode()


def problem_of(answer: HttpResponse) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json", text_of(answer)
    problem = json.loads(text_of(answer))
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    assert problem["next_step"]
    return problem


def make_program(word: str = "own", *, role: str = "registry-administrator") -> tuple[Program, Place]:
    place = make_place(word)
    return Program(token_of(make_person(f"{word}-program", role, place.code))), place
