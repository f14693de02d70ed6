"""What happens to a send request: number, form, person, rules of its kind, rates; then it is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytake_cli.emulator import choices, pricing
from pytake_cli.emulator.customers import Customer, Pair
from pytake_cli.emulator.errors import GraphError, bad_value, invalid
from pytake_cli.emulator.fit import fit
from pytake_cli.emulator.judge import Request, judge
from pytake_cli.emulator.numbers import PAIR_BURST, PAIR_INTERVAL
from pytake_cli.emulator.phones import dialled
from pytake_cli.emulator.sent import Sent

if TYPE_CHECKING:
    from pytake_cli.emulator.numbers import Number
    from pytake_cli.emulator.world import World

WINDOW = 86_400.0  # seconds of customer service after the customer's last message
ENTRY_WINDOW = 3 * WINDOW  # free entry point
_MEDIA = frozenset({"image", "audio", "video", "document", "sticker"})


def handle(world: World, number: Number, body: Any, *, marketing: bool = False) -> tuple[dict[str, Any], Sent | None]:
    """The answer's body, and the accepted message unless it was a read receipt; raises GraphError for a refusal."""
    now = world.timeline.now()
    number.refuse_if_closed(now)
    request = judge(body, marketing=marketing)
    if request.kind == "read":
        return _read(world, request), None
    customer = _recipient(world, number, request)
    if world.config.magic:
        world.magic.refuse(customer.wa_id)
    message = Sent(world.ids.wamid(customer.wa_id), number, customer, request.kind, now)
    message.opaque = request.opaque
    message.by_phone = bool(request.to)
    pair = customer.pair(number.id)
    _check_kind(world, message, request, pair, marketing=marketing)
    _check_rates(world, number, pair, now)
    _check_window(world, message, pair, request)
    _check_person(world, message, request)
    return _accept(world, message, request, pair), message


def _read(world: World, request: Request) -> dict[str, Any]:
    if request.message_id not in world.received:
        raise bad_value(f"Message ID {request.message_id} is not valid.")
    return {"success": True}


def _recipient(world: World, number: Number, request: Request) -> Customer:
    if request.group:
        raise GraphError(131041, f"Group {request.to} does not exist.")
    if request.to:
        digits = dialled(request.to, number.display, world.customers.by_wa_id, world.config)
        if digits == number.digits:
            raise GraphError(131021, "The recipient and sender phone numbers are the same.")
        _check_allow_list(world, digits)
        return world.customers.get(digits)
    customer = world.customers.by_user_id(request.recipient)
    if customer is None:
        raise invalid("recipient", "is not a user of this business portfolio.")
    return customer


def _check_allow_list(world: World, digits: str) -> None:
    if world.config.test_mode and digits not in {entry.lstrip("+") for entry in world.config.allow_list[:5]}:
        raise GraphError(
            131030,
            "Recipient phone number not in allowed list: Add recipient phone number to recipient list and try again.",
        )


def _check_kind(world: World, message: Sent, request: Request, pair: Pair, *, marketing: bool) -> None:
    """The rules of each type that need more than the body: templates, media ids, reactions, direct send."""
    if request.kind == "template":
        template = fit(world, message.number.waba, request.content)
        message.template = template
        message.category = template.category.lower()
        _check_category(world, message, request, marketing=marketing)
        if template.ttl and template.ttl > 0:
            message.expires = message.at + template.ttl
    elif marketing:
        raise GraphError(131055, "Only template messages can be sent with this endpoint.")
    elif request.kind in _MEDIA:
        _check_media(world, message, request.content)
    elif request.kind == "reaction":
        message.stop_at = "sent"
        if request.content["message_id"] not in world.received:
            message.error = GraphError(
                131009, "The reaction's message_id is not a message of this user, or it is older than 30 days."
            )
    if request.category and request.kind != "template":
        if not world.config.direct_send:
            raise GraphError(
                100,
                "Direct Send isn't enabled for this account.",
                message="(#100) Direct Send isn't enabled for this account",
            )
        message.category = request.category


def _check_category(world: World, message: Sent, request: Request, *, marketing: bool) -> None:
    waba, now = message.number.waba, message.at
    if marketing and message.category != "marketing":
        raise GraphError(134100)
    if marketing:
        if not world.config.marketing_api:
            raise GraphError(134102)
        if message.template is not None and message.template.synced_at > now:
            raise GraphError(134101)
        message.category = "marketing_lite"
    elif message.category == "marketing" and not world.config.marketing_on_messages:
        raise GraphError(131063)
    if message.category == "authentication" and not request.to:
        raise GraphError(131062, "Authentication templates cannot be sent to a business-scoped user ID.")
    kinds = ["RESTRICTED_BIZ_INITIATED_MESSAGING"] + ["RESTRICTED_UTILITY_TEMPLATES"] * (message.category == "utility")
    if any(waba.restrictions.get(kind, 0.0) > now for kind in kinds):
        raise GraphError(368, "The WhatsApp Business Account is restricted from sending templates.")


def _check_media(world: World, message: Sent, content: dict[str, Any]) -> None:
    message.voice = bool(content.get("voice"))
    media_id = content.get("id")
    if media_id:
        medium = world.media.find(str(media_id))
        if medium is None or medium.number_id != message.number.id:
            raise invalid(f"{message.kind}['id']", "is not a valid whatsapp business account media attachment ID")
    else:
        message.link = str(content["link"])
        if ".invalid/" in message.link + "/":
            message.error = GraphError(131052, f"Media download failed: {message.link} could not be fetched.")


def _check_rates(world: World, number: Number, pair: Pair, now: float) -> None:
    config = world.config
    if config.limit_pairs:
        # an arrival further away than the burst is from before somebody set the clock back
        arrival = pair.arrival if now < pair.arrival <= now + (PAIR_BURST + 1) * PAIR_INTERVAL else now
        if arrival - now > (PAIR_BURST - 1) * PAIR_INTERVAL + 0.001:
            raise GraphError(131056, "Too many messages sent to the same recipient in a short time.")
        pair.arrival = arrival + PAIR_INTERVAL
    if config.limit_throughput and not number.take(now):
        raise GraphError(130429, "Cloud API message throughput has been reached.")


def _check_window(world: World, message: Sent, pair: Pair, request: Request) -> None:
    now = message.at
    message.in_window = now - pair.last_inbound < WINDOW
    if pair.referral_at and now - pair.referral_at < WINDOW:
        pair.entry_until, pair.referral_at = now + ENTRY_WINDOW, 0.0
    message.entry_point = now < pair.entry_until
    restrictions = message.number.waba.restrictions
    if restrictions.get("RESTRICTED_CUSTOMER_INITIATED_MESSAGING", 0.0) > now:
        raise GraphError(368, "The WhatsApp Business Account is restricted from sending any message.")
    if message.in_window:
        return
    if message.template is None and not request.category:
        error = GraphError(
            131047, "Message failed to send because more than 24 hours have passed since the customer last replied."
        )
        if world.config.window_errors == "sync":
            raise error
        message.error = message.error or error
    elif world.config.limit_tier and not message.number.waba.business.reach(message.customer.wa_id, now):
        message.error = GraphError(
            world.config.tier_code, "The portfolio's messaging limit of unique users in 24 hours is reached."
        )


def _check_person(world: World, message: Sent, request: Request) -> None:
    customer, number = message.customer, message.number
    if number.identity_check and request.identity_hash and request.identity_hash != customer.identity_hash:
        raise GraphError(137000)
    if message.error is not None:
        return
    if customer.wa_id in number.blocked:
        message.error = GraphError(131026, "The recipient is on the block list of this number.")
    elif customer.stopped_marketing and message.category.startswith("marketing"):
        message.error = GraphError(131050)
    elif message.category == "authentication" and customer.country == "IN":
        message.error = GraphError(131026)
    elif message.category.startswith("marketing") and customer.wa_id.startswith("1") and customer.country == "US":
        message.error = GraphError(131049)
    elif world.config.magic:
        message.error = world.magic.fail_later(customer.wa_id, message.category)


def _accept(world: World, message: Sent, request: Request, pair: Pair) -> dict[str, Any]:
    customer, template, now = message.customer, message.template, message.at
    pricing.settle(message, world.config)
    pair.handler = "app"
    if request.kind in ("interactive", "template"):
        message.choices = choices.of(request.kind, request.content, template)
        if message.choices:
            pair.last_sent = message
    if world.config.keep_bodies:
        message.body = {request.kind: request.content} | (
            {"context": {"message_id": request.context}} if request.context else {}
        )
    world.sent.add(message)
    world.ledger.add(message)
    world.counts["accepted"] += 1
    answer: dict[str, Any] = {"id": message.wamid}
    if template is not None:
        answer["message_status"] = "accepted"
        if message.error is None and world.luck(max(template.hold_share, world.config.p_held)):
            answer["message_status"] = "held_for_quality_assessment"
            world.templates.hold(template, message, now)
    if message.link and world.config.fetch_links and message.error is None:
        world.webhooks.fetch(message)
    elif message.status == "accepted":
        world.statuses.begin(message, now)
    if request.to:
        contact = {"input": request.to, "wa_id": customer.wa_id}
    else:
        contact = {"input": request.recipient, "user_id": customer.user_id}
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [answer]}
