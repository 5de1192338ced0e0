"""Files that wait in the database: for a worker, which may be on another machine, or for what their columns are."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cgr.core.errors import BadInput
from cgr.imports.models import FilePiece, Upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from django.db.models import QuerySet

    from cgr.runs.models import Run

_PIECE_BYTES = 4 * 2**20


def keep_file(owner: Run | Upload, stream: BinaryIO) -> None:
    """Keep a file for a run, or one that was brought, piece by piece; the caller has a transaction open."""
    number = 0
    of_whom = {"upload": owner} if isinstance(owner, Upload) else {"run": owner}
    while content := stream.read(_PIECE_BYTES):
        FilePiece.objects.create(number=number, content=content, **of_whom)
        number += 1


@contextmanager
def kept_file(run: Run) -> Iterator[Path]:
    """Give the file of a run as one on this machine, for as long as it is read; BadInput where it isn't kept."""
    with _on_this_machine(FilePiece.objects.filter(run=run)) as path:
        if not path.stat().st_size:
            raise not_kept(run)
        yield path


@contextmanager
def uploaded_file(upload: Upload) -> Iterator[Path]:
    """Give a file that was brought as one on this machine, for as long as it is read."""
    with _on_this_machine(FilePiece.objects.filter(upload=upload)) as path:
        yield path


@contextmanager
def _on_this_machine(pieces: QuerySet[FilePiece]) -> Iterator[Path]:
    with TemporaryDirectory(prefix="cgr-kept-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as file:
            for piece in pieces.order_by("number").iterator(chunk_size=1):
                file.write(piece.content)
        yield path


def forget_file(run: Run) -> None:
    """Take the file of a run away."""
    FilePiece.objects.filter(run=run).delete()


def forget_upload_of(run: Run) -> None:
    """Take the file away that a run was begun with on a page: it is imported."""
    Upload.objects.filter(run=run).delete()


def not_kept(run: Run) -> BadInput:
    """Say that the file of a run is gone."""
    return BadInput(
        f"The file of run {run.pk} isn't kept.",
        code="run-not-startable",
        next_step="Import the file again: cgr import file",
    )
