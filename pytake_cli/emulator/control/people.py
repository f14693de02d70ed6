"""Control of the customers: what they say, what happens to messages for them, who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.customers import Customer
from pytake_cli.emulator.errors import GraphError
from pytake_cli.emulator.incoming import person, say
from pytake_cli.emulator.sent import Sent
from pytake_cli.errors import InvalidData, NotFound

if TYPE_CHECKING:
    from pytake_cli.emulator.world import World

Answer = dict[str, Any]
STATUSES = ("sent", "delivered", "read", "played", "failed", "deleted")
SETTABLE = (
    "name",
    "username",
    "user_id",
    "parent_user_id",
    "mode",
    "blocked",
    "offline",
    "stopped_marketing",
    "identity_hash",
    "country",
)


async def say_(world: World, arguments: Answer) -> Answer:
    """A customer says something; `times` repeats it."""
    times = int(arguments.get("times") or 1)
    last = say(world, arguments)
    wamids = [last.wamid]
    for _ in range(times - 1):
        last = say(world, arguments | {"wamid": None})
        wamids.append(last.wamid)
    return {
        "wamid": last.wamid,
        "wamids": wamids,
        "contact": describe(world, last.customer),
        "phone_number_id": last.number.id,
        "delivered": last.delivered,
        "receiver_answers": world.webhooks.receiver_answers(),
        "message": last.message,
    }


async def set_status(world: World, arguments: Answer) -> Answer:
    """Makes a status happen now: `message` is a wamid, an opaque text or `last`."""
    status = str(arguments.get("status"))
    if status not in STATUSES:
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "{status} is not a status; there are {known}",
            fix="pytake emulator deliver MESSAGE",
            status=status,
            known=", ".join(STATUSES),
        )
    message = find_message(world, str(arguments.get("message") or "last"))
    error = None
    if status == "failed":
        error = GraphError(int(arguments.get("code") or 131026), str(arguments.get("details") or ""))
    now = world.timeline.now()
    if status in ("delivered", "read") and message.status in ("accepted", "held"):
        world.statuses.emit(message, "sent", now)
    world.statuses.emit(message, status, now, error)
    return message.as_dict()


def find_message(world: World, reference: str) -> Sent:
    message = world.sent.find(reference)
    if message is None:
        raise NotFound(
            "PT-EMULATOR-MESSAGE", "the emulator accepted no message {ref}", fix="pytake emulator ledger", ref=reference
        )
    return message


async def list_customers(world: World, arguments: Answer) -> list[Answer]:
    return [describe(world, customer) for customer in world.customers.by_wa_id.values()]


async def set_customer(world: World, arguments: Answer) -> Answer:
    """Makes or changes a customer."""
    customer = person(world, str(arguments.get("contact", "")), {})
    world.customers.change(customer, {name: arguments[name] for name in SETTABLE if arguments.get(name) is not None})
    if arguments.get("offline") is False:
        waiting, customer.waiting = customer.waiting, []
        for message in waiting:
            world.statuses.reach(message, world.timeline.now())
    return describe(world, customer)


def describe(world: World, customer: Customer) -> Answer:
    return {
        "wa_id": customer.wa_id,
        "user_id": customer.user_id,
        "parent_user_id": customer.parent_user_id or None,
        "name": customer.name,
        "username": customer.username or None,
        "identity": world.customers.mode(customer),
        "blocked": customer.blocked,
        "offline": customer.offline,
        "stopped_marketing": customer.stopped_marketing,
        "windows": {
            number_id: {"last_inbound": pair.last_inbound or None, "entry_until": pair.entry_until or None}
            for number_id, pair in customer.pairs.items()
        },
    }
