"""A flow as a picture: a tree for the terminal, Mermaid and DOT for elsewhere (`picture` draws SVG)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.gist import clip, entrance_label, gist, way_label
from pytake_cli.flow.steps.step import Way
from pytake_cli.flow.ways import OUTWARD, edges, entrances

Line = list[tuple[str, str]]  # (role, text): role is "", "id", "heading" or "dim"

_MAIN = ("next", "returned", "reply", "open", "else", "case", "choice", "weight")  # the way that goes on below
_DECIDES = ("switch", "split", "hours")


@dataclass(frozen=True, slots=True)
class Signs:
    """The letters that a tree is drawn with."""

    branch: str = "├─ "
    last: str = "└─ "
    down: str = "│  "
    none: str = "   "
    arrow: str = "→"
    back: str = "↑"


ASCII = Signs("|- ", "`- ", "|  ", "   ", "->", "^")


def tree(flow: Flow, *, width: int = 80, signs: Signs | None = None) -> list[Line]:
    """The steps in walking order: what goes on stands below, what branches off is indented, `↑` leads back up."""
    return _Tree(flow, width, signs or Signs()).lines


class _Tree:
    def __init__(self, flow: Flow, width: int, signs: Signs) -> None:
        self.flow = flow
        self.width = width
        self.signs = signs
        self.lines: list[Line] = []
        self.seen: set[str] = set()
        self.done: set[str] = set()
        self.ways: dict[str, list[Way]] = {}
        for edge in edges(flow):
            if not edge.implied:
                self.ways.setdefault(edge.source, []).append(edge.way)
        for path, target in entrances(flow):
            self._entrance(entrance_label(flow, path), target)
        for name in flow.steps:
            if name not in self.seen:
                self._entrance("?", name)

    def _entrance(self, label: str, target: str) -> None:
        line: Line = [("heading", label), ("", f" {self.signs.arrow} ")]
        self._lead(line, "", target)

    def _lead(self, line: Line, prefix: str, target: str) -> None:
        """A line that ends in a step: the step itself when it is new, else its name."""
        if target in self.seen or target not in self.flow.steps:
            self.lines.append([*line, *self._link(target)])
            return
        chain = self._chain(target)
        self._step(line, chain[0], prefix)
        for name in chain[1:]:
            self._step([("dim", prefix)] if prefix else [], name, prefix)

    def _chain(self, name: str) -> list[str]:
        found = []
        while name in self.flow.steps and name not in self.seen:
            self.seen.add(name)
            found.append(name)
            main = self._main(name)
            name = main.target if main is not None else ""
        return found

    def _main(self, name: str) -> Way | None:
        ways = self.ways.get(name, [])
        for kind in _MAIN:
            for way in ways:
                if way.kind == kind and way.target not in OUTWARD:
                    return way
        return None

    def _step(self, line: Line, name: str, prefix: str) -> None:
        step = self.flow.steps[name]
        self.done.add(name)
        used = sum(len(text) for _role, text in line) + len(name) + len(step.verb) + 4
        shown = clip(gist(step, self.flow.language), max(self.width - used, 0)) if self.width - used > 6 else ""
        self.lines.append([*line, ("id", name), ("dim", f"  {step.verb}"), ("", f"  {shown}" if shown else "")])
        main = self._main(name)
        below = main is not None and self._goes_on(main)
        branches = [way for way in self.ways.get(name, []) if not (below and way is main)]
        for index, way in enumerate(branches):
            final = index == len(branches) - 1
            sign = self.signs.last if final and not below else self.signs.branch
            inner = prefix + (self.signs.none if final and not below else self.signs.down)
            label = way_label(way)
            head: Line = [("dim", prefix + sign), ("", f"{label} " if label else ""), ("dim", f"{self.signs.arrow} ")]
            self._lead(head, inner, way.target)

    def _goes_on(self, main: Way) -> bool:
        """True when the next line of the chain is this way's step: it was taken up and is not drawn yet."""
        return main.target in self.seen and main.target not in self.done

    def _link(self, target: str) -> Line:
        if target in self.done:
            return [("id", target), ("dim", f" {self.signs.back}")]
        return [("id" if target in self.flow.steps else "dim", target or "end")]


def text(lines: Sequence[Line]) -> str:
    """Without colours."""
    return "".join("".join(part for _role, part in line).rstrip() + "\n" for line in lines)


def mermaid(flow: Flow) -> str:
    """For Markdown: a fence of ```mermaid shows it on GitHub and GitLab."""
    lines = ["flowchart TD"]
    for name, step in flow.steps.items():
        label = _mermaid_text(f"{name}<br/>{step.verb}: {clip(gist(step, flow.language), 40)}".rstrip(": "))
        opening, closing = _mermaid_shape(step.verb)
        lines.append(f'  s_{name}{opening}"{label}"{closing}')
    ends = False
    for path, target in entrances(flow):
        label = _mermaid_text(entrance_label(flow, path))
        identity = "_".join(str(part) for part in path)
        lines.append(f'  in_{identity}(["{label}"]) --> {_mermaid_id(target)}')
        ends = ends or target in OUTWARD
    for edge in edges(flow):
        if edge.implied:
            continue
        label = _mermaid_text(way_label(edge.way))
        arrow = "-.->" if edge.way.kind in ("error", "window_closed", "skip") else "-->"
        middle = f'|"{label}"|' if label else ""
        lines.append(f"  s_{edge.source} {arrow}{middle} {_mermaid_id(edge.target)}")
        ends = ends or edge.target in OUTWARD
    if ends:
        lines.append('  e_nd(["end"])')
    return "\n".join(lines) + "\n"


def _mermaid_shape(verb: str) -> tuple[str, str]:
    if verb in _DECIDES:
        return "{", "}"
    if verb in ("end", "handoff", "goto_flow"):
        return "([", "])"
    return ("{{", "}}") if verb in ("ask", "form") else ("[", "]")


def _mermaid_id(target: str) -> str:
    return "e_nd" if target in OUTWARD else f"s_{target}"


def _mermaid_text(shown: str) -> str:
    marked = shown.replace("&", "#amp;").replace('"', "#quot;").replace("<br/>", "\x00")
    return marked.replace("<", "#lt;").replace(">", "#gt;").replace("\x00", "<br/>").replace("\n", " ")


def dot(flow: Flow) -> str:
    """For Graphviz: `pytake flow graph NAME --format dot | dot -Tpng`."""
    lines = ["digraph flow {", "  rankdir=TB;", '  node [fontname="sans-serif" shape=box style=rounded];']
    for name, step in flow.steps.items():
        shape = "diamond" if step.verb in _DECIDES else "hexagon" if step.verb in ("ask", "form") else "box"
        label = f"{name}\n{step.verb}: {clip(gist(step, flow.language), 40)}".rstrip(": ")
        lines.append(f"  {_quoted(name)} [shape={shape} label={_quoted(label)}];")
    for path, target in entrances(flow):
        label = entrance_label(flow, path)
        lines.append(f"  {_quoted('> ' + label)} [shape=plaintext label={_quoted(label)}];")
        lines.append(f"  {_quoted('> ' + label)} -> {_quoted(target or 'end')};")
    for edge in edges(flow):
        if edge.implied:
            continue
        style = " style=dashed" if edge.way.kind in ("error", "window_closed", "skip") else ""
        label = way_label(edge.way)
        lines.append(f"  {_quoted(edge.source)} -> {_quoted(edge.target or 'end')} [label={_quoted(label)}{style}];")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(shown: str) -> str:
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
