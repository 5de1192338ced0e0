"""Apps: upload, list, menu, their files, the global shell of 2.42+, deletion (verified fact S10)."""

from __future__ import annotations

import hashlib
import mimetypes
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.app_packages import App, open_package, uploaded_file
from cgr.sandbox.container import container_error
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.routes import ROUTER

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_INDEX: Final = "index.html"
_MANAGE: Final = "M_dhis-web-app-management"
# 2.37 to 2.41 delete in the background and refuse a package with the same key meanwhile.
_DELETING: Final = timedelta(minutes=2)
_NO_FILE: Final = ("Required request part 'file' is not present", "Required part 'file' is not present.")
_SHOWN: Final = (
    "version", "name", "description", "icons", "developer", "activities", "launch_path", "default_locale",
)  # fmt: skip
_NO_STORE: Final = {"cache-control": "no-cache, no-store, max-age=0, must-revalidate"}


class Apps(msgspec.Struct):
    """The apps of a world by key, and which keys are being deleted until when (seconds since 1970)."""

    installed: dict[str, App] = msgspec.field(default_factory=dict)
    deleting: dict[str, float] = msgspec.field(default_factory=dict)


@ROUTER.route("POST", "/api/apps")
def install(world: World, request: Request) -> Response:
    """Install an uploaded package."""
    if not request.actor.has(_MANAGE):
        return messages.forbidden(world)
    upload = uploaded_file(request.headers.get("content-type", ""), request.body)
    if upload is None:
        return container_error(world, request, 400, _NO_FILE[world.version >= (2, 42)])
    package = open_package(world, upload)
    apps = world.state(Apps)
    if apps.deleting.get(package.key, 0) > world.clock().timestamp():
        return messages.problem(world, 409, "App is currently being deleted. Please try again after few minutes.")
    app = package.app(world)
    if world.version >= (2, 43):
        app.folder = f"apps/{app.key}_{hashlib.sha384(upload.content).hexdigest()[:44]}"
    apps.installed[app.key] = app
    request.written = True
    return json_response(_described(world, app), 201) if world.version >= (2, 42) else Response(204, b"", "")


@ROUTER.route("PUT", "/api/apps")
def reload(world: World, request: Request) -> Response:
    """Read the installed apps again."""
    return Response(204, b"", "") if request.actor.has(_MANAGE) else messages.forbidden(world)


@ROUTER.route("GET", "/api/apps")
def listed(world: World, request: Request) -> Response:
    """List the apps the user may see, or the one with this key."""
    apps = [app for app in world.state(Apps).installed.values() if _may_see(request, app)]
    if key := request.first("key"):
        apps = [app for app in apps if app.key == key]
    return json_response([_listed(world, request, app) for app in apps])


@ROUTER.route("GET", "/api/apps/menu")
def menu(world: World, request: Request) -> Response:
    """Give the entries of the apps menu; up to 2.38 there was no such path."""
    if world.version < (2, 39):
        return _no_app(world, "menu")
    apps = [app for app in world.state(Apps).installed.values() if _may_see(request, app)]
    return json_response({"modules": [_module(world, request, app) for app in apps]})


@ROUTER.route("DELETE", "/api/apps/{key}")
def delete(world: World, request: Request) -> Response:
    """Delete an app."""
    if not request.actor.has(_MANAGE):
        return messages.forbidden(world)
    key = request.args["key"]
    apps = world.state(Apps)
    if key not in apps.installed:
        return messages.problem(world, 404, f"App does not exist: {key}")
    del apps.installed[key]
    if (2, 37) <= world.version < (2, 42):
        apps.deleting[key] = (world.clock() + _DELETING).timestamp()
    request.written = True
    return Response(204, b"", "")


@ROUTER.route("GET", "/api/apps/{key}")
def folder(world: World, request: Request) -> Response:
    """Serve the folder of an app: with a slash at the end its index page, without one it depends."""
    key = request.args["key"]
    if request.path.endswith("/"):
        if world.version < (2, 36):
            return messages.problem(
                world, 500, "/opt/dhis2 (Is a directory)" if world.version < (2, 34) else "Is a directory"
            )
        return _served(world, request, key, _INDEX)
    if world.version < (2, 36):
        return messages.problem(world, 500, "File /opt/dhis2 cannot be read")
    if world.version < (2, 39):
        return container_error(world, request, 404)
    return Response(302, b"", "", {"location": f"{request.origin}/api/apps/{key}/"})


@ROUTER.route("GET", "/api/apps/{key}/{path*}")
def file(world: World, request: Request) -> Response:
    """Serve a file of an app."""
    return _served(world, request, request.args["key"], request.args["path"])


@ROUTER.route("GET", "/apps/{key}")
def shell(world: World, request: Request) -> Response:
    """Answer where 2.42 and later have the global shell: without a front end there is nothing."""
    if world.version[:2] in {(2, 35), (2, 36)}:
        return messages.sign_in_wanted(world, request)
    told = f"The requested resource [{request.path}] is not available" if world.version < (2, 35) else ""
    return container_error(world, request, 404, told)


def _served(world: World, request: Request, key: str, path: str) -> Response:
    if (
        path == _INDEX
        and world.version >= (2, 42)
        and "false" not in (request.first("shell"), request.first("redirect"))
    ):
        return Response(302, b"", "", {"location": f"{request.origin}/apps/{key}", **_NO_STORE})
    app = world.state(Apps).installed.get(key)
    if app is None:
        return _no_app(world, key)
    if not _may_see(request, app):
        return messages.forbidden(world)
    if path == "manifest.webapp":
        return _manifest(world, request, app)
    if path not in app.files:
        return (
            messages.problem(world, 500, "File /opt/dhis2 cannot be read")
            if world.version < (2, 36)
            else container_error(world, request, 404)
        )
    return _file(world, request, path, app.files[path])


def _file(world: World, request: Request, path: str, content: bytes) -> Response:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if kind == "text/javascript" and world.version >= (2, 43):
        kind = "application/javascript"
    etag = f'"0{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    headers = dict(_NO_STORE) if path == _INDEX and world.version >= (2, 42) else {}
    if not (2, 37) <= world.version < (2, 42):
        headers["etag"] = etag
        if request.headers.get("if-none-match") == etag:
            return Response(304, b"", "", headers)
    if path == _INDEX:
        content = _index_page(world, request, content)
    return Response(200, content, f"{kind};charset=UTF-8", headers)


def _index_page(world: World, request: Request, content: bytes) -> bytes:
    """Rewrite the index page as newer versions do: line by line, 2.43 with the server's address in it."""
    if world.version >= (2, 43):
        address = f'<meta name="dhis2-base-url" content="{request.origin}" />'.encode()
        content = content.replace(b"<head>", b"<head>" + address, 1)
    return content + b"\n" if world.version >= (2, 39) else content


def _manifest(world: World, request: Request, app: App) -> Response:
    shown = _listed(world, request, app)
    activities = msgspec.json.decode(msgspec.json.encode(shown["activities"]))
    if activities.get("dhis", {}).get("href") == "*":
        activities["dhis"]["href"] = request.origin
    response = json_response(shown | {"activities": activities})
    if world.version < (2, 42):
        response.content_type = ""
    return response


def _described(world: World, app: App) -> dict[str, Any]:
    """Give the app as the reply to its upload."""
    shown = {name: app.manifest[name] for name in _SHOWN if app.manifest.get(name) is not None}
    shown |= {
        "key": app.key,
        "appType": "APP",
        "appStorageSource": "JCLOUDS",
        "appState": "OK",
        "folderName": app.folder,
    }
    if world.version >= (2, 36):
        shown |= {"short_name": app.manifest["short_name"], "authorities": [], "bundled": False, "core_app": False}
    if world.version >= (2, 42):
        shown["shortcuts"] = []
        for name, display in (("name", "displayName"), ("description", "displayDescription")):
            if name in shown:
                shown[display] = shown[name]
    return shown


def _listed(world: World, request: Request, app: App) -> dict[str, Any]:
    """Give the app with its addresses."""
    base = f"{request.origin}/api/apps/{app.key}"
    shown = _described(world, app)
    if "name" in shown and "launch_path" in shown:
        shown["launchUrl"] = f"{base}/{shown['launch_path']}"
    if world.version >= (2, 36):
        shown["baseUrl"] = base
    if world.version >= (2, 42):
        shown["basePath"] = f"/api/apps/{app.key}"
    return shown


def _module(world: World, request: Request, app: App) -> dict[str, Any]:
    shown = _listed(world, request, app)
    module = {"name": app.key, "namespace": f"/api/apps/{app.key}", "defaultAction": shown.get("launchUrl")}
    for name in ("displayName", "description", "displayDescription", "version", "shortcuts"):
        if name in shown:
            module[name] = shown[name]
    icons = shown.get("icons", {})
    if "48" in icons:
        module["icon"] = f"{request.origin}/api/apps/{app.key}/{icons['48']}"
    return module


def _may_see(request: Request, app: App) -> bool:
    letters = "".join(sign for sign in str(app.manifest.get("name")) if sign.isalnum() or sign in " _-")
    return request.actor.has("M_" + letters.strip().replace(" ", "_"), _MANAGE)


def _no_app(world: World, key: str) -> Response:
    return messages.problem(world, 404, f"App '{key}' not found.")
