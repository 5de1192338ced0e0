"""Reads an uploaded app: the zip, its manifest, the key it gets; what a package may lack differs by version (S10)."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox.messages import Refused, problem, web_message

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_MANIFEST: Final = "manifest.webapp"
_UNREADABLE: Final = "Zip file could not be read"
_NO_MANIFEST: Final = "Manifest file missing from zip file"
_BAD_MANIFEST: Final = "Invalid JSON in app manifest file"
_NO_ACTIVITIES: Final = (
    'Cannot invoke "org.hisp.dhis.appmanager.AppActivities.getDhis()" because the return value of '
    '"org.hisp.dhis.appmanager.App.getActivities()" is null'
)


class App(msgspec.Struct):
    """An installed app: its manifest as read, the folder it lies in and its files by path."""

    key: str
    manifest: dict[str, Any]
    folder: str
    files: dict[str, bytes]


@dataclass(slots=True, frozen=True)
class Upload:
    """A part of a multipart body."""

    filename: str
    content: bytes


def uploaded_file(content_type: str, body: bytes) -> Upload | None:
    """Find the part named `file` of a multipart body; None if there is none."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if boundary is None:
        return None
    for part in body.split(b"--" + boundary[1].encode())[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        names = dict(re.findall(r'\b(name|filename)="([^"]*)"', head.decode("utf-8", "replace")))
        if names.get("name") == "file":
            return Upload(names.get("filename", ""), content.removesuffix(b"\r\n"))
    return None


@dataclass(slots=True, frozen=True)
class Package:
    """A package that could be opened, not yet checked further."""

    key: str
    manifest: dict[str, Any]
    folder: str
    files: dict[str, bytes]

    def app(self, world: World) -> App:
        """Make the app that is installed; raises Refused where the manifest lacks what this version stumbles over."""
        _check_manifest(world, self.manifest)
        return App(self.key, self.manifest, self.folder, self.files)


def open_package(world: World, upload: Upload) -> Package:
    """Open an uploaded package; raises Refused with the reply of this version when it can't be read."""
    files = _files(world, upload.content)
    manifest = _manifest(world, files)
    if manifest.get("name") is None and world.version < (2, 36):
        raise _refused(world, 500, None)
    if world.version >= (2, 36) and manifest.get("short_name") is None:
        manifest["short_name"] = manifest.get("name")
    return Package(_key(world, manifest), manifest, "apps/" + upload.filename.rpartition(".")[0], files)


def _files(world: World, content: bytes) -> dict[str, bytes]:
    """Give the files by path; from 2.39 on everything may lie in one folder, whose name is dropped."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError):
        raise _refused(world, 409, _UNREADABLE if world.version < (2, 39) else _NO_MANIFEST) from None
    if world.version < (2, 39):
        return files
    if any(".." in name.split("/") for name in files):
        raise _refused(world, 409, _UNREADABLE)
    folders = [
        name.removesuffix(_MANIFEST) for name in files if name.count("/") == 1 and name.endswith("/" + _MANIFEST)
    ]
    if _MANIFEST not in files and folders:
        return {name.removeprefix(folders[0]): text for name, text in files.items() if name.startswith(folders[0])}
    return files


def _manifest(world: World, files: dict[str, bytes]) -> dict[str, Any]:
    if _MANIFEST not in files:
        minor = world.version[:2]
        told = {
            (2, 40): "entry",
            (2, 43): 'Cannot invoke "String.length()" because "appKey" is null',
        }
        raise _refused(world, 500, told[minor]) if minor in told else _refused(world, 409, _NO_MANIFEST)
    try:
        return msgspec.json.decode(files[_MANIFEST], type=dict[str, Any])
    except msgspec.DecodeError:
        raise _refused(world, 409, _BAD_MANIFEST if world.version < (2, 39) else _NO_MANIFEST) from None


def _check_manifest(world: World, manifest: dict[str, Any]) -> None:
    """Refuse what makes the server fail: a null pointer of its own, told with a text only from 2.40 on."""
    if "activities" not in manifest and world.version >= (2, 40):
        manifest["activities"] = {"dhis": {}}
    if manifest.get("activities") is None:
        raise _refused(world, 500, _NO_ACTIVITIES if world.version >= (2, 40) else None)
    if manifest.get("version") is None and world.version[:2] == (2, 42):
        raise _refused(world, 500, 'Cannot invoke "String.equals(Object)" because "version" is null')


def _key(world: World, manifest: dict[str, Any]) -> str:
    named = str(manifest["name"] if world.version < (2, 36) else manifest["short_name"])
    return re.sub(r" +", "-", re.sub(r"[^A-Za-z0-9 -]", "", named))


def _refused(world: World, status: int, message: str | None) -> Refused:
    return Refused(problem(world, status, message) if message is not None else web_message(status))
