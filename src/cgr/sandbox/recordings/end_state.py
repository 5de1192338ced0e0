"""Reads the state that a scenario leaves and compares it with what GET showed on the recorded server."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from cgr.sandbox.recordings.recorder import asked, content

if TYPE_CHECKING:
    from cgr.sandbox.recordings.comparison import Comparison
    from cgr.sandbox.recordings.credentials import Credentials
    from cgr.sandbox.recordings.recording import Json
    from cgr.sandbox.world import World

_UNIT_FIELDS: Final = (
    "id,name,shortName,code,comment,openingDate,closedDate,parent[id],path,level,geometry,featureType,coordinates,"
    "attributeValues[attribute[id],value],translations"
)
# The state named "organisationUnits" was read with these fields in some scenarios.
_OTHER_FIELDS: Final = {
    "12-create-geometry-forms": "id,geometry,featureType,coordinates",
    "23-move-stale-level": "id,parent[id],path,level",
    "29-authorities": "id,comment,parent[id]",
    "29-orgunit-scope": "id,comment,parent[id]",
}
_CHANGING_CLAIMS: Final = frozenset({"nbf", "exp", "iat", "jti"})
_JWT_PARTS: Final = 3


def end_state_differences(
    world: World,
    scenario: str,
    name: str,
    state: Json,
    *,
    comparison: Comparison,
    credentials: Credentials,
) -> list[str]:
    """Compare one named state; most are named by the path they were read from."""
    recorded: Any = state
    if name.startswith("/"):
        return _listed(recorded["body"], _read(world, name), comparison)
    match name:
        case "organisationUnits":
            return _units(world, scenario, recorded["body"], comparison)
        case "attributeValues stored":
            query = "fields=id,attributeValues[attribute[id],value]&paging=false&order=id:asc&filter=id:like:OuAttr"
            return comparison.json(recorded, _read(world, f"/api/organisationUnits?{query}"))
        case "summary":
            return _summary(world, recorded)
        case "access token (header, claims)":
            return _claims(recorded, credentials.access[-1] if credentials.access else "", comparison)
    return [f"no way is known to read the state {name!r}"]


def _read(world: World, target: str) -> Json:
    body = content(asked(world, target))
    try:
        live: Json = json.loads(body)
    except ValueError:
        live = body.decode("utf-8", "replace")
    return live


def _listed(recorded: Any, live: Any, comparison: Comparison) -> list[str]:  # noqa: ANN401 - any JSON
    """Compare lists, in any order where the server made ids: the order by id is another one then."""
    generated = bool(comparison.aliases.generated)
    if generated and isinstance(recorded, dict) and isinstance(live, dict) and recorded.keys() == live.keys():
        return [told for key, rows in recorded.items() for told in comparison.unordered(rows, live[key], f".{key}")]
    return comparison.json(recorded, live)


def _units(world: World, scenario: str, body: dict[str, Any], comparison: Comparison) -> list[str]:
    ids = [comparison.aliases.live_of.get(row["id"], row["id"]) for row in body["organisationUnits"]]
    fields = next((value for key, value in _OTHER_FIELDS.items() if scenario.startswith(key)), _UNIT_FIELDS)
    query = f"fields={fields}&paging=false&order=id:asc"
    if scenario == "12-create-geometry-forms":
        query += "&filter=id:like:OuGeo"
    elif "OuCountry01" not in ids:
        query += f"&filter=id:in:[{','.join(ids)}]"
    live = _read(world, f"/api/organisationUnits?{query}")
    match live:
        case {"organisationUnits": list(rows)}:
            # The order by id is another one where the server made an id.
            known: list[Any] = rows
            known.sort(key=lambda row: ids.index(row["id"]) if row["id"] in ids else len(ids))
    return comparison.json(body, live)


def _summary(world: World, rows: list[dict[str, Any]]) -> list[str]:
    """Compare what was stored of each value sent; what was accepted is compared by the exchanges themselves."""
    differences = []
    for number, row in enumerate(rows):
        unit = world.unit(f"OuAttr{number:05}") or {}
        values = [value.get("value") for value in unit.get("attributeValues", ())]
        stored = values[0] if values else None
        if stored != row["stored"]:
            differences.append(f"row {number}: stored {stored!r}, recorded {row['stored']!r}")
    return differences


def _claims(recorded: list[dict[str, Any]], token: str, comparison: Comparison) -> list[str]:
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        return ["the access token is no JWT"]
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in parts[:2])
    header.pop("kid", None)
    theirs, ours = (
        {name: None if name in _CHANGING_CLAIMS else value for name, value in side.items()}
        for side in (recorded[1], claims)
    )
    return comparison.json(recorded[0], header) + comparison.json(theirs, ours)
