"""Webhook bodies for tests, made from the value of a change."""

from __future__ import annotations

from typing import Any

import orjson

WABA, NUMBER = "102290129340398", "106540352242922"
METADATA = {"display_phone_number": "15550783881", "phone_number_id": NUMBER}


def envelope(value: Any, field: str = "messages", **entry: Any) -> bytes:
    """One entry with one change."""
    change = {"field": field, "value": value}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": [change], **entry}]})


def value(**members: Any) -> dict[str, Any]:
    """A value in the frame of the `messages` field."""
    return {"messaging_product": "whatsapp", "metadata": METADATA, **members}


def message(kind: str = "text", **members: Any) -> dict[str, Any]:
    """An incoming message; a text unless told otherwise."""
    content: dict[str, Any] = {"text": {"body": "oi"}} if kind == "text" else {}
    frame = {"from": "16505551234", "id": "wamid.1", "timestamp": "1749416383", "type": kind}
    return {**frame, **content, **members}
