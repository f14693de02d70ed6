"""How a flow begins when it is the business that speaks first: with a template, or with words that need the window."""

from __future__ import annotations

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.routes import FREE_SPEECH
from pytake_cli.flow.steps.step import Step
from pytake_cli.flow.ways import OUTWARD, edges

_UNREAD = ("call", "goto_flow")  # what these say stands elsewhere


def opens_with_template(flow: Flow) -> bool:
    """True when no way leads to words that need the 24-hour window before a template was sent.

    A step with `on_window_closed` counts as what that leads to.
    """
    leads: dict[str, list[tuple[str, str]]] = {}
    for edge in edges(flow):
        leads.setdefault(edge.source, []).append((edge.way.kind, edge.target))
    seen: set[str] = set()
    ahead = [flow.start]
    while ahead:
        name = ahead.pop()
        if name in seen or name in OUTWARD or name not in flow.steps:
            continue
        seen.add(name)
        step, ways = flow.steps[name], leads.get(name, [])
        if step.verb == "template" and step.if_ is None:
            continue
        if _speaks(step):
            ways = [way for way in ways if way[0] in ("window_closed", "skip")]
            if not any(kind == "window_closed" for kind, _ in ways):
                return False
        ahead += [target for _, target in ways]
    return True


def _speaks(step: Step) -> bool:
    return step.verb in FREE_SPEECH or step.verb in _UNREAD
