"""The webhook engine: batches updates, signs the exact bytes, posts them, retries until 200, measures the receiver."""

from __future__ import annotations

import asyncio
import io
from collections import deque
from typing import TYPE_CHECKING, Any

import aiohttp

from pytake_cli import clock
from pytake_cli.emulator.errors import GraphError
from pytake_cli.emulator.media import SIZES, kind_of
from pytake_cli.emulator.wire import MAX_BODY, Change, render, sign

if TYPE_CHECKING:
    from pytake_cli.emulator.numbers import Number
    from pytake_cli.emulator.sent import Sent
    from pytake_cli.emulator.world import World

MEASURED = 10_000  # answers of a receiver that count for its median and p99
SOON = 0.25  # seconds between handshakes while the receiver is not there; doubles up to PATIENCE
PATIENCE = 2.0
LARGE = 1024 * 1024  # bytes; aiohttp wants larger bodies as files
KEEP_BODIES = 500  # delivered bodies that stay readable in the log


class Delivery:
    """One POST and every attempt to get it accepted."""

    __slots__ = ("attempts", "body", "created_at", "id", "state", "subjects", "updates", "url")

    def __init__(self, id_: int, url: str, body: bytes, subjects: list[str], created_at: float) -> None:
        self.id, self.url, self.created_at = id_, url, created_at
        self.body: bytes | None = body
        self.subjects, self.updates = subjects, len(subjects)
        self.attempts: list[tuple[float, int, float, str]] = []  # moment, HTTP status or 0, milliseconds, error
        self.state = "pending"  # pending, delivered, dropped

    def as_dict(self, *, with_body: bool = False) -> dict[str, Any]:
        shown = {
            "id": self.id,
            "url": self.url,
            "state": self.state,
            "created_at": self.created_at,
            "updates": self.updates,
            "subjects": self.subjects,
            "attempts": [
                {"at": at, "status": status, "ms": round(ms, 3), "error": error or None}
                for at, status, ms, error in self.attempts
            ],
        }
        if with_body and self.body is not None:
            shown["body"] = self.body.decode()
        return shown


class Lane:
    """The queue in front of one callback URL."""

    def __init__(self, engine: Webhooks, url: str, *, verified: bool) -> None:
        self._engine = engine
        self.url = url
        self.verified = verified
        self.queue: deque[Change] = deque()
        self.in_flight = 0
        self.latencies: deque[float] = deque(maxlen=MEASURED)  # milliseconds
        self._wait: asyncio.TimerHandle | None = None
        self._soon = False

    def push(self, change: Change) -> None:
        config = self._engine.world.config
        self.queue.append(change)
        if len(self.queue) > config.webhook_queue:
            self.queue.popleft()
            self._engine.counts["overflowed"] += 1
        if self._soon or not self.verified:
            return
        if len(self.queue) >= config.batch or config.batch == 1:
            self._soon = True
            asyncio.get_running_loop().call_soon(self.pump)
        elif self._wait is None:
            self._wait = asyncio.get_running_loop().call_later(config.batch_wait, self._waited)

    def _waited(self) -> None:
        self._wait = None
        self.pump(everything=True)

    def pump(self, *, everything: bool = False) -> None:
        """Starts as many POSTs as the queue fills and the receiver's connections allow."""
        self._soon = False
        config = self._engine.world.config
        while self.queue and self.verified and self.in_flight < config.webhook_connections:
            if not everything and len(self.queue) < config.batch:
                break
            size = min(len(self.queue), max(1, min(config.batch, 1000)))
            self._engine.post(self, [self.queue.popleft() for _ in range(size)])
        if self.queue and self.verified and self._wait is None and self.in_flight < config.webhook_connections:
            self._wait = asyncio.get_running_loop().call_later(config.batch_wait, self._waited)

    def freed(self) -> None:
        self.in_flight -= 1
        if self.queue:
            self.pump(everything=self._wait is None)

    def stop(self) -> None:
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None

    def as_dict(self) -> dict[str, Any]:
        ordered = sorted(self.latencies)
        size = len(ordered)
        slow = sum(1 for ms in ordered if ms > 1000)
        median = ordered[size // 2] if size else None
        return {
            "url": self.url,
            "verified": self.verified,
            "queued": len(self.queue),
            "in_flight": self.in_flight,
            "measured": size,
            "median_ms": round(median, 3) if median is not None else None,
            "p99_ms": round(ordered[min(size - 1, int(size * 0.99))], 3) if size else None,
            "share_above_1s": round(slow / size, 4) if size else None,
            "meets_metas_rule": (median <= 250 and slow / size < 0.01) if median is not None else None,
        }


class Webhooks:
    """All lanes, the log of deliveries and the client that posts them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lanes: dict[str, Lane] = {}
        self.log: deque[Delivery] = deque(maxlen=world.config.keep_deliveries)
        self.counts = dict.fromkeys(
            ("pushed", "posts", "delivered", "attempts", "failed_attempts", "dropped", "lost", "overflowed"), 0
        )
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self._settled: deque[Delivery] = deque()
        self.retrying = 0

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        timeout = aiohttp.ClientTimeout(total=self.world.config.webhook_timeout)
        headers = {"User-Agent": "facebookexternalua", "Accept": "*/*"}
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers)

    async def stop(self) -> None:
        for lane in self.lanes.values():
            lane.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def push(self, change: Change, number: Number | None = None) -> None:
        """Takes one update to the callback that is subscribed for it, subject to the configured accidents."""
        world = self.world
        config = world.config
        url = world.subscriptions.url_for(change, number)
        if url is None:
            return
        self.counts["pushed"] += 1
        if config.p_lost and world.luck(config.p_lost):
            self.counts["lost"] += 1
            return
        if config.p_reordered and world.luck(config.p_reordered):
            world.timeline.at(world.timeline.now() + config.reorder_delay.pick(world.chance), self._late, url, change)
            return
        self.lane(url).push(change)

    def _late(self, due: float, url: str, change: Change) -> None:
        self.lane(url).push(change)

    def lane(self, url: str) -> Lane:
        lane = self.lanes.get(url)
        if lane is None:
            verified = not self.world.config.handshake
            lane = self.lanes[url] = Lane(self, url, verified=verified)
            if not verified:
                self._spawn(self._verify(lane))
        return lane

    def verified(self, url: str) -> None:
        """The callback proved itself elsewhere (by a subscription call)."""
        lane = self.lane(url)
        lane.verified = True
        lane.pump(everything=True)

    def move(self, lane: Lane, url: str) -> None:
        """The receiver listens elsewhere now: what waits for it, or is tried again, goes there."""
        del self.lanes[lane.url]
        lane.url = url
        there = self.lanes.setdefault(url, lane)
        if there is not lane:
            there.queue.extend(lane.queue)
            lane.queue.clear()
            there.pump(everything=True)

    def post(self, lane: Lane, changes: list[Change]) -> None:
        body = render(changes, self.world.config.batch_shape)
        if len(body) > MAX_BODY and len(changes) > 1:
            half = len(changes) // 2
            self.post(lane, changes[:half])
            self.post(lane, changes[half:])
            return
        self.post_raw(lane, body, [change.subject for change in changes])

    def post_raw(self, lane: Lane, body: bytes, subjects: list[str]) -> Delivery:
        """Posts exactly these bytes, signed, and retries them like any other webhook."""
        self._count += 1
        self.counts["posts"] += 1
        delivery = Delivery(self._count, lane.url, body, subjects, self.world.timeline.now())
        self.log.append(delivery)
        self.world.recorder.webhook(delivery)
        self._again(0.0, lane, delivery)
        return delivery

    def _again(self, due: float, lane: Lane, delivery: Delivery) -> None:
        if delivery.attempts:
            self.retrying -= 1
        lane.in_flight += 1
        self._spawn(self._attempt(lane, delivery))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(self, lane: Lane, delivery: Delivery) -> None:
        status, error = 0, ""
        delivery.url = lane.url
        started = clock.monotonic()
        try:
            status = await self._send(delivery)
        except asyncio.CancelledError:
            raise
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"[:200]
        finally:
            lane.freed()
        ms = (clock.monotonic() - started) * 1000
        if status:
            lane.latencies.append(ms)
        self._settle(lane, delivery, status, ms, error)

    async def _send(self, delivery: Delivery) -> int:
        assert self._session is not None
        assert delivery.body is not None
        headers = {"Content-Type": "application/json"}
        style = self.world.config.signature
        if style != "missing":
            headers |= sign(delivery.body, self.world.config.app_secret if style == "ok" else "not-the-secret")
        # aiohttp wants large bodies as files
        data = io.BytesIO(delivery.body) if len(delivery.body) > LARGE else delivery.body
        async with self._session.post(delivery.url, data=data, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            return answer.status

    def _settle(self, lane: Lane, delivery: Delivery, status: int, ms: float, error: str) -> None:
        config, now = self.world.config, self.world.timeline.now()
        delivery.attempts.append((now, status, ms, error))
        self.counts["attempts"] += 1
        if status == 200:
            delivery.state = "delivered"
            self.counts["delivered"] += delivery.updates
            self._settled.append(delivery)
            if len(self._settled) > KEEP_BODIES:
                self._settled.popleft().body = None
            return
        self.counts["failed_attempts"] += 1
        wait = min(config.retry_first * config.retry_factor ** (len(delivery.attempts) - 1), config.retry_cap)
        if now + wait - delivery.created_at > config.retry_max_age:
            delivery.state = "dropped"
            self.counts["dropped"] += delivery.updates
            return
        self.retrying += 1
        self.world.timeline.at(now + wait * self.world.chance.uniform(0.8, 1.2), self._again, lane, delivery)

    async def _verify(self, lane: Lane) -> None:
        """Asks for the handshake until the receiver is up and answers it."""
        wait = SOON
        while not await self.handshake(lane.url, self.world.config.verify_token):
            await asyncio.sleep(wait)
            wait = min(wait * 1.5, PATIENCE)
        lane.verified = True
        lane.pump(everything=True)

    async def handshake(self, url: str, verify_token: str) -> bool:
        """True when the callback answers the GET with 200 and exactly the challenge."""
        assert self._session is not None
        challenge = str(self.world.chance.randrange(10**8, 10**10))
        params = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        try:
            async with self._session.get(url, params=params, allow_redirects=False) as answer:
                text = await answer.text()
                return answer.status == 200 and text.strip() == challenge
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return False

    def clear(self) -> None:
        """Drops what waits and the log; callbacks stay verified."""
        for lane in self.lanes.values():
            lane.queue.clear()
            lane.latencies.clear()
        self.log.clear()
        self._settled.clear()
        self.retrying = 0
        self.counts = dict.fromkeys(self.counts, 0)

    def fetch(self, message: Sent) -> None:
        """Fetches a media link as Meta would; the message's life goes on from there."""
        self._spawn(self._fetch(message))

    async def _fetch(self, message: Sent) -> None:
        assert self._session is not None
        details = ""
        try:
            async with self._session.get(message.link) as answer:
                body = await answer.read()
                kind = kind_of(answer.content_type)
                if answer.status != 200:
                    details = f"Media download failed: {message.link} answered HTTP {answer.status}."
                elif kind not in (message.kind, None) or (kind is None and message.kind != "document"):
                    details = f"Media at {message.link} is {answer.content_type}, not {message.kind}."
                elif len(body) > SIZES[message.kind]:
                    details = f"Media at {message.link} is too large: {len(body)} bytes."
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            details = f"Media download failed: {type(error).__name__}."
        if details:
            message.error = GraphError(131052 if "download failed" in details else 131053, details)
        self.world.statuses.begin(message, self.world.timeline.now())

    def receiver_answers(self) -> bool:
        """False while the app's callback has not shaken hands, or webhooks are being tried again."""
        lane = self.lanes.get(self.world.subscriptions.callback_url or "")
        return lane is not None and lane.verified and not self.retrying

    def idle(self) -> bool:
        """Nothing queued, in flight or waiting for a retry."""
        return not self.retrying and all(not lane.queue and not lane.in_flight for lane in self.lanes.values())
