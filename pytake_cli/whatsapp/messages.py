"""What goes out: a builder for every type of message, check() for Meta's limits, request() for the body of the call."""

from __future__ import annotations

from typing import Any

from pytake_cli.whatsapp.interactive import (
    Header,
    address,
    buttons,
    call_permission,
    catalog,
    cta_url,
    flow,
    list_menu,
    location_request,
    media_carousel,
    product,
    product_carousel,
    product_list,
    request_contact_info,
    voice_call,
)
from pytake_cli.whatsapp.interactive_checks import LIST_BODY, check_interactive
from pytake_cli.whatsapp.limits import fail, mapping, one_of, words
from pytake_cli.whatsapp.outgoing import Address, Outgoing, without_none
from pytake_cli.whatsapp.plain import (
    MEDIA_MEMBERS,
    WAMID,
    audio,
    check_contacts,
    check_location,
    check_media,
    check_pin,
    check_reaction,
    check_text,
    contacts,
    document,
    image,
    location,
    media,
    pin,
    reaction,
    sticker,
    text,
    video,
)
from pytake_cli.whatsapp.summaries import summary
from pytake_cli.whatsapp.template_messages import check_template_message, template

__all__ = [
    "Address",
    "Header",
    "Outgoing",
    "address",
    "audio",
    "buttons",
    "call_permission",
    "catalog",
    "check",
    "contacts",
    "cta_url",
    "document",
    "flow",
    "image",
    "list_menu",
    "location",
    "location_request",
    "marketing_request",
    "media",
    "media_carousel",
    "pin",
    "product",
    "product_carousel",
    "product_list",
    "reaction",
    "read_receipt",
    "request",
    "request_contact_info",
    "sticker",
    "summary",
    "template",
    "text",
    "video",
    "voice_call",
]

OPAQUE = 512  # characters of biz_opaque_callback_data
KINDS = ("text", *MEDIA_MEMBERS, "location", "contacts", "reaction", "interactive", "template", "pin")
_BESIDE = ("type", "category", "message_send_ttl_seconds", "recipient_identity_key_hash")


def check(body: dict[str, Any], *, list_body: int = LIST_BODY) -> None:
    """Raises PT-WA-LIMIT with the limit, the place and what was given if Meta would refuse the message."""
    kind = one_of("type", mapping("message", body).get("type"), KINDS)
    strange = sorted(set(body) - {kind, *_BESIDE})
    if strange:
        fail("message", f"only the members type and {kind}", ", ".join(strange)[:200])
    if kind == "contacts":
        check_contacts(body.get(kind))
        return
    raw = mapping(kind, body.get(kind))
    if kind == "text":
        check_text(raw)
    elif kind in MEDIA_MEMBERS:
        check_media(kind, raw)
    elif kind == "location":
        check_location(raw)
    elif kind == "reaction":
        check_reaction(raw)
    elif kind == "pin":
        check_pin(raw)
    elif kind == "template":
        check_template_message(raw)
    else:
        check_interactive(raw, list_body=list_body)


def request(
    body: dict[str, Any], to: Address, *, reply_to: str | None = None, opaque: str | None = None
) -> dict[str, Any]:
    """The body of `POST /{phone_number_id}/messages`; `opaque` comes back in every status of the message."""
    asked = {"messaging_product": "whatsapp", **to.fields(), **body}
    if reply_to is not None:
        if body.get("type") == "reaction":
            fail("context", "no quoting in a reaction", reply_to)
        asked["context"] = {"message_id": reply_to}
    if opaque is not None:
        if len(opaque) > OPAQUE:
            fail("biz_opaque_callback_data", f"at most {OPAQUE} characters", f"{len(opaque)} characters")
        asked["biz_opaque_callback_data"] = opaque
    return asked


def marketing_request(
    body: dict[str, Any],
    to: Address,
    *,
    opaque: str | None = None,
    product_policy: str | None = None,
    activity_sharing: bool | None = None,
) -> dict[str, Any]:
    """The body of `POST /{phone_number_id}/marketing_messages`: a template and what only that endpoint takes."""
    one_of("type", body.get("type"), ("template",))
    if product_policy is not None:
        one_of("product_policy", product_policy, ("CLOUD_API_FALLBACK", "STRICT"))
    extra = without_none({"product_policy": product_policy, "message_activity_sharing": activity_sharing})
    return {**request(body, to, opaque=opaque), **extra}


def read_receipt(wamid: str, typing: bool = False) -> dict[str, Any]:
    """Marks the message and all before it as read; `typing` also shows typing for 25 s or until a message goes out."""
    words("message_id", wamid, WAMID)
    receipt: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
    if typing:
        receipt["typing_indicator"] = {"type": "text"}
    return receipt
