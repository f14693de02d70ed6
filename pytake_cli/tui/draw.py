"""Lines made of parts, and what figures look like in them: bars, sparklines, shares, facts side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from pytake_cli import locale
from pytake_cli.locale import is_ascii
from pytake_cli.tui.measure import cut, width, wrap
from pytake_cli.tui.rows import when
from pytake_cli.tui.signs import sign

Part = tuple[str, Style]
Line = tuple[Part, ...]
Lines = list[Line]

SPARKS, SPARKS_ASCII = "▁▂▃▄▅▆▇█", "_.,-~=+#"
BLANK: Line = ()


def cells(line: Line) -> int:
    """The cells that a line takes."""
    return sum(width(text) for text, _style in line)


def strip(line: Line, room: int, ground: Style) -> Strip:
    """The line cut or filled to exactly `room` cells; what is behind it shows through."""
    segments, left = [], room
    for text, style in line:
        if left <= 0:
            break
        text = text.replace("\n", " ")  # a line is one line, whoever wrote it
        text = cut(text, left) if width(text) > left else text
        segments.append(Segment(text, ground + style))
        left -= width(text)
    return Strip([*segments, Segment(" " * max(0, left), ground)], room)


def between(left: Line, right: Line, room: int) -> Line:
    """One part at each end; the left one gives way."""
    gap = room - cells(right) - cells(left)
    if gap >= 1:
        return (*left, (" " * gap, Style()), *right)
    return (*clipped(left, max(0, room - cells(right) - 1)), (" ", Style()), *right)


def clipped(line: Line, room: int) -> Line:
    """As much of the line as fits."""
    kept: list[Part] = []
    for text, style in line:
        if room <= 0:
            break
        kept.append((cut(text, room), style))
        room -= width(kept[-1][0])
    return tuple(kept)


def filled(line: Line, room: int) -> Line:
    """The line in exactly `room` cells."""
    short = clipped(line, room)
    return (*short, (" " * (room - cells(short)), Style()))


def beside(left: Lines, right: Lines, first: int, gap: int = 3) -> Lines:
    """Two blocks next to each other; the left one is `first` cells wide."""
    pairs = zip_longest(left, right, fillvalue=BLANK)
    return [(*filled(one, first), (" " * gap, Style()), *other) if other else one for one, other in pairs]


def flowing(facts: Iterable[Line], room: int, gap: int = 3) -> Lines:
    """Facts one after the other, broken into lines where there is no room."""
    lines: Lines = []
    for fact in facts:
        if lines and cells(lines[-1]) + gap + cells(fact) <= room:
            lines[-1] = (*lines[-1], (" " * gap, Style()), *fact)
        else:
            lines.append(fact)
    return lines


def paragraph(text: str, room: int, style: Style, indent: str = "") -> Lines:
    """Words broken into lines."""
    return [((indent + each, style),) for each in wrap(text, max(4, room - len(indent)))]


def bar(share: float, room: int) -> str:
    """`████░░░░`: how much of a whole."""
    full = round(max(0.0, min(1.0, share)) * room)
    return sign("█") * full + sign("░") * (room - full)


def solid(value: float, most: float, room: int) -> str:
    """A bar without ground, at least one cell where there is something."""
    if value <= 0 or most <= 0:
        return ""
    return sign("█") * max(1, round(value / most * room))


def spark(values: Sequence[float], room: int) -> str:
    """The newest values as little columns."""
    shown = list(values)[-room:]
    marks, most = SPARKS_ASCII if is_ascii() else SPARKS, max(shown, default=0)
    if most <= 0:
        return marks[0] * len(shown)
    return "".join(marks[min(len(marks) - 1, int(value / most * (len(marks) - 1) + 0.5))] for value in shown)


def columns(values: Sequence[float], labels: Sequence[str], room: int, height: int) -> list[str]:
    """A column for each value, upright, with an axis to the left and labels below; as many as fit, the newest.

    `  90 ┤      ██`, … , `     └─08─09─`
    """
    most = max(values, default=0)
    side = len(figure(most)) + 2
    each = max(2, min(4, (room - side) // max(1, len(values))))
    shown, under = list(values)[-((room - side) // each) :], list(labels)[-((room - side) // each) :]
    tick, corner, line = ("+", "+", "-") if is_ascii() else ("┤", "└", "─")
    rows = []
    for level in range(height, 0, -1):
        at = figure(round(most * level / height)) if level in (height, (height + 1) // 2) and most else ""
        full = [value > 0 and value / most * height >= level - 0.5 if most else False for value in shown]
        body = "".join((sign("█") * (each - 1) if on else " " * (each - 1)) + " " for on in full)
        rows.append(f"{at.rjust(side - 2)} {tick}{body}".rstrip())
    rows.append(" " * (side - 1) + corner + "".join(label[: each - 1].ljust(each - 1, line) + line for label in under))
    return rows


def figure(value: Any) -> str:
    """`8.412`, `61,6`, `—`."""
    if value is None:
        return "-" if is_ascii() else "—"
    if isinstance(value, float) and not value.is_integer():
        text = f"{value:.1f}"
        return text.replace(".", ",") if locale.language() == "pt-BR" else text
    return locale.number(int(value))


def percent(part: float | None, whole: float | None = 1.0, digits: int = 1) -> str:
    """`96,5%`; a dash where there is nothing to divide."""
    if part is None or not whole:
        return figure(None)
    text = f"{part / whole * 100:.{digits}f}%"
    return text.replace(".", ",") if locale.language() == "pt-BR" else text


def money(value: Any, *, exact: bool = False) -> str:
    """`US$ 525,75` of {"amount": "525.75", "currency": "USD"}; `exact`: with all places, as for what one costs."""
    if not isinstance(value, dict) or value.get("amount") is None:
        return figure(None)
    places = max(2, len(str(value["amount"]).partition(".")[2])) if exact else 2
    amount = f"{float(value['amount']):,.{places}f}"
    if locale.language() == "pt-BR":
        amount = amount.replace(",", "@").replace(".", ",").replace("@", ".")
    currency = {"USD": "US$", "BRL": "R$", "EUR": "€"}.get(str(value.get("currency")), str(value.get("currency") or ""))
    return f"{currency} {amount}".strip()


def moment(value: Any) -> datetime | None:
    """A time of the API."""
    return value if isinstance(value, datetime) else when(value)


def duration(seconds: float | None) -> str:
    """`48s`, `1m42`, `3h05`, `2d`."""
    if seconds is None:
        return figure(None)
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}" if whole < 172_800 else f"{whole // 86_400}d"
