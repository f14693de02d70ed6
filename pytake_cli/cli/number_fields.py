"""How a number is shown: its fields and the row they come from."""

from __future__ import annotations

from typing import Any

from pytake_cli import secrets
from pytake_cli.store.numbers import Number

FIELDS = {
    "id": "Its id here.",
    "display": "What people dial.",
    "name": "Verified name.",
    "status": "CONNECTED, or why not; REMOVED: let go here.",
    "quality": "GREEN, YELLOW, RED or UNKNOWN.",
    "tier": "How many people a day it may write to first.",
    "rate_per_second": "Messages a second that Meta allows.",
    "stopped_at": "Since when sending is stopped.",
    "stopped_until": "Until when; empty: until somebody helps.",
    "stopped_reason": "Why.",
    "stopped_code": "Meta's error code.",
    "last_inbound_at": "When a customer last wrote to it.",
    "phone_number_id": "Meta's id of the number.",
    "waba_id": "Meta's id of the account.",
    "portfolio_id": "Whose user ids it sees.",
    "app_id": "App that may speak for it; empty: any.",
    "token": "Where its access token is kept.",
    "created_at": "When it was connected.",
}
SHOWN = ("id", "display", "name", "status", "quality", "tier", "stopped_reason", "last_inbound_at")


def record(number: Number) -> dict[str, Any]:
    """A number's row, with where its token is."""
    return {**number.model_dump(), "token": secrets.where("access_token", number.phone_number_id)}
