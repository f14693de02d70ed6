"""Business numbers: fields, registration, codes, settings, username, profile, commerce and automation."""

from __future__ import annotations

import re
from typing import Any

from pytake_cli.emulator.errors import GraphError, bad_value, invalid
from pytake_cli.emulator.graph.call import SUCCESS, Call
from pytake_cli.emulator.graph.fields import page, select
from pytake_cli.emulator.graph.messages import number_of
from pytake_cli.emulator.graph.webhooks import number_override, webhook_configuration
from pytake_cli.emulator.health import health
from pytake_cli.emulator.numbers import DAY, Number
from pytake_cli.emulator.phones import calling_code, country_of

DEFAULT = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "webhook_configuration",
    "id",
)
CODE = "123456"  # the code that SMS and calls bring
REGISTRATIONS = 10  # per 72 hours
VERTICALS = frozenset(
    {
        "UNDEFINED",
        "OTHER",
        "AUTO",
        "BEAUTY",
        "APPAREL",
        "EDU",
        "ENTERTAIN",
        "EVENT_PLAN",
        "FINANCE",
        "GROCERY",
        "GOVT",
        "HOTEL",
        "HEALTH",
        "NONPROFIT",
        "PROF_SERVICES",
        "RETAIL",
        "TRAVEL",
        "RESTAURANT",
        "NOT_A_BIZ",
        "ALCOHOL",
        "ONLINE_GAMBLING",
        "PHYSICAL_GAMBLING",
        "OTC_DRUGS",
        "MATRIMONY_SERVICE",
    }
)
PROFILE_LIMITS = {"about": 139, "address": 256, "description": 512, "email": 128}
_USERNAME = re.compile(r"(?!www)(?=.*[a-z])(?!.*\.\.)[a-z0-9_][a-z0-9._]{1,33}[a-z0-9_]")


def pretty(display: str) -> str:
    return display if display.startswith("+") else "+" + display


def node(call: Call, number: Number) -> dict[str, Any]:
    """Every field of a phone number node."""
    return {
        "id": number.id,
        "display_phone_number": pretty(number.display),
        "verified_name": number.verified_name,
        "quality_rating": number.quality,
        "quality_score": {"score": number.quality},
        "code_verification_status": "VERIFIED" if number.verified else "NOT_VERIFIED",
        "name_status": "APPROVED",
        "new_name_status": "NONE",
        "status": number.status if number.registered else "PENDING",
        "platform_type": "CLOUD_API" if number.registered else "NOT_APPLICABLE",
        "throughput": {"level": "HIGH" if number.throughput >= 1000 else "STANDARD"},
        "account_mode": "SANDBOX" if call.world.config.test_mode else "LIVE",
        "is_official_business_account": False,
        "is_pin_enabled": bool(number.pin),
        "is_on_biz_app": False,
        "is_preverified_number": False,
        "search_visibility": "NON_VISIBLE",
        "host_platform": "CLOUD_API",
        "whatsapp_business_manager_messaging_limit": number.waba.business.tier,
        "messaging_limit_tier": number.waba.business.tier,
        "webhook_configuration": webhook_configuration(call.world, number),
        "health_status": health(call.world, number.waba, number),
        "conversational_automation": {"id": number.id, **number.automation} if number.automation else None,
        "last_onboarded_time": "2026-01-05T12:00:00+0000",
        "country_code": country_of(number.digits),
        "country_dial_code": calling_code(number.display),
        "certificate": "CmEKHQjw" + number.id,
        "new_certificate": None,
        "eligibility_for_api_business_global_search": "NON_ELIGIBLE_UNDEFINED_COUNTRY",
        "official_business_account": {"oba_status": "NOT_STARTED"},
        "username": number.username or None,
    }


async def show(call: Call) -> dict[str, Any]:
    return select(node(call, number_of(call)), call.query.get("fields"), DEFAULT)


async def of_waba(call: Call) -> dict[str, Any]:
    nodes = [node(call, number) for number in call.world.numbers.values() if number.waba.id == call.node]
    return page(call, nodes, DEFAULT)


async def add(call: Call) -> dict[str, Any]:
    """`POST /{waba}/phone_numbers`: a new number, not verified and not registered."""
    cc, digits = await call.required("cc", "phone_number")
    display = f"+{cc}{digits}"
    world = call.world
    if any(number.display == display for number in world.numbers.values()):
        raise GraphError(100, "The phone number is already registered to a WhatsApp account.", subcode=2388093)
    number = world.add_number(world.wabas[call.node], world.ids.number(), display)
    number.verified = number.registered = False
    number.verified_name = str((await call.parameters()).get("verified_name") or number.verified_name)
    return {"id": number.id}


async def update(call: Call) -> dict[str, Any]:
    """`POST /{number}`: PIN, display name, webhook override."""
    number, parameters = number_of(call), await call.parameters()
    if "webhook_configuration" in parameters:
        await number_override(call, number, parameters["webhook_configuration"])
    if "pin" in parameters:
        number.pin = _pin(parameters["pin"])
    if "new_display_name" in parameters:
        number.verified_name = str(parameters["new_display_name"])
    return SUCCESS


def _pin(value: Any) -> str:
    pin = str(value)
    if not re.fullmatch(r"\d{6}", pin):
        raise invalid("pin", "must be a six-digit number.")
    return pin


async def request_code(call: Call) -> dict[str, Any]:
    number = number_of(call)
    method, _ = await call.required("code_method", "language")
    if method not in ("SMS", "VOICE"):
        raise invalid("code_method", "must be one of {SMS, VOICE}.")
    if number.verified:
        raise GraphError(100, "The phone number is already verified.", subcode=136024)
    return SUCCESS


async def verify_code(call: Call) -> dict[str, Any]:
    (code,) = await call.required("code")
    if str(code) != CODE:
        raise GraphError(136025)
    number_of(call).verified = True
    return SUCCESS


async def register(call: Call) -> dict[str, Any]:
    number = number_of(call)
    _, pin = await call.required("messaging_product", "pin")
    pin = _pin(pin)
    _count_registration(call, number)
    if not number.verified:
        raise GraphError(133006)
    if number.pin and number.pin != pin:
        raise GraphError(133005)
    number.pin, number.registered, number.status = pin, True, "CONNECTED"
    return SUCCESS


async def deregister(call: Call) -> dict[str, Any]:
    number = number_of(call)
    _count_registration(call, number)
    number.registered, number.status = False, "DISCONNECTED"
    return SUCCESS


def _count_registration(call: Call, number: Number) -> None:
    recent = [at for at in number.registrations if at > call.now - 3 * DAY]
    if len(recent) >= REGISTRATIONS:
        raise GraphError(133016)
    number.registrations = [*recent, call.now]


async def show_settings(call: Call) -> dict[str, Any]:
    number = number_of(call)
    identity = {"enable_identity_key_check": number.identity_check}
    storage = {"status": "DEFAULT"}
    base = {"calling": {"status": "DISABLED"}, "user_identity_change": identity, "storage_configuration": storage}
    return base | number.settings


async def set_settings(call: Call) -> dict[str, Any]:
    number, parameters = number_of(call), await call.parameters()
    check = parameters.get("user_identity_change")
    if isinstance(check, dict):
        number.identity_check = bool(check.get("enable_identity_key_check"))
    number.settings |= {
        name: parameters[name]
        for name in ("calling", "payload_encryption", "storage_configuration")
        if name in parameters
    }
    return SUCCESS


async def show_username(call: Call) -> dict[str, Any]:
    number = number_of(call)
    return {"username": number.username, "status": "approved"} if number.username else {}


async def set_username(call: Call) -> dict[str, Any]:
    (username,) = await call.required("username")
    folded = str(username).lower().lstrip("@")
    if not _USERNAME.fullmatch(folded) or folded.endswith((".com", ".br", ".org", ".net")):
        raise GraphError(147001)
    number_of(call).username = folded
    return {"success": True, "username": folded, "status": "approved"}


async def delete_username(call: Call) -> dict[str, Any]:
    number_of(call).username = ""
    return SUCCESS


async def username_suggestions(call: Call) -> dict[str, Any]:
    plain = re.sub(r"[^a-z0-9]", "", number_of(call).verified_name.lower()) or "business"
    return {"data": [{"username_suggestions": [plain, f"{plain}.oficial", f"{plain}_br"]}]}


async def show_profile(call: Call) -> dict[str, Any]:
    number = number_of(call)
    profile = {"messaging_product": "whatsapp", **number.profile}
    fields = call.query.get("fields")
    names = [name.strip() for name in fields.split(",")] if fields else ["about", "messaging_product"]
    return {
        "data": [
            {name: profile[name] for name in names if profile.get(name) not in (None, "", [])}
            | {"messaging_product": "whatsapp"}
        ]
    }


async def set_profile(call: Call) -> dict[str, Any]:
    number, parameters = number_of(call), await call.parameters()
    await call.required("messaging_product")
    for name, limit in PROFILE_LIMITS.items():
        if name in parameters and len(str(parameters[name])) > limit:
            raise invalid(name, f"must be at most {limit} characters long.")
    if parameters.get("about") == "":
        raise invalid("about", "must be between 1 and 139 characters long.")
    websites = parameters.get("websites", [])
    if len(websites) > 2 or any(
        not str(one).startswith(("http://", "https://")) or len(str(one)) > 256 for one in websites
    ):
        raise invalid("websites", "must be at most 2 URLs with http:// or https://, each of at most 256 characters.")
    if parameters.get("vertical") and parameters["vertical"] not in VERTICALS:
        raise invalid("vertical", f"must be one of {{{', '.join(sorted(VERTICALS))}}}.")
    handle = parameters.get("profile_picture_handle")
    if handle:
        number.profile["profile_picture_url"] = f"https://pps.whatsapp.net/v/t61/{number.id}.jpg"
    known = (*PROFILE_LIMITS, "websites", "vertical")
    number.profile |= {name: parameters[name] for name in known if name in parameters}
    return SUCCESS


async def show_commerce(call: Call) -> dict[str, Any]:
    number = number_of(call)
    return {"data": [{"id": number.id, **number.commerce}]}


async def set_commerce(call: Call) -> dict[str, Any]:
    number, parameters = number_of(call), await call.parameters()
    for name in ("is_cart_enabled", "is_catalog_visible"):
        if name in parameters:
            number.commerce[name] = str(parameters[name]).lower() == "true"
    return SUCCESS


async def set_automation(call: Call) -> dict[str, Any]:
    """Welcome message, prompts and commands."""
    number, parameters = number_of(call), await call.parameters()
    prompts, commands = parameters.get("prompts") or [], parameters.get("commands") or []
    if len(prompts) > 4 or any(len(prompt) > 80 for prompt in prompts):
        raise invalid("prompts", "must be at most 4 texts of at most 80 characters.")
    if len(commands) > 30 or any(
        len(one.get("command_name", "")) > 32 or len(one.get("command_description", "")) > 256 for one in commands
    ):
        raise invalid("commands", "must be at most 30; names have at most 32 and descriptions at most 256 characters.")
    number.automation |= {
        name: parameters[name] for name in ("enable_welcome_message", "prompts", "commands") if name in parameters
    }
    return SUCCESS


async def set_encryption(call: Call) -> dict[str, Any]:
    (key,) = await call.required("business_public_key")
    if "BEGIN PUBLIC KEY" not in str(key):
        raise bad_value("business_public_key must be a PEM public key.")
    number_of(call).public_key = str(key)
    return SUCCESS


async def show_encryption(call: Call) -> dict[str, Any]:
    number = number_of(call)
    return (
        {"business_public_key": number.public_key, "business_public_key_signature_status": "VALID"}
        if number.public_key
        else {}
    )
