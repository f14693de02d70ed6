"""Jobs: what has to be done outside a transaction, at least once each: files to fetch, receipts to give."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from pytake_cli import clock, nearby, secrets, settings
from pytake_cli.daemon.outside import calls, code, notices, questions, sources, webhooks
from pytake_cli.daemon.outside.http import Web, allowed
from pytake_cli.daemon.outside.work import abandon, answering
from pytake_cli.errors import LimitReached, NotFound, PytakeError, SendError
from pytake_cli.services import flow_sessions, media, template_sync
from pytake_cli.store import Store, jobs
from pytake_cli.store.jobs import Job
from pytake_cli.store.work import Lane
from pytake_cli.whatsapp import media as wire_media
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp import templates as wire_templates
from pytake_cli.whatsapp.client import Graph

log = logging.getLogger(__name__)

ORPHANED_SECONDS = 120.0  # without a sign of life of its worker, a job is anybody's
LONGEST_SECONDS = 900.0  # no job lasts longer
FIRST_RETRY, LAST_RETRY = 2.0, 600.0  # seconds; doubled each time
# A file stays at Meta for a week: a day of trouble must not cost it. What a session waits for is tried again only when
# the store or the daemon failed, see outside/work.py; a receiver of notices may be away for two hours.
TRIES = {
    "automation.webhook": 20,
    "flow.ai": 5,
    "flow.code": 5,
    "flow.http": 5,
    "flow.lookup": 5,
    "flow.notify": 20,
    "media.download": 200,
    "read.receipt": 3,
    "template.pull": 20,
}

Work = Callable[["Workshop", Job], Awaitable[None]]


class Workshop:
    """What jobs work with: the store, Graph with the token of a number, the guarded web, language models."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._graphs: dict[str, Graph] = {}
        self._web: Web | None = None
        self.breaker = questions.Breaker()
        self.ai_places = asyncio.Semaphore(settings.current().flows.ai.at_once)
        self.code_places = asyncio.Semaphore(code.AT_ONCE)

    def web(self) -> Web:
        """What flows call out with; made when the first one does."""
        if self._web is None:
            self._web = Web(allowed())
        return self._web

    async def graph(self, phone_number_id: str) -> Graph:
        token = await asyncio.to_thread(secrets.require, "access_token", phone_number_id)
        known = self._graphs.get(phone_number_id)
        if known is not None:
            known.use_token(token)
            known.use_url(nearby.graph_url())
            return known
        options = settings.current().whatsapp
        graph = Graph(
            token,
            url=nearby.graph_url(),
            version=options.version,
            connect_timeout=options.connect_timeout_seconds,
            read_timeout=options.read_timeout_seconds,
            max_connections=16,
        )
        self._graphs[phone_number_id] = graph
        return await graph.__aenter__()

    async def close(self) -> None:
        for graph in self._graphs.values():
            await graph.close()
        if self._web is not None:
            await self._web.close()


async def download(shop: Workshop, job: Job) -> None:
    """{"media": 812}: fetches a received file."""
    media_id = int(job.payload["media"])
    fetch = await asyncio.to_thread(media.fetch, shop.store, media_id, clock.now())
    if fetch is None:
        return
    graph = await shop.graph(fetch.phone_number_id)
    try:
        stored = await wire_media.download(
            graph, fetch.ref, fetch.folder, phone_number_id=fetch.phone_number_id, most_bytes=fetch.most_bytes
        )
    except NotFound as error:
        await asyncio.to_thread(media.lose, shop.store, media_id, str(error))
    except LimitReached as error:
        await asyncio.to_thread(media.refuse, shop.store, media_id, str(error))
    else:
        await asyncio.to_thread(media.keep, shop.store, media_id, stored)


async def read_receipt(shop: Workshop, job: Job) -> None:
    """{"phone_number_id": "…", "wamid": "wamid.…", "typing": false}: shows the person that the message was read."""
    payload = job.payload
    phone_number_id = str(payload["phone_number_id"])
    graph = await shop.graph(phone_number_id)
    receipt = wire.read_receipt(str(payload["wamid"]), typing=bool(payload.get("typing")))
    await graph.call("POST", f"{phone_number_id}/messages", json=receipt)


async def pull_templates(shop: Workshop, job: Job) -> None:
    """{"phone_number_id": "…", "waba_id": "…", "name": "promo"}: asks Meta for the templates of a name, "": of all."""
    graph = await shop.graph(str(job.payload["phone_number_id"]))
    waba_id, name = str(job.payload["waba_id"]), str(job.payload["name"])
    asked_at = clock.now()
    every = wire_templates.every(graph, waba_id, name=name or None)
    found = [one async for one in every if name in ("", one.name)]

    def keep() -> None:
        with shop.store.write(job.org_id) as db:
            template_sync.take_in(db, job.org_id, waba_id, found, asked_at, complete=not name)

    await asyncio.to_thread(keep)


HANDLERS: dict[str, Work] = {
    "automation.webhook": webhooks.tell,
    "flow.ai": answering(questions.ask, questions.repeatable, flow_sessions.answered),
    "flow.code": answering(code.run, code.repeatable, flow_sessions.answered),
    "flow.http": answering(calls.call, calls.repeatable, flow_sessions.answered),
    "flow.lookup": answering(sources.look_up, sources.repeatable, flow_sessions.answered),
    "flow.notify": notices.notify,
    "media.download": download,
    "read.receipt": read_receipt,
    "template.pull": pull_templates,
}
FLOW = "flow."  # the kinds that sessions of flows ask for


class Jobs:
    """The handler of `job`."""

    def __init__(self, store: Store, me: str) -> None:
        self._store = store
        self._me = me
        self._shop = Workshop(store)
        self._running: set[int] = set()
        self.done = 0
        self.failed = 0

    async def handle(self, key: str, lane: Lane) -> None:
        """Does one job, unless it is done, not due or another's."""
        id_ = int(key)
        job = await asyncio.to_thread(self._claim, id_)
        if job is None:
            return
        self._running.add(id_)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await HANDLERS[job.kind](self._shop, job)
        except (PytakeError, OSError, TimeoutError) as error:
            await asyncio.to_thread(self._failed, job, error)
        except Exception as error:
            log.exception("a job failed in a way that nobody foresaw", extra={"job": id_, "job_kind": job.kind})
            await asyncio.to_thread(self._failed, job, error)
        else:
            await asyncio.to_thread(self._finish, id_)
            self.done += 1
        finally:
            self._running.discard(id_)

    @property
    def running(self) -> int:
        return len(self._running)

    async def graph(self, phone_number_id: str) -> Graph:
        """Graph with the token of a number, for what is done outside of jobs."""
        return await self._shop.graph(phone_number_id)

    async def close(self) -> None:
        await self._shop.close()

    def sweep(self) -> list[int]:
        """Gives a sign of life, takes back what the dead held; the jobs that are due."""
        now = clock.now()
        patience = timedelta(seconds=ORPHANED_SECONDS)
        with self._store.read() as db:
            old = jobs.orphaned(db, now - patience / 2)
            due = jobs.due(db, now, limit=200)
        if old:
            with self._store.write() as db:
                jobs.renew(db, self._me, self._running.copy(), now)
                jobs.requeue(db, now, claimed_before=now - patience)
        return due

    def recover(self, is_dead: Callable[[str], bool] = lambda owner: True) -> None:
        """At start: what the dead were working on is done again."""
        with self._store.write() as db:
            jobs.requeue_of(db, clock.now(), [owner for owner in jobs.owners(db) if is_dead(owner)])

    def _claim(self, id_: int) -> Job | None:
        now = clock.now()
        with self._store.read() as db:
            job = db.get(Job, id_)
            if job is None or job.state != jobs.QUEUED or job.due_at > now:
                return None
        with self._store.write() as db:
            return jobs.claim(db, id_, self._me, now)

    def _finish(self, id_: int) -> None:
        with self._store.write() as db:
            jobs.finish(db, id_, self._me, clock.now())

    def _failed(self, job: Job, error: BaseException) -> None:
        assert job.id is not None
        now = clock.now()
        final = isinstance(error, SendError) and not (error.retryable or error.unknown or error.code is None)
        reason = str(error) or type(error).__name__
        over = final or job.attempts >= TRIES[job.kind]
        if over and job.kind.startswith(FLOW):
            abandon(self._store, job, reason, flow_sessions.answered)
        with self._store.write() as db:
            if over:
                jobs.give_up(db, job.id, self._me, reason, now)
                self.failed += 1
                log.error("job given up", extra={"job": job.id, "job_kind": job.kind, "reason": reason})
            else:
                wait = clock.jitter(min(LAST_RETRY, FIRST_RETRY * 2 ** (job.attempts - 1)))
                jobs.postpone(db, job.id, self._me, now + timedelta(seconds=wait), reason)
