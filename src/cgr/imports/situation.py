"""Gather what the registry knows before an import: objects of each level, and who has which id."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Final

from cgr.core.importing import Decision, Place, Situation
from cgr.core.records import Existence
from cgr.registry import queries as registry
from cgr.registry.snapshot import objects_by_key, stream_objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cgr.accounts.actors import Actor
    from cgr.core.importing import Answer, ImportSettings
    from cgr.core.records import OurObject, OurType, TheirUnit

_CHUNK: Final = 2_000
_IN_THE_END: Final = date.max


def situation_of(
    actor: Actor,
    settings: ImportSettings,
    units: Mapping[str, TheirUnit],
    members: Mapping[str, set[str]],
    *,
    answers: Mapping[str, Answer],
) -> Situation:
    """Read what is known before the first level is planned; `answers` are what people said about units."""
    types = registry.type_shapes(settings.hierarchy)
    elsewhere: dict[str, tuple[str, ...]] = {}
    strays: set[str] = set()
    for uid, type_code in registry.types_by_external_id(settings.system):
        unit = units.get(uid)
        if unit is None or settings.levels.get(unit.level) == type_code:
            continue
        if unit.level in settings.levels:
            elsewhere[unit.uid] = (*elsewhere.get(unit.uid, ()), type_code)
        else:
            strays.add(unit.uid)
    lives = [registry.several_lives(type_code) for type_code in settings.levels.values()]
    parent_type = types[settings.levels[min(settings.levels)]].parent
    above = list(objects_of(settings, parent_type)) if parent_type is not None else []
    return Situation(
        types=types,
        definitions=registry.draft_definitions(actor),
        members=members,
        in_dhis2=frozenset(units),
        elsewhere=elsewhere,
        strays=strays,
        lives={key: periods for found in lives for key, periods in found.items()},
        above={known.external_id: Place(known.code, known.key) for known in above if known.external_id},
        names={known.key: known.code for known in above},
        answers=answers,
        under=_under(settings, types, units, answers),
    )


def _under(
    settings: ImportSettings,
    types: Mapping[str, OurType],
    units: Mapping[str, TheirUnit],
    answers: Mapping[str, Answer],
) -> dict[str, Place]:
    """Find the objects that people put units into whose own parent has none: of the type above the unit's."""
    wanted: dict[str, dict[str, str]] = {}
    for uid, answer in answers.items():
        unit = units.get(uid)
        if answer.decision is Decision.UNDER and unit is not None and unit.level in settings.levels:
            above = types[settings.levels[unit.level]].parent
            if above is not None:
                wanted.setdefault(above, {})[uid] = answer.code
    keys = {type_code: registry.keys_by_code(type_code, [*codes.values()]) for type_code, codes in wanted.items()}
    return {
        uid: Place(code, keys[type_code][code])
        for type_code, codes in wanted.items()
        for uid, code in codes.items()
        if code in keys[type_code]
    }


def objects_of(settings: ImportSettings, type_code: str) -> Iterator[OurObject]:
    """Stream the objects of a type as they are on the day from which the import's values hold, today if it is past.

    Those that don't exist yet then come as they will be: an import right after an import has to find what it wrote.
    """
    day = date.fromisoformat(max(settings.today, settings.start or ""))
    later: list[int] = []
    for known in stream_objects(
        hierarchy=settings.hierarchy, types_in_order=[type_code], system=settings.system, as_of=day
    ):
        if known.existence is Existence.NOT_YET:
            later.append(known.key)
        else:
            yield known
    keys = iter(later)
    while chunk := list(islice(keys, _CHUNK)):
        yield from objects_by_key(
            chunk, hierarchy=settings.hierarchy, system=settings.system, as_of=_IN_THE_END
        ).values()
