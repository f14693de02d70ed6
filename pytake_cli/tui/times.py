"""Times as people in an inbox read them: how long ago, how long left, which day; in the person's zone and language."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from pytake_cli.locale import _, language, own

WINDOW_SECONDS = 24 * 3600
SOON_SECONDS, CLOSING_SECONDS = 4 * 3600, 3600  # when the window's time gets a colour, and when it gets loud
SHOWN_BELOW_SECONDS = 2 * 3600  # in lists; more would be noise on each row
_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "pt-BR": ("seg", "ter", "qua", "qui", "sex", "sáb", "dom"),
}


def age(at: datetime | None, now: datetime) -> str:
    """`now`, `2m`, `3h`, `1d`."""
    if at is None:
        return ""
    seconds = max(0, int((now - at).total_seconds()))
    if seconds < 60:
        return _("now")
    if seconds < 3600:
        return f"{seconds // 60}m"
    return f"{seconds // 3600}h" if seconds < 86400 else f"{seconds // 86400}d"


def left(at: datetime | None, now: datetime) -> int | None:
    """Seconds until then; None where there is no end, 0 when it is past."""
    return None if at is None else max(0, int((at - now).total_seconds()))


def span(seconds: int) -> str:
    """`19h12`, `0h38`."""
    return f"{seconds // 3600}h{seconds % 3600 // 60:02d}"


def clock_time(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def moment(at: datetime, now: datetime, zone: tzinfo) -> str:
    """`10:55` today, `Thu 10:55` within a week, else with the day of the month."""
    there, today = at.astimezone(zone), now.astimezone(zone).date()
    if there.date() == today:
        return f"{there:%H:%M}"
    if 0 < (today - there.date()).days < 7:
        return f"{weekday(there.date())} {there:%H:%M}"
    return f"{there:%d/%m %H:%M}" if language() == "pt-BR" else f"{there:%m-%d %H:%M}"


def weekday(day: date) -> str:
    return own(_DAYS.get(language(), _DAYS["en"])[day.weekday()])


def day(at: date, today: date) -> str:
    """`today`, `yesterday`, `Thu 19/11`."""
    if at == today:
        return _("today")
    if at == today - timedelta(days=1):
        return _("yesterday")
    return short_day(at) + (f"/{at:%Y}" if at.year != today.year and language() == "pt-BR" else "")


def short_day(at: date) -> str:
    """`Thu 11-19`, `qui 19/11`."""
    return f"{weekday(at)} {at:%d/%m}" if language() == "pt-BR" else f"{weekday(at)} {at:%m-%d}"


def dated(at: date) -> str:
    """`16/11/2026`, or `2026-11-16`."""
    return f"{at:%d/%m/%Y}" if language() == "pt-BR" else at.isoformat()


def window_level(seconds: int | None) -> str:
    """none, closed, closing, soon or ok: how much time there is to write freely."""
    if seconds is None:
        return "none"
    if seconds == 0:
        return "closed"
    if seconds <= CLOSING_SECONDS:
        return "closing"
    return "soon" if seconds <= SOON_SECONDS else "ok"
