"""Until when: what people type into the snooze dialog."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.tui.until import until

ZONE = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)  # Tuesday, 10:30 there


@pytest.mark.parametrize(
    ("typed", "there"),
    [
        ("+1h", "2026-11-24 11:30"), ("30m", "2026-11-24 11:00"), ("+2 h", "2026-11-24 12:30"),
        ("2d", "2026-11-26 10:30"), ("14:30", "2026-11-24 14:30"), ("9h", "2026-11-25 09:00"),
        ("amanhã 9h", "2026-11-25 09:00"), ("tomorrow 8:15", "2026-11-25 08:15"), ("amanha", "2026-11-25 09:00"),
        ("seg 9h", "2026-11-30 09:00"), ("fri 8:00", "2026-11-27 08:00"), ("ter 9h", "2026-12-01 09:00"),
        ("sexta às 18h", "2026-11-27 18:00"), ("25/12 8h", "2026-12-25 08:00"), ("02/01", "2027-01-02 09:00"),
        ("2026-12-01 10:00", "2026-12-01 10:00"), ("hoje 18h", "2026-11-24 18:00"),
    ],
)  # fmt: skip
def test_what_people_type_is_a_moment(typed: str, there: str) -> None:
    found = until(typed, NOW, ZONE)
    assert found is not None
    assert f"{found.astimezone(ZONE):%Y-%m-%d %H:%M}" == there


@pytest.mark.parametrize("typed", ["", "agora não", "25:00", "31/2", "hoje 9h", "amanhã cedo", "ontem", "2020-01-01"])
def test_what_is_no_time_to_come_is_none(typed: str) -> None:
    assert until(typed, NOW, ZONE) is None


@given(st.text(max_size=30))
def test_whatever_is_typed_is_in_the_future_or_nothing(typed: str) -> None:
    found = until(typed, NOW, ZONE)
    assert found is None or found >= NOW
