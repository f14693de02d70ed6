"""Realistic webhooks of every sort, for `pytake trigger`: what Meta would post, built from one literal table."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytake_cli.errors import InvalidData, NotFound


@dataclass(frozen=True, slots=True)
class Scene:
    """Who says what to whom; `phone` and ids without `+`. `about` is the wamid that statuses and reactions name."""

    waba_id: str
    phone_number_id: str
    display: str
    phone: str
    name: str
    wamid: str
    about: str
    timestamp: int  # seconds since 1970
    code: int | None = None  # the error of status.failed:CODE
    opaque: str = ""  # biz_opaque_callback_data of the message that a status is about


@dataclass(frozen=True, slots=True)
class Kind:
    """A webhook field, what its event means, and how its value is made."""

    field: str
    meaning: str
    build: Callable[[Scene], dict[str, Any]]


def wamid(seed: str) -> str:
    """An id like Meta's, from anything unique."""
    digest = hashlib.sha256(seed.encode()).digest()[:24]
    return "wamid." + base64.b64encode(b"\x1c\x1b\x0d5511900000000\x15\x02\x00\x11" + digest).decode()


def _frame(scene: Scene, **members: Any) -> dict[str, Any]:
    display = scene.display.removeprefix("+")
    metadata = {"display_phone_number": display, "phone_number_id": scene.phone_number_id}
    return {"messaging_product": "whatsapp", "metadata": metadata, **members}


def _message(kind: str, content: Callable[[Scene], Any], **beside: Any) -> Callable[[Scene], dict[str, Any]]:
    def build(scene: Scene) -> dict[str, Any]:
        message = {
            "from": scene.phone,
            "id": scene.wamid,
            "timestamp": str(scene.timestamp),
            "type": kind,
            kind: content(scene),
            **beside,
        }
        if kind == "button":
            message["context"] = {"from": scene.display.removeprefix("+"), "id": scene.about}
        person = {"profile": {"name": scene.name}, "wa_id": scene.phone}
        return _frame(scene, contacts=[person], messages=[message])

    return build


def _without_phone(scene: Scene) -> dict[str, Any]:
    user_id = "BR." + hashlib.sha256(scene.phone.encode()).hexdigest()[:20]
    person = {"profile": {"name": scene.name, "username": "@karina.silva"}, "user_id": user_id}
    message = {
        "from_user_id": user_id,
        "id": scene.wamid,
        "timestamp": str(scene.timestamp),
        "type": "text",
        "text": {"body": "oi"},
    }
    return _frame(scene, contacts=[person], messages=[message])


def _file(kind: str, mime_type: str, **more: Any) -> Callable[[Scene], dict[str, Any]]:
    def content(scene: Scene) -> dict[str, Any]:
        digest = base64.b64encode(hashlib.sha256(scene.wamid.encode()).digest()).decode()
        return {"mime_type": mime_type, "sha256": digest, "id": str(int(scene.wamid.encode()[-8:].hex(), 16)), **more}

    return _message(kind, content)


def _reply(kind: str, **reply: Any) -> Callable[[Scene], dict[str, Any]]:
    return _message("interactive", lambda _: {"type": kind, kind: reply})


def _status(status: str) -> Callable[[Scene], dict[str, Any]]:
    def build(scene: Scene) -> dict[str, Any]:
        told: dict[str, Any] = {
            "id": scene.about,
            "status": status,
            "timestamp": str(scene.timestamp),
            "recipient_id": scene.phone,
        }
        if scene.opaque:
            told["biz_opaque_callback_data"] = scene.opaque
        if status in ("sent", "delivered"):
            told["pricing"] = {
                "billable": False,
                "pricing_model": "PMP",
                "type": "free_customer_service",
                "category": "service",
            }
        if status == "failed":
            told["errors"] = [_error(scene.code or 131026)]
        return _frame(scene, statuses=[told])

    return build


def _error(code: int) -> dict[str, Any]:
    from pytake_cli.whatsapp.errors import rule

    meaning = rule(code, None).meaning
    return {"code": code, "title": meaning, "message": meaning, "error_data": {"details": meaning}}


def _template(event: str, **more: Any) -> Callable[[Scene], dict[str, Any]]:
    return lambda _: {
        "event": event,
        "message_template_id": 1689556908129835,
        "message_template_name": "retomar_atendimento",
        "message_template_language": "pt_BR",
        "reason": "NONE",
        **more,
    }


def _changed_number(scene: Scene) -> dict[str, Any]:
    new = scene.phone[:-4] + "0001"
    words = f"User changed from {scene.phone} to {new}"
    return {"body": words, "type": "user_changed_number", "wa_id": new}


def _preference(scene: Scene) -> dict[str, Any]:
    preference = {
        "wa_id": scene.phone,
        "detail": "User requested to stop marketing messages",
        "category": "marketing_messages",
        "value": "stop",
        "timestamp": scene.timestamp,
    }
    person = {"profile": {"name": scene.name}, "wa_id": scene.phone}
    return _frame(scene, contacts=[person], user_preferences=[preference])


def _echo(scene: Scene) -> dict[str, Any]:
    echo = {
        "from": scene.display.removeprefix("+"),
        "to": scene.phone,
        "id": scene.wamid,
        "timestamp": str(scene.timestamp),
        "type": "text",
        "text": {"body": "respondi pelo celular da loja"},
    }
    return _frame(scene, message_echoes=[echo])


_UNSUPPORTED = [{"code": 131051, "title": "Message type unknown", "error_data": {"details": "not supported"}}]
_CARD = {"name": {"formatted_name": "Ana Lima", "first_name": "Ana"}, "phones": [{"phone": "+55 11 96818-4101"}]}
_ORDER = {
    "catalog_id": "800000000000001",
    "text": "",
    "product_items": [{"product_retailer_id": "camiseta-p", "quantity": 2, "item_price": 49.9, "currency": "BRL"}],
}
_AD = {
    "source_url": "https://fb.me/x",
    "source_id": "120200000000000001",
    "source_type": "ad",
    "headline": "Frete grátis",
    "body": "Fale com a loja",
    "media_type": "image",
    "ctwa_clid": "AfeBLyp0",
}
MESSAGES = "messages"

# event -> what `pytake trigger EVENT` posts; a test parses every one of them
EVENTS: dict[str, Kind] = {
    "message.text": Kind(MESSAGES, "a text", _message("text", lambda _: {"body": "oi"})),
    "message.image": Kind(MESSAGES, "a picture with a caption", _file("image", "image/jpeg", caption="chegou assim")),
    "message.video": Kind(MESSAGES, "a video", _file("video", "video/mp4")),
    "message.audio": Kind(MESSAGES, "a voice message", _file("audio", "audio/ogg; codecs=opus", voice=True)),
    "message.document": Kind(MESSAGES, "a PDF", _file("document", "application/pdf", filename="boleto.pdf")),
    "message.sticker": Kind(MESSAGES, "a sticker", _file("sticker", "image/webp", animated=False)),
    "message.location": Kind(
        MESSAGES, "a place", _message("location", lambda _: {"latitude": -23.5505, "longitude": -46.6333})
    ),
    "message.contacts": Kind(MESSAGES, "a contact card", _message("contacts", lambda _: [_CARD])),
    "message.reaction": Kind(
        MESSAGES, "an emoji on a message", _message("reaction", lambda s: {"message_id": s.about, "emoji": "👍"})
    ),
    "message.button": Kind(
        MESSAGES, "a template's button", _message("button", lambda _: {"payload": "2a-via", "text": "2ª via"})
    ),
    "message.button_reply": Kind(MESSAGES, "a reply button", _reply("button_reply", id="sim", title="Sim")),
    "message.list_reply": Kind(MESSAGES, "a row of a list", _reply("list_reply", id="p", title="Camiseta P")),
    "message.flow_reply": Kind(
        MESSAGES, "a filled form", _reply("nfm_reply", name="flow", body="Sent", response_json='{"cidade":"Osasco"}')
    ),
    "message.order": Kind(MESSAGES, "an order from the catalogue", _message("order", lambda _: _ORDER)),
    "message.referral": Kind(
        MESSAGES,
        "a text that came from an advertisement",
        _message("text", lambda _: {"body": "vi o anúncio"}, referral=_AD),
    ),
    "message.unsupported": Kind(
        MESSAGES, "what the API cannot show", _message("unsupported", lambda _: {"type": "poll"}, errors=_UNSUPPORTED)
    ),
    "message.changed_number": Kind(MESSAGES, "a person's new number", _message("system", _changed_number)),
    "message.without_phone": Kind(MESSAGES, "somebody known by user id only", _without_phone),
    "message.echo": Kind("smb_message_echoes", "what a person sent from the WhatsApp Business app", _echo),
    "status.sent": Kind(MESSAGES, "our newest message left Meta", _status("sent")),
    "status.delivered": Kind(MESSAGES, "our newest message arrived", _status("delivered")),
    "status.read": Kind(MESSAGES, "our newest message was read", _status("read")),
    "status.failed": Kind(
        MESSAGES, "our newest message failed; status.failed:131047 names the error", _status("failed")
    ),
    "preference.stop": Kind("user_preferences", "a person stops marketing", _preference),
    "template.approved": Kind("message_template_status_update", "a template is approved", _template("APPROVED")),
    "template.rejected": Kind(
        "message_template_status_update", "a template is rejected", _template("REJECTED", reason="INVALID_FORMAT")
    ),
    "template.paused": Kind(
        "message_template_status_update",
        "a template is paused",
        _template("PAUSED", other_info={"title": "FIRST_PAUSE"}),
    ),
    "number.quality": Kind(
        "phone_number_quality_update",
        "the number's limit falls",
        lambda s: {"display_phone_number": s.display.removeprefix("+"), "event": "FLAGGED", "current_limit": "TIER_1K"},
    ),
    "account.restricted": Kind(
        "account_update",
        "the account may not start conversations",
        lambda s: {
            "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [
                {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": s.timestamp + 86400}
            ],
        },
    ),
    "account.banned": Kind(
        "account_update",
        "the account is disabled",
        lambda _: {
            "event": "DISABLED_UPDATE",
            "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "April 17, 2026"},
        },
    ),
}


def find(event: str) -> tuple[Kind, int | None]:
    """The kind of an event, and the error code of `status.failed:131047`."""
    name, _, code = event.partition(":")
    kind = EVENTS.get(name)
    if kind is None or (code and name != "status.failed"):
        import difflib

        near = difflib.get_close_matches(name, EVENTS, 1, 0.4)
        raise NotFound(
            "PT-TRIGGER-EVENT",
            "there is no event {event}",
            why="did you mean {near}?" if near else "",
            fix="pytake trigger --list",
            event=event,
            near=near[0] if near else "",
        )
    if code and not (code.isascii() and code.isdigit() and len(code) < 10):
        raise InvalidData("PT-TRIGGER-CODE", "{code} is not one of Meta's error codes", fix="pytake errors", code=code)
    return kind, int(code) if code else None


def envelope(kind: Kind, scene: Scene, changes: list[tuple[str, Any]]) -> dict[str, Any]:
    """The whole body; `changes` are (path inside `value`, new value), such as ("messages.0.text.body", "olá")."""
    value = kind.build(scene)
    for path, new in changes:
        put(value, path, new)
    entry = {"id": scene.waba_id, "changes": [{"value": value, "field": kind.field}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def put(value: Any, path: str, new: Any) -> None:
    """Sets what `path` leads to; steps that do not exist are made, numbers are places in lists."""
    *way, last = path.split(".")
    for step in way:
        value = _step(value, step, path)
    if isinstance(value, list) and last.isdigit() and int(last) <= len(value):
        value[int(last) : int(last) + 1] = [new]
    elif isinstance(value, dict):
        value[last] = new
    else:
        _refuse(path)


def _step(value: Any, step: str, path: str) -> Any:
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    if isinstance(value, dict):
        return value.setdefault(step, {})
    return _refuse(path)


def _refuse(path: str) -> None:
    raise InvalidData(
        "PT-TRIGGER-PATH",
        "{path} leads nowhere in this webhook",
        fix="pytake trigger EVENT --dry-run --json",
        path=path,
    )
