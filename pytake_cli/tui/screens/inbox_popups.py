"""What pops up while one writes: `/` ready answers, `@` people in notes, `:` emoji."""

from __future__ import annotations

from textual.timer import Timer

from pytake_cli import text as texts
from pytake_cli.locale import _
from pytake_cli.tui import emoji
from pytake_cli.tui.actions import BY_ID
from pytake_cli.tui.client import Refused, Unreachable
from pytake_cli.tui.rows import AT_WORK
from pytake_cli.tui.screens.inbox_sending import SendingPart
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.popup import Offer, Popup

ASKED_AFTER_SECONDS = 0.08
LEAST_OF_EMOJI = 2  # letters behind `:`; fewer would pop up in every sentence


class PopupsPart(SendingPart):
    """Offers; only Tab and Enter take one, and taking one never sends."""

    def __init__(self) -> None:
        super().__init__()
        self._asking: Timer | None = None
        self._canned: dict[tuple[int, str], list[Offer]] = {}
        self._people: list[Offer] | None = None

    def on_composer_changed(self) -> None:
        super().on_composer_changed()
        if self._asking is not None:
            self._asking.stop()
        writing = self.composer.writing
        token = writing.token()
        if token is None:
            self.popup.close()
            if writing.document.get_line(writing.cursor_location[0])[: writing.cursor_location[1]].endswith("//"):
                self._one_slash()
            return
        kind, part = token
        if kind == ":":
            offers = (
                [Offer(each, name, each) for each, name in emoji.found(part)] if len(part) >= LEAST_OF_EMOJI else []
            )
            self._offer(_("emoji"), offers)
        elif kind == "@" and self.composer.mode == "note":
            self._asking = self.set_timer(ASKED_AFTER_SECONDS, lambda: self.later(self._offer_people(part)))
        elif kind == "/":
            self._asking = self.set_timer(ASKED_AFTER_SECONDS, lambda: self.later(self._offer_canned(part)))
        else:
            self.popup.close()

    def _one_slash(self) -> None:
        """`//` is how one types a slash."""
        row, column = self.composer.writing.cursor_location
        before = self.composer.writing.document.get_line(row)[:column]
        if before in ("//",) or before.endswith(" //"):
            self.composer.writing.replace("/", (row, column - 2), (row, column), maintain_selection_offset=False)

    def _offer(self, title: str, offers: list[Offer]) -> None:
        self.popup.offer(title, offers, self.composer.size.height)

    async def _offer_canned(self, part: str) -> None:
        if self.open is None:
            return
        key = (self.open.id, part)
        if key not in self._canned:
            try:
                found = await self.inbox.client.canned(part, self.open.id)
            except (Unreachable, Refused):
                return
            self._canned[key] = [Offer(f"/{each.key}", str(each.shown), each.text) for each in found]
        if self.composer.writing.token() == ("/", part):
            self._offer(_("ready answers") + f" /{texts.clean(part)}", [*self._canned[key], *_doers(part)])

    async def _offer_people(self, part: str) -> None:
        if self._people is None:
            users = await self.inbox.client.every("/users")
            teams = await self.inbox.client.every("/teams")
            self._people = [Offer(f"@{each['name']}", _state(each), f"@{each['name']} ") for each in users]
            self._people += [Offer(f"@{each['name']}", _("team"), f"@{each['name']} ") for each in teams]
        if self.composer.writing.token() == ("@", part):
            wanted = part.casefold()
            self._offer(_("mention"), [each for each in self._people if each.name[1:].casefold().startswith(wanted)])

    async def on_popup_taken(self, message: Popup.Taken) -> None:
        self.popup.close()
        if message.offer.action:
            self.composer.writing.put("")
            await self.perform(BY_ID[message.offer.action])
        else:
            self.composer.writing.put(message.offer.text)


def _state(user: dict[str, object]) -> str:
    state = str(user.get("availability") or "")
    return f"{sign('●')} {_(state)}" if state in AT_WORK else _(state)


def _doers(part: str) -> list[Offer]:
    """Actions in the same list: `/template`."""
    offers = [(_("template"), "conversation.template"), (_("attach"), "conversation.attach")]
    return [
        Offer(f"/{name}", _(BY_ID[id_].help), "", id_)
        for name, id_ in offers
        if name.startswith(part.casefold()) and id_ in BY_ID
    ]
