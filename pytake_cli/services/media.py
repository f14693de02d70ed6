"""What happens with files: received ones are fetched within a quota, kept, refused or lost; others are uploaded."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, col, select

from pytake_cli import settings
from pytake_cli.errors import NotFound
from pytake_cli.locale import Phrase
from pytake_cli.services import incidents
from pytake_cli.store import Store
from pytake_cli.store.media import LOST, PENDING, READY, REFUSED, Media
from pytake_cli.store.messages import IN, Message
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.media import Stored
from pytake_cli.whatsapp.webhooks import MediaRef

log = logging.getLogger(__name__)

UPLOAD_LASTS = timedelta(days=29)  # Meta: 30 days
MIB = 1024 * 1024
# What one person, and all people of an organisation, may make us store in a day.
FILES_BY_CONTACT, BYTES_BY_CONTACT = 200, 2048 * MIB
FILES_BY_ORG, BYTES_BY_ORG = 20_000, 100 * 1024 * MIB


@dataclass(frozen=True, slots=True)
class Fetch:
    """A received file that is to be downloaded."""

    ref: MediaRef
    phone_number_id: str
    folder: Path
    most_bytes: int


@dataclass(frozen=True, slots=True)
class File:
    """A file of ours on its way out; `wa_media_id` when Meta still has it from before."""

    path: Path
    mime_type: str
    filename: str | None
    wa_media_id: str


def folder() -> Path:
    """Where media files are kept."""
    return settings.paths().data / "media"


def fetch(store: Store, media_id: int, now: datetime) -> Fetch | None:
    """What to download for a row; None when there is nothing to do, or the quota is used up and the row says so."""
    with store.write() as db:
        row = db.get(Media, media_id)
        if row is None or row.state != PENDING:
            return None
        reason = _over_quota(db, row, now)
        if reason:
            row.state, row.reason = REFUSED, reason
            log.warning("media refused", extra={"media": media_id, "reason": reason})
            return None
        digest = bytes.fromhex(row.declared_sha256) if row.declared_sha256 else None
        ref = MediaRef(row.wa_media_id, row.declared_mime_type, digest, None, None, voice=False, animated=False)
        phone_number_id = db.get_one(Number, row.number_id).phone_number_id
    return Fetch(ref, phone_number_id, folder(), settings.current().media.max_bytes)


def _over_quota(db: Session, row: Media, now: datetime) -> str:
    used = (
        select(func.count(), func.sum(func.coalesce(Media.size_bytes, 0)))
        .select_from(Media)
        .where(Media.direction == IN, Media.state == READY, Media.created_at > now - timedelta(days=1))
    )
    files, size = db.exec(used.where(Media.org_id == row.org_id)).one()
    if files >= FILES_BY_ORG or (size or 0) >= BYTES_BY_ORG:
        return "the organisation's quota for a day is used up"
    message = db.get(Message, row.message_id) if row.message_id else None
    if message is None:
        return ""
    by_contact = used.join(Message, col(Message.id) == col(Media.message_id)).where(
        Message.contact_id == message.contact_id
    )
    files, size = db.exec(by_contact).one()
    if files >= FILES_BY_CONTACT or (size or 0) >= BYTES_BY_CONTACT:
        return "the contact's quota for a day is used up"
    return ""


def keep(store: Store, media_id: int, stored: Stored) -> None:
    """Notes where a downloaded file is, what it really is, and what is odd about it."""
    odd = [] if stored.genuine else [f"declared as {{}}, but is {stored.mime_type}"]
    if not stored.intact:
        odd.append("the digest is not the one Meta told")
    with store.write() as db:
        row = db.get_one(Media, media_id)
        row.state, row.sha256, row.size_bytes = READY, stored.sha256.hex(), stored.size
        row.mime_type = stored.mime_type
        row.path = str(stored.path.relative_to(folder()))
        row.reason = "; ".join(odd).format(row.declared_mime_type[:100].replace("{", "").replace("}", ""))


def refuse(store: Store, media_id: int, reason: str) -> None:
    """Notes that a file will not be stored; the message is shown without it."""
    _give_up(store, media_id, REFUSED, reason)


def lose(store: Store, media_id: int, reason: str) -> None:
    """Notes that Meta no longer has a file."""
    _give_up(store, media_id, LOST, reason)


def _give_up(store: Store, media_id: int, state: str, reason: str) -> None:
    with store.write() as db:
        row = db.get_one(Media, media_id)
        if row.state == PENDING:
            row.state, row.reason = state, reason[:500]
    log.warning("media not stored", extra={"media": media_id, "state": state, "reason": reason[:200]})


def outgoing(store: Store, org_id: int, media_id: int, now: datetime) -> File:
    """The file of an organisation's row that is to be sent; raises NotFound when there is none."""
    with store.read(org_id) as db:
        row = db.get(Media, media_id)
        if row is None or row.state != READY or not row.path:
            raise NotFound("PT-MEDIA", "there is no file for media {id}", fix="pytake media list", id=media_id)
        fresh = row.wa_media_id and row.uploaded_at and row.uploaded_at > now - UPLOAD_LASTS
        return File(folder() / row.path, row.mime_type, row.filename or None, row.wa_media_id if fresh else "")


def uploaded(store: Store, media_id: int, wa_media_id: str, now: datetime) -> None:
    """Notes Meta's id of a file that was uploaded."""
    with store.write() as db:
        row = db.get_one(Media, media_id)
        row.wa_media_id, row.uploaded_at = wa_media_id, now


def tell_disk_full(store: Store, org_id: int, percent: int, now: datetime) -> None:
    """An incident: new files and messages will soon find no room."""
    with store.write() as db:
        full = Phrase("the disk with the store is {percent} % full", percent=percent)
        incidents.tell(db, org_id, "PT-DISK", full, now)
