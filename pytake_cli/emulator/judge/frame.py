"""Judges the common frame of `POST /{number}/messages` and hands the content to the judge of its type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pytake_cli.emulator.errors import GraphError, invalid
from pytake_cli.emulator.judge import plain
from pytake_cli.emulator.judge.interactive import judge_interactive
from pytake_cli.emulator.judge.parts import obj, one_of, required, text
from pytake_cli.emulator.judge.template import judge_template

JUDGES: dict[str, Callable[[Any], None]] = {
    "text": plain.judge_text,
    "image": partial(plain.judge_media, "image"),
    "audio": partial(plain.judge_media, "audio"),
    "video": partial(plain.judge_media, "video"),
    "document": partial(plain.judge_media, "document"),
    "sticker": partial(plain.judge_media, "sticker"),
    "location": plain.judge_location,
    "contacts": plain.judge_contacts,
    "reaction": plain.judge_reaction,
    "interactive": judge_interactive,
    "template": judge_template,
    "pin": plain.judge_pin,
}
_TYPES = frozenset(JUDGES)
_COMMON = frozenset(
    {
        "messaging_product",
        "recipient_type",
        "to",
        "recipient",
        "type",
        "context",
        "biz_opaque_callback_data",
        "recipient_identity_key_hash",
        "category",
    }
)
_MARKETING = frozenset({"product_policy", "message_activity_sharing"})
_READ = frozenset({"messaging_product", "status", "message_id", "typing_indicator", "recipient_type"})
OPAQUE = 512  # characters


@dataclass(slots=True)
class Request:
    """What a well-formed body asks for."""

    kind: str  # a message type, or `read`
    content: dict[str, Any]
    to: str
    recipient: str
    group: bool
    context: str
    opaque: str
    category: str
    identity_hash: str
    message_id: str = ""
    typing: bool = False


def judge(body: Any, *, marketing: bool = False) -> Request:
    """The request, or Meta's error for the first thing wrong with it."""
    if not isinstance(body, dict):
        raise GraphError(100, "The request body must be a JSON object.", message="(#100) Invalid parameter")
    product = body.get("messaging_product")
    if product != "whatsapp":
        if product is None:
            text_ = "The parameter messaging_product is required."
            raise GraphError(100, text_, message=f"(#100) {text_}")
        raise invalid("messaging_product", 'must be one of {WHATSAPP} - got "' + str(product) + '".')
    if "status" in body:
        return _judge_read(body)
    kind = body.get("type", "text")
    one_of(kind, "type", _TYPES)
    obj(body, "body", _COMMON | {kind} | (_MARKETING if marketing else frozenset()))
    group = one_of(body.get("recipient_type", "individual"), "recipient_type", ("individual", "group")) == "group"
    to, recipient = _address(body)
    content = required(body, kind, "")
    JUDGES[kind](content)
    if kind == "pin" and not group:
        raise GraphError(131009, "Messages can be pinned in groups only.")
    opaque = body.get("biz_opaque_callback_data") or ""
    if not isinstance(opaque, str) or len(opaque) > OPAQUE:
        raise invalid("biz_opaque_callback_data", f"must be at most {OPAQUE} characters long.")
    identity = body.get("recipient_identity_key_hash") or ""
    category = body.get("category") or ""
    if category:
        one_of(category, "category", ("utility", "authentication", "marketing"))
    context = _context(body, kind) if "context" in body else ""
    return Request(kind, content, to, recipient, group, context, opaque, category, str(identity))


def _address(body: dict[str, Any]) -> tuple[str, str]:
    to, recipient = body.get("to"), body.get("recipient")
    if to in (None, "") and recipient in (None, ""):
        text_ = "The parameter to is required."
        raise GraphError(100, text_, message=f"(#100) {text_}")
    if isinstance(to, int) and not isinstance(to, bool):
        to = str(to)
    for name, value in (("to", to), ("recipient", recipient)):
        if value is not None and not isinstance(value, str):
            raise invalid(name, "must be a string.")
    return str(to or ""), str(recipient or "")


def _context(body: dict[str, Any], kind: str) -> str:
    context = obj(body["context"], "context", frozenset({"message_id"}))
    if kind == "reaction":
        raise invalid("context", "is not supported for reaction messages.")
    return text(context, "message_id", "context", 512)


def _judge_read(body: dict[str, Any]) -> Request:
    obj(body, "body", _READ)
    one_of(body["status"], "status", ("read",))
    message_id = text(body, "message_id", "", 512)
    typing = body.get("typing_indicator")
    if typing is not None:
        one_of(obj(typing, "typing_indicator", frozenset({"type"})).get("type"), "typing_indicator['type']", ("text",))
    return Request("read", {}, "", "", False, "", "", "", "", message_id, typing is not None)
