"""Named places where a crash is rehearsed: `PYTAKE_CRASH_AT=name[:n]` kills the process at the n-th passing."""

from __future__ import annotations

import os

# Every commit and every external call has one on each side that matters; tests/kit kills at each of them.
POINTS = (
    "journal.before_commit",
    "journal.after_commit",
    "inbox.before_commit",
    "inbox.after_commit",
    "outbox.before_claim",
    "outbox.after_claim",
    "outbox.after_send",
    "outbox.after_record",
)
# An agent's message is in the store, and the inbox has no answer.
API_POINTS = ("api.conversations.write",)
# The same for timers of flows, which only fire where there are flows.
TIMER_POINTS = ("timer.before_fire", "timer.after_fire")

# Those of automations, where there are some.
AUTOMATION_POINTS = (
    "automation.before_plan",
    "automation.before_fire",
    "automation.before_commit",
    "automation.after_fire",
)

# And for campaigns: in the process that launches one, and where the daemon moves it on.
CAMPAIGN_POINTS = ("campaign.before_chunk", "campaign.before_start", "campaign.before_feed", "campaign.after_feed")

_name, _, _count = os.environ.get("PYTAKE_CRASH_AT", "").partition(":")
_left = int(_count or "1")


def point(name: str) -> None:
    """Dies here, as kill -9 would, when the environment says so; otherwise costs a comparison."""
    global _left
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os._exit(137)
