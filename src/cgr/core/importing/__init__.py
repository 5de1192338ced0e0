"""Organisation units → Geo-Objects (R3): what would be new, changed, unchanged, conflicting, vanished. Pure.

Matching is by external id only; a code that is taken, a parent that is missing or a type that differs is a conflict
for a person, never a guess. The mapping reads like the one for synchronising, and is its exact inverse.
"""

from cgr.core.importing.answers import LASTING, Answer, Decision, parse_answer
from cgr.core.importing.candidates import Candidate, distance_in_words, reasons
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
from cgr.core.importing.troubles import Brief, Trouble, brief, circling, orphaned

__all__ = [
    "LASTING",
    "Answer",
    "Brief",
    "Candidate",
    "Decision",
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
    "brief",
    "circling",
    "distance_in_words",
    "orphaned",
    "parse_answer",
    "parse_levels",
    "parse_mapping",
    "reasons",
    "remote_problem",
    "scope_of",
    "settings_problem",
]
