"""The webhook engine: handshake, exact bytes, signature, batches, retries, loss, disorder, overrides, measures."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson
import pytest

from pytake_cli.emulator import defaults
from pytake_cli.emulator.numbers import Waba
from tests.emulator.receiver import Receiver
from tests.emulator.stage import NUMBER, WABA, stage

TEMPLATE = {"name": "hello_world", "language": {"code": "en_US"}}


async def test_the_bytes_are_escaped_as_meta_does_and_signed_exactly() -> None:
    async with stage() as it:
        await it.say('é 👋 https://a.example/"x"\n\x1b]0;x\x07')
        await it.receiver.until(lambda: len(it.receiver.bodies) == 1)
        body, headers = it.receiver.bodies[0], it.receiver.headers[0]
        assert body.isascii()
        assert b"\\u00e9" in body
        assert b"\\ud83d\\udc4b" in body
        assert b"https:\\/\\/a.example\\/" in body
        digest = hmac.new(defaults.APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
        assert headers["X-Hub-Signature"].startswith("sha1=")
        assert it.receiver.messages[0]["text"]["body"] == 'é 👋 https://a.example/"x"\n\x1b]0;x\x07'


async def test_signatures_can_be_wrong_or_missing() -> None:
    async with stage(signature="wrong", retry_first="1h") as it:
        await it.say()
        await it.control("config", signature="missing")
        await it.say()
        await it.receiver.until(lambda: it.receiver.bad_signatures == 2)
        assert it.receiver.bodies == []


async def test_nothing_goes_out_before_the_handshake_and_nothing_is_lost_by_it() -> None:
    async with Receiver(verify_token="another") as deaf, stage(webhook_url=deaf.url) as it:
        await it.say("1")
        await it.say("2")
        await deaf.until(lambda: deaf.handshakes >= 2)
        assert deaf.bodies == []
        deaf.verify_token = defaults.VERIFY_TOKEN
        await deaf.until(lambda: len(deaf.messages) == 2, 10)


async def test_a_callback_is_saved_only_if_it_answers_the_challenge() -> None:
    async with stage() as it, Receiver(verify_token="other") as other:
        wanted = {
            "object": "whatsapp_business_account",
            "callback_url": other.url,
            "verify_token": "wrong",
            "fields": "messages",
        }
        status, answer = await it.graph("POST", f"{defaults.APP_ID}/subscriptions", params=wanted)
        assert (status, answer["error"]["code"]) == (400, 2200)
        _, answer = await it.graph("GET", f"{defaults.APP_ID}/subscriptions")
        assert answer["data"][0]["callback_url"] == it.receiver.url
        assert (await it.graph("POST", f"{defaults.APP_ID}/subscriptions", params=wanted | {"verify_token": "other"}))[
            0
        ] == 200
        await it.say()
        await other.until(lambda: len(other.messages) == 1)
        await it.control("preference", contact="+5511968184101", value="stop")  # a field nobody subscribed to
        await it.emulator.settle()
        assert len(other.bodies) == 1


async def test_overrides_of_number_and_account_win_for_messages() -> None:
    async with stage() as it, Receiver() as of_waba, Receiver() as of_number:
        token = {"verify_token": defaults.VERIFY_TOKEN}
        await it.graph("POST", f"{WABA}/subscribed_apps", json={"override_callback_uri": of_waba.url} | token)
        await it.say()
        await of_waba.until(lambda: len(of_waba.messages) == 1)
        override = {"webhook_configuration": {"override_callback_uri": of_number.url} | token}
        await it.graph("POST", NUMBER, json=override)
        await it.say()
        await of_number.until(lambda: len(of_number.messages) == 1)
        await it.control("template", name="hello_world", action="pause")
        await it.receiver.until(lambda: len(it.receiver.changes) == 1)
        await it.graph("POST", NUMBER, json={"webhook_configuration": {"override_callback_uri": ""}})
        await it.graph("POST", f"{WABA}/subscribed_apps")
        await it.say()
        await it.receiver.until(lambda: len(it.receiver.messages) == 1)
        await it.graph("DELETE", f"{WABA}/subscribed_apps")
        await it.say()
        await it.emulator.settle()
        assert len(it.receiver.messages) == 1


@pytest.mark.parametrize("shape", ["changes", "entries", "merged"])
async def test_updates_come_in_batches_of_numbers_and_accounts_mixed(shape: str) -> None:
    async with stage(batch=1000, batch_wait="50ms", batch_shape=shape, numbers=2, limit_throughput=False) as it:
        it.world.wabas["77"] = Waba("77", it.world.first_number().waba.business)
        it.world.add_number(it.world.wabas["77"], "777", "+5511400099999")
        for number in (*it.world.numbers,):
            for person in range(3):
                await it.say(contact=f"+55119000000{person}1", number=number)
        await it.send("template", TEMPLATE)
        await it.receiver.until(lambda: len(it.receiver.statuses) == 3 and len(it.receiver.messages) == 9)
        assert len(it.receiver.bodies) < 6
        together = [{entry["id"] for entry in orjson.loads(body)["entry"]} for body in it.receiver.bodies]
        assert {WABA, "77"} in together
        assert {change["value"]["metadata"]["phone_number_id"] for change in it.receiver.changes} == set(
            it.world.numbers
        )
        if shape == "merged":
            assert max(len(change["value"].get("messages", [])) for change in it.receiver.changes) == 3


async def test_a_post_never_exceeds_three_megabytes() -> None:
    async with stage(batch=1000, batch_wait="200ms", limit_throughput=False) as it:
        for _ in range(30):
            await it.say("é" * 20_000)
        await it.receiver.until(lambda: len(it.receiver.messages) == 30)
        assert len(it.receiver.bodies) > 1
        assert max(map(len, it.receiver.bodies)) <= 3 * 1024 * 1024


async def test_anything_but_200_is_tried_again_until_it_is_too_old() -> None:
    async with stage(retry_first="10ms", retry_cap="20ms") as it:
        it.receiver.answers = [500, 302, 204, 404]
        await it.say("1")
        await it.receiver.until(lambda: len(it.receiver.messages) == 1)
        (delivery,) = await it.look("webhooks")
        assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 302, 204, 404, 200]
        assert delivery["state"] == "delivered"
        await it.control("config", retry_max_age="30ms")
        it.receiver.answers = [500] * 50
        await it.say("2")
        await it.receiver.until(lambda: it.world.webhooks.counts["dropped"] == 1)
        assert (await it.look("webhooks", state="dropped"))[0]["attempts"][-1]["status"] == 500


async def test_retries_follow_the_emulators_clock() -> None:
    async with stage(retry_first="1h") as it:
        it.receiver.answers = [503]
        await it.say()
        await it.receiver.until(lambda: it.world.webhooks.counts["failed_attempts"] == 1)
        assert it.receiver.bodies == []
        await it.control("clock", advance="2h")
        await it.receiver.until(lambda: len(it.receiver.messages) == 1)


async def test_a_receiver_that_is_down_gets_everything_once_it_is_back() -> None:
    async with stage(retry_first="20ms", retry_cap="50ms") as it:
        await it.say("0")
        await it.receiver.until(lambda: len(it.receiver.messages) == 1)
        it.receiver.answers = [503] * 12
        for text in "123":
            await it.say(text)
        await it.receiver.until(lambda: len(it.receiver.messages) == 4)
        assert sorted(message["text"]["body"] for message in it.receiver.messages) == ["0", "1", "2", "3"]


async def test_webhooks_can_be_lost_and_out_of_order() -> None:
    async with stage(p_lost=1) as it:
        await it.say()
        await it.control("config", p_lost=0, p_reordered=0.5, reorder_delay="1ms..80ms")
        for index in range(40):
            await it.say(str(index), contact=f"+55119000{index:03d}11")
        await it.receiver.until(lambda: len(it.receiver.messages) == 40)
        order = [int(message["text"]["body"]) for message in it.receiver.messages]
        assert order != sorted(order)
        assert (await it.look())["webhooks"]["lost"] == 1


async def test_slow_receivers_are_measured_against_metas_rule() -> None:
    async with stage() as it:
        await it.say()
        await it.receiver.until(lambda: len(it.receiver.bodies) == 1)
        assert (await it.look())["receivers"][0]["meets_metas_rule"] is True
        it.receiver.slow = 0.3
        await it.control("say", contact="+5511968184101", text="x", times=5)
        await it.receiver.until(lambda: len(it.receiver.bodies) == 6)
        await it.emulator.settle()
        measured = (await it.look())["receivers"][0]
        assert measured["median_ms"] > 250
        assert measured["meets_metas_rule"] is False


async def test_timestamps_and_unknown_members_can_be_odd() -> None:
    async with stage(timestamps="milliseconds", unknown_fields=True) as it:
        await it.say()
        await it.receiver.until(lambda: len(it.receiver.messages) == 1)
        assert len(it.receiver.messages[0]["timestamp"]) == 13
        assert it.receiver.messages[0]["novel_member"]
        await it.control("config", timestamps="number")
        await it.say()
        await it.receiver.until(lambda: len(it.receiver.messages) == 2)
        assert isinstance(it.receiver.messages[1]["timestamp"], int)


async def test_the_dashboards_test_payload_and_raw_bodies_are_signed_too() -> None:
    async with stage() as it:
        await it.control("test")
        await it.control("webhook", body={"object": "page", "entry": []})
        await it.control("webhook", body='{"object": "x" , "entry":[]}')
        await it.receiver.until(lambda: len(it.receiver.bodies) == 3)
        assert it.receiver.messages[0]["id"] == "ABGGFlA5Fpa"
        assert b'{"object": "x" , "entry":[]}' in it.receiver.bodies


async def test_a_recording_replays_the_same_bodies() -> None:
    async with stage() as it:
        await it.control("record", on=True)
        await it.say("um")
        await it.say("dois")
        await it.receiver.until(lambda: len(it.receiver.messages) == 2)
        text = (await it.look("record"))["text"]
        await it.control("record", on=False)
        assert (await it.control("replay", text=text))["webhooks"] == 2
        await it.receiver.until(lambda: len(it.receiver.bodies) == 4)
        assert sorted(it.receiver.bodies[2:]) == sorted(it.receiver.bodies[:2])
        plain = it.receiver.bodies[0].decode()
        assert (await it.control("replay", text=plain))["webhooks"] == 1


async def test_a_recording_can_go_to_a_file(tmp_path: Any) -> None:
    file = tmp_path / "traffic.jsonl"
    async with stage(record=str(file)) as it:
        await it.say()
        await it.send()
        await it.receiver.until(lambda: len(it.receiver.statuses) == 3)
    kinds = [orjson.loads(line)["kind"] for line in file.read_text().splitlines()]
    assert kinds.count("request") == 1
    assert kinds.count("webhook") == 4
