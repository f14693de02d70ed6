"""YAML 1.2 as flow files have it: plain values and the place of each. No tags, no code, nothing without a bound.

`no` is a word, `09:00` and `2026-03-01` are texts, and so are `0800` and `+55119…`; a key stands once; what aliases
and merge keys repeat counts as often as it is repeated.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from pytake_cli.flow import syntax
from pytake_cli.flow.positions import Path, Positions
from pytake_cli.flow.problems import FlowErrors, Problem, problem

MAX_BYTES = 1 << 20  # of a file
MAX_DEPTH = 24  # of lists and maps within each other; a choice's text in a language is at 6
MAX_VALUES = 50_000  # once aliases are written out

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(?:\.[0-9]+|(?:0|[1-9][0-9]*)\.[0-9]*|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_HALVES = re.compile("[\ud800-\udfff]")
_TAGS = {
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge")
}
_STR = "tag:yaml.org,2002:str"


@dataclass(slots=True)
class Document:
    """What a file holds; `problems` are of its writing (a key twice), not of its meaning."""

    path: str
    data: Any
    positions: Positions
    problems: list[Problem] = field(default_factory=list)


def decode(raw: bytes, path: str) -> str:
    """The text of a file: UTF-8, with or without a byte order mark."""
    if len(raw) > MAX_BYTES:
        raise FlowErrors([_too_big(path)])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = (before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1)
        raise FlowErrors(
            [
                problem(
                    "PT-FLOW-ENCODING",
                    "the byte 0x{byte} is no UTF-8",
                    place,
                    path=path,
                    fix="save the file as UTF-8",
                    byte=f"{raw[error.start]:02x}",
                )
            ]
        ) from None


def read(source: str, path: str) -> Document:
    """Reads one YAML document; FlowErrors where it is none."""
    source = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if len(source) > MAX_BYTES or len(source.encode(errors="replace")) > MAX_BYTES:
        raise FlowErrors([_too_big(path)])
    node = _compose(source, path)
    positions = Positions(source)
    reader = _Reader(path, positions)
    data = reader.value(node, (), 0)
    return Document(path, data, positions, reader.problems)


def _compose(source: str, path: str) -> Node:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False  # an anchor may be set anew (YAML 1.2, 3.2.2.2)
    try:
        node: Node | None = yaml.compose(source)
    except (ReaderError, MarkedYAMLError) as error:
        raise FlowErrors([syntax.explained(error, source, path)]) from None
    except (YAMLError, RecursionError, ValueError, OverflowError, NotImplementedError, AttributeError) as error:
        detail = str(error).strip().partition("\n")[0]
        raise FlowErrors([syntax.unreadable(detail, path)]) from None
    if node is None:
        raise FlowErrors(
            [problem("PT-FLOW-EMPTY", "the file is empty", path=path, fix="pytake flow new shows how one begins")]
        )
    return node


class _Reader:
    """Makes values of nodes and notes the place of each."""

    def __init__(self, path: str, positions: Positions) -> None:
        self.path = path
        self.positions = positions
        self.problems: list[Problem] = []
        self._count = 0
        self._within: set[int] = set()  # the nodes that the present one is in

    def value(self, node: Node, at: Path, depth: int) -> Any:
        self._count += 1
        if self._count > MAX_VALUES or depth > MAX_DEPTH:
            raise FlowErrors([*self.problems, self._bound(node)])
        self.positions.values[at] = node
        self._check_tag(node)
        if isinstance(node, ScalarNode):
            self._join(node)
            return scalar(node)
        if id(node) in self._within:
            raise FlowErrors([*self.problems, self._circle(node)])
        if isinstance(node, MappingNode) and _is_braces(node):
            return self._braces(node)
        self._within.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, at, depth)
            return [self.value(each, (*at, index), depth + 1) for index, each in enumerate(node.value)]
        finally:
            self._within.discard(id(node))

    def _mapping(self, node: MappingNode, at: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        own: dict[str, Node] = {}
        merged: list[Node] = []
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == "<<" and key.style is None:
                merged.append(value)
                continue
            name = self._name(key)
            if name is None:
                continue
            if name in own:
                self._twice(name, key, own[name])
                continue
            own[name] = key
            self.positions.keys[(*at, name)] = key
            found[name] = self.value(value, (*at, name), depth + 1)
        for each in merged:
            self._merge(each, found, at, depth + 1)
        return found

    def _merge(self, node: Node, into: dict[str, Any], at: Path, depth: int) -> None:
        """`<<`: the keys of another map, or of several, unless they are here already."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        for source in sources:
            if depth > MAX_DEPTH or id(source) in self._within:
                raise FlowErrors([*self.problems, self._circle(source)])
            if not isinstance(source, MappingNode):
                self._say("PT-FLOW-MERGE", "`<<` takes the keys of another map", source, fix="write <<: *name")
                continue
            self._within.add(id(source))
            for key, value in source.value:
                self._count += 1
                if self._count > MAX_VALUES:
                    raise FlowErrors([*self.problems, self._bound(node)])
                if isinstance(key, ScalarNode) and key.value == "<<" and key.style is None:
                    self._merge(value, into, at, depth + 1)
                    continue
                name = self._name(key)
                if name is not None and name not in into:
                    self.positions.keys[(*at, name)] = key
                    into[name] = self.value(value, (*at, name), depth)
            self._within.discard(id(source))

    def _name(self, key: Node) -> str | None:
        """A key is a word or a number, as it is written."""
        if isinstance(key, ScalarNode):
            self._join(key)
            if str(key.value).startswith("\u00a0"):
                self._say("PT-FLOW-INDENT", "a no-break space cannot indent", key, fix="indent with spaces")
            return str(key.value).lstrip("\u00a0")
        self._say("PT-FLOW-KEY", "a list or a map cannot be a key", key, fix="a key is a single word")
        return None

    def _join(self, node: ScalarNode) -> None:
        """Escapes may write one character as two halves, as JSON does; half a character alone is none."""
        text = str(node.value)
        if not _HALVES.search(text):
            return
        node.value = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if "\ufffd" in node.value:
            self._say("PT-FLOW-ENCODING", "half a character stands in this text", node, fix="write it whole")

    def _braces(self, node: MappingNode) -> str:
        """`{{ name }}` without quotes: a map with a map for its key, which nobody means."""
        self._say("PT-FLOW-QUOTES", "a text that begins with {{{{ is read as a map", node, fix="put it in quotes")
        return self.positions.source[node.start_mark.index : node.end_mark.index]

    def _twice(self, name: str, key: Node, first: Node) -> None:
        self._say(
            "PT-FLOW-TWICE",
            "the key `{name}` is here twice; it is at line {line} already",
            key,
            name=name,
            line=first.start_mark.line + 1,
        )

    def _check_tag(self, node: Node) -> None:
        tag = str(node.tag or "")
        if tag and tag not in _TAGS:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self._say("PT-FLOW-TAG", "flow files have no tags such as {tag}", node, fix="leave it out", tag=shown)

    def _circle(self, node: Node) -> Problem:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        return problem(
            "PT-FLOW-ALIAS", "this part contains itself by way of an alias", place, path=self.path, fix="write it out"
        )

    def _bound(self, node: Node) -> Problem:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        return problem(
            "PT-FLOW-SIZE",
            "the file has more than {most} values, those that aliases repeat among them",
            place,
            path=self.path,
            fix="write less, or several flows",
            most=MAX_VALUES,
        )

    def _say(self, slug: str, message: str, node: Node, *, fix: str = "", **values: Any) -> None:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.problems.append(problem(slug, message, place, path=self.path, fix=fix, **values))


def scalar(node: ScalarNode) -> Any:
    """A quoted or block text is a text; a plain one is what YAML 1.2's core schema says, `0800` and `1_000` apart."""
    text = str(node.value)
    if node.style is not None or (node.tag == _STR and text not in _WORDS):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _is_braces(node: MappingNode) -> bool:
    if not node.flow_style or len(node.value) != 1:
        return False
    return isinstance(node.value[0][0], MappingNode) and bool(node.value[0][0].flow_style)


def _too_big(path: str) -> Problem:
    return problem(
        "PT-FLOW-SIZE",
        "the file is larger than 1 MiB",
        path=path,
        fix="divide it: `call` and `goto_flow` lead from one flow to another",
    )
