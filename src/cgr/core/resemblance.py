"""How much two places resemble each other: their names, whether they have the same parent, how far apart they are.

Only ever a help for a person who decides: nothing is matched by it (R3.2, R5.1). Names are compared in two parts. What
tells a place ("Kafue") weighs more than what kind of place it is ("clinic", "health post"), because otherwise every
clinic would resemble every other one.
"""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING

from msgspec import Struct
from rapidfuzz import fuzz

from cgr.core.texts import folded

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME, _PARENT, _DISTANCE = 0.65, 0.15, 0.2
"""How much each piece of evidence weighs; what isn't known of both places is left out of the mean."""

_OWN_WORDS = 0.8
"""Of a name's likeness, the part of the words that aren't words for kinds of places."""

_MISSPELT = 0.8
_A_CLOSER_LOOK = 50
_HALF_AS_GOOD_M = 1_000.0
_EARTH_M = 6_371_009.0

# English, French and Portuguese words that names of regions, districts and facilities are made with, folded.
_KIND_WORDS = """
administrative area camp center centre cham chc chiefdom chp city clinic community council county country department
dispensary district division facility general government hc health hosp hospital hp maternity mch mission national of
phu post primary private province provincial public referral region regional rural sector site state station sub
subcounty subdistrict teaching the town township unit urban village ward zone
arrondissement cabinet case cds chd chr chu clinique commune communautaire cs csi csp de departement des dispensaire du
et formation hopital infirmerie la le les maternite medical medicale medico poste prefecture prive publique sanitaire
sante secteur
centro clinica da distrito do hospitalar maternidade municipio posto provincia regiao saude unidade
"""
_KINDS_OF_PLACES = frozenset(_KIND_WORDS.split())


class Place(Struct, frozen=True, gc=False):
    """A place, ready to be compared. `names`: per name its own words and its words for a kind of place, both sorted.

    `parents`: keys of the parents, empty when they aren't known. `point`: longitude and latitude in degrees.
    """

    names: tuple[tuple[str, str], ...]
    parents: tuple[int, ...]
    point: tuple[float, float] | None


class Resemblance(Struct, frozen=True, gc=False):
    """How alike two places are, from 0 to 1, and why. None: that can't be said of these two."""

    score: float
    name: float
    same_parent: bool | None
    metres: int | None


def place(names: Iterable[str], *, parents: tuple[int, ...] = (), point: tuple[float, float] | None = None) -> Place:
    """Prepare a place; the same name in two languages counts once."""
    return Place(tuple(sorted({_parts(name) for name in names})), parents, point)


def resemblance(one: Place, other: Place) -> Resemblance:
    """Compare two places; the same whichever comes first, and 1 for a place and itself if it has a name."""
    name = max((_likeness(a, b) for a in one.names for b in other.names), default=0.0)
    total, weight = name * _NAME, _NAME
    same_parent = None
    if one.parents and other.parents:
        same_parent = not set(one.parents).isdisjoint(other.parents)
        total, weight = total + _PARENT * same_parent, weight + _PARENT
    metres = None
    if one.point is not None and other.point is not None:
        distance = metres_between(one.point, other.point)
        total, weight = total + _DISTANCE / (1.0 + (distance / _HALF_AS_GOOD_M) ** 2), weight + _DISTANCE
        metres = round(distance)
    return Resemblance(min(round(total / weight, 3), 1.0), round(name, 3), same_parent, metres)


def may_resemble(one: Place, other: Place) -> bool:
    """Say, at little cost, whether the names have enough in common for a closer look."""
    return any(fuzz.ratio(a[0], b[0], score_cutoff=_A_CLOSER_LOOK) for a in one.names for b in other.names)


def own_words(one: Place) -> set[str]:
    """Give the words by which a place is told from others of its kind."""
    return {word for own, _ in one.names for word in own.split()}


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Give the way along the earth's surface (haversine, mean radius), which is exact enough for neighbours."""
    (west, south), (east, north) = sorted((one, other))
    low, high = radians(south), radians(north)
    half = sin((high - low) / 2) ** 2 + cos(low) * cos(high) * sin(radians(east - west) / 2) ** 2
    return 2 * _EARTH_M * asin(min(1.0, sqrt(half)))


def _parts(name: str) -> tuple[str, str]:
    words = sorted(folded(name).split())
    own = [word for word in words if word not in _KINDS_OF_PLACES]
    return " ".join(own), " ".join(word for word in words if word in _KINDS_OF_PLACES)


def _likeness(one: tuple[str, str], other: tuple[str, str]) -> float:
    if one == other:
        return 1.0 if any(one) else 0.0
    mine, theirs = _spelt(one[0], other[1]), _spelt(other[0], one[1])
    if not mine or not theirs:
        # A name that is nothing but a kind of place ("Health Post") tells little about which one it is.
        return 0.0 if mine or theirs else _ratio(one[1], other[1]) * (1 - _OWN_WORDS)
    if not one[1] and not other[1]:
        return _ratio(mine, theirs)
    kinds = 1.0 if one[1] == other[1] else _ratio(one[1], other[1])
    return _OWN_WORDS * _ratio(mine, theirs) + (1 - _OWN_WORDS) * kinds


def _spelt(own: str, kinds: str) -> str:
    """Leave out what is a kind of place in the other name, only misspelt ("clnic"), unless nothing else is left."""
    if not kinds or " " not in own:
        return own
    known = kinds.split()
    return " ".join(word for word in own.split() if all(_ratio(word, kind) < _MISSPELT for kind in known)) or own


def _ratio(one: str, other: str) -> float:
    return fuzz.ratio(one, other) / 100
