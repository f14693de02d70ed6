"""What becomes of a send: who it goes to, windows, templates, rates, magic recipients, statuses, prices."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.stage import CUSTOMER, NUMBER, WABA, Stage, stage

TEMPLATE: dict[str, Any] = {
    "name": "confirmacao_pedido",
    "language": {"code": "pt_BR"},
    "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "1"}]}],
}
MARKETING: dict[str, Any] = {
    "name": "oferta_semana",
    "language": {"code": "pt_BR"},
    "components": [
        {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "10%"}]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "1"}]},
    ],
}


async def statuses(it: Stage, wamid: str, count: int) -> list[dict[str, Any]]:
    def mine() -> list[dict[str, Any]]:
        return [status for status in it.receiver.statuses if status["id"] == wamid]

    await it.receiver.until(lambda: len(mine()) >= count)
    return mine()


async def first_status(it: Stage, kind: str, content: Any, **more: Any) -> dict[str, Any]:
    _, answer = await it.send(kind, content, **more)
    return (await statuses(it, answer["messages"][0]["id"], 1))[0]


@pytest.mark.parametrize(
    ("dialled", "wa_id"),
    [
        ("+55 (11) 96818-4101", "5511968184101"),
        ("+5551999998888", "555199998888"),  # outside the first regions the 9 goes
        ("+551188887777", "5511988887777"),  # inside them it is added
        ("+5215512345678", "5215512345678"),
        ("+525512345678", "5215512345678"),
        ("11 96818-4101", "5511968184101"),  # without + the business's country code goes in front
        ("5511968184101", "5511968184101"),
        ("(631) 555-1234", "556315551234"),
    ],
)
async def test_dialled_numbers_become_wa_ids(dialled: str, wa_id: str) -> None:
    async with stage() as it:
        _, answer = await it.send("template", TEMPLATE, to=dialled)
        assert answer["contacts"] == [{"input": dialled, "wa_id": wa_id}]


async def test_bsuids_of_the_portfolio_are_recipients_and_no_phone_is_told() -> None:
    async with stage(identity="bsuid") as it:
        user_id = (await it.say())["contact"]["user_id"]
        body = {"messaging_product": "whatsapp", "recipient": user_id, "type": "text", "text": {"body": "olá"}}
        _, answer = await it.graph("POST", f"{NUMBER}/messages", json=body)
        assert answer["contacts"] == [{"input": user_id, "user_id": user_id}]
        sent = (await statuses(it, answer["messages"][0]["id"], 1))[0]
        assert sent["recipient_user_id"] == user_id
        assert "recipient_id" not in sent
        status, answer = await it.graph("POST", f"{NUMBER}/messages", json=body | {"recipient": "BR.1349120865530"})
        assert (status, answer["error"]["code"]) == (400, 100)
        code = {"type": "text", "text": "123456"}
        button = {"type": "button", "sub_type": "url", "index": "0", "parameters": [code]}
        components = [{"type": "body", "parameters": [code]}, button]
        template = {"name": "codigo_acesso", "language": {"code": "pt_BR"}, "components": components}
        login = {"messaging_product": "whatsapp", "recipient": user_id, "type": "template", "template": template}
        _, answer = await it.graph("POST", f"{NUMBER}/messages", json=login)
        assert answer["error"]["code"] == 131062


async def test_free_text_outside_the_window_is_accepted_and_then_fails() -> None:
    async with stage() as it:
        failed = await first_status(it, "text", {"body": "oi"})
        assert failed["status"] == "failed"
        assert failed["errors"][0]["code"] == 131047
        assert "pricing" not in failed
        await it.say()
        assert (await first_status(it, "text", {"body": "oi"}))["status"] == "sent"
        await it.control("clock", advance="24h")
        assert (await first_status(it, "text", {"body": "oi"}))["errors"][0]["code"] == 131047


async def test_the_window_can_also_be_judged_at_once() -> None:
    async with stage(window_errors="sync") as it:
        await it.refused(131047, "text", {"body": "oi"})
        await it.say(kind="request_welcome")
        assert (await it.send())[0] == 200


async def test_templates_must_exist_be_approved_and_fit() -> None:
    async with stage() as it:
        one = [{"type": "body", "parameters": [{"type": "text", "text": "1"}]}]
        await it.refused(132001, "template", TEMPLATE | {"name": "nada"})
        await it.refused(132001, "template", TEMPLATE | {"language": {"code": "pt"}})
        await it.refused(132000, "template", TEMPLATE | {"components": one})
        await it.refused(132000, "template", TEMPLATE | {"components": []})
        picture = {"type": "image", "image": {"id": "1"}}
        await it.refused(
            132012, "template", TEMPLATE | {"components": [{"type": "body", "parameters": [picture, picture]}]}
        )
        await it.refused(131008, "template", MARKETING | {"components": MARKETING["components"][:1]})
        long = {"type": "text", "text": "x" * 1000}
        await it.refused(132005, "template", TEMPLATE | {"components": [{"type": "body", "parameters": [long, long]}]})
        await it.control("template", name="confirmacao_pedido", action="pause")
        await it.refused(132015, "template", TEMPLATE)
        await it.control("template", name="confirmacao_pedido", action="disable")
        await it.refused(132016, "template", TEMPLATE)
        await it.control("template", name="oferta_semana", action="reject")
        await it.refused(132001, "template", MARKETING)


async def test_held_messages_are_released_or_dropped() -> None:
    async with stage() as it:
        await it.control("template", name="confirmacao_pedido", action="hold")
        _, answer = await it.send("template", TEMPLATE)
        assert answer["messages"][0]["message_status"] == "held_for_quality_assessment"
        await it.control("template", name="confirmacao_pedido", action="release")
        assert (await statuses(it, answer["messages"][0]["id"], 3))[-1]["status"] == "read"
        await it.control("template", name="confirmacao_pedido", action="hold")
        _, answer = await it.send("template", TEMPLATE)
        await it.control("template", name="confirmacao_pedido", action="drop")
        assert (await statuses(it, answer["messages"][0]["id"], 1))[0]["errors"][0]["code"] == 132015
        await it.receiver.until(
            lambda: any(change["field"] == "message_template_status_update" for change in it.receiver.changes)
        )
        await it.refused(132015, "template", TEMPLATE)


async def test_the_same_body_twice_is_two_messages() -> None:
    async with stage() as it:
        await it.say()
        first, second = [(await it.send(biz_opaque_callback_data="k"))[1]["messages"][0]["id"] for _ in range(2)]
        assert first != second
        assert (await it.look("ledger/stats"))["duplicated"] == {"k": 2}


async def test_throughput_pair_rate_and_portfolio_limit() -> None:
    async with stage(start_at=1_795_000_000, magic=False) as it:
        await it.control("clock", freeze=True)
        await it.say()
        codes = [(await it.send())[1].get("error", {}).get("code") for _ in range(46)]
        assert codes == [None] * 45 + [131056]
        await it.control("clock", advance="6s")
        assert (await it.send())[0] == 200
        await it.control("number", throughput=20)
        await it.control("clock", advance="1h")
        people = [f"+55119{index:08d}" for index in range(21)]
        codes = [(await it.send("template", TEMPLATE, to=one))[1].get("error", {}).get("code") for one in people]
        assert codes == [None] * 20 + [130429]
        await it.control("number", throughput=1000, tier="TIER_50")
        await it.control("clock", advance="1m")
        await it.control("clock", resume=True)
        for index in range(30):
            await it.send("template", TEMPLATE, to=f"+55219{index:08d}")
        failed = await first_status(it, "template", TEMPLATE, to="+5521912345678")
        assert failed["errors"][0]["code"] == 131048


async def test_only_the_allow_list_gets_messages_in_test_mode() -> None:
    async with stage(test_mode=True, allow_list=CUSTOMER) as it:
        assert (await it.send("template", TEMPLATE))[0] == 200
        await it.refused(131030, "template", TEMPLATE, to="+5511900000101")


@pytest.mark.parametrize(("ending", "code"), [("026", 131026), ("042", 131042), ("047", 131047)])
async def test_magic_recipients_fail_later(ending: str, code: int) -> None:
    async with stage(magic=True) as it:
        assert (await first_status(it, "template", TEMPLATE, to=f"+5511900000{ending}"))["errors"][0]["code"] == code


async def test_magic_recipients_are_refused_at_once_or_for_a_while() -> None:
    async with stage(magic=True) as it:
        await it.refused(131056, "template", TEMPLATE, to="+5511900000056")
        await it.refused(190, "template", TEMPLATE, to="+5511900000190")
        for _ in range(3):
            await it.refused(130429, "template", TEMPLATE, to="+5511900000429")
        assert (await it.send("template", TEMPLATE, to="+5511900000429"))[0] == 200
        await it.refused(131000, "template", TEMPLATE, to="+5511900000000")
        assert (await it.send("template", TEMPLATE, to="+5511900000000"))[0] == 200
        for ending, code in (("049", 131049), ("050", 131050), ("472", 130472)):
            assert (await first_status(it, "template", MARKETING, to=f"+5511900000{ending}"))["errors"][0][
                "code"
            ] == code
        await it.control("config", magic=False)
        assert (await first_status(it, "template", TEMPLATE, to="+5511900000026"))["status"] == "sent"


async def test_marketing_stops_when_the_customer_stops_it() -> None:
    async with stage() as it:
        await it.control("preference", contact=CUSTOMER, value="stop")
        assert (await first_status(it, "template", MARKETING))["errors"][0]["code"] == 131050
        assert (await first_status(it, "template", TEMPLATE))["status"] == "sent"
        assert (await first_status(it, "template", MARKETING, to="+12125550101"))["errors"][0]["code"] == 131049
        assert (await first_status(it, "template", MARKETING, to="+14165550101"))["status"] == "sent"


async def test_the_marketing_endpoint_takes_marketing_templates_only() -> None:
    async with stage() as it:
        body = {"messaging_product": "whatsapp", "to": CUSTOMER, "type": "template", "template": MARKETING}
        _, answer = await it.graph("POST", f"{NUMBER}/marketing_messages", json=body | {"product_policy": "STRICT"})
        sent = (await statuses(it, answer["messages"][0]["id"], 1))[0]
        assert sent["pricing"]["category"] == "marketing_lite"
        _, answer = await it.graph("POST", f"{NUMBER}/marketing_messages", json=body | {"template": TEMPLATE})
        assert answer["error"]["code"] == 134100
        await it.graph("POST", WABA, json={"disable_marketing_messages_on_cloud_api": True})
        await it.refused(131063, "template", MARKETING)


async def test_numbers_that_cannot_send_say_why() -> None:
    async with stage() as it:
        for change, code in (
            ("registered", 133010),
            ("maintenance", 131057),
            ("payment_problem", 131042),
            ("ban", 131031),
        ):
            await it.control("number", **{change: change != "registered"})
            await it.refused(code, "template", TEMPLATE)
            await it.control("number", **{change: change == "registered"})
        await it.control("number", restriction="RESTRICTED_BIZ_INITIATED_MESSAGING:1d")
        await it.refused(368, "template", TEMPLATE)
        await it.control("clock", advance="25h")
        assert (await it.send("template", TEMPLATE))[0] == 200


async def test_reactions_and_blocked_customers_stay_at_sent() -> None:
    async with stage() as it:
        wamid = (await it.say())["wamid"]
        await it.send("reaction", {"message_id": wamid, "emoji": "👍"})
        await it.control("customers", contact="+5511911112222", blocked=True)
        await it.send("template", TEMPLATE, to="+5511911112222")
        await it.receiver.until(lambda: len(it.receiver.statuses) == 2)
        await it.emulator.settle()
        assert [status["status"] for status in it.receiver.statuses] == ["sent", "sent"]
        bad = await first_status(it, "reaction", {"message_id": "wamid.none", "emoji": "👍"})
        assert bad["errors"][0]["code"] == 131009


async def test_voice_notes_are_played_and_offline_phones_wait() -> None:
    async with stage() as it:
        await it.say()
        medium = it.world.media.keep(NUMBER, b"OggS", "audio/ogg", 1000.0, "v.ogg")
        _, answer = await it.send("audio", {"id": medium.id, "voice": True})
        assert [one["status"] for one in await statuses(it, answer["messages"][0]["id"], 4)] == [
            "sent",
            "delivered",
            "read",
            "played",
        ]
        await it.control("customers", contact=CUSTOMER, offline=True)
        _, answer = await it.send()
        await it.emulator.settle()
        assert len(await statuses(it, answer["messages"][0]["id"], 1)) == 1
        await it.control("customers", contact=CUSTOMER, offline=False)
        assert len(await statuses(it, answer["messages"][0]["id"], 3)) == 3


async def test_accidents_of_statuses() -> None:
    async with stage(p_read_only=1) as it:
        await it.say()
        _, answer = await it.send()
        assert [one["status"] for one in await statuses(it, answer["messages"][0]["id"], 2)] == ["sent", "read"]
        await it.control("config", p_read_only=0, p_late_delivered=1)
        _, answer = await it.send()
        assert [one["status"] for one in await statuses(it, answer["messages"][0]["id"], 3)] == [
            "sent",
            "read",
            "delivered",
        ]
        await it.control("config", p_late_delivered=0, p_failed=1)
        _, answer = await it.send()
        assert [one["status"] for one in await statuses(it, answer["messages"][0]["id"], 2)] == ["sent", "failed"]
        await it.control("config", p_failed=0, p_duplicate=1)
        _, answer = await it.send()
        assert len(await statuses(it, answer["messages"][0]["id"], 6)) == 6


async def test_a_status_can_come_before_the_answer() -> None:
    async with stage(answer_first=False, delivered_delay="300ms") as it:
        await it.say()
        _, answer = await it.send()
        wamid = answer["messages"][0]["id"]
        assert [status["id"] for status in it.receiver.statuses] == [wamid]
        assert len(await statuses(it, wamid, 3)) == 3


async def test_statuses_happen_by_hand_when_nothing_is_automatic() -> None:
    async with stage(statuses=False) as it:
        await it.say()
        wamid = (await it.send())[1]["messages"][0]["id"]
        await it.control("status", message="last", status="read")
        assert [one["status"] for one in await statuses(it, wamid, 2)] == ["sent", "read"]
        await it.control("status", message=wamid, status="failed", code=131036)
        assert (await statuses(it, wamid, 3))[-1]["errors"][0]["code"] == 131036


@pytest.mark.parametrize(
    ("moment", "content", "kind"),
    [
        (1_751_000_000, {"body": "x"}, ("CBP", "free_customer_service")),
        (1_760_000_000, {"body": "x"}, ("PMP", "free_customer_service")),
        (1_795_000_000, {"body": "x"}, ("PMP", "free_customer_service")),  # the first 1,000 of the month
        (1_760_000_000, TEMPLATE, ("PMP", "free_customer_service")),
        (1_795_000_000, TEMPLATE, ("PMP", "regular")),
        (1_795_000_000, MARKETING, ("PMP", "regular")),
    ],
)
async def test_prices_follow_the_calendar(moment: int, content: dict[str, Any], kind: tuple[str, str]) -> None:
    async with stage(start_at=moment) as it:
        await it.say()
        sent = await first_status(it, "text" if "body" in content else "template", content)
        assert (sent["pricing"]["pricing_model"], sent["pricing"]["type"]) == kind
        assert sent["pricing"]["billable"] is (kind[1] == "regular")


async def test_old_webhooks_tell_the_conversation_new_ones_only_free_entry_points() -> None:
    async with stage(version="v23.0", service_allowance=0) as it:
        await it.say()
        sent = await first_status(it, "text", {"body": "x"})
        assert sent["conversation"]["origin"] == {"type": "service"}
        assert sent["pricing"]["type"] == "regular"
        await it.control("config", version="v25.0")
        assert "conversation" not in await first_status(it, "text", {"body": "x"})
        await it.say(referral=True)
        sent = await first_status(it, "text", {"body": "x"})
        assert sent["conversation"]["origin"] == {"type": "referral_conversion"}
        assert sent["pricing"]["type"] == "free_entry_point"


async def test_an_identity_that_changed_refuses_a_send_that_checks_it() -> None:
    async with stage() as it:
        await it.graph("POST", f"{NUMBER}/settings", json={"user_identity_change": {"enable_identity_key_check": True}})
        await it.say()
        await it.receiver.until(lambda: len(it.receiver.messages) == 1)
        known = it.receiver.changes[0]["value"]["contacts"][0]["identity_key_hash"]
        assert (await it.send(recipient_identity_key_hash=known))[0] == 200
        await it.say(kind="system", change="customer_identity_changed")
        await it.refused(137000, "text", {"body": "x"}, recipient_identity_key_hash=known)


async def test_read_receipts_need_a_message_of_a_customer() -> None:
    async with stage() as it:
        wamid = (await it.say())["wamid"]
        receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        assert await it.graph("POST", f"{NUMBER}/messages", json=receipt | {"typing_indicator": {"type": "text"}}) == (
            200,
            {"success": True},
        )
        _, answer = await it.graph("POST", f"{NUMBER}/messages", json=receipt | {"message_id": "wamid.none"})
        assert answer["error"]["code"] == 131009


async def test_a_number_cannot_write_to_itself_and_direct_send_must_be_on() -> None:
    async with stage() as it:
        await it.refused(131021, "text", {"body": "x"}, to="+551140001234")
        await it.refused(100, "text", {"body": "x"}, category="utility")
        await it.control("config", direct_send=True)
        assert (await first_status(it, "text", {"body": "x"}, category="utility"))["pricing"]["category"] == "utility"
