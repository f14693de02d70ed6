"""Meta's customer service window: when free-form messages may be sent."""

from __future__ import annotations

from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)
MARGIN = timedelta(seconds=60)  # a message that leaves at 23:59:59 arrives too late
STALE = timedelta(days=7, hours=1)  # Meta retries webhooks for 7 days: older events are stored but trigger nothing

# What a contact does that Meta does not count as writing to the business.
NOT_WRITING = frozenset({"reaction", "system", "edit", "revoke", "unsupported"})


def closes_at(last_inbound_at: datetime | None) -> datetime | None:
    """When the window closes or has closed; None if it was never open."""
    return last_inbound_at + WINDOW if last_inbound_at else None


def window_is_open(last_inbound_at: datetime | None, now: datetime) -> bool:
    """True while free-form messages may be sent: 24 h after the contact's last message, less a margin of a minute."""
    return last_inbound_at is not None and now < last_inbound_at + WINDOW - MARGIN


def opens_window(kind: str) -> bool:
    """Whether an incoming message of this kind opens the window (reactions: unconfirmed by Meta, so no)."""
    return kind not in NOT_WRITING


def is_stale(at: datetime, now: datetime) -> bool:
    """True for events so late that answering them would startle: they are history."""
    return now - at > STALE
