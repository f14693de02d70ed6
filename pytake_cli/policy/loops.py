"""Two bots that answer one another: when a contact has got more automatic messages than a person would read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

LIMITS = ((10, timedelta(minutes=1)), (30, timedelta(minutes=10)))  # automatic messages to one contact, in that time
LOOK_BACK = max(most for most, _ in LIMITS)  # newest messages that have to be looked at
OFF = timedelta(hours=1)  # for so long people only


def is_loop(sent: Sequence[datetime], now: datetime) -> bool:
    """Whether one more automatic message would be too many; `sent` are the times of the newest ones, newest first."""
    return any(len(sent) >= most and sent[most - 1] > now - span for most, span in LIMITS)
