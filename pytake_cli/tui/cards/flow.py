"""A flow as lines: its tree with problems and how many are where, the simulated talk, the difference to a file."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style

from pytake_cli.locale import _
from pytake_cli.tui import draw
from pytake_cli.tui.draw import Line, Lines, figure
from pytake_cli.tui.measure import cut
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json
from pytake_cli.tui.signs import sign

LABEL = 22  # cells of the label of a way
WHO = 9  # cells before what somebody says


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of the tree: the rails before it, the way that leads here, the step, or a link to one shown above."""

    rails: str
    label: str
    step: Json | None
    target: str = ""


def branches(outline: Sequence[Json]) -> list[Branch]:
    """The steps from the first one on, each once; then those that nothing leads to."""
    steps = {str(step["step"]): step for step in outline}
    found: list[Branch] = []
    seen: set[str] = set()
    for name in steps:
        if name not in seen:
            found += _walk(steps, name, "", "", "", seen)
    return found


def _walk(steps: Mapping[str, Json], name: str, rails: str, under: str, label: str, seen: set[str]) -> Iterator[Branch]:
    """The step and what it leads to, as deep as it goes; a stack, for flows are longer than Python's."""
    waiting = [(name, rails, under, label)]
    while waiting:
        name, rails, under, label = waiting.pop()
        step = steps.get(name)
        if step is None or name in seen:
            yield Branch(rails, label, None, name)
            continue
        seen.add(name)
        yield Branch(rails, label, step)
        ways = [way for way in step.get("ways") or () if way.get("target")]
        if len(ways) == 1 and not str(ways[0].get("label") or "").strip():
            waiting.append((str(ways[0]["target"]), under, under, ""))
            continue
        nexts = []
        for at, way in enumerate(ways):
            last = at == len(ways) - 1
            corner, rail = (sign("└") + sign("─"), "  ") if last else (sign("├") + sign("─"), sign("│") + " ")
            nexts.append((str(way["target"]), under + corner, under + rail, str(way.get("label") or "")))
        waiting += reversed(nexts)


STARTS = {  # how the API names what starts a flow -> how people say it; the words of a keyword speak for themselves
    "keyword": "", "new_contact": "new contact", "new_conversation": "new conversation", "any": "any message",
    "ad": "ad", "button": "button",
}  # fmt: skip


def start(label: str) -> str:
    """What starts a flow: `keyword oi, olá` is `oi, olá`."""
    kind, _space, rest = label.partition(" ")
    name = STARTS.get(kind)
    if name is None:
        return label
    return f"{_(name)} {rest}".strip() if name else rest


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is shown over the tree: where the talk is, how many are at each step, what is wrong with it."""

    here: str | None = None
    heat: Mapping[str, int] | None = None
    wrong: Mapping[str, str] | None = None  # step -> severity


def tree(found: Sequence[Branch], over: Overlay, room: int, look: Look) -> Lines:
    """The lines of the tree."""
    most = max((over.heat or {}).values(), default=0)
    return [_branch(branch, over, most, room, look) for branch in found]


def _branch(branch: Branch, over: Overlay, most: int, room: int, look: Look) -> Line:
    label = cut(branch.label.replace("\n", " "), LABEL)
    head: Line = ((f" {branch.rails}", look.faint), (f"{label} " if label else "", look.incoming))
    if branch.step is None:
        return (*head, (f"{sign('→')} {branch.target}", look.muted))
    name = str(branch.step["step"])
    style, mark = _named(name, over, look)
    says = str(branch.step.get("says") or "").replace("\n", " ")
    verb = str(branch.step.get("verb") or "")
    line: Line = (*head, (f"{mark}{name}", style), (f"  {verb}", look.bot), (f"  {says}" if says else "", look.muted))
    tail: Line = ()
    if over.here == name:
        tail = ((f" {sign('←')} {_('here')} ", look.unread),)
    elif over.heat is not None:
        count = over.heat.get(name, 0)
        tail = ((f" {draw.solid(count, most, 6)} {figure(count):>6} ", look.warn if count else look.faint),)
    return draw.between(line, tail, room) if tail else line


def _named(name: str, over: Overlay, look: Look) -> tuple[Style, str]:
    match (over.wrong or {}).get(name):
        case "error":
            return look.bad, "! "
        case str():
            return look.warn, "! "
        case None:
            return look.strong, ""


def problems(rows: Sequence[Json], path: str, room: int, look: Look) -> Lines:
    """What is wrong with the file, each at its place."""
    if not rows:
        return [((f" {sign('✓')} {_('no problems')}", look.ok),)]
    made: Lines = []
    for row in rows:
        style = look.bad if row.get("severity") == "error" else look.warn
        place = ":".join(str(part) for part in (path, row.get("line"), row.get("column")) if part is not None)
        made.append(((" ! ", style), (place, look.accent), (f"  {row.get('slug') or ''}", look.muted)))
        made += draw.paragraph(str(row.get("message") or ""), room, look.plain, "   ")
        if row.get("fix"):
            made += draw.paragraph(f"{sign('→')} {row['fix']}", room, look.muted, "   ")
    return made


def talk(card: Json, room: int, look: Look) -> Lines:
    """The simulated talk: who said what, options numbered as they can be typed."""
    made: Lines = []
    for line in card.get("lines") or ():
        name, style = _speaker(str(line.get("who")), look)
        words = draw.paragraph(str(line.get("text") or ""), room - WHO, look.plain)
        head: Line = ((f"{name:<{WHO}}", style),)
        made += [(*(head if at == 0 else ((" " * WHO, look.plain),)), *each) for at, each in enumerate(words)]
        options = [((f"[{at} {text}]", look.accent),) for at, text in enumerate(line.get("choices") or (), 1)]
        made += [((" " * WHO, look.plain), *each) for each in draw.flowing(options, room - WHO, 1)]
    return made


def _speaker(who: str, look: Look) -> tuple[str, Style]:
    match who:
        case "customer":
            return _("customer"), look.incoming
        case "bot":
            return _("bot"), look.outgoing
        case "call":
            return _("call"), look.bot
        case "end":
            return _("end"), look.ok
        case _:
            return sign("·"), look.muted


def standing(card: Json, room: int, look: Look) -> Lines:
    """What the session knows and where it went."""
    values = "  ".join(f"{name}={_short(value)}" for name, value in (card.get("vars") or {}).items())
    path: list[str] = []
    for line in card.get("lines") or ():
        if line.get("step") and path[-1:] != [line["step"]]:
            path.append(str(line["step"]))
    made = _rule(_("values"), room, look) + draw.paragraph(values or figure(None), room, look.plain)
    made += _rule(_("path"), room, look)
    if card.get("step") and path[-1:] != [card["step"]]:
        path.append(str(card["step"]))
    made += draw.paragraph(f" {sign('→')} ".join(path), room, look.muted)
    return made


def _rule(text: str, room: int, look: Look) -> Lines:
    return [((f"{sign('─')} {text} ", look.muted), (sign("─") * max(0, room - len(text) - 3), look.faint))]


def _short(value: object) -> str:
    return cut(figure(None) if value is None else str(value).replace("\n", " "), 30)


def difference(before: str, after: str, names: tuple[str, str], room: int, look: Look) -> Lines:
    """What of a text would change, as `diff -u` tells it."""
    made: Lines = []
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="", n=2):
        style = look.plain
        if line.startswith(("+++", "---", "@@")):
            style = look.muted
        elif line.startswith("+"):
            style = look.ok
        elif line.startswith("-"):
            style = look.bad
        made.append(((cut(line, room), style),))
    return made or [((_("nothing would change"), look.muted),)]
