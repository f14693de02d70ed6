"""`webhook` steps of automations: what happened, posted to an address on the internet, through the guard of flows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from pytake_cli.daemon.outside.answers import Failed
from pytake_cli.daemon.outside.calls import AGENT
from pytake_cli.daemon.outside.http import Request
from pytake_cli.errors import SendError
from pytake_cli.store.jobs import Job

if TYPE_CHECKING:
    from pytake_cli.daemon.jobs import Workshop

SECONDS = 15.0
_NOW_OR_LATER = (408, 425, 429)  # of 4xx: worth another try


async def tell(shop: Workshop, job: Job) -> None:
    """{"url": "https://…", "data": {"automation": "vip", "conversation": 5008, …}}

    POST {"type": "automation", "data": {…}}; whoever gets one twice knows it by its idempotency-key.
    """
    url = str(job.payload["url"])
    body = orjson.dumps({"type": "automation", "data": job.payload["data"]})
    headers = {"content-type": "application/json", "user-agent": AGENT, "idempotency-key": job.key}
    try:
        answer = await shop.web().fetch(Request("POST", url, headers, body, SECONDS))
    except Failed as failed:
        raise _failed(url, str(failed), for_good=failed.reason == "refused") from None
    if not 200 <= answer.status < 300:
        for_good = 400 <= answer.status < 500 and answer.status not in _NOW_OR_LATER
        raise _failed(url, f"it answered {answer.status}", for_good=for_good)


def _failed(url: str, reason: str, *, for_good: bool) -> SendError:
    return SendError(
        "PT-AUTO-WEBHOOK",
        "{url} was not told: {reason}",
        retryable=not for_good,
        code=0 if for_good else None,
        url=url.partition("?")[0],
        reason=reason,
    )
