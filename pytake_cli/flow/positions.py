"""Where everything stands in a flow file: line and column of each key, each value, and each character of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml.nodes import Node, ScalarNode

Path = tuple[str | int, ...]
Place = tuple[int, int]  # line and column, from 1

_ESCAPED = {"x": 2, "u": 4, "U": 8}
_COMMENT = re.compile(r"[ \t]+#\w")


@dataclass(slots=True)
class Positions:
    """Places by path: `("steps", "ask_date", "next")`. A path that is not in the file has its nearest ancestor's."""

    source: str
    keys: dict[Path, Node] = field(default_factory=dict)
    values: dict[Path, Node] = field(default_factory=dict)
    moved: dict[Path, Path] = field(default_factory=dict)  # a step's field -> where it is written, inside its verb

    def written(self, path: Path) -> Path:
        """Where the file has it: `text` of a `say` stands behind `say` or in its map, one thing for a list of it."""
        at = self.moved.get(path[:3])
        path = path if at is None else (*at, *path[3:])
        if path not in self.values and 0 in path:
            index = path.index(0)
            alone = (*path[:index], *path[index + 1 :])
            return alone if alone in self.values else path
        return path

    def value(self, path: Path) -> Place:
        """Where the value begins."""
        path = self.written(path)
        node = self.values.get(path)
        return _place(node) if node is not None else self._above(path)

    def key(self, path: Path) -> Place:
        """Where the key stands; of a list's entry, where that begins."""
        node = self.keys.get(self.written(path))
        return _place(node) if node is not None else self.value(path)

    def inside(self, path: Path, offset: int) -> Place:
        """Where the character at `offset` of a text stands, whatever the style of the text."""
        node = self.values.get(self.written(path))
        if not isinstance(node, ScalarNode):
            return self.value(path)
        found = _index(self.source, node, offset)
        return self.at(found)

    def is_cut_off(self, path: Path) -> bool:
        """True for a text without quotes before `#12`, which is a comment and was perhaps meant to be a part of it."""
        node = self.values.get(self.written(path))
        if not isinstance(node, ScalarNode) or node.style is not None:
            return False
        return _COMMENT.match(self.source, node.end_mark.index) is not None

    def at(self, index: int) -> Place:
        """Line and column of a character of the source."""
        before = self.source[:index]
        return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1

    def has(self, path: Path) -> bool:
        return self.written(path) in self.values

    def _above(self, path: Path) -> Place:
        while path:
            path = path[:-1]
            if path in self.keys:
                return _place(self.keys[path])
            if path in self.values and path:
                return _place(self.values[path])
        return (1, 1)


def _place(node: Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _index(source: str, node: ScalarNode, offset: int) -> int:
    """The source's index of a text's character. Characters that are no space keep their order in every style."""
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    if node.style in ("|", ">"):
        start = source.find("\n", start) + 1 or end  # behind the header
    elif node.style in ("'", '"'):
        start, end = start + 1, end - 1
    value = node.value
    wanted = sum(1 for char in value[:offset] if not char.isspace())
    written = list(_written(source, start, end, node.style))
    if offset < len(value) and not value[offset].isspace():
        return written[wanted] if wanted < len(written) else min(end, len(source))
    last = written[wanted - 1] if 0 < wanted <= len(written) else start - 1
    spaces = offset - len(value[:offset].rstrip())
    return min(last + 1 + spaces, end)


def _written(source: str, start: int, end: int, style: str | None) -> Iterator[int]:
    """The index of every character of the text that is no space."""
    index = start
    while index < min(end, len(source)):
        char, step = source[index], 1
        if style == '"' and char == "\\":
            code = source[index + 1 : index + 2]
            step = 2 + _ESCAPED.get(code, 0)
            shown = _meant(code, source[index + 2 : index + step])
            if not shown.isspace():
                yield index
        elif not char.isspace():
            step = 2 if style == "'" and source.startswith("''", index) else 1
            yield index
        index += step


def _meant(code: str, digits: str) -> str:
    """What an escape stands for, as far as spaces are concerned."""
    if code in _ESCAPED:
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return "?"
    return " " if code in "nrtvf NLP_\n\t" else "?"
