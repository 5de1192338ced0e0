"""Which objects of a class a list holds and in which order: `filter`, `query`, `order`, the units' own parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cgr.sandbox import messages, permissions
from cgr.sandbox.catalogue import ORGANISATION_UNIT, USER, Klass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cgr.sandbox.http import Request, Response
    from cgr.sandbox.units import Stored, Unit
    from cgr.sandbox.world import World

_TWO_PARTS: Final = 2
_DATES: Final = {"created", "lastUpdated", "openingDate", "closedDate"}
_WITHOUT_VALUE: Final = {"null", "!null", "empty", "!empty"}


@dataclass(slots=True, frozen=True)
class Condition:
    """One `property:operator:value`."""

    prop: str
    operator: str
    value: str

    @property
    def values(self) -> list[str]:
        """The members of `[a,b]`."""
        return [part.strip() for part in self.value.strip("[]").split(",")]


class Selection:
    """What one list request asks for, of one class."""

    def __init__(self, world: World, request: Request, klass: Klass, known: Iterable[str]) -> None:
        """Read the parameters; raises Refused for a filter the version refuses."""
        self.world = world
        self.request = request
        self.klass = klass
        self.known = set(known) | {"displayName", "name", "id"}
        self.any_of = request.first("rootJunction").upper() == "OR"
        self.conditions = [self._condition(text) for text in request.query.get("filter", ())]
        self.orders = self._orders()

    def _condition(self, text: str) -> Condition:
        parts = text.split(":", 2)
        if len(parts) < _TWO_PARTS:
            raise messages.Refused(self._bad_query(f"Invalid filter => {text}"))
        condition = Condition(parts[0], parts[1], parts[2] if len(parts) > _TWO_PARTS else "")
        if condition.operator not in _OPERATORS:
            raise messages.Refused(self._bad_query(f"`{condition.operator}` is not a valid operator."))
        if condition.prop.split(".")[0] not in self.known and self.world.version < (2, 39):
            raise messages.Refused(messages.problem(self.world, 409, f"Unknown path property: {condition.prop}"))
        return condition

    def _bad_query(self, message: str) -> Response:
        if self.world.version >= (2, 41):
            return messages.problem(self.world, 400, message, "E1003")
        return messages.problem(self.world, 409, message)

    def _orders(self) -> list[tuple[str, bool]]:
        orders = []
        for text in ",".join(self.request.query.get("order", ())).split(","):
            prop, _, direction = text.partition(":")
            if prop in self.known:
                orders.append((prop, direction.lower() in {"desc", "idesc"}))
            elif prop and self.world.version >= (2, 43):
                raise messages.Refused(messages.problem(self.world, 400, f"No such property: {prop}"))
        return orders

    # Units

    def unit_ids(self) -> list[str]:
        """Give the ids of the units asked for, in order; the answer is kept until a unit changes."""
        store = self.world.units_store
        query = {name: values for name, values in self.request.query.items() if name in _SELECTING}
        if not query and self.orders == [("id", False)]:
            return store.sorted_ids()
        key = (tuple(sorted((name, tuple(values)) for name, values in query.items())), self.request.actor.uid)
        cached = self.world.selections.get(key)
        stamp = (store.content, self.world.objects_version)
        if cached is not None and cached[0] == stamp:
            return cached[1]
        found = self._chosen_units()
        self.world.selections.clear()  # only the list somebody is walking through is worth keeping
        self.world.selections[key] = (stamp, found)
        return found

    def _chosen_units(self) -> list[str]:
        store = self.world.units_store
        tests = [self._unit_test(condition) for condition in self.conditions]
        candidates: Iterable[str] = self._candidates()
        if tests:
            joined = any if self.any_of else all
            units = store.units
            candidates = [uid for uid in candidates if joined(test(units[uid]) for test in tests)]
        for narrow in self._narrowings():
            candidates = [uid for uid in candidates if narrow(store.units[uid])]
        return self._sorted(list(candidates), lambda uid, prop: self._unit_value(store.units[uid], prop))

    def _candidates(self) -> Iterable[str]:
        """Give a small superset where a filter names one, else everything."""
        store = self.world.units_store
        if not self.any_of:
            for condition in self.conditions:
                values = condition.values if condition.operator == "in" else [condition.value]
                if condition.operator not in {"eq", "in"}:
                    continue
                match condition.prop:
                    case "id":
                        return [uid for uid in dict.fromkeys(values) if uid in store.units]
                    case "code":
                        return [store.by_code[code] for code in dict.fromkeys(values) if code in store.by_code]
                    case "parent.id":
                        return [uid for parent in dict.fromkeys(values) for uid in store.children.get(parent, ())]
                    case "organisationUnitGroups.id":
                        members = {uid for group in values for uid in self.world.group_members(group)}
                        return [uid for uid in members if uid in store.units]
                    case _:
                        pass
        return store.units

    def _narrowings(self) -> list[Callable[[Unit], bool]]:
        """Give what the units' own parameters ask: level, query, the user's part of the tree."""
        request, user = self.request, self.request.actor
        narrowings: list[Callable[[Unit], bool]] = []
        if level := request.first("level"):
            narrowings.append(lambda unit: str(self.level(unit)) == level)
        if query := request.first("query").lower():
            narrowings.append(
                lambda unit: (
                    query in unit.data["name"].lower() or query in {unit.uid.lower(), unit.data.get("code", "")}
                )
            )
        if request.first("userOnly") == "true":
            narrowings.append(lambda unit: unit.uid in user.organisation_units)
        if request.first("withinUserHierarchy") == "true" and user.organisation_units:
            own = set(user.organisation_units)
            narrowings.append(lambda unit: not own.isdisjoint(unit.stored_path.split("/")))
        return narrowings

    def level(self, unit: Unit) -> int:
        """Give the level that filters see: the stored one from 2.34 on."""
        if self.world.version < (2, 34):
            return len(self.world.units_store.ancestors(unit.uid))
        return unit.stored_level

    def _unit_value(self, unit: Unit, prop: str) -> object:
        if (read := _UNIT_VALUES.get(prop)) is not None:
            return read(self, unit)
        if prop.startswith("parent."):
            parent = self.world.units_store.get(unit.parent)
            return self._unit_value(parent, prop.removeprefix("parent.")) if parent is not None else None
        return unit.data.get(prop)

    def path(self, unit: Unit) -> str:
        """Give the path that filters see: the stored one from 2.33 on."""
        return unit.stored_path if self.world.version >= (2, 33) else self.world.units_store.path(unit.uid)

    def groups(self, unit: Unit) -> list[str]:
        """Give the groups a unit is in."""
        groups = self.world.objects.get("organisationUnitGroups", {})
        return [uid for uid in groups if unit.uid in self.world.group_members(uid)]

    def _unit_test(self, condition: Condition) -> Callable[[Unit], bool]:
        matches = self._matcher(condition)
        prop = condition.prop
        return lambda unit: matches(self._unit_value(unit, prop))

    # Other classes

    def objects(self) -> list[dict[str, Any]]:
        """Give the objects of another class that the user may see, in order."""
        user = self.request.actor
        stored = self.world.objects.get(self.klass.plural, {})
        tests = [(condition, self._matcher(condition)) for condition in self.conditions]
        joined = any if self.any_of else all
        query = self.request.first("query").lower()
        chosen = {
            uid: one
            for uid, one in stored.items()
            if permissions.may_read(user, self.klass, one)
            and (not tests or joined(matches(self._value(one, condition.prop)) for condition, matches in tests))
            and query in str(self._value(one, "name") or "").lower()
        }
        ordered = self._sorted(list(chosen), lambda uid, prop: self._value(chosen[uid], prop))
        return [chosen[uid] for uid in ordered]

    def _value(self, stored: dict[str, Any], prop: str) -> object:
        if prop in {"displayName", "name"}:
            if self.klass is USER:
                return f"{stored.get('firstName', '')} {stored.get('surname', '')}".strip()
            return stored.get("name")
        head, dot, rest = prop.partition(".")
        value = stored.get(head)
        declared = next((one for one in self.klass.properties if one.name == head), None)
        if value is None and declared is not None:
            value = declared.default
        if not dot:
            return value
        if isinstance(value, dict):
            return value.get(rest)
        return [one.get(rest) for one in value if isinstance(one, dict)] if isinstance(value, list) else None

    # Shared

    def _sorted(self, uids: list[str], value: Callable[[str, str], object]) -> list[str]:
        orders = self.orders or [("name", False), ("id", False)]
        if orders[-1][0] != "id":
            orders = [*orders, ("id", False)]
        for prop, descending in reversed(orders):
            if prop == "id":
                uids.sort(reverse=descending)
            else:
                uids.sort(key=lambda uid: _sort_key(value(uid, prop)), reverse=descending)
        return uids

    def _matcher(self, condition: Condition) -> Callable[[object], bool]:
        operate = _OPERATORS[condition.operator]
        if condition.prop.split(".")[0] not in self.known:
            return lambda _: False
        text = _as_stamp(condition.value) if condition.prop in _DATES else condition.value
        wanted = condition.values if condition.operator.endswith("in") else [text]

        def matches(value: object) -> bool:
            if condition.operator in _WITHOUT_VALUE:
                return operate("" if value in (None, [], b"") else "x", [])
            if isinstance(value, list):
                return any(operate(_as_text(one), wanted) for one in value)
            return value is not None and operate(_as_text(value), wanted)

        return matches


_SELECTING: Final = {
    "filter", "query", "rootJunction", "level", "userOnly", "withinUserHierarchy", "order",
}  # fmt: skip
_UNIT_VALUES: Final[dict[str, Callable[[Selection, Unit], object]]] = {
    "level": Selection.level,
    "path": Selection.path,
    "parent": lambda _, unit: unit.parent,
    "parent.id": lambda _, unit: unit.parent,
    "displayName": lambda _, unit: unit.data.get("name"),
    "leaf": lambda selection, unit: unit.uid not in selection.world.units_store.children,
    "geometry": lambda _, unit: unit.geometry,
    "organisationUnitGroups.id": Selection.groups,
}
_OPERATORS: Final[dict[str, Callable[[str, list[str]], bool]]] = {
    "eq": lambda value, wanted: value == wanted[0],
    "ieq": lambda value, wanted: value.lower() == wanted[0].lower(),
    "!eq": lambda value, wanted: value != wanted[0],
    "ne": lambda value, wanted: value != wanted[0],
    "neq": lambda value, wanted: value != wanted[0],
    "gt": lambda value, wanted: _number(value) > _number(wanted[0]),
    "ge": lambda value, wanted: _number(value) >= _number(wanted[0]),
    "gte": lambda value, wanted: _number(value) >= _number(wanted[0]),
    "lt": lambda value, wanted: _number(value) < _number(wanted[0]),
    "le": lambda value, wanted: _number(value) <= _number(wanted[0]),
    "lte": lambda value, wanted: _number(value) <= _number(wanted[0]),
    "like": lambda value, wanted: wanted[0] in value,
    "!like": lambda value, wanted: wanted[0] not in value,
    "$like": lambda value, wanted: value.startswith(wanted[0]),
    "like$": lambda value, wanted: value.endswith(wanted[0]),
    "ilike": lambda value, wanted: wanted[0].lower() in value.lower(),
    "!ilike": lambda value, wanted: wanted[0].lower() not in value.lower(),
    "$ilike": lambda value, wanted: value.lower().startswith(wanted[0].lower()),
    "ilike$": lambda value, wanted: value.lower().endswith(wanted[0].lower()),
    "startsWith": lambda value, wanted: value.lower().startswith(wanted[0].lower()),
    "endsWith": lambda value, wanted: value.lower().endswith(wanted[0].lower()),
    "token": lambda value, wanted: all(part in value.lower() for part in wanted[0].lower().split()),
    "in": lambda value, wanted: value in wanted,
    "!in": lambda value, wanted: value not in wanted,
    "null": lambda value, _: value == "",
    "!null": lambda value, _: value != "",
    "empty": lambda value, _: value == "",
    "!empty": lambda value, _: value != "",
}


def is_unit_list(klass: Klass) -> bool:
    """Whether the class is the one with a store of its own."""
    return klass is ORGANISATION_UNIT


def stored_object(world: World, klass: Klass, uid: str) -> Stored | None:
    """Find one object of a class."""
    if is_unit_list(klass):
        return world.units_store.get(uid)
    return world.objects.get(klass.plural, {}).get(uid)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number(text: str) -> tuple[int, float | str]:
    """Order numbers as numbers, everything else as text."""
    try:
        return 0, float(text)
    except ValueError:
        return 1, text


def _as_stamp(text: str) -> str:
    """Give a date of a filter in the form of stored ones, server time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def _sort_key(value: object) -> tuple[int, object]:
    if value is None:
        return 2, ""
    if isinstance(value, (int, float)):
        return 0, value
    return 1, str(value).lower()
