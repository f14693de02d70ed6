"""Control of what passed: the ledger of accepted sends, webhook deliveries, requests, recordings, the whole state."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from pytake_cli.emulator.events import TEST_BODY
from pytake_cli.emulator.recorder import webhook_bodies
from pytake_cli.emulator.wire import dumps
from pytake_cli.errors import InvalidData

if TYPE_CHECKING:
    from pytake_cli.emulator.delivery import Lane
    from pytake_cli.emulator.world import World

Answer = dict[str, Any]
LIMIT = 100
SHOWN_DUPLICATES = 1000


def _limit(arguments: Answer) -> int:
    return int(arguments.get("limit") or LIMIT)


async def ledger(world: World, arguments: Answer) -> Answer:
    """Accepted sends from the compact ledger, the oldest first, by `opaque` (a beginning), `to`, `type` and `since`.

    `limit` keeps the newest so many.
    """
    opaque, to, kind = (str(arguments.get(name) or "") for name in ("opaque", "to", "type"))
    since, digits = float(arguments.get("since") or 0), to.lstrip("+")
    rows = deque(
        (
            {"wamid": wamid, "to": recipient, "type": what, "at": at, "phone_number_id": number, "opaque": data}
            for wamid, recipient, what, at, number, data in world.ledger
            if data.startswith(opaque) and digits in ("", recipient) and kind in ("", what) and at >= since
        ),
        maxlen=_limit(arguments),
    )
    return {"accepted": world.ledger.total, "messages": list(rows)}


async def messages(world: World, arguments: Answer) -> list[Answer]:
    """Accepted sends still in memory with their state and body, the newest first: filters `opaque`, `to`, `status`."""
    opaque, digits, status = (
        str(arguments.get("opaque") or ""),
        str(arguments.get("to") or "").lstrip("+"),
        arguments.get("status"),
    )
    found = (
        message.as_dict()
        for message in reversed(world.sent)
        if message.opaque.startswith(opaque)
        and digits in ("", message.customer.wa_id)
        and status in (None, message.status)
    )
    return list(islice(found, _limit(arguments)))


async def ledger_stats(world: World, arguments: Answer) -> Answer:
    """How often each opaque text was accepted: what a kill harness needs to know."""
    counts = world.ledger.counts()
    doubled = {opaque: count for opaque, count in counts.items() if count > 1}
    answer: Answer = {
        "accepted": world.ledger.total,
        "kept": sum(1 for _ in world.ledger),
        "with_opaque": sum(counts.values()),
        "distinct_opaque": len(counts),
        "duplicates": len(doubled),
        "duplicated": dict(islice(doubled.items(), SHOWN_DUPLICATES)),
    }
    if arguments.get("counts"):
        answer["counts"] = dict(counts)
    return answer


async def deliveries(world: World, arguments: Answer) -> list[Answer]:
    """Webhook POSTs with their attempts, the newest first: filters `state`, `subject`; `body=1` shows bodies."""
    state, subject = arguments.get("state"), arguments.get("subject")
    found = (
        delivery.as_dict(with_body=bool(arguments.get("body")))
        for delivery in reversed(world.webhooks.log)
        if state in (None, delivery.state) and (subject is None or subject in delivery.subjects)
    )
    return list(islice(found, _limit(arguments)))


async def requests(world: World, arguments: Answer) -> list[Answer]:
    """Graph requests, the newest first."""
    return list(islice(reversed(world.requests), _limit(arguments)))


async def record(world: World, arguments: Answer) -> Answer:
    """`on` starts (into `path`, or into memory), otherwise stops."""
    if arguments.get("on"):
        world.recorder.start(arguments.get("path"))
    else:
        world.recorder.stop()
    return {"recording": world.recorder.on, "lines": len(world.recorder.lines)}


async def recording(world: World, arguments: Answer) -> Answer:
    return {"recording": world.recorder.on, "text": "\n".join(world.recorder.lines)}


async def replay(world: World, arguments: Answer) -> Answer:
    """Sends the webhooks of a recording (`text`) again, `speed` times as fast; 0 sends all at once."""
    try:
        bodies = webhook_bodies(str(arguments.get("text") or ""))
    except orjson.JSONDecodeError as error:
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "the recording is not JSON lines: {reason}",
            fix="pytake emulator record FILE",
            reason=str(error),
        ) from error
    url = world.subscriptions.callback_url
    if not url:
        raise InvalidData(
            "PT-EMULATOR-VALUE", "there is no webhook URL to replay to", fix="pytake emulator config webhook_url=URL"
        )
    lane, speed, now = world.webhooks.lane(url), float(arguments.get("speed") or 0), world.timeline.now()
    first = bodies[0][0] if bodies else 0.0
    for at, body in bodies:
        due = now + ((at - first) / speed if speed else 0.0)
        world.timeline.at(due, _replay_one, world, lane, body)
    world.timeline.run_due()
    return {"webhooks": len(bodies)}


def _replay_one(due: float, world: World, lane: Lane, body: bytes) -> None:
    world.webhooks.post_raw(lane, body, ["replay"])


async def test_payload(world: World, arguments: Answer) -> Answer:
    """The dashboard's Test button: fake ids, signed like anything else."""
    url = world.subscriptions.callback_url
    if not url:
        raise InvalidData(
            "PT-EMULATOR-VALUE", "there is no webhook URL to test", fix="pytake emulator config webhook_url=URL"
        )
    body = dumps(TEST_BODY).replace("/", "\\/").encode()
    return world.webhooks.post_raw(world.webhooks.lane(url), body, ["ABGGFlA5Fpa"]).as_dict()


async def raw_webhook(world: World, arguments: Answer) -> Answer:
    """Posts `body` (a JSON value or exact text) as a signed webhook."""
    url = world.subscriptions.callback_url
    if not url:
        raise InvalidData("PT-EMULATOR-VALUE", "there is no webhook URL", fix="pytake emulator config webhook_url=URL")
    body = arguments.get("body")
    exact = body.encode() if isinstance(body, str) else dumps(body).replace("/", "\\/").encode()
    return world.webhooks.post_raw(world.webhooks.lane(url), exact, ["raw"]).as_dict()


async def state(world: World, arguments: Answer) -> Answer:
    """Everything, for a look or a bug report; no secrets."""
    return {
        "seed": world.seed,
        "config": world.config.as_dict(),
        "counts": world.counts,
        "webhooks": world.webhooks.counts,
        "numbers": [number.as_dict() for number in world.numbers.values()],
        "templates": [template.node() for template in world.templates.by_id.values()],
        "customers": [
            {
                "wa_id": one.wa_id,
                "user_id": one.user_id,
                "name": one.name,
                "blocked": one.blocked,
                "offline": one.offline,
            }
            for one in islice(world.customers.by_wa_id.values(), 10_000)
        ],
        "messages": [message.as_dict() for message in islice(world.sent, 10_000)],
        "faults": [fault.as_dict() for fault in world.faults.rules],
        "receivers": [lane.as_dict() for lane in world.webhooks.lanes.values()],
    }
