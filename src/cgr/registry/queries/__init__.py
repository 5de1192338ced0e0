"""What other rooms ask of the registry. What one page shows stands in a module of its own, imported from there.

The records that planning reads come from `registry/snapshot.py`.
"""

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
from cgr.registry.queries.tables import export_layers, export_table
from cgr.registry.queries.terms_in_use import terms_in_use
from cgr.registry.queries.uses import (
    continuing,
    drawing_from,
    edges_in,
    hierarchies_with,
    objects_of,
    parents_in,
    proposals_of,
    types_below,
    values_of,
    values_with_term,
)

__all__ = [
    "Below",
    "confirmed_ids",
    "continuing",
    "draft_definitions",
    "drawing_from",
    "edges_in",
    "escaped",
    "export_hierarchies",
    "export_layers",
    "export_objects",
    "export_table",
    "export_term_trees",
    "export_types",
    "geo_object",
    "geometries",
    "hierarchies_with",
    "holders_of_id",
    "id_holders",
    "ids_of",
    "keys_by_code",
    "label_path",
    "labelled",
    "labels",
    "names_of",
    "objects_of",
    "owner_of_type",
    "page_of_objects",
    "parents_in",
    "parents_of",
    "proposals_of",
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
