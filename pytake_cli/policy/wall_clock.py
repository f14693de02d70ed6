"""The clock on the wall: each local time is one moment, also where an hour comes twice or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

Oddity = Literal["", "twice", "skipped"]
_SECOND = timedelta(seconds=1)


def moment(local: datetime, zone: tzinfo) -> datetime:
    """When the wall shows `local`, in UTC: the first time of two, and of none the first moment after the gap."""
    early = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if on_the_wall(early, zone) == local:
        return early
    return _change(local.replace(tzinfo=zone, fold=1).astimezone(UTC), early, zone)


def on_the_wall(at: datetime, zone: tzinfo) -> datetime:
    """What the wall shows at a moment, without a zone."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def oddity(local: datetime, zone: tzinfo) -> Oddity:
    """Whether that night the local time comes twice, or is left out."""
    early, late = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late:
        return ""
    return "twice" if on_the_wall(early, zone) == local else "skipped"


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The second at which the offset from UTC changes between two moments."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
