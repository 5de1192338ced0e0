"""The app that is installed in a DHIS2 and opens the registry from there: `cgr-dhis2-app.zip` (R10).

Made anew for each system, because the registry's address is known only where it runs. One zip for 2.31 to 2.43; what
each version asks of it is in verified fact S10 and api.md §7.
"""

from __future__ import annotations

import html
import io
import json
import zipfile
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from cgr.core.addresses import public_address
from cgr.core.localized import pick

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = "cgr-dhis2-app.zip"
"""Never another one: up to 2.42 the folder in which DHIS2 keeps the app is called by it."""

APP_KEY = "CGR"
"""Name and short name alike, letters only: up to 2.34 the app's key comes from the one, later from the other, with
different rules for what isn't a letter. With the same key a new upload takes the place of the former app; users need
the authority `M_CGR` to see it."""

_RELEASE = "1.0"  # of the files in `app/` and of what is written here; a change of either raises it
_ICON_SIZES = (16, 48, 128)
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say; the same input has to give the same bytes


def app_zip(label: Mapping[str, str], *, registry_url: str, changes: int = 0) -> bytes:
    """Give the app that opens the registry at `registry_url`, for the system with this localized label.

    `changes`: how often the system was changed so far, so that a later app has a higher version. BadInput when the
    address isn't one that a browser can be sent to.
    """
    address = public_address(registry_url) + "/"
    content = {"manifest.webapp": _manifest(label, address, changes), "index.html": _index(label, address)}
    content |= {name: _file(name) for name in ("redirect.js", "style.css", *map(_icon, _ICON_SIZES))}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in content.items():
            # Stored, not compressed: what a compressor gives differs from one build of it to another.
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), data, zipfile.ZIP_STORED)
    return stream.getvalue()


def _manifest(label: Mapping[str, str], address: str, changes: int) -> bytes:
    manifest = {
        "name": APP_KEY,
        "short_name": APP_KEY,
        "version": f"{_RELEASE}.{changes}",
        "description": f"Opens the Common Geo-Registry, where the organisation units of {_shown(label)} are kept.",
        "launch_path": "index.html",
        "appType": "APP",
        "icons": {str(size): _icon(size) for size in _ICON_SIZES},
        "developer": {"name": "Common Geo-Registry", "url": address},
        "default_locale": "en",
        # Without activities every version fails; "*" becomes the server's own address.
        "activities": {"dhis": {"href": "*"}},
    }
    return json.dumps(manifest, indent=1).encode("ascii")  # whatever charset a server reads it in


def _index(label: Mapping[str, str], address: str) -> bytes:
    page = Template(_file("index.html").decode("ascii")).substitute(
        address=html.escape(address), label=html.escape(_shown(label)), label_fr=html.escape(_shown(label, "fr"))
    )
    return page.encode("ascii", "xmlcharrefreplace")


def _shown(label: Mapping[str, str], locale: str = "en") -> str:
    text = pick(label, locale) or "this DHIS2"
    # On one line, because DHIS2 2.39 and later rewrite the page line by line, and without control characters.
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _icon(size: int) -> str:
    return f"icon-{size}.png"


def _file(name: str) -> bytes:
    return (files("cgr.dhis2") / "app" / name).read_bytes()
