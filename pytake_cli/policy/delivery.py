"""What becomes of a message whose send failed: again later, failed, or unknown. Decided from plain facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RETRY_BASE_SECONDS = 2.0
RETRY_CAP_SECONDS = 300.0
UNREACHED_RETRY_SECONDS = 1.0  # Meta was not reached: nothing was sent, no attempt is counted
LONGEST_WAIT_SECONDS = 600.0  # no failure keeps a message waiting for longer
UNDELIVERED_IN_A_ROW = 2  # 131026 once may be a moment's trouble; twice says that nobody is there
UNDELIVERED_HOLD_SECONDS = 7 * 86400.0
PAIR_BASE = 4  # Meta advises 4^X seconds for 131056
TEMPLATES_STOP_SECONDS = 3600.0  # 131048: an hour at least


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status` of the message; `delay_seconds` until it is due again or its grace ends."""

    status: Literal["queued", "failed", "unknown"]
    delay_seconds: float = 0.0
    counted: bool = True  # whether this attempt counts


def backoff_seconds(attempts: int, base: float = RETRY_BASE_SECONDS) -> float:
    """2, 4, 8 … up to five minutes; the caller adds jitter."""
    return min(RETRY_CAP_SECONDS, base * 2.0 ** min(max(0, attempts - 1), 16))


def after_failure(
    action: str,
    *,
    unknown: bool,
    answered: bool,
    attempts: int,
    max_retries: int,
    retry_seconds: float | None,
    grace_seconds: float,
) -> Verdict:
    """`action` is a whatsapp.errors.Action's value; `answered`: Meta itself refused; `attempts` counts this one."""
    if unknown:
        return Verdict("unknown", grace_seconds)
    if not answered:
        return Verdict("queued", UNREACHED_RETRY_SECONDS, counted=False)
    match action:
        case "retry" if attempts <= max_retries:
            return Verdict("queued", backoff_seconds(attempts, retry_seconds or RETRY_BASE_SECONDS))
        case "pair":
            return Verdict("queued", min(LONGEST_WAIT_SECONDS, float(PAIR_BASE ** min(attempts, 5))))
        case "slow":
            return Verdict("queued", retry_seconds or 1.0, counted=False)
        case "token" | "stop_number":
            return Verdict("queued", 0.0, counted=False)  # the number stops; its queue is kept
        case _:
            return Verdict("failed")


def on_unknown(origin: str, kind: str) -> Literal["resend", "hold"]:
    """Campaigns and templates are never risked twice; an answer in an open conversation is sent once more."""
    return "hold" if origin == "campaign" or kind == "template" else "resend"
