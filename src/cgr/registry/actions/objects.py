"""Write many Geo-Objects: the file of `contract.md`, and drafts made by an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cgr.audit import actions as audit
from cgr.core.draft_rules import CheckedDraft, checked
from cgr.core.errors import BadInput
from cgr.core.objects_file import read_line
from cgr.registry.ahead import ahead
from cgr.registry.bulk.writer import Applied, BulkWriter
from cgr.registry.catalogue import catalogue
from cgr.registry.locking import lock_registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cgr.accounts.actors import Actor
    from cgr.core.draft_rules import Definitions
    from cgr.core.drafts import ObjectDraft

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMMENT = b"#"


class ObjectsRefused(BadInput):
    """Drafts can't be written; `applied.errors` says why for each, and nothing was written."""

    def __init__(self, applied: Applied) -> None:
        """Speak about the first of the errors."""
        first, count = applied.errors[0], len(applied.errors)
        others = f" ({count - 1} more have problems too)" if count > 1 else ""
        super().__init__(
            f"Object {first.line}: {first.message}{others}",
            code="objects-refused",
            next_step="Correct what is named and try again; nothing was written.",
        )
        self.applied = applied


def apply_objects(actor: Actor, lines: Iterable[bytes], *, preview: bool, source: str = "objects file") -> Applied:
    """Apply a Geo-Objects file, line by line: all of it or, with errors, nothing. `preview` writes nothing in any case.

    `source` is what the audit log calls the file. Blank lines and comments (`#` first) are skipped and counted.
    """
    with transaction.atomic():
        writer, definitions = _writer(actor)
        for number, draft in ahead(_read(lines, definitions)):
            if isinstance(draft, BadInput):
                writer.refuse(number, draft.message)
            else:
                writer.add(draft)
            if writer.is_refused:
                break
        applied = _finish(actor, writer, source)
        if preview:
            transaction.set_rollback(True)
    return applied


@transaction.atomic
def write_objects(actor: Actor, drafts: Iterable[ObjectDraft], *, source: str) -> Applied:
    """Write drafts in one transaction; raise ObjectsRefused, with nothing written, when one of them can't be.

    `source` is what the audit log names as their origin, like `import 12`. Parents may come after their children.
    """
    writer, _ = _writer(actor)
    for draft in drafts:
        writer.add(draft)
        if writer.is_refused:
            break
    applied = _finish(actor, writer, source)
    if applied.errors:
        raise ObjectsRefused(applied)
    return applied


def _read(lines: Iterable[bytes], definitions: Definitions) -> Iterator[tuple[int, CheckedDraft | BadInput]]:
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        if not text.strip() or text.startswith(_COMMENT):
            continue
        try:
            yield number, checked(read_line(text, number), definitions)
        except BadInput as problem:
            yield number, problem


def _writer(actor: Actor) -> tuple[BulkWriter, Definitions]:
    lock_registry()
    known = catalogue(actor)
    return BulkWriter(actor, known), known.definitions


def _finish(actor: Actor, writer: BulkWriter, source: str) -> Applied:
    applied = writer.finish()
    if applied.errors:
        transaction.set_rollback(True)
    elif applied.created or applied.changed:
        audit.record(
            actor,
            "apply",
            kind="geo-objects",
            subject=source,
            after={"created": applied.created, "changed": applied.changed, "unchanged": applied.unchanged},
        )
    return applied
