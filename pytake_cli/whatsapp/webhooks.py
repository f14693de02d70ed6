"""parse(): a webhook's bytes become updates. Pure, quick, and it never raises: what it cannot place it keeps whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from pytake_cli.whatsapp.fields import Contacts, instant, moment, person, table, word
from pytake_cli.whatsapp.incoming import (
    items,
    parse_echo,
    parse_history,
    parse_message,
    parse_user_id_update,
    target_of,
    text_of,
)
from pytake_cli.whatsapp.statuses import parse_statuses
from pytake_cli.whatsapp.updates import (
    EPOCH,
    AccountEvent,
    Echo,
    IdentityChange,
    Incoming,
    MediaRef,
    Person,
    Preference,
    Status,
    Unknown,
    Update,
    WireError,
)

__all__ = [
    "ACCOUNT_FIELDS",
    "EPOCH",
    "AccountEvent",
    "Echo",
    "IdentityChange",
    "Incoming",
    "MediaRef",
    "Person",
    "Preference",
    "Status",
    "Unknown",
    "Update",
    "WireError",
    "history",
    "parse",
    "target_of",
    "text_of",
]

OBJECT = "whatsapp_business_account"
_DEEPEST = 200  # orjson reads 1,024 levels and writes 254: what cannot be written again must not be taken for good

# fields that come out as AccountEvent, whole
ACCOUNT_FIELDS = frozenset({
    "account_alerts",
    "account_review_update",
    "account_update",
    "automatic_events",
    "business_capability_update",
    "business_username_update",
    "calls",
    "flows",
    "group_lifecycle_update",
    "group_participant_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "history",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "messaging_handovers",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "template_category_update",
    "tracking_events",
})  # fmt: skip


def parse(body: bytes) -> list[Update]:
    """Everything a signed body says, in its order; a body that says nothing readable becomes one Unknown.

    {"object": "whatsapp_business_account",
     "entry": [{"id": "<WABA>", "changes": [{"field": "messages", "value": {…}}]}]}
    """
    try:
        envelope = orjson.loads(body)
    except ValueError as error:
        return [Unknown(f"not JSON: {error}"[:200], body)]
    if body.count(b"{") + body.count(b"[") > _DEEPEST and _is_too_deep(envelope):
        return [Unknown("nested too deeply", body)]
    if b"\\u0000" in body:
        envelope = _without_nul(envelope)
    if type(envelope) is not dict or envelope.get("object") != OBJECT:
        return [Unknown("not a WhatsApp webhook", envelope)]
    updates: list[Update] = []
    for entry in items(envelope, "entry"):
        if type(entry) is not dict:
            updates.append(Unknown("entry is not an object", entry))
            continue
        waba_id, at = word(entry.get("id")) or "", instant(entry.get("time"))
        for change in items(entry, "changes"):
            _change(updates, entry, change, waba_id, at)
    return updates or [Unknown("nothing in it", envelope)]


def history(event: AccountEvent) -> list[Incoming | Echo | Unknown]:
    """The old messages inside a `history` event of a number shared with the app: to store, never to answer."""
    metadata = table(event.value.get("metadata"))
    business = word(metadata.get("display_phone_number"))
    digits = "".join(filter(str.isdigit, business)) if business else None
    return parse_history(event.value, event.waba_id, event.phone_number_id or "", digits)


def _change(updates: list[Update], entry: dict[str, Any], change: Any, waba_id: str, at: datetime | None) -> None:
    if type(change) is not dict:
        updates.append(Unknown("change is not an object", {**entry, "changes": [change]}))
        return
    value, field = change.get("value"), word(change.get("field")) or ""
    if type(value) is not dict:
        value = {"value": value} if field in ACCOUNT_FIELDS else None
    if value is None:
        updates.append(Unknown(f"value of {field[:60]} is not an object", {**entry, "changes": [change]}))
        return
    phone_number_id = word(table(value.get("metadata")).get("phone_number_id"))
    reader = _READERS.get(field)
    before = len(updates)
    if reader is not None:
        reader(updates, value, waba_id, phone_number_id or "", at)
    elif field in ACCOUNT_FIELDS:
        moment_of_value = at or instant(value.get("timestamp"))
        updates.append(AccountEvent(waba_id, phone_number_id, field, _underscored(value), moment_of_value))
    if len(updates) == before:
        reason = f"field {field[:60]} says nothing known" if reader else f"unknown field {field[:60]}"
        updates.append(Unknown(reason, {**entry, "changes": [change]}))


def _messages(updates: list[Update], value: dict[str, Any], waba_id: str, number_id: str, at: datetime | None) -> None:
    _conversation(updates, value, waba_id, number_id, at, False)


def _standby(updates: list[Update], value: dict[str, Any], waba_id: str, number_id: str, at: datetime | None) -> None:
    _conversation(updates, value, waba_id, number_id, at, True)


def _conversation(
    updates: list[Update], value: dict[str, Any], waba_id: str, number_id: str, at: datetime | None, standby: bool
) -> None:
    raw_contacts = value.get("contacts")
    if "statuses" in value:
        contacts = Contacts(raw_contacts) if raw_contacts else None
        updates.extend(parse_statuses(items(value, "statuses"), waba_id, number_id, contacts, at, standby))
    if "messages" in value:
        contacts = Contacts(raw_contacts)
        for raw in items(value, "messages"):
            updates.append(parse_message(raw, waba_id, number_id, contacts, at, standby))
    if "message_echoes" in value:
        contacts = Contacts(raw_contacts)
        for raw in items(value, "message_echoes"):
            updates.append(parse_echo(raw, waba_id, number_id, contacts, at, standby))
    if value.get("errors"):
        event = {"errors": value["errors"], "metadata": value.get("metadata")}
        updates.append(AccountEvent(waba_id, number_id or None, "errors", event, at))


def _preferences(
    updates: list[Update], value: dict[str, Any], waba_id: str, number_id: str, at: datetime | None
) -> None:
    contacts = Contacts(value.get("contacts"))
    for raw in items(value, "user_preferences"):
        if type(raw) is not dict or word(raw.get("value")) is None:
            updates.append(Unknown("user preference without value", raw))
            continue
        who = person(raw.get("wa_id"), raw.get("user_id"), raw.get("parent_user_id"))
        category = word(raw.get("category")) or ""
        said = word(raw.get("value")) or ""
        updates.append(Preference(waba_id, number_id, contacts.complete(who), category, said, moment(raw, at)))


def _user_id_updates(
    updates: list[Update], value: dict[str, Any], waba_id: str, number_id: str, at: datetime | None
) -> None:
    contacts = Contacts(value.get("contacts"))
    for raw in items(value, "user_id_update"):
        updates.append(parse_user_id_update(raw, waba_id, number_id, contacts, at))


_Reader = Callable[[list[Update], dict[str, Any], str, str, datetime | None], None]

# fields that are taken apart
_READERS: dict[str, _Reader] = {
    "messages": _messages,
    "smb_message_echoes": _messages,
    "message_echoes": _messages,
    "standby": _standby,
    "user_preferences": _preferences,
    "user_id_update": _user_id_updates,
}


def _underscored(value: dict[str, Any]) -> dict[str, Any]:
    """Template languages come as `en-US` in webhooks and `en_US` from the API: only the latter leaves here."""
    language = value.get("message_template_language")
    if type(language) is str and "-" in language:
        return {**value, "message_template_language": language.replace("-", "_")}
    return value


def _is_too_deep(raw: Any) -> bool:
    try:
        orjson.dumps(raw)
    except TypeError:
        return True
    return False


def _without_nul(raw: Any) -> Any:
    """U+0000 becomes U+FFFD everywhere: PostgreSQL stores it neither in text nor in JSON."""
    root = [raw]  # a list of what waits, not recursion: the depth is the sender's choice
    waiting: list[Any] = [root]
    while waiting:
        holder = waiting.pop()
        if type(holder) is dict:
            if any("\0" in key for key in holder):
                clean = {key.replace("\0", "\ufffd"): item for key, item in holder.items()}
                holder.clear()
                holder.update(clean)
            pairs: Any = list(holder.items())
        else:
            pairs = list(enumerate(holder))
        for key, item in pairs:
            if type(item) is str:
                if "\0" in item:
                    holder[key] = item.replace("\0", "\ufffd")
            elif type(item) in (dict, list):
                waiting.append(item)
    return root[0]
