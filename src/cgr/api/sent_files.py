"""A file that somebody sends with what is to be done with it: a form of several parts (multipart/form-data).

Django writes what arrives to disk; nothing here holds a file in memory.
"""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from cgr.api.bodies import check_media_type
from cgr.api.problems import Trouble, WrongRequest, too_large

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.files.uploadedfile import UploadedFile
    from django.http import HttpRequest

MULTIPART: Final = "multipart/form-data"
_FILE, _MAPPING = "file", "mapping"
_MOST_MAPPING_BYTES: Final = 2**20


class SentFile(Struct, frozen=True):
    """A file as one on this machine, what its sender calls it, and the mapping beside it. `digest`: of both."""

    path: Path
    name: str
    mapping: bytes
    digest: bytes


@contextmanager
def sent_file(request: HttpRequest) -> Iterator[SentFile]:
    """Give the parts `file` and `mapping` of a request; `WrongRequest` naming the part that is wrong.

    The mapping may be a part of either kind, a file of its own or a field.
    """
    check_media_type(request, MULTIPART)
    _check_parts(request)
    if not (file := request.FILES.get(_FILE)):
        raise _wrong(_FILE, "send it as a file, with a name.")
    mapping = _mapping(request)
    with TemporaryDirectory(prefix="cgr-sent-") as folder:
        path = Path(folder) / "file"
        digest = sha256(sha256(mapping).digest())
        with path.open("wb") as copy:
            for piece in file.chunks():
                digest.update(piece)
                copy.write(piece)
        yield SentFile(path, file.name or _FILE, mapping, digest.digest())


def _check_parts(request: HttpRequest) -> None:
    for part in {*request.FILES, *request.POST}:
        if part not in {_FILE, _MAPPING}:
            raise _wrong(part, "there is no such part here.")
        if len(request.FILES.getlist(part)) + len(request.POST.getlist(part)) > 1:
            raise _wrong(part, "it is there twice.")


def _mapping(request: HttpRequest) -> bytes:
    given: UploadedFile[bytes] | None = request.FILES.get(_MAPPING)
    if given is None and _MAPPING not in request.POST:
        raise _wrong(_MAPPING, "it is missing.")
    # One byte more than is taken tells that there are more, without reading them.
    mapping = str(request.POST[_MAPPING]).encode() if given is None else given.read(_MOST_MAPPING_BYTES + 1)
    if len(mapping) > _MOST_MAPPING_BYTES:
        raise too_large()
    return bytes(mapping)


def _wrong(part: str, message: str) -> WrongRequest:
    return WrongRequest(
        f"The part {part}: {message}",
        code="bad-body",
        next_step="Send one file as the part file, and one mapping of columns as the part mapping.",
        errors=(Trouble(message=message, field=part),),
    )
