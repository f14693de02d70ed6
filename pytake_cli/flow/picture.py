"""A flow as SVG: steps in layers from top to bottom, ways as curves; no program besides this one is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from wcwidth import wcswidth

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.gist import clip, entrance_label, gist, way_label
from pytake_cli.flow.ways import OUTWARD, edges, entrances

_WIDTH, _HEIGHT = 190, 48  # of a box
_GAP_X, _GAP_Y = 36, 64
_MARGIN = 32
_SWEEPS = 8  # passes that put steps below those that lead to them; more change nothing that is seen
_STYLE = """
text{font:12px system-ui,sans-serif;fill:#1f2430}.name{font-weight:600}.gist,.label{fill:#5b6270;font-size:11px}
.label{paint-order:stroke;stroke:#fff;stroke-width:4px}rect{fill:#fff;stroke:#8a92a3;rx:6}
.ask,.form{fill:#eef5ff;stroke:#3b78c4}.switch,.split,.hours{fill:#fff7e6;stroke:#b7791f}
.handoff{fill:#eefaf0;stroke:#2f855a}.end{fill:#f3f4f6}.entrance{fill:#f3f4f6;stroke:none;rx:16}
path{fill:none;stroke:#8a92a3;stroke-width:1.4}.error,.window_closed,.skip{stroke-dasharray:5 4}.back{stroke:#b07cc6}
@media(prefers-color-scheme:dark){svg{background:#15181f}text{fill:#e6e8ee}.gist,.label{fill:#a9b0bf}
.label{stroke:#15181f}rect{fill:#1f2430}.ask,.form{fill:#16283f}.switch,.split,.hours{fill:#33280f}
.handoff{fill:#12301f}.end,.entrance{fill:#2a2f3b}}
""".strip()

_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 8 4 0 8z" style="fill:#8a92a3;stroke:none"/></marker></defs>'
)


@dataclass(slots=True)
class _Node:
    name: str
    shown: str = ""
    detail: str = ""
    kind: str = ""
    layer: int = 0
    x: float = 0.0
    width: float = _WIDTH
    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Arrow:
    source: str
    target: str
    label: str
    kind: str


def svg(flow: Flow) -> str:
    """The whole picture as one document."""
    nodes, arrows = _gather(flow)
    back = _backward(nodes, arrows)
    chains = _layers(nodes, arrows, back)
    _places(nodes)
    height = (max(node.layer for node in nodes.values()) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y + 2 * _MARGIN
    width = max(node.x + node.width / 2 for node in nodes.values()) + _MARGIN + (60 if back else 0)
    size = f'width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"'
    name = escape(flow.title or flow.name)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{name}">',
        f"<style>{_STYLE}</style>",
        _TIP,
        *(_curve(nodes, arrow, chains.get(index)) for index, arrow in enumerate(arrows)),
        *(_box(node) for node in nodes.values() if node.kind),
        *(_words(nodes, arrow, index in chains) for index, arrow in enumerate(arrows) if arrow.label),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _gather(flow: Flow) -> tuple[dict[str, _Node], list[_Arrow]]:
    nodes: dict[str, _Node] = {}
    arrows: list[_Arrow] = []
    for path, target in entrances(flow):
        name = ">" + ".".join(str(part) for part in path)
        label = clip(entrance_label(flow, path), 26)
        nodes[name] = _Node(name, shown=label, kind="entrance", width=24 + 7 * wcswidth(label))
        arrows.append(_Arrow(name, target, "", "next"))
    for name, step in flow.steps.items():
        detail = f"{step.verb}  {gist(step, flow.language)}"
        nodes[name] = _Node(name, shown=clip(name, 26), detail=clip(detail, 30), kind=step.verb)
    merged: dict[tuple[str, str, str], list[str]] = {}
    for edge in edges(flow):
        if not edge.implied:
            group = "next" if edge.way.kind in ("choice", "case", "next") else edge.way.kind
            merged.setdefault((edge.source, edge.target, group), []).append(way_label(edge.way))
    for (source, target, kind), labels in merged.items():
        arrows.append(_Arrow(source, target, clip(" ".join(filter(None, dict.fromkeys(labels))), 28), kind))
    found: list[_Arrow] = []
    for index, arrow in enumerate(arrows):
        if arrow.target in OUTWARD or arrow.target not in nodes:
            name = f"end {index}"  # an end of its own for each way keeps the picture free of long lines
            nodes[name] = _Node(name, shown=arrow.target or "end", kind="end", width=64)
            arrow = _Arrow(arrow.source, name, arrow.label, arrow.kind)
        found.append(arrow)
    return nodes, found


def _backward(nodes: Mapping[str, _Node], arrows: list[_Arrow]) -> set[int]:
    """Arrows that lead up again: those that close a circle on the first walk through the flow."""
    out: dict[str, list[tuple[int, str]]] = {}
    for index, arrow in enumerate(arrows):
        out.setdefault(arrow.source, []).append((index, arrow.target))
    found: set[int] = set()
    state: dict[str, int] = {}
    for root in nodes:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(out.get(root, ())))]
        while stack:
            name, rest = stack[-1]
            for index, target in rest:
                if state.get(target) == 1:
                    found.add(index)
                elif target not in state:
                    state[target] = 1
                    stack.append((target, iter(out.get(target, ()))))
                    break
            else:
                state[name] = 2
                stack.pop()
    return found


def _layers(nodes: dict[str, _Node], arrows: list[_Arrow], back: set[int]) -> dict[int, list[str]]:
    """Puts each step below all that lead to it; an arrow over several layers passes a bend in each between."""
    forward = [(index, arrow) for index, arrow in enumerate(arrows) if index not in back]
    for _round in range(len(nodes)):
        moved = False
        for _index, arrow in forward:
            if nodes[arrow.target].layer <= nodes[arrow.source].layer:
                nodes[arrow.target].layer = nodes[arrow.source].layer + 1
                moved = True
        if not moved:
            break
    for name, node in nodes.items():
        if node.kind == "entrance":  # right above its step, not all at the top
            target = next(arrow.target for arrow in arrows if arrow.source == name)
            node.layer = max(nodes[target].layer - 1, 0)
    chains: dict[int, list[str]] = {}
    for index, arrow in forward:
        chain = [arrow.source]
        for layer in range(nodes[arrow.source].layer + 1, nodes[arrow.target].layer):
            bend = f"bend {index} {layer}"
            nodes[bend] = _Node(bend, layer=layer, width=16)
            chain.append(bend)
        chain.append(arrow.target)
        chains[index] = chain
        for upper, lower in pairwise(chain):
            nodes[upper].below.append(lower)
            nodes[lower].above.append(upper)
    return chains


def _places(nodes: Mapping[str, _Node]) -> None:
    """Orders each layer by the middle of its neighbours, down and up again, then spreads it without overlap."""
    layers: dict[int, list[_Node]] = {}
    for node in nodes.values():
        layers.setdefault(node.layer, []).append(node)
    for layer in layers.values():
        _spread(layer, {node.name: index * 10.0 for index, node in enumerate(layer)})
    for sweep in range(_SWEEPS):
        downward = sweep % 2 == 0
        for depth in sorted(layers, reverse=not downward):
            wanted = {}
            for node in layers[depth]:
                near = node.above if downward else node.below
                places = sorted(nodes[name].x for name in near)
                wanted[node.name] = places[len(places) // 2] if places else node.x
            layers[depth].sort(key=lambda node: wanted[node.name])
            _spread(layers[depth], wanted)
    left = min(node.x - node.width / 2 for node in nodes.values())
    for node in nodes.values():
        node.x += _MARGIN - left


def _spread(layer: list[_Node], wanted: Mapping[str, float]) -> None:
    """As near to the wanted places as the boxes' widths allow, the layer's middle kept."""
    edge = float("-inf")
    for node in layer:
        node.x = max(wanted[node.name], edge + node.width / 2)
        edge = node.x + node.width / 2 + (_GAP_X if node.kind else 12)
    drift = sum(node.x - wanted[node.name] for node in layer) / len(layer)
    for node in layer:
        node.x -= drift


def _top(node: _Node) -> float:
    return _MARGIN + node.layer * (_HEIGHT + _GAP_Y)


def _curve(nodes: Mapping[str, _Node], arrow: _Arrow, chain: list[str] | None) -> str:
    source, target = nodes[arrow.source], nodes[arrow.target]
    if chain is None:  # back up, along the right side
        spread = 18 if source is target else 0
        x1, y1 = source.x + source.width / 2, _top(source) + _HEIGHT / 2 + spread
        x2, y2 = target.x + target.width / 2, _top(target) + _HEIGHT / 2 - spread
        out = max(x1, x2) + 44
        drawn = f"M{x1:.0f} {y1:.0f}C{out:.0f} {y1:.0f} {out:.0f} {y2:.0f} {x2 + 2:.0f} {y2:.0f}"
        return f'<path class="back {arrow.kind}" d="{drawn}" marker-end="url(#tip)"/>'
    points = [
        (nodes[name].x, _top(nodes[name]), _top(nodes[name]) + (_HEIGHT if nodes[name].kind else 0)) for name in chain
    ]
    drawn = f"M{points[0][0]:.0f} {points[0][2]:.0f}"
    bottom, x = points[0][2], points[0][0]
    for to_x, top, below in points[1:]:
        middle = (bottom + top) / 2
        drawn += f"C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {top:.0f}"
        if below != top and (to_x, below) != (points[-1][0], points[-1][2]):
            drawn += f"V{below:.0f}"
        bottom, x = below, to_x
    return f'<path class="{arrow.kind}" d="{drawn}" marker-end="url(#tip)"/>'


def _box(node: _Node) -> str:
    x, y, middle = node.x - node.width / 2, _top(node), node.x
    if not node.detail:
        return (
            f'<rect class="{node.kind}" x="{x:.0f}" y="{y + 9:.0f}" width="{node.width:.0f}" height="30"/>'
            f'<text class="gist" x="{middle:.0f}" y="{y + 28:.0f}" text-anchor="middle">{escape(node.shown)}</text>'
        )
    return (
        f'<rect class="{node.kind}" x="{x:.0f}" y="{y:.0f}" width="{node.width:.0f}" height="{_HEIGHT}"/>'
        f'<text class="name" x="{middle:.0f}" y="{y + 20:.0f}" text-anchor="middle">{escape(node.shown)}</text>'
        f'<text class="gist" x="{middle:.0f}" y="{y + 37:.0f}" text-anchor="middle">{escape(node.detail)}</text>'
    )


def _words(nodes: Mapping[str, _Node], arrow: _Arrow, forward: bool) -> str:
    """The label near the arrow's beginning, where several that end in one place do not meet."""
    source, target = nodes[arrow.source], nodes[arrow.target]
    if forward:
        share = 0.35 if target.layer - source.layer == 1 else 0.12
        x, y = source.x + (target.x - source.x) * share, _top(source) + _HEIGHT + 22
    else:
        x, y = source.x + source.width / 2 + 8, _top(source) + _HEIGHT / 2 - 6
    anchor = "middle" if forward else "start"
    return f'<text class="label" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(arrow.label)}</text>'
