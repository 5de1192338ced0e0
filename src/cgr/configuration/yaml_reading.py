"""YAML as people mean it, read safely, with the line of every node kept so that an error can name it.

PyYAML reads YAML 1.1, where `no` (Norwegian, or a term's code) is a boolean, `010` is eight and `1:30` is ninety. Here
the scalars follow YAML 1.2: only true and false are booleans, and dates stay text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import yaml

from cgr.core.errors import BadInput

_MOST_BYTES: Final = 20_000_000
_MOST_NODES: Final = 2_000_000
_SCALARS: Final = (
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
)
_NOT_STORABLE = re.compile(r"[\x00\ud800-\udfff]")
_STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.([^.\[]+)")


class _Loader(yaml.SafeLoader):
    """The safe loader with the scalars of YAML 1.2; the same key twice in one mapping is an error."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - the base class's own attribute, replaced

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 - the base class's signature
        """Refuse a repeated key: YAML would silently keep the last one."""
        seen = set()
        for key_node, _ in node.value:
            key = (key_node.tag, getattr(key_node, "value", None).__repr__())
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'the key "{key_node.value}" stands here twice', key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        """Refuse what only an escape (NUL, half a surrogate pair) can bring in and no database can store."""
        text: str = super().construct_scalar(node)
        if _NOT_STORABLE.search(text):
            raise yaml.constructor.ConstructorError(None, None, "an escape stands for no character", node.start_mark)
        return text


def add_scalars(yaml_class: type[yaml.resolver.BaseResolver]) -> None:
    """Teach a loader or dumper which plain scalars aren't text in YAML 1.2."""
    for tag, pattern, first in _SCALARS:
        yaml_class.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)


add_scalars(_Loader)


@dataclass(frozen=True)
class YamlText:
    """A document as plain values, with its nodes for finding lines again."""

    value: object
    node: yaml.Node | None

    def line(self, path: str) -> int | None:
        """Give the line (from 1) of a path like `$.types[0].label`, or of the nearest node above it."""
        node = self.node
        for index, key in _STEP.findall(path):
            inner = _child(node, index, key)
            if inner is None:
                break
            node = inner
        return None if node is None else node.start_mark.line + 1


def read_yaml(content: bytes) -> YamlText:
    """Read one YAML document; BadInput with line and column for anything that isn't one."""
    if len(content) > _MOST_BYTES:
        raise _unreadable(f"The file has {len(content):,} bytes, more than a configuration can have ({_MOST_BYTES:,}).")
    try:
        loader = _Loader(content.decode("utf-8-sig"))
        try:
            node = loader.get_single_node()
            _check_size(node)
            value = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise _unreadable(f"The file isn't text in UTF-8 (byte {error.start:,}).") from error
    except yaml.YAMLError as error:
        raise _unreadable(f"The file isn't readable as YAML: {_words(error)}") from error
    except RecursionError as error:
        raise _unreadable("The file nests far deeper than a configuration can.") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        # What PyYAML lets through for a huge number, a mapping as key, `!!bool x`, `!!timestamp x`.
        raise _unreadable(f"The file holds a value that YAML can't hold: {error}.") from error
    return YamlText(value=value, node=node)


def _check_size(node: yaml.Node | None) -> None:
    # An alias costs nothing to write and doubles what it stands for, so the size counts as if written out.
    sizes: dict[int, int] = {}
    if node is not None and _size(node, sizes, above=set()) > _MOST_NODES:
        raise _unreadable("Written out with all its aliases the file has millions of values.")


def _size(node: yaml.Node, sizes: dict[int, int], *, above: set[int]) -> int:
    if id(node) in above:
        raise _unreadable(f"Line {node.start_mark.line + 1} holds an alias of itself.")
    if id(node) not in sizes:
        above.add(id(node))
        children = [] if isinstance(node, yaml.ScalarNode) else node.value
        if isinstance(node, yaml.MappingNode):
            children = [child for pair in node.value for child in pair]
        sizes[id(node)] = 1 + sum(_size(child, sizes, above=above) for child in children)
        above.discard(id(node))
    return sizes[id(node)]


def _child(node: yaml.Node | None, index: str, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and index.isdecimal() and int(index) < len(node.value):
        child: yaml.Node = node.value[int(index)]
        return child
    if isinstance(node, yaml.MappingNode) and key:
        return next((value for name, value in node.value if name.value == key), None)
    return None


def _words(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem or error.context}."
    if isinstance(error, yaml.reader.ReaderError):
        return f"a character that can't stand in YAML (position {error.position:,})."
    return "it breaks off."


def _unreadable(message: str) -> BadInput:
    return BadInput(
        message,
        code="unreadable-yaml",
        next_step="Correct the file; cgr config export shows how one looks.",
    )
