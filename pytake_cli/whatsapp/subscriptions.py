"""Which webhooks come, and where to: the app's fields, the account's subscription, overrides of address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.fields import tables
from pytake_cli.whatsapp.limits import web_address, words

# every field that PyTake stores or acts on; `standby` and `messaging_handovers` are missing in Meta's own lists
FIELDS = (
    "messages", "standby", "messaging_handovers", "message_template_status_update", "message_template_quality_update",
    "message_template_components_update", "template_category_update", "phone_number_quality_update",
    "phone_number_name_update", "business_capability_update", "account_update", "account_alerts",
    "account_review_update", "security", "user_preferences", "calls", "flows", "history", "smb_app_state_sync",
    "smb_message_echoes", "business_username_update",
)  # fmt: skip
_ADDRESS = 200  # characters of an override


async def subscribe(
    graph: Graph, waba_id: str, *, callback_url: str | None = None, verify_token: str | None = None
) -> None:
    """Has the account's webhooks sent to this app; with an address, there instead of to the app's own."""
    request = None
    if callback_url is not None:
        request = _override(callback_url, verify_token)
    await graph.call("POST", f"{waba_id}/subscribed_apps", json=request)


async def subscriptions(graph: Graph, waba_id: str) -> list[dict[str, Any]]:
    """The apps that get the account's webhooks: [{"whatsapp_business_api_data": {"id", "name", "link"}, …}]."""
    return tables((await graph.call("GET", f"{waba_id}/subscribed_apps")).get("data"))


async def unsubscribe(graph: Graph, waba_id: str) -> None:
    """Ends the account's webhooks to this app."""
    await graph.call("DELETE", f"{waba_id}/subscribed_apps")


async def subscribe_app(
    app_graph: Graph, app_id: str, callback_url: str, verify_token: str, fields: Sequence[str] = FIELDS
) -> None:
    """Sets the app's own address and fields; `app_graph` holds the app's token, `APP_ID|APP_SECRET`."""
    request = {
        "object": "whatsapp_business_account",
        "callback_url": web_address("callback_url", callback_url),
        "verify_token": words("verify_token", verify_token, 500),
        "fields": ",".join(fields),
    }
    await app_graph.call("POST", f"{app_id}/subscriptions", json=request)


async def set_number_webhook(graph: Graph, phone_number_id: str, callback_url: str, verify_token: str) -> None:
    """Sends one number's message webhooks elsewhere; Meta asks the address at once."""
    request = {"webhook_configuration": _override(callback_url, verify_token)}
    await graph.call("POST", phone_number_id, json=request)


async def clear_number_webhook(graph: Graph, phone_number_id: str) -> None:
    """Ends the number's own address."""
    await graph.call("POST", phone_number_id, json={"webhook_configuration": {"override_callback_uri": ""}})


def _override(callback_url: str, verify_token: str | None) -> dict[str, str]:
    return {
        "override_callback_uri": web_address("override_callback_uri", callback_url, _ADDRESS),
        "verify_token": words("verify_token", verify_token, 500),
    }
