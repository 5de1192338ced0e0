"""Organisation units → Geo-Objects (R3): what would be new, changed, unchanged, conflicting, vanished. Pure.

Matching is by external id only; a code that is taken, a parent that is missing or a type that differs is a conflict
for a person, never a guess. The mapping reads like the one for synchronising, and is its exact inverse.
"""

from cgr.core.importing.planning import Imported, LevelPlanner, Outcome, Trouble, vanished
from cgr.core.importing.settings import ImportAttribute, ImportMapping, ImportSettings, parse_levels, settings_problem

__all__ = [
    "ImportAttribute",
    "ImportMapping",
    "ImportSettings",
    "Imported",
    "LevelPlanner",
    "Outcome",
    "Trouble",
    "parse_levels",
    "settings_problem",
    "vanished",
]
