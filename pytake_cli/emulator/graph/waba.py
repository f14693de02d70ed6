"""WhatsApp business accounts, portfolios, the app, tokens, and analytics from what really happened here."""

from __future__ import annotations

import re
from typing import Any

from pytake_cli.emulator.errors import GraphError, missing
from pytake_cli.emulator.graph.call import SUCCESS, Call
from pytake_cli.emulator.graph.fields import name_of, page, select, split
from pytake_cli.emulator.graph.webhooks import subscribed_apps
from pytake_cli.emulator.health import health
from pytake_cli.emulator.numbers import DAY, Waba

DEFAULT = ("id", "name", "currency", "timezone_id", "message_template_namespace")
ANALYTICS = frozenset({"analytics", "conversation_analytics", "pricing_analytics", "template_analytics"})
SCOPES = ["whatsapp_business_management", "whatsapp_business_messaging"]


def node(call: Call, waba: Waba) -> dict[str, Any]:
    business = {"id": waba.business.id, "name": waba.business.name}
    return {
        "id": waba.id,
        "name": waba.name,
        "timezone_id": waba.timezone_id,
        "currency": waba.currency,
        "country": waba.country,
        "message_template_namespace": f"{waba.id}_pytake",
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
        "ownership_type": "SELF",
        "on_behalf_of_business_info": {**business, "status": "APPROVED", "type": "SELF"},
        "owner_business": business,
        "owner_business_info": business,
        "primary_business_location": waba.country,
        "purchase_order_number": None,
        "health_status": health(call.world, waba, None),
        "marketing_messages_lite_api_status": "ONBOARDED" if call.world.config.marketing_api else "ELIGIBLE",
        "marketing_messages_onboarding_status": "ONBOARDED" if call.world.config.marketing_api else "ELIGIBLE",
        "is_enabled_for_insights": waba.insights,
        "disable_marketing_messages_on_cloud_api": not call.world.config.marketing_on_messages,
        "subscribed_apps": subscribed_apps(call.world, waba),
        "status": "DISABLED" if waba.banned else "ACTIVE",
        "whatsapp_business_manager_messaging_limit": waba.business.tier,
    }


async def show(call: Call) -> dict[str, Any]:
    """Fields, analytics included: `analytics.start(…).end(…).granularity(DAY)`."""
    waba = call.world.wabas[call.node]
    full = node(call, waba)
    for part in split(call.query.get("fields", "")):
        name, rest = name_of(part)
        if name in ANALYTICS:
            full[name] = analytics(call, waba, name, rest)
    return select(full, call.query.get("fields"), DEFAULT)


async def update(call: Call) -> dict[str, Any]:
    waba, parameters = call.world.wabas[call.node], await call.parameters()
    if "is_enabled_for_insights" in parameters:
        if str(parameters["is_enabled_for_insights"]).lower() != "true":
            raise GraphError(200006, "Template insights cannot be disabled.")
        waba.insights = True
    if "disable_marketing_messages_on_cloud_api" in parameters:
        off = str(parameters["disable_marketing_messages_on_cloud_api"]).lower() == "true"
        call.world.config.marketing_on_messages = not off
    waba.name = str(parameters.get("name") or waba.name)
    return SUCCESS


def _argument(rest: str, name: str, fallback: str = "") -> str:
    found = re.search(rf"\.{name}\(([^)]*)\)", rest)
    return found.group(1).strip("[]\"' ") if found else fallback


def analytics(call: Call, waba: Waba, name: str, rest: str) -> dict[str, Any]:
    """Counts of sent and delivered messages, by day, as the emulator remembers them."""
    start, end = (float(_argument(rest, edge, "0") or 0) for edge in ("start", "end"))
    if not start or not end:
        raise missing(f"{name}.start and .end")
    if name == "template_analytics":
        return _template_analytics(call, waba, start, end, _argument(rest, "template_ids"))
    days: dict[int, dict[str, int]] = {}
    for message in call.world.sent:
        if message.number.waba is waba and start <= message.at <= end:
            day = days.setdefault(int(message.at // DAY * DAY), {"sent": 0, "delivered": 0})
            day["sent"] += 1
            day["delivered"] += message.status in ("delivered", "read", "played")
    points = [{"start": day, "end": day + int(DAY)} | counts for day, counts in sorted(days.items())]
    if name == "analytics":
        numbers = [number.digits for number in call.world.numbers.values() if number.waba is waba]
        granularity = _argument(rest, "granularity", "DAY")
        return {"phone_numbers": numbers, "granularity": granularity, "data_points": points}
    key = "volume" if name == "pricing_analytics" else "conversation"
    shown = [{"start": one["start"], "end": one["end"], key: one["delivered"], "cost": 0} for one in points]
    return {"data": [{"data_points": shown}]}


def _template_analytics(call: Call, waba: Waba, start: float, end: float, ids: str) -> dict[str, Any]:
    if not waba.insights:
        raise GraphError(200007)
    points = []
    for template_id in [one.strip(" \"'") for one in ids.split(",") if one.strip()][:10]:
        template = call.world.templates.get(template_id)
        for day, counts in sorted(template.days.items()):
            if start <= day * DAY <= end:
                edges = {"template_id": template_id, "start": int(day * DAY), "end": int((day + 1) * DAY)}
                points.append(edges | {name: counts[name] for name in ("sent", "delivered", "read")} | {"clicked": []})
    return {"data": [{"granularity": "DAILY", "product_type": "cloud_api", "data_points": points}]}


async def template_analytics(call: Call) -> dict[str, Any]:
    """`GET /{waba}/template_analytics?start=…&end=…&template_ids=[…]`"""
    start, end, ids = await call.required("start", "end", "template_ids")
    return _template_analytics(call, call.world.wabas[call.node], float(start), float(end), str(ids).strip("[]"))


async def wabas_of_business(call: Call) -> dict[str, Any]:
    nodes = [node(call, waba) for waba in call.world.wabas.values() if waba.business.id == call.node]
    return page(call, nodes, ("id", "name", "currency", "timezone_id", "message_template_namespace"))


async def no_wabas(call: Call) -> dict[str, Any]:
    return page(call, [])


async def show_business(call: Call) -> dict[str, Any]:
    business = call.world.businesses[call.node]
    full = {
        "id": business.id,
        "name": business.name,
        "verification_status": "verified",
        "whatsapp_business_manager_messaging_limit": business.tier,
    }
    return select(full, call.query.get("fields"), ("id", "name"))


async def show_app(call: Call) -> dict[str, Any]:
    full = {
        "id": call.world.app_id,
        "name": "PyTake Emulator App",
        "category": "Messenger bots for business",
        "link": f"https://www.facebook.com/games/?app_id={call.world.app_id}",
    }
    return select(full, call.query.get("fields"), ("category", "link", "name", "id"))


async def show_me(call: Call) -> dict[str, Any]:
    return {"name": "PyTake Emulator System User", "id": "5000000000001"}


async def debug_token(call: Call) -> dict[str, Any]:
    (token,) = await call.required("input_token")
    world = call.world
    bad = token == "expired" or token in world.revoked  # noqa: S105
    targets = list(world.wabas)
    data: dict[str, Any] = {
        "app_id": world.app_id,
        "type": "SYSTEM_USER",
        "application": "PyTake Emulator App",
        "expires_at": 0,
        "data_access_expires_at": 0,
        "is_valid": not bad,
        "issued_at": 1767225600,
        "scopes": SCOPES,
        "granular_scopes": [{"scope": scope, "target_ids": targets} for scope in SCOPES],
        "user_id": "5000000000001",
    }
    if bad:
        text = "The session has been invalidated or has expired."
        data["error"] = {"code": 190, "message": text, "subcode": 463}
    return {"data": data}


async def access_token(call: Call) -> dict[str, Any]:
    """App tokens, and the exchange of an Embedded Signup code."""
    client_id, secret = await call.required("client_id", "client_secret")
    if str(client_id) != call.world.app_id or secret != call.world.config.app_secret:
        raise GraphError(1, message="Error validating client secret.")
    if call.query.get("grant_type") == "client_credentials":
        return {"access_token": f"{client_id}|emulator-app-token", "token_type": "bearer"}
    await call.required("code")
    return {"access_token": "EAAemulator" + call.world.ids.token(32), "token_type": "bearer"}
