"""Which imports that are under way write into a type or a hierarchy: asked before somebody deletes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgr.runs.queries import open_imports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.runs.models import Run


def imports_into_type(type: str) -> tuple[str, ...]:  # noqa: A002 - the domain's word
    """Give the ids of the open imports that make objects of a type; the caller has checked who asks."""
    return tuple(
        str(row.pk)
        for row in open_imports()
        if any(type in {asked.get("type"), *(asked.get("levels") or {}).values()} for asked in _asked(row))
    )


def imports_into_hierarchy(hierarchy: str) -> tuple[str, ...]:
    """Give the ids of the open imports that place objects in a hierarchy; the caller has checked who asks."""
    return tuple(
        str(row.pk)
        for row in open_imports()
        if any(hierarchy in {asked.get("hierarchy"), _of_file(asked)} for asked in _asked(row))
    )


def _asked(row: Run) -> Iterator[dict[str, Any]]:
    """Give what an import goes by: what somebody asked for, and what was made of it once it had begun."""
    yield row.request
    yield row.settings


def _of_file(asked: dict[str, Any]) -> str | None:
    hierarchy: str | None = (asked.get("mapping") or {}).get("hierarchy")
    return hierarchy
