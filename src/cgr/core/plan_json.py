"""A plan as JSON: for people and scripts as in contract.md, for storage without loss, and as a digest to consent to."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from cgr.core.changes import Change, FieldChange, Note, ObjectRef, Plan, Problem
from cgr.core.plan_words import NO_NAMES, Names, field_words, group_words

if TYPE_CHECKING:
    from collections.abc import Mapping

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Plan)


def encode(plan: Plan) -> bytes:
    """Write a plan whole; the same plan always gives the same bytes."""
    return _encoder.encode(plan)


def decode(data: bytes) -> Plan:
    """Read back what `encode` wrote."""
    return _decoder.decode(data)


def digest(plan: Plan) -> str:
    """Give the name of exactly this plan: what is applied is what was reviewed (R9.1)."""
    return f"sha256:{hashlib.sha256(encode(plan)).hexdigest()}"


def change_json(change: Change, names: Names = NO_NAMES) -> dict[str, Any]:
    """Give one change in the shape of contract.md, with the words of each field and the names of the groups beside."""
    return {
        "kinds": [kind.value for kind in change.kinds],
        "object": _object(change.object),
        "uid": change.uid,
        "level": change.level,
        "fields": change_fields_json(change.fields, names),
        "groups": list(change.groups),
        "group_names": group_words(change, names),
    }


def change_fields_json(fields: Mapping[str, FieldChange], names: Names) -> dict[str, Any]:
    """Give fields before and after in the shape of contract.md, with the words of each beside."""
    return {key: _field(key, field, names) for key, field in fields.items()}


def problem_json(problem: Problem) -> dict[str, Any]:
    """Give one problem in the shape of contract.md."""
    return {
        "code": problem.code.value,
        "object": _object(problem.object),
        "uid": problem.uid,
        "level": problem.level,
        "message": problem.message,
        "next_step": problem.next_step,
        "blocked_by": _object(problem.blocked_by) if problem.blocked_by else None,
    }


def note_json(note: Note) -> dict[str, Any]:
    """Give one note in the shape of contract.md."""
    return {"code": note.code, "object": _object(note.object), "message": note.message}


def _field(key: str, field: FieldChange, names: Names) -> dict[str, object]:
    said = field_words(key, field, names)
    return {"from": field.before, "to": field.after, "label": said.label, "words": said.words}


def _object(one: ObjectRef) -> dict[str, str]:
    return {"type": one.type, "code": one.code}
