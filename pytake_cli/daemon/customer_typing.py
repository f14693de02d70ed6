"""Shows customers that somebody types to them: one call to Meta, which is not worth repeating when it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pytake_cli import clock, settings
from pytake_cli.errors import PytakeError
from pytake_cli.services import live
from pytake_cli.store import Store
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.client import Graph

log = logging.getLogger(__name__)

SHOWN_SECONDS = 25.0  # Meta shows it for so long, or until a message goes out
AT_ONCE = 4  # calls; presence never stands in the way of messages
MOST_REMEMBERED = 5_000  # conversations


@dataclass
class CustomerTyping:
    """`graph` gives the client with the token of a number, by the number's id at Meta."""

    store: Store
    graph: Callable[[str], Awaitable[Graph]]
    _shown: dict[int, float] = field(default_factory=dict, init=False)  # conversation -> when
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def show(self, org_id: int, conversation_id: int) -> None:
        """Shows it soon, unless it is still shown; Meta marks what the customer wrote as read with it."""
        now = clock.monotonic()
        still = now - self._shown.get(conversation_id, float("-inf")) < SHOWN_SECONDS
        if still or len(self._tasks) >= AT_ONCE or not settings.current().inbox.customer_typing:
            return
        if len(self._shown) > MOST_REMEMBERED:
            self._shown = {id_: at for id_, at in self._shown.items() if now - at < SHOWN_SECONDS}
        self._shown[conversation_id] = now
        task = asyncio.ensure_future(self._show(org_id, conversation_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _show(self, org_id: int, conversation_id: int) -> None:
        try:
            hearer = await asyncio.to_thread(self._hearer, org_id, conversation_id)
            if hearer is None:
                return
            graph = await self.graph(hearer.phone_number_id)
            receipt = wire.read_receipt(hearer.wamid, typing=True)
            await graph.call("POST", f"{hearer.phone_number_id}/messages", json=receipt)
        except PytakeError as error:
            log.debug("typing could not be shown", extra={"conversation": conversation_id, "reason": str(error)})

    def _hearer(self, org_id: int, conversation_id: int) -> live.Hearer | None:
        with self.store.read() as db:
            return live.hearer(db, org_id, conversation_id, clock.now())
