"""Suggestions for mapping terms: by equal code, then by equal label (R8.1).

They are shown to a person and never applied by themselves. A counterpart is suggested only when it is
the only one, seen from both sides; what is ambiguous is left to the person.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.texts import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cgr.core.records import Localized, RemoteGroup, RemoteOption


class Suggestion(Struct, frozen=True):
    """A term and what it might go to: an option's code or a group's id, with the reason in words."""

    term: str
    target: str
    reason: str


class _Target(Struct, frozen=True):
    id: str
    code: str
    name: str


def suggest_options(terms: Mapping[str, Localized], options: Iterable[RemoteOption]) -> list[Suggestion]:
    """Suggest an option for each term that has one clear counterpart, in the order of the terms."""
    return _suggest(terms, [_Target(option.code, option.code, option.name) for option in options])


def suggest_groups(terms: Mapping[str, Localized], groups: Iterable[RemoteGroup]) -> list[Suggestion]:
    """Suggest a group that we may write to for each term that has one clear counterpart, in the order of the terms."""
    # Many groups have no code; a term's code then often is the group's name.
    return _suggest(
        terms, [_Target(group.id, group.code or group.name, group.name) for group in groups if group.writable]
    )


def _suggest(terms: Mapping[str, Localized], targets: Sequence[_Target]) -> list[Suggestion]:
    found: dict[str, Suggestion] = {}
    by_code = {code: {folded(code)} for code in terms}
    by_label = {code: {folded(text) for text in label.values()} for code, label in terms.items()}
    codes = {target.id: {folded(target.code)} for target in targets}
    names = {target.id: {folded(target.name)} for target in targets}
    for wanted, offered, reason in ((by_code, codes, "same code"), (by_label, names, "same name")):
        used = {suggestion.target for suggestion in found.values()}
        open_terms = {term: keys for term, keys in wanted.items() if term not in found}
        open_targets = {target: keys for target, keys in offered.items() if target not in used}
        for term, target in _clear_pairs(open_terms, open_targets):
            found[term] = Suggestion(term, target, reason)
    return [found[term] for term in terms if term in found]


def _clear_pairs(terms: Mapping[str, set[str]], targets: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    targets_by_key: dict[str, list[str]] = {}
    for target, target_keys in targets.items():
        for key in target_keys - {""}:
            targets_by_key.setdefault(key, []).append(target)
    pairs = {(term, target) for term, keys in terms.items() for key in keys for target in targets_by_key.get(key, ())}
    times_of_term = Counter(term for term, _ in pairs)
    times_of_target = Counter(target for _, target in pairs)
    return [(term, target) for term, target in pairs if times_of_term[term] == 1 and times_of_target[target] == 1]
