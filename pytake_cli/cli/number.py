"""WhatsApp numbers: connecting them, what Meta says of them, their limits.

$ pytake number add --waba 1045… --phone-id 1098… --token-file meta.token
$ pytake number list
$ pytake number test --to +5511968184101 --template hello_world --language en_US
"""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli import secrets
from pytake_cli.cli import confirm, number_add, number_trial
from pytake_cli.cli.context import context
from pytake_cli.cli.meta import ask, token_of
from pytake_cli.cli.neighbour import wake
from pytake_cli.cli.number_fields import FIELDS, SHOWN, record
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.locale import _
from pytake_cli.services import numbers
from pytake_cli.whatsapp import numbers as at_meta

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Which = Annotated[
    str | None,
    typer.Argument(metavar="NUMBER", help="Its id, Meta's id or the phone number; not needed for the only one."),
]

app.command("add")(number_add.add)


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also those that were removed.")] = False,
) -> None:
    """Lists the connected numbers.

    $ pytake number list
    $ pytake number list --json --fields display,quality,tier
    """
    with context().store.read(context().org_id) as db:
        found = numbers.listed(db, context().org_id)
    rows = [record(number) for number in found if everything or number.status != numbers.REMOVED]
    emit(rows, FIELDS, default=SHOWN, empty=_("No number is connected yet: pytake number add -h"))


@app.command("show")
def show(number: Which = None) -> None:
    """Shows one number with everything known of it.

    $ pytake number show
    $ pytake number show +551140001234 --json
    """
    with context().store.read(context().org_id) as db:
        found = numbers.find(db, context().org_id, number)
    emit(record(found), FIELDS)


@app.command("verify")
def verify(number: Which = None) -> None:
    """Asks Meta how the number stands, keeps the answer, and ends a stop if it may send again.

    $ pytake number verify
    """
    here = context()
    with here.store.read(here.org_id) as db:
        found = numbers.find(db, here.org_id, number)
    phone = ask(token_of(found.phone_number_id), lambda graph: at_meta.get(graph, found.phone_number_id))
    with wake(here.store).write(here.org_id) as db:
        row = numbers.find(db, here.org_id, str(found.id))
        changed = numbers.refresh(db, row, phone, here.now)
        shown = record(row)
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    emit(shown, FIELDS, default=SHOWN)
    if shown["status"] != "CONNECTED":
        warn(_("{number} is {status} at Meta and cannot send").format(number=shown["display"], status=shown["status"]))
    elif changed and here.dry_run:
        say(
            _("{what}: {fields} would change; nothing was changed (--dry-run)").format(
                what=shown["display"], fields=", ".join(changed)
            )
        )
    elif "stopped_at" in changed:
        done(_("{number} sends again").format(number=shown["display"]))
    else:
        done(_("{number} is connected and may send").format(number=shown["display"]))


LIMIT_FIELDS = {
    "display": "What people dial.",
    "rate_per_second": "Messages a second that Meta allows.",
    "current_rate_per_second": "The same now; lower after Meta said “too fast”.",
    "tier": "Meta's name of the daily limit.",
    "daily_people": "People a day outside of windows; empty: no limit, or not known.",
    "used_people": "Of those, written to in the last 24 hours, by all numbers of the portfolio.",
    "used_percent": "The same in percent.",
    "sent_24h": "Messages sent in the last 24 hours.",
    "queued": "Messages that wait to be sent.",
    "pair_interval_seconds": "Seconds between two messages to the same person.",
    "pair_burst": "Messages to one person before that interval counts.",
}


@app.command("limits")
def limits(number: Which = None) -> None:
    """Shows the limits of a number and how much of them is used.

    $ pytake number limits
    $ pytake number limits --json --fields used_percent
    """
    here = context()
    with here.store.read(here.org_id) as db:
        found = numbers.find(db, here.org_id, number)
        state = numbers.limits(db, found, here.now)
    row = {
        **{name: getattr(state, name, None) for name in LIMIT_FIELDS},
        "display": found.display,
        "used_percent": round(100 * state.used_people / state.daily_people) if state.daily_people else None,
        "pair_interval_seconds": here.settings.send.pair_interval_seconds,
        "pair_burst": here.settings.send.pair_burst,
    }
    emit(row, LIMIT_FIELDS)


app.command("test")(number_trial.trial)


@app.command("remove")
def remove(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Its id, Meta's id or the phone number.")],
    confirmed: Annotated[
        str | None, typer.Option("--confirm", metavar="NUMBER", help="The phone number again.")
    ] = None,
) -> None:
    """Lets a number go: it sends no more, what is queued is cancelled, its token is forgotten.

    Conversations stay, and `number add` brings the number back. Nothing changes at Meta.

    $ pytake number remove +551140001234 --confirm +551140001234
    """
    here = context()
    with here.store.read(here.org_id) as db:
        found = numbers.find(db, here.org_id, number)
    if not here.dry_run and not confirm.severe(
        _("Remove the number {number}?").format(number=found.display), found.display, confirmed
    ):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        row = numbers.find(db, here.org_id, str(found.id))
        cancelled = numbers.remove(db, row, here.now)
        shown = record(row)
        if here.dry_run:
            db.rollback()
    emit(shown, FIELDS, default=SHOWN)
    if here.dry_run:
        say(_("{count} queued messages would be cancelled; nothing was changed (--dry-run)").format(count=cancelled))
        return
    secrets.delete("access_token", found.phone_number_id)
    done(_("{number} is removed, {count} queued messages are cancelled").format(number=found.display, count=cancelled))
