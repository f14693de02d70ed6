"""The sender against the emulator: every message once, in order, at its pace, through every trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli import clock
from pytake_cli.daemon import sender as senders
from pytake_cli.daemon import trouble, uploads
from pytake_cli.daemon.trouble import Trouble
from pytake_cli.services import outbound, sending
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from tests.kit.children import free_port
from tests.kit.clockjump import shifted
from tests.kit.office import Office, Shop, office

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 200
TEMPLATE = wire.Outgoing(
    "template", {"type": "template", "template": {"name": "hello_world", "language": {"code": "en_US"}}}
)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN", "token-1")


def visiting(shop: Shop, visit: Callable[[Office], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with office(shop, **options) as opened:
            await visit(opened)

    asyncio.run(run())


def test_a_queued_message_is_sent_at_once_and_recorded(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        contact = await opened.do(shop.person, 1)
        [id_] = await opened.do(shop.queue, contact, "olá")
        [message] = await opened.until({"sent"}, id_)
        [entry] = opened.accepted()
        assert message.wamid == entry.wamid
        assert entry.opaque.startswith("pytake:")
        assert entry.opaque.endswith(f".{id_}.1")
        assert message.claim is None
        async with asyncio.timeout(20):
            while opened.sender.in_flight:
                await asyncio.sleep(0.005)

    visiting(shop, visit)


def test_many_messages_go_out_together_each_once(store: Store) -> None:
    shop = Shop(store)
    contacts = [shop.person(i) for i in range(150)]
    for contact in contacts:
        shop.queue(contact, f"para {contact}")

    async def visit(opened: Office) -> None:
        together = 0
        while len(opened.accepted()) < len(contacts):
            together = max(together, opened.sender.in_flight)
            await asyncio.sleep(0.005)
        await opened.until({"sent"}, seconds=30)
        assert together >= 10
        assert sorted(opened.texts()) == sorted(f"para {contact}" for contact in contacts)

    visiting(shop, visit, latency="100ms")


def test_messages_to_one_person_arrive_in_order(store: Store) -> None:
    shop = Shop(store)
    words = [f"{i}" for i in range(12)]

    async def visit(opened: Office) -> None:
        contact = await opened.do(shop.person, 1)
        await opened.do(shop.queue, contact, *words)
        await opened.until({"sent"})
        assert opened.texts() == words

    visiting(shop, visit, latency="1ms..40ms")


def test_a_live_reply_does_not_wait_for_a_campaign(store: Store) -> None:
    shop = Shop(store, rate=40)
    for i in range(120):
        shop.queue(shop.person(i), outgoing=TEMPLATE, origin="campaign")
    person = shop.person(500)

    async def visit(opened: Office) -> None:
        while not opened.accepted():
            await asyncio.sleep(0.01)
        [id_] = await opened.do(shop.queue, person, "já respondo")
        await opened.until({"sent"}, id_)
        campaign = [message for message in await opened.do(shop.messages) if message.origin == "campaign"]
        assert any(message.status == "queued" for message in campaign)

    visiting(shop, visit, latency="200ms")


def test_while_meta_cannot_be_reached_nothing_is_lost_or_in_doubt(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "LONGEST_PAUSE", 0.3)
    shop = Shop(store)
    port = free_port()

    async def visit(opened: Office) -> None:
        await opened.emulator.stop()
        contact = await opened.do(shop.person, 1)
        ids = await opened.do(shop.queue, contact, "um", "dois")
        await asyncio.sleep(0.7)
        [first, second] = await opened.do(shop.messages, *ids)
        assert {first.status, second.status} <= {"queued", "sending"}
        assert opened.sender.counts["unreached"] >= 1
        assert opened.sender.counts["unreached"] < 10
        await opened.emulator.start()
        sent = await opened.until({"sent"}, *ids)
        assert [message.attempts for message in sent] == [1, 1]
        assert opened.texts() == ["um", "dois"]

    visiting(shop, visit, port=port)


@pytest.mark.parametrize("kind", ["hang_after", "lost", "half", "no_id", "html_after"])
def test_an_answer_that_never_comes_leaves_the_message_in_doubt_and_unrepeated(store: Store, kind: str) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        opened.fault(kind, count=1)
        contact = await opened.do(shop.person, 1)
        [id_] = await opened.do(shop.queue, contact, "olá")
        [message] = await opened.until({"unknown"}, id_)
        assert message.due_at is not None
        await asyncio.sleep(0.3)
        assert len(opened.accepted()) == 1
        assert opened.sender.counts["unknown"] == 1

    visiting(shop, visit, read_timeout=0.5)


def test_a_refused_token_stops_the_number_and_a_new_one_lets_it_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        opened.fault("error", code=190, http=401, count=1)
        contact = await opened.do(shop.person, 1)
        ids = await opened.do(shop.queue, contact, "um", "dois")
        async with asyncio.timeout(20):
            while (await opened.do(shop.number)).stopped_at is None:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert {message.status for message in await opened.do(shop.messages, *ids)} == {"queued"}
        assert opened.accepted() == []
        await opened.sender.reread_tokens()
        assert (await opened.do(shop.number)).stopped_at is not None
        monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN", "token-2")
        await opened.sender.reread_tokens()
        await opened.until({"sent"}, *ids)
        assert (await opened.do(shop.number)).stopped_at is None

    visiting(shop, visit)


def test_a_token_changed_while_nobody_served_is_tried(store: Store) -> None:
    shop = Shop(store)
    with store.write() as db:
        number = db.merge(shop.number())
        number.stopped_at, number.stopped_code = clock.now(), 190

    async def visit(opened: Office) -> None:
        contact = await opened.do(shop.person, 1)
        [id_] = await opened.do(shop.queue, contact, "olá")
        await opened.until({"sent"}, id_)

    visiting(shop, visit)


def test_a_new_token_is_found_although_nothing_waits_to_be_sent(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "TOKEN_SECONDS", 0.05)
    shop = Shop(store)

    def refuse_token() -> None:
        with store.write() as db:
            number = db.get_one(Number, shop.number_id)
            number.stopped_at, number.stopped_code = clock.now(), 190

    async def visit(opened: Office) -> None:
        contact = await opened.do(shop.person, 1)
        [id_] = await opened.do(shop.queue, contact, "um")
        await opened.until({"sent"}, id_)
        await opened.do(refuse_token)
        monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN", "token-2")
        async with asyncio.timeout(30):
            while (await opened.do(shop.number)).stopped_at is not None:
                await asyncio.sleep(0.02)

    visiting(shop, visit)


def test_a_number_without_a_token_keeps_its_queue_and_says_so_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTAKE_SECRET_ACCESS_TOKEN")
    monkeypatch.setattr(senders, "TOKEN_SECONDS", 0.1)
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        contact = await opened.do(shop.person, 1)
        [id_] = await opened.do(shop.queue, contact, "olá")
        await asyncio.sleep(0.5)
        [message] = await opened.do(shop.messages, id_)
        assert message.status == "queued"
        monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN", "token-1")
        await opened.until({"sent"}, id_)

    visiting(shop, visit)
    with store.read() as db:
        incidents = [event.payload["slug"] for event in db.exec(select(Event).where(Event.kind == "incident"))]
    assert incidents == ["PT-SECRET-MISSING"]


def test_a_file_is_uploaded_once_for_all_that_carry_it(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        media_id = await opened.do(shop.file, JPEG)
        picture = wire.Outgoing("image", {"type": "image", "image": {"id": f"media:{media_id}", "caption": "nova"}})
        for i in range(5):
            contact = await opened.do(shop.person, i)
            await opened.do(shop.queue, contact, outgoing=picture)
        await opened.until({"sent"})
        sent_ids = {entry.body["image"]["id"] for entry in opened.accepted()}
        assert len(opened.accepted()) == 5
        assert len(sent_ids) == 1
        assert not sent_ids.pop().startswith("media:")

    visiting(shop, visit)


@pytest.mark.parametrize("content", [b"<html>", b""])
def test_a_file_that_meta_would_not_take_fails_its_message_with_the_reason(store: Store, content: bytes) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        media_id = await opened.do(shop.file, content)
        contact = await opened.do(shop.person, 1)
        picture = wire.Outgoing("image", {"type": "image", "image": {"id": f"media:{media_id}"}})
        [id_] = await opened.do(shop.queue, contact, outgoing=picture)
        [message] = await opened.until({"failed"}, id_, seconds=15.0)
        assert "cannot be sent" in message.error

    visiting(shop, visit)


def test_an_upload_that_is_cut_off_leaves_no_doubt(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        opened.fault("lost", edge="media", count=1)
        media_id = await opened.do(shop.file, JPEG)
        contact = await opened.do(shop.person, 1)
        picture = wire.Outgoing("image", {"type": "image", "image": {"id": f"media:{media_id}"}})
        [id_] = await opened.do(shop.queue, contact, outgoing=picture)
        await opened.until({"sent"}, id_, seconds=10.0)
        assert opened.sender.counts["unknown"] == 0

    visiting(shop, visit)


def test_an_upload_that_takes_long_keeps_neither_claims_nor_the_number(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PATIENCE_SECONDS", 0.1)
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        opened.fault("latency", edge="media", delay="500ms")
        media_id = await opened.do(shop.file, JPEG)
        picture = wire.Outgoing("image", {"type": "image", "image": {"id": f"media:{media_id}"}})
        slow, quick = await opened.do(shop.person, 1), await opened.do(shop.person, 2)
        [slow_id] = await opened.do(shop.queue, slow, outgoing=picture)
        await asyncio.sleep(0.2)
        [quick_id] = await opened.do(shop.queue, quick, "olá")
        await opened.until({"sent"}, quick_id)
        [message] = await opened.do(shop.messages, slow_id)
        assert message.status == "queued"
        await opened.until({"sent"}, slow_id)
        assert opened.sender.counts["put off"] >= 1
        assert opened.sender.counts["unreached"] == 0

    visiting(shop, visit)


def test_a_stop_records_what_is_in_flight_and_leaves_the_rest_queued(store: Store) -> None:
    shop = Shop(store, rate=10)
    for i in range(60):  # six seconds' worth, all waiting: however slow the machine is, a stop comes earlier
        shop.queue(shop.person(i), "olá")

    async def visit(opened: Office) -> None:
        while not opened.accepted():
            await asyncio.sleep(0.01)
        await opened.sender.close(5.0)
        found = await opened.do(shop.messages)
        assert {message.status for message in found} == {"sent", "queued"}, [
            (message.status, message.error) for message in found if message.error
        ]
        assert len([message for message in found if message.status == "sent"]) == len(opened.accepted())

    visiting(shop, visit, latency="200ms")


def test_a_clock_that_jumps_years_ahead_fails_nothing_that_meta_would_take(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        contact, before = await opened.do(shop.person, 1), clock.now()

        def queue() -> int:
            with store.write() as db:
                number, oi = db.get_one(Number, shop.number_id), wire.text("oi")
                row = outbound.queue(db, number=number, contact_id=contact, outgoing=oi, origin="agent", now=before)
                return row.id or 0

        with shifted(3650 * 86400):
            await opened.until({"sent"}, await opened.do(queue))

    visiting(shop, visit)


def test_a_clock_that_jumps_ahead_takes_nothing_out_of_our_hands(store: Store) -> None:
    shop = Shop(store)

    async def visit(opened: Office) -> None:
        contact = await opened.do(shop.person, 1)
        [id_] = await opened.do(shop.queue, contact, "olá")
        while not opened.sender.in_flight:
            await asyncio.sleep(0.005)
        jumped = clock.now() + timedelta(seconds=sending.DEAD_CLAIM_SECONDS + 1)
        await opened.do(opened.sender.sweep, jumped)
        [message] = await opened.do(shop.messages, id_)
        assert message.status == "sending"
        await opened.do(sending.sweep, store, jumped)  # a daemon that does not hold it cannot know
        [message] = await opened.do(shop.messages, id_)
        assert message.status == "unknown"

    visiting(shop, visit, latency="500ms")


def test_a_claim_that_grew_old_in_our_hands_is_not_sent(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(store)
    monkeypatch.setattr(senders, "OLDEST_CLAIM_SECONDS", -1.0)

    async def visit(opened: Office) -> None:
        contact = await opened.do(shop.person, 1)
        [id_] = await opened.do(shop.queue, contact, "olá")
        await asyncio.sleep(0.3)
        assert opened.accepted() == []
        monkeypatch.setattr(senders, "OLDEST_CLAIM_SECONDS", 45.0)
        await opened.until({"sent"}, id_)

    visiting(shop, visit)


def test_pauses_grow_with_trouble_and_one_message_probes_first() -> None:
    line = Trouble(200)
    now, pauses = 0.0, []
    for _ in range(8):
        line.failed(now)
        line.failed(now)  # another of the same moment
        pauses.append(line.pause_seconds(now))
        assert line.allowed == 1
        now += pauses[-1]
    assert line.failures == 8
    assert 0.25 <= pauses[0] <= 0.5
    assert 5.0 <= pauses[-1] <= 10.0
    for expected in (2, 4, 8, 16, 32, 64, 128, 200, 200):
        line.worked()
        assert line.allowed == expected
    assert line.pause_seconds(now) == 0.0
