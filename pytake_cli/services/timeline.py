"""What stands in a conversation, oldest first: messages, notes and what was done, in pages from the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.services import talk_rows
from pytake_cli.services.conversations import identities, name_of
from pytake_cli.services.sending import LOCAL_MEDIA
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation, Note
from pytake_cli.store.desks import Mention
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow
from pytake_cli.store.media import LOST, PENDING, READY, REFUSED, Media
from pytake_cli.store.messages import IN, OUT, Message

QUIET = frozenset({"read", "starred"})  # changes that the history of a chat does not show
ASIDE = ("reaction", "edit", "revoke")  # messages that say something of another one
KINDS = {"contact": "contact", "agent": "agent", "bot": "bot", "campaign": "campaign", "api": "agent", "app": "phone"}
STATES = {READY: "stored", PENDING: "pending", REFUSED: "failed", LOST: "failed"}
PAGE = 200

Cursor = tuple[int, int, int]  # message, note, change: all below these come next


@dataclass(frozen=True, slots=True)
class Stretch:
    """A page of a timeline, oldest first; `earlier` is the cursor of the page before it."""

    items: list[dict[str, Any]]
    earlier: Cursor | None


def page(db: Session, conversation: Conversation, *, before: Cursor | None = None, limit: int = PAGE) -> Stretch:
    """The newest items, or those before a cursor. They stand in the order in which they came to us."""
    bounds = before or (2**62, 2**62, 2**62)
    found: list[tuple[datetime, int, int, Any]] = []
    for place, rows in enumerate(_PLACES):
        for row in rows(db, conversation, bounds[place], limit + 1):
            found.append((row.at if isinstance(row, ConversationChange) else row.created_at, place, row.id, row))
    found.sort(key=lambda each: each[:3])
    chosen = found[-limit:]
    more = len(found) > limit
    return Stretch(_items(db, conversation, [each[3] for each in chosen]), _lowest(chosen, bounds) if more else None)


def _lowest(chosen: Sequence[tuple[datetime, int, int, Any]], bounds: Cursor) -> Cursor:
    lowest = list(bounds)
    for _, place, id_, _ in chosen:
        lowest[place] = min(lowest[place], id_)
    return lowest[0], lowest[1], lowest[2]


def everything(db: Session, conversation: Conversation) -> list[dict[str, Any]]:
    """The whole timeline, for exports."""
    stretch = page(db, conversation, limit=1000)
    items = stretch.items
    while stretch.earlier is not None:
        stretch = page(db, conversation, before=stretch.earlier, limit=1000)
        items = [*stretch.items, *items]
    return items


def one_message(db: Session, message: Message) -> dict[str, Any]:
    """A message as an item."""
    conversation = db.get_one(Conversation, message.conversation_id)
    return _items(db, conversation, [message])[0]


def one_note(db: Session, note: Note) -> dict[str, Any]:
    """A note as an item."""
    conversation = db.get_one(Conversation, note.conversation_id)
    return _items(db, conversation, [note])[0]


def _messages(db: Session, conversation: Conversation, below: int, limit: int) -> Sequence[Message]:
    mine = select(Message).where(Message.conversation_id == conversation.id, col(Message.id) < below)
    shown = mine.where(col(Message.kind).not_in(ASIDE))
    return db.exec(shown.order_by(col(Message.id).desc()).limit(limit)).all()


def _notes(db: Session, conversation: Conversation, below: int, limit: int) -> Sequence[Note]:
    mine = select(Note).where(Note.conversation_id == conversation.id, col(Note.id) < below)
    return db.exec(mine.order_by(col(Note.id).desc()).limit(limit)).all()


def _changes(db: Session, conversation: Conversation, below: int, limit: int) -> Sequence[ConversationChange]:
    change = ConversationChange
    mine = select(change).where(change.conversation_id == conversation.id, col(change.id) < below)
    shown = mine.where(col(change.what).not_in(QUIET))
    return db.exec(shown.order_by(col(change.id).desc()).limit(limit)).all()


_PLACES: tuple[Callable[[Session, Conversation, int, int], Sequence[Any]], ...] = (_messages, _notes, _changes)


def _items(db: Session, conversation: Conversation, rows: Sequence[Any]) -> list[dict[str, Any]]:
    messages = [row for row in rows if isinstance(row, Message)]
    beside = _Beside(
        people=talk_rows.names(db, conversation.org_id),
        contact=_contact_name(db, conversation),
        flows=_flows(db, conversation) if any(row.origin == "bot" for row in messages) else (),
        media=_media(db, messages),
        quoted=_quoted(db, conversation, messages),
        reactions=_reactions(db, conversation, messages),
        mentions=_mentions(db, [row.id or 0 for row in rows if isinstance(row, Note)]),
    )
    return [_item(row, beside) for row in rows]


@dataclass(frozen=True, slots=True)
class _Beside:
    """What belongs to the items of a page, looked up together."""

    people: Mapping[int, str]
    contact: str
    flows: Sequence[tuple[datetime, str]]  # when each of its sessions began, and the flow's name
    media: Mapping[int, Media]  # by message
    quoted: Mapping[str, tuple[int, str]]  # by wamid: the message's number and its first line
    reactions: Mapping[str, list[dict[str, str]]]  # by wamid
    mentions: Mapping[int, list[int]]  # by note


def _item(row: Any, beside: _Beside) -> dict[str, Any]:
    match row:
        case Message():
            return _message(row, beside)
        case Note():
            return _note(row, beside)
        case _:
            return change_item(row, beside.people)


def _message(row: Message, beside: _Beside) -> dict[str, Any]:
    quoted = beside.quoted.get(row.reply_to or "")
    return {
        "id": f"m{row.id}",
        "type": "message",
        "at": row.at,
        "message": row.id,
        "direction": row.direction,
        "kind": row.kind,
        "text": "" if row.revoked_at else _words(row, with_file=(row.id or 0) in beside.media),
        "author": _author(row, beside),
        "status": row.status if row.direction == OUT else None,
        "error": _error(row),
        "reply_to": quoted[0] if quoted else None,
        "quote": quoted[1] if quoted else None,
        "media": _file(beside.media.get(row.id or 0), row),
        "choices": _choices(row.body),
        "template": _template(row.body),
        "reactions": beside.reactions.get(row.wamid or "", []),
        "edited": row.edited_at is not None,
        "deleted": row.revoked_at is not None,
        "client_id": (row.client_key or "").partition("client:")[2] or None,
    }


def _words(row: Message, *, with_file: bool) -> str:
    """What was said; beside a file of ours that is its caption, and not the line of a list."""
    details = row.body.get(row.kind)
    if row.direction == OUT and with_file and isinstance(details, dict):
        return str(details.get("caption") or "")
    return row.text


def _author(row: Message, beside: _Beside) -> dict[str, Any]:
    kind = KINDS.get(row.origin, row.origin)
    if kind == "contact":
        return {"kind": kind, "id": None, "name": beside.contact}
    name = beside.people.get(row.author_id or 0, "")
    if kind == "bot":
        name = next((flow for began, flow in beside.flows if began <= row.created_at), "")
    return {"kind": kind, "id": row.author_id, "name": name}


def _flows(db: Session, conversation: Conversation) -> list[tuple[datetime, str]]:
    """The sessions of a conversation, the latest first."""
    both = select(FlowSession.started_at, Flow.name).join(Flow, col(Flow.id) == FlowSession.flow_id)
    mine = both.where(FlowSession.conversation_id == conversation.id)
    return list(db.exec(mine.order_by(col(FlowSession.id).desc())))


def _error(row: Message) -> dict[str, Any] | None:
    if row.status not in ("failed", "unknown") or (row.error_code is None and not row.error):
        return None
    return {"code": row.error_code, "says": row.error}


def _file(media: Media | None, row: Message) -> dict[str, Any] | None:
    if media is None:
        return None
    details = row.body.get(row.kind)
    name = details.get("filename") if isinstance(details, dict) else None
    return {
        "id": media.id,
        "kind": row.kind,
        "name": media.filename or name or "",
        "mime": media.mime_type or media.declared_mime_type,
        "bytes": media.size_bytes,
        "state": STATES.get(media.state, media.state),
        "width": None,
        "height": None,
        "seconds": None,
        "transcript": None,
    }


def _choices(body: Mapping[str, Any]) -> list[str]:
    """The titles of what may be tapped."""
    interactive = body.get("interactive")
    action = interactive.get("action") if isinstance(interactive, dict) else None
    if not isinstance(action, dict):
        return []
    buttons = [each.get("reply", {}).get("title", "") for each in action.get("buttons") or () if isinstance(each, dict)]
    sections = action.get("sections") or ()
    rows = [row.get("title", "") for each in sections if isinstance(each, dict) for row in each.get("rows") or ()]
    return [str(title) for title in (*buttons, *rows) if title]


def _template(body: Mapping[str, Any]) -> dict[str, str] | None:
    template = body.get("template")
    if not isinstance(template, dict):
        return None
    language = template.get("language")
    code = language.get("code", "") if isinstance(language, dict) else ""
    return {"name": str(template.get("name", "")), "language": str(code)}


def _note(row: Note, beside: _Beside) -> dict[str, Any]:
    name = beside.people.get(row.author_id or 0, "")
    return {
        "id": f"n{row.id}",
        "type": "note",
        "at": row.created_at,
        "note": row.id,
        "author": {"id": row.author_id, "name": name},
        "body": row.body,
        "mentions": beside.mentions.get(row.id or 0, []),
        "client_id": (row.client_key or "").partition("client:")[2] or None,
    }


def change_item(row: ConversationChange, people: Mapping[int, str]) -> dict[str, Any]:
    """A change as an item; agents are named in it."""
    return {
        "id": f"c{row.id}",
        "type": "change",
        "at": row.at,
        "change": row.id,
        "what": row.what,
        "by": {"id": row.by_id, "name": people.get(row.by_id, "")} if row.by_id is not None else None,
        "cause": row.cause,
        "before": _named(row.before, people),
        "after": _named(row.after, people),
        "undoable": row.undoable and row.undone_at is None,
        "undone": row.undone_at is not None,
    }


def _named(values: Mapping[str, Any], people: Mapping[int, str]) -> dict[str, Any]:
    agent = values.get("assignee")
    if agent is None:
        return dict(values)
    return {**values, "assignee": {"id": agent, "name": people.get(agent, "")}}


def _contact_name(db: Session, conversation: Conversation) -> str:
    contact = db.get_one(Contact, conversation.contact_id)
    return name_of(contact, identities(db, [conversation.contact_id]).get(conversation.contact_id, ()))


def _media(db: Session, messages: Sequence[Message]) -> dict[int, Media]:
    """The files of messages: what came refers to its message, what went is named in the message's body."""
    came = [row.id for row in messages if row.direction == IN]
    sent = {row.id or 0: local for row in messages if row.direction == OUT and (local := _local(row)) is not None}
    by_id = {row.id: row for row in db.exec(select(Media).where(col(Media.id).in_(sent.values())))} if sent else {}
    found = {id_: by_id[local] for id_, local in sent.items() if local in by_id}
    if came:
        for row in db.exec(select(Media).where(col(Media.message_id).in_(came))):
            found[row.message_id or 0] = row
    return found


def _local(row: Message) -> int | None:
    details = row.body.get(row.kind)
    id_ = details.get("id", "") if isinstance(details, dict) else ""
    number = str(id_).removeprefix(LOCAL_MEDIA)
    return int(number) if str(id_).startswith(LOCAL_MEDIA) and number.isdecimal() else None


def _quoted(db: Session, conversation: Conversation, messages: Sequence[Message]) -> dict[str, tuple[int, str]]:
    wamids = {row.reply_to for row in messages if row.reply_to}
    if not wamids:
        return {}
    mine = select(Message).where(col(Message.wamid).in_(wamids), Message.contact_id == conversation.contact_id)
    lines = ((row.wamid or "", row.id or 0, row.text.split("\n")[0][:120]) for row in db.exec(mine))
    return {wamid: (id_, line) for wamid, id_, line in lines}


def _reactions(db: Session, conversation: Conversation, messages: Sequence[Message]) -> dict[str, list[dict[str, str]]]:
    """The newest emoji of each side on each message."""
    ids = [row.id for row in messages if row.id is not None]
    if not ids:
        return {}
    mine: Any = (Message.conversation_id == conversation.id, Message.kind == "reaction", col(Message.id) > min(ids))
    newest: dict[tuple[str, str], str] = {}
    columns = sa.select(col(Message.direction), col(Message.body)).where(*mine)
    for direction, body in db.connection().execute(columns.order_by(col(Message.id))):
        details = body.get("reaction") if isinstance(body, dict) else None
        if isinstance(details, dict):
            newest[str(details.get("message_id")), direction] = str(details.get("emoji") or "")
    found: dict[str, list[dict[str, str]]] = {}
    for (wamid, direction), emoji in newest.items():
        if emoji:
            found.setdefault(wamid, []).append({"emoji": emoji, "by": "contact" if direction == IN else "agent"})
    return found


def _mentions(db: Session, notes: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    if notes:
        for row in db.exec(select(Mention).where(col(Mention.note_id).in_(notes)).order_by(col(Mention.user_id))):
            found.setdefault(row.note_id, []).append(row.user_id)
    return found
