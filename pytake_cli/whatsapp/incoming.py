"""Messages in webhooks: what people write, what the business's own app or Meta's agent wrote, what changed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from pytake_cli.whatsapp.fields import Contacts, first, is_bsuid, media_of, moment, person, table, tables, word
from pytake_cli.whatsapp.updates import NOBODY, Echo, IdentityChange, Incoming, MediaRef, Person, Unknown

_CHANGED = re.compile(r"changed from (\S+) to (\S+)\s*$")
_CHANGES = ("user_changed_number", "customer_changed_number", "user_changed_user_id")


def parse_message(
    raw: Any, waba_id: str, phone_number_id: str, contacts: Contacts, at: datetime | None, standby: bool
) -> Incoming | Unknown:
    """A message from a person; only one without an id cannot become one."""
    if type(raw) is not dict:
        return Unknown("message is not an object", raw)
    wamid = word(raw.get("id"))
    if wamid is None:
        return Unknown("message without id", raw)
    kind = kind_of(raw)
    change = _system_change(raw) if kind == "system" else None
    if change is not None:
        sender = _either(change.previous, change.new)
        named = contacts.complete(sender)
        sender = replace(sender, name=named.name, username=named.username)  # ids stay those of before the change
    else:
        sender = person(raw.get("from"), raw.get("from_user_id"), raw.get("from_parent_user_id"))
        sender = contacts.complete(sender)
    return Incoming(
        waba_id,
        phone_number_id,
        wamid,
        sender,
        moment(raw, at),
        kind,
        text_of(raw),
        raw,
        _media(kind, raw),
        _quoted(kind, raw),
        word(raw.get("group_id")),
        standby,
        change,
    )


def parse_echo(
    raw: Any, waba_id: str, phone_number_id: str, contacts: Contacts, at: datetime | None, standby: bool
) -> Echo | Unknown:
    """A message the business sent without us."""
    if type(raw) is not dict:
        return Unknown("echo is not an object", raw)
    wamid = word(raw.get("id"))
    if wamid is None:
        return Unknown("echo without id", raw)
    kind = kind_of(raw)
    recipient = person(
        raw.get("to") or raw.get("recipient_id"),
        raw.get("to_user_id") or raw.get("recipient"),
        raw.get("to_parent_user_id"),
    )
    return Echo(
        waba_id,
        phone_number_id,
        wamid,
        contacts.complete(recipient),
        moment(raw, at),
        kind,
        text_of(raw),
        raw,
        _media(kind, raw),
        _quoted(kind, raw),
        standby,
    )


def parse_user_id_update(
    raw: Any, waba_id: str, phone_number_id: str, contacts: Contacts, at: datetime | None
) -> Incoming | Unknown:
    """An item of the `user_id_update` field as the system message it later became; its id is made from what it says."""
    if type(raw) is not dict:
        return Unknown("user_id_update is not an object", raw)
    user, parent = table(raw.get("user_id")), table(raw.get("parent_user_id"))
    previous = person(raw.get("wa_id"), user.get("previous"), parent.get("previous"))
    new = contacts.complete(person(raw.get("wa_id"), user.get("current"), parent.get("current")))
    if new.user_id is None and new.parent_user_id is None:
        return Unknown("user_id_update without ids", raw)
    when = moment(raw, at)
    said = "|".join((phone_number_id, str(previous), str(new.user_id), str(new.parent_user_id), when.isoformat()))
    wamid = "user_id_update." + hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]
    body = word(raw.get("detail")) or ""
    content = {
        "id": wamid,
        "type": "system",
        "system": {"type": "user_changed_user_id", "body": body, "user_id": new.user_id},
        "user_id_update": raw,
    }
    change = IdentityChange(new, previous)
    return Incoming(
        waba_id, phone_number_id, wamid, _either(previous, new), when, "system", body, content, change=change
    )


def kind_of(raw: dict[str, Any]) -> str:
    """Meta's `type`; for a message without one, the first member that is named like a type."""
    return word(raw.get("type")) or next((kind for kind in _WORDS if kind in raw), "unknown")


def target_of(content: dict[str, Any]) -> str | None:
    """The wamid that a reaction, an edit or a revoke is about."""
    for kind, key in (("reaction", "message_id"), ("edit", "original_message_id"), ("revoke", "original_message_id")):
        if content.get("type") == kind:
            return word(table(content.get(kind)).get(key))
    return None


# type -> where its words are: a path of members
_WORDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "text": (("text", "body"),),
    "image": (("image", "caption"),),
    "video": (("video", "caption"),),
    "document": (("document", "caption"),),
    "button": (("button", "text"), ("button", "payload")),
    "interactive": (
        ("interactive", "button_reply", "title"),
        ("interactive", "list_reply", "title"),
        ("interactive", "nfm_reply", "body"),
        ("interactive", "body", "text"),
    ),
    "reaction": (("reaction", "emoji"),),
    "order": (("order", "text"),),
    "location": (("location", "name"), ("location", "address")),
    "system": (("system", "body"),),
    "audio": (),
    "voice": (),
    "sticker": (),
    "contacts": (),
}


def text_of(raw: dict[str, Any]) -> str:
    """The words a person wrote or tapped, for flows, keywords and search; empty if the message has none."""
    kind = kind_of(raw)
    if kind == "edit":
        inner = table(table(raw.get("edit")).get("message"))
        return "" if kind_of(inner) == "edit" else text_of(inner)
    for path in _WORDS.get(kind, ()):
        value: Any = raw
        for member in path:
            value = table(value).get(member)
        found = word(value)
        if found:
            return found
    return ""


def _media(kind: str, raw: dict[str, Any]) -> MediaRef | None:
    if kind == "edit":
        inner = table(table(raw.get("edit")).get("message"))
        return media_of(kind_of(inner), inner)
    return media_of(kind, raw)


def _quoted(kind: str, raw: dict[str, Any]) -> str | None:
    context = table(raw.get("context"))
    if kind == "edit":
        context = table(table(table(raw.get("edit")).get("message")).get("context")) or context
    return word(context.get("id")) or word(context.get("message_id"))


def _either(one: Person, other: Person) -> Person:
    return one if one != NOBODY else other


def _system_change(raw: dict[str, Any]) -> IdentityChange | None:
    system = table(raw.get("system"))
    new_phone = first((system.get("wa_id"), system.get("new_wa_id")))
    new = person(new_phone, system.get("user_id"), system.get("parent_user_id"))
    if system.get("type") not in _CHANGES or new == NOBODY:
        return None
    previous = person(
        raw.get("from") or system.get("customer"),
        system.get("previous_user_id") or raw.get("from_user_id"),
        system.get("previous_parent_user_id") or raw.get("from_parent_user_id"),
    )
    told = _told_in_body(word(system.get("body")) or "", new)
    if told is not None and is_bsuid(told) and previous.user_id is None and told != new.user_id:
        previous = Person(previous.wa_id, told, previous.parent_user_id)
    elif told is not None and told.isdigit() and previous.wa_id is None and system.get("type") != _CHANGES[2]:
        previous = Person(told, previous.user_id, previous.parent_user_id)
    return IdentityChange(new, previous)


def _told_in_body(body: str, new: Person) -> str | None:
    """The old id, which payloads before August 2026 tell only in the sentence "… changed from OLD to NEW"."""
    found = _CHANGED.search(body)  # at the end, and ending in the new id: a name cannot fake it
    if found is None or found.group(2) not in (new.user_id, new.wa_id, new.parent_user_id):
        return None
    return found.group(1)


def items(value: dict[str, Any], member: str) -> list[Any]:
    """The member as a list of whatever it holds; one object alone counts as a list of one."""
    found = value.get(member)
    if type(found) is list:
        return found
    return [] if found is None else [found]


def parse_history(
    value: dict[str, Any], waba_id: str, phone_number_id: str, business: str | None
) -> list[Incoming | Echo | Unknown]:
    """The old messages in a `history` value; they are past, so nothing must answer them."""
    found: list[Incoming | Echo | Unknown] = []
    contacts = Contacts(value.get("contacts"))
    for chunk in tables(value.get("history")):
        for thread in tables(chunk.get("threads")):
            other = word(thread.get("id"))
            for raw in items(thread, "messages"):
                found.append(_old_message(raw, other, waba_id, phone_number_id, business, contacts))
    return found


def _old_message(
    raw: Any, other: str | None, waba_id: str, phone_number_id: str, business: str | None, contacts: Contacts
) -> Incoming | Echo | Unknown:
    sender = word(raw.get("from")) if type(raw) is dict else None
    if sender is not None and (sender == business or (other is not None and sender != other and "to" in raw)):
        return parse_echo({"to": other, **raw}, waba_id, phone_number_id, contacts, None, False)
    return parse_message(raw, waba_id, phone_number_id, contacts, None, False)
