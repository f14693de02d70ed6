"""Several of a list: labels, tags. Space sets or takes off, Enter is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual import events

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.choices import Choice, Choose
from pytake_cli.tui.safe import Safe, one_line, own
from pytake_cli.tui.signs import sign


class Picks(Choose[set[str]]):
    """The keys that are set at the end. With `creates`, Enter on a name that nobody has makes it."""

    def __init__(
        self, title: Safe, choices: Sequence[tuple[str, Safe]], chosen: Collection[str], *, creates: bool = False
    ) -> None:
        known = dict(choices)
        for key in chosen:
            known.setdefault(key, Safe(f"#{one_line(key)}"))
        super().__init__(
            title,
            [Choice(key, shown) for key, shown in known.items()],
            keys=own(_("Tab sets or takes off · Enter is done · Esc leaves")),
        )
        self.chosen, self._creates = set(chosen), creates

    def mark(self, choice: Choice) -> str:
        return sign("✓") if choice.key in self.chosen else sign("·")

    def take(self, choice: Choice) -> set[str]:
        """Enter after typing sets the one that was meant; otherwise it is done."""
        return self.chosen | {choice.key} if self.typed.strip() else self.chosen

    def other(self, typed: str) -> set[str] | None:
        name = typed.lstrip("#").strip()
        return self.chosen | {name} if self._creates and name else None

    def nothing(self) -> Safe:
        return own(_("Enter makes it new")) if self._creates else super().nothing()

    async def press(self, event: events.Key) -> bool:
        if event.key == "tab" and (under := self.under) is not None:
            self.chosen ^= {under.key}
            self.renew()
            return True
        return await super().press(event)
