"""Webhooks that are neither messages nor statuses: account fields, and a realistic sample of every other field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.wire import Change, dumps

if TYPE_CHECKING:
    from pytake_cli.emulator.customers import Customer
    from pytake_cli.emulator.numbers import Number
    from pytake_cli.emulator.world import World

Obj = dict[str, Any]
Maker = Callable[["World", "Number", "Customer"], Obj]


def account_change(entry_id: str, field: str, value: Obj, at: float, subject: str = "") -> Change:
    """One update of an account, template or number field, with the entry's time."""
    return Change(entry_id, field, dumps(value)[1:-1], subject=subject or field, entry_time=int(at))


def _framed(number: Number, value: Obj) -> Obj:
    metadata = {"display_phone_number": number.digits, "phone_number_id": number.id}
    return {"messaging_product": "whatsapp", "metadata": metadata} | value


def _contact(customer: Customer) -> Obj:
    return {"profile": {"name": customer.name}, "wa_id": customer.wa_id, "user_id": customer.user_id}


def _now(world: World) -> int:
    return int(world.timeline.now())


def _echo(world: World, number: Number, customer: Customer) -> Obj:
    echo = {
        "from": number.digits,
        "to": customer.wa_id,
        "to_user_id": customer.user_id,
        "id": world.ids.wamid(customer.wa_id),
        "timestamp": str(_now(world)),
        "type": "text",
        "text": {"body": "Respondi pelo aplicativo."},
    }
    return _framed(number, {"contacts": [_contact(customer)], "message_echoes": [echo]})


def _state_sync(world: World, number: Number, customer: Customer) -> Obj:
    contact = {"full_name": customer.name, "first_name": customer.name.split()[0], "phone_number": customer.wa_id}
    entry = {"type": "contact", "contact": contact, "action": "add", "metadata": {"timestamp": str(_now(world))}}
    return _framed(number, {"state_sync": [entry]})


def _history(world: World, number: Number, customer: Customer) -> Obj:
    message = {
        "from": customer.wa_id,
        "id": world.ids.wamid(customer.wa_id, outgoing=False),
        "timestamp": str(_now(world) - 86_400),
        "type": "text",
        "text": {"body": "Mensagem antiga"},
        "history_context": {"status": "READ"},
    }
    chunk = {
        "metadata": {"phase": 0, "chunk_order": 1, "progress": 100},
        "threads": [{"id": customer.wa_id, "messages": [message]}],
    }
    return _framed(number, {"history": [chunk]})


def _calls(world: World, number: Number, customer: Customer) -> Obj:
    customer.pair(number.id).last_inbound = world.timeline.now()  # a call opens the service window as well
    call = {
        "id": "wacid." + world.ids.token(32),
        "from": customer.wa_id,
        "to": number.digits,
        "event": "connect",
        "timestamp": str(_now(world)),
        "direction": "USER_INITIATED",
        "session": {"sdp_type": "offer", "sdp": "v=0"},
    }
    return _framed(number, {"contacts": [_contact(customer)], "calls": [call]})


def _group(kind: str) -> Maker:
    def make(world: World, number: Number, customer: Customer) -> Obj:
        group: Obj = {
            "timestamp": _now(world),
            "group_id": "Y2FwaV9ncm91cDo" + number.id,
            "type": kind,
            "request_id": world.ids.token(32),
        }
        if "participants" in kind:
            group["added_participants"] = [{"wa_id": customer.wa_id}]
        else:
            group["subject"] = "Clientes"
        return _framed(number, {"groups": [group]})

    return make


def _flows(world: World, number: Number, customer: Customer) -> Obj:
    return {
        "event": "FLOW_STATUS_CHANGE",
        "message": "Flow Webhook 1",
        "flow_id": world.ids.number(),
        "old_status": "DRAFT",
        "new_status": "PUBLISHED",
    }


def _automatic(world: World, number: Number, customer: Customer) -> Obj:
    event = {
        "id": world.ids.wamid(customer.wa_id, outgoing=False),
        "event_name": "LeadSubmitted",
        "timestamp": _now(world),
    }
    return _framed(number, {"automatic_events": [event | {"ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e"}]})


def _errors(world: World, number: Number, customer: Customer) -> Obj:
    error = {
        "code": 130429,
        "title": "Rate limit hit",
        "message": "Rate limit hit",
        "error_data": {
            "details": "Message failed to send because there were too many messages sent from this phone number"
        },
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }
    return _framed(number, {"errors": [error]})


def _plain(value: Obj) -> Maker:
    return lambda world, number, customer: dict(value)


def _of_number(value: Obj) -> Maker:
    return lambda world, number, customer: {"display_phone_number": number.digits, **value}


def _user_id_update(world: World, number: Number, customer: Customer) -> Obj:
    old = customer.user_id
    world.customers.move(customer, customer.wa_id)
    entry = {
        "wa_id": customer.wa_id,
        "detail": "user_id changed",
        "user_id": {"previous": old, "current": customer.user_id},
        "timestamp": _now(world),
    }
    return _framed(number, {"user_id_update": [entry]})


def _standby_echo(world: World, number: Number, customer: Customer) -> Obj:
    echo = _echo(world, number, customer)
    echo["message_echoes"][0]["text"] = {"body": "Sou o agente da Meta, posso ajudar?"}
    return echo


# field (or a name of our own for a second sample of it) -> field, maker of `value`
SAMPLES: dict[str, tuple[str, Maker]] = {
    "errors": ("messages", _errors),
    "smb_message_echoes": ("smb_message_echoes", _echo),
    "standby_echo": ("standby", _standby_echo),
    "messaging_handovers": (
        "messaging_handovers",
        lambda world, number, customer: _framed(number, {"control": "taken"}),
    ),
    "smb_app_state_sync": ("smb_app_state_sync", _state_sync),
    "history": ("history", _history),
    "calls": ("calls", _calls),
    "group_lifecycle_update": ("group_lifecycle_update", _group("group_create")),
    "group_participants_update": ("group_participants_update", _group("group_participants_add")),
    "group_settings_update": ("group_settings_update", _group("group_settings_update")),
    "group_status_update": ("group_status_update", _group("group_suspend")),
    "flows": ("flows", _flows),
    "automatic_events": ("automatic_events", _automatic),
    "account_alerts": (
        "account_alerts",
        lambda world, number, customer: {
            "entity_type": "PHONE_NUMBER",
            "entity_id": number.id,
            "alert_info": {
                "alert_severity": "INFORMATIONAL",
                "alert_status": "NONE",
                "alert_type": "OBA_APPROVED",
                "alert_description": "Your official business account is approved.",
            },
        },
    ),
    "account_review_update": ("account_review_update", _plain({"decision": "APPROVED"})),
    "account_deleted": ("account_update", _plain({"event": "ACCOUNT_DELETED"})),
    "partner_added": (
        "account_update",
        lambda world, number, customer: {
            "event": "PARTNER_ADDED",
            "waba_info": {"waba_id": number.waba.id, "owner_business_id": number.waba.business.id},
        },
    ),
    "volume_tier": (
        "account_update",
        lambda world, number, customer: {
            "event": "VOLUME_BASED_PRICING_TIER_UPDATE",
            "volume_tier_info": {
                "tier_update_time": _now(world),
                "pricing_category": "UTILITY",
                "tier": "25000001:50000000",
                "effective_month": "2026-11",
                "region": "Brazil",
            },
        },
    ),
    "pin_changed": ("security", _of_number({"event": "PIN_CHANGED", "requester": "5000000000001"})),
    "name_rejected": (
        "phone_number_name_update",
        _of_number({"decision": "REJECTED", "requested_verified_name": "Loja", "rejection_reason": "NAME_POLICY"}),
    ),
    "user_id_update": ("user_id_update", _user_id_update),
    "novel_field": ("quantum_updates", _plain({"entangled": True, "with": ["a", "b"]})),
}


def make_change(world: World, name: str, number: Number, customer: Customer, value: Obj | None) -> Change:
    """An update of any field: a sample of ours, changed or replaced by the members of `value`."""
    field, maker = SAMPLES.get(name, (name, _plain({})))
    members = maker(world, number, customer) | (value or {})
    if members.get("messaging_product"):
        return Change(number.waba.id, field, dumps(members)[1:-1], subject=name)
    # partner events carry the portfolio's id where the others have the WABA's
    entry_id = number.waba.business.id if "waba_info" in members else number.waba.id
    return account_change(entry_id, field, members, world.timeline.now(), name)


TEST_BODY: Obj = {
    "object": "whatsapp_business_account",
    "entry": [
        {
            "id": "0",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "messaging_product": "whatsapp",
                        "metadata": {"display_phone_number": "16505551111", "phone_number_id": "123456123"},
                        "contacts": [{"profile": {"name": "test user name"}, "wa_id": "16315551181"}],
                        "messages": [
                            {
                                "from": "16315551181",
                                "id": "ABGGFlA5Fpa",
                                "timestamp": "1504902988",
                                "type": "text",
                                "text": {"body": "this is a text message"},
                            }
                        ],
                    },
                }
            ],
        }
    ],
}  # what the dashboard's Test button sends
