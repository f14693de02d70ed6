"""What becomes of an accepted message: sent, delivered, read, played or failed, when and with which chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytake_cli.emulator import pricing
from pytake_cli.emulator.errors import GraphError
from pytake_cli.emulator.sent import RANKS, Sent
from pytake_cli.emulator.wire import Change, dumps, quote

if TYPE_CHECKING:
    from pytake_cli.emulator.world import World

PRICED = ("sent", "delivered", "read")  # these carry pricing, and contacts since 2026


class Statuses:
    """Plans the statuses of every message on the emulator's clock and hands them to the webhook engine."""

    def __init__(self, world: World) -> None:
        self._world = world

    def begin(self, message: Sent, now: float) -> None:
        """Starts the life of an accepted message."""
        config = self._world.config
        if not config.statuses:
            return
        self._world.timeline.at(now + config.sent_delay.pick(self._world.chance), self._first, message)

    def start_now(self, message: Sent) -> None:
        """Lets the first status go out before the answer to the send; the planned one then finds nothing to do."""
        self._first(self._world.timeline.now(), message)

    def _first(self, due: float, message: Sent) -> None:
        if RANKS[message.status] >= RANKS["sent"]:
            return
        if message.error is not None:
            self.emit(message, "failed", due)
            return
        self.emit(message, "sent", due)
        customer = message.customer
        if message.stop_at == "sent" or customer.blocked:
            return
        if customer.offline:
            customer.waiting.append(message)
            return
        self.reach(message, due)

    def reach(self, message: Sent, now: float) -> None:
        """The message gets to the customer's device, as likely as configured."""
        world, config = self._world, self._world.config
        if message.expires and now > message.expires:
            return  # past its time to live: Meta drops it without a word
        if config.p_failed and world.luck(config.p_failed):
            message.error = GraphError(config.failed_code)
            world.timeline.at(now + config.delivered_delay.pick(world.chance), self._fail, message)
        elif world.luck(config.p_delivered):
            world.timeline.at(now + config.delivered_delay.pick(world.chance), self._delivered, message)

    def _fail(self, due: float, message: Sent) -> None:
        self.emit(message, "failed", due)

    def _delivered(self, due: float, message: Sent) -> None:
        world, config = self._world, self._world.config
        if message.status == "failed":
            return
        will_read = message.stop_at != "delivered" and world.luck(config.p_read)
        skip = will_read and config.p_read_only > 0 and world.luck(config.p_read_only)
        late = will_read and config.p_late_delivered > 0 and world.luck(config.p_late_delivered)
        if not (skip or late):
            self.emit(message, "delivered", due)
        if will_read:
            read_at = due + config.read_delay.pick(world.chance)
            world.timeline.at(read_at, self._read, message)
            if late:
                world.timeline.at(read_at + 0.2, self._late, message, due)

    def _late(self, due: float, message: Sent, happened_at: float) -> None:
        self.emit(message, "delivered", happened_at)

    def _read(self, due: float, message: Sent) -> None:
        if message.status == "failed":
            return
        self.emit(message, "read", due)
        if message.voice:
            self._world.timeline.at(
                due + self._world.config.played_delay.pick(self._world.chance), self._played, message
            )

    def _played(self, due: float, message: Sent) -> None:
        self.emit(message, "played", due)

    def emit(self, message: Sent, status: str, at: float, error: GraphError | None = None) -> None:
        """Sends one status webhook now, dated `at`."""
        world = self._world
        priced = status == "sent" or (status in PRICED and RANKS[message.status] < RANKS["delivered"])
        if RANKS.get(status, 0) > RANKS[message.status]:
            message.status = status
        if error is not None:
            message.error = error
        if message.template is not None:
            message.template.count(status, at)
        style = world.config.status_contacts
        shown = (
            world.customers.contact(message.customer) if style == "all" or (style == "ok" and status in PRICED) else ""
        )
        number = message.number
        change = Change(
            number.waba.id,
            "messages",
            number.frame,
            "statuses",
            self._item(message, status, at, priced),
            shown,
            message.wamid,
        )
        world.webhooks.push(change, number)
        if world.config.p_duplicate and world.luck(world.config.p_duplicate):
            world.timeline.at(at + 0.1, self._again, change, message)

    def _again(self, due: float, change: Change, message: Sent) -> None:
        self._world.webhooks.push(change, message.number)

    def _item(self, message: Sent, status: str, at: float, priced: bool) -> str:
        world = self._world
        whom = world.customers.recipient(message.customer, by_phone=message.by_phone)
        more = f',"biz_opaque_callback_data":{quote(message.opaque)}' if message.opaque else ""
        if priced and message.kind != "reaction":
            more += pricing.members(message, status, world.config.version, at)
        if status == "failed" and message.error is not None:
            more += f',"errors":[{dumps(message.error.wire())}]'
        if message.number.identity_check:
            more += f',"recipient_identity_key_hash":"{message.customer.identity_hash}"'
        return f'{{"id":"{message.wamid}","status":"{status}","timestamp":{world.stamp(at)}{whom}{more}}}'
