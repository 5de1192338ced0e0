"""Rows of a file → Geo-Objects (R3.4): which column fills what, what a row says, what importing it would do. Pure."""

from cgr.core.rows.mapping import (
    RowAttribute,
    RowMapping,
    RowParent,
    RowPoint,
    columns_problem,
    parse_row_mapping,
    row_mapping_problem,
)
from cgr.core.rows.parents import AncestorIndex, ParentFinder
from cgr.core.rows.planning import RowImported, RowPlanner, RowSituation, RowTrouble
from cgr.core.rows.reading import Row, says_a_term
from cgr.core.rows.survey import Survey

__all__ = [
    "AncestorIndex",
    "ParentFinder",
    "Row",
    "RowAttribute",
    "RowImported",
    "RowMapping",
    "RowParent",
    "RowPlanner",
    "RowPoint",
    "RowSituation",
    "RowTrouble",
    "Survey",
    "columns_problem",
    "parse_row_mapping",
    "row_mapping_problem",
    "says_a_term",
]
