"""Every address that the pages answer, with what has to be filled into it, and somebody's browser."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cgr.accounts.models import User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

    from cgr.accounts.actors import Actor

    from .world import Place


def routes() -> set[str]:
    """All of them, as they stand in the code; those of the API are in `operations`."""
    return {route for route in _routes(get_resolver().url_patterns, "") if not route.startswith("/api")}


def api_routes() -> set[str]:
    """Those of the API."""
    return {route for route in _routes(get_resolver().url_patterns, "") if route.startswith("/api")}


def _routes(patterns: list[URLPattern | URLResolver], above: str) -> Iterator[str]:
    for one in patterns:
        route = above + str(one.pattern).removeprefix("^").removesuffix("$")
        if isinstance(one, URLResolver):
            yield from _routes(one.url_patterns, route)
        else:
            yield f"/{route}"


def filled(route: str, place: Place) -> str:
    """The address about a place; what is secret in it is a guess."""
    parts = {
        "<str:secret>": "guessed",
        "(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)": "1-guessed",
        "settings/people/<int:key>": f"settings/people/{place.member.pk}",
        "<str:type_code>": f"{place.word}-country",
        "<uuid:uid>": str(place.object.uid),
        "explorer/object/": f"explorer/object/?type={place.word}-country&code={place.object.code}",
        "<str:what>": "label",
        "<int:z>/<int:x>/<int:y>": "0/0/0",
        "import/file/<int:upload>": f"import/file/{place.upload.pk}",
        "import/<str:run>": f"import/{place.import_run.pk}",
        "<path:name>": "index.html",
        "synchronization/id/<str:code>": f"synchronization/id/{place.config.code}",
        "synchronization/lists/": f"synchronization/lists/?system={place.system.code}",
        "synchronization/terms/": f"synchronization/terms/?type={place.word}-country",
        "<str:code>": place.system.code,
        "runs/<int:run>": f"runs/{place.run.pk}",
        "lines/<int:line>": f"lines/{place.line}",
        "<str:extension>": "csv",
        "<int:number>": str(place.proposal),
        "sessions/<int:key>": f"sessions/{place.session}",
        "settings/systems/id/<str:code>": f"settings/systems/id/{place.system.code}",
        "<str:organization>": place.code,
        "<str:type>": f"{place.word}-country",
        "<str:hierarchy>": f"{place.word}-tree",
        "<str:tree>": "shared",
    }
    for part, value in parts.items():
        route = route.replace(part, value)
    assert "<" not in route, f"say in pages.py what to fill into {route}"
    return route


def browser_of(actor: Actor | None) -> Client:
    """A browser in which somebody is signed in, and has just confirmed it."""
    client = Client()
    if actor is not None:
        client.force_login(User.objects.get(pk=actor.user_id))
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
        session["account_authentication_methods_user"] = str(actor.user_id)
        session.save()
    return client


def ask(client: Client, address: str, *, secure: bool = False) -> HttpResponse:
    """Get the page; where only a form is taken, send an empty one."""
    answer = client.get(address, secure=secure)
    return client.post(address, secure=secure) if answer.status_code == 405 else answer


def shown(answer: HttpResponse) -> str:
    """What a person can read of an answer, the name of a file and the next address among it."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return f"{answer.headers} {body.decode(errors='replace')}"


def verdict(answer: HttpResponse) -> str:
    """The cell of the table: let through, sent to the sign-in, or told that there is nothing."""
    if answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next="):
        return "sign in"
    return "–" if answer.status_code == 404 else "✓"
