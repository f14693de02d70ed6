"""Sends, read receipts, and what Graph tells about sends afterwards."""

from __future__ import annotations

from typing import Any

from pytake_cli.emulator.errors import GraphError, bad_value, unknown_object
from pytake_cli.emulator.graph.call import SUCCESS, Call
from pytake_cli.emulator.graph.fields import page
from pytake_cli.emulator.numbers import Number
from pytake_cli.emulator.sending import handle
from pytake_cli.emulator.sent import RANKS


def number_of(call: Call) -> Number:
    number = call.world.numbers.get(call.node)
    if number is None:
        raise unknown_object(call.node, call.method)
    return number


async def send(call: Call) -> dict[str, Any]:
    return await _send(call, marketing=False)


async def send_marketing(call: Call) -> dict[str, Any]:
    return await _send(call, marketing=True)


async def _send(call: Call, *, marketing: bool) -> dict[str, Any]:
    world = call.world
    answer, message = handle(world, number_of(call), await call.json(), marketing=marketing)
    call.message = message
    if message is not None and world.faults.rules:
        fault = world.faults.pick(("fail",), call.edge, call.node, message.customer.wa_id)
        message.error = GraphError(fault.code) if fault is not None else message.error
    return answer


async def history(call: Call) -> dict[str, Any]:
    """`GET /{number}/message_history?message_id=…`"""
    (wamid,) = await call.required("message_id")
    message = call.world.sent.get(wamid)
    if message is None or message.number is not number_of(call):
        raise bad_value(f"Message ID {wamid} is not valid.")
    reached = RANKS[message.status]
    steps = ["ACCEPTED"] + [name.upper() for name in ("sent", "delivered", "read") if RANKS[name] <= reached]
    events = [
        {"delivery_status": step, "timestamp": int(message.at), "webhook_update_state": "DELIVERED"} for step in steps
    ]
    return page(call, [{"id": wamid, "message_id": wamid, "events": events}])


async def thread_control(call: Call) -> dict[str, Any]:
    """Hands a conversation back to Meta Business Agent, or takes it."""
    parameters = await call.parameters()
    number = number_of(call)
    customer = call.world.customers.find(str(parameters.get("to") or parameters.get("recipient") or ""))
    if customer is None:
        raise bad_value("The conversation does not exist.")
    action = parameters.get("action")
    if action not in ("release", "pass", "take"):
        raise bad_value("Param action must be one of {release, pass, take}.")
    customer.pair(number.id).handler = "app" if action == "take" else ""
    return SUCCESS
