"""Customers speak in every way the reference knows, under every kind of identity."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from pytake_cli.emulator.kinds import KINDS
from tests.emulator.stage import CUSTOMER, NUMBER, Stage, stage

NEEDS: dict[str, dict[str, Any]] = {
    "tap": {"choice": "1"},
    "edit": {"reply_to": "wamid.x"},
    "revoke": {"reply_to": "wamid.x"},
    "reaction": {"reply_to": "wamid.x"},
    "raw": {"raw": {"type": "text", "text": {"body": "cru"}}},
}


async def heard(it: Stage, **words: Any) -> dict[str, Any]:
    """The change a daemon gets when a customer says this."""
    before = len(it.receiver.changes)
    await it.say(**words)
    await it.receiver.until(lambda: len(it.receiver.changes) > before)
    return it.receiver.changes[-1]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_is_a_webhook_with_id_and_time(kind: str) -> None:
    async with stage() as it:
        await it.say()
        await it.send(
            "interactive",
            {
                "type": "button",
                "body": {"text": "?"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "a", "title": "A"}}]},
            },
        )
        await it.receiver.until(lambda: len(it.receiver.statuses) == 3)
        message = (await heard(it, kind=kind, **NEEDS.get(kind, {})))["value"]["messages"][0]
        assert message["id"].startswith("wamid.")
        assert message["timestamp"].isdigit()
        assert message["type"]


@pytest.mark.parametrize(
    ("mode", "member", "contact"),
    [
        ("phone", {"from": "5511968184101"}, {"wa_id"}),
        ("both", {"from": "5511968184101", "from_user_id": "BSUID"}, {"wa_id", "user_id"}),
        ("bsuid", {"from_user_id": "BSUID"}, {"user_id"}),
        ("bsuid_from", {"from": "BSUID", "from_user_id": "BSUID"}, {"user_id"}),
    ],
)
async def test_identities_come_in_four_modes(mode: str, member: dict[str, str], contact: set[str]) -> None:
    async with stage(identity=mode) as it:
        value = (await heard(it, username="ana.lima"))["value"]
        user_id = it.world.customers.get("5511968184101").user_id
        message = value["messages"][0]
        shown = {name: message[name] for name in ("from", "from_user_id") if name in message}
        assert shown == {name: text.replace("BSUID", user_id) for name, text in member.items()}
        assert set(value["contacts"][0]) - {"profile"} == contact
        assert value["contacts"][0]["profile"]["username"] == "@ana.lima"


async def test_an_identity_can_be_chosen_for_one_customer() -> None:
    async with stage() as it:
        await it.control("customers", contact=CUSTOMER, mode="bsuid", user_id="BR.77", parent_user_id="BR.ENT.9")
        value = (await heard(it))["value"]
        assert value["messages"][0]["from_user_id"] == "BR.77"
        assert value["messages"][0]["from_parent_user_id"] == "BR.ENT.9"
        assert "from" not in value["messages"][0]
        assert (await it.say(contact="BR.77"))["contact"]["wa_id"] == "5511968184101"


async def test_taps_answer_what_was_offered() -> None:
    async with stage() as it:
        await it.say()
        rows = [{"id": "r1", "title": "Um", "description": "d"}, {"id": "r2", "title": "Dois"}]
        menu = {
            "type": "list",
            "body": {"text": "?"},
            "action": {"button": "Abrir", "sections": [{"title": "s", "rows": rows}]},
        }
        _, answer = await it.send("interactive", menu)
        await it.receiver.until(lambda: len(it.receiver.statuses) == 3)
        message = (await heard(it, kind="tap", choice="1"))["value"]["messages"][0]
        assert message["interactive"] == {
            "type": "list_reply",
            "list_reply": {"id": "r1", "title": "Um", "description": "d"},
        }
        assert message["context"] == {"from": "551140001234", "id": answer["messages"][0]["id"]}
        template = {
            "name": "lembrete_consulta",
            "language": {"code": "pt_BR"},
            "components": [
                {"type": "body", "parameters": [{"type": "text", "text": text} for text in ("Ana", "1/2", "14h")]},
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": "1",
                    "parameters": [{"type": "payload", "payload": "P"}],
                },
            ],
        }
        await it.send("template", template)
        await it.receiver.until(lambda: len(it.receiver.statuses) == 6)
        message = (await heard(it, kind="tap", choice="Remarcar"))["value"]["messages"][0]
        assert message["button"] == {"payload": "P", "text": "Remarcar"}
        async with it.client.post(
            f"{it.emulator.url}/_emulator/say", json={"contact": CUSTOMER, "kind": "tap", "choice": "9"}
        ) as refused:
            assert refused.status == 422
            assert "1. Confirmar, 2. Remarcar" in (await refused.json())["message"]


async def test_media_come_with_digest_and_a_url_that_works_once_resolved() -> None:
    async with stage() as it:
        data = b"\x89PNG\r\n" + bytes(100)
        media = {"data": base64.b64encode(data).decode(), "mime_type": "image/png", "filename": "../../etc/passwd"}
        message = (await heard(it, kind="document", media=media))["value"]["messages"][0]
        document = message["document"]
        assert base64.b64decode(document["sha256"]) == hashlib.sha256(data).digest()
        assert document["filename"] == "../../etc/passwd"
        async with it.client.get(document["url"]) as answer:
            assert await answer.read() == data
        _, node = await it.graph("GET", f"{document['id']}?phone_number_id={NUMBER}")
        assert node["sha256"] == hashlib.sha256(data).hexdigest()


async def test_modifiers_of_a_message() -> None:
    async with stage() as it:
        assert (await heard(it, forwarded=True))["value"]["messages"][0]["context"] == {"forwarded": True}
        assert (await heard(it, forwarded="frequently"))["value"]["messages"][0]["context"] == {
            "frequently_forwarded": True
        }
        assert (await heard(it, referral=True))["value"]["messages"][0]["referral"]["ctwa_clid"]
        assert (await heard(it, group_id="G1"))["value"]["messages"][0]["group_id"] == "G1"
        assert (await heard(it, product="55:sku"))["value"]["messages"][0]["context"]["referred_product"][
            "catalog_id"
        ] == "55"
        hollow = (await heard(it, kind="hollow_interactive"))["value"]
        assert hollow["errors"][0]["code"] == 131000
        assert hollow["messages"][0]["interactive"] == {"type": "button_reply"}
        assert (
            "emoji"
            not in (await heard(it, text="", kind="reaction", reply_to="wamid.x"))["value"]["messages"][0]["reaction"]
        )
        empty = await heard(it, text="", kind="reaction", reply_to="wamid.x", empty_emoji=True)
        assert empty["value"]["messages"][0]["reaction"]["emoji"] == ""


async def test_hostile_names_and_texts_arrive_as_they_are() -> None:
    async with stage() as it:
        name, text = "\u202eabc\u200b🇧🇷\x1b[2J", "\x1b]0;dono\x07\u0000fim"
        value = (await heard(it, name=name, text=text))["value"]
        assert value["contacts"][0]["profile"]["name"] == name
        assert value["messages"][0]["text"]["body"] == text


async def test_system_messages_change_the_customer() -> None:
    async with stage() as it:
        await heard(it)
        old = it.world.customers.get("5511968184101").user_id
        change = await heard(it, kind="system", new_wa_id="5511955550002")
        system = change["value"]["messages"][0]["system"]
        assert (system["type"], system["wa_id"], system["previous_user_id"]) == (
            "user_changed_number",
            "5511955550002",
            old,
        )
        assert change["value"]["messages"][0]["from"] == "5511968184101"
        assert "contacts" not in change["value"]
        change = await heard(it, contact="+5511955550002", kind="system", change="user_changed_user_id", previous=False)
        message = change["value"]["messages"][0]
        assert message["system"]["type"] == "user_changed_user_id"
        assert "previous_user_id" not in message["system"]
        assert "from" not in message


async def test_metas_agent_gets_messages_until_the_app_takes_control() -> None:
    async with stage() as it:
        await it.control("number", standby=True)
        assert (await heard(it))["field"] == "standby"
        await it.send()
        await it.receiver.until(lambda: len(it.receiver.statuses) == 3)
        assert (await heard(it))["field"] == "messages"
        body = {"messaging_product": "whatsapp", "to": CUSTOMER, "action": "release"}
        assert (await it.graph("POST", f"{NUMBER}/thread_control", json=body))[1] == {"success": True}
        assert (await heard(it))["field"] == "standby"


async def test_blocked_customers_are_not_heard() -> None:
    async with stage() as it:
        await it.say()
        await it.receiver.until(lambda: len(it.receiver.messages) == 1)
        await it.graph(
            "POST", f"{NUMBER}/block_users", json={"messaging_product": "whatsapp", "block_users": [{"user": CUSTOMER}]}
        )
        assert (await it.say())["delivered"] is False
        status, answer = await it.graph(
            "POST",
            f"{NUMBER}/block_users",
            json={"messaging_product": "whatsapp", "block_users": [{"user": "+5511900001111"}]},
        )
        assert (status, answer["error"]["code"]) == (400, 139100)
        assert answer["block_users"]["failed_users"][0]["input"] == "+5511900001111"


@pytest.mark.parametrize(
    "name",
    [
        "errors",
        "calls",
        "history",
        "flows",
        "smb_app_state_sync",
        "group_lifecycle_update",
        "novel_field",
        "user_id_update",
    ],
)
async def test_other_fields_have_samples(name: str) -> None:
    async with stage() as it:
        await it.control("event", field=name, value={"extra": 1})
        await it.receiver.until(lambda: len(it.receiver.changes) == 1)
        assert it.receiver.changes[0]["value"]["extra"] == 1
