"""Subscriptions: the app's callback, WABA subscriptions, overrides per WABA and number, each with its handshake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.errors import GraphError, invalid
from pytake_cli.emulator.graph.call import SUCCESS, Call
from pytake_cli.emulator.subscriptions import FIELDS

if TYPE_CHECKING:
    from pytake_cli.emulator.numbers import Number, Waba
    from pytake_cli.emulator.world import World

OVERRIDE_LIMIT = 200  # characters of an override URL


def webhook_configuration(world: World, number: Number) -> dict[str, str] | None:
    found = {
        "application": world.subscriptions.callback_url,
        "whatsapp_business_account": number.waba.override_url,
        "phone_number": number.override_url,
    }
    return {name: url for name, url in found.items() if url} or None


async def _verify(call: Call, url: str, verify_token: str) -> None:
    """Saves nothing unless the callback answers the handshake."""
    if not url.startswith(("http://", "https://")):
        raise invalid("callback_url", "should represent a valid URL")
    if not await call.world.webhooks.handshake(url, verify_token):
        text = (
            "(#2200) Callback verification failed with the following errors: HTTP Status Code = 403; "
            "HTTP Message = Forbidden or the challenge was not returned"
        )
        raise GraphError(2200, text, message=text)
    call.world.webhooks.verified(url)


async def set_app(call: Call) -> dict[str, Any]:
    """`POST /{app}/subscriptions`."""
    kind, url, token = await call.required("object", "callback_url", "verify_token")
    if kind != "whatsapp_business_account":
        raise invalid("object", "must be whatsapp_business_account.")
    fields = (await call.parameters()).get("fields") or ["messages"]
    names = set(fields if isinstance(fields, list) else str(fields).split(","))
    unknown = names - FIELDS
    if unknown:
        raise invalid("fields", f"contains an unknown field: {', '.join(sorted(unknown))}.")
    await _verify(call, str(url), str(token))
    call.world.subscriptions.callback_url, call.world.subscriptions.fields = str(url), names
    return SUCCESS


async def show_app(call: Call) -> dict[str, Any]:
    subscriptions = call.world.subscriptions
    fields = [{"name": name, "version": call.world.config.version} for name in sorted(subscriptions.fields)]
    entry = {
        "object": "whatsapp_business_account",
        "callback_url": subscriptions.callback_url,
        "active": True,
        "fields": fields,
    }
    return {"data": [entry] if subscriptions.callback_url else []}


async def delete_app(call: Call) -> dict[str, Any]:
    call.world.subscriptions.callback_url = None
    return SUCCESS


async def subscribe_waba(call: Call) -> dict[str, Any]:
    """`POST /{waba}/subscribed_apps`; without a body it also removes an override."""
    waba, parameters = call.world.wabas[call.node], await call.parameters()
    url = parameters.get("override_callback_uri")
    if url:
        _check_length(str(url))
        await _verify(call, str(url), str(parameters.get("verify_token", "")))
    waba.subscribed, waba.override_url = True, str(url) if url else None
    return SUCCESS


def _check_length(url: str) -> None:
    if len(url) > OVERRIDE_LIMIT:
        raise invalid("override_callback_uri", f"must be at most {OVERRIDE_LIMIT} characters long.")


async def show_waba(call: Call) -> dict[str, Any]:
    return subscribed_apps(call.world, call.world.wabas[call.node])


def subscribed_apps(world: World, waba: Waba) -> dict[str, Any]:
    if not waba.subscribed:
        return {"data": []}
    app = {
        "id": world.app_id,
        "name": "PyTake Emulator App",
        "link": "https://www.facebook.com/games/?app_id=" + world.app_id,
    }
    entry: dict[str, Any] = {"whatsapp_business_api_data": app}
    return {"data": [entry | ({"override_callback_uri": waba.override_url} if waba.override_url else {})]}


async def unsubscribe_waba(call: Call) -> dict[str, Any]:
    waba = call.world.wabas[call.node]
    waba.subscribed, waba.override_url = False, None
    return SUCCESS


async def number_override(call: Call, number: Number, configuration: Any) -> None:
    """`webhook_configuration` of `POST /{number}`; an empty URL removes the override."""
    if not isinstance(configuration, dict):
        raise invalid("webhook_configuration", "must be a JSON object.")
    url = str(configuration.get("override_callback_uri") or "")
    if url:
        _check_length(url)
        await _verify(call, url, str(configuration.get("verify_token", "")))
    number.override_url = url or None
