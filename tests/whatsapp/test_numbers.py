"""Numbers, profiles, subscriptions, blocks and QR codes: where each call goes, what it says, what its answer means."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from pytake_cli.errors import InvalidData
from pytake_cli.whatsapp import numbers
from pytake_cli.whatsapp.client import Graph, GraphError
from pytake_cli.whatsapp.messages import Address
from tests.whatsapp.server import Asked, Handler, Server, always, in_turn, run

Call = Callable[[Graph], Awaitable[Any]]
ANA, BIA = Address("phone", "5511968184101"), Address("bsuid", "US.13491208655302741918")


async def _all(found: AsyncIterator[Any]) -> list[Any]:
    return [one async for one in found]


# call -> (method, path below the version, query, JSON body)
CALLS: dict[str, tuple[Call, str, str, dict[str, str], Any]] = {
    "add": (
        lambda graph: numbers.add(graph, "9", "55", "1140001234", "Loja"),
        "POST", "/9/phone_numbers", {}, {"cc": "55", "phone_number": "1140001234", "verified_name": "Loja"},
    ),
    "request_code": (
        lambda graph: numbers.request_code(graph, "1", "SMS", "pt_BR"),
        "POST", "/1/request_code", {}, {"code_method": "SMS", "language": "pt_BR"},
    ),
    "verify_code": (
        lambda graph: numbers.verify_code(graph, "1", "123-456"), "POST", "/1/verify_code", {}, {"code": "123456"}
    ),
    "register": (
        lambda graph: numbers.register(graph, "1", "123456", region="BR"),
        "POST", "/1/register", {}, {"messaging_product": "whatsapp", "pin": "123456", "data_localization_region": "BR"},
    ),
    "deregister": (lambda graph: numbers.deregister(graph, "1"), "POST", "/1/deregister", {}, None),
    "set_pin": (lambda graph: numbers.set_pin(graph, "1", "123456"), "POST", "/1", {}, {"pin": "123456"}),
    "set_display_name": (
        lambda graph: numbers.set_display_name(graph, "1", "Loja"), "POST", "/1", {}, {"new_display_name": "Loja"}
    ),
    "get_settings": (lambda graph: numbers.get_settings(graph, "1"), "GET", "/1/settings", {}, None),
    "set_settings": (
        lambda graph: numbers.set_settings(graph, "1", {"user_identity_change": {"enable_identity_key_check": True}}),
        "POST", "/1/settings", {}, {"user_identity_change": {"enable_identity_key_check": True}},
    ),
    "get_username": (lambda graph: numbers.get_username(graph, "1"), "GET", "/1/username", {}, None),
    "set_username": (
        lambda graph: numbers.set_username(graph, "1", "loja.sp"), "POST", "/1/username", {}, {"username": "loja.sp"}
    ),
    "delete_username": (lambda graph: numbers.delete_username(graph, "1"), "DELETE", "/1/username", {}, None),
    "username_suggestions": (
        lambda graph: numbers.username_suggestions(graph, "1"), "GET", "/1/username_suggestions", {}, None
    ),
    "get_commerce": (
        lambda graph: numbers.get_commerce(graph, "1"), "GET", "/1/whatsapp_commerce_settings", {}, None
    ),
    "set_commerce": (
        lambda graph: numbers.set_commerce(graph, "1", cart=True, catalog=False),
        "POST", "/1/whatsapp_commerce_settings", {"is_cart_enabled": "true", "is_catalog_visible": "false"}, None,
    ),
    "set_automation": (
        lambda graph: numbers.set_automation(
            graph, "1", welcome=True, prompts=["Oi?", "B", "C", "D"], commands=[("track", "Rastrear")]
        ),
        "POST", "/1/conversational_automation", {},
        {
            "enable_welcome_message": True,
            "prompts": ["Oi?", "B", "C", "D"],
            "commands": [{"command_name": "track", "command_description": "Rastrear"}],
        },
    ),
    "pass_control": (
        lambda graph: numbers.pass_control(graph, "1", BIA, "pass", metadata="x"),
        "POST", "/1/thread_control", {},
        {
            "messaging_product": "whatsapp",
            "recipient": BIA.value,
            "action": "pass",
            "metadata": "x",
            "control_pass": {"target_role": "ai_agent"},
        },
    ),
    "message_history": (
        lambda graph: numbers.message_history(graph, "1", "wamid.1"),
        "GET", "/1/message_history", {"message_id": "wamid.1"}, None,
    ),
    "set_profile": (
        lambda graph: numbers.set_profile(
            graph, "1", {"about": "Oi", "websites": ["https://a.b"], "vertical": "RETAIL"}
        ),
        "POST", "/1/whatsapp_business_profile", {},
        {"messaging_product": "whatsapp", "about": "Oi", "websites": ["https://a.b"], "vertical": "RETAIL"},
    ),
    "subscribe": (lambda graph: numbers.subscribe(graph, "9"), "POST", "/9/subscribed_apps", {}, None),
    "subscribe_elsewhere": (
        lambda graph: numbers.subscribe(graph, "9", callback_url="https://a.b/w", verify_token="v"),
        "POST", "/9/subscribed_apps", {}, {"override_callback_uri": "https://a.b/w", "verify_token": "v"},
    ),
    "subscriptions": (lambda graph: numbers.subscriptions(graph, "9"), "GET", "/9/subscribed_apps", {}, None),
    "unsubscribe": (lambda graph: numbers.unsubscribe(graph, "9"), "DELETE", "/9/subscribed_apps", {}, None),
    "subscribe_app": (
        lambda graph: numbers.subscribe_app(graph, "3", "https://a.b/w", "v", ("messages", "standby")),
        "POST", "/3/subscriptions", {},
        {
            "object": "whatsapp_business_account",
            "callback_url": "https://a.b/w",
            "verify_token": "v",
            "fields": "messages,standby",
        },
    ),
    "set_number_webhook": (
        lambda graph: numbers.set_number_webhook(graph, "1", "https://a.b/w", "v"),
        "POST", "/1", {}, {"webhook_configuration": {"override_callback_uri": "https://a.b/w", "verify_token": "v"}},
    ),
    "clear_number_webhook": (
        lambda graph: numbers.clear_number_webhook(graph, "1"),
        "POST", "/1", {}, {"webhook_configuration": {"override_callback_uri": ""}},
    ),
    "debug_token": (
        lambda graph: numbers.debug_token(graph, "t"), "GET", "/debug_token", {"input_token": "t"}, None
    ),
    "block": (
        lambda graph: numbers.block(graph, "1", [ANA, BIA]),
        "POST", "/1/block_users", {},
        {"messaging_product": "whatsapp", "block_users": [{"user": "+5511968184101"}, {"user_id": BIA.value}]},
    ),
    "unblock": (
        lambda graph: numbers.unblock(graph, "1", [ANA]),
        "DELETE", "/1/block_users", {}, {"messaging_product": "whatsapp", "block_users": [{"user": "+5511968184101"}]},
    ),
    "create_qr": (
        lambda graph: numbers.create_qr(graph, "1", "Oi", "SVG"),
        "POST", "/1/message_qrdls", {}, {"prefilled_message": "Oi", "generate_qr_image": "SVG"},
    ),
    "update_qr": (
        lambda graph: numbers.update_qr(graph, "1", "ANED2T5QRU7HG1", "Oi"),
        "POST", "/1/message_qrdls", {}, {"code": "ANED2T5QRU7HG1", "prefilled_message": "Oi"},
    ),
    "get_qr": (
        lambda graph: numbers.get_qr(graph, "1", "ANED2T5QRU7HG1"),
        "GET", "/1/message_qrdls/ANED2T5QRU7HG1", {}, None,
    ),
    "delete_qr": (
        lambda graph: numbers.delete_qr(graph, "1", "ANED2T5QRU7HG1"),
        "DELETE", "/1/message_qrdls/ANED2T5QRU7HG1", {}, None,
    ),
}  # fmt: skip


async def _asked(call: Callable[[Graph], Awaitable[Any]], answer: Handler) -> tuple[Any, list[Asked]]:
    async with Server(answer) as server, Graph("t", url=server.url) as graph:
        return await call(graph), server.asked


@pytest.mark.parametrize("name", sorted(CALLS))
def test_each_call_goes_where_meta_has_it_with_the_body_meta_wants(name: str) -> None:
    call, method, path, query, body = CALLS[name]
    _, [asked] = run(_asked(call, always({"success": True, "id": "1"})))
    assert (asked.method, asked.path, asked.query) == (method, f"/v25.0{path}", query)
    assert (asked.json if asked.body else None) == body


def test_a_number_tells_its_ceilings() -> None:
    raw = {
        "id": 1,
        "display_phone_number": "+55 11 4000-1234",
        "status": "CONNECTED",
        "throughput": {"level": "HIGH"},
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
    }
    phone, [asked] = run(_asked(lambda graph: numbers.get(graph, "1"), always(raw)))
    assert (phone.id, phone.rate_per_second, phone.daily_limit, phone.quality) == ("1", 1000, 2000, "UNKNOWN")
    assert "health_status" in asked.query["fields"]
    assert numbers.read({"is_on_biz_app": True, "throughput": {"level": "HIGH"}}).rate_per_second == 20
    assert numbers.read({"messaging_limit_tier": "TIER_UNLIMITED"}).daily_limit is None
    assert numbers.read({}).daily_limit == 250
    assert numbers.read({}).rate_per_second == 80


def test_the_numbers_of_an_account_come_page_after_page() -> None:
    page = {"data": [{"id": "1"}], "paging": {"next": "https://x/v25.0/9/phone_numbers?after=A"}}
    phones, _ = run(_asked(lambda graph: _all(numbers.every(graph, "9")), in_turn(page, {"data": [{"id": "2"}]})))
    assert [phone.id for phone in phones] == ["1", "2"]


def test_a_mixed_block_is_a_result_and_not_an_error() -> None:
    answer = {
        "error": {"message": "(#139100)", "type": "OAuthException", "code": 139100},
        "block_users": {
            "added_users": [{"input": "+5511968184101", "wa_id": "5511968184101"}],
            "failed_users": [
                {"input": BIA.value, "errors": [{"message": "m", "code": 131047, "error_data": {"details": "24 h"}}]},
                {"input": "+1"},
            ],
        },
    }
    result, _ = run(_asked(lambda graph: numbers.block(graph, "1", [ANA, BIA]), always(answer, 400)))
    assert result.done == ("+5511968184101",)
    assert [(one.input, one.error.code, one.error.details) for one in result.refused] == [
        (BIA.value, 131047, "24 h"),
        ("+1", 139100, "Meta gave no reason"),
    ]


def test_a_refused_block_without_lists_is_an_error() -> None:
    error = {"error": {"message": "m", "type": "OAuthException", "code": 139102}}
    with pytest.raises(GraphError) as caught:
        run(_asked(lambda graph: numbers.block(graph, "1", [ANA]), always(error, 400)))
    assert caught.value.retryable


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [{"messaging_product": "whatsapp", "wa_id": "1"}, {"user_id": "US.1"}]},
        {"data": [{"block_users": {"data": [{"wa_id": "1"}, {"user_id": "US.1"}]}}]},
    ],
)
def test_the_blocked_are_listed_by_phone_or_user_id(answer: dict[str, Any]) -> None:
    people, _ = run(_asked(lambda graph: _all(numbers.blocked(graph, "1")), always(answer)))
    assert people == ["1", "US.1"]


def test_health_names_the_worst_first() -> None:
    entity = {"entity_type": "PHONE_NUMBER", "can_send_message": "AVAILABLE"}
    blocked = {
        "entity_type": "WABA",
        "can_send_message": "BLOCKED",
        "errors": [{"error_code": 141006, "error_description": "There is an error with the payment method."}],
    }
    answer = {"health_status": {"can_send_message": "BLOCKED", "entities": [entity, blocked]}}
    health, _ = run(_asked(lambda graph: numbers.health(graph, "1"), always(answer)))
    assert health == numbers.Health("BLOCKED", ("WABA: There is an error with the payment method.",), ("141006",))
    assert numbers.read_health(None).can_send == "UNKNOWN"


def test_qr_codes_are_read_from_a_list_and_from_one() -> None:
    raw = {"code": "ANED2T5QRU7HG1", "prefilled_message": "Oi", "deep_link_url": "https://wa.me/message/A"}
    codes, [asked] = run(_asked(lambda graph: numbers.list_qr(graph, "1"), always({"data": [raw]})))
    assert codes == [numbers.QrCode("ANED2T5QRU7HG1", "Oi", "https://wa.me/message/A", "")]
    assert asked.query["fields"].endswith("qr_image_url.format(PNG)")
    none, _ = run(_asked(lambda graph: numbers.get_qr(graph, "1", "ANED2T5QRU7HG1"), always({"data": []})))
    assert none is None


def test_profile_username_suggestions_and_accounts_are_read() -> None:
    profile, _ = run(_asked(lambda graph: numbers.get_profile(graph, "1"), always({"data": [{"about": "Oi"}]})))
    assert profile == {"about": "Oi"}
    suggested = always({"data": [{"username_suggestions": ["a.b", "c"]}]})
    names, _ = run(_asked(lambda graph: numbers.username_suggestions(graph, "1"), suggested))
    assert names == ["a.b", "c"]
    accounts, [asked] = run(
        _asked(lambda graph: _all(numbers.owned_accounts(graph, "7")), always({"data": [{"id": "9"}]}))
    )
    assert (accounts, asked.path) == ([{"id": "9"}], "/v25.0/7/owned_whatsapp_business_accounts")
    account, _ = run(_asked(lambda graph: numbers.account(graph, "9"), always({"id": "9"})))
    assert account == {"id": "9"}


@pytest.mark.parametrize(
    "call",
    [
        lambda graph: numbers.register(graph, "1", "12345"),
        lambda graph: numbers.set_pin(graph, "1", "abcdef"),
        lambda graph: numbers.set_username(graph, "1", "ab"),
        lambda graph: numbers.set_username(graph, "1", "123"),
        lambda graph: numbers.set_username(graph, "1", ".abc"),
        lambda graph: numbers.set_username(graph, "1", "a..b"),
        lambda graph: numbers.set_username(graph, "1", "www.abc"),
        lambda graph: numbers.set_username(graph, "1", "abc.com"),
        lambda graph: numbers.set_username(graph, "1", "x" * 36),
        lambda graph: numbers.create_qr(graph, "1", "x" * 141),
        lambda graph: numbers.delete_qr(graph, "1", "../../x"),
        lambda graph: numbers.set_automation(graph, "1", welcome=True, prompts=["x"] * 5),
        lambda graph: numbers.set_automation(graph, "1", welcome=True, prompts=["x" * 81]),
        lambda graph: numbers.set_automation(graph, "1", welcome=True, commands=[("a b", "x")]),
        lambda graph: numbers.set_automation(graph, "1", welcome=True, commands=[("x" * 31, "x")]),
        lambda graph: numbers.set_profile(graph, "1", {"about": ""}),
        lambda graph: numbers.set_profile(graph, "1", {"about": "x" * 140}),
        lambda graph: numbers.set_profile(graph, "1", {"websites": ["https://a.b"] * 3}),
        lambda graph: numbers.set_profile(graph, "1", {"websites": ["a.b"]}),
        lambda graph: numbers.set_profile(graph, "1", {"vertical": "PIRACY"}),
        lambda graph: numbers.set_profile(graph, "1", {"colour": "red"}),
        lambda graph: numbers.set_display_name(graph, "1", ""),
        lambda graph: numbers.subscribe(graph, "9", callback_url="https://a.b/" + "x" * 200, verify_token="v"),
        lambda graph: numbers.subscribe(graph, "9", callback_url="https://a.b/"),
        lambda graph: numbers.pass_control(graph, "1", BIA, "pass", metadata="x" * 2001),
    ],
)
def test_what_meta_would_refuse_is_not_sent(call: Call) -> None:
    async def work() -> list[Asked]:
        async with Server(in_turn(lambda: web.Response(status=500))) as server, Graph("t", url=server.url) as graph:
            with pytest.raises(InvalidData):
                await call(graph)
            return server.asked

    assert run(work()) == []
