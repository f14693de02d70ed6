"""What was said, as lines: bubbles with a gutter, notes across, days and changes between; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from pytake_cli.locale import _
from pytake_cli.tui import times
from pytake_cli.tui.measure import cut, size, width, wrap
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import when
from pytake_cli.tui.safe import has_rtl
from pytake_cli.tui.signs import MEDIA, STATUS, sign
from pytake_cli.tui.timeline import Item

WIDEST = 84  # cells of a bubble; longer lines are hard to read
SHARE = 0.78  # of the pane
INDENT = 2  # of own bubbles where they are not at the right

STATUS_WORDS = {"read": "read", "failed": "failed", "unknown": "unconfirmed", "held": "held back"}
CHANGES: dict[str, str] = {
    "assigned": "{who} assigned it to {after}",
    "taken": "{who} took it",
    "unassigned": "{who} let it go",
    "resolved": "{who} resolved it",
    "reopened": "{who} reopened it",
    "snoozed": "{who} snoozed it until {after}",
    "snoozed_for_reply": "{who} snoozed it until the customer writes",
    "starred": "{who} set or took the star",
    "read": "{who} marked it as read or unread",
    "woken": "it came back from the snooze",
    "labelled": "{who} labelled it {after}",
    "priority": "{who} set the priority to {after}",
    "taken_over": "{who} took over from the flow",
    "handed_back": "{who} handed it back to the flow",
    "handed_off": "the flow handed it to people",
    "undone": "{who} took the last step back",
    "rated": "the customer gave {after} of 5 stars",
    "merged": "{who} merged another conversation into it",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What the lines depend on, besides the item."""

    cells: int
    mirrored: bool
    look: Look
    zone: tzinfo
    me: int | None  # whose own messages need no name
    now_day: str  # the day on which this is read: other days have their names in the times


def lines(item: Item, frame: Frame, *, head: bool, now: datetime) -> list[Strip]:
    """The lines of one entry; `head`: say who speaks, as the one before was somebody else."""
    if item.type == "change":
        return [_change(item, frame)]
    if item.type == "note":
        return _note(item, frame, now)
    return _message(item, frame, head, now)


def rule(text: str, frame: Frame, style: Style) -> Strip:
    """`──────── today ────────`"""
    text = f" {text} "
    dash = sign("─")
    length = min(12, max(0, (frame.cells - width(text)) // 2))
    left = max(0, (frame.cells - width(text)) // 2 - length)
    middle = dash * length + text + dash * length
    middle = cut(middle, frame.cells - left)
    rest = frame.cells - left - width(middle)
    return Strip(
        [Segment(" " * left, frame.look.plain), Segment(middle, style), Segment(" " * rest, frame.look.plain)],
        frame.cells,
    )


def told(item: Item, zone: tzinfo, *, dated: bool = False) -> str:
    """`11:02 bia resolved it`."""
    at = f"{item.at.astimezone(zone):%d/%m %H:%M}" if dated else times.clock_time(item.at, zone)
    return f"{at} {sentence(item, zone)}"


def _told_as(item: Item) -> str:
    match item.what:
        case "assigned":
            return "taken" if item.after and item.after == item.author else "assigned" if item.after else "unassigned"
        case "snoozed" if not item.after:
            return "snoozed_for_reply"
    return item.what


def _after(item: Item, zone: tzinfo) -> str:
    """What it became, as people here say it."""
    if item.what == "snoozed" and (until := when(item.after)) is not None:
        return times.moment(until, item.at, zone)
    return _(item.after) if item.what == "priority" else item.after


def sentence(item: Item, zone: tzinfo) -> str:
    """`bia resolved it`."""
    template = CHANGES.get(_told_as(item))
    who = item.author or _("the system")
    if template:
        return _(template).format(who=who, after=_after(item, zone))
    return f"{who}: {_(item.what)} {item.after}".strip()


def _change(item: Item, frame: Frame) -> Strip:
    text = cut(told(item, frame.zone), frame.cells - 4)
    left = (frame.cells - width(text)) // 2
    return Strip([Segment(" " * left, frame.look.plain), Segment(text, frame.look.muted),
                  Segment(" " * (frame.cells - left - width(text)), frame.look.plain)], frame.cells)  # fmt: skip


def _note(item: Item, frame: Frame, now: datetime) -> list[Strip]:
    look, cells = frame.look, frame.cells
    gutter = sign("✎") + " "
    when = times.moment(item.at, now, frame.zone) + (f" {sign('◷')}" if item.status == "queued" else "") + " "
    head = cut(
        _("note") + f" {sign('·')} {item.author} {sign('·')} " + _("only the team sees it"),
        cells - width(gutter) - width(when) - 1,
    )
    gap = " " * (cells - width(gutter) - width(head) - width(when))
    found = [Strip([Segment(gutter + head, look.note_head), Segment(gap + when, look.note)], cells)]
    for line in wrap(item.text, cells - width(gutter) - 1):
        pad = " " * (cells - width(gutter) - width(line))
        found.append(Strip([Segment(gutter, look.note_head), Segment(line + pad, look.note)], cells))
    return found


def _message(item: Item, frame: Frame, head: bool, now: datetime) -> list[Strip]:
    gutter, name = _voice(item, frame.look, frame.me)
    meta, meta_style = _meta(item, frame, now)
    room = min(WIDEST, int(frame.cells * SHARE) if frame.mirrored else frame.cells - INDENT - 1) - 2
    body: list[tuple[str, Style]] = []
    if head and name:
        body.append((cut(name, room), gutter))
    if item.quote:
        body.append((cut(f"{sign('▏')} {item.quote}", room), frame.look.muted))
    body.extend((cut(line, room), frame.look.accent) for line in _media(item, frame))
    if item.deleted:
        body.append((_("deleted by who wrote it"), frame.look.muted))
    elif item.text or not (body or item.choices):
        style = frame.look.muted if not item.text else frame.look.plain
        text = item.text or f"[{_(item.kind)}]"
        body.extend((line, style) for line in wrap(text, room))
    if item.choices:
        body.extend((line, frame.look.accent) for line in wrap(" ".join(f"[ {each} ]" for each in item.choices), room))
    tail = _tail(item, frame, room)
    return _placed(item, frame, gutter, body, (meta, meta_style), tail, room)


def _placed(
    item: Item, frame: Frame, gutter: Style, body: list[tuple[str, Style]], meta: tuple[str, Style],
    tail: list[tuple[str, Style]], room: int,
) -> list[Strip]:  # fmt: skip
    """The lines with their gutter, the time at the end of the last one, or below where it does not fit."""
    own_side = not item.is_in and item.author_kind != "bot"
    last, last_style = body[-1]
    fits = width(last) + 2 + width(meta[0]) <= room and not has_rtl(item.text)
    if not fits:
        body.append(("", last_style))
        last = ""
    widest = max([width(text) for text, _style in (*body, *tail)] + [width(last) + 2 + width(meta[0])])
    inner = widest if own_side and frame.mirrored else room
    left = frame.cells - inner - 3 if own_side and frame.mirrored else INDENT if own_side else 0
    found = []
    for at, (text, style) in enumerate((*body, *tail)):
        segments = [Segment(" " * left, frame.look.plain), Segment(sign("▌") + " ", gutter), Segment(text, style)]
        taken = left + 2 + width(text)
        if at == len(body) - 1:
            gap = left + 2 + inner - width(meta[0]) - taken
            segments += [Segment(" " * gap, frame.look.plain), Segment(*meta)]
            taken += gap + width(meta[0])
        segments.append(Segment(" " * max(0, frame.cells - taken), frame.look.plain))
        found.append(Strip(segments, max(frame.cells, taken)))
    return found


def _voice(item: Item, look: Look, me: int | None) -> tuple[Style, str]:
    """The gutter, and the name to put over the first bubble."""
    match item.author_kind:
        case "bot":
            return look.bot, f"{sign('⚙')} {item.author}"
        case "campaign":
            return look.outgoing, f"{sign('✉')} {item.author}"
        case "phone":
            return look.outgoing, _("from the phone")
    if item.is_in:
        return look.incoming, ""
    return look.outgoing, "" if item.author_id in (None, me) else item.author


def _meta(item: Item, frame: Frame, now: datetime) -> tuple[str, Style]:
    parts = []
    if item.edited:
        parts.append(_("edited"))
    if item.template:
        parts.append(f"{sign('¶')}{item.template}".strip())
    parts.append(times.moment(item.at, now, frame.zone))
    if not item.is_in and item.status:
        parts.append(sign(STATUS.get(item.status, "?")))
        if word := STATUS_WORDS.get(item.status):
            parts.append(_(word))
    style = frame.look.bad if item.status == "failed" else frame.look.muted
    return cut(" ".join(parts), max(8, frame.cells // 2)), style


def _media(item: Item, frame: Frame) -> list[str]:
    media = item.media
    if media is None:
        if item.kind in ("location", "contacts", "sticker"):
            return [f"{sign(MEDIA[item.kind])} {_(item.kind)}"]
        return []
    parts = [sign(MEDIA.get(media.kind, "▤")), media.name or _(media.kind)]
    if media.seconds:
        parts.append(f"{media.seconds // 60}:{media.seconds % 60:02d}")
    if media.bytes:
        parts.append(size(media.bytes))
    if media.width and media.height:
        parts.append(f"{media.width}{sign('×')}{media.height}")
    if media.state in ("pending", "failed"):
        parts.append(_("is being fetched") if media.state == "pending" else _("could not be fetched"))
    line = " ".join(parts)
    if frame.cells >= 70 and media.state == "stored":
        line += "   v " + _("look") + "  d " + _("download")
    found = [line]
    if media.transcript:
        found.append(f"{sign('«')}{media.transcript}{sign('»')} " + _("(transcribed)"))
    return found


def _tail(item: Item, frame: Frame, room: int) -> list[tuple[str, Style]]:
    found: list[tuple[str, Style]] = []
    if item.reactions:
        counts: dict[str, int] = {}
        for emoji, _by in item.reactions:
            counts[emoji] = counts.get(emoji, 0) + 1
        found.append((cut(" ".join(f"+{emoji} {count}" for emoji, count in counts.items()), room), frame.look.muted))
    if item.status == "failed":
        why = f"{item.error_code} {item.error}" if item.error_code else str(item.error)
        text = _("not delivered") + f" {sign('·')} {why} {sign('·')} R " + _("send again")
        found.extend((line, frame.look.bad) for line in wrap(text, room))
    return found
