"""The emulator's own affairs: seed, clock, reset, settings, ledger, state; and its control API's door."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from pytake_cli.emulator.durations import Delay, seconds
from pytake_cli.errors import InvalidData
from tests.emulator.stage import CUSTOMER, Stage, stage


async def play(it: Stage) -> list[Any]:
    """A little traffic, as webhooks."""
    await it.control("clock", freeze=1_790_000_000)
    await it.say("oi")
    await it.send()
    await it.send("template", {"name": "hello_world", "language": {"code": "en_US"}}, to="+5521999990001")
    await it.control("clock", advance="1m")
    await it.receiver.until(lambda: len(it.receiver.statuses) >= 4)
    await it.emulator.settle()
    return sorted(orjson.dumps(change) for change in it.receiver.changes)


async def test_the_same_seed_gives_the_same_traffic_byte_for_byte() -> None:
    odds = {"p_read": 0.5, "p_delivered": 0.9, "latency": "0..2ms", "sent_delay": "1s..9s"}
    runs = []
    for seed in (3, 3, 4):
        async with stage(seed=seed, **odds) as it:
            runs.append(await play(it))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


async def test_a_reset_forgets_all_but_never_uses_an_id_twice() -> None:
    async with stage() as it:
        first = (await it.say())["wamid"]
        await it.send()
        await it.control("faults", kind="reset")
        await it.control("reset")
        assert (await it.look())["customers"] == 0
        assert (await it.look("ledger"))["accepted"] == 0
        assert (await it.look("faults"))["faults"] == []
        assert (await it.say())["wamid"] != first
        await it.control("reset", seed=7)
        assert (await it.say())["wamid"] == first


async def test_the_clock_stands_moves_and_runs_faster() -> None:
    async with stage() as it:
        await it.control("clock", freeze=1_795_000_000)
        assert (await it.look("clock"))["now"] == 1_795_000_000
        assert (await it.control("clock", advance="2h30m"))["now"] == 1_795_009_000
        await it.control("clock", set=1_796_000_000)
        found = await it.control("clock", speed=100)
        assert (found["frozen"], found["speed"]) == (False, 100)
        assert 1_796_000_000 <= (await it.look("clock"))["now"] < 1_796_000_100


async def test_what_falls_due_while_the_clock_moves_happens_at_its_own_moment() -> None:
    async with stage(delivered_delay="10m", read_delay="1h") as it:
        await it.control("clock", freeze=1_795_000_000)
        await it.say()
        await it.send()
        await it.control("clock", advance="1d")
        await it.receiver.until(lambda: len(it.receiver.statuses) == 3)
        assert [int(status["timestamp"]) - 1_795_000_000 for status in it.receiver.statuses] == [0, 600, 4200]


async def test_settings_change_while_it_runs_and_wrong_ones_do_not() -> None:
    async with stage() as it:
        assert (await it.control("config", latency="50ms..2s"))["latency"] == "0.05s..2s"
        for wrong in ({"colour": 1}, {"identity": "face"}, {"batch": "many"}, {"latency": "soon"}):
            async with it.client.post(f"{it.emulator.url}/_emulator/config", json=wrong) as answer:
                assert answer.status == 422
                assert (await answer.json())["error"] == "PT-EMULATOR-VALUE"
        assert "app_secret" not in await it.look("config")


async def test_the_control_api_is_not_for_web_pages_or_strangers() -> None:
    async with stage() as it:
        url = f"{it.emulator.url}/_emulator"
        async with it.client.post(f"{url}/reset", data=b"{}", headers={"Content-Type": "text/plain"}) as answer:
            assert answer.status == 415
        async with it.client.get(f"{url}/nothing") as answer:
            assert answer.status == 404
        async with it.client.post(f"{url}/say", data=b"{", headers={"Content-Type": "application/json"}) as answer:
            assert answer.status == 422
        async with it.client.get(url, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403


async def test_the_ledger_keeps_everything_compactly() -> None:
    async with stage(ledger="full", keep_messages=10, limit_pairs=False, limit_throughput=False, statuses=False) as it:
        await it.say()
        for index in range(50):
            await it.send(biz_opaque_callback_data=f"k{index % 40}")
        found = await it.look("ledger", limit="1000")
        assert [entry["opaque"] for entry in found["messages"]] == [f"k{index % 40}" for index in range(50)]
        stats = await it.look("ledger/stats", counts="1")
        assert (stats["accepted"], stats["distinct_opaque"], stats["duplicates"]) == (50, 40, 10)
        assert stats["counts"]["k1"] == 2
        assert len(await it.look("messages", limit="99")) == 10
        assert [entry["opaque"] for entry in (await it.look("ledger", opaque="k3", limit="2"))["messages"]] == [
            "k39",
            "k3",
        ]


async def test_the_state_is_one_document_without_secrets() -> None:
    async with stage(app_secret="do-not-tell") as it:
        await it.say()
        await it.send()
        state = await it.look("state")
        assert state["messages"][0]["to"] == CUSTOMER.lstrip("+")
        assert "do-not-tell" not in orjson.dumps(state).decode()


@pytest.mark.parametrize(
    ("text", "value"), [("300ms", 0.3), ("1h30m", 5400), ("2d", 172800), ("-5m", -300), ("7", 7), (0.25, 0.25)]
)
def test_spans_are_read_as_people_write_them(text: Any, value: float) -> None:
    assert seconds(text) == value


def test_delays_vary_as_asked() -> None:
    from random import Random

    chance = Random(1)
    assert str(Delay.read("100ms..2s")) == "0.1s..2s"
    assert all(0.1 <= Delay.read("100ms..2s").pick(chance) <= 2 for _ in range(100))
    tail = sorted(Delay.read("p50=100ms,p99=2s").pick(chance) for _ in range(2000))
    assert 0.08 < tail[1000] < 0.125
    assert 1.2 < tail[1980] < 3.5
    with pytest.raises(InvalidData):
        seconds("soon")
