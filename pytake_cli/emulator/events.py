"""Webhooks that are not messages: the account's, the number's, people's preferences and the rest of §3.6–§3.10."""

from __future__ import annotations

from typing import Any

from pytake_cli.emulator.wire import Change, dumps


def account_change(entry_id: str, field: str, value: dict[str, Any], at: float, subject: str = "") -> Change:
    """One update of an account, template or number field, with the entry's time."""
    return Change(entry_id, field, dumps(value)[1:-1], subject=subject or field, entry_time=int(at))
