"""Until when a conversation sleeps: the next answer, some common times, or what is typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from pytake_cli.locale import _
from pytake_cli.tui import times
from pytake_cli.tui.dialogs.choices import Choice, Choose
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.until import until

REPLY = "reply"
COMMON = ("+1h", "+3h", "tomorrow 9:00", "mon 9:00")


@dataclass(frozen=True, slots=True)
class Sleep:
    """A moment, or the customer's next message."""

    until: datetime | None
    until_reply: bool = False


class Snooze(Choose[Sleep]):
    """What is typed is read at once, and its moment shown."""

    def __init__(self, now: datetime, zone: tzinfo) -> None:
        self._now, self._zone = now, zone
        names = {
            "+1h": _("in an hour"),
            "+3h": _("in three hours"),
            "tomorrow 9:00": _("tomorrow 9:00"),
            "mon 9:00": _("Monday 9:00"),
        }
        choices = [Choice(REPLY, own(_("when the customer writes")))]
        choices += [Choice(key, own(names[key]), self._named(until(key, now, zone))) for key in COMMON]
        super().__init__(own(_("Snooze")), choices, ask=own(_("or type: 2h, 14:30, amanhã 9h, fri 8:00, 25/12")))

    @property
    def found(self) -> list[Choice]:
        """What was typed as a time comes first."""
        moment = self._typed_moment()
        if moment is None:
            return super().found if self.typed.strip() else self.choices
        return [Choice("typed", own(_("until {when}").format(when=self._named(moment))))]

    def _typed_moment(self) -> datetime | None:
        return until(self.typed, self._now, self._zone) if self.typed.strip() else None

    def nothing(self) -> Safe:
        return own(_("that is no time to come"))

    def _named(self, moment: datetime | None) -> Safe:
        if moment is None:
            return Safe("")
        there, today = moment.astimezone(self._zone), self._now.astimezone(self._zone).date()
        return Safe(f"{times.day(there.date(), today)} {there:%H:%M}")

    def take(self, choice: Choice) -> Sleep | None:
        if choice.key == REPLY:
            return Sleep(None, until_reply=True)
        if choice.key == "typed":
            return Sleep(self._typed_moment())
        return Sleep(until(choice.key, self._now, self._zone))
