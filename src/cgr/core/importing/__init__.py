"""Organisation units → Geo-Objects (R3): what would be new, changed, unchanged, conflicting, vanished. Pure.

Matching is by external id only; a code that is taken, a parent that is missing or a type that differs is a conflict
for a person, never a guess. The mapping reads like the one for synchronising, and is its exact inverse.
"""

from cgr.core.importing.planning import Imported, LevelPlanner, Outcome, Place, Situation
from cgr.core.importing.scope import Scope, scope_of
from cgr.core.importing.settings import (
    ImportAttribute,
    ImportMapping,
    ImportSettings,
    parse_levels,
    parse_mapping,
    remote_problem,
    settings_problem,
)
from cgr.core.importing.troubles import Trouble, circling, orphaned

__all__ = [
    "ImportAttribute",
    "ImportMapping",
    "ImportSettings",
    "Imported",
    "LevelPlanner",
    "Outcome",
    "Place",
    "Scope",
    "Situation",
    "Trouble",
    "circling",
    "orphaned",
    "parse_levels",
    "parse_mapping",
    "remote_problem",
    "scope_of",
    "settings_problem",
]
