"""The table of screens: which digit opens which, and where it lives; imported when first opened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen of the top bar; `title` and `short` are English and pass _()."""

    slug: str
    key: str
    title: str
    short: str
    place: str  # module:class of a Place
    help: str
    needs: str | None = None
    cli: str = ""


SCREENS: tuple[Entry, ...] = (
    Entry("inbox", "1", "Inbox", "Inbox", "pytake_cli.tui.screens.inbox:InboxScreen", "Conversations.",
          cli="pytake conversation list"),
)  # fmt: skip
