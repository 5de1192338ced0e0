"""Find the parent that a row names: by code, label, external id or DHIS2's path, each ancestor below the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.rows.reading import CellProblem
from cgr.core.texts import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cgr.core.records import OurObject
    from cgr.core.rows.mapping import RowParent
    from cgr.core.rows.reading import RowSaid


class Ancestor(Struct, frozen=True, gc=False):
    """An object that rows may hang below; `parents`: keys of those in force."""

    key: int
    code: str
    parents: tuple[int, ...]


class AncestorIndex:
    """The objects of one ancestor type, by whatever rows call them."""

    def __init__(self, rule: RowParent, objects: Iterable[OurObject]) -> None:
        """Index the objects as the rule looks for them."""
        self._rule = rule
        self._synonyms = {_folded(said): meant for said, meant in rule.synonyms.items()}
        self._by_name: dict[str, list[Ancestor]] = {}
        self._by_key: dict[int, Ancestor] = {}
        for known in objects:
            ancestor = Ancestor(known.key, known.code, known.parents)
            self._by_key[known.key] = ancestor
            for name in _names(rule, known):
                self._by_name.setdefault(name, []).append(ancestor)

    def find(self, text: str | None, *, external_id: str | None) -> list[Ancestor]:
        """Give all that the cell may mean."""
        if text is None:
            return []
        if self._rule.by == "path":
            ids = [part for part in text.split("/") if part and part != external_id]
            return self._by_name.get(ids[-1], []) if ids else []
        wanted = self._synonyms.get(_folded(text), text)
        return self._by_name.get(_folded(wanted) if self._rule.by == "label" else wanted, [])

    def code_of(self, key: int) -> str:
        """Give the code of the ancestor with this key, or a question mark for one that doesn't exist today."""
        return self._by_key[key].code if key in self._by_key else "?"


class ParentFinder:
    """Finds a row's parent; the last of the rules names it, the others say below what to look."""

    def __init__(
        self, rules: Sequence[RowParent], indexes: Sequence[AncestorIndex], above: Mapping[int, tuple[int, ...]]
    ) -> None:
        """`above`: key of any object above the parents → keys of its parents, to look over types that aren't named."""
        self._rules = rules
        self._indexes = indexes
        self._above = above

    def find(self, row: RowSaid) -> Ancestor | None:
        """Give the parent, None where the mapping has no rule; raises CellProblem when it isn't found for certain."""
        within: set[int] | None = None
        found: list[Ancestor] = []
        for rule, index, text in zip(self._rules, self._indexes, row.above, strict=True):
            if text is None:
                if rule is self._rules[-1]:
                    raise _missing(rule, None, "is empty", "Name the parent.")
                continue
            found = index.find(text, external_id=row.external_id)
            if not found:
                raise _missing(rule, text, f"is no {rule.type} by {_WORDS[rule.by]}", "Correct it, or add a synonym.")
            inside = [one for one in found if within is None or self._is_below(one, within)]
            if not inside:
                raise _missing(rule, text, "lies below another place than the columns before it say", "Correct one.")
            if len(inside) > 1 and rule is self._rules[-1]:
                codes = ", ".join(one.code for one in inside[:3])
                raise _missing(
                    rule,
                    text,
                    f"can mean {len(inside)} objects ({codes})",
                    "Name an ancestor above it too, or use codes.",
                )
            within, found = {one.key for one in inside}, inside
        return found[0] if found else None

    def words(self, known: OurObject | None) -> str | None:
        """Name the parents that an object has now."""
        if known is None or not known.parents or not self._indexes:
            return None
        return ", ".join(self._indexes[-1].code_of(key) for key in known.parents)

    def _is_below(self, one: Ancestor, within: set[int]) -> bool:
        seen: set[int] = set()
        waiting = list(one.parents)
        while waiting:
            key = waiting.pop()
            if key in within:
                return True
            if key not in seen:
                seen.add(key)
                waiting.extend(self._above.get(key, ()))
        return False


_WORDS = {"code": "code", "label": "label", "external_id": "external id", "path": "path"}


def _names(rule: RowParent, known: OurObject) -> set[str]:
    match rule.by:
        case "code":
            return {known.code}
        case "label":
            return {_folded(text) for text in (known.label or {}).values()}
        case _:
            return {known.external_id} if known.external_id else set()


def _missing(rule: RowParent, text: str | None, is_what: str, next_step: str) -> CellProblem:
    shown = f'"{text}" ' if text is not None else ""
    return CellProblem(
        "parent-missing",
        f'Column "{rule.column}": {shown}{is_what}.',
        next_step,
        column=rule.column,
        value=text,
    )


def _folded(text: str) -> str:
    return (normal(text) or "").casefold()
