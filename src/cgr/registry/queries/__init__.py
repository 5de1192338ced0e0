"""Every way to read the registry's settings and files; the records that planning reads come from `snapshot`."""

from __future__ import annotations

from cgr.registry.queries.definitions import (
    draft_definitions,
    export_hierarchies,
    export_term_trees,
    export_types,
    owner_of_type,
    type_labels,
    type_shapes,
    types_by_code,
)
from cgr.registry.queries.external_ids import (
    confirmed_ids,
    external_ids,
    holders_of_id,
    id_holders,
    ids_of,
    types_by_external_id,
)
from cgr.registry.queries.objects import (
    Below,
    escaped,
    export_objects,
    geo_object,
    geometries,
    keys_by_code,
    label_path,
    labelled,
    labels,
    names_of,
    page_of_objects,
    parents_of,
    several_lives,
)
from cgr.registry.queries.tables import export_table
from cgr.registry.queries.terms_in_use import terms_in_use
from cgr.registry.queries.uses import continuing, drawing_from, parents_in, types_below, values_of, values_with_term

__all__ = [
    "Below",
    "confirmed_ids",
    "continuing",
    "draft_definitions",
    "drawing_from",
    "escaped",
    "export_hierarchies",
    "export_objects",
    "export_table",
    "export_term_trees",
    "export_types",
    "external_ids",
    "geo_object",
    "geometries",
    "holders_of_id",
    "id_holders",
    "ids_of",
    "keys_by_code",
    "label_path",
    "labelled",
    "labels",
    "names_of",
    "owner_of_type",
    "page_of_objects",
    "parents_in",
    "parents_of",
    "several_lives",
    "terms_in_use",
    "type_labels",
    "type_shapes",
    "types_below",
    "types_by_code",
    "types_by_external_id",
    "values_of",
    "values_with_term",
]
