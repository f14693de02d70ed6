"""A campaign as lines: its row in the table, the live card, why messages failed, who answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from rich.style import Style

from pytake_cli.locale import _
from pytake_cli.policy.audience import REASONS
from pytake_cli.tui import draw, times
from pytake_cli.tui.draw import Line, Lines, figure, money, percent
from pytake_cli.tui.measure import cut, fit
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.table import Column, Record, plain

SIGNS = {
    "running": "▶", "scheduled": "◷", "recurring": "◷", "freezing": "◷", "draft": "✎", "paused": "‖",
    "finished": "✓", "cancelled": "×",
}  # fmt: skip
STATES = {
    "running": "under way", "scheduled": "planned", "recurring": "comes again", "freezing": "begins now",
    "draft": "draft", "paused": "stopped", "finished": "over", "cancelled": "called off",
}  # fmt: skip
GOES_ON = ("running", "freezing")
LABEL = 9  # cells of a code or a time before the words


@dataclass(slots=True)
class Pace:
    """How many were sent when: what speed, sparkline and end are computed from."""

    seen: list[tuple[float, int]] = field(default_factory=list)  # seconds, sent so far
    keep: int = 240

    def add(self, at: float, sent: int) -> None:
        if not self.seen or at > self.seen[-1][0]:
            self.seen = [*self.seen, (at, sent)][-self.keep :]

    def rates(self) -> list[float]:
        """Messages a second between two looks."""
        pairs = zip(self.seen, self.seen[1:], strict=False)
        return [max(0, after[1] - before[1]) / (after[0] - before[0]) for before, after in pairs]

    def now(self) -> float | None:
        """The mean of the newest looks."""
        newest = self.rates()[-5:]
        return sum(newest) / len(newest) if newest else None


def columns() -> tuple[Column, ...]:
    """The table's columns, as translated now."""
    return (
        Column(_("campaign"), 14, grows=True),
        Column(_("state"), 12),
        Column(_("template"), 14, order=4, grows=True),
        Column(_("people"), 8, right=True, order=2),
        Column(_("sent"), 7, right=True, order=3),
        Column(_("deliv."), 6, right=True, order=5),
        Column(_("read"), 6, right=True, order=6),
        Column(_("failed"), 6, right=True, order=4),
        Column(_("begins"), 12, order=3),
    )


def record(row: Json, look: Look, now: datetime, zone: tzinfo) -> Record:
    """One campaign in the table."""
    status, at = str(row.get("status")), draw.moment(row.get("at") or row.get("starts_at"))
    sent = row.get("sent")
    style = _style(row, look)
    share = {name: percent(row.get(name), sent) if sent else figure(None) for name in ("delivered", "read")}
    failed = (
        percent(row.get("failed"), (sent or 0) + (row.get("failed") or 0))
        if sent or row.get("failed")
        else figure(None)
    )
    trouble = " !" if row.get("reason") and status == "paused" else ""
    return Record(
        row["id"],
        (
            plain(str(row.get("name")), look.strong if status in GOES_ON else look.plain),
            (f"{sign(SIGNS.get(status, '·'))} {_(STATES.get(status, status))}{trouble}", style),
            plain(str(row.get("template") or row.get("flow") or ""), look.muted),
            (figure(row.get("recipients")), look.plain),
            (figure(sent), look.plain),
            (share["delivered"], look.plain),
            (share["read"], look.plain),
            (failed, look.warn if (row.get("failed") or 0) * 20 > (sent or 1) else look.plain),
            (times.moment(at, now, zone) if at else figure(None), look.muted),
        ),
    )


def _style(row: Json, look: Look) -> Style:
    match row.get("status"):
        case "running" | "freezing":
            return look.ok
        case "paused":
            return look.warn
        case "cancelled":
            return look.bad
        case _:
            return look.muted


def title(card: Json, now: datetime) -> str:
    """What stands in the border: the name, and since when it is as it is."""
    started = draw.moment(card.get("started_at"))
    told = _(STATES.get(str(card.get("status")), str(card.get("status"))))
    if card.get("status") == "running" and started:
        told = _("running for {time}").format(time=draw.duration((now - started).total_seconds()))
    return f"{card.get('name')} {sign('·')} {told}"


def lines(card: Json, pace: Pace, room: int, look: Look, now: datetime, zone: tzinfo) -> Lines:
    """The live card: progress, figures, pace and end, cost, quota, what holds it up."""
    whole, done = int(card.get("recipients") or 0), int(card.get("done") or 0)
    share = done / whole if whole else 0.0
    told = f" {percent(share, digits=0):>4}  {figure(done)}/{figure(whole)}"
    made: Lines = [((draw.bar(share, max(10, room - len(told) - 1)), look.ok), (told, look.strong))]
    made += draw.flowing(_facts(card, look), room)
    made += draw.flowing(_speed(card, pace, look) or _dates(card, look, now, zone), room)
    made += draw.flowing(_limits(card, look), room)
    rates = pace.rates()
    if rates and card.get("status") in GOES_ON:
        label = _("msg/s") + " "
        made.append(((label, look.muted), (draw.spark(rates, max(8, room - len(label) - 1)), look.ok)))
    for trouble in card.get("troubles") or ():
        made += draw.paragraph(f"{sign('⚠')} {trouble}", room, look.warn)
    return made


def _fact(name: str, value: str, look: Look, style: Style | None = None) -> Line:
    return (f"{name} ", look.muted), (value, style or look.strong)


def _facts(card: Json, look: Look) -> list[Line]:
    failed, sent = int(card.get("failed") or 0), int(card.get("sent") or 0)
    known = [
        (_("sent"), "sent", None),
        (_("delivered"), "delivered", None),
        (_("read"), "read", None),
        (_("replies"), "replied", None),
        (_("failed"), "failed", look.bad if failed * 10 > sent + failed else None),
        (_("unconfirmed"), "unknown", look.warn),
        (_("opt-outs"), "opted_out", None),
        (_("skipped"), "skipped", None),
        (_("waiting"), "waiting", None),
    ]
    always = ("sent", "delivered", "read", "replied", "failed")
    return [
        _fact(name, figure(card.get(key) or 0), look, style)
        for name, key, style in known
        if card.get(key) or key in always
    ]


def _speed(card: Json, pace: Pace, look: Look) -> list[Line]:
    if card.get("status") not in GOES_ON:
        return []
    speed, left = pace.now(), int(card.get("waiting") or 0) + int(card.get("queued") or 0)
    facts = []
    if speed is not None:
        limit = card.get("rate_per_second")
        ceiling = f" ({_('at most {rate}/s').format(rate=figure(limit))})" if limit else ""
        facts.append(_fact(_("pace"), f"{figure(round(speed, 1))}/s{ceiling}", look))
    if speed and left:
        facts.append(_fact(_("ends in about"), draw.duration(left / speed), look))
    return facts


def _dates(card: Json, look: Look, now: datetime, zone: tzinfo) -> list[Line]:
    facts = []
    for name, key in ((_("begins"), "starts_at"), (_("goes on"), "resume_at"), (_("ended"), "finished_at")):
        if at := draw.moment(card.get(key)):
            facts.append(_fact(name, times.moment(at, now, zone), look))
    if card.get("detail"):
        facts.append(((str(card["detail"]), look.warn),))
    return facts


def _limits(card: Json, look: Look) -> list[Line]:
    definition = card.get("definition") or {}
    facts = []
    if cost := card.get("cost"):
        most = definition.get("max_cost")
        told = money(cost) + (f" {_('of')} {money(most) if isinstance(most, dict) else most}" if most else "")
        facts.append(_fact(_("cost so far"), told, look))
    quota = card.get("quota") or {}
    if quota.get("limit"):
        used, limit = int(quota.get("used") or 0), int(quota["limit"])
        tight = used * 10 > limit * 9
        facts.append(
            _fact(_("Meta's quota (24 h)"), f"{figure(used)} / {figure(limit)}", look, look.warn if tight else None)
        )
    return facts


def below(card: Json, replies: Sequence[Json], room: int, look: Look, now: datetime, zone: tzinfo) -> Lines:
    """Why messages failed and what to do about it; then who answered last."""
    made: Lines = []
    if failures := card.get("failures"):
        made += [((f" {_('why messages failed')}", look.strong),)]
        for failure in failures:
            made += _failure(failure, room, look)
        made.append(draw.BLANK)
    if skips := card.get("skips"):
        made.append(((f" {_('who was left out')}", look.strong),))
        made += [
            ((f" {figure(skip.get('count')):>{LABEL - 2}}  ", look.plain), (_(_why(skip)), look.muted))
            for skip in skips
        ]
        made.append(draw.BLANK)
    if replies:
        made.append(((f" {_('last replies')}", look.strong),))
        made += [_reply(reply, room, look, now, zone) for reply in replies]
    return made


def _why(skip: Json) -> str:
    """Why somebody was left out, in words."""
    reason = str(skip.get("reason"))
    return REASONS.get(reason, reason)


def _failure(failure: Json, room: int, look: Look) -> Lines:
    code, count = str(failure.get("code") or "?"), figure(failure.get("count"))
    meaning, advice = str(failure.get("meaning") or ""), str(failure.get("advice") or "")
    head: Line = ((f" {code:<{LABEL}}", look.bad), (f"{count:>6}  ", look.plain))
    rest = room - draw.cells(head)
    if rest >= 70 and advice:
        half = rest * 9 // 20
        first = (*head, (fit(meaning, half), look.plain), (f" {sign('→')} ", look.muted))
        more = draw.paragraph(advice, rest - half - 3, look.muted)
        return [(*first, *more[0]), *(((" " * (room - rest + half + 3), look.plain), *line) for line in more[1:])]
    made: Lines = [(*head, (cut(meaning, rest), look.plain))]
    if advice:
        made += draw.paragraph(f"{sign('→')} {advice}", room, look.muted, " " * (LABEL + 1))
    return made


def _reply(reply: Json, room: int, look: Look, now: datetime, zone: tzinfo) -> Line:
    at = draw.moment(reply.get("at"))
    when = times.moment(at, now, zone) if at else ""
    said = f"{sign('«')}{str(reply.get('text') or '').replace(chr(10), ' ')}{sign('»')}"
    who = fit(str(reply.get("name") or ""), 18)
    target = reply.get("conversation_id")
    tail: Line = ((f" {sign('→')} #{target}" if target else "", look.accent),)
    return draw.between(
        ((f" {when:<{LABEL}} ", look.muted), (f"{who} ", look.plain), (said, look.incoming)), tail, room
    )
