"""Which events a listener hears, and their frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytake_cli.api.frames import event, frame
from pytake_cli.policy.live import Interest


def heard_of(events: Sequence[Any], org_id: int, interest: Interest, user_id: int | None, after: int) -> list[Any]:
    """The events that somebody may hear, and wants to."""
    return [
        row
        for row in events
        if row.org_id == org_id
        and row.id > after
        and interest.wants(row.kind, row.conversation_id)
        and (row.kind != "notification" or row.payload.get("user") == user_id)
    ]


def joined(
    events: Sequence[Any], frames: dict[int, bytes], org_id: int, interest: Interest, user_id: int | None, after: int
) -> bytes:
    """Their frames in one piece; `frames` keeps what was made already."""
    mine = heard_of(events, org_id, interest, user_id, after)
    for row in mine:
        if row.id not in frames:
            frames[row.id] = event_frame(row)
    return b"".join(frames[row.id] for row in mine)


def rows_frame(rows: Sequence[dict[str, Any]], interest: Interest) -> bytes:
    """One frame with those of the conversations that may be heard of."""
    mine = [row for row in rows if interest.wants("conversation:updated", row["id"])]
    return frame({"type": "rows", "rows": mine}) if mine else b""


def event_frame(row: Any) -> bytes:
    return event(row.kind, row.at, row.conversation_id, row.payload, row.id)
