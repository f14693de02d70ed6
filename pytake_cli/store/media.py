"""Media: what came and went beside the text, kept as content-addressed files whose names nobody outside chose."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from pytake_cli.store.rows import Owned, primary_key, reference, time

PENDING, READY, REFUSED, LOST = "pending", "ready", "refused", "lost"


class Media(Owned, table=True):
    __tablename__ = "media"

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    number_id: int = reference("number.id")
    message_id: int | None = reference("message.id", nullable=True, index=True)
    direction: str  # in | out
    wa_media_id: str = Field(default="", index=True)  # Meta's id: 7 days when received, 30 when uploaded
    uploaded_at: datetime | None = time(nullable=True)
    sha256: str = ""  # hex; what the bytes really are
    declared_sha256: str = ""  # hex; what the webhook said
    mime_type: str = ""  # by content
    declared_mime_type: str = ""
    size_bytes: int | None = None
    path: str = ""  # below the media folder
    filename: str = ""  # the sender's; data, never a path
    state: str = PENDING
    reason: str = ""  # why refused or lost
    created_at: datetime = time()
