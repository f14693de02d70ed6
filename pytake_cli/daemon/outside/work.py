"""How an effect's job runs: it is carried out at most once unless repeating does no harm, and always answered.

A session waits for the answer, so there is one whatever happens: the value, the reason why there is none, or, when the
daemon ended while the effect was under way and repeating it could do it twice, `unknown`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytake_cli import clock
from pytake_cli.daemon.outside.answers import MOST_DETAIL, Failed
from pytake_cli.errors import PytakeError, StoreUnavailable
from pytake_cli.flow.events import EffectDone, EffectFailed
from pytake_cli.services import flow_notices
from pytake_cli.store import Store
from pytake_cli.store.jobs import Job

if TYPE_CHECKING:
    from pytake_cli.daemon.jobs import Workshop

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 300.0  # how long an answer that is here already waits for the store; the work is not done twice
LOOK_AGAIN_SECONDS = 1.0

Perform = Callable[["Workshop", Job], Awaitable[Any]]
# `services.flow_sessions.answered`: (store, session, token, event, cause, now); the same cause counts once.
Tell = Callable[[Store, int, str, EffectDone | EffectFailed, str, datetime], object]


def answering(perform: Perform, repeatable: Callable[[dict[str, Any]], bool], tell: Tell) -> Perform:
    """The handler of an effect's job. `repeatable` tells of its payload whether doing it twice does no harm."""

    async def work(shop: Workshop, job: Job) -> None:
        if job.attempts > 1 and not repeatable(job.payload):
            interrupted = Failed("unknown", "PyTake ended while this was under way; it may have been done")
            return await _answer(shop.store, job, interrupted, tell)
        return await _answer(shop.store, job, await _outcome(perform, shop, job), tell)

    return work


def abandon(store: Store, job: Job, reason: str, tell: Tell) -> None:
    """Answers for a job that nobody will do any more, so that no session waits for it."""
    try:
        if "token" in job.payload["effect"]:
            _tell(store, job, Failed("failed", reason), clock.now(), tell)
        else:
            flow_notices.not_told(store, job, reason, clock.now())
    except StoreUnavailable:
        raise
    except Exception:  # the job is given up all the same
        log.exception("a session could not be told that its effect failed", extra={"job": job.id})


async def _outcome(perform: Perform, shop: Workshop, job: Job) -> Any:
    try:
        return await perform(shop, job)
    except Failed as failed:
        log.info("effect failed", extra={"job": job.id, "job_kind": job.kind, "reason": failed.reason})
        return failed
    except StoreUnavailable:
        raise  # before anything was done; the job is tried again
    except PytakeError as error:
        log.warning("effect failed", extra={"job": job.id, "job_kind": job.kind, "reason": str(error)})
        return Failed("settings", str(error))
    except Exception:
        log.exception("an effect failed in a way that nobody foresaw", extra={"job": job.id, "job_kind": job.kind})
        return Failed("failed", "an error in PyTake; its log has the details")


async def _answer(store: Store, job: Job, outcome: Any, tell: Tell) -> None:
    end = clock.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await asyncio.to_thread(_tell, store, job, outcome, clock.now(), tell)
        except StoreUnavailable:
            if clock.monotonic() > end:
                raise
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _tell(store: Store, job: Job, outcome: Any, now: datetime, tell: Tell) -> None:
    token = str(job.payload["effect"]["token"])
    event: EffectDone | EffectFailed
    if isinstance(outcome, Failed):
        event = EffectFailed(now, token, outcome.reason, outcome.detail[:MOST_DETAIL], outcome.value)
    else:
        event = EffectDone(now, token, outcome)
    tell(store, int(job.payload["session"]), token, event, f"job:{job.id}", now)
