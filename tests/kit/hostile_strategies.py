"""Hostile webhook bodies as a hypothesis strategy: JSON of any form in a webhook's envelope, and mere bytes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies

from pytake_cli.emulator import defaults
from tests.kit import bodies
from tests.kit.hostile import FIELDS, KINDS


def hostile_bodies() -> strategies.SearchStrategy[bytes]:
    """For hypothesis: JSON of any form in the envelope of a webhook, and bytes that are no JSON."""
    leaves = strategies.one_of(
        strategies.none(), strategies.booleans(), strategies.integers(), strategies.floats(), strategies.text(),
        strategies.sampled_from(KINDS), strategies.sampled_from(["wamid.a", "wamid.b", defaults.PHONE_NUMBER_ID]),
    )  # fmt: skip
    names = strategies.one_of(
        strategies.sampled_from(
            ["id", "from", "type", "text", "body", "timestamp", "status", "errors", "code", "context", "from_user_id",
             "wa_id", "profile", "name", "system", "edit", "message", "image", "recipient_id", "pricing", "group_id"]
        ),
        strategies.text(max_size=5),
    )  # fmt: skip
    values = strategies.recursive(
        leaves,
        lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(names, inner, max_size=5),
        max_leaves=15,
    )
    objects = strategies.dictionaries(names, values, max_size=6)

    def frame(field_: str, member: str, items: list[Any], contacts: list[Any]) -> bytes:
        value = bodies.value() | {member: items, "contacts": contacts}
        payload = {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [{"field": field_, "value": value}]}],
        }
        return json.dumps(payload).encode()

    framed = strategies.builds(
        frame,
        strategies.sampled_from(FIELDS),
        strategies.sampled_from(["messages", "statuses", "message_echoes", "history", "user_preferences", "errors"]),
        strategies.lists(objects | values, max_size=3),
        strategies.lists(objects | values, max_size=2),
    )
    return framed | values.map(lambda value: json.dumps(value).encode()) | strategies.binary(max_size=100)
