"""The block list and QR codes of a number."""

from __future__ import annotations

from typing import Any

from pytake_cli.emulator.customers import Customer
from pytake_cli.emulator.errors import GraphError, bad_value, invalid, unknown_object
from pytake_cli.emulator.graph.call import SUCCESS, Call
from pytake_cli.emulator.graph.fields import page
from pytake_cli.emulator.graph.messages import number_of
from pytake_cli.emulator.phones import dialled
from pytake_cli.emulator.sending import WINDOW

BLOCK_LIMIT = 64_000
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _person(call: Call, entry: Any) -> tuple[str, Customer | None]:
    if not isinstance(entry, dict) or not (entry.get("user") or entry.get("user_id")):
        raise invalid("block_users", "must be a list of objects with user or user_id.")
    if entry.get("user"):
        text = str(entry["user"])
        world = call.world
        digits = dialled(text, number_of(call).display, world.customers.by_wa_id, world.config)
        return text, world.customers.find(digits)
    return str(entry["user_id"]), call.world.customers.by_user_id(str(entry["user_id"]))


def _shown(text: str, customer: Customer | None) -> dict[str, Any]:
    return {"input": text} | ({"wa_id": customer.wa_id} if customer else {})


def _failed(text: str, customer: Customer | None, details: str) -> dict[str, Any]:
    error = {"message": "Failed to block/unblock user", "code": 139100, "error_data": {"details": details}}
    return _shown(text, customer) | {"errors": [error]}


async def _change(call: Call, list_name: str, *, block: bool) -> dict[str, Any]:
    number = number_of(call)
    (entries,) = await call.required("block_users")
    done, failed = [], []
    for entry in entries if isinstance(entries, list) else [entries]:
        text, customer = _person(call, entry)
        wrote = customer is not None and call.now - customer.pair(number.id).last_inbound < WINDOW
        if block and (customer is None or not wrote):
            failed.append(_failed(text, customer, "The user has not messaged the business in the last 24 hours."))
        elif block and len(number.blocked) >= BLOCK_LIMIT:
            raise GraphError(139101)
        elif customer is None or (not block and customer.wa_id not in number.blocked):
            failed.append(_failed(text, customer, "The user is not blocked."))
        else:
            if block:
                number.blocked[customer.wa_id] = call.now
            else:
                del number.blocked[customer.wa_id]
            done.append(_shown(text, customer))
    lists: dict[str, Any] = {list_name: done} | ({"failed_users": failed} if failed else {})
    answer = {"messaging_product": "whatsapp", "block_users": lists}
    if failed:
        raise GraphError(139100, "Some users could not be blocked or unblocked.", extra=answer)
    return answer


async def block(call: Call) -> dict[str, Any]:
    return await _change(call, "added_users", block=True)


async def unblock(call: Call) -> dict[str, Any]:
    return await _change(call, "removed_users", block=False)


async def blocked(call: Call) -> dict[str, Any]:
    nodes = [{"messaging_product": "whatsapp", "wa_id": wa_id, "input": wa_id} for wa_id in number_of(call).blocked]
    return page(call, nodes)


def _qr_node(call: Call, code: str) -> dict[str, str]:
    number = number_of(call)
    entry = number.qr_codes.get(code)
    if entry is None:
        raise unknown_object(code, call.method)
    return {
        "code": code,
        "prefilled_message": entry["prefilled_message"],
        "deep_link_url": f"https://wa.me/message/{code}",
    }


def _image(call: Call, code: str, style: str) -> dict[str, str]:
    return {"qr_image_url": f"{call.base_url}/qr/{code}.{style.lower()}"} if style else {}


async def make_qr(call: Call) -> dict[str, Any]:
    """Creates a code, or changes the message of the one named by `code`."""
    number, parameters = number_of(call), await call.parameters()
    (message,) = await call.required("prefilled_message")
    if len(str(message)) > 140:
        raise invalid("prefilled_message", "must be at most 140 characters long.")
    style = str(parameters.get("generate_qr_image") or "")
    if style and style.upper() not in ("PNG", "SVG"):
        raise bad_value("generate_qr_image must be one of {PNG, SVG}.")
    code = str(parameters.get("code") or "")
    if code and code not in number.qr_codes:
        raise unknown_object(code, "post")
    if not code:
        chosen = call.world.ids.derive(f"qr:{call.world.ids.number()}")
        code = "".join(_ALPHABET[chosen >> 4 * index & 31] for index in range(14))
    number.qr_codes[code] = {"prefilled_message": str(message), "style": style}
    return _qr_node(call, code) | _image(call, code, style)


async def list_qr(call: Call) -> dict[str, Any]:
    style = (
        "PNG"
        if "format(PNG)" in call.query.get("fields", "")
        else "SVG"
        if "format(SVG)" in call.query.get("fields", "")
        else ""
    )
    return page(call, [_qr_node(call, code) | _image(call, code, style) for code in number_of(call).qr_codes])


async def show_qr(call: Call) -> dict[str, Any]:
    code = call.rest[0]
    style = (
        "PNG"
        if "format(PNG)" in call.query.get("fields", "")
        else "SVG"
        if "format(SVG)" in call.query.get("fields", "")
        else ""
    )
    return {"data": [_qr_node(call, code) | _image(call, code, style)]}


async def delete_qr(call: Call) -> dict[str, Any]:
    _qr_node(call, call.rest[0])
    del number_of(call).qr_codes[call.rest[0]]
    return SUCCESS
