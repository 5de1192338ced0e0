"""Files that wait in the database for a worker, which may be on another machine, until their run has ended."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cgr.core.errors import BadInput
from cgr.imports.models import FilePiece

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from cgr.runs.models import Run

_PIECE_BYTES = 4 * 2**20


def keep_file(run: Run, stream: BinaryIO) -> None:
    """Keep a file for a run, piece by piece; the caller has a transaction open."""
    number = 0
    while content := stream.read(_PIECE_BYTES):
        FilePiece.objects.create(run=run, number=number, content=content)
        number += 1


@contextmanager
def kept_file(run: Run) -> Iterator[Path]:
    """Give the file of a run as one on this machine, for as long as it is read; BadInput where it isn't kept."""
    pieces = FilePiece.objects.filter(run=run).order_by("number")
    with TemporaryDirectory(prefix="cgr-kept-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as file:
            for piece in pieces.iterator(chunk_size=1):
                file.write(piece.content)
        if not path.stat().st_size:
            raise not_kept(run)
        yield path


def forget_file(run: Run) -> None:
    """Take the file of a run away."""
    FilePiece.objects.filter(run=run).delete()


def not_kept(run: Run) -> BadInput:
    """Say that the file of a run is gone."""
    return BadInput(
        f"The file of run {run.pk} isn't kept.",
        code="run-not-startable",
        next_step="Import the file again: cgr import file",
    )
