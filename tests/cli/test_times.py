"""Proves the times people type, in both languages, and the questions before changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.cli import confirm, times
from pytake_cli.cli import context as contexts
from pytake_cli.cli.line import Flags
from pytake_cli.errors import InputNeeded, UsageError

TZ = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=TZ).astimezone(UTC)  # a Sunday


def here(moment: datetime) -> str:
    return moment.astimezone(TZ).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01T09:00", "2026-12-01 09:00"),
        ("2026-12-01 09:00", "2026-12-01 09:00"),
        ("2026-12-01T09:00Z", "2026-12-01 06:00"),
        ("2026-12-01T09:00-05:00", "2026-12-01 11:00"),
        ("2026-12-01", "2026-12-01 00:00"),
        ("01/12/2026 9h", "2026-12-01 09:00"),
        ("1/12 9h", "2026-12-01 09:00"),
        ("1/2 9h", "2027-02-01 09:00"),
        ("16:00", "2026-11-22 16:00"),
        ("09:00", "2026-11-23 09:00"),
        ("9h30", "2026-11-23 09:30"),
        ("4pm", "2026-11-22 16:00"),
        ("12am", "2026-11-23 00:00"),
        ("tomorrow 9:00", "2026-11-23 09:00"),
        ("amanhã 9h", "2026-11-23 09:00"),
        ("Amanhã às 9h", "2026-11-23 09:00"),
        ("hoje 18h", "2026-11-22 18:00"),
        ("yesterday 8:00", "2026-11-21 08:00"),
        ("seg 9h", "2026-11-23 09:00"),
        ("dom 9h", "2026-11-29 09:00"),
        ("dom 16h", "2026-11-22 16:00"),
        ("friday 10:15", "2026-11-27 10:15"),
        ("sáb", "2026-11-28 00:00"),
        ("+2h", "2026-11-22 17:00"),
        ("-7d", "2026-11-15 15:00"),
        ("+1h30m", "2026-11-22 16:30"),
        ("now", "2026-11-22 15:00"),
        ("agora", "2026-11-22 15:00"),
    ],
)
def test_times(text: str, moment: str) -> None:
    assert here(times.instant(text, NOW, TZ)) == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "9", "2026-13-01", "amanhã cedo", "+2x", "+", "seg seg", "32/1", "\x00",
     "-999999999d", "+9999999d", "9999-12-31 23:59", "0001-01-01T00:00+14:00"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        times.instant(text, NOW, TZ)


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_a_usage_error(text: str) -> None:
    for read in (times.instant, times.past):
        try:
            assert read(text, NOW, TZ).tzinfo is not None
        except UsageError:
            pass


def test_looking_back_means_ago() -> None:
    assert here(times.past("2h", NOW, TZ)) == "2026-11-22 13:00"
    assert here(times.past("7d", NOW, TZ)) == "2026-11-15 15:00"
    assert here(times.past("09:00", NOW, TZ)) == "2026-11-22 09:00"
    assert here(times.past("seg 9h", NOW, TZ)) == "2026-11-16 09:00"
    assert here(times.past("dom", NOW, TZ)) == "2026-11-22 00:00"
    assert here(times.past("2026-11-01", NOW, TZ)) == "2026-11-01 00:00"


def test_a_time_that_the_clock_skips_is_moved_not_refused() -> None:
    tz = ZoneInfo("Europe/Lisbon")
    now = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert times.instant("2026-03-29T01:30", now, tz) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_spans() -> None:
    assert times.duration("90s") == timedelta(seconds=90)
    assert times.duration("1h30m") == timedelta(hours=1, minutes=30)
    assert times.duration("1,5 h") == timedelta(minutes=90)
    with pytest.raises(UsageError):
        times.duration("5 parsecs")
    with pytest.raises(UsageError):
        times.duration("999999999d")


def test_severe_questions_need_the_name_and_yes_is_not_enough() -> None:
    contexts.use(Flags(yes=True))
    with pytest.raises(InputNeeded):
        confirm.severe("Delete acme?", "acme", None)
    with pytest.raises(UsageError):
        confirm.severe("Delete acme?", "acme", "acne")
    assert confirm.severe("Delete acme?", "acme", "acme")


def test_weighty_questions_need_yes_and_the_number() -> None:
    contexts.use(Flags(yes=True))
    with pytest.raises(InputNeeded):
        confirm.weighty("Launch?", 1200, None)
    with pytest.raises(UsageError):
        confirm.weighty("Launch?", 1200, "1000")
    assert confirm.weighty("Launch?", 1200, "1200")
    assert confirm.weighty("Launch?", 1200, "any")


def test_nobody_is_asked_without_a_terminal() -> None:
    contexts.use(Flags())
    with pytest.raises(InputNeeded):
        confirm.ordinary("Go on?")
    with pytest.raises(InputNeeded):
        confirm.ask("Name?")
