"""The 24-hour window as people and scripts read it."""

from __future__ import annotations

from datetime import datetime, timedelta

from pytake_cli.locale import _

CLOSING_WITHIN = timedelta(hours=2)


def window_state(closes_at: datetime | None, now: datetime) -> str:
    """open, closing or closed."""
    if closes_at is None or closes_at <= now:
        return "closed"
    return "closing" if closes_at - now <= CLOSING_WITHIN else "open"


def window_text(closes_at: datetime | None, now: datetime) -> str:
    """What is left of the window, as `23h59` or `12min`."""
    if closes_at is None or closes_at <= now:
        return _("closed")
    minutes = int((closes_at - now) / timedelta(minutes=1))
    return f"{minutes // 60}h{minutes % 60:02}" if minutes >= 60 else f"{minutes}min"
