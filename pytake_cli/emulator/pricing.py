"""The `pricing` and `conversation` members of a status, by date and by webhook version."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytake_cli.emulator.config import Config
    from pytake_cli.emulator.sent import Sent

PER_MESSAGE_SINCE = datetime(2025, 7, 1, tzinfo=UTC).timestamp()  # before: per conversation (CBP)
SERVICE_CHARGED_SINCE = datetime(2026, 10, 1, tzinfo=UTC).timestamp()  # before: replies and in-window utility were free
DAY = 86_400


def settle(message: Sent, config: Config) -> None:
    """Decides once, when a message is accepted, whether it is charged."""
    message.free = False
    if message.entry_point or message.category not in ("service", "utility") or not message.in_window:
        return
    if message.at < SERVICE_CHARGED_SINCE:
        message.free = True
        return
    if message.category == "service":
        number = message.number
        month = datetime.fromtimestamp(message.at, UTC).strftime("%Y-%m")
        if number.service_month != month:
            number.service_month, number.service_count = month, 0
        number.service_count += 1
        message.free = number.service_count <= config.service_allowance


def members(message: Sent, status: str, version: str, at: float) -> str:
    """`,"conversation":{…},"pricing":{…}` as JSON text for a sent, delivered or read status."""
    category = message.category
    kind = "free_customer_service" if message.free else "regular"
    if message.entry_point:
        kind = "free_entry_point"
    model = "PMP" if message.at >= PER_MESSAGE_SINCE else "CBP"
    billable = "true" if kind == "regular" else "false"
    pricing = f',"pricing":{{"billable":{billable},"pricing_model":"{model}","category":"{category}","type":"{kind}"}}'
    if not message.entry_point and version_number(version) >= 24:
        return pricing
    origin = "referral_conversion" if message.entry_point else category
    expires = f',"expiration_timestamp":"{int(at) + DAY}"' if status == "sent" else ""
    return f',"conversation":{{"id":"{_conversation(message)}"{expires},"origin":{{"type":"{origin}"}}}}' + pricing


def version_number(version: str) -> int:
    """24 for `v24.0`."""
    digits = version.lstrip("v").split(".")[0]
    return int(digits) if digits.isdigit() else 0


def _conversation(message: Sent) -> str:
    return hashlib.md5(message.wamid.encode(), usedforsecurity=False).hexdigest()
