"""A post office in the test's own process: store, local engine and sender, with the emulator as Meta."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from pytake_cli import clock, settings
from pytake_cli.daemon.engine_local import LocalEngine
from pytake_cli.daemon.jobs import Jobs
from pytake_cli.daemon.sender import Sender
from pytake_cli.emulator import Config, Emulator, defaults, incoming
from pytake_cli.services import contacts, outbound
from pytake_cli.store import Store
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.media import READY, Media
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.webhooks import Person
from tests.kit.patience import PATIENCE
from tests.kit.stores import make_number, make_org


class Shop:
    """An organisation with the emulator's number and people who wrote just now; synchronous, like the store."""

    def __init__(self, store: Store, *, rate: int = 1000) -> None:
        self.store = store
        self.org = make_org(store)
        self.number_id = make_number(store, self.org, waba=defaults.WABA_ID)
        with store.write() as db:
            number = db.get_one(Number, self.number_id)
            number.phone_number_id, number.rate_per_second = defaults.PHONE_NUMBER_ID, rate

    def person(self, serial: int) -> int:
        """The contact with a made-up phone, whose window is open."""
        now = clock.now()
        with self.store.write() as db:
            number = db.get_one(Number, self.number_id)
            person = Person(wa_id=f"55119{60_000_000 + serial:08}")
            [id_] = contacts.resolve(db, self.org, number.portfolio_id, [person], now)
            window = ServiceWindow(number_id=self.number_id, contact_id=id_, org_id=self.org, last_inbound_at=now)
            db.merge(window)
        return id_

    def queue(self, contact_id: int, *texts: str, outgoing: Any = None, origin: str = "agent") -> list[int]:
        """The ids of messages queued in one transaction."""
        with self.store.write() as db:
            number = db.get_one(Number, self.number_id)
            rows = [
                outbound.queue(db, number=number, contact_id=contact_id, outgoing=each, origin=origin, now=clock.now())
                for each in ([outgoing] if outgoing else [wire.text(text) for text in texts])
            ]
            return [row.id for row in rows if row.id is not None]

    def file(self, content: bytes, mime_type: str = "image/jpeg", *, name: str = "ab/photo") -> int:
        """A media row of a local file that can be sent as media:<id>."""
        path = settings.paths().data / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        with self.store.write() as db:
            row = Media(
                org_id=self.org,
                number_id=self.number_id,
                direction="out",
                state=READY,
                path=name,
                mime_type=mime_type,
                created_at=clock.now(),
            )
            db.add(row)
            db.flush()
            assert row.id is not None
            return row.id

    def messages(self, *ids: int) -> list[Message]:
        with self.store.read() as db:
            query = select(Message).order_by(col(Message.id))
            return list(db.exec(query.where(col(Message.id).in_(ids)) if ids else query))

    def number(self) -> Number:
        with self.store.read() as db:
            return db.get_one(Number, self.number_id)


@dataclass
class Office:
    """What works while a test visits."""

    shop: Shop
    emulator: Emulator
    engine: LocalEngine
    sender: Sender
    jobs: Jobs

    async def do(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Something with the store, in a thread."""
        return await asyncio.to_thread(lambda: work(*arguments, **named))

    async def until(self, statuses: set[str], *ids: int, seconds: float = 8.0) -> list[Message]:
        """The messages, once each of them has one of the statuses."""
        end = clock.monotonic() + seconds * PATIENCE
        while True:
            found: list[Message] = await self.do(self.shop.messages, *ids)
            if found and all(message.status in statuses for message in found):
                return found
            if clock.monotonic() > end:
                raise AssertionError([(message.id, message.status, message.error) for message in found])
            await asyncio.sleep(0.01)

    async def say(self, text: str) -> str:
        """The wamid of what a customer says to the emulator."""
        return incoming.say(self.emulator.world, {"contact": "+5511968184101", "text": text}).wamid

    def texts(self) -> list[str]:
        """What Meta accepted, in order."""
        return [entry.body["text"]["body"] for entry in self.accepted()]

    def accepted(self) -> list[Any]:
        return list(self.emulator.world.sent)

    def fault(self, kind: str, **values: Any) -> None:
        self.emulator.world.faults.add({"kind": kind, **values})

    def no_faults(self) -> None:
        self.emulator.world.faults.remove()

    async def poke(self) -> None:
        for lane in ("live", "campaign"):
            self.engine.poke("number", str(self.shop.number_id), lane)


@asynccontextmanager
async def office(shop: Shop, *, port: int = 0, read_timeout: float = 8.0, **options: Any) -> AsyncIterator[Office]:
    """Opens: what is due is looked for every 50 ms, as the sweep of the daemon does every second."""
    config = Config(port=port, seed=5)
    config.apply(
        {"statuses": False, "magic": False, "limit_tier": False, "limit_pairs": False, "limit_throughput": False}
    )
    config.apply(options)
    async with Emulator(config) as emulator:
        settings.load({"whatsapp.graph_url": emulator.url, "whatsapp.read_timeout_seconds": read_timeout})
        engine = LocalEngine()
        shop.store.waker = engine
        sender, jobs = Sender(shop.store, engine, "me"), Jobs(shop.store, "me")
        opened = Office(shop, emulator, engine, sender, jobs)

        async def look() -> None:
            while True:
                await opened.poke()
                for job_id in await asyncio.to_thread(jobs.sweep):
                    engine.poke("job", str(job_id))
                await asyncio.sleep(0.05)

        parts = [asyncio.ensure_future(engine.run({"number": sender.handle, "job": jobs.handle}))]
        parts += [asyncio.ensure_future(sender.run()), asyncio.ensure_future(look())]
        try:
            yield opened
        finally:
            await sender.close(1.0)
            await engine.stop(1.0)
            await jobs.close()
            for part in parts:
                part.cancel()
            results = await asyncio.gather(*parts, return_exceptions=True)
            for result in results:
                if isinstance(result, Exception):
                    raise result


def media_folder() -> Path:
    return settings.paths().data / "media"


def later(seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)
