"""Periods as people and programs write them, and the error where they do not."""

from __future__ import annotations

from datetime import datetime, tzinfo

from pytake_cli.errors import InvalidData
from pytake_cli.policy import periods
from pytake_cli.policy.periods import Period


def read(text: str, now: datetime, tz: tzinfo) -> Period:
    try:
        return periods.read(text, now.astimezone(tz).date(), tz)
    except (ValueError, OverflowError):
        raise InvalidData(
            "PT-PERIOD",
            "{period} is no period",
            why="for example 7d, w, m, 2026-W47, 2026-11, 2026-11-23, 2026-11-01..2026-11-15",
            fix="--period 7d",
            period=text,
        ) from None
