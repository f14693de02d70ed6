"""The thin path: a customer writes, the business answers, statuses come back, all over real sockets."""

from __future__ import annotations

from tests.emulator.stage import CUSTOMER, stage


async def test_a_customer_writes_and_the_answer_gets_all_its_statuses() -> None:
    async with stage() as it:
        await it.say("oi")
        _, answer = await it.send(biz_opaque_callback_data="key/1")
        await it.receiver.until(lambda: len(it.receiver.statuses) == 3)
    statuses = it.receiver.statuses
    assert it.receiver.handshakes == 1
    assert it.receiver.bad_signatures == 0
    assert it.receiver.messages[0]["text"] == {"body": "oi"}
    assert answer["contacts"] == [{"input": CUSTOMER, "wa_id": CUSTOMER.lstrip("+")}]
    assert [status["status"] for status in statuses] == ["sent", "delivered", "read"]
    assert {status["id"] for status in statuses} == {answer["messages"][0]["id"]}
    assert {status["biz_opaque_callback_data"] for status in statuses} == {"key/1"}
