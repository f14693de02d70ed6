"""What a message that came is in each table: the rows that arrivals puts there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytake_cli.policy import window
from pytake_cli.services import outbound
from pytake_cli.store.conversations import BY_PEOPLE, NOBODY, OPEN, QUEUED
from pytake_cli.store.media import LOST, PENDING
from pytake_cli.store.messages import IN, OUT, RANK, RECEIVED
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.webhooks import Echo, Incoming

Writing = Incoming | Echo


@dataclass(slots=True)
class Placed:
    """A writing on its way into the rows."""

    writing: Writing
    number: Number
    contact_id: int
    conversation_id: int = 0
    is_first: bool = False  # it opened its conversation
    message_id: int = 0

    @property
    def pair(self) -> tuple[int, int]:
        assert self.number.id is not None
        return self.number.id, self.contact_id

    @property
    def from_contact(self) -> bool:
        return isinstance(self.writing, Incoming)


def standing(one: Placed) -> tuple[str, str]:
    """(status, owner) of a conversation that begins: with a person's word, or with an answer from the phone."""
    return (QUEUED, NOBODY) if one.from_contact else (OPEN, BY_PEOPLE)


def new_conversation(one: Placed, now: datetime) -> dict[str, Any]:
    status, owner = standing(one)
    return {
        "org_id": one.number.org_id,
        "number_id": one.number.id,
        "contact_id": one.contact_id,
        "status": status,
        "owner": owner,
        "team": "",
        "skills": [],
        "priority": "normal",
        "unread_count": 0,
        "preview": "",
        "last_message_at": now,
        "standby": False,
        "created_at": now,
    }


def touch(conversation_id: int, group: Sequence[Placed]) -> dict[str, Any]:
    """What a batch changes in its conversation; an echo (a person answered elsewhere) clears the waiting."""
    unread, waiting, answered = 0, None, False
    for one in group:
        if not one.from_contact:
            unread, waiting, answered = 0, None, not one.writing.standby
        elif window.opens_window(one.writing.kind):
            unread, waiting = unread + 1, waiting or one.writing.at
    last = group[-1].writing
    return {
        "of_id": conversation_id,
        "unread_added": unread,
        "cleared": answered,
        "waiting": waiting,
        "wakes": any(one.from_contact for one in group),
        "line": (last.text or wire.summary(last.content))[: outbound.PREVIEW_LENGTH],
        "newest": max(one.writing.at for one in group),
        "is_standby": last.standby,
    }


def message(one: Placed, now: datetime) -> dict[str, Any]:
    writing = one.writing
    return {
        "org_id": one.number.org_id,
        "number_id": one.number.id,
        "contact_id": one.contact_id,
        "conversation_id": one.conversation_id,
        "direction": IN if one.from_contact else OUT,
        "origin": "contact" if one.from_contact else "app",
        "kind": writing.kind,
        "body": writing.content,
        "text": writing.text or wire.summary(writing.content),
        "wamid": writing.wamid,
        "reply_to": writing.context_wamid,
        "status": RECEIVED if one.from_contact else "sent",
        "rank": 0 if one.from_contact else RANK["sent"],
        "priority": 0,
        "address_kind": "",
        "address": "",
        "on_unknown": "hold",
        "attempts": 0,
        "possible_duplicate": False,
        "error": "",
        "at": writing.at,
        "sent_at": None if one.from_contact else writing.at,
        "created_at": now,
    }


def service_window(one: Placed) -> dict[str, Any]:
    return {
        "number_id": one.number.id,
        "contact_id": one.contact_id,
        "org_id": one.number.org_id,
        "last_inbound_at": one.writing.at,
        "entry_point_at": one.writing.at if "referral" in one.writing.content else None,
    }


def media(one: Placed, now: datetime) -> dict[str, Any]:
    ref = one.writing.media
    assert ref is not None
    return {
        "org_id": one.number.org_id,
        "number_id": one.number.id,
        "message_id": one.message_id,
        "direction": IN if one.from_contact else OUT,
        "wa_media_id": ref.id,
        "sha256": "",
        "declared_sha256": ref.sha256.hex() if ref.sha256 else "",
        "mime_type": "",
        "declared_mime_type": ref.mime_type,
        "path": "",
        "filename": ref.filename or "",
        "state": PENDING if ref.id else LOST,
        "reason": "" if ref.id else "Meta sent no id",
        "created_at": now,
    }


def download_job(org_id: int, media_id: int, now: datetime) -> dict[str, Any]:
    return {
        "org_id": org_id,
        "kind": "media.download",
        "key": f"media:{media_id}",
        "payload": {"media": media_id},
        "lane": "live",
        "state": "queued",
        "due_at": now,
        "attempts": 0,
        "error": "",
        "created_at": now,
    }
