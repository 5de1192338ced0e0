"""Every way to read the registry's settings and files; the records that planning reads come from `snapshot`."""

from __future__ import annotations

from cgr.registry.queries.definitions import (
    draft_definitions,
    export_hierarchies,
    export_term_trees,
    export_types,
    type_shapes,
    types_by_code,
)
from cgr.registry.queries.external_ids import confirmed_ids, external_ids, types_by_external_id
from cgr.registry.queries.objects import (
    Below,
    export_objects,
    geo_object,
    keys_by_code,
    labels,
    names_of,
    page_of_objects,
    several_lives,
)

__all__ = [
    "Below",
    "confirmed_ids",
    "draft_definitions",
    "export_hierarchies",
    "export_objects",
    "export_term_trees",
    "export_types",
    "external_ids",
    "geo_object",
    "keys_by_code",
    "labels",
    "names_of",
    "page_of_objects",
    "several_lives",
    "type_shapes",
    "types_by_code",
    "types_by_external_id",
]
