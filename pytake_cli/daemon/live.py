"""The hub of the live wire: reads new events once, and hands each connection what it may hear.

    commit ── poke `live` ──▶ handle: read on from the horizon ──▶ frames, made once ──▶ a queue for each connection

A poke only makes it quick: `run` looks every second anyway. A connection that does not take what it gets is ended, and
comes back with the id of the last event that it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pytake_cli import clock
from pytake_cli.api.frames import FORBIDDEN, STORE_AWAY, TOO_MANY, TOO_SLOW, Goodbye, event, frame
from pytake_cli.api.v1.office import Principal
from pytake_cli.daemon.customer_typing import CustomerTyping
from pytake_cli.daemon.engine import Engine
from pytake_cli.daemon.live_frames import Became, became, event_frame, heard_of, joined
from pytake_cli.daemon.live_hints import Hints
from pytake_cli.daemon.presence import TYPING, VIEWING, Mark, Presence, parse, viewer
from pytake_cli.errors import StoreUnavailable
from pytake_cli.policy.live import PROGRESS, Interest
from pytake_cli.services import campaign_watch
from pytake_cli.services import live as feed
from pytake_cli.store import Store
from pytake_cli.store.work import Lane

T = TypeVar("T")
log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
BEAT_SECONDS = 10.0
TICK_SECONDS = 0.25
DOUBT_SECONDS = 0.02  # until the next look, while somebody still writes what an event waits for
LOOK = "look"  # the key of pokes that stand for nothing written here
MOST_BY_USER = 5  # connections
MOST_QUEUED_BYTES = 512 * 1024  # for a connection that does not take them
MOST_KNOWN = 20_000  # conversations of which it is remembered whose they are


class Listener:
    """One connection: what it hears, and what of that has not gone out yet."""

    def __init__(self, principal: Principal, interest: Interest, cursor: int, *, rows: bool = False) -> None:
        self.principal = principal
        self.interest = interest
        self.rows = rows  # hears the conversations themselves after what happened to them
        self.cursor = cursor  # events up to here are not for it: it has them, or gets them by itself
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.viewing: int | None = None
        self.held: list[bytes] | None = []  # what comes while it still gets what it missed; None: it has that
        self._frames: list[bytes] = []
        self._bytes = 0
        self._some = asyncio.Event()

    @property
    def who(self) -> tuple[int, int]:
        """Whose connections are counted together; tokens that are nobody's count as one user."""
        return self.principal.org_id, self.principal.user_id or 0

    def put(self, frames: bytes) -> None:
        """Queues whole frames; one that lets too many lie has to go."""
        if self.held is not None:
            self.held.append(frames)
        else:
            self._frames.append(frames)
        self._bytes += len(frames)
        if self._bytes > MOST_QUEUED_BYTES:
            self.end(TOO_SLOW, "too slow")
        self._some.set()

    def begin(self, missed: bytes) -> None:
        """Lets out what it missed, then what came meanwhile."""
        self._frames = [missed, *(self.held or ())]
        self.held = None
        self._some.set()

    async def take(self) -> bytes:
        """All that is queued, as soon as there is something."""
        while self.held is not None or not self._frames:
            self._some.clear()
            await self._some.wait()
        frames, self._frames, self._bytes = b"".join(self._frames), [], 0
        return frames

    def become(self, principal: Principal, interest: Interest) -> None:
        """The same user with other rights."""
        self.principal, self.interest = principal, interest

    def end(self, code: int, reason: str) -> None:
        if not self.over.done():
            self.over.set_exception(Goodbye(code, reason))


@dataclass
class Counts:
    """What the hub did since the start."""

    events: int = 0  # read
    pieces: int = 0  # handed to connections
    dropped: int = 0  # connections that did not take them


@dataclass
class Hub:
    """The handler of `live`, and the part that polls, beats and lets presence expire."""

    store: Store
    engine: Engine
    customers: CustomerTyping
    now: Callable[[], datetime] = clock.now
    counts: Counts = field(default_factory=Counts)
    presence: Presence = field(default_factory=Presence)

    def __post_init__(self) -> None:
        self.listeners: set[Listener] = set()
        self._feed = feed.Feed(self.store)
        self._threads = ThreadPoolExecutor(1, "live")
        self._reading = asyncio.Lock()
        self._by_user: Counter[tuple[int, int]] = Counter()
        self._owners: dict[int, int] = {}  # conversation -> organisation
        self._progress: dict[int, dict[str, Any]] = {}  # campaign -> what was told of it
        self.hints = Hints(self.store, self._heard)

    def present(self) -> set[int]:
        """The users whose inboxes are connected; programs with a token are nobody."""
        signed_in = (each.principal for each in list(self.listeners))
        return {who.user_id for who in signed_in if who.user_id is not None and who.kind == "session"}

    async def handle(self, key: str, lane: Lane) -> None:
        """Tells everybody what is new; what was written here, other daemons hear of."""
        if not key:
            self.hints.tell("")
        if self.listeners:
            async with self._reading:
                await self._read_on()

    async def run(self) -> None:
        """Looks every second, whether poked or not; keeps presence, beats and campaigns' progress going."""
        loop = asyncio.get_running_loop()
        polled = beaten = loop.time()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = loop.time()
            self._keep_presence()
            if not self.listeners:
                continue
            if now - polled >= POLL_SECONDS:
                polled = now
                self.engine.poke("live", LOOK)
                await self._tell_progress()
            if now - beaten >= BEAT_SECONDS:
                beaten = now
                beat = frame({"type": "beat", "now": self.now(), "cursor": self._feed.horizon})
                for listener in list(self.listeners):
                    listener.put(beat)

    async def join(
        self, principal: Principal, interest: Interest, cursor: int | None, *, rows: bool = False
    ) -> Listener:
        """Takes in a connection; what it missed since `cursor` is the first that it gets."""
        listener = Listener(principal, interest, 0, rows=rows)
        if self._by_user[listener.who] >= MOST_BY_USER:
            raise Goodbye(TOO_MANY, "too many connections")
        self._by_user[listener.who] += 1
        try:
            if interest.conversations:
                await self._own(principal.org_id, interest.conversations)
            async with self._reading:
                if self.listeners:
                    await self._read_on()
                else:
                    await self._in_thread(self._feed.begin)
                horizon = self._feed.horizon
                listener.cursor = max(cursor or 0, horizon)
                self.listeners.add(listener)
            missed = None if cursor is None else await self._in_thread(lambda: self._missed(listener, cursor, horizon))
        except StoreUnavailable:
            self.leave(listener)
            raise Goodbye(STORE_AWAY, "PT-STORE") from None
        except BaseException:
            self.leave(listener)
            raise
        self._welcome(listener, cursor, horizon, missed)
        return listener

    def leave(self, listener: Listener) -> None:
        """The connection is over."""
        self.listeners.discard(listener)
        why = listener.over.exception() if listener.over.done() else None
        self.counts.dropped += isinstance(why, Goodbye) and why.code == TOO_SLOW
        who = listener.who
        if self._by_user[who] > 1:
            self._by_user[who] -= 1
            self._tell_marks(self._end_viewing(listener))
        else:
            del self._by_user[who]
            self._tell_marks(self.presence.left(who[1]))

    async def viewing(self, listener: Listener, conversation_id: int | None) -> None:
        """The user looks at a conversation, or at none."""
        if conversation_id is not None:
            await self._own(listener.principal.org_id, (conversation_id,))
        if conversation_id != listener.viewing:
            self._tell_marks(self._end_viewing(listener))
        listener.viewing = conversation_id
        if conversation_id is not None:
            self._tell_marks(self.presence.put(_mark(VIEWING, listener, conversation_id), self.now()))

    async def typing(self, listener: Listener, conversation_id: int, mode: str | None) -> None:
        """The user writes a reply or a note, or no longer; the customer sees it of a reply."""
        if not listener.principal.may("conversations:write"):
            raise Goodbye(FORBIDDEN, "lacks conversations:write")
        await self._own(listener.principal.org_id, (conversation_id,))
        if mode is None:
            self._tell_marks(self.presence.end(TYPING, conversation_id, listener.who[1]))
            return
        self._tell_marks(self.presence.put(_mark(TYPING, listener, conversation_id, mode), self.now()))
        if mode == "reply":
            self.customers.show(listener.principal.org_id, conversation_id)

    def colleague_typing(self, conversation_id: int, except_user: int | None) -> tuple[int, str] | None:
        """Id and name of somebody else who writes an answer there just now; from any thread."""
        mark = self.presence.colleague_typing(conversation_id, except_user, self.now())
        return (mark.user_id, mark.name) if mark else None

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self.customers.close()

    async def _read_on(self) -> None:
        more = True
        while more and self.listeners:
            news, news_of = await self._in_thread(self._look)
            more = news.more
            self._fan_out(news.events, news_of)
            if news.in_doubt:
                return self.engine.poke("live", LOOK, delay=DOUBT_SECONDS)
        return None

    def _look(self) -> tuple[feed.News, dict[int, Became]]:
        """What is new, and for each organisation whose inboxes want it, what became of its conversations."""
        news = self._feed.read()
        viewed: dict[int, set[int]] = {}
        for each in list(self.listeners) if news.events else ():
            if each.rows:
                of_org = viewed.setdefault(each.principal.org_id, set())
                of_org |= {each.viewing} if each.viewing is not None else set()
        found: dict[int, Became] = {}
        with suppress(StoreUnavailable):  # the events go out all the same, and who hears them reads the rest
            for org_id, ids in viewed.items():
                rows = feed.rows(self.store, org_id, news.events)
                found[org_id] = Became(rows, feed.tails(self.store, org_id, news.events, ids))
        return news, found

    def _fan_out(self, events: Sequence[Any], found: Mapping[int, Became]) -> None:
        """Gives each listener its frames; those who hear the same share them."""
        if not events:
            return
        self.counts.events += len(events)
        told = {row.payload.get("user") for row in events if row.kind == "notification"}
        frames: dict[int, bytes] = {}
        made: dict[Any, bytes] = {}
        for listener in list(self.listeners):
            who = listener.principal
            own = who.user_id if who.user_id in told else None
            after = listener.cursor if listener.cursor >= events[0].id else 0
            news = found.get(who.org_id) if listener.rows else None
            viewing = listener.viewing if news and listener.viewing in news.tails else None
            key = (who.org_id, listener.interest, own, after, listener.rows, viewing)
            if key not in made:
                mine = joined(events, frames, who.org_id, listener.interest, who.user_id, after)
                before = became(news, listener.interest, viewing, events[-1].id) if mine and news else b""
                made[key] = before + mine
            if made[key]:
                self.counts.pieces += 1
                listener.put(made[key])

    def _missed(self, listener: Listener, cursor: int, horizon: int) -> Sequence[Any] | None:
        with self.store.read() as db:
            kinds = listener.interest.kinds
            return feed.missed(db, listener.principal.org_id, kinds, cursor, horizon)

    def _welcome(self, listener: Listener, cursor: int | None, horizon: int, missed: Sequence[Any] | None) -> None:
        """`ready`, what was missed, and who is where."""
        who = listener.principal
        gap = cursor is not None and missed is None
        if gap:
            listener.cursor = horizon
        mine = heard_of(missed or (), who.org_id, listener.interest, who.user_id, 0)
        viewers = self.presence.of(who.org_id, who.user_id) if VIEWING in listener.interest.kinds else ()
        ready = {
            "type": "ready",
            "cursor": horizon if cursor is None or gap else cursor,
            "latest": horizon,
            "now": self.now(),
            "viewers": [viewer(mark) for mark in viewers],
            **({"gap": True} if gap else {"missed": len(mine)}),
        }
        listener.begin(b"".join((frame(ready), *map(event_frame, mine))))

    def _keep_presence(self) -> None:
        """Whoever looks at a conversation does so until they say otherwise, or are gone; who types has to say so."""
        for listener in list(self.listeners):
            if listener.viewing is not None:
                self._tell_marks(self.presence.put(_mark(VIEWING, listener, listener.viewing), self.now()))
        self._tell_marks(self.presence.expire(self.now()), from_here=False)  # others see the same by themselves

    def _heard(self, words: str) -> None:
        """Another daemon wrote events, or tells who is where."""
        if not words:
            return self.engine.poke("live", LOOK)
        try:
            mark = parse(words, self.now())
        except (ValueError, TypeError):
            return None  # a newer daemon says more than this one knows
        if mark.until is None:
            ended = self.presence.end(mark.kind, mark.conversation_id, mark.user_id)
            return self._tell_marks(ended, from_here=False)
        return self._tell_marks(self.presence.put(mark, self.now()), from_here=False)

    def _tell_marks(self, marks: Iterable[Mark], *, from_here: bool = True) -> None:
        """Tells colleagues that somebody came, is still there, or left."""
        for mark in marks:
            if from_here:
                self.hints.tell(mark.words())
            told: bytes | None = None
            for listener in list(self.listeners):
                other = listener.principal.org_id == mark.org_id and listener.principal.user_id != mark.user_id
                if other and listener.interest.wants(mark.kind, mark.conversation_id):
                    told = told or event(mark.kind, self.now(), mark.conversation_id, mark.payload())
                    listener.put(told)

    def _end_viewing(self, listener: Listener) -> list[Mark]:
        """Unless another connection of the same user looks at it as well."""
        before, listener.viewing = listener.viewing, None
        if before is None or any(each.who == listener.who and each.viewing == before for each in self.listeners):
            return []
        return self.presence.end(VIEWING, before, listener.who[1])

    async def _tell_progress(self) -> None:
        """How far running campaigns are, to those who follow campaigns; computed only if there are such."""
        hearing = [each for each in self.listeners if PROGRESS in each.interest.kinds]
        if not hearing:
            self._progress.clear()
            return
        orgs = {each.principal.org_id for each in hearing}
        try:
            found = await self._in_thread(lambda: self._running_campaigns(orgs))
        except StoreUnavailable:
            return
        for campaign_id, (org_id, figures) in found.items():
            if self._progress.get(campaign_id) == figures:
                continue
            self._progress[campaign_id] = figures
            told = event(PROGRESS, self.now(), None, figures)
            for listener in hearing:
                if listener.principal.org_id == org_id:
                    listener.put(told)

    def _running_campaigns(self, orgs: set[int]) -> dict[int, tuple[int, dict[str, Any]]]:
        with self.store.read() as db:
            running = campaign_watch.running(db, orgs)
            return {each.id or 0: (each.org_id, campaign_watch.progress(db, each)) for each in running}

    async def _own(self, org_id: int, conversation_ids: Iterable[int]) -> None:
        """Raises Goodbye unless all these conversations are the organisation's."""
        unknown = [id_ for id_ in conversation_ids if self._owners.get(id_) != org_id]
        if not unknown:
            return
        if not await self._in_thread(lambda: self._is_of(org_id, unknown)):
            raise Goodbye(FORBIDDEN, "no such conversation")
        if len(self._owners) > MOST_KNOWN:
            self._owners.clear()
        self._owners.update(dict.fromkeys(unknown, org_id))

    def _is_of(self, org_id: int, conversation_ids: list[int]) -> bool:
        with self.store.read() as db:
            return feed.is_of(db, org_id, conversation_ids)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _mark(kind: str, listener: Listener, conversation_id: int, mode: str | None = None) -> Mark:
    who = listener.principal
    return Mark(kind, who.org_id, conversation_id, listener.who[1], who.name, None, mode)
