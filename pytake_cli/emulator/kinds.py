"""The content of incoming messages by kind: one small function each, registered in one literal table."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytake_cli.emulator import choices
from pytake_cli.emulator.samples import SAMPLES
from pytake_cli.emulator.wire import dumps
from pytake_cli.errors import InvalidData

if TYPE_CHECKING:
    from pytake_cli.emulator.customers import Customer
    from pytake_cli.emulator.numbers import Number
    from pytake_cli.emulator.world import World

Obj = dict[str, Any]
UNSUPPORTED = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}


@dataclass(slots=True)
class Words:
    """What a customer says, and the circumstances: `given` has the members of the `say` request."""

    world: World
    number: Number
    customer: Customer
    given: Obj
    now: float

    @property
    def text(self) -> str:
        return str(self.given.get("text") or "")

    def need(self, name: str) -> Any:
        if self.given.get(name) in (None, ""):
            raise InvalidData(
                "PT-EMULATOR-VALUE",
                "a message of this kind needs {name}",
                fix="pytake emulator say CONTACT --kind KIND --with {name}=VALUE",
                name=name,
            )
        return self.given[name]


def _text(words: Words) -> Obj:
    return {"type": "text", "text": {"body": words.text}}


def _media(kind: str) -> Callable[[Words], Obj]:
    def make(words: Words) -> Obj:
        given = words.given.get("media") or {}
        sample_type, sample = SAMPLES[kind]
        data = base64.b64decode(given["data"]) if given.get("data") else sample
        mime_type = str(given.get("mime_type") or sample_type)
        medium = words.world.media.receive(words.number, data, mime_type, str(given.get("filename") or ""))
        content = words.world.media.wire(medium, words.world.base_url)
        if kind in ("image", "video", "document") and words.text:
            content["caption"] = words.text
        if kind == "document":
            content["filename"] = str(given.get("filename") or "arquivo.pdf")
        if kind == "sticker":
            content["animated"] = bool(given.get("animated", False))
        if kind in ("audio", "voice"):
            content["voice"] = kind == "voice" or bool(given.get("voice", not given.get("data")))
            return {"type": "audio", "audio": content}
        return {"type": kind, kind: content}

    return make


def _media_error(words: Words) -> Obj:
    """A file too big for the API: no media, only an error."""
    details = "Failed to download the media from the sender. It is larger than 100 MB."
    error = {
        "code": 131052,
        "title": "Media download error",
        "message": "Media download error",
        "error_data": {"details": details},
    }
    return {"type": str(words.given.get("of") or "unsupported"), "errors": [error]}


def _location(words: Words) -> Obj:
    given = words.given.get("location") or {}
    location: Obj = {
        "latitude": float(given.get("latitude", -23.5614)),
        "longitude": float(given.get("longitude", -46.6559)),
    }
    for name in ("name", "address", "url"):
        if given.get(name):
            location[name] = given[name]
    return {"type": "location", "location": location}


def _contacts(words: Words) -> Obj:
    card: Obj = {
        "name": {
            "formatted_name": words.text or "Barbara J. Johnson",
            "first_name": (words.text or "Barbara").split()[0],
        },
        "phones": [{"phone": "+1 (650) 555-9999", "wa_id": "16505559999", "type": "HOME"}],
    }
    content: Obj = {"type": "contacts", "contacts": words.given.get("contacts") or [card]}
    if words.given.get("origin"):
        content["origin"] = words.given["origin"]
    return content


def _shared_number(words: Words) -> Obj:
    """The answer to `request_contact_info`."""
    vcard = f"BEGIN:VCARD\nVERSION:3.0\nTEL:{words.customer.wa_id}\nEND:VCARD"
    return {
        "type": "contacts",
        "contacts": [{"vcard": vcard, "phones": [{"phone": words.customer.wa_id}]}],
        "origin": "contact_request",
    }


def _reaction(words: Words) -> Obj:
    last = words.world.sent.find("last")
    target = words.given.get("reply_to") or (last.wamid if last else "")
    content: Obj = {"message_id": target or words.need("reply_to")}
    if words.text:
        content["emoji"] = words.text
    elif words.given.get("empty_emoji"):
        content["emoji"] = ""
    return {"type": "reaction", "reaction": content}


def _tap(words: Words) -> Obj:
    """A tap on a button or list row of the last message that had some; `choice` is its position, id or title."""
    pair = words.customer.pair(words.number.id)
    wanted = str(words.need("choice"))
    last = words.world.sent.get(str(words.given["reply_to"])) if words.given.get("reply_to") else pair.last_sent
    found = choices.pick(last.choices, wanted) if last else None
    if found is None or last is None:
        offered = (
            ", ".join(f"{index}. {choice['title']}" for index, choice in enumerate(last.choices if last else [], 1))
            or "nothing"
        )
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "there is no {wanted} to tap on; this contact was offered {offered}",
            fix='pytake message send --to CONTACT -m "…" --buttons A,B',
            wanted=wanted,
            offered=offered,
        )
    context = {"from": words.number.digits, "id": last.wamid}
    if found["kind"] == "template":
        return {"type": "button", "context": context, "button": {"payload": found["id"], "text": found["title"]}}
    reply = {"id": found["id"], "title": found["title"]}
    name = "list_reply" if found["kind"] == "list" else "button_reply"
    if found["description"]:
        reply["description"] = found["description"]
    return {"type": "interactive", "context": context, "interactive": {"type": name, name: reply}}


def _button_reply(words: Words) -> Obj:
    reply = {"id": str(words.given.get("id") or words.text), "title": words.text}
    return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}


def _list_reply(words: Words) -> Obj:
    reply = {"id": str(words.given.get("id") or words.text), "title": words.text}
    if words.given.get("description"):
        reply["description"] = str(words.given["description"])
    return {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": reply}}


def _template_button(words: Words) -> Obj:
    return {"type": "button", "button": {"payload": str(words.given.get("id") or words.text), "text": words.text}}


def _flow_reply(words: Words) -> Obj:
    response = words.given.get("response") or {"flow_token": "unused", "name": words.customer.name}
    reply = {
        "name": str(words.given.get("flow_name") or "flow"),
        "body": words.text or "Sent",
        "response_json": dumps(response),
    }
    return {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}


def _call_permission(words: Words) -> Obj:
    reply: Obj = {"response": words.text or "accept", "response_source": "user_action"}
    if reply["response"] == "accept":
        reply["expiration_timestamp"] = int(words.now) + 7 * 86_400
    return {"type": "interactive", "interactive": {"type": "call_permission_reply", "call_permission_reply": reply}}


def _hollow(words: Words) -> Obj:
    """An interactive answer whose inner object is missing, as seen in the wild."""
    return {"type": "interactive", "interactive": {"type": "button_reply"}}


def _order(words: Words) -> Obj:
    items = words.given.get("items") or [
        {"product_retailer_id": "abc123", "quantity": 2, "item_price": 19.9, "currency": "BRL"}
    ]
    catalog = str(words.given.get("catalog_id") or "194836987003835")
    return {"type": "order", "order": {"catalog_id": catalog, "text": words.text, "product_items": items}}


def _system(words: Words) -> Obj:
    """Number change, BSUID change or new device; the customer really changes."""
    style = str(words.given.get("change") or "user_changed_number")
    world, customer = words.world, words.customer
    if style == "customer_identity_changed":
        customer.identity_hash = world.ids.token(8)
        identity = {"acknowledged": False, "created_timestamp": int(words.now), "hash": customer.identity_hash}
        body = f"User {customer.name} changed device"
        return {
            "type": "system",
            "identity": identity,
            "system": {"body": body, "type": style, "identity": customer.identity_hash},
        }
    new_wa_id = str(words.given.get("new_wa_id") or customer.wa_id).lstrip("+")
    old_wa_id, old_user_id = world.customers.move(customer, new_wa_id, words.given.get("new_user_id"))
    system: Obj = {"type": style}
    if style == "user_changed_number":
        system |= {"body": f"User {customer.name} changed from {old_wa_id} to {new_wa_id}", "wa_id": new_wa_id}
    else:
        system["body"] = f"User {customer.name} changed from {old_user_id} to {customer.user_id}"
    if world.customers.mode(customer) != "phone":
        system["user_id"] = customer.user_id
        if words.given.get("previous", True):
            system["previous_user_id"] = old_user_id
    message: Obj = {"type": "system", "system": system}
    return message | ({"from": old_wa_id} if style == "user_changed_number" else {"from": None})


def _request_welcome(words: Words) -> Obj:
    return {"type": "request_welcome"}


def _edit(words: Words) -> Obj:
    inner = {"type": "text", "text": {"body": words.text}, "context": {"id": words.need("reply_to")}}
    return {"type": "edit", "edit": {"original_message_id": words.given["reply_to"], "message": inner}}


def _revoke(words: Words) -> Obj:
    return {"type": "revoke", "revoke": {"original_message_id": words.need("reply_to")}}


def _unsupported(words: Words) -> Obj:
    return {"type": "unsupported", "errors": [UNSUPPORTED], "unsupported": {"type": words.text or "poll"}}


def _unknown(words: Words) -> Obj:
    return {"type": "unknown", "errors": [UNSUPPORTED | {"code": 501}]}


def _ephemeral(words: Words) -> Obj:
    return {"type": "ephemeral"}


def _unavailable(words: Words) -> Obj:
    error = {
        "code": 131060,
        "title": "This message is currently unavailable.",
        "message": "This message is currently unavailable.",
    }
    return {"type": "unsupported", "errors": [error]}


def _novel(words: Words) -> Obj:
    """A type that nobody has heard of yet."""
    kind = words.text or "hologram"
    return {"type": kind, kind: {"depth": 3, "link": "https://example.com/x"}}


def _raw(words: Words) -> Obj:
    """Members given as they are; they replace those of the frame."""
    raw = words.need("raw")
    if not isinstance(raw, dict):
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "raw must be a JSON object, the message as Meta would send it",
            fix="pytake emulator say -h",
        )
    return raw


KINDS: dict[str, Callable[[Words], Obj]] = {
    "text": _text,
    "image": _media("image"),
    "video": _media("video"),
    "audio": _media("audio"),
    "voice": _media("voice"),
    "document": _media("document"),
    "sticker": _media("sticker"),
    "media_error": _media_error,
    "location": _location,
    "contacts": _contacts,
    "shared_number": _shared_number,
    "reaction": _reaction,
    "tap": _tap,
    "button_reply": _button_reply,
    "list_reply": _list_reply,
    "template_button": _template_button,
    "flow_reply": _flow_reply,
    "call_permission": _call_permission,
    "hollow_interactive": _hollow,
    "order": _order,
    "system": _system,
    "request_welcome": _request_welcome,
    "edit": _edit,
    "revoke": _revoke,
    "unsupported": _unsupported,
    "unknown": _unknown,
    "ephemeral": _ephemeral,
    "unavailable": _unavailable,
    "novel": _novel,
    "raw": _raw,
}
