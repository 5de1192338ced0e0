"""What the map shows: one type of a hierarchy with the boundaries above it, as vector tiles or, for few, GeoJSON."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from cgr.core.geometry import bounds, to_geojson
from cgr.core.geometry.tiles import Feature, is_tile, simplified, tile_box, vector_tile
from cgr.core.periods import latest
from cgr.registry.queries import places
from cgr.registry.queries.cards import open_object
from cgr.web.explorer.asking import ask
from cgr.web.explorer.kept import KEPT
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from django.http import HttpRequest

    from cgr.core.geometry import Box
    from cgr.registry.queries.cards import Card
    from cgr.registry.queries.places import Place
    from cgr.registry.queries.tree import VisibleType
    from cgr.web.explorer.asking import Asked

FEW: Final = 300
"""Objects up to which all of a type are sent at once."""
_AREAS: Final = frozenset({"polygon", "multipolygon", "mixed"})
_OFF_BY: Final = 1 / 2000
"""How far an outline that is sent at once may be off, as a share of what all of them extend over."""
_AROUND_A_POINT: Final = 0.05  # degrees


def map_in_words(asked: Asked, wanted: str, card: Card | None) -> dict[str, object]:
    """Give what the page's map needs: which types there are to choose from, and where their places come from."""
    if asked.tree is None:
        return {}
    drawn = [one for one in asked.tree.types.values() if one.geometry != "none"]
    if not drawn:
        return {}
    chosen = next((one for one in drawn if one.code == wanted), None) or _first(asked, drawn, card)
    on = asked.query() if len(asked.hierarchies) == 1 else f"?on={asked.on.isoformat()}"
    arguments = [asked.tree.code, chosen.code]
    answer: dict[str, object] = {
        "types": [(one.code, in_reader_language(one.label), one.code == chosen.code) for one in drawn],
        "label": in_reader_language(chosen.label),
        "bounds": _written(_bounds(asked, chosen)),
    }
    if places.has_more_than(chosen.key, FEW):
        at = reverse("explorer-tile", args=[*arguments, 0, 0, 0]).removesuffix("0/0/0.mvt")
        # The revision makes it another address when something was written, so that browsers ask anew.
        return {**answer, "tiles": f"{at}{{z}}/{{x}}/{{y}}.mvt?on={asked.on.isoformat()}&r={_revision(asked, chosen)}"}
    return {**answer, "source": reverse("explorer-places", args=arguments) + on}


@require_GET
@login_required
def tile(request: HttpRequest, hierarchy: str, type_code: str, z: int, x: int, y: int) -> HttpResponse:
    """Give one vector tile: layer `places` with the type's objects, layer `boundaries` with areas above them."""
    asked = ask(request, hierarchy=hierarchy)
    chosen = _chosen(asked, type_code)
    if asked.problem or not is_tile(z, x, y):
        return HttpResponse(asked.problem, status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
    language = get_language() or ""
    revision = _revision(asked, chosen)
    key = ("tile", hierarchy, chosen.key, revision, z, x, y, asked.on, language)
    tag = f'"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return _unchanged(tag)
    body = KEPT.get(key, lambda: _tile(asked, chosen, z, x, y))
    return _keepable(HttpResponse(body, content_type="application/vnd.mapbox-vector-tile"), tag)


@require_GET
@login_required
def few_places(request: HttpRequest, hierarchy: str, type_code: str) -> HttpResponse:
    """Give all places of a type that has few, as GeoJSON."""
    asked = ask(request, hierarchy=hierarchy)
    chosen = _chosen(asked, type_code)
    if asked.problem:
        return HttpResponse(asked.problem, status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
    key = ("few", hierarchy, chosen.key, _revision(asked, chosen), asked.on, get_language() or "")
    tag = f'"{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return _unchanged(tag)
    body = KEPT.get(key, lambda: json.dumps(_collection(asked, chosen)).encode())
    return _keepable(HttpResponse(body, content_type="application/geo+json"), tag)


@require_GET
@login_required
def geometry(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Give one object's geometry at the day as GeoJSON."""
    asked = ask(request)
    card = open_object(asked.actor, uid)
    wkb = geometry_at(card, asked.on)
    features = [] if wkb is None else [_feature(wkb, {"uid": card.uid, "kind": "chosen"})]
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type="application/geo+json")


def geometry_at(card: Card, on: date) -> bytes | None:
    """Give the latest geometry at a day (WKB)."""
    held = latest(card.state.geometry, on.isoformat())
    wkb = None if held is None else held["value"]
    return wkb if isinstance(wkb, bytes) else None


def _first(asked: Asked, drawn: list[VisibleType], card: Card | None) -> VisibleType:
    """Choose the type to show where nobody has: what is below the chosen object, else its own, else the top."""
    wanted = [] if card is None or asked.tree is None else [*asked.tree.below(card.state.type), card.state.type]
    return next((one for code in wanted for one in drawn if one.code == code), drawn[0])


def _chosen(asked: Asked, type_code: str) -> VisibleType:
    if asked.tree is None or type_code not in asked.tree.types:
        raise Http404
    return asked.tree.types[type_code]


def _above(asked: Asked, chosen: VisibleType) -> list[VisibleType]:
    if asked.tree is None:
        return []
    above = [asked.tree.types[code] for code in asked.tree.above(chosen.code) if code in asked.tree.types]
    return [one for one in above if one.geometry in _AREAS]


def _revision(asked: Asked, chosen: VisibleType) -> str:
    """Name the state of the data that the map is made of."""
    return ".".join(f"{one.key}-{one.revision}" for one in (*_above(asked, chosen), chosen))


def _bounds(asked: Asked, chosen: VisibleType) -> Box | None:
    """Give the box around the boundaries above, of which there are few, else around the type's own places."""
    for one in (*_above(asked, chosen)[:1], chosen):
        kept = KEPT.get(("bounds", one.key, one.revision), partial(_bounds_text, one.key))
        if kept:
            west, south, east, north = map(float, kept.decode().split(","))
            return west, south, east, north
    return None


def _bounds_text(type_key: int) -> bytes:
    return _written(places.bounds_of([type_key])).encode()


def _written(box: Box | None) -> str:
    if box is None:
        return ""
    west, south, east, north = box
    if east - west < _AROUND_A_POINT and north - south < _AROUND_A_POINT:
        west, south, east, north = (
            west - _AROUND_A_POINT,
            max(south - _AROUND_A_POINT, -90),
            east + _AROUND_A_POINT,
            min(north + _AROUND_A_POINT, 90),
        )
    return f"{west},{south},{east},{north}"


def _tile(asked: Asked, chosen: VisibleType, z: int, x: int, y: int) -> bytes:
    box = tile_box(z, x, y)
    own = places.places_in(box, [chosen.key], on=asked.on)
    above = _above(asked, chosen)
    around = places.places_in(box, [one.key for one in above], on=asked.on) if above else []
    return vector_tile(
        {
            "boundaries": [Feature(one.wkb, {"kind": "boundary"}) for one in around],
            "places": [Feature(one.wkb, _properties(one)) for one in own],
        },
        z,
        x,
        y,
    )


def _collection(asked: Asked, chosen: VisibleType) -> dict[str, object]:
    found = places.places_of(chosen.key, on=asked.on, limit=FEW + 1)
    around = [one for above in _above(asked, chosen) for one in places.places_of(above.key, on=asked.on, limit=FEW + 1)]
    off_by = _extent(found + around) * _OFF_BY
    return {
        "type": "FeatureCollection",
        "features": [
            *(_feature(simplified(one.wkb, off_by), {"kind": "boundary"}) for one in around),
            *(_feature(simplified(one.wkb, off_by), _properties(one)) for one in found),
        ],
    }


def _extent(found: Iterable[Place]) -> float:
    boxes = [bounds(one.wkb) for one in found]
    if not boxes:
        return 0.0
    return max(east for _, _, east, _ in boxes) - min(west for west, _, _, _ in boxes)


def _properties(place: Place) -> dict[str, str]:
    return {
        "uid": place.uid,
        "label": in_reader_language(place.label) if place.label else place.code,
        "kind": "problem" if place.invalid else "changed",
    }


def _feature(wkb: bytes, properties: dict[str, str]) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": to_geojson(wkb)}


def _keepable(answer: HttpResponse, tag: str) -> HttpResponse:
    answer["ETag"] = tag
    # Kept by the browser alone, which asks whether it still holds: rights may have changed.
    answer["Cache-Control"] = "private, no-cache"
    answer["Vary"] = "Cookie, Accept-Language"
    return answer


def _unchanged(tag: str) -> HttpResponse:
    return _keepable(HttpResponse(status=HTTPStatus.NOT_MODIFIED), tag)
