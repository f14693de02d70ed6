"""Which events a listener hears, and their frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytake_cli.api.frames import event, frame
from pytake_cli.policy.live import Interest


@dataclass(frozen=True, slots=True)
class Became:
    """Conversations of one organisation after some events, as lists have them, and the end of their timelines."""

    rows: Sequence[dict[str, Any]] = ()
    tails: Mapping[int, Sequence[dict[str, Any]]] = field(default_factory=dict)


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


def became(news: Became, interest: Interest, viewing: int | None, through: int) -> bytes:
    """What became of the conversations by the events up to `through`: their rows, and the end of what is viewed."""
    frames = b""
    if mine := [row for row in news.rows if interest.wants("conversation:updated", row["id"])]:
        frames = frame({"type": "rows", "rows": mine})
    if viewing is not None and viewing in news.tails and interest.wants("message:new", viewing):
        told = {"type": "timeline", "conversation": viewing, "through": through, "items": news.tails[viewing]}
        frames += frame(told)
    return frames


def event_frame(row: Any) -> bytes:
    return event(row.kind, row.at, row.conversation_id, row.payload, row.id)
