"""Every way to read the registry's settings and files; the records that planning reads come from `snapshot`."""

from __future__ import annotations

from cgr.registry.queries.definitions import (
    draft_definitions,
    export_hierarchies,
    export_term_trees,
    export_types,
    owner_of_type,
    type_shapes,
    types_by_code,
)
from cgr.registry.queries.external_ids import confirmed_ids, external_ids, types_by_external_id
from cgr.registry.queries.objects import export_objects, keys_by_code, labels, names_of, several_lives

__all__ = [
    "confirmed_ids",
    "draft_definitions",
    "export_hierarchies",
    "export_objects",
    "export_term_trees",
    "export_types",
    "external_ids",
    "keys_by_code",
    "labels",
    "names_of",
    "owner_of_type",
    "several_lives",
    "type_shapes",
    "types_by_code",
    "types_by_external_id",
]
