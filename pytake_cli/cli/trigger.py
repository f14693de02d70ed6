"""`pytake trigger`: posts a realistic, signed webhook to the daemon's door, as Meta would."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import orjson
import typer

from pytake_cli import clock, nearby, secrets
from pytake_cli.cli import neighbour, triggers
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.errors import DaemonDown, Forbidden, InvalidData, UpstreamError, UsageError
from pytake_cli.locale import _
from pytake_cli.policy import phones
from pytake_cli.whatsapp.signature import sign

if TYPE_CHECKING:
    from pytake_cli.store.numbers import Number

EVENT_FIELDS = {"event": "what to trigger", "field": "the webhook's field", "meaning": "what it says"}
FIELDS = {
    "event": "what was triggered",
    "status": "HTTP status of the daemon's answer",
    "ms": "how long the answer took",
    "wamid": "Meta's id of the message",
}
WEBHOOK_PATH = "/webhooks/whatsapp"
META_HOSTS = ("facebook.com", "fbsbx.com", "whatsapp.net")
DEFAULT_PHONE = "+5511968184101"


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says, as it was typed."""

    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="message.text, status.failed:131047 …")] = None
    to: Annotated[
        str | None, typer.Option("--to", metavar="PHONE", help="The customer: whom a status is about, or who writes.")
    ] = None
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Changes the webhook: messages.0.text.body=olá."),
    ] = None
    message: Annotated[
        str | None, typer.Option("--message", metavar="MESSAGE", help="What statuses are about; else our newest.")
    ] = None
    times: Annotated[int, typer.Option("--times", metavar="N", help="So many different ones.", min=1, max=100_000)] = 1
    raw: Annotated[str | None, typer.Option("--raw", metavar="FILE|-", help="Signs and posts this body as it is.")] = (
        None
    )
    number: Annotated[str | None, typer.Option("--number", metavar="NUMBER", help="Business number.")] = None
    app: Annotated[str | None, typer.Option("--app", metavar="APP", help="Signs as this app, to its own path.")] = None
    list_: Annotated[bool, typer.Option("--list", help="Lists the events.")] = False


@filled_in
def trigger(given: Given) -> None:
    """Sends a realistic webhook to the daemon, signed as Meta signs. Never with a number that is live at Meta.

    $ pytake trigger message.text --set messages.0.text.body="quero a 2ª via"
    $ pytake trigger status.failed:131047
    $ pytake trigger message.image -n --json  # shows it, sends nothing
    $ pytake trigger --list
    """
    if given.list_:
        known = triggers.EVENTS.items()
        emit([{"event": name, "field": kind.field, "meaning": _(kind.meaning)} for name, kind in known], EVENT_FIELDS)
        return
    refuse_live()
    bodies = _bodies(given)
    if context().dry_run:
        for body, _wamid in bodies:
            data(orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode())
        return
    _post_all(given.event or "raw", bodies, given.app)


def _bodies(given: Given) -> list[tuple[bytes, str]]:
    """The webhooks to post, each with the wamid it is about."""
    if given.raw is not None:
        return [(_raw(given.raw), "")]
    if given.event is None:
        raise UsageError("PT-USAGE-MISSING", "{name} is missing", fix="pytake trigger --list", name="EVENT")
    kind, code = triggers.find(given.event)
    changes = [_change(each) for each in given.set_ or []]
    scene = replace(_scene(given.to, given.message, given.number), code=code)
    return [_body(kind, scene, changes, index, given.event) for index in range(given.times)]


def refuse_live() -> None:
    """Made-up webhooks have no place where real people's messages arrive."""
    host = urlsplit(nearby.graph_url()).hostname or ""
    if any(host == meta or host.endswith(f".{meta}") for meta in META_HOSTS):
        raise Forbidden(
            "PT-TRIGGER-LIVE",
            "the number is live: Graph is {host}, and made-up webhooks would mix with real ones",
            why="trigger works with the emulator only",
            fix="pytake init --number emulator",
            host=host,
        )


def _raw(where: str) -> bytes:
    import sys
    from pathlib import Path

    try:
        return sys.stdin.buffer.read() if where == "-" else Path(where).read_bytes()
    except OSError as error:
        raise InvalidData(
            "PT-SEND-FILE",
            "{path} cannot be read: {reason}",
            fix="pytake trigger --raw FILE",
            path=where,
            reason=error.strerror,
        ) from error


def _change(given: str) -> tuple[str, Any]:
    path, separator, value = given.partition("=")
    if not separator or not path:
        raise UsageError(
            "PT-TRIGGER-SET",
            "--set is PATH=VALUE, not {given}",
            fix="pytake trigger message.text --set messages.0.text.body=oi",
            given=given,
        )
    try:
        return path, orjson.loads(value)
    except orjson.JSONDecodeError:
        return path, value


def _scene(to: str | None, message: str | None, number: str | None) -> triggers.Scene:
    from sqlmodel import col, select

    from pytake_cli.services import messages, numbers
    from pytake_cli.store import facts
    from pytake_cli.store.messages import OUT, Message

    ctx = context()
    with ctx.store.read(ctx.org_id) as db:
        ours: Number = numbers.find(db, ctx.org_id, number)
        sent = select(Message).where(
            Message.number_id == ours.id, Message.direction == OUT, col(Message.wamid).is_not(None)
        )
        about = (
            messages.find(db, message) if message else db.exec(sent.order_by(col(Message.id).desc()).limit(1)).first()
        )
        instance = facts.get(db, "instance")
    known = about is not None and about.address_kind == "phone"
    phone = phones.parse(to, ctx.org.country) if to else about.address if about and known else DEFAULT_PHONE
    return triggers.Scene(
        waba_id=ours.waba_id,
        phone_number_id=ours.phone_number_id,
        display=ours.display,
        phone="".join(filter(str.isdigit, phone)),
        name="Karina Silva",
        wamid="",
        about=(about.wamid if about else None) or triggers.wamid(clock.new_id()),
        timestamp=int(clock.now().timestamp()),
        opaque=f"pytake:{instance}.{about.id}.{max(about.attempts, 1)}" if about else "",
    )


def _body(
    kind: triggers.Kind, scene: triggers.Scene, changes: list[tuple[str, Any]], index: int, event: str
) -> tuple[bytes, str]:
    wamid = triggers.wamid(clock.new_id())
    body = triggers.envelope(kind, replace(scene, wamid=wamid), changes)
    return orjson.dumps(body), wamid if event.startswith("message.") else scene.about


def _post_all(event: str, bodies: list[tuple[bytes, str]], app: str | None) -> None:
    secret = secrets.require("app_secret", app)
    target = neighbour.url() + WEBHOOK_PATH + (f"/{app}" if app else "")
    rows = []
    for body, wamid in bodies:
        began = time.monotonic()
        status = post(target, body, secret, context().timeout_seconds)
        rows.append(
            {"event": event, "status": status, "ms": round((time.monotonic() - began) * 1000, 1), "wamid": wamid}
        )
    emit(rows, FIELDS)
    refused = [row["status"] for row in rows if row["status"] != 200]
    if refused:
        raise UpstreamError(
            "PT-TRIGGER-REFUSED",
            "the daemon refused {count} of {all}: HTTP {status}",
            why="401 is a signature by another secret, 503 a store that cannot write",
            fix="pytake doctor",
            count=len(refused),
            all=len(rows),
            status=refused[0],
        )
    done(_("{event}: {count} taken by {url}").format(event=event, count=len(rows), url=target))
    say(_("what became of it: pytake trace {wamid}").format(wamid=rows[-1]["wamid"]) if rows[-1]["wamid"] else "")


def post(target: str, body: bytes, secret: str, timeout_seconds: float) -> int:
    """Posts a signed body; the HTTP status of the answer."""
    headers = {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": sign(body, secret),
        "User-Agent": "pytake-trigger",
    }
    request = urllib.request.Request(target, data=body, headers=headers, method="POST")  # noqa: S310 - our own http address
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = str(getattr(error, "reason", error))
        raise DaemonDown(
            "PT-DAEMON", "nobody answers at {url}: {reason}", fix="pytake serve", url=target, reason=reason
        ) from error
