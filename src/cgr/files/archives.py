"""Look into a ZIP archive before anything of it is unpacked: bombs, archives in archives, and paths that lead away."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from cgr.files.limits import MOST_TIMES_UNPACKED, MOST_UNPACKED_BYTES, too_large, unreadable

if TYPE_CHECKING:
    from pathlib import Path

_MOST_MEMBERS: Final = 2_000
_ARCHIVES: Final = frozenset({".zip", ".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz"})
_SMALL: Final = 2**20


def members_of(path: Path) -> list[str]:
    """Give the names of an archive's files; BadInput when it is damaged, or hostile."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise unreadable(f"The archive is damaged: {error}.", "Make it anew and try again.") from error
    if len(members) > _MOST_MEMBERS:
        raise too_large(f"the archive holds {len(members):,} files")
    unpacked = sum(member.file_size for member in members)
    packed = max(path.stat().st_size, 1)
    if unpacked > MOST_UNPACKED_BYTES or (unpacked > _SMALL and unpacked > packed * MOST_TIMES_UNPACKED):
        raise too_large(f"{packed:,} bytes would unpack to {unpacked:,}")
    for member in members:
        _check_name(member)
    return [member.filename for member in members if not member.is_dir()]


def unpack(path: Path, names: list[str], into: Path) -> None:
    """Unpack these files, each under its plain name, never more of one than the archive says it holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in names:
                size = archive.getinfo(name).file_size
                with archive.open(name) as source, (into / PurePosixPath(name).name).open("xb") as target:
                    left = size + 1
                    while left and (piece := source.read(min(left, _SMALL))):
                        left -= len(piece)
                        target.write(piece)
                    if not left:
                        raise too_large(f"{name} holds more than the archive says")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise unreadable(f"The archive can't be unpacked: {error}.", "Make it anew, without a password.") from error


def _check_name(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\x00" in member.filename or ":" in member.filename:
        raise unreadable(
            f"The archive holds a file whose name leads out of it: {member.filename!r}.", "Make the archive anew."
        )
    if path.suffix.lower() in _ARCHIVES:
        raise unreadable(
            f"The archive holds another archive: {path.name}.", "Unpack the inner one and give what it holds."
        )
