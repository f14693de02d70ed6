"""`pytake webhook verify`: the door is asked as Meta would ask, then Meta's own first call is waited for."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

import typer
from sqlmodel import col, select

from pytake_cli import clock, secrets
from pytake_cli.cli.context import context
from pytake_cli.cli.neighbour import url as daemon_url
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.cli.times import duration
from pytake_cli.errors import DaemonDown, Pending, UpstreamError
from pytake_cli.locale import _
from pytake_cli.store.journal import Journal

PATH = "/webhooks/whatsapp"
POLL_SECONDS = 0.5
_COUNTER = re.compile(rb"^pytake_handshakes_total (\S+)", re.MULTILINE)  # daemon.health: HANDSHAKES
RECENT = timedelta(hours=24)
FIELDS = {
    "door": "Whether the daemon answers the handshake.",
    "public": "Whether it does under serve.public_url; empty: none is set.",
    "received_at": "When the newest signed webhook came.",
    "handshake": "Whether Meta's handshake came while this waited; empty: it did not wait.",
    "waited_seconds": "How long this waited.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address said to a handshake."""

    is_right: bool
    status: int | None  # None: not reachable
    reason: str = ""


def verify(
    wait: Annotated[
        str | None, typer.Option("--wait", metavar="TIME", help="Waits so long for Meta to call: 5m.")
    ] = None,
) -> None:
    """Checks the webhook: the handshake here and from outside, and whether Meta's signed webhooks come.

    With --wait it waits for Meta's next call: the handshake, when the address is entered there, or a signed webhook,
    when somebody writes to the number.

    $ pytake webhook verify
    $ pytake webhook verify --wait 5m
    """
    here = context()
    started = here.now
    token = secrets.require("verify_token")
    _knock(token)
    outside = _from_outside(token)
    handshake = _wait(started, duration(wait)) if wait is not None else None
    received_at = newest(None)
    row = {
        "door": True,
        "public": outside.is_right if outside else None,
        "received_at": received_at,
        "handshake": handshake,
        "waited_seconds": round((clock.now() - started).total_seconds(), 1) if wait else None,
    }
    emit(row, FIELDS)
    if handshake:
        done(_("Meta's handshake came and was answered; now write to the number: pytake webhook verify --wait 5m"))
    else:
        _conclude(received_at, outside, here.now)


def _knock(token: str) -> None:
    """The handshake at the daemon's own door."""
    local = shake(daemon_url() + PATH, token)
    if local.status is None:
        raise DaemonDown("PT-DAEMON", "the daemon does not answer at {url}", fix="pytake serve", url=daemon_url())
    if not local.is_right:
        raise UpstreamError(
            "PT-WEBHOOK-HANDSHAKE",
            "the daemon refuses the handshake ({reason})",
            why="it may have started before the verify token was changed",
            fix="pytake webhook url --show-token",
            reason=local.reason,
        )
    say(_("the daemon answers the handshake"))


def _from_outside(token: str) -> Answer | None:
    public = context().settings.serve.public_url
    if not public:
        return None
    answer = shake(public.rstrip("/") + PATH, token)
    if answer.is_right:
        say(_("{url} answers the handshake").format(url=public))
    else:
        warn(_("{url} does not answer the handshake: {reason}").format(url=public, reason=answer.reason))
    return answer


def _wait(since: datetime, longest: timedelta) -> bool:
    """True when a handshake came first, False when a signed webhook did."""
    before = _handshakes()
    say(_("waiting for Meta to call: enter the address there, or write to the number…"))
    ends = clock.monotonic() + longest.total_seconds()
    while newest(since) is None:
        if before is not None and (_handshakes() or 0) > before:
            return True
        if clock.monotonic() > ends:
            raise Pending(
                "PT-WEBHOOK-SILENT",
                "neither a handshake nor a signed webhook came within {seconds:g} s",
                why="the address, the verify token or the subscription at Meta may be wrong",
                fix="pytake webhook url --show-token\npytake webhook subscribe",
                seconds=longest.total_seconds(),
            )
        time.sleep(POLL_SECONDS)
    return False


def _handshakes() -> int | None:
    """How many the daemon has answered, ours among them; None when it does not tell."""
    try:
        with urllib.request.urlopen(f"{daemon_url()}/metrics", timeout=context().timeout_seconds) as response:  # noqa: S310
            found = _COUNTER.search(response.read())
    except (OSError, ValueError):
        return None
    return int(float(found[1])) if found else None


def _conclude(received_at: datetime | None, outside: Answer | None, now: datetime) -> None:
    if received_at is None:
        say(_("no signed webhook has come yet: pytake webhook verify --wait 5m, and write to the number"))
    elif now - received_at > RECENT:
        warn(_("the newest webhook is more than a day old"))
    elif outside is None or outside.is_right:
        done(_("webhooks arrive, and their signature is right"))


def newest(since: datetime | None) -> datetime | None:
    """When the newest webhook was stored (none is without a right signature), if that was after `since`."""
    with context().store.read() as db:
        found = db.exec(select(Journal.received_at).order_by(col(Journal.id).desc()).limit(1)).first()
    return found if found is not None and (since is None or found > since) else None


def shake(address: str, token: str) -> Answer:
    """Asks an address as Meta does when a callback URL is entered."""
    challenge = str(int.from_bytes(clock.new_id()[:8].encode(), "big"))[:10]
    query = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token})
    request = urllib.request.Request(f"{address}?{query}")  # noqa: S310 - the user's own address
    try:
        with urllib.request.urlopen(request, timeout=context().timeout_seconds) as response:  # noqa: S310
            body = response.read(100)
    except urllib.error.HTTPError as error:
        error.close()
        return Answer(False, error.code, f"HTTP {error.code}")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Answer(False, None, str(getattr(reason, "strerror", None) or reason))
    return Answer(body == challenge.encode(), 200, "" if body == challenge.encode() else "another answer")
