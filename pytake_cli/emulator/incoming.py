"""Customers speak: every kind of incoming message of §3.3, as webhooks with all the trimmings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.customers import Customer
from pytake_cli.emulator.kinds import KINDS, Words
from pytake_cli.emulator.phones import strip
from pytake_cli.emulator.wire import Change, dumps
from pytake_cli.errors import InvalidData, NotFound

if TYPE_CHECKING:
    from pytake_cli.emulator.numbers import Number
    from pytake_cli.emulator.world import World

PERSONAL = ("name", "username", "user_id", "parent_user_id", "mode")
WITHOUT_WINDOW = frozenset({"system", "edit", "revoke"})  # kinds that do not open the service window

WITHOUT_CONTEXT = frozenset({"reaction", "edit", "revoke"})  # they name their target in their own object


@dataclass(slots=True)
class Said:
    """What happened: the message's id, who said it, and whether a webhook was due."""

    wamid: str
    customer: Customer
    number: Number
    message: dict[str, Any] = field(default_factory=dict)
    delivered: bool = True


def person(world: World, reference: str, values: dict[str, Any]) -> Customer:
    """The customer named by phone, BSUID, @username or name; a phone number makes a new one."""
    customer = world.customers.find(reference)
    if customer is None:
        bare = reference.strip()
        if not bare.strip("+0123456789 -()."):
            customer = world.customers.get(strip(bare, "contact")[0])
        else:
            raise NotFound(
                "PT-EMULATOR-CUSTOMER",
                "the emulator knows no customer {ref}",
                fix="pytake emulator customers",
                why="a phone number makes a new one",
                ref=reference,
            )
    changes = {name: values[name] for name in PERSONAL if values.get(name)}
    if changes:
        world.customers.change(customer, changes)
    return customer


def find_number(world: World, reference: str | None) -> Number:
    """A business number by id or digits; the first one without a reference."""
    if not reference:
        return world.first_number()
    digits = reference.lstrip("+")
    for number in world.numbers.values():
        if digits in (number.id, number.digits):
            return number
    raise NotFound(
        "PT-EMULATOR-NUMBER", "the emulator has no business number {ref}", fix="pytake emulator status", ref=reference
    )


def say(world: World, words: dict[str, Any]) -> Said:
    """Makes a customer say something to a business number; see README.md for the members of `words`."""
    number = find_number(world, words.get("number"))
    customer = person(world, str(words.get("contact", "")), words)
    kind = str(words.get("kind") or "text")
    if kind not in KINDS:
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "{kind} is not a kind of message; there are {kinds}",
            fix="pytake emulator say -h",
            kind=kind,
            kinds=", ".join(KINDS),
        )
    now = float(words.get("at") or world.timeline.now())
    wamid = str(words.get("wamid") or world.ids.wamid(customer.wa_id, outgoing=False))
    said = Said(wamid, customer, number)
    content = KINDS[kind](Words(world, number, customer, words, now))
    message = _frame(world, said, now, words) | content
    said.message = {name: value for name, value in (message | words.get("extra", {})).items() if value is not None}
    if customer.wa_id in number.blocked:
        said.delivered = False
        return said
    world.remember_received(wamid, customer.wa_id)
    _open_window(world, said, now, words)
    _tell(world, said, words)
    world.counts["said"] += 1
    return said


def _frame(world: World, said: Said, now: float, words: dict[str, Any]) -> dict[str, Any]:
    customer, mode = said.customer, world.customers.mode(said.customer)
    message: dict[str, Any] = {}
    if mode in ("phone", "both"):
        message["from"] = customer.wa_id
    elif mode == "bsuid_from":
        message["from"] = customer.user_id
    if mode != "phone":
        message["from_user_id"] = customer.user_id
        if customer.parent_user_id:
            message["from_parent_user_id"] = customer.parent_user_id
    if words.get("group_id"):
        message["group_id"] = words["group_id"]
    context = _context(said, words)
    if context:
        message["context"] = context
    message["id"] = said.wamid
    message["timestamp"] = _stamp(world, now)
    if words.get("referral"):
        message["referral"] = REFERRAL | (words["referral"] if isinstance(words["referral"], dict) else {})
    if said.number.identity_check:
        message["identity"] = {"acknowledged": True, "created_timestamp": int(now), "hash": customer.identity_hash}
    return message


def _context(said: Said, words: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if words.get("reply_to") and words.get("kind") not in WITHOUT_CONTEXT:
        context = {"from": said.number.digits, "id": words["reply_to"]}
    if words.get("forwarded"):
        context["frequently_forwarded" if words["forwarded"] == "frequently" else "forwarded"] = True
    if words.get("product"):
        catalog, _, product = str(words["product"]).rpartition(":")
        context |= {"from": said.number.digits, "id": said.wamid}
        context["referred_product"] = {"catalog_id": catalog or "194836987003835", "product_retailer_id": product}
    return context


REFERRAL: dict[str, Any] = {
    "source_url": "https://fb.me/3cr4Wqqkv",
    "source_id": "120226305854810726",
    "source_type": "ad",
    "headline": "Chat with us",
    "body": "Summer succulents are here!",
    "media_type": "image",
    "image_url": "https://scontent.xx.fbcdn.net/v/t45.1",
    "ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e",
    "welcome_message": {"text": "Hi there! Let us know how we can help!"},
}


def _stamp(world: World, at: float) -> Any:
    style = world.config.timestamps
    if style == "number":
        return int(at)
    return str(int(at)) if style == "string" else str(int(at * 1000))


def _open_window(world: World, said: Said, now: float, words: dict[str, Any]) -> None:
    if said.message.get("type") in WITHOUT_WINDOW or words.get("group_id"):
        return
    pair = said.customer.pair(said.number.id)
    pair.last_inbound = max(pair.last_inbound, now)
    if words.get("referral"):
        pair.referral_at = now
    if world.config.limit_throughput:
        said.number.take(now)  # the number's throughput counts both ways


def _tell(world: World, said: Said, words: dict[str, Any]) -> None:
    number, customer = said.number, said.customer
    standby = number.standby and customer.pair(number.id).handler != "app"
    frame = number.frame
    errors = words.get("value_errors") or (
        [MISSING_INNER] if said.message.get("type") == "interactive" and _is_hollow(said) else []
    )
    if errors:
        frame += f',"errors":{dumps(errors)}'
    if world.config.unknown_fields:
        frame += ',"novel_member":{"of":["another","day"]}'
        said.message["novel_member"] = {"since": 2027}
    contact = "" if _is_change_of_number(said) else _contact(world, said)
    change = Change(
        number.waba.id,
        "standby" if standby else "messages",
        frame,
        "messages",
        dumps(said.message),
        contact,
        subject=said.wamid,
    )
    world.webhooks.push(change, number)


MISSING_INNER = {"code": 131000, "title": "Something went wrong", "message": "Something went wrong"}


def _is_change_of_number(said: Said) -> bool:
    """Those system messages come without `contacts`."""
    return said.message.get("type") == "system" and "identity" not in said.message.get("system", {})


def _is_hollow(said: Said) -> bool:
    inner = said.message.get("interactive")
    return not inner or inner.get("type") not in inner


def _contact(world: World, said: Said) -> str:
    contact = world.customers.contact(said.customer)
    if not said.number.identity_check:
        return contact
    return f'{contact[:-1]},"identity_key_hash":{dumps(said.customer.identity_hash)}}}'
