"""Business numbers at Meta: their state, registration, settings, username, automation and commerce."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

from pytake_cli.errors import InvalidData
from pytake_cli.whatsapp.accounts import Health, account, debug_token, health, owned_accounts, read_health
from pytake_cli.whatsapp.blocklist import BlockResult, Refused, block, blocked, unblock
from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.failures import Answer, unclear
from pytake_cli.whatsapp.fields import table, tables, word
from pytake_cli.whatsapp.limits import fail, label, listing, one_of, shown, words
from pytake_cli.whatsapp.outgoing import Address, without_none
from pytake_cli.whatsapp.profiles import VERTICALS, get_profile, set_profile
from pytake_cli.whatsapp.qr_codes import QrCode, create_qr, delete_qr, get_qr, list_qr, update_qr
from pytake_cli.whatsapp.subscriptions import (
    FIELDS,
    clear_number_webhook,
    set_number_webhook,
    subscribe,
    subscribe_app,
    subscriptions,
    unsubscribe,
)

__all__ = [
    "FIELDS",
    "VERTICALS",
    "BlockResult",
    "Health",
    "Phone",
    "QrCode",
    "Refused",
    "account",
    "add",
    "block",
    "blocked",
    "clear_number_webhook",
    "create_qr",
    "debug_token",
    "delete_qr",
    "delete_username",
    "deregister",
    "every",
    "get",
    "get_commerce",
    "get_profile",
    "get_qr",
    "get_settings",
    "get_username",
    "health",
    "list_qr",
    "message_history",
    "owned_accounts",
    "pass_control",
    "read",
    "read_health",
    "register",
    "request_code",
    "set_automation",
    "set_commerce",
    "set_display_name",
    "set_number_webhook",
    "set_pin",
    "set_profile",
    "set_settings",
    "set_username",
    "subscribe",
    "subscribe_app",
    "subscriptions",
    "unblock",
    "unsubscribe",
    "update_qr",
    "username_suggestions",
    "verify_code",
]

PHONE_FIELDS = (
    "id,display_phone_number,verified_name,quality_rating,code_verification_status,name_status,new_name_status,status,"
    "platform_type,throughput,account_mode,is_official_business_account,is_pin_enabled,is_on_biz_app,"
    "whatsapp_business_manager_messaging_limit,messaging_limit_tier,webhook_configuration,health_status,"
    "conversational_automation,last_onboarded_time,country_code"
)

# Meta's tiers -> people a day outside of windows; None is no limit
TIERS: dict[str, int | None] = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": None,
}
THROUGHPUT = {"STANDARD": 80, "HIGH": 1_000}  # messages per second
SHARED_THROUGHPUT = 20  # of a number that is also in the WhatsApp Business app
_PIN = re.compile(r"[0-9]{6}")
_COMMAND = re.compile(r"[A-Za-z0-9_]{1,30}")
_USERNAME = re.compile(r"(?!www)(?=.*[a-z])[a-z0-9_](?:[a-z0-9_]|\.(?!\.)){1,33}[a-z0-9_]")


@dataclass(frozen=True, slots=True)
class Phone:
    """A business number; `daily_limit` None means none, `rate_per_second` is Meta's ceiling for it."""

    id: str
    display: str
    verified_name: str
    status: str
    quality: str
    platform: str
    rate_per_second: int
    tier: str
    daily_limit: int | None
    is_on_biz_app: bool
    raw: dict[str, Any]


def read(raw: dict[str, Any]) -> Phone:
    """A number from Meta's object."""
    shared = raw.get("is_on_biz_app") is True
    level = word(table(raw.get("throughput")).get("level")) or "STANDARD"
    tier = word(raw.get("whatsapp_business_manager_messaging_limit")) or word(raw.get("messaging_limit_tier")) or ""
    return Phone(
        word(raw.get("id")) or "",
        word(raw.get("display_phone_number")) or "",
        word(raw.get("verified_name")) or "",
        word(raw.get("status")) or "",
        word(raw.get("quality_rating")) or "UNKNOWN",
        word(raw.get("platform_type")) or "",
        SHARED_THROUGHPUT if shared else THROUGHPUT.get(level, THROUGHPUT["STANDARD"]),
        tier,
        TIERS.get(tier, 250),
        shared,
        raw,
    )


async def get(graph: Graph, phone_number_id: str, fields: str = PHONE_FIELDS) -> Phone:
    """One number."""
    return read(await graph.call("GET", phone_number_id, params={"fields": fields}))


async def every(graph: Graph, waba_id: str, fields: str = PHONE_FIELDS) -> AsyncIterator[Phone]:
    """The numbers of an account."""
    async for raw in graph.pages(f"{waba_id}/phone_numbers", params={"fields": fields}):
        yield read(raw)


async def add(graph: Graph, waba_id: str, country_calling_code: str, number: str, verified_name: str) -> str:
    """Adds a number to the account; its id. It is to be verified and registered next."""
    request = {"cc": country_calling_code, "phone_number": number, "verified_name": verified_name}
    answer = await graph.call("POST", f"{waba_id}/phone_numbers", json=request)
    identity = word(answer.get("id"))
    if identity is None:
        raise unclear("Meta answered without a number id", Answer(200))
    return identity


async def request_code(graph: Graph, phone_number_id: str, method: Literal["SMS", "VOICE"], language: str) -> None:
    """Has Meta send or say the verification code."""
    request = {"code_method": method, "language": language}
    await graph.call("POST", f"{phone_number_id}/request_code", json=request)


async def verify_code(graph: Graph, phone_number_id: str, code: str) -> None:
    """Proves with the code that the number is ours."""
    digits = "".join(sign for sign in code if sign.isdigit())
    await graph.call("POST", f"{phone_number_id}/verify_code", json={"code": digits})


async def register(graph: Graph, phone_number_id: str, pin: str, *, region: str | None = None) -> None:
    """Opens the number for sending; sets the two-step PIN if there was none. At most 10 times in 72 h."""
    request = {"messaging_product": "whatsapp", "pin": _pin(pin), "data_localization_region": region}
    await graph.call("POST", f"{phone_number_id}/register", json=without_none(request))


async def deregister(graph: Graph, phone_number_id: str) -> None:
    """Closes the number for sending; counts as a registration."""
    await graph.call("POST", f"{phone_number_id}/deregister")


async def set_pin(graph: Graph, phone_number_id: str, pin: str) -> None:
    """Changes the two-step PIN."""
    await graph.call("POST", phone_number_id, json={"pin": _pin(pin)})


async def set_display_name(graph: Graph, phone_number_id: str, name: str) -> None:
    """Asks for another display name; Meta reviews it."""
    await graph.call("POST", phone_number_id, json={"new_display_name": words("new_display_name", name, 75)})


async def get_settings(graph: Graph, phone_number_id: str) -> dict[str, Any]:
    """Calling, identity check, encryption and storage settings."""
    return await graph.call("GET", f"{phone_number_id}/settings")


async def set_settings(graph: Graph, phone_number_id: str, settings: dict[str, Any]) -> None:
    """Changes one group of settings: {"user_identity_change": {"enable_identity_key_check": true}}."""
    await graph.call("POST", f"{phone_number_id}/settings", json=settings)


async def get_username(graph: Graph, phone_number_id: str) -> dict[str, Any]:
    """The business's username and its status."""
    return await graph.call("GET", f"{phone_number_id}/username")


async def set_username(graph: Graph, phone_number_id: str, username: str) -> dict[str, Any]:
    """Asks for a username: 3 to 35 of a-z, 0-9, dot and underscore."""
    if not _USERNAME.fullmatch(username) or username.endswith((".com", ".net", ".org", ".html")):
        raise InvalidData(
            "PT-WA-VALUE",
            "{username} cannot be a username",
            fix="3 to 35 characters of a-z, 0-9, . and _, with a letter, no dot at either end",
            username=repr(username[:60]),
        )
    return await graph.call("POST", f"{phone_number_id}/username", json={"username": username})


async def delete_username(graph: Graph, phone_number_id: str) -> None:
    """Gives the username up."""
    await graph.call("DELETE", f"{phone_number_id}/username")


async def username_suggestions(graph: Graph, phone_number_id: str) -> list[str]:
    """Usernames Meta would give."""
    answer = await graph.call("GET", f"{phone_number_id}/username_suggestions")
    found = answer.get("username_suggestions") or [
        name for one in tables(answer.get("data")) for name in one.get("username_suggestions", [])
    ]
    return [name for name in map(word, found if isinstance(found, list) else []) if name]


async def get_commerce(graph: Graph, phone_number_id: str) -> dict[str, Any]:
    """Whether cart and catalogue show."""
    found = tables((await graph.call("GET", f"{phone_number_id}/whatsapp_commerce_settings")).get("data"))
    return found[0] if found else {}


async def set_commerce(
    graph: Graph, phone_number_id: str, *, cart: bool | None = None, catalog: bool | None = None
) -> None:
    """Shows or hides cart and catalogue."""
    wishes = without_none({"is_cart_enabled": cart, "is_catalog_visible": catalog})
    params = {key: "true" if value else "false" for key, value in wishes.items()}
    await graph.call("POST", f"{phone_number_id}/whatsapp_commerce_settings", params=params)


async def set_automation(
    graph: Graph,
    phone_number_id: str,
    *,
    welcome: bool,
    prompts: list[str] | None = None,
    commands: list[tuple[str, str]] | None = None,
) -> None:
    """Welcome event, up to 4 ice breakers of 80 characters, up to 30 commands with their descriptions."""
    for index, prompt in enumerate(listing("prompts", prompts or [], 0, 4)):
        label(f"prompts[{index}]", prompt, 80)
    told = []
    for index, (name, description) in enumerate(listing("commands", commands or [], 0, 30)):
        if not _COMMAND.fullmatch(name):
            fail(f"commands[{index}].command_name", "1 to 30 letters, digits and _", shown(name))
        words(f"commands[{index}].command_description", description, 256)
        told.append({"command_name": name, "command_description": description})
    request = {"enable_welcome_message": welcome, "prompts": prompts or [], "commands": told}
    await graph.call("POST", f"{phone_number_id}/conversational_automation", json=request)


async def pass_control(
    graph: Graph, phone_number_id: str, to: Address, action: Literal["release", "pass", "take"], *, metadata: str = ""
) -> None:
    """Hands a conversation to Meta's agent or takes it back."""
    one_of("action", action, ("release", "pass", "take"))
    who = {key: value for key, value in to.fields().items() if key != "recipient_type"}
    request: dict[str, Any] = {"messaging_product": "whatsapp", **who, "action": action}
    if metadata:
        request["metadata"] = words("metadata", metadata, 2000)
    if action == "pass":
        request["control_pass"] = {"target_role": "ai_agent"}
    await graph.call("POST", f"{phone_number_id}/thread_control", json=request)


async def message_history(graph: Graph, phone_number_id: str, wamid: str) -> list[dict[str, Any]]:
    """What Meta says it did with a message and its webhooks; not every account may ask."""
    pages = graph.pages(f"{phone_number_id}/message_history", params={"message_id": wamid})
    return [one async for one in pages]


def _pin(pin: str) -> str:
    if not _PIN.fullmatch(pin):
        raise InvalidData("PT-WA-VALUE", "the PIN has six digits")
    return pin
