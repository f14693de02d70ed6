"""How the service does, as lines: cards with their change, pictures of the numbers, or the same as tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pytake_cli.locale import _
from pytake_cli.tui import draw, times
from pytake_cli.tui.draw import Line, Lines, figure
from pytake_cli.tui.measure import cut, fit
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json
from pytake_cli.tui.signs import sign

CARD = 16  # cells of a card
NAME = 14  # cells of a name beside its bar
ROWS = 8  # bars of one picture
HIGH = 4  # lines of a picture with columns
PICTURES_FROM = 100  # columns of the terminal; below, bars that lie down are easier to read
SECONDS = ("first_reply_p50", "first_reply_p95")


def lines(found: Json, room: int, look: Look) -> Lines:
    """Cards above, pictures below."""
    made = cards(found, room, look)
    made += [draw.BLANK, *_hours(found.get("hour") or (), room, look)]
    agents = [(str(row.get("agent") or "?"), row.get("resolved") or 0) for row in found.get("agent") or ()]
    days = _days(found.get("day") or (), look)
    labels = [(str(row["label"]), row["conversations"]) for row in found.get("label") or ()]
    half = (room - 3) // 2 if room >= PICTURES_FROM else room
    blocks = [
        bars(_("resolved, by agent"), agents, half, look),
        days,
        bars(_("about what (labels)"), labels, half, look),
        _flows(found.get("flow") or (), half, look),
    ]
    if room < PICTURES_FROM:
        return made + [line for block in blocks if block for line in (draw.BLANK, *block)]
    for left, right in (blocks[:2], blocks[2:]):
        made += [draw.BLANK, *draw.beside(left, right, half)]
    return made


def cards(found: Json, room: int, look: Look) -> Lines:
    """The figures of the period, each with its change."""
    values, changes = found.get("cards") or {}, found.get("change") or {}
    shown = [
        (_("conversations"), figure(values.get("conversations")), "conversations"),
        (_("1st answer p50"), draw.duration(values.get("first_reply_p50")), "first_reply_p50"),
        (_("1st answer p95"), draw.duration(values.get("first_reply_p95")), "first_reply_p95"),
        (_("resolved"), figure(values.get("resolved")), "resolved"),
        (_("by the bot"), draw.percent(values.get("bot_percent"), 100, 0), "bot_percent"),
        (_("rating"), f"{figure(values.get('rating'))} (n={figure(values.get('ratings'))})", "rating"),
        (_("too late (24 h)"), figure(values.get("out_of_window")), "out_of_window"),
    ]
    wide = max(CARD, room // len(shown)) if room >= CARD * len(shown) else CARD
    made: Lines = []
    for start in range(0, len(shown), max(1, room // wide)):
        some = shown[start : start + max(1, room // wide)]
        made.append(tuple((fit(f" {name}", wide), look.muted) for name, _value, _key in some))
        made.append(tuple(part for _name, value, key in some for part in _card(value, changes.get(key), wide, look)))
    return made


def _card(value: str, change: Json | None, wide: int, look: Look) -> Line:
    told, style = "", look.muted
    if change and change.get("by"):
        by = float(change["by"])
        unit = {"pp": " pp", "%": "%"}.get(str(change.get("unit")), "")
        told = f" {sign('▲') if by > 0 else sign('▼')}{figure(abs(by))}{unit}"
        style = look.ok if change.get("good") else look.warn
    value = cut(value, wide - 1)
    return (f" {value}", look.strong), (fit(told, max(0, wide - len(value) - 1)), style)


def bars(title: str, rows: Sequence[tuple[str, float]], room: int, look: Look) -> Lines:
    """Bars that lie down, the longest as long as there is room for."""
    made: Lines = [((f" {title}", look.strong),)]
    most = max((value for _name, value in rows), default=0)
    for name, value in rows[:ROWS]:
        length = max(1, room - NAME - 10)
        label = (f" {fit(name, NAME)} ", look.plain)
        made.append((label, (draw.solid(value, most, length), look.accent), (f" {figure(value)}", look.muted)))
    return made if rows else [*made, ((f" {figure(None)}", look.muted),)]


def _hours(rows: Sequence[Json], room: int, look: Look) -> Lines:
    title = ((f" {_('messages that came in, by hour')}", look.strong),)
    values = [float(row.get("messages") or 0) for row in rows]
    if room < PICTURES_FROM:
        return [
            title,
            ((f" {draw.spark(values, room - 2)}", look.accent),),
            ((" 0h" + " " * 8 + "12h" + " " * 6 + "23h", look.muted),),
        ]
    names = [f"{row.get('hour'):02}" for row in rows]
    drawn = draw.columns(values, names, room - 2, HIGH)
    return [title, *((((f" {line}"), look.accent),) for line in drawn)]


def _days(rows: Sequence[Json], look: Look) -> Lines:
    made: Lines = [((f" {_('1st answer, by day')}", look.strong),)]
    for row in rows[-ROWS:]:
        half, most = draw.duration(row.get("first_reply_p50")), draw.duration(row.get("first_reply_p95"))
        day = _named(str(row.get("day") or ""))
        made.append(((f" {day}  ", look.muted), (f"{half:>6}", look.plain), (f"  p95 {most:>6}", look.muted)))
    return made


def _named(day: str) -> str:
    try:
        return times.short_day(date.fromisoformat(day))
    except ValueError:
        return day


def _flows(rows: Sequence[Json], room: int, look: Look) -> Lines:
    made: Lines = [((f" {_('flows: where people stop')}", look.strong),)]
    for row in rows[:ROWS]:
        name, count = str(row.get("flow") or ""), row.get("sessions") or 0
        parts = [f"{step.get('step')} {figure(step.get('people') or 0)}" for step in row.get("steps") or ()]
        told = f" {sign('▸')} ".join([figure(count), *parts])
        made.append(((f" {fit(name, NAME)} ", look.plain), (cut(told, max(4, room - NAME - 3)), look.muted)))
        if loss := row.get("loss"):
            lost = f"{loss.get('from')} {sign('→')} {loss.get('to')} (-{figure(loss.get('percent'))}%)"
            made.append(((" " * (NAME + 2), look.plain), (cut(lost, max(4, room - NAME - 3)), look.warn)))
    return made if rows else [*made, ((f" {figure(None)}", look.muted),)]


TABLES = ("agent", "team", "label", "flow", "hour", "day")


def tables(found: Json, parts: Sequence[str], room: int, look: Look) -> Lines:
    """The same numbers as tables: those of `parts`."""
    made = cards(found, room, look)
    for name in parts:
        rows = [row for row in found.get(name) or () if isinstance(row, dict)]
        if not rows:
            made += [draw.BLANK, ((f" {figure(None)}", look.muted),)] if len(parts) == 1 else []
            continue
        keys = [key for key in rows[0] if key not in PICTURED]
        wide = max(8, min(18, (room - 1) // max(1, len(keys))))
        made += [draw.BLANK, tuple((fit(f" {_heading(key)}", wide), look.muted) for key in keys)]
        made += [tuple((fit(f" {_cell(key, row.get(key))}", wide), look.plain) for key in keys) for row in rows]
    return made


PICTURED = ("steps", "loss")  # of a flow: no single figures


def _heading(key: str) -> str:
    told = {"first_reply_p50": _("1st answer p50"), "first_reply_p95": _("1st answer p95")}
    return told.get(key) or _(key.replace("_", " "))


def _cell(key: str, value: object) -> str:
    if key in SECONDS and isinstance(value, (int, float)):
        return draw.duration(value)
    return figure(value) if isinstance(value, (int, float)) or value is None else str(value)
