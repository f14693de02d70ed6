"""What may be sent to whom free text does not reach: the templates, the one to suggest, and what it costs."""

from __future__ import annotations

import time

from pytake_cli.locale import _
from pytake_cli.tui import offers
from pytake_cli.tui.client import Refused, Unreachable
from pytake_cli.tui.rows import Json, Row
from pytake_cli.tui.screens.inbox_chat import ChatPart

ASKED_AGAIN_SECONDS = 300.0
ANY_LANGUAGE = "pt_BR"  # of who told none


class OffersPart(ChatPart):
    """Asks for templates once for all customers whose messages cost the same."""

    def __init__(self) -> None:
        super().__init__()
        self._offered: dict[str, tuple[float, list[Json]]] = {}

    def offer(self, row: Row) -> str:
        """`suggested: retomar (utility, US$ 0.0068)`; nothing as long as that is not known."""
        at, found = self._offered.get(_market(row), (float("-inf"), []))
        me, now = self.inbox.me, time.monotonic()
        if now > at + ASKED_AGAIN_SECONDS and self.inbox.link.is_on and me is not None and me.may("templates:read"):
            self._offered[_market(row)] = now, found
            self.run_worker(self._look_up(row), exit_on_error=True)
        suggested = offers.best(found, row.language or ANY_LANGUAGE)
        if suggested is None:
            return ""
        return _("suggested: {name} ({cost})").format(name=suggested["name"], cost=offers.kind_and_cost(suggested))

    async def _look_up(self, row: Row) -> None:
        try:
            await self.templates_for(row)
        except (Refused, Unreachable):
            return  # it is only a hint
        self.look_at_window()

    async def templates_for(self, row: Row) -> list[Json]:
        """Those that can be sent, each with its price for this customer, the best first."""
        known = await self.inbox.client.every("/templates", status="APPROVED", conversation=row.id)
        found = offers.fitting(known, row.language or ANY_LANGUAGE, self._times_used)
        self._offered[_market(row)] = time.monotonic(), found
        return found

    def look_at_window(self) -> None:
        """The window of the open conversation, or what is offered beside it, may be another."""

    def _times_used(self, name: str) -> int:
        return self.inbox.remembered.number(_place(name)) or 0

    def note_use(self, name: str) -> None:
        """Those that are used most are suggested first, also tomorrow."""
        self.inbox.remembered.put(**{_place(name): self._times_used(name) + 1})


def _place(name: str) -> str:
    return f"template {name}"


def _market(row: Row) -> str:
    """Customers with the same are charged the same and speak the same language."""
    return f"{row.phone[:5] or row.contact.id} {row.language}"
