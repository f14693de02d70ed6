"""A template as lines: its row, how its reader will see it, where it stands at Meta."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from rich.style import Style

from pytake_cli.locale import _
from pytake_cli.tui import draw, times
from pytake_cli.tui.cards.facts import facts, heading
from pytake_cli.tui.draw import Lines, figure
from pytake_cli.tui.measure import cut, width, wrap
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.table import Column, Record, plain

WORDS = (
    "approved",
    "pending",
    "rejected",
    "paused",
    "disabled",
    "in_appeal",
    "limit_exceeded",
    "pending_deletion",
    "deleted",
    "archived",
    "marketing",
    "utility",
    "authentication",
    "green",
    "yellow",
    "red",
)
BUBBLE = 52  # cells of words in a bubble


def columns() -> tuple[Column, ...]:
    return (
        Column(_("template"), 18, grows=True),
        Column(_("language"), 8, order=2),
        Column(_("category"), 14, order=3),
        Column(_("state"), 12),
        Column(_("quality"), 8, order=4),
        Column(_("updated"), 8, right=True, order=5),
    )


def record(row: Json, look: Look, now: datetime) -> Record:
    """One template in the table."""
    style = state_style(row, look)
    return Record(
        row["id"],
        (
            plain(str(row["name"]), look.plain if row.get("usable") else look.muted),
            plain(str(row.get("language")), look.muted),
            (_(str(row.get("category") or "").lower()), look.muted),
            (f"{sign('✓' if row.get('usable') else '!')} {_(str(row.get('status') or '').lower())}", style),
            (_(str(row.get("quality") or "").lower()), look.bad if row.get("quality") == "RED" else look.muted),
            (times.age(draw.moment(row.get("updated_at")), now), look.muted),
        ),
    )


def state_style(row: Json, look: Look) -> Style:
    """In which colour its state is told."""
    if row.get("usable"):
        return look.ok
    return look.warn if row.get("status") in ("PENDING", "PAUSED", "IN_APPEAL") else look.bad


def bubble(seen: Mapping[str, object], room: int, look: Look) -> Lines:
    """The message in a box, as its reader will see it."""
    inside = max(12, min(BUBBLE, room - 4))
    parts: list[tuple[str, Style]] = []
    if seen.get("header"):
        parts += [(line, look.strong) for line in wrap(str(seen["header"]), inside)]
    parts += [(line, look.plain) for line in wrap(str(seen.get("body") or ""), inside)]
    if seen.get("footer"):
        parts += [(line, look.muted) for line in wrap(str(seen["footer"]), inside)]
    buttons = seen.get("buttons")
    for title in buttons if isinstance(buttons, list) else ():
        parts.append((f"[ {cut(str(title), inside - 4)} ]", look.accent))
    wide = max((width(text) for text, _style in parts), default=1)
    edge, rail = look.outgoing, sign("│")
    rule = sign("─") * (wide + 2)
    made: Lines = [((f"{_corner('╭')}{rule}{_corner('╮')}", edge),)]
    made += [
        ((f"{rail} ", edge), (text, style), (" " * (wide - width(text)), look.plain), (f" {rail}", edge))
        for text, style in parts
    ]
    return [*made, ((f"{_corner('╰')}{rule}{_corner('╯')}", edge),)]


def _corner(character: str) -> str:
    return sign(character) if sign("─") == "─" else "+"


def lines(row: Json, seen: Json | None, room: int, look: Look, now: datetime, zone: tzinfo) -> Lines:
    """The bubble, then where the template stands and what it needs."""
    made: Lines = [((str(row["name"]), look.strong), (f"  {row.get('language')}", look.muted)), draw.BLANK]
    made += bubble(seen or {"body": row.get("text")}, room, look)
    made += heading(_("state"), look)
    coming, pulled = draw.moment(row.get("coming_at")), draw.moment(row.get("pulled_at"))
    made += facts(
        [
            (_("state"), _(str(row.get("status") or "").lower())),
            (_("category"), _(str(row.get("category") or "").lower())),
            (_("quality"), _(str(row.get("quality") or "").lower())),
            (_("from Meta"), times.moment(pulled, now, zone) if pulled else None),
        ],
        room,
        look,
    )
    if row.get("reason"):
        made += draw.paragraph(f"{sign('⚠')} {row['reason']}", room, look.bad)
    if row.get("coming_category"):
        told = _("Meta makes it {category} on {date}: another price")
        date = times.moment(coming, now, zone) if coming else figure(None)
        made += draw.paragraph(told.format(category=_(str(row["coming_category"]).lower()), date=date), room, look.warn)
    if row.get("values"):
        made += heading(_("values"), look)
        for value in row["values"]:
            example = value.get("example") or figure(None)
            made += facts(
                [(f"{{{{{value['key']}}}}}", f"{example}{'' if value.get('required') else ' · ' + _('optional')}")],
                room,
                look,
            )
    return made
