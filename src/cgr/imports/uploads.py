"""Files that people bring on a page: looked at, kept while somebody says what the columns are, then imported (R3.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, organizations_where, require, unknown
from cgr.accounts.queries import organization as find_organization
from cgr.audit.actions import record
from cgr.core.rows import columns_problem
from cgr.core.rows.mapping import refused
from cgr.files import Choice
from cgr.files.looking import Look, look_at
from cgr.imports.background import queue_file_import
from cgr.imports.kept_files import keep_file, uploaded_file
from cgr.imports.models import Upload

if TYPE_CHECKING:
    from pathlib import Path

    from cgr.accounts.actors import Actor
    from cgr.imports.files import FileRequest
    from cgr.runs.models import Run

DAYS_KEPT: Final = 7
"""After which a file that was brought is removed, whatever became of it; a run keeps its own until it has ended."""

_LONGEST_NAME: Final = 200
_LISTED: Final = 20


def keep_upload(actor: Actor, path: Path, *, organization: str, name: str) -> Upload:
    """Look at a file that somebody brought and keep it; `path`: where it lies now, `name`: what they call it.

    Raises BadInput, with what to do, for what can't be or mustn't be read: nothing of it is kept.
    """
    require(actor, Permission.MANAGE_RUNS, organization=organization)
    owner = find_organization(actor, organization)
    look = look_at(path, Choice())
    with transaction.atomic():
        upload = Upload.objects.create(
            organization=owner,
            name=name[-_LONGEST_NAME:],
            size=path.stat().st_size,
            look=msgspec.to_builtins(look),
            by=actor.name,
            at=timezone.now(),
        )
        with path.open("rb") as stream:
            keep_file(upload, stream)
        record(actor, "create", kind="upload", subject=upload.name, organization=organization)
    return upload


def uploads(actor: Actor) -> list[Upload]:
    """Give the newest files that wait where the actor may run imports."""
    where = organizations_where(actor, Permission.MANAGE_RUNS)
    found = Upload.objects.select_related("organization").order_by("-id")
    return list((found if where is None else found.filter(organization__code__in=where))[:_LISTED])


def upload(actor: Actor, key: int) -> Upload:
    """Give one file; NotAllowed when there is none, or the actor may not run imports for its organization."""
    where = organizations_where(actor, Permission.MANAGE_RUNS)
    found = Upload.objects.select_related("organization").filter(pk=key)
    row = (found if where is None else found.filter(organization__code__in=where)).first()
    if row is None:
        raise unknown("file", str(key))
    return row


def upload_of(run: Run) -> Upload | None:
    """Give the file of a run that was begun on a page, while it is there; the caller was given the run."""
    return Upload.objects.filter(run=run).first()


def look_of(upload: Upload) -> Look:
    """Give what was seen in a file."""
    return msgspec.convert(upload.look, Look)


def look_again(actor: Actor, upload: Upload, choice: Choice) -> None:
    """Read a file in another way: another sheet, encoding or delimiter. BadInput leaves it as it was."""
    require(actor, Permission.MANAGE_RUNS, organization=upload.organization.code)
    with uploaded_file(upload) as path:
        upload.look = msgspec.to_builtins(look_at(path, choice))
    upload.choice = msgspec.to_builtins(choice)
    upload.save(update_fields=["look", "choice"])


def keep_said(actor: Actor, upload: Upload, said: dict[str, str]) -> None:
    """Keep what somebody has said so far about the columns, so that nothing that was typed is lost."""
    require(actor, Permission.MANAGE_RUNS, organization=upload.organization.code)
    upload.said = said
    upload.save(update_fields=["said"])


def queue_upload(actor: Actor, upload: Upload, request: FileRequest) -> Run:
    """Have a worker make the preview of importing a file that was brought."""
    require(actor, Permission.MANAGE_RUNS, organization=upload.organization.code)
    if problem := columns_problem(request.mapping, upload.look["columns"]):
        raise refused(problem)
    with transaction.atomic(), uploaded_file(upload) as path:
        run = queue_file_import(actor, path, request, preview=True)
        upload.run = run
        upload.save(update_fields=["run"])
    return run


@transaction.atomic
def discard_upload(actor: Actor, upload: Upload) -> None:
    """Remove a file that nobody wants to import any more; a run that was begun with it has its own."""
    require(actor, Permission.MANAGE_RUNS, organization=upload.organization.code)
    record(actor, "delete", kind="upload", subject=upload.name, organization=upload.organization.code)
    Upload.objects.filter(pk=upload.pk).delete()


def forget_old_uploads(actor: Actor) -> int:
    """Remove the files that were brought more than some days ago, and say how many. For the periodic job."""
    require(actor, Permission.MANAGE_ORGANIZATIONS, organization="")
    old = Upload.objects.filter(at__lt=timezone.now() - timedelta(days=DAYS_KEPT))
    count = old.count()
    if count:
        old.delete()
        record(actor, "forget", kind="upload", subject="brought and not imported", after={"files": count})
    return count
