"""Statuses of sent messages: the hot path of the webhook parser, three for every message out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pytake_cli.whatsapp.fields import Contacts, moment, person, wire_errors, word
from pytake_cli.whatsapp.updates import Status, Unknown


def parse_statuses(
    raw: list[Any], waba_id: str, phone_number_id: str, contacts: Contacts | None, at: datetime | None, standby: bool
) -> list[Status | Unknown]:
    """One Status for each item; an item without id or status is kept as Unknown."""
    return [_status(item, waba_id, phone_number_id, contacts, at, standby) for item in raw]


def _status(
    raw: Any, waba_id: str, phone_number_id: str, contacts: Contacts | None, at: datetime | None, standby: bool
) -> Status | Unknown:
    if type(raw) is not dict:
        return Unknown("status is not an object", raw)
    get = raw.get
    wamid, status = word(get("id")), word(get("status"))
    if wamid is None or status is None:
        return Unknown("status without id or status", raw)
    participant = ""
    if get("recipient_type") == "group" or "recipient_participant_id" in raw or "recipient_participant_user_id" in raw:
        recipient = person(
            get("recipient_participant_id"),
            get("recipient_participant_user_id"),
            get("recipient_participant_parent_user_id"),
        )
        participant = recipient.wa_id or recipient.user_id or ""
    else:
        parent = get("parent_recipient_user_id") or get("recipient_parent_user_id")
        recipient = person(get("recipient_id"), get("recipient_user_id"), parent)
    if contacts is not None:
        recipient = contacts.complete(recipient)
    pricing, conversation, errors = get("pricing"), get("conversation"), get("errors")
    return Status(
        waba_id,
        phone_number_id,
        wamid,
        status,
        moment(raw, at),
        word(get("biz_opaque_callback_data")),
        recipient if recipient.wa_id or recipient.user_id or recipient.parent_user_id else None,
        participant,
        wire_errors(errors) if errors else (),
        pricing if type(pricing) is dict else None,
        conversation if type(conversation) is dict else None,
        standby,
    )
