"""How the machinery stands, as lines: the daemon, numbers, queues, incidents, people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from rich.style import Style

from pytake_cli.locale import _
from pytake_cli.tui import draw, times
from pytake_cli.tui.cards.facts import facts, heading
from pytake_cli.tui.draw import Line, Lines, figure
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.table import Column, Record, plain


def columns() -> tuple[Column, ...]:
    return (
        Column(_("what"), 15),
        Column(_("state"), 13),
        Column(_("about"), 20, order=3, grows=True),
        Column(_("since"), 6, right=True, order=2),
        Column(_("tries"), 5, right=True, order=4),
        Column(_("why"), 20, order=5, grows=True),
    )


def record(row: Json, look: Look, now: datetime) -> Record:
    """One thing that waits."""
    stuck = row.get("state") in ("failed", "quarantined", "unknown")
    return Record(
        str(row["id"]),
        (
            plain(str(row["id"]), look.accent),
            (_(str(row.get("state"))), look.bad if stuck else look.muted),
            plain(str(row.get("about") or ""), look.plain),
            (times.age(draw.moment(row.get("since")), now), look.muted),
            (figure(row.get("attempts")), look.muted),
            plain(str(row.get("error") or ""), look.warn),
        ),
    )


def standing(status: Json, room: int, look: Look, now: datetime) -> Lines:
    """The whole in a few lines."""
    if not status:
        return [((_("looking…"), look.muted),)]
    made = draw.flowing(_health(status, look, now), room)
    made += draw.flowing(_queues(status, look, now), room)
    made += draw.flowing(_conversations(status, look, now), room)
    for number in status.get("numbers") or ():
        good = not number.get("stopped") and number.get("status") in (None, "CONNECTED")
        mark, style = (sign("✓"), look.ok) if good else (sign("⚠"), look.bad)
        facts = [_(str(number[name]).lower()) for name in ("status", "stopped") if number.get(name)]
        if (quality := str(number.get("quality") or "UNKNOWN")) != "UNKNOWN":
            facts.append(f"{_('quality')} {_(quality.lower())}")
        if tier := number.get("tier"):
            facts.append(f"{_('tier')} {str(tier).removeprefix('TIER_')}")
        told = f" {sign('·')} ".join(facts)
        made.append(((f"{mark} {number.get('display')}  ", style), (told, look.muted)))
    return made


def _fact(name: str, value: str, look: Look, style: Style | None = None) -> Line:
    return (f"{name} ", look.muted), (value, style or look.strong)


def _ago(value: object, now: datetime) -> str:
    at = draw.moment(value)
    return times.age(at, now) if at else figure(None)


def _health(status: Json, look: Look, now: datetime) -> list[Line]:
    state = str(status.get("state", "ok"))
    told = ", ".join(_(word) for word in state.split(", "))
    return [
        _fact(_("state"), told, look, look.ok if state == "ok" else look.bad),
        _fact(_("last webhook"), _ago(status.get("last_webhook_at"), now), look),
        _fact(_("last customer"), _ago(status.get("last_inbound_at"), now), look),
        _fact(_("webhooks to apply"), figure(status.get("journal_backlog")), look),
    ]


def _queues(status: Json, look: Look, now: datetime) -> list[Line]:
    def counted(name: str, key: str, bad: bool = False) -> Line:
        value = status.get(key)
        return _fact(name, figure(value), look, look.bad if bad and value else None)

    return [
        counted(_("queued"), "queued"),
        counted(_("sending"), "sending"),
        counted(_("unconfirmed"), "unknown", bad=True),
        counted(_("failed in 24 h"), "failed_24h"),
        counted(_("jobs"), "jobs_waiting"),
        counted(_("failed jobs"), "jobs_failed", bad=True),
        counted(_("in quarantine"), "quarantined", bad=True),
        _fact(_("oldest waits since"), _ago(status.get("oldest_queued_at"), now), look),
    ]


def _conversations(status: Json, look: Look, now: datetime) -> list[Line]:
    found = [_fact(_(name), figure(count), look) for name, count in (status.get("conversations") or {}).items()]
    found += [
        _fact(_("windows open"), figure(status.get("windows_open")), look),
        _fact(_("closing soon"), figure(status.get("windows_closing")), look),
        _fact(_("longest wait"), _ago(status.get("oldest_waiting_at"), now), look),
    ]
    return found


def beside(
    row: Json | None,
    incidents: Sequence[Json],
    people: Sequence[Json],
    room: int,
    look: Look,
    now: datetime,
    zone: tzinfo,
) -> Lines:
    """Who is here, what went wrong, and all that is known of what is chosen."""
    made: Lines = [((_("people").upper(), look.strong),)]
    made += [_person(person, room, look) for person in people]
    if row is not None:
        made += heading(str(row["id"]), look) + facts(_known(row, now, zone), room, look)
    made += heading(_("what went wrong"), look)
    if not incidents:
        made.append(((f"{sign('✓')} {_('nothing lately')}", look.ok),))
    for incident in incidents:
        at = draw.moment(incident.get("at"))
        when = f"{times.moment(at, now, zone) if at else ''}  "
        made.append(((when, look.muted), (str(incident.get("slug") or ""), look.warn)))
        made += draw.paragraph(str(incident.get("text") or ""), room, look.plain, "  ")
    return made


def _person(person: Json, room: int, look: Look) -> Line:
    here = person.get("availability") in ("online", "available")
    mark, style = (sign("●"), look.ok) if here else (sign("◌"), look.faint)
    told = _("{state}, {count} conversations").format(
        state=_(str(person.get("availability") or "")), count=figure(person.get("open") or 0)
    )
    name = str(person.get("name") or "")
    return draw.between(((f"{mark} ", style), (name, look.plain)), ((told, look.muted),), room)


def _known(row: Json, now: datetime, zone: tzinfo) -> list[tuple[str, str | None]]:
    due, since = draw.moment(row.get("due_at")), draw.moment(row.get("since"))
    return [
        (_("state"), _(str(row.get("state")))),
        (_("about"), str(row.get("about") or "")),
        (_("since"), times.moment(since, now, zone) if since else None),
        (_("due"), times.moment(due, now, zone) if due else None),
        (_("why"), str(row.get("error") or "")),
    ]
