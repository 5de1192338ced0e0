"""Reads the sentences out of the sources: every literal and f-string of a few words, as a template with named places.

Better one too many than one forgotten: whatever reads like words is taken, but for what stands in a docstring, a log,
SQL, or in what is left out below, with the reason. A name that holds one of several sentences, and a choice inside of
an f-string, are written out, so that whoever translates sees whole sentences.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SOURCES = Path(__file__).parents[1] / "src" / "cgr"

ROOMS: Final = ("core", "dhis2", "files", "accounts", "systems", "registry", "runs", "sync", "imports")
"""Not the command line, the REST API, the configuration file, the embedded database and start-up: they speak to
operators and scripts, in English. Not the queue and the audit log: they have no sentences."""

MODULES: Final = ("web/imports/drafts.py", "web/oauth.py", "web/syncs/buttons.py", "web/syncs/drafts.py")
"""What of the pages speaks like the rooms below, because it stands among what they say."""

LEFT_OUT: Final[dict[str, str]] = {
    "accounts/noting.py": "names of actions of the audit log, told by web/words.py",
    "core/arranging.py": "no sentences",
    "core/decoding.py": "what is wrong with a file, told within a sentence about it",
    "core/evidence.py": "stands among DHIS2's own answers",
    "core/importing/candidates.py": "reasons of a suggestion, told by web/imports/words.py",
    "core/objects_file.py": "files for the command line and the REST API",
    "core/plan_words.py": "names of fields, told by web/runs/words.py",
    "core/run_steps.py": "names of steps, told by web/runs/words.py",
    "core/suggestions.py": "reasons of a suggestion, told by the form of a synchronization",
    "dhis2/compatibility.py": "rows of a table, in the catalogue of the pages",
    "dhis2/plugin.py": "texts of the app in a DHIS2, which isn't a page of ours",
    "dhis2/registration.py": "steps of a table, in the catalogue of the pages",
    "files/spreadsheets.py": "the parts of a workbook",
    "registry/bulk/rows.py": "lines for PostgreSQL",
    "runs/evidence.py": "SQL, and words of the audit log",
    "runs/items.py": "lines for PostgreSQL",
    "sync/downloads.py": "heads of columns in files",
}
"""What doesn't stand on a page, or is told there in another way: module → why."""

PUT_TOGETHER: Final = (
    # where a place holds several words, and the sentence goes on without a sign between
    "The value of {name}, {value} is held by unit {holder} in DHIS2, and the two would exchange theirs.",
    "The value of {name}, {value} is still held by unit {holder} in DHIS2, which is to get another one in this run.",
    "The value of {name}, {value} is already that of unit {holder} in DHIS2.",
    "The value of {name}, {value} is also wanted by {listed}.",
    # refusals of compatibility.py
    "DHIS2 {version} is older than {oldest}, the oldest version that can be used.",
    (
        "DHIS2 {version} can't be signed in to by OAuth2. {notes} Sign in with user name and password, or upgrade that "
        "DHIS2."
    ),
    "Version {version} is newer than those verified ({oldest} to {newest}); look at a preview first.",
    # words that stand alone in a place
    "none",
    "geometry",
    "locale",
    "written",
    "moved",
    "type",
    "hierarchy",
    "organization",
    "person",
    "attribute",
    "term",
    "token",
    "run",
    "session",
    "sheet",
    "layer",
    "label",
    "option",
    "group",
    "path",
    "address",
    "tab",
    "new",
    "queued",
    "running",
    "success",
    "warning",
    "failure",
    "cancelled",
    "outcome",
    "kind",
    # fields of a unit, which stand in a place with what becomes of them
    "Name",
    "Short name",
    "Code",
    "Opening date",
    "Closed date",
    "Description",
    "Comment",
    "Contact person",
    "Address",
    "E-mail",
    "Phone number",
    "Geometry",
    "Parent",
)
"""Sentences that are made of parts, and words, which the reading can't see."""

_MOST_WAYS = 12
_WORDS = re.compile(r"[A-Za-z’']{2,} | [A-Za-z’']{2,}")
_NO_WORDS = re.compile(
    # PostgreSQL's, regular expressions, headers, types, names of options
    r"\n|%s|%\(|\(\?P<|\$\[|::|^(copy|update) |"
    r"\b(SELECT|FROM|UPDATE|COPY|INSERT|ORDER BY|TRUNCATE|LOCK TABLE|select|analyze|bigint|create temporary|drop table|"
    r"delete from|copy \{)\b|"
    r"^(Basic|ApiToken|Bearer|and|or|openid username|notify, email)$|^(dict|str)\b[\[ ]|^Callable\[|^<|^--|object_key"
)
_FORMAT = re.compile(r"\{(\w+):[,.\d%df]+\}")
"""A place of `str.format`: how its value is written doesn't matter here."""
_OUTSIDE = re.compile(
    r"cast|TypeVar|re\.compile|_|n?p?gettext(_lazy)?|_?log(ger)?\.\w+|.*\.(execute|startswith|removeprefix)"
)
"""Calls in which nothing is said, or what is said is in the catalogue of the pages."""
_METHODS: Final = {"get", "format", "removeprefix"}
"""What stands in a place is named by what these are called on, not by what they are given."""
_Parts: TypeAlias = "list[str | ast.expr]"
_Values: TypeAlias = "Mapping[str, Sequence[ast.expr | None]]"


def templates() -> dict[str, list[str]]:
    """Give every template, in the order of the sources, with the modules that it stands in."""
    found: dict[str, list[str]] = {}
    paths = [path for room in ROOMS for path in sorted((SOURCES / room).rglob("*.py"))]
    for path in [*paths, *(SOURCES / module for module in MODULES)]:
        module = path.relative_to(SOURCES).as_posix()
        if "migrations" in path.parts or path.name in {"models.py", "apps.py"} or module in LEFT_OUT:
            continue
        for sentence in _Module(ast.parse(path.read_text("utf-8"))).sentences():
            modules = found.setdefault(sentence, [])
            if module not in modules:
                modules.append(module)
    here = "scripts/sentences_of_sources.py"
    return found | {sentence: [here] for sentence in PUT_TOGETHER if sentence not in found}


class _Module:
    """One module; `_told`: the nodes that are docstrings, or part of a sentence that was told already."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._told: set[int] = set()
        in_sentences = [each for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for each in ast.walk(one)]
        self._names_alone = _read(ast.walk(tree)) - _read(in_sentences)
        self._part_of_another: set[int] = set()
        self._found: list[tuple[int, list[_Parts]]] = []

    def sentences(self) -> Iterator[str]:
        self._look(self._tree, _assigned(self._tree.body))
        whole = [ways for node, ways in self._found if node not in self._part_of_another]
        for parts in itertools.chain.from_iterable(whole):
            literal = "".join(part for part in parts if isinstance(part, str))
            sentence = _template(parts)
            if _WORDS.search(sentence) and not _NO_WORDS.search(literal.strip()) and re.search("[A-Za-z]{2}", literal):
                yield sentence.strip()

    def _look(self, node: ast.AST, names: _Values) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names = {**names, **_assigned(node.body), **{one.arg: [None] for one in _parameters(node)}}
            case ast.Call(func=func) if _OUTSIDE.fullmatch(ast.unparse(func)):
                return
            case ast.AnnAssign(value=value):
                if value is not None:
                    self._look(value, names)
                return
            case ast.arg() | ast.Compare():
                return
            case ast.Expr(value=ast.Constant()):
                return
            case ast.expr() if self._is_sentence(node, names):
                return
        for child in ast.iter_child_nodes(node):
            self._look(child, names)

    def _is_sentence(self, node: ast.expr, names: _Values) -> bool:
        if id(node) in self._told:
            return True
        if not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            return False
        ways = self._ways(node, names)
        self._found.append((id(node), ways))
        if isinstance(node, ast.JoinedStr):  # what stands in its places may be words of its own
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    self._look(part.value, names)
        return bool(ways)

    def _ways(self, node: ast.expr | None, names: _Values) -> list[_Parts]:
        """Write out all that an expression can say; nothing where it isn't made of literals."""
        match node:
            case ast.Constant(value=str(text)):
                ways: list[_Parts] = [[text]]
            case ast.JoinedStr(values=values):
                ways = self._filled(values, names)
            case ast.IfExp(body=body, orelse=orelse):
                one, other = self._ways(body, names), self._ways(orelse, names)
                ways = one + other if one and other else []
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                ways = [a + b for a in self._ways(left, names) for b in self._ways(right, names)]
            case ast.Name(id=name) if names.get(name):
                others = {key: value for key, value in names.items() if key != name}
                each = [self._ways(value, others) for value in names[name]]
                if all(each) and name not in self._names_alone:
                    self._part_of_another.update(map(id, names[name]))
                ways = list(itertools.chain.from_iterable(each)) if all(each) else []
            case _:
                ways = []
        if ways:
            self._told.add(id(node))
        return ways

    def _filled(self, values: Sequence[ast.expr], names: _Values) -> list[_Parts]:
        places: list[list[_Parts]] = []
        for part in values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            places.append(self._ways(inner, names) or [[inner]])
        return [
            list(itertools.chain.from_iterable(way)) for way in itertools.islice(itertools.product(*places), _MOST_WAYS)
        ]


def _read(nodes: Iterable[ast.AST]) -> Counter[str]:
    return Counter(one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load))


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _assigned(body: Sequence[ast.stmt]) -> dict[str, list[ast.expr | None]]:
    """Give what each name is given; None for what isn't an expression of its own, like a loop's."""
    found: dict[str, list[ast.expr | None]] = defaultdict(list)
    for statement in body:
        nested = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for node in [] if nested else ast.walk(statement):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found[name].append(value)
                case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(targets) == len(
                    values
                ):
                    for target, value in zip(targets, values, strict=True):
                        found[ast.unparse(target)].append(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=value):
                    found[name].append(value)
                case ast.Name(id=name, ctx=ast.Store()) if name not in found:
                    found[name] = [None]
    return found


def _template(parts: _Parts) -> str:
    """Write a sentence with its places named; the same expression has the same name."""
    text, names = "", {}
    for part in parts:
        if isinstance(part, str):
            text += _FORMAT.sub(r"{\1}", part)
            continue
        expression, name = ast.unparse(part), _name(part)
        taken = {key for key, value in names.items() if value != expression}
        chosen = next(
            one for number in itertools.count(1) if (one := f"{name}{number}" if number > 1 else name) not in taken
        )
        names[chosen] = expression
        text += f"{{{chosen}}}"
    return text


def _name(node: ast.expr) -> str:
    """Name a place by what stands in it: `run.pk` is run_pk, whatever joins words is listed."""
    match node:
        case ast.Name(id=name):
            found = name.strip("_").lower()
        case ast.Attribute(value=value, attr=attribute):
            own = attribute.strip("_").lower()
            owner = _name(value).rpartition("_")[2]
            found = own if owner == "self" else f"{owner}_{own}"
        case ast.Call():
            found = _name_of_call(node)
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            found = re.sub(r"\W", "_", key).lower()
        case (
            ast.Subscript(value=inner) | ast.BoolOp(values=[inner, *_]) | ast.IfExp(body=inner) | ast.BinOp(left=inner)
        ):
            found = _name(inner)
        case _:
            found = "value"
    return found


def _name_of_call(node: ast.Call) -> str:
    match node:
        case ast.Call(func=ast.Name(id="listed")) | ast.Call(func=ast.Attribute(attr="join")):
            return "listed"
        case ast.Call(func=ast.Name(id="len" | "sum")):
            return "count"
        case ast.Call(func=ast.Attribute(value=value, attr=method)) if not node.args or method in _METHODS:
            return _name(value)
        case _:
            return _name(node.args[0] if node.args else node.func)
