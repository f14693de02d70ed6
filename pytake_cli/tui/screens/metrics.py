"""Metrics: a day, a week or a month of the service, beside the one before; pictures or tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import times
from pytake_cli.tui.cards import metrics as cards
from pytake_cli.tui.draw import Lines
from pytake_cli.tui.live import Ready
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import own
from pytake_cli.tui.screens.listing import Listing, as_csv
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.sheet import Sheet
from pytake_cli.tui.widgets.table import Table

BY = {"agent": lambda: _("by agent"), "label": lambda: _("by label")}


class MetricsScreen(Listing):
    """Screen 5."""

    CHAIN: ClassVar[str] = "metrics"
    AUTO_FOCUS: ClassVar[str] = "#figures"
    DEFAULT_CSS = """
    MetricsScreen #period { height: 1; }
    MetricsScreen #figures { height: 1fr; }
    MetricsScreen #list { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.unit = "week"
        self.day: date | None = None  # any day of the period; None: today
        self.found: Json = {}
        self.as_tables = False
        self.by = ""  # one table instead of the figures: agent, label

    def body(self) -> ComposeResult:
        with Vertical():
            yield Sheet(slot="period")
            yield Sheet(slot="figures")
            yield Table(slot="list")

    def on_mount(self) -> None:
        self.query_one("#period").can_focus = False
        self.begin()

    @property
    def today(self) -> date:
        return clock.now().astimezone(self.inbox.zone).date()

    @property
    def period(self) -> str:
        """The period as the API and the command name it: 2026-11-23, 2026-W47, 2026-11."""
        day = self.day or self.today
        if self.unit == "week":
            year, week, _weekday = day.isocalendar()
            return f"{year}-W{week:02}"
        return f"{day:%Y-%m-%d}" if self.unit == "day" else f"{day:%Y-%m}"

    async def load(self) -> None:
        """The figures of the period, beside those of the one before."""
        self.found = await self.inbox.client.get("/analytics", period=self.period)
        self.draw()

    def draw(self) -> None:
        """Everything anew, from what is known."""
        found, period, parts = self.found, self.found.get("period") or {}, self._parts()
        days = [_dated(str(period[name])) for name in ("first", "last") if period.get(name)]
        dates = f" {sign('–')} ".join(dict.fromkeys(days)) or self.period
        names = {"day": _("day"), "week": _("week"), "month": _("month")}
        told = f" {names[self.unit]}  {dates}   " + (BY[self.by]() if self.by else _("compared with the one before"))
        self.query_one("#period", Sheet).show(lambda room, look: [((told, look.muted),)])
        self.query_one("#figures", Sheet).show(lambda room, look: _shown(found, parts, room, look))

    def _parts(self) -> tuple[str, ...]:
        """Which tables are shown; none: pictures."""
        if self.by:
            return (self.by,)
        return cards.TABLES if self.as_tables else ()

    def command(self) -> str:
        return f"pytake analytics show --period {self.period}" + (f" --by {self.by}" if self.by else "")

    def on_connected(self, ready: Ready, again: bool) -> None:
        if again:
            self.reload()

    # -- periods -------------------------------------------------------------------------------------------------------

    async def do_metrics_day(self) -> None:
        await self._by("day")

    async def do_metrics_week(self) -> None:
        await self._by("week")

    async def do_metrics_month(self) -> None:
        await self._by("month")

    async def _by(self, unit: str) -> None:
        self.unit = unit
        await self.load()

    async def do_metrics_earlier(self) -> None:
        await self._step(-1)

    async def do_metrics_later(self) -> None:
        await self._step(1)

    async def _step(self, by: int) -> None:
        day = self.day or self.today
        if self.unit == "month":
            first = day.replace(day=1)
            moved = first - timedelta(days=1) if by < 0 else first + timedelta(days=31)
        else:
            moved = day + timedelta(days=by * (7 if self.unit == "week" else 1))
        self.day = min(moved, self.today)
        await self.load()

    def do_metrics_table(self) -> None:
        self.as_tables, self.by = bool(self.by) or not self.as_tables, ""
        self.draw()

    def do_metrics_agent(self) -> None:
        self._show_by("agent")

    def do_metrics_label(self) -> None:
        self._show_by("label")

    def _show_by(self, part: str) -> None:
        """One table with all its rows; again: back to where one was."""
        self.by = "" if self.by == part else part
        self.draw()

    def do_metrics_export(self) -> None:
        content = as_csv(list(_flat(self.found)), ("part", "name", "figure", "value"))
        path = self.save(f"metrics-{self.period}.csv", content)
        self.inbox.tell(own(_("saved as {path}").format(path=path)))


def _dated(day: str) -> str:
    try:
        return times.dated(date.fromisoformat(day))
    except ValueError:
        return day


def _shown(found: Json, parts: tuple[str, ...], room: int, look: Look) -> Lines:
    if not found:
        return [((f" {_('looking…')}", look.muted),)]
    return cards.tables(found, parts, room, look) if parts else cards.lines(found, room, look)


def _flat(found: Json) -> Iterable[Json]:
    """Every number as a row of its own."""
    for name, value in (found.get("cards") or {}).items():
        yield {"part": "cards", "name": "", "figure": name, "value": value}
    for part in cards.TABLES:
        for row in found.get(part) or ():
            key, *figures = row.items()
            for name, value in figures:
                if not isinstance(value, (dict, list)):
                    yield {"part": part, "name": key[1], "figure": name, "value": value}
