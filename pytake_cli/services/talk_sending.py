"""An agent writes from the inbox: what must hold before it goes, and who else has written meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.policy import talks as table
from pytake_cli.policy import window
from pytake_cli.policy.talks import BY_BOT, RESOLVED, WRITE
from pytake_cli.services import messages, outbound, ownership, talks, templates
from pytake_cli.services.principals import Principal
from pytake_cli.services.sending import LOCAL_MEDIA, needs_window
from pytake_cli.store import contacts, desks
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import Conversation, Note
from pytake_cli.store.media import READY, Media
from pytake_cli.store.messages import OUT, Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import Template
from pytake_cli.store.users import User
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.outgoing import Outgoing

KEY = "client:"  # of a client id in Message.client_key and Note.client_key


@dataclass(frozen=True, slots=True)
class Letter:
    """What an agent wants said: exactly one of text, template, media, reaction; and what they knew when they wrote."""

    text: str | None = None
    template: Mapping[str, Any] | None = None  # {"name", "language", "values"}
    media: Mapping[str, Any] | None = None  # {"upload": row of media, "caption", "filename"}
    reaction: Mapping[str, Any] | None = None  # {"message", "emoji"}
    reply_to: int | None = None
    client_id: str | None = None
    takeover: bool = False
    seen: str | None = None  # the last item of the timeline that the agent saw: "m81"
    sure: bool = False


def send(
    db: Session,
    who: Principal,
    conversation: Conversation,
    letter: Letter,
    now: datetime,
    *,
    typing: tuple[int, str] | None = None,
) -> tuple[Message, bool]:
    """Queues it; (message, whether the client id was known: then nothing new is sent). `typing` is a colleague, id and
    name, who writes an answer there just now."""
    who.require(WRITE)
    ownership.lock(db, conversation)
    key = client_key(who, letter.client_id)
    number = db.get_one(Number, conversation.number_id)
    outgoing, shown = _composed(db, conversation, number, letter)
    known = outbound.by_client_key(db, conversation.org_id, key) if key else None
    if known is None:
        _refuse(db, who, conversation, outgoing, letter, now)
        if typing is not None and not letter.sure and outgoing.kind != "reaction":
            raise _typing(conversation, *typing)
    if known is None and conversation.owner == BY_BOT:
        ownership.take_over(db, conversation, _user(db, who), now)
    message = outbound.queue(
        db,
        number=number,
        contact_id=conversation.contact_id,
        outgoing=outgoing,
        origin="agent",
        now=now,
        author_id=who.user_id,
        reply_to=_wamid(db, conversation, letter.reply_to) if letter.reply_to is not None else None,
        client_key=key,
        conversation=conversation,
        shown=shown,
    )
    if known is None and who.user_id is not None and outgoing.kind != "reaction":
        desks.drop_draft(db, who.user_id, conversation.id or 0)
    return message, known is not None


def client_key(who: Principal, client_id: str | None) -> str | None:
    """The idempotency key of a client's own id; every agent has their own."""
    return f"u{who.user_id or who.name}:{KEY}{client_id}" if client_id else None


def _user(db: Session, who: Principal) -> User | None:
    return db.get(User, who.user_id) if who.user_id is not None else None


def _refuse(
    db: Session, who: Principal, conversation: Conversation, outgoing: Outgoing, letter: Letter, now: datetime
) -> None:
    """Everything that stops a letter before Meta would, in the order in which an agent wants to know it."""
    if conversation.status == RESOLVED:
        raise table.refusal("answer", RESOLVED, conversation.id)
    if conversation.owner == BY_BOT and not letter.takeover:
        raise Conflict(
            "PT-BOT-OWNS",
            "a flow answers in conversation #{id}",
            why="two answers at once would confuse the person",
            fix="pytake conversation takeover {id}",
            id=conversation.id,
        )
    _refuse_closed(db, conversation, outgoing, now)
    if not letter.sure and letter.seen is not None:
        _refuse_collision(db, who, conversation, letter.seen)


def _refuse_closed(db: Session, conversation: Conversation, outgoing: Outgoing, now: datetime) -> None:
    if not needs_window(outgoing.kind):
        return
    last = contacts.last_inbound_at(db, conversation.number_id, conversation.contact_id)
    if window.window_is_open(last, now):
        return
    closed = window.closes_at(last)
    raise Conflict(
        "PT-WINDOW-CLOSED",
        "the 24-hour window of conversation #{id} is closed: only a template can be sent",
        why="Meta accepts only approved templates outside the window",
        fix="pytake message send --to contact:{contact} --template NAME",
        id=conversation.id,
        contact=conversation.contact_id,
        closed=talks.stamp(closed) if closed else "",
    )


def _typing(conversation: Conversation, user_id: int, name: str) -> Conflict:
    return Conflict(
        "PT-COLLEAGUE-TYPING",
        "{agent} is writing an answer in conversation #{id} just now",
        why="two answers at once would confuse the person",
        fix="wait for it, or send again with sure",
        id=conversation.id,
        agent=name,
        agent_id=user_id,
    )


def _refuse_collision(db: Session, who: Principal, conversation: Conversation, seen: str) -> None:
    """A colleague answered after what the agent has seen: they look first, and may still send it."""
    message, moment = _seen(db, conversation, seen)
    mine = (Message.conversation_id == conversation.id, Message.direction == OUT, col(Message.id) > message)
    people = col(Message.origin).in_(("agent", "app"))
    query: Any = select(Message).where(*mine, people, Message.author_id.is_distinct_from(who.user_id))  # type: ignore[union-attr]
    if moment is not None:
        query = query.where(Message.created_at > moment)
    other = db.exec(query.order_by(col(Message.id).desc()).limit(1)).first()
    if other is None:
        return
    author = db.get(User, other.author_id) if other.author_id else None
    raise Conflict(
        "PT-COLLISION",
        "{agent} has answered in conversation #{id} meanwhile",
        why="you had not seen it",
        fix="read it, then send again with sure",
        id=conversation.id,
        agent=(author.name or author.email) if author else "",
        by_message=other.id,
    )


def _seen(db: Session, conversation: Conversation, seen: str) -> tuple[int, datetime | None]:
    """(message, moment) after which something is news to whoever saw this item."""
    kind, number = seen[:1], seen[1:]
    if kind not in "mnc" or not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise InvalidData(
            "PT-SEEN", "{seen} is no item of a timeline, such as m81", fix="GET …/timeline", seen=seen[:40]
        )
    if kind == "m":
        return int(number), None
    row: Note | ConversationChange | None = (
        db.get(Note, int(number)) if kind == "n" else db.get(ConversationChange, int(number))
    )
    if row is None or row.conversation_id != conversation.id:
        return 0, None
    return 0, row.created_at if isinstance(row, Note) else row.at


def _composed(db: Session, conversation: Conversation, number: Number, letter: Letter) -> tuple[Outgoing, str]:
    """The message in Meta's shape, and how lists show it."""
    given = [name for name in ("text", "template", "media", "reaction") if getattr(letter, name) is not None]
    if len(given) != 1:
        raise InvalidData(
            "PT-LETTER",
            "a message is one of text, template, media, reaction; here are {given}",
            fix="one of them",
            given=", ".join(given) or "none",
        )
    match given[0]:
        case "text":
            if not (letter.text or "").strip():
                raise InvalidData("PT-SEND-TEXT", "the message has no words", fix="write some")
            return wire.text(letter.text or ""), ""
        case "template":
            return _template(db, conversation, number, letter.template or {})
        case "media":
            return _file(db, conversation, number, letter.media or {}), ""
        case _:
            return _reaction(db, conversation, letter.reaction or {}), ""


def _template(
    db: Session, conversation: Conversation, number: Number, given: Mapping[str, Any]
) -> tuple[Outgoing, str]:
    found: Template = templates.find(
        db, conversation.org_id, number.waba_id, str(given.get("name", "")), given.get("language")
    )
    templates.refuse_unusable(found)
    outgoing = templates.message(found, {str(k): str(v) for k, v in (given.get("values") or {}).items()})
    return outgoing, templates.words(found, outgoing)


def _file(db: Session, conversation: Conversation, number: Number, given: Mapping[str, Any]) -> Outgoing:
    row = db.exec(select(Media).where(Media.id == given.get("upload"), Media.direction == OUT)).first()
    if row is None:
        raise NotFound("PT-MEDIA", "there is no file {id}", fix="POST /media", id=given.get("upload"))
    if row.state != READY or row.number_id != number.id:
        raise Conflict(
            "PT-MEDIA-STATE", "the file {id} cannot be sent from this number", fix="POST /media again", id=row.id
        )
    kind = _kind_of(row.mime_type)
    caption = given.get("caption") if kind in ("image", "video", "document") else None
    filename = (row.filename or None) if kind == "document" else None
    return wire.media(kind, media_id=f"{LOCAL_MEDIA}{row.id}", caption=caption, filename=filename)


def _kind_of(mime_type: str) -> str:
    first = mime_type.partition("/")[0]
    if mime_type == "image/webp":
        return "sticker"
    return first if first in ("image", "audio", "video") else "document"


def _reaction(db: Session, conversation: Conversation, given: Mapping[str, Any]) -> Outgoing:
    return wire.reaction(_wamid(db, conversation, given.get("message")), str(given.get("emoji") or ""))


def _wamid(db: Session, conversation: Conversation, id_: Any) -> str:
    """Meta's id of a message of this person's, to quote it or to react."""
    found = messages.find(db, str(id_))
    if found.contact_id != conversation.contact_id:
        raise NotFound("PT-MESSAGE", "there is no message {ref}", fix="pytake message list", ref=id_)
    if found.wamid is None:
        raise Conflict(
            "PT-SEND-QUOTE",
            "message {id} has not reached Meta and cannot be quoted",
            fix="pytake message show {id}",
            id=found.id,
        )
    return found.wamid


def retry(db: Session, who: Principal, conversation: Conversation, id_: int, now: datetime) -> Message:
    """Queues a failed message of the conversation again."""
    who.require(WRITE)
    found = messages.find(db, str(id_))
    if found.conversation_id != conversation.id:
        raise NotFound("PT-MESSAGE", "there is no message {ref}", fix="pytake message list", ref=id_)
    _refuse_closed(db, conversation, Outgoing(found.kind, found.body), now)
    outbound.retry(db, found, now)
    return found
