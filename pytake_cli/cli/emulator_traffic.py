"""What passed through the emulator: accepted sends, webhooks, requests; recordings and their replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pytake_cli.cli import emulator_api as api
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.errors import NotFound
from pytake_cli.locale import _

LEDGER_FIELDS = {
    "wamid": "Id of the message.",
    "to": "The recipient's number.",
    "type": "Meta's type.",
    "at": "When it was accepted, Unix seconds.",
    "opaque": "The sender's biz_opaque_callback_data.",
    "phone_number_id": "The number that sent it.",
}
STATS_FIELDS = {
    "accepted": "Sends accepted.",
    "distinct_opaque": "Different opaque texts.",
    "duplicates": "Opaque texts accepted more than once.",
    "duplicated": "Which ones, and how often.",
}
WEBHOOK_FIELDS = {
    "id": "Number of the delivery.",
    "state": "pending, delivered or dropped.",
    "updates": "Updates in it.",
    "tries": "Attempts so far.",
    "status": "HTTP status of the last attempt.",
    "ms": "How long it took.",
    "error": "Why it failed.",
    "subjects": "wamids or names in it.",
    "body": "The exact body, with --body.",
}
REQUEST_FIELDS = {
    "at": "When, Unix seconds.",
    "method": "HTTP method.",
    "path": "Path.",
    "status": "HTTP status.",
    "ms": "How long it took.",
    "wamid": "What was accepted.",
    "error": "What was refused.",
}
Limit = Annotated[int, typer.Option("-l", "--limit", metavar="N", min=1, help="The newest so many.")]


def ledger(
    limit: Limit = 100,
    opaque: Annotated[
        str | None, typer.Option("--opaque", metavar="TEXT", help="Only opaque data that begin so.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="PHONE", help="Only sends to this number.")] = None,
    stats: Annotated[bool, typer.Option("--stats", help="Only the sums: accepted, and accepted twice.")] = False,
) -> None:
    """Lists the sends that were accepted, the newest last; what was sent twice is told by --stats.

    $ pytake emulator ledger --limit 10
    $ pytake emulator ledger --stats --json
    """
    if stats:
        emit(api.look("ledger/stats"), STATS_FIELDS)
        return
    found = api.look("ledger", limit=limit, opaque=opaque, to=to)
    emit(found["messages"], LEDGER_FIELDS, default=("to", "type", "opaque", "wamid"), empty=_("nothing was sent yet"))


def webhooks(
    limit: Limit = 50,
    pending: Annotated[bool, typer.Option("--pending", help="Only those not taken yet.")] = False,
    body: Annotated[bool, typer.Option("--body", help="With their exact bodies.")] = False,
) -> None:
    """Lists the webhooks that were posted, with how the receiver answered, the newest first.

    $ pytake emulator webhooks --pending
    $ pytake emulator webhooks --body --json --limit 1
    """
    found = api.look("webhooks", limit=limit, state="pending" if pending else None, body=1 if body else None)
    rows = []
    for row in found:
        last: dict[str, Any] = row["attempts"][-1] if row["attempts"] else {}
        rows.append(
            row | {"tries": len(row["attempts"])} | {name: last.get(name) for name in ("status", "ms", "error")}
        )
    emit(
        rows,
        WEBHOOK_FIELDS,
        default=("id", "state", "updates", "tries", "status", "ms", "error"),
        empty=_("no webhooks yet"),
    )


def requests(limit: Limit = 50) -> None:
    """Lists the requests to the Graph API, the newest first.

    $ pytake emulator requests
    """
    emit(api.look("requests", limit=limit), REQUEST_FIELDS, default=("method", "path", "status", "ms", "error"))


def record(
    file: Annotated[str, typer.Argument(metavar="FILE|stop", help="Where to write; `stop` ends the recording.")],
) -> None:
    """Writes every request and webhook to a file, as JSON lines that `replay` takes.

    $ pytake emulator record traffic.jsonl
    $ pytake emulator record stop
    """
    if file == "stop":
        api.ask("record", on=False)
        done(_("the recording has ended"))
        return
    api.ask("record", on=True, path=str(Path(file).absolute()))
    done(_("recording to {file}").format(file=file))


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording, or webhook bodies as JSON lines.")],
    speed: Annotated[
        float, typer.Option("--speed", metavar="N", min=0, help="So many times as fast; 0: all at once.")
    ] = 0,
) -> None:
    """Sends the webhooks of a recording again, signed anew.

    $ pytake emulator replay traffic.jsonl --speed 10
    """
    if not file.is_file():
        raise NotFound("PT-EMULATOR-FILE", "there is no file {path}", fix="pytake emulator record FILE", path=file)
    found = api.ask("replay", text=file.read_text(encoding="utf-8"), speed=speed)
    say(_("{count} webhooks").format(count=found["webhooks"]))


def test_payload() -> None:
    """Sends what the Test button of Meta's dashboard sends: a message with ids that do not exist.

    $ pytake emulator test
    """
    emit(api.ask("test"), WEBHOOK_FIELDS, default=("id", "state"))


def state() -> None:
    """Shows everything the emulator knows, as JSON, for a bug report; no secrets.

    $ pytake emulator state
    """
    data(json.dumps(api.look("state"), ensure_ascii=False, indent=2))
