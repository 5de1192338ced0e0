"""Makes a request of a recorded one: live ids, secrets and ETags in place of the recorded, bodies in their bytes."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from cgr.sandbox.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sandbox.recordings.recording import Exchange, Json


def live_request(exchange: Exchange, headers: dict[str, str], live: Callable[[str], str]) -> Request:
    """Make the request; `live` puts the live names into a text."""
    target = urlsplit(exchange.path)
    query = {
        key: [live(value) for value in (values if isinstance(values, list) else [values])]
        for key, values in exchange.query.items()
    }
    query |= parse_qs(target.query, keep_blank_values=True)
    return Request(exchange.method, unquote(live(target.path)), query, headers, _body(exchange.sent, live))


def _body(value: Json, live: Callable[[str], str]) -> bytes:
    match value:
        case None:
            return b""
        case str():
            return live(value).encode()
        case {"_binary_base64": str(text)}:
            return base64.b64decode(text)
        case {"_multipart": dict(parts)}:
            return _multipart(parts)
    return live(json.dumps(value, ensure_ascii=False)).encode()


def _multipart(parts: dict[str, Any]) -> bytes:
    pieces = []
    for part, file in parts.items():
        head = f'Content-Disposition: form-data; name="{part}"; filename="{file["filename"]}"'
        entries = file["zip_entries"]
        uploaded = _zip(entries) if isinstance(entries, dict) else b"not a zip"
        pieces.append(f"------recboundary\r\n{head}\r\nContent-Type: {file['content-type']}\r\n\r\n".encode())
        pieces += [uploaded, b"\r\n"]
    return b"".join([*pieces, b"------recboundary--\r\n"])


def _zip(entries: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in entries.items():
            # ZipInfo's own date, not the clock's: the same entries are the same bytes, and the same app folder on 2.43.
            archive.writestr(zipfile.ZipInfo(path), text)
    return stream.getvalue()
