"""What the server says about itself: system info, identifiers, settings, ping, the way in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import msgspec

from cgr.sandbox.field_lists import parse_fields
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.messages import problem, sign_in_wanted
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.uids import new_uid

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_MOST_IDS: Final = 10_000
_BEGINNING: Final = "1970-01-01T00:00:00.000"
_LOGGING: Final = {
    "level": "INFO", "format": "TEXT", "consoleEnabled": True, "consoleLevel": "INFO", "consoleFormat": "TEXT",
    "fileEnabled": False, "fileName": "dhis2.log", "fileLevel": "INFO", "fileFormat": "JSON", "kafkaEnabled": False,
    "kafkaLevel": "INFO", "kafkaFormat": "JSON", "kafkaTopic": "dhis2-log",
}  # fmt: skip
_MACHINE: Final = (
    "fileStoreProvider", "nodeId", "javaVendor", "osName", "osArchitecture", "osVersion", "externalDirectory",
    "memoryInfo", "cpuCores",
)  # fmt: skip
_NEVER_RUN: Final = {
    "lastAnalyticsTableSuccess": _BEGINNING,
    "intervalSinceLastAnalyticsTableSuccess": "498727 h, 47 m, 36 s",
    "lastAnalyticsTableRuntime": "",
    "lastSystemMonitoringSuccess": _BEGINNING,
    "lastAnalyticsTablePartitionSuccess": _BEGINNING,
    "intervalSinceLastAnalyticsTablePartitionSuccess": "498727 h, 47 m, 36 s",
    "lastAnalyticsTablePartitionRuntime": "",
    "systemMetadataVersion": "",
    "lastMetadataVersionSyncAttempt": _BEGINNING,
}


@ROUTER.route("GET", "/api/system/info")
def system_info(world: World, request: Request) -> Response:
    """Say which version this is and what its clock shows."""
    info = _info(world, request)
    asked = parse_fields(request.first("fields")).wanted
    if asked and world.version >= (2, 37):
        info = {name: value for name, value in info.items() if name in asked}
    return json_response(info)


def _info(world: World, request: Request) -> dict[str, object]:
    version = world.version
    info: dict[str, object] = {
        "contextPath": request.origin,
        "userAgent": request.headers.get("user-agent", ""),
        "calendar": world.settings.get("keyCalendar", "iso8601"),
        "dateFormat": "yyyy-mm-dd",
        "serverDate": world.now(),
        "version": world.release,
        "revision": world.revision,
        "buildTime": world.built,
        "encryption": True,
        "emailConfigured": False,
        "redisEnabled": False,
        "isMetadataVersionEnabled": False,
        "systemId": world.system_id,
        "systemName": "DHIS 2",
        "jasperReportsVersion": "6.20.0" if version >= (2, 38) else "6.3.1",
    }
    info |= dict.fromkeys(("environmentVariable", "databaseInfo"), "sandbox")
    if request.actor.is_superuser:
        info |= {"readOnlyMode": "off", "readReplicaCount": 0}
        info["javaVersion"] = "17.0.15" if version >= (2, 39) else "11.0.13"
        info |= dict.fromkeys(_MACHINE, "sandbox")
    if version >= (2, 35):
        info |= {"serverTimeZoneId": "Etc/UTC", "serverTimeZoneDisplayName": "Coordinated Universal Time"}
    if version >= (2, 34):
        info |= {"instanceBaseUrl": request.origin, "clusterHostname": "sandbox"}
    if version < (2, 37):
        info["metadataSyncEnabled"] = False
    if version < (2, 35) and request.actor.is_superuser:
        info["metadataAudit"] = {"persist": False, "log": False} if version < (2, 34) else {"log": False}
    if version < (2, 34):
        info |= {"cacheProvider": "ehcache", "logging": _LOGGING}
    if version >= (2, 41):
        info |= _NEVER_RUN
    if version >= (2, 43):
        info |= {"sessionTimeout": 3600, "capability": {"analyticsTotalCounts": False}}
    return info


@ROUTER.route("GET", "/api/system/id")
@ROUTER.route("GET", "/api/system/uid")
def system_ids(world: World, request: Request) -> Response:
    """Make identifiers; nothing is reserved."""
    text = request.first("limit", "1")
    try:
        limit = int(text)
    except ValueError:
        return _not_a_number(world, text)
    return json_response({"codes": [new_uid() for _ in range(min(limit, _MOST_IDS))]})


def _not_a_number(world: World, text: str) -> Response:
    if world.version >= (2, 39):
        return problem(world, 400, f"Value '{text}' is not valid for parameter limit. For input string: \"{text}\"")
    if world.version >= (2, 37):
        return problem(world, 400, f"Value {text} is not a valid Integer.")
    return problem(world, 500, f'For input string: "{text}"')


@ROUTER.route("GET", "/api/systemSettings")
def system_settings(world: World, request: Request) -> Response:
    """Give the settings asked for; the locale of the database is told from 2.41 on only."""
    asked = request.query.get("key") or list(world.settings)
    hidden = {"keyDbLocale"} if world.version < (2, 41) else set()
    return json_response({key: world.settings[key] for key in asked if key in world.settings and key not in hidden})


@ROUTER.route("GET", "/api/system/ping")
def system_ping(world: World, _: Request) -> Response:
    """Answer pong; 2.31 finds no form in which it could."""
    if world.version < (2, 34):
        return problem(world, 406, "Could not find acceptable representation")
    return Response(200, b"pong")


@ROUTER.route("GET", "/api/ping", anonymous=True)
def ping(world: World, request: Request) -> Response:
    """Answer without credentials from 2.41 on."""
    if world.version >= (2, 41):
        return Response(200, b"", "")
    return sign_in_wanted(world, request) if request.user is None else Response(200, b"", "")


@ROUTER.route("GET", "/api")
def api_root(_: World, request: Request) -> Response:
    """Send to the list of resources."""
    return Response(302, b"", "", {"location": f"{request.origin}/api/resources"})


@ROUTER.route("GET", "/", anonymous=True)
def web_root(world: World, request: Request) -> Response:
    """Send to the login page, or to the old start page."""
    if world.version < (2, 35):
        return Response(302, b"", "", {"location": "dhis-web-commons-about/redirect.action"})
    if world.version[:2] == (2, 38):  # recorded without the web front end
        response = world.unknown_path(request)
        response.cookies = (world.session_cookie(secrets.token_hex(16).upper()),)
        return response
    return sign_in_wanted(world, request)


@ROUTER.route("POST", "/api/auth/login", anonymous=True)
def sign_in(world: World, request: Request) -> Response:
    """Open a session from 2.41 on."""
    if world.version < (2, 41):
        return sign_in_wanted(world, request)
    given = msgspec.json.decode(request.body or b"{}")
    user = world.user_named(str(given.get("username", "")))
    if user is None or user.password != given.get("password"):
        return problem(world, 401, "Bad credentials")
    response = json_response({"loginStatus": "SUCCESS", "redirectUrl": "/"})
    response.cookies = (world.open_session(user),)
    return response
