"""The end of a bulk write: what depends on several objects is checked as a set, then written as a set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from cgr.core.drafts import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_REFUSALS: Final = 100
"""Nobody corrects more at a time, and a file of the wrong kind would report each of its lines."""

_CODE_TAKEN: Final = """
select c.line, t.code, c.code from changed_objects c join registry_geoobjecttype t on t.id = c.type_id
where c.renamed and (
    exists (
        select from registry_geoobject o where o.type_id = c.type_id and o.code = c.code and o.id <> c.id
        and not exists (select from changed_objects moving where moving.id = o.id and moving.renamed)
    )
    or exists (
        select from changed_objects other
        where other.type_id = c.type_id and other.code = c.code and other.id <> c.id and other.renamed
    )
) order by c.line limit %s"""

_PARENT_UNKNOWN: Final = """
select e.line, h.code, t.code, e.parent_code from wanted_edges e
join registry_hierarchy h on h.id = e.hierarchy_id join registry_geoobjecttype t on t.id = e.parent_type_id
where not exists (
    select from registry_geoobject p where p.type_id = e.parent_type_id and p.code = e.parent_code
) and not exists (
    select from registry_geoobject p where p.type_id = e.parent_type_id and p.id = e.parent_id
) order by e.line limit %s"""

_ID_TWICE: Final = """
select line, system, value, first_line from (
    select w.line, s.code as system, w.value,
        min(w.line) over same as first_line, row_number() over (same order by w.line, w.object_id) as place
    from wanted_ids w join systems_externalsystem s on s.id = w.system_id
    window same as (partition by w.system_id, w.type_id, w.value)
) as ids where place > 1 order by line limit %s"""

_ID_TAKEN: Final = """
select w.line, s.code, w.value, t.code, o.code from wanted_ids w
join systems_externalsystem s on s.id = w.system_id
join registry_externalid x on x.system_id = w.system_id and x.type_id = w.type_id and x.value = w.value
join registry_geoobject o on o.id = x.object_id join registry_geoobjecttype t on t.id = o.type_id
order by w.line limit %s"""

_CHECKS: Final[dict[str, Callable[..., str]]] = {
    _CODE_TAKEN: lambda type_code, code: f'there already is a {type_code} with the code "{code}"',
    _PARENT_UNKNOWN: lambda hierarchy, type_code, code: (
        f'"parents.{hierarchy}": there is no {type_code} with the code "{code}"'
        if code is not None
        else f'"parents.{hierarchy}": the parent is not a {type_code}'
    ),
    _ID_TWICE: lambda system, value, line: f'"external_ids.{system}": "{value}" is also given in line {line}',
    _ID_TAKEN: lambda system, value, type_code, code: (
        f'"external_ids.{system}": "{value}" belongs to {type_code} "{code}"'
    ),
}

_DROPPING: Final = (
    """delete from registry_externalid x using dropped_ids d
    where x.object_id = d.object_id and x.system_id = d.system_id""",
    """delete from registry_parentedge e using dropped_edges d
    where e.child_id = d.child_id and e.hierarchy_id = d.hierarchy_id""",
)
# Objects may exchange their codes: none may keep its own while another takes it.
_WRITING_OBJECTS: Final = (
    "update registry_geoobject o set code = chr(1) || o.id from changed_objects c where o.id = c.id and c.renamed",
    """update registry_geoobject o set code = c.code, invalid = c.invalid, "exists" = c."exists", label = c.label,
    "values" = c."values", version = o.version + 1, updated = now() from changed_objects c where o.id = c.id""",
)
_WRITING: Final = (
    """insert into registry_externalid (system_id, object_id, type_id, value, state)
    select system_id, object_id, type_id, value, state from wanted_ids""",
    """insert into registry_parentedge (hierarchy_id, child_id, parent_id, starts, ends)
    select e.hierarchy_id, e.child_id, p.id, e.starts, e.ends from wanted_edges e
    join registry_geoobject p on p.type_id = e.parent_type_id and p.code = e.parent_code""",
    """insert into registry_parentedge (hierarchy_id, child_id, parent_id, starts, ends)
    select hierarchy_id, child_id, parent_id, starts, ends from wanted_edges where parent_id is not null""",
)
_STAGED: Final = "analyze changed_objects, wanted_edges, wanted_ids"


def settle() -> list[Refusal]:
    """Check and write what was staged; refusals are in order of their lines, and then the caller must roll back."""
    with connection.cursor() as cursor:
        cursor.execute(_STAGED)
        for statement in _DROPPING:
            cursor.execute(statement)
        refusals = _refused(cursor, _CODE_TAKEN)
        if not refusals:
            for statement in _WRITING_OBJECTS:
                cursor.execute(statement)
        # Parents are looked up by the codes that hold after this call.
        for check in (_PARENT_UNKNOWN, _ID_TWICE, _ID_TAKEN):
            refusals += _refused(cursor, check)
        if refusals:
            return sorted(refusals)[:MOST_REFUSALS]
        for statement in _WRITING:
            cursor.execute(statement)
    return []


def count_revisions(types: list[int]) -> None:
    """Note that objects of these types (keys) were written: what is made of all of them has to be made anew."""
    with connection.cursor() as cursor:
        cursor.execute("update registry_geoobjecttype set revision = revision + 1 where id = any(%s)", [types])


def refresh_statistics() -> None:
    """Let PostgreSQL look at the tables now: its own round comes a minute later, after badly chosen first plans."""
    with connection.cursor() as cursor:
        # The columns that statements select and join by; looking at JSON and outlines would take half a second.
        cursor.execute(
            "analyze registry_geoobject (id, type_id, code), registry_geometryversion (object_id),"
            " registry_parentedge (hierarchy_id, child_id, parent_id), registry_externalid (system_id, object_id)"
        )


def _refused(cursor: Any, check: str) -> list[Refusal]:  # noqa: ANN401 - Django's cursor wrapper has no public type
    cursor.execute(check, [MOST_REFUSALS])
    return [Refusal(line, _CHECKS[check](*found)) for line, *found in cursor.fetchall()]
