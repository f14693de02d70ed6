"""A flow as SVG: steps in layers from top to bottom, ways as curves; no program besides this one is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
_DASHED = ("error", "window_closed", "skip")
_SWEEPS = 8  # passes that put steps below those that lead to them; more change nothing that is seen
_LETTER = 6.0  # width of one in a label
_SHARES = (0.5, 0.35, 0.65, 0.25, 0.75)  # places of a curve where its label may be, the best first
_Point = tuple[float, float]
_Piece = tuple[_Point, _Point, _Point, _Point]
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
        *_labels(nodes, arrows, chains),
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
            kind = str(edge.way.kind) if edge.way.kind in _DASHED else "next"
            merged.setdefault((edge.source, edge.target, kind), []).append(way_label(edge.way))
    for (source, target, kind), labels in merged.items():
        several = [label or "next" for label in labels] if len(labels) > 1 else labels
        arrows.append(_Arrow(source, target, clip(" ".join(dict.fromkeys(several)), 28), kind))
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
    _pack(nodes)
    left = min(node.x - node.width / 2 for node in nodes.values())
    for node in nodes.values():
        node.x += _MARGIN - left


def _pack(nodes: Mapping[str, _Node]) -> None:
    """Moves parts that no arrow joins side by side, as near as their layers allow."""
    right: dict[int, float] = {}
    for part in sorted(_parts(nodes), key=lambda names: min(nodes[name].x for name in names)):
        shift = max(
            (right[node.layer] + _GAP_X - (node.x - node.width / 2)
             for node in (nodes[name] for name in part) if node.layer in right),
            default=0.0,
        )  # fmt: skip
        for node in (nodes[name] for name in part):
            node.x += shift
            right[node.layer] = max(right.get(node.layer, node.x), node.x + node.width / 2)


def _parts(nodes: Mapping[str, _Node]) -> list[set[str]]:
    found: list[set[str]] = []
    for name in nodes:
        if any(name in part for part in found):
            continue
        part, rest = {name}, [name]
        while rest:
            node = nodes[rest.pop()]
            new = {each for each in (*node.above, *node.below) if each not in part}
            part |= new
            rest += new
        found.append(part)
    return found


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


def _ends(node: _Node) -> tuple[float, float]:
    """Where arrows reach the node and where they leave it; a bend is a point."""
    inset = 0 if node.detail else 9
    return (_top(node) + inset, _top(node) + _HEIGHT - inset) if node.kind else (_top(node), _top(node))


def _pieces(nodes: Mapping[str, _Node], arrow: _Arrow, chain: list[str] | None) -> list[_Piece]:
    """The Bézier curves that an arrow is drawn with."""
    source, target = nodes[arrow.source], nodes[arrow.target]
    if chain is None:  # back up, along the right side
        spread = 18 if source is target else 0
        x1, y1 = source.x + source.width / 2, _top(source) + _HEIGHT / 2 + spread
        x2, y2 = target.x + target.width / 2 + 2, _top(target) + _HEIGHT / 2 - spread
        out = max(x1, x2) + 44
        return [((x1, y1), (out, y1), (out, y2), (x2, y2))]
    found: list[_Piece] = []
    for upper, lower in pairwise(nodes[name] for name in chain):
        y1, y2 = _ends(upper)[1], _ends(lower)[0]
        middle = (y1 + y2) / 2
        found.append(((upper.x, y1), (upper.x, middle), (lower.x, middle), (lower.x, y2)))
    return found


def _curve(nodes: Mapping[str, _Node], arrow: _Arrow, chain: list[str] | None) -> str:
    pieces = _pieces(nodes, arrow, chain)
    (x, y), *_rest = pieces[0]
    drawn = f"M{x:.0f} {y:.0f}"
    for _start, *points in pieces:
        drawn += "C" + " ".join(f"{x:.0f} {y:.0f}" for x, y in points)
    kind = f"back {arrow.kind}" if chain is None else arrow.kind
    return f'<path class="{kind}" d="{drawn}" marker-end="url(#tip)"/>'


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


def _labels(nodes: Mapping[str, _Node], arrows: list[_Arrow], chains: Mapping[int, list[str]]) -> Iterator[str]:
    """Each label on its arrow, at the first place where it covers neither a box nor another label."""
    taken = [(node.x - node.width / 2, _top(node), node.x + node.width / 2, _top(node) + _HEIGHT)
             for node in nodes.values() if node.kind]  # fmt: skip
    for index, arrow in enumerate(arrows):
        if not arrow.label:
            continue
        half = wcswidth(arrow.label) * _LETTER / 2 + 3
        spots = [
            (x + aside * half, y)
            for aside in (0.0, 1.0, -1.0, 2.5, -2.5)
            for piece in _pieces(nodes, arrow, chains.get(index))
            for x, y in (_point(piece, share) for share in _SHARES)
        ]
        room = [(x - half, y - 12, x + half, y + 5) for x, y in spots]
        best = next((n for n, one in enumerate(room) if not any(_overlap(one, other) for other in taken)), 0)
        taken.append(room[best])
        x, y = spots[best]
        yield f'<text class="label" x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{escape(arrow.label)}</text>'


def _point(piece: _Piece, share: float) -> _Point:
    """A point of a Bézier curve."""
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    x, y = (sum(weight * point[axis] for weight, point in zip(weights, piece, strict=True)) for axis in (0, 1))
    return x, y + 4  # the middle of the letters


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
