"""All keys of a place, to be searched; Enter does what the cursor is on."""

from __future__ import annotations

from typing import ClassVar

from pytake_cli.locale import _
from pytake_cli.tui.actions import ACTIONS, Here
from pytake_cli.tui.dialogs.choices import Choice, Choose, matching
from pytake_cli.tui.keymap import shown
from pytake_cli.tui.safe import Safe, own


class Keys(Choose[str]):
    """The id of the action that was chosen."""

    SIZE: ClassVar[str] = "-wide"
    DEFAULT_CSS = "Keys #choices { max-height: 28; }"

    def __init__(self, chain: tuple[str, ...], here: Here) -> None:
        super().__init__(
            own(_("Keys of this place")), [], keys=own(_("type to search · Enter does it · Esc closes")),
            ask=own(_("a key or a word")),
        )  # fmt: skip
        self._chain, self._here = chain, here

    def on_mount(self) -> None:
        scopes = {scope: at for at, scope in enumerate(self._chain)}
        rows = []
        for action in ACTIONS:
            keys = self.inbox.keymap.keys(action, self._chain)
            if keys:
                rank = min(scopes[scope] for scope in action.keys if scope in scopes)
                title = own(f"{'  '.join(shown(key) for key in keys[:3]):<16} {_(action.title)}")
                reason = self.inbox.blocked(action, self._here)
                beside = own(_(action.help))
                rows.append((rank, action.order, Choice(action.id, title, beside, own(_(reason) if reason else ""))))
        self.choices = [choice for _rank, _order, choice in sorted(rows, key=lambda row: row[:2])]
        self.renew()

    @property
    def found(self) -> list[Choice]:
        if len(self.typed) == 1 and not self.typed.isalnum():
            return [each for each in self.choices if self.typed in each.title.split(maxsplit=1)[0]]
        named = matching(self.typed, self.choices)
        words = self.typed.casefold().split()
        helped = [each for each in self.choices if words and all(word in each.beside.casefold() for word in words)]
        return [*named, *(each for each in helped if each not in named)]

    def take(self, choice: Choice) -> str:
        return choice.key

    def nothing(self) -> Safe:
        return own(_("no key does that here"))
