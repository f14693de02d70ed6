"""What a contact wrote, as flows hear it: one message, or a burst of them as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlmodel import Session, col, select

from pytake_cli.flow.reply import FILES, Reply
from pytake_cli.store.media import Media
from pytake_cli.store.messages import Message
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.webhooks import Incoming


def of_messages(db: Session, ids: Sequence[int]) -> list[Reply]:
    """The replies of stored messages, in the order in which they came."""
    found = db.exec(select(Message).where(col(Message.id).in_(list(ids))).order_by(col(Message.id))).all()
    return [of_message(db, message) for message in found]


def of_message(db: Session, message: Message) -> Reply:
    """The reply that one stored message is."""
    media = _media_of(db, message.kind, message.id)
    return reply(message.kind, message.body, message.text, message.wamid, message.reply_to, media)


def of_writing(db: Session, writing: Incoming, message_id: int) -> Reply:
    """The same, of a message that has just been stored."""
    media = _media_of(db, writing.kind, message_id)
    text = writing.text or wire.summary(writing.content)
    return reply(writing.kind, writing.content, text, writing.wamid, writing.context_wamid, media)


def _media_of(db: Session, kind: str, message_id: int | None) -> Media | None:
    if kind not in (*FILES, "sticker"):
        return None
    return db.exec(select(Media).where(Media.message_id == message_id)).first()


def reply(
    kind: str, body: dict[str, Any], text: str, wamid: str | None, quoted: str | None, media: Media | None = None
) -> Reply:
    """`body` is Meta's message object."""
    choice, title, form = _tapped(kind, body)
    return Reply(
        kind=kind,
        text=_words(kind, body, text, title),
        choice=choice,
        title=title,
        media=_file(media) if media is not None else None,
        location=_table(body.get("location")) or None if kind == "location" else None,
        contacts=tuple(card for card in body.get("contacts", ()) if isinstance(card, dict))
        if kind == "contacts" and isinstance(body.get("contacts"), list)
        else (),
        form=form,
        wamid=wamid,
        quoted=quoted,
    )


def _words(kind: str, body: dict[str, Any], text: str, title: str | None) -> str:
    """What they said: a file's own caption, not the summary that lists show for one without words."""
    if title is not None:
        return title
    if kind == "text":
        return str(_table(body.get("text")).get("body", text))
    if kind in (*FILES, "sticker"):
        return str(_table(body.get(kind)).get("caption") or "")
    if kind == "reaction":
        return str(_table(body.get("reaction")).get("emoji") or "")
    return text if kind not in ("location", "contacts") else ""


def _tapped(kind: str, body: dict[str, Any]) -> tuple[str | None, str | None, dict[str, Any] | None]:
    """(id, title, form) of a tapped button or row, or of a form that was filled in."""
    if kind == "button":
        button = _table(body.get("button"))
        return button.get("payload") or button.get("text"), button.get("text"), None
    if kind != "interactive":
        return None, None, None
    answer = _table(body.get("interactive"))
    for member in ("button_reply", "list_reply"):
        if tapped := _table(answer.get(member)):
            return tapped.get("id"), tapped.get("title"), None
    if filled := _table(answer.get("nfm_reply")):
        return None, None, _form(filled.get("response_json"))
    return None, None, None


def _form(answer: Any) -> dict[str, Any]:
    if isinstance(answer, str):
        try:
            answer = orjson.loads(answer)
        except orjson.JSONDecodeError:
            return {}
    return _table(answer)


def _file(media: Media) -> dict[str, Any]:
    return {
        "id": f"media:{media.id}",
        "mime_type": media.mime_type or media.declared_mime_type,
        "size": media.size_bytes or 0,
        "filename": media.filename,
    }


def join(replies: Sequence[Reply]) -> Reply:
    """A burst as one reply: the words one below the other, and the newest of everything else."""
    if len(replies) == 1:
        return replies[0]
    telling = next((one for one in reversed(replies) if one.kind != "text"), replies[-1])
    words = "\n".join(one.text for one in replies if one.text)
    return replace(telling, text=telling.text if telling.choice else words, wamid=replies[-1].wamid)


def source_of_ad(body: dict[str, Any]) -> str | None:
    """The id of the advertisement or post that a message came from."""
    referral = _table(body.get("referral"))
    return str(referral.get("source_id") or "") if referral else None


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
