"""What Meta does to accounts: quality, limits, throughput, restrictions, bans, preferences; each with its webhook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.durations import seconds
from pytake_cli.emulator.events import account_change
from pytake_cli.emulator.numbers import TIERS, Number
from pytake_cli.emulator.wire import Change, dumps
from pytake_cli.errors import InvalidData

if TYPE_CHECKING:
    from pytake_cli.emulator.customers import Customer
    from pytake_cli.emulator.world import World

QUALITIES = ("GREEN", "YELLOW", "RED", "UNKNOWN")
PREFERENCES = ("stop", "resume", "signup")


def _tell(world: World, number: Number, field: str, value: dict[str, Any]) -> None:
    world.webhooks.push(account_change(number.waba.id, field, value, world.timeline.now(), number.id))


def _one_of(value: Any, known: tuple[str, ...]) -> str:
    if str(value) not in known:
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "{value} is not one of {known}",
            fix="pytake emulator number -h",
            value=value,
            known=", ".join(known),
        )
    return str(value)


def set_quality(world: World, number: Number, value: Any) -> None:
    score = _one_of(value, QUALITIES)
    event = "FLAGGED" if score == "RED" else "UNFLAGGED"
    tell = (number.quality == "RED") != (score == "RED")
    number.quality = score
    if tell:
        shown = {"display_phone_number": number.digits, "event": event, "current_limit": number.waba.business.tier}
        _tell(world, number, "phone_number_quality_update", shown)


def set_tier(world: World, number: Number, value: Any) -> None:
    business = number.waba.business
    old, business.tier = business.tier, _one_of(value, tuple(TIERS))
    limit = TIERS[business.tier]
    up = limit < 0 or 0 <= TIERS[old] < limit
    capability = {
        "max_daily_conversations_per_business": limit,
        "max_phone_numbers_per_waba": 25,
        "max_phone_numbers_per_business": 100,
    }
    _tell(world, number, "business_capability_update", capability)
    shown = {"display_phone_number": number.digits, "event": "UPGRADE" if up else "DOWNGRADE", "old_limit": old}
    _tell(world, number, "phone_number_quality_update", shown | {"current_limit": business.tier})


def set_throughput(world: World, number: Number, value: Any) -> None:
    old, number.throughput = number.throughput, int(value)
    if number.throughput >= 1000 > old:
        shown = {
            "display_phone_number": number.digits,
            "event": "THROUGHPUT_UPGRADE",
            "current_limit": number.waba.business.tier,
        }
        _tell(world, number, "phone_number_quality_update", shown)


def set_restriction(world: World, number: Number, value: Any) -> None:
    """`TYPE` or `TYPE:duration`, such as `RESTRICTED_BIZ_INITIATED_MESSAGING:3d`; empty lifts all."""
    waba, now = number.waba, world.timeline.now()
    if not value:
        waba.restrictions.clear()
        return
    kind, _, duration = str(value).partition(":")
    end = now + seconds(duration or "1d")
    waba.restrictions[kind] = end
    _tell(world, number, "account_update", {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}})
    info = [{"restriction_type": kind, "expiration": int(end)}]
    _tell(world, number, "account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": info})


def set_ban(world: World, number: Number, value: Any) -> None:
    """True disables the account, False reinstates it, `schedule` announces it."""
    state = "SCHEDULE_FOR_DISABLE" if value == "schedule" else "DISABLE" if value else "REINSTATE"
    number.waba.banned = state == "DISABLE"
    day = datetime.fromtimestamp(world.timeline.now(), UTC)
    info = {"waba_ban_state": state, "waba_ban_date": f"{day:%B} {day.day}, {day.year}"}
    _tell(world, number, "account_update", {"event": "DISABLED_UPDATE", "ban_info": info})


def set_name(world: World, number: Number, value: Any) -> None:
    number.verified_name = str(value)
    shown = {
        "display_phone_number": number.digits,
        "decision": "APPROVED",
        "requested_verified_name": str(value),
        "rejection_reason": None,
    }
    _tell(world, number, "phone_number_name_update", shown)


def set_username(world: World, number: Number, value: Any) -> None:
    number.username = str(value or "")
    status = "approved" if value else "deleted"
    shown = {"display_phone_number": number.digits, "status": status} | ({"username": number.username} if value else {})
    _tell(world, number, "business_username_update", shown)


def set_standby(world: World, number: Number, value: Any) -> None:
    """Meta Business Agent takes the number's conversations, or gives them back."""
    number.standby = bool(value)
    for customer in world.customers.by_wa_id.values():
        customer.pair(number.id).handler = ""


def set_payment_problem(world: World, number: Number, value: Any) -> None:
    number.payment_problem = bool(value)


def set_maintenance(world: World, number: Number, value: Any) -> None:
    number.maintenance = bool(value)


def set_registered(world: World, number: Number, value: Any) -> None:
    number.registered = bool(value)


def set_identity_check(world: World, number: Number, value: Any) -> None:
    number.identity_check = bool(value)


def set_status(world: World, number: Number, value: Any) -> None:
    number.status = str(value)


CHANGES: dict[str, Callable[[World, Number, Any], None]] = {
    "quality": set_quality,
    "tier": set_tier,
    "throughput": set_throughput,
    "restriction": set_restriction,
    "ban": set_ban,
    "name": set_name,
    "username": set_username,
    "standby": set_standby,
    "payment_problem": set_payment_problem,
    "maintenance": set_maintenance,
    "registered": set_registered,
    "identity_check": set_identity_check,
    "status": set_status,
}


def prefer(world: World, number: Number, customer: Customer, value: str) -> None:
    """The customer stops, resumes or signs up for marketing; told by `user_preferences`."""
    _one_of(value, PREFERENCES)
    customer.stopped_marketing = value == "stop"
    mode = world.customers.mode(customer)
    details = {
        "stop": "User requested to stop marketing messages",
        "resume": "User requested to resume marketing messages",
    }
    entry: dict[str, Any] = {} if mode in ("bsuid", "bsuid_from") else {"wa_id": customer.wa_id}
    if mode != "phone":
        entry["user_id"] = customer.user_id
    entry |= {
        "detail": details.get(value, "User signed up for marketing messages"),
        "category": "marketing_messages",
        "value": value,
        "timestamp": int(world.timeline.now()),
    }
    if value == "signup":
        entry["signup_id"] = world.ids.number()
    change = Change(
        number.waba.id,
        "user_preferences",
        number.frame,
        "user_preferences",
        dumps(entry),
        world.customers.contact(customer),
        customer.wa_id,
    )
    world.webhooks.push(change, number)
