"""What a webhook body becomes: one frozen value per thing that happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that Meta did not send or that cannot be read."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on WhatsApp, by whatever identity Meta gave; every part may be missing.

    `wa_id` is digits without `+`; `user_id` (BSUID) and `parent_user_id` are opaque and compared byte by byte.
    """

    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    name: str | None = None
    username: str | None = None


NOBODY = Person()


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file at Meta: the id is good for 7 days, `url` for 5 minutes. `filename` is the sender's, never a path."""

    id: str
    mime_type: str
    sha256: bytes | None
    filename: str | None
    url: str | None
    voice: bool
    animated: bool


@dataclass(frozen=True, slots=True)
class WireError:
    """An error that came by webhook; `code` 0 if Meta sent none that can be read."""

    code: int
    title: str
    details: str


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """Somebody's number or BSUID changed. `previous` may hold only what Meta still told."""

    new: Person
    previous: Person


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from a person; `kind` is Meta's `type`, `content` Meta's message object, whole."""

    waba_id: str
    phone_number_id: str
    wamid: str
    sender: Person
    at: datetime
    kind: str
    text: str
    content: dict[str, Any]
    media: MediaRef | None = None
    context_wamid: str | None = None
    group_id: str | None = None
    standby: bool = False
    change: IdentityChange | None = None


@dataclass(frozen=True, slots=True)
class Echo:
    """A message the business sent by other means: its phone's app, or (standby) Meta's agent."""

    waba_id: str
    phone_number_id: str
    wamid: str
    recipient: Person
    at: datetime
    kind: str
    text: str
    content: dict[str, Any]
    media: MediaRef | None = None
    context_wamid: str | None = None
    standby: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a message; `participant` is the member's id for a message to a group, else empty."""

    waba_id: str
    phone_number_id: str
    wamid: str
    status: str
    at: datetime
    opaque: str | None
    recipient: Person | None
    participant: str
    errors: tuple[WireError, ...]
    pricing: dict[str, Any] | None
    conversation: dict[str, Any] | None
    standby: bool = False


@dataclass(frozen=True, slots=True)
class Preference:
    """A person stopped or resumed marketing in WhatsApp itself: `value` is stop, resume or signup."""

    waba_id: str
    phone_number_id: str
    person: Person
    category: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """A webhook about the account, a number, a template …; `field` is Meta's, `errors` for out-of-band errors."""

    waba_id: str
    phone_number_id: str | None
    field: str
    value: dict[str, Any]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that has no other place, kept whole; `reason` says in a few words why."""

    reason: str
    raw: Any


Update = Incoming | Echo | Status | Preference | AccountEvent | Unknown
