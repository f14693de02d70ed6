"""A conversation as a person reads it: who said what, when, with files, notes and ticks; or as data for scripts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytake_cli.cli.context import context
from pytake_cli.cli.conversation_window import window_state, window_text
from pytake_cli.cli.output import data, emit, page, paint
from pytake_cli.locale import _, is_ascii, own
from pytake_cli.text import clean

if TYPE_CHECKING:
    from pytake_cli.services.conversations import View
    from pytake_cli.store.media import Media
    from pytake_cli.store.messages import Message

FIELDS = {
    "id": "number of the conversation",
    "status": "bot, queued, open, snoozed or resolved",
    "contact": "id, name, phone and other identities",
    "number": "business number",
    "assignee": "e-mail of whoever has it",
    "window": "open, closing or closed",
    "window_closes_at": "when the 24-hour window closes or closed",
    "unread": "messages since a person last looked or answered",
    "earlier": "messages that are not shown",
    "messages": "the messages, oldest first",
    "notes": "internal notes, oldest first",
    "created_at": "when it began",
    "resolved_at": "when it was resolved",
    "rating": "1 to 5, as the customer said",
    "rating_comment": "why, in the customer's words",
}
LINE_FIELDS = {
    "at": "when it was written",
    "id": "number of the message or note",
    "direction": "in, out or note",
    "author": "who wrote it",
    "kind": "Meta's type, or note",
    "status": "how far it got",
    "text": "the words",
    "wamid": "Meta's id",
    "media_id": "number of its file",
}
TICKS = {"queued": "◷", "sending": "◷", "sent": "✓", "held": "✓", "delivered": "✓✓", "read": "✓✓", "played": "✓✓"}
NAME_WIDTH = 18


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a transcript."""

    at: datetime
    id: int
    direction: str
    author: str
    kind: str
    status: str
    text: str
    wamid: str | None = None
    media_id: int | None = None
    error: str = ""
    file: str = ""


def write(view: View, *, with_notes: bool) -> None:
    """Writes the conversation in the form that was asked for."""
    output = context().output
    lines = lines_of(view, with_notes=with_notes)
    if output.form == "json" or (output.fields is not None and output.form not in ("tsv", "csv", "jsonl", "format")):
        emit(_record(view, lines), FIELDS)
    elif output.form in ("tsv", "csv", "jsonl", "format"):
        emit(lines, LINE_FIELDS)
    elif output.tty:
        page(text(view, lines))
    else:
        data(text(view, lines))


def lines_of(view: View, *, with_notes: bool) -> list[Line]:
    """Messages and notes in the order they were written."""
    lines = [_message(view, message) for message in view.messages]
    if with_notes:
        lines += [
            Line(
                note.created_at, note.id or 0, "note", view.authors.get(note.author_id or 0, ""), "note", "", note.body
            )
            for note in view.notes
        ]
    return sorted(lines, key=lambda line: (line.at, line.direction != "note"))


def _message(view: View, message: Message) -> Line:
    media = view.media.get(message.id or 0)
    return Line(
        at=message.at,
        id=message.id or 0,
        direction=message.direction,
        author=_author(view, message),
        kind=message.kind,
        status=message.status,
        text=message.text,
        wamid=message.wamid,
        media_id=media.id if media else None,
        error=message.error if message.status in ("failed", "unknown") else "",
        file=_file(media) if media else "",
    )


def _author(view: View, message: Message) -> str:
    if message.direction == "in":
        return view.name
    return view.authors.get(message.author_id or 0) or _(message.origin)


def _file(media: Media) -> str:
    size = f"{max(1, (media.size_bytes or 0) // 1024)} kB, " if media.size_bytes else ""
    state = "" if media.state == "ready" else f", {_(media.state)}"
    kind = media.mime_type or media.declared_mime_type
    return f"media {media.id}: {size}{kind}{state}"


def _record(view: View, lines: list[Line]) -> dict[str, Any]:
    conversation = view.conversation
    identities = [{"kind": one.kind, "value": one.value} for one in view.identities]
    phone = next((f"+{one.value}" for one in view.identities if one.kind == "phone"), None)
    return {
        "id": conversation.id,
        "status": conversation.status,
        "contact": {"id": view.contact.id, "name": view.name, "phone": phone, "identities": identities},
        "number": view.number.display,
        "assignee": view.assignee.email if view.assignee else None,
        "window": window_state(view.window_closes_at, context().now),
        "window_closes_at": view.window_closes_at,
        "unread": conversation.unread_count,
        "earlier": view.earlier,
        "messages": [
            {name: getattr(line, name) for name in (*LINE_FIELDS, "error")}
            for line in lines
            if line.direction != "note"
        ],
        "notes": [
            {"id": line.id, "at": line.at, "author": line.author, "text": line.text}
            for line in lines
            if line.direction == "note"
        ],
        "created_at": conversation.created_at,
        "resolved_at": conversation.resolved_at,
        "rating": conversation.rating,
        "rating_comment": conversation.rating_comment,
    }


def _why(comment: str) -> str:
    return f": {comment}" if comment else ""


def text(view: View, lines: list[Line]) -> str:
    """The transcript for a screen; everything from outside is clean."""
    ctx = context()
    color = ctx.output.color_out
    conversation = view.conversation
    phone = next((f"+{one.value}" for one in view.identities if one.kind == "phone"), "")
    owner = (view.assignee.name or view.assignee.email) if view.assignee else _("nobody")
    window = window_text(view.window_closes_at, ctx.now)
    facts = [view.name, phone if phone != view.name else "", _(conversation.status)]
    facts += [_("owner {who}").format(who=owner), _("window {left}").format(left=window)]
    if conversation.rating is not None:
        facts.append(_("rated {stars} of 5").format(stars=conversation.rating) + _why(conversation.rating_comment))
    head = "  ".join(clean(fact, newlines=False) for fact in facts if fact)
    shown = [f"{paint(f'#{conversation.id}', 'heading', color)}  {head}"]
    if view.earlier:
        shown.append(paint(_("{count} earlier messages: --all").format(count=view.earlier), "dim", color))
    day = ""
    for line in lines:
        here = line.at.astimezone(ctx.tz)
        if f"{here:%Y-%m-%d}" != day:
            day = f"{here:%Y-%m-%d}"
            shown.append(paint(f"{own('──')} {day}", "dim", color))
        shown.append(_line(line, f"{here:%H:%M}", color))
    return "\n".join(shown) + "\n"


def _line(line: Line, at: str, color: bool) -> str:
    name = clean(line.author, newlines=False, limit=NAME_WIDTH)
    if line.direction == "note":
        name = clean(_("note {who}").format(who=line.author).strip(), newlines=False, limit=NAME_WIDTH)
    words = clean(line.text).replace("\n", "\n" + " " * (NAME_WIDTH + 9))
    tail = [f"[{line.file}]"] if line.file else []
    if line.direction == "out":
        tick = "" if is_ascii() else TICKS.get(line.status, "")
        tail.append(f"{tick} {_(line.status)}".strip())
    if line.error:
        tail.append(clean(line.error, newlines=False, limit=120))
    role = {"in": "id", "out": "heading", "note": "warn"}[line.direction]
    side = {"in": "<", "out": ">", "note": "*"}[line.direction]
    told = "  ".join(tail)
    return f"{at} {side} {paint(name.ljust(NAME_WIDTH), role, color)} {words}  {paint(told, 'dim', color)}".rstrip()
