"""A contact as lines: the row of the table, the card, the history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from pytake_cli.locale import _
from pytake_cli.tui import draw, times
from pytake_cli.tui.cards.facts import fact, facts, heading
from pytake_cli.tui.draw import Lines, figure
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.table import Column, Record, plain

WINDOW = timedelta(hours=24)


def columns() -> tuple[Column, ...]:
    return (
        Column(_("name"), 16, grows=True),
        Column(_("phone"), 17, order=2),
        Column(_("tags"), 14, order=3, grows=True),
        Column(_("stage"), 10, order=6),
        Column(_("language"), 8, order=7),
        Column(_("marketing"), 10, order=5),
        Column(_("seen"), 6, right=True, order=4),
    )


def record(row: Json, look: Look, now: datetime) -> Record:
    """One contact in the table."""
    vip = f"{sign('★')} " if row.get("vip") else ""
    tags = " ".join(f"#{tag}" for tag in row.get("tags") or ())
    blocked = bool(row.get("blocked_at"))
    name = str(row.get("display") or row.get("name") or f"#{row['id']}")
    return Record(
        row["id"],
        (
            plain(vip + name, look.faint if blocked else look.plain),
            plain(str(row.get("phone") or row.get("username") or ""), look.muted),
            plain(tags, look.accent),
            plain(str(row.get("stage") or ""), look.muted),
            plain(str(row.get("language") or ""), look.muted),
            (
                _consent(row),
                look.ok if row.get("marketing_granted_at") and not row.get("marketing_stopped_at") else look.muted,
            ),
            (times.age(draw.moment(row.get("last_seen_at")), now), look.muted),
        ),
    )


def _consent(row: Json) -> str:
    if row.get("opted_out_at"):
        return _("opted out")
    if row.get("marketing_stopped_at"):
        return _("no")
    return f"{sign('✓')} {_('yes')}" if row.get("marketing_granted_at") else figure(None)


def lines(card: Json, room: int, look: Look, now: datetime, zone: tzinfo) -> Lines:
    """Everything about one contact."""
    made: Lines = []
    marks = [_("VIP")] if card.get("vip") else []
    marks += [_("blocked")] if card.get("blocked_at") else []
    head = ((str(card.get("display")), look.strong),)
    made.append(draw.between(head, ((" ".join(marks), look.warn),) if marks else (), room))
    known = [str(one["value"]) for one in card.get("identities") or () if not one.get("retired_at")]
    made += [line for value in known for line in draw.paragraph(value, room, look.muted)]
    tags = " ".join(f"#{tag}" for tag in card.get("tags") or ())
    made += draw.paragraph(tags, room, look.accent) if tags else []
    made += heading(_("contact"), look)
    made += facts(basics(card, now, zone), room, look)
    made += heading(_("opt-in"), look)
    for name, granted, stopped in (
        ("marketing", "marketing_granted_at", "marketing_stopped_at"),
        ("utility", "", "utility_stopped_at"),
    ):
        made += fact(_(name), since(card, granted, stopped, now, zone), room, look)
    if at := draw.moment(card.get("opted_out_at")):
        made += fact(_("asked to leave"), times.moment(at, now, zone), room, look, look.warn)
    if card.get("fields"):
        made += heading(_("own fields"), look)
        made += facts(((name, value(each)) for name, each in sorted(card["fields"].items())), room, look)
    if card.get("notes"):
        made += heading(_("notes"), look)
        for note in card["notes"]:
            at = draw.moment(note.get("at"))
            when = times.moment(at, now, zone) if at else ""
            made += draw.paragraph(f"{note.get('by') or '?'} {when}: {note.get('body')}", room, look.plain)
    if card.get("consents"):
        made += heading(_("consent ledger"), look)
        made += _ledger(card["consents"], room, look, now, zone)
    return made


def basics(card: Json, now: datetime, zone: tzinfo) -> list[tuple[str, str | None]]:
    """What a contact is called, speaks, and since when it is known."""
    windows = []
    for window in card.get("windows") or ():
        at = draw.moment(window.get("last_inbound_at"))
        left = times.left(at + WINDOW if at else None, now)
        windows.append(f"{window.get('number')} {times.span(left) if left else _('closed')}")
    created, seen = draw.moment(card.get("created_at")), draw.moment(card.get("last_seen_at"))
    return [
        (_("name given"), card.get("name")),
        (_("stage"), card.get("stage")),
        (_("points"), figure(card["score"]) if card.get("score") else None),
        (_("language"), card.get("language")),
        (_("time zone"), card.get("tz")),
        (_("window"), ", ".join(windows)),
        (_("conversations"), figure(card.get("conversations"))),
        (_("last seen"), times.moment(seen, now, zone) if seen else None),
        (_("known since"), times.moment(created, now, zone) if created else None),
    ]


def since(card: Json, granted: str, stopped: str, now: datetime, zone: tzinfo) -> str:
    """Since when somebody agreed, or stopped agreeing; the names are those of the card's moments."""
    if at := draw.moment(card.get(stopped)):
        return f"{sign('×')} {_('stopped')} {times.moment(at, now, zone)}"
    if granted and (at := draw.moment(card.get(granted))):
        return f"{sign('✓')} {times.moment(at, now, zone)}"
    return figure(None) if granted else f"{sign('✓')} {_('allowed')}"


def value(told: Any) -> str:
    """The value of an own field."""
    if isinstance(told, bool):
        return _("yes") if told else _("no")
    return str(told)


def _ledger(consents: Sequence[Json], room: int, look: Look, now: datetime, zone: tzinfo) -> Lines:
    made: Lines = []
    for one in consents:
        at = draw.moment(one.get("at"))
        mark, style = (sign("✓"), look.ok) if one.get("granted") else (sign("×"), look.warn)
        told = f"{times.moment(at, now, zone) if at else ''} {one.get('purpose')} {sign('·')} {one.get('source')}"
        head = ((f"{mark} ", style),)
        made += [(*head, *line) for line in draw.paragraph(told, room - 2, look.muted)[:1]]
    return made


def history(rows: Sequence[Json], room: int, look: Look, now: datetime, zone: tzinfo) -> Lines:
    """What was changed of the contact and by whom."""
    made: Lines = [] if rows else [((_("nothing was done yet"), look.muted),)]
    for row in rows:
        at = draw.moment(row.get("at"))
        change = " ".join(part for part in (_shown(row.get("before")), sign("→"), _shown(row.get("after"))) if part)
        told = f"{row.get('what')}: {change}"
        made.append(
            ((f"{times.moment(at, now, zone) if at else ''}  ", look.muted), (str(row.get("actor") or ""), look.accent))
        )
        made += draw.paragraph(told, room, look.plain, "  ")
    return made


def _shown(value: Any) -> str:
    return figure(None) if value in (None, "") else str(value)
