"""The hub: who comes back misses nothing and hears nothing twice; colleagues see each other, customers see typing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from pytake_cli import clock, settings
from pytake_cli.daemon import live
from pytake_cli.daemon.customer_typing import SHOWN_SECONDS, CustomerTyping
from pytake_cli.services import campaign_feed, campaign_launch
from pytake_cli.services.campaign_launch import Order
from pytake_cli.services.campaign_quota import Quotas
from pytake_cli.store import Store, events, retention
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.numbers import Number
from tests.kit import campaigning, people
from tests.kit.live_client import House, house
from tests.kit.office import Shop, office
from tests.kit.stores import NOW, make_number, make_org

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def told(org: int, *numbers: int, talk: int | None = None) -> Callable[[Session], None]:
    def work(db: Session) -> None:
        for n in numbers:
            events.tell(db, org, "message:new", {"n": n}, NOW, talk)

    return work


def run(store: Store, visit: Callable[[House, int, int], Coroutine[Any, Any, None]], **options: Any) -> None:
    org = make_org(store)
    talk = people.wrote(store, make_number(store, org)).id or 0

    async def go() -> None:
        async with house(store, **options) as found:
            staff(found, org)
            await visit(found, org, talk)

    asyncio.run(go())


def staff(house: House, org: int) -> None:
    for id_, name in enumerate(("ana", "bia", "caio"), 1):
        house.employ(name, org, id_)


def test_who_comes_back_gets_what_it_missed_once_and_in_order(store: Store) -> None:
    org, other = make_org(store), make_org(store, "outra")
    heard: list[int] = []
    cursor: int | None = None

    async def visit(fresh: list[int], late: list[int]) -> None:
        """A daemon of its own: it is told something before anybody looks, and something while one does."""
        nonlocal cursor
        async with house(store) as found:
            staff(found, org)
            await found.write(told(other, 999))
            await found.write(told(org, *fresh))
            async with found.inbox("ana", cursor=cursor) as ana:
                ready = await ana.ready()
                assert ready["missed"] == (len(fresh) if cursor is not None else 0)
                if cursor is None:
                    heard.extend(fresh)  # read as lists
                await found.write(told(org, *late))
                cursor = ready["cursor"]
                for event in await ana.events(ready["missed"] + len(late)):
                    assert event["id"] > (cursor or 0)
                    cursor = event["id"]
                    heard.append(event["payload"]["n"])
                await ana.quiet(0.2)

    async def go() -> None:
        for start in range(1, 40, 10):
            await visit([start, start + 1, start + 2], list(range(start + 3, start + 10)))

    asyncio.run(go())
    assert heard == list(range(1, 41))


def test_what_comes_while_the_missed_is_read_comes_after_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = live.Hub._missed

    async def visit(house: House, org: int, talk: int) -> None:
        await house.write(told(org, 1, 2, 3))

        def slow(hub: live.Hub, listener: live.Listener, cursor: int, horizon: int) -> Any:
            with house.store.write() as db:
                told(org, 4, 5)(db)
            return before(hub, listener, cursor, horizon)

        monkeypatch.setattr(live.Hub, "_missed", slow)
        async with house.inbox("ana", cursor=0) as ana, house.inbox("bia") as bia:
            await bia.ready()
            assert (await ana.ready())["missed"] == 3
            assert [each["payload"]["n"] for each in await ana.events(5)] == [1, 2, 3, 4, 5]
            await ana.quiet(0.2)

    run(store, visit)


@on_sqlite
def test_a_cursor_older_than_what_is_kept_is_a_gap(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        await house.write(told(org, 1, 2, 3))
        await asyncio.to_thread(retention.forget_events, store, clock.now(), 100)
        for cursor in (0, 10**9):
            async with house.inbox("ana", cursor=cursor) as ana:
                ready = await ana.ready()
                assert ready["gap"]
                assert "missed" not in ready
                assert ready["cursor"] == ready["latest"]
                await house.write(told(org, 4))
                assert (await ana.event())["payload"] == {"n": 4}

    run(store, visit)


@on_sqlite
def test_a_lost_poke_costs_a_second_at_most(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana:
            await ana.ready()
            store.waker = None  # as if another process wrote, whose datagram got lost
            await house.write(told(org, 1))
            assert (await ana.event())["payload"] == {"n": 1}

    run(store, visit)


@on_sqlite
def test_beats_say_how_far_everything_was_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.3)

    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana", topics=["note:new"]) as ana:
            ready = await ana.ready()
            await house.write(told(org, 1))
            beat = await ana.frame()
            assert beat["type"] == "beat"
            assert beat["cursor"] >= ready["cursor"]
            assert beat["now"].endswith("Z")

    run(store, visit)


@on_sqlite
def test_colleagues_see_who_looks_and_who_types(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana, house.inbox("bia") as bia:
            await ana.ready()
            await bia.ready()
            await ana.say(type="viewing", conversation=talk)
            seen = await bia.event("agent:viewing")
            assert seen["conversation"] == talk
            assert seen["payload"]["user"] == {"id": 1, "name": "ana"}
            assert seen["payload"]["until"].endswith("Z")
            assert "id" not in seen
            await ana.say(type="typing", conversation=talk, mode="reply")
            assert (await bia.event("agent:typing"))["payload"]["mode"] == "reply"
            assert house.hub.colleague_typing(talk, 2) == (1, "ana")
            assert house.hub.colleague_typing(talk, 1) is None
            async with house.inbox("caio") as late:
                viewers = (await late.ready())["viewers"]
                assert {(each["kind"], each["conversation"], each["user"]["id"]) for each in viewers} == {
                    ("agent:viewing", talk, 1),
                    ("agent:typing", talk, 1),
                }
            await ana.say(type="typing", conversation=talk, mode=None)
            assert (await bia.event("agent:typing"))["payload"]["until"] is None
            await ana.say(type="viewing", conversation=None)
            assert (await bia.event("agent:viewing"))["payload"]["until"] is None
            await ana.say(type="viewing", conversation=talk)
            await bia.event("agent:viewing")
            await ana.socket.close()
            assert (await bia.event("agent:viewing"))["payload"]["until"] is None

    run(store, visit)


@on_sqlite
def test_inboxes_get_the_conversations_themselves_and_the_end_of_the_one_they_view(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        def writes(words: str) -> Callable[[Session], None]:
            def work(db: Session) -> None:
                people.incoming(db, db.get_one(Conversation, talk), words)
                told(org, 1, talk=talk)(db)

            return work

        async with house.inbox("ana", rows=True) as ana, house.inbox("bia", rows=True) as bia:
            await ana.ready()
            await bia.ready()
            await ana.say(type="viewing", conversation=talk)
            await bia.event("agent:viewing")
            await house.write(writes("há alguém?"))
            rows, tail, event = [await ana.frame() for _ in range(3)]
            assert (rows["type"], tail["type"], event["type"]) == ("rows", "timeline", "event")
            [row] = rows["rows"]
            assert (row["id"], row["contact"]["name"]) == (talk, "Karina")
            assert not {"starred", "draft"} & row.keys()  # they are one user's
            assert (tail["conversation"], tail["through"]) == (talk, event["id"])
            assert [item["text"] for item in tail["items"]] == ["oi", "há alguém?"]
            assert [(await bia.frame())["type"] for _ in range(2)] == ["rows", "event"]
        async with house.inbox("caio") as program:
            await program.ready()
            await house.write(writes("alô"))
            assert (await program.frame())["type"] == "event"

    run(store, visit)


@on_sqlite
def test_typing_ends_by_itself_and_looking_lasts_as_long_as_the_connection(store: Store) -> None:
    start = clock.now()
    offset = [0.0]

    def now() -> Any:
        return clock.now() + timedelta(seconds=offset[0]) if offset[0] else start

    async def visit(house: House, org: int, talk: int) -> None:
        async with house.inbox("ana") as ana, house.inbox("bia") as bia:
            await ana.ready()
            await bia.ready()
            await ana.say(type="typing", conversation=talk, mode="note")
            await ana.say(type="viewing", conversation=talk)
            await bia.event("agent:viewing")
            offset[0] = 8.1
            assert (await bia.event("agent:typing"))["payload"]["until"] is None
            assert [mark.kind for mark in house.hub.presence.of(org)] == ["agent:viewing"]  # the connection stands
            offset[0] = 12.5
            assert (await bia.event("agent:viewing"))["payload"]["until"] is not None

    run(store, visit, now=now)


@on_sqlite
def test_a_viewer_may_look_and_not_type(store: Store) -> None:
    async def visit(house: House, org: int, talk: int) -> None:
        house.employ("dora", org, 9, "VIEWER")
        async with house.inbox("dora") as dora:
            await dora.ready()
            await dora.say(type="viewing", conversation=talk)
            await dora.say(type="typing", conversation=talk, mode="reply")
            assert (await dora.end())[0] == 4403

    run(store, visit)


@on_sqlite
def test_a_customer_sees_that_a_reply_is_typed_once_in_25_seconds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN", "token-1")
    shop = Shop(store)
    ticks = [1000.0]

    async def go() -> None:
        async with office(shop) as opened:
            said = await opened.say("oi")
            talk = await opened.do(people.wrote, store, shop.number_id, at=clock.now())
            async with house(store, graph=opened.jobs.graph) as found:
                staff(found, shop.org)
                monkeypatch.setattr(clock, "monotonic", lambda: ticks[0])
                await found.write(lambda db: people.incoming(db, talk, "ainda aí?", at=clock.now(), wamid=said))
                async with found.inbox("ana") as ana, found.inbox("bia") as bia:
                    await ana.ready()
                    await bia.ready()

                    async def types(mode: str, reads: int) -> None:
                        await ana.say(type="typing", conversation=talk.id, mode=mode)
                        await bia.event("agent:typing")
                        async with asyncio.timeout(20):
                            while len(posts(opened)) < reads:
                                await asyncio.sleep(0.01)
                        await asyncio.sleep(0.1)
                        assert len(posts(opened)) == reads

                    await types("note", 0)
                    await types("reply", 1)
                    await types("note", 1)
                    await types("reply", 1)
                    ticks[0] += SHOWN_SECONDS + 1
                    await types("note", 1)
                    await types("reply", 2)

    asyncio.run(go())


def posts(opened: Any) -> list[Any]:
    """Calls to the number's messages that Meta took."""
    return [each for each in opened.emulator.world.requests if "messages" in each["path"] and each["status"] == 200]


@on_sqlite
def test_customers_see_nothing_where_the_setting_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.load({"inbox.customer_typing": False})
    asked: list[str] = []

    async def graph(phone_number_id: str) -> Any:
        asked.append(phone_number_id)

    async def go() -> None:
        typing = CustomerTyping(store, graph)
        typing.show(1, 1)
        await asyncio.sleep(0.05)
        await typing.close()

    asyncio.run(go())
    assert asked == []


@on_sqlite
def test_the_progress_of_campaigns_is_told_to_who_may_see_them_when_it_changes(store: Store) -> None:
    org = make_org(store)
    number_id = make_number(store, org)
    with store.write() as db:
        number = db.get_one(Number, number_id)
        number.rate_per_second, number.tier = 1000, "TIER_UNLIMITED"
        waba = number.waba_id
    campaigning.approve(store, org, NOW, waba=waba)
    campaigning.people(store, org, 3, NOW)
    campaign = campaign_launch.launch(store, campaigning.plan(store, org, NOW), Order(), NOW).campaign

    async def go() -> None:
        async with house(store) as found:
            staff(found, org)
            found.employ("chefe", org, 9, "ORG_ADMIN")
            async with found.inbox("ana") as ana, found.inbox("chefe", topics=["campaign:progress"]) as chief:
                await ana.ready()
                await chief.ready()
                first = (await chief.event())["payload"]
                assert (first["name"], first["recipients"], first["queued"]) == ("bf", 3, 0)
                await chief.quiet(1.3)
                await asyncio.to_thread(campaign_feed.step, store, campaign.id or 0, NOW, Quotas())
                assert (await chief.event())["payload"]["queued"] == 3
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await ana.event("campaign:progress")

    asyncio.run(go())


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_daemons_of_one_database_tell_each_other_what_is_new_and_who_is_where(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "POLL_SECONDS", 3600.0)
    org = make_org(store)
    talk = people.wrote(store, make_number(store, org)).id or 0
    second = Store(store_url)

    async def go() -> None:
        async with house(store) as here, house(second) as there:
            for each in (here, there):
                staff(each, org)
            async with here.inbox("ana") as ana, there.inbox("bia") as bia:
                await ana.ready()
                await bia.ready()
                await asyncio.sleep(0.3)  # both listen
                await here.write(told(org, 1))
                assert (await bia.event())["payload"] == {"n": 1}
                assert (await ana.event())["payload"] == {"n": 1}
                await ana.say(type="viewing", conversation=talk)
                assert (await bia.event("agent:viewing"))["payload"]["user"]["name"] == "ana"
                await ana.say(type="typing", conversation=talk, mode="reply")
                assert (await bia.event("agent:typing"))["payload"]["mode"] == "reply"
                assert there.hub.colleague_typing(talk, 2) == (1, "ana")
                await ana.socket.close()
                while (await bia.event())["payload"].get("until", "") is not None:
                    pass

    asyncio.run(go())
    second.close()
