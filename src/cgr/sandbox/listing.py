"""List replies: the page, the pager with its faults, rows written without building the whole list in memory."""

from __future__ import annotations

import urllib.parse
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.catalogue import ORGANISATION_UNIT, Klass
from cgr.sandbox.http import Request, Response
from cgr.sandbox.presentation import Plan, Presenter
from cgr.sandbox.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.sandbox.world import World

DEFAULT_FIELDS: Final = "id,displayName"
_PAGE_SIZE: Final = 50
_STREAM_FROM: Final = 2000
_TOTAL_HOLDS: Final = timedelta(minutes=1)
_HOW_SHOWN: Final = {"fields", "order", "page", "pageSize", "totalPages", "locale", "paging"}
_ENCODER: Final = msgspec.json.Encoder()


def list_objects(world: World, request: Request, klass: Klass) -> Response:
    """Answer GET on a collection."""
    presenter = Presenter(world, request)
    selection = Selection(world, request, klass, presenter.known_names(klass))
    plan = presenter.plan(klass, request.first("fields", DEFAULT_FIELDS))
    found: list[Any] = selection.unit_ids() if klass is ORGANISATION_UNIT else selection.objects()
    if request.first("paging").lower() in {"false", "0"} or request.first("skipPaging") == "true":
        return rows_reply(world, request, plan, found, None)
    pager, rows = _page(world, request, klass, found)
    return rows_reply(world, request, plan, rows, pager)


def rows_reply(
    world: World, request: Request, plan: Plan, rows: list[Any], pager: dict[str, object] | None
) -> Response:
    """Write rows (ids of units, or objects) as the list of a class, with a pager or without."""
    request.delay = world.latency.listing(len(rows))
    if plan.klass is ORGANISATION_UNIT:
        if plan.asks_parent and (broken := _first_own_parent(world, rows)) is not None:
            if pager is not None:
                return Response(close=True)  # verified fact H6
            rows = rows[:broken]
        pieces = _unit_fragments(world, plan, request, rows)
    else:
        pieces = [_ENCODER.encode(plan.render(row)) for row in rows]
    head = b'{"pager":' + _ENCODER.encode(pager) + b"," if pager is not None else b"{"
    head += b'"' + plan.klass.plural.encode() + b'":['
    headers = {"cache-control": "no-cache, private"}
    if len(pieces) < _STREAM_FROM:
        return Response(200, head + b",".join(pieces) + b"]}", headers=headers)
    return Response(200, _streamed(head, pieces), headers=headers)


def _streamed(head: bytes, pieces: list[bytes]) -> Iterator[bytes]:
    yield head
    for start in range(0, len(pieces), 500):
        yield (b"," if start else b"") + b",".join(pieces[start : start + 500])
    yield b"]}"


def _unit_fragments(world: World, plan: Plan, request: Request, uids: list[str]) -> list[bytes]:
    """Give the encoded units, most of them from the cache of earlier requests for the same fields."""
    store = world.units_store
    stamp = (
        (store.tree, store.shape) if plan.on_tree else None,
        (world.objects_version, store.content, request.actor.uid) if plan.on_others else None,
    )
    key = (request.first("fields"), request.first("locale"), request.origin, stamp)
    known = store.fragments_for(key)
    encode, render, units = _ENCODER.encode, plan.render, store.units
    pieces = []
    for uid in uids:
        piece = known.get(uid)
        if piece is None:
            piece = known[uid] = encode(render(units[uid]))
        pieces.append(piece)
    return pieces


def _first_own_parent(world: World, uids: list[str]) -> int | None:
    """Give the position of the first unit that is its own parent, where 2.43 stops writing."""
    if world.version < (2, 43):
        return None
    units = world.units_store.units
    return next((at for at, uid in enumerate(uids) if units[uid].parent == uid), None)


def _page(world: World, request: Request, klass: Klass, found: list[Any]) -> tuple[dict[str, object], list[Any]]:
    size = _whole_number(world, request, "pageSize", _PAGE_SIZE)
    number = max(1, _whole_number(world, request, "page", 1))
    whole_list = size < 0 and world.version < (2, 35)
    if size < 0:
        size = _refuse_negative(world)
    if request.first("query") and (2, 34) <= world.version < (2, 39):
        found = found[:size]  # the wrong total of `query` in these versions (section 10, O6)
    rows = found[(number - 1) * size : number * size]
    total = _total(world, request, klass, len(found))
    if not rows and found and world.version < (2, 32) and _in_memory(request):
        rows = found[-1:]  # beyond the end of a list filtered in memory stands its last row
    if world.version < (2, 32) and not whole_list:
        return {"page": 1, "pageCount": 1, "total": len(rows), "pageSize": size}, rows
    pages = -(-total // size) if size else 0
    if pages or world.version < (2, 39):
        pages = max(1, pages)
    shown = min(number, max(1, pages))
    pager: dict[str, object] = {"page": shown, "pageCount": pages, "total": total, "pageSize": size}
    if shown < pages:
        pager["nextPage"] = _page_link(request, shown + 1, size)
    if shown > 1:
        pager["prevPage"] = _page_link(request, shown - 1, size)
    if whole_list and world.version >= (2, 34):
        rows = found
    return pager, rows


def _total(world: World, request: Request, klass: Klass, total: int) -> int:
    """Give the total that a pager tells: up to 2.36 what was counted for the same filters within the last minute.

    dhis2-core #8733 took that out for 2.37; scenario 07-levels of 2.34 and 2.36 shows it. Since when isn't known; 2.31
    counts otherwise.
    """
    if not (2, 32) <= world.version < (2, 37) or request.first("query"):
        return total
    narrowing = sorted((name, tuple(values)) for name, values in request.query.items() if name not in _HOW_SHOWN)
    key, now = (klass.plural, request.actor.uid, *narrowing), world.clock()
    kept = world.totals.get(key)
    if kept is None or now - kept[0] > _TOTAL_HOLDS:
        kept = world.totals[key] = (now, total)
    return kept[1]


def _in_memory(request: Request) -> bool:
    return any(text.startswith("level:") for text in request.query.get("filter", ()))


def _refuse_negative(world: World) -> int:
    if world.version < (2, 35):
        return 1
    status = 400 if world.version >= (2, 37) else 500
    raise messages.Refused(messages.problem(world, status, "max-results cannot be negative"))


def _whole_number(world: World, request: Request, name: str, default: int) -> int:
    text = request.first(name)
    try:
        return int(text) if text else default
    except ValueError as wrong:
        if world.version < (2, 41):
            return default
        told = f"Value '{text}' is not valid for parameter {name}. It should be of type int"
        raise messages.Refused(messages.problem(world, 400, told)) from wrong


def _page_link(request: Request, number: int, size: int) -> str:
    parts = [] if number == 1 else [("page", str(number))]
    if "pageSize" in request.query or size != _PAGE_SIZE:
        parts.append(("pageSize", str(size)))
    for name in ("filter", "totalPages", "fields", "order"):
        parts += [(name, value) for value in request.query.get(name, ())]
    return f"{request.origin}{request.path}?{urllib.parse.urlencode(parts)}"
