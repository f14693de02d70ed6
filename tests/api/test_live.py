"""The live wire over real sockets: who gets in, what they hear, and what happens to those who misbehave."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from typing import Any

import psutil
import pytest
from sqlmodel import Session, select
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pytake_cli.api import live, live_socket
from pytake_cli.api.v1.limits import Limits
from pytake_cli.services import notifications
from pytake_cli.store import Store, events
from pytake_cli.store.audit import AuditEntry
from tests.kit import people
from tests.kit.live_client import House, house, opened
from tests.kit.stores import NOW, make_number, make_org


@pytest.fixture
def database() -> str:
    return "sqlite"


Visit = Callable[[House, int, int], Coroutine[Any, Any, None]]


def run(store: Store, visit: Visit, **options: Any) -> None:
    """A house with one organisation, whose users ana and bia have tokens of their names."""
    org = make_org(store)
    number = make_number(store, org)
    ids = {name: people.user(store, org, f"{name}@loja.com", name).id or 0 for name in ("ana", "bia")}
    talk = people.wrote(store, number, "oi").id or 0

    async def go() -> None:
        async with house(store, **options) as found:
            for name, id_ in ids.items():
                found.employ(name, org, id_)
            await visit(found, org, talk)

    asyncio.run(go())


def happens(org: int, kind: str = "message:new", talk: int | None = None, **payload: Any) -> Callable[[Session], None]:
    return lambda db: events.tell(db, org, kind, payload, NOW, talk)


async def refused(house: House, hello: dict[str, Any] | None) -> tuple[int, str]:
    async with opened(house.url, hello) as inbox:
        return await inbox.end()


def test_who_hears_what_customers_write_is_in_the_audit_log(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana:
            await ana.ready()
            await asyncio.to_thread(house.reads.write, store)

    run(store, visit)
    with store.read() as db:
        [entry] = db.exec(select(AuditEntry).where(AuditEntry.action == "live.joined")).all()
    assert entry.actor == "ana"


def test_an_event_reaches_the_inboxes_at_once(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana, house.inbox("bia") as bia:
            ready = await ana.ready()
            assert (ready["cursor"], ready["missed"], ready["viewers"]) == (ready["latest"], 0, [])
            assert (await bia.ready())["cursor"] == ready["cursor"]
            assert ana.socket.subprotocol == "pytake.v1"
            assert ana.socket.response is not None
            assert "sec-websocket-extensions" not in ana.socket.response.headers  # no compression
            await house.write(happens(org, talk=talk, message=1))
            for inbox in (ana, bia):
                event = await inbox.event()
                assert event == {
                    "type": "event",
                    "id": ready["cursor"] + 1,
                    "kind": "message:new",
                    "at": "2026-11-22T15:00:00Z",
                    "conversation": talk,
                    "payload": {"message": 1},
                }

    run(store, visit)


def test_nobody_gets_in_without_a_good_token(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOGIN_SECONDS", 0.3)

    async def visit(house: House, org: int, talk: int) -> None:
        assert await refused(house, None) == (4408, "no login in time")
        assert await refused(house, {"token": "nobody"}) == (4401, "PT-API-LOGIN")
        assert (await refused(house, {"cursor": 1}))[0] == 4400
        assert (await refused(house, {"token": "ana", "cursor": "1"}))[0] == 4400
        assert (await refused(house, {"token": "ana", "cursor": 2**64}))[0] == 4400
        assert (await refused(house, {"token": "ana", "topics": []}))[0] == 4400
        assert (await refused(house, {"token": "ana", "topics": ["gossip"]}))[0] == 4400
        async with opened(house.url, None) as inbox:
            await inbox.socket.send("no JSON")
            assert (await inbox.end())[0] == 4400
        async with opened(house.url, None) as inbox:
            await inbox.socket.send(b'{"token":"ana"}')  # bytes are no message of ours
            assert (await inbox.end())[0] == 4400
        assert not house.hub.listeners
        assert not house.places.taken

    run(store, visit)


def test_logins_that_fail_count_as_requests_of_a_stranger_and_who_is_known_goes_on(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana:
            await ana.ready()
        for _ in range(2):
            assert await refused(house, {"token": "nobody"}) == (4401, "PT-API-LOGIN")
        assert await refused(house, {"token": "nobody"}) == (4429, "PT-API-RATE")
        async with house.inbox("ana") as ana:
            await ana.ready()

    run(store, visit, limits=Limits(strangers=3))


def test_a_foreign_page_gets_no_socket_and_one_that_is_allowed_does(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        for origin in ("https://evil.example", "null", "https://painel.loja.com.br.evil.example"):
            with pytest.raises(InvalidStatus, match="403"):
                async with opened(house.url, None, origin=origin):
                    pass
        async with opened(house.url, {"token": "ana"}, origin="https://painel.loja.com.br") as inbox:
            await inbox.ready()

    run(store, visit, origins=("https://painel.loja.com.br",))


def test_everybody_hears_only_their_organisation_and_what_their_role_may(store: Store) -> None:
    other = make_org(store, "outra")

    async def visit(house: House, org: int, talk: int) -> None:
        house.employ("eva", other, 99)
        house.employ("chefe", org, 98, "ORG_ADMIN")
        async with house.inbox("ana") as ana, house.inbox("eva") as eva, house.inbox("chefe") as chief:
            for inbox in (ana, eva, chief):
                await inbox.ready()
            await house.write(happens(org, "campaign:updated", campaign=1))
            await house.write(happens(org, "incident", slug="PT-X"))
            await house.write(happens(other, "message:new", message=7))
            await house.write(happens(org, "message:new", message=8))
            assert (await ana.event())["payload"] == {"message": 8}
            assert (await eva.event())["payload"] == {"message": 7}
            assert [each["kind"] for each in await chief.events(3)] == ["campaign:updated", "incident", "message:new"]

    run(store, visit)


def test_a_conversation_of_another_organisation_can_be_neither_heard_nor_looked_at(store: Store) -> None:
    other = make_org(store, "outra")
    theirs = people.wrote(store, make_number(store, other), "oi").id or 0

    async def visit(house: House, org: int, talk: int) -> None:
        assert (await refused(house, {"token": "ana", "topics": [f"conversation:{theirs}"]}))[0] == 4403
        assert (await refused(house, {"token": "ana", "topics": ["campaign:progress"]}))[0] == 4403
        for message in ({"type": "viewing"}, {"type": "typing", "mode": "reply"}):
            async with house.inbox("ana") as ana:
                await ana.ready()
                await ana.say(**message, conversation=theirs)
                assert (await ana.end())[0] == 4403
        async with house.inbox("ana", topics=[f"conversation:{talk}"]) as ana:
            await ana.ready()
            await house.write(happens(org, talk=talk + 1000))
            await house.write(happens(org, talk=talk))
            assert (await ana.event())["conversation"] == talk

    run(store, visit)


def test_notifications_reach_only_whom_they_name(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana, house.inbox("bia") as bia:
            await ana.ready()
            await bia.ready()
            who = house.people["bia"].user_id or 0
            await house.write(
                lambda db: notifications.tell(db, org, [who], "mention", NOW, conversation_id=talk, by="ana")
            )
            event = await bia.event("notification")
            assert (event["payload"]["kind"], event["conversation"]) == ("mention", talk)
            await ana.quiet()

    run(store, visit)


def test_a_session_that_was_ended_hears_nothing_any_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECK_SECONDS", 0.1)

    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana:
            await ana.ready()
            del house.people["ana"]
            assert await ana.end() == (4401, "PT-API-LOGIN")

    run(store, visit)


def test_another_role_counts_at_once_and_a_fresh_token_keeps_the_connection(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CHECK_SECONDS", 0.1)

    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana:
            await ana.ready()
            known = house.people["ana"].user_id or 0
            house.employ("fresh", org, known, "ORG_ADMIN")
            await ana.say(type="token", token="fresh")
            del house.people["ana"]
            await asyncio.sleep(0.3)
            await house.write(happens(org, "campaign:updated", campaign=1))
            assert (await ana.event())["kind"] == "campaign:updated"
            await ana.say(type="token", token="bia")
            assert (await ana.end())[0] == 4403

    run(store, visit)


def test_a_user_has_five_connections(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        async with (
            house.inbox("ana") as first,
            house.inbox("ana") as second,
            house.inbox("ana") as third,
            house.inbox("ana") as fourth,
            house.inbox("ana") as fifth,
        ):
            for inbox in (first, second, third, fourth, fifth):
                await inbox.ready()
            assert (await refused(house, {"token": "ana"}))[0] == 4409
            await first.socket.close()
            async with house.inbox("ana") as another, house.inbox("bia") as bia:
                await another.ready()
                await bia.ready()
        await asyncio.sleep(0.1)
        assert not house.hub.listeners
        assert not house.places.taken

    run(store, visit)


def test_a_frame_of_a_megabyte_ends_the_connection(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        for token in (None, "ana"):
            async with house.inbox(token) as inbox:
                if token:
                    await inbox.ready()
                with pytest.raises(ConnectionClosed):
                    await inbox.socket.send("x" * 2**20)
                    await asyncio.sleep(0.2)
                    await inbox.socket.send("y")
                assert inbox.socket.protocol.close_rcvd is None or inbox.socket.protocol.close_rcvd.code in (1009, 4429)

    run(store, visit)


def test_a_burst_of_ten_thousand_messages_ends_the_connection_and_costs_no_memory(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        me = psutil.Process(os.getpid())
        before = me.memory_info().rss
        for message in ({"type": "pong"}, {"type": "viewing", "conversation": talk}):
            async with house.inbox("ana") as ana, house.inbox("bia") as bia:
                await ana.ready()
                await bia.ready()
                line = json.dumps(message)
                try:
                    for _ in range(10_000):
                        await ana.socket.send(line)
                except ConnectionClosed:
                    pass
                assert (await ana.end())[0] == 4429
                await house.write(happens(org, message=1))
                await bia.event("message:new")
        assert me.memory_info().rss - before < 20_000_000

    run(store, visit)


def test_who_never_reads_is_dropped_and_the_others_hear_everything(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        me = psutil.Process(os.getpid())
        async with house.inbox("bia") as bia, house.inbox("ana") as ana:
            await ana.ready()
            await bia.ready()
            ana.socket.transport.pause_reading()
            before = me.memory_info().rss
            heard = 0
            row = {
                "org_id": org,
                "kind": "message:new",
                "conversation_id": talk,
                "payload": {"n": "x" * 400},
                "at": NOW,
            }
            for _ in range(40):
                await house.write(lambda db: events.tell_all(db, [row | {"payload": {"n": "x" * 400}}] * 500))
                heard += len(await bia.events(500))
            assert heard == 20_000
            assert [each.principal.name for each in house.hub.listeners] == ["bia"]
            assert me.memory_info().rss - before < 20_000_000
        async with house.inbox("ana", cursor=5) as ana:
            assert (await ana.ready())["gap"]  # more than is worth telling one by one

    run(store, visit)


def test_pings_and_empty_fragments_do_not_pass_by_the_limits(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana:
            await ana.ready()
            for _ in range(live_socket.MOST_PINGS + 5):
                await ana.socket.ping()
            assert (await ana.end())[0] == 4429

    run(store, visit)
