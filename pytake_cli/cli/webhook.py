"""The webhook: where Meta delivers, whether it does, and what to do when it did not go well.

$ pytake webhook url --show-token
$ pytake webhook verify --wait 5m
$ pytake webhook replay --quarantined
"""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli import clock, secrets
from pytake_cli.cli import webhook_verify
from pytake_cli.cli.context import context
from pytake_cli.cli.meta import ask, token_of
from pytake_cli.cli.neighbour import url as daemon_url
from pytake_cli.cli.neighbour import wake
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.cli.selectors import each, several
from pytake_cli.errors import ConfigError, UsageError
from pytake_cli.locale import _, own
from pytake_cli.services import numbers, replays
from pytake_cli.whatsapp import subscriptions

app = typer.Typer(add_completion=False, rich_markup_mode=None)

PATH = "/webhooks/whatsapp"
URL_FIELDS = {
    "url": "Callback URL to enter at Meta.",
    "verify_token": "Verify token to enter at Meta; hidden without --show-token.",
    "local": "Where the daemon listens.",
    "app_secret": "Where the secret is that signs webhooks.",
    "fields": "Fields to subscribe to.",
}
App = Annotated[
    str | None, typer.Option("--app", metavar="ID", help="For one of several apps, with a path of its own.")
]


@app.command("url")
def url(
    for_app: App = None,
    show_token: Annotated[bool, typer.Option("--show-token", help="Shows the verify token.")] = False,
    new_token: Annotated[bool, typer.Option("--new-token", help="Makes a new verify token.")] = False,
) -> None:
    """Tells what to enter at Meta: WhatsApp > Configuration > Webhook.

    The address from outside is the setting serve.public_url; Meta wants HTTPS with a trusted certificate.

    $ pytake webhook url
    $ pytake webhook url --show-token
    $ pytake config set serve.public_url https://wa.example.com
    """
    here = context()
    if new_token and not here.dry_run:
        secrets.put("verify_token", f"pt_verify_{clock.token(24)}")
        done(_("there is a new verify token; the daemon takes it over within 30 s"))
    token = secrets.get("verify_token")
    path = f"{PATH}/{for_app}" if for_app else PATH
    public = here.settings.serve.public_url
    row = {
        "url": f"{public.rstrip('/')}{path}" if public else None,
        "verify_token": (token if show_token else own("…")) if token else None,
        "local": daemon_url() + path,
        "app_secret": secrets.where("app_secret", for_app),
        "fields": list(subscriptions.FIELDS),
    }
    emit(row, URL_FIELDS)
    if not public:
        say(
            _(
                "Meta needs an HTTPS address that leads to {local}: a proxy or a tunnel in front. When there is one:"
            ).format(local=row["local"])
        )
        say(own("  pytake config set serve.public_url https://…"))
    if not token:
        warn(_("there is no verify token yet: pytake webhook url --new-token"))
    if row["app_secret"] is None:
        warn(_("there is no app secret yet (Meta: App settings > Basic): pytake secret set app_secret -"))
    say(_("Then: pytake webhook verify --wait 5m"))


app.command("verify")(webhook_verify.verify)


@app.command("subscribe")
def subscribe(
    number: Annotated[
        str | None, typer.Argument(metavar="NUMBER", help="Whose account; not needed for the only one.")
    ] = None,
    for_app: App = None,
    address: Annotated[str | None, typer.Option("--url", help="Callback URL; serve.public_url by default.")] = None,
) -> None:
    """Subscribes by API: the account to the app, and with --app also the app's fields and callback URL.

    $ pytake webhook subscribe
    $ pytake webhook subscribe --app 3000… --url https://wa.example.com/webhooks/whatsapp
    """
    here = context()
    with here.store.read(here.org_id) as db:
        row = numbers.find(db, here.org_id, number)
    if here.dry_run:
        say(_("would subscribe the account {waba}; nothing was changed (--dry-run)").format(waba=row.waba_id))
        return
    if for_app:
        callback = address or _public_url()
        token = f"{for_app}|{secrets.require('app_secret', for_app)}"
        verify_token = secrets.require("verify_token", for_app)
        ask(token, lambda graph: subscriptions.subscribe_app(graph, for_app, callback, verify_token))
        done(_("the app {app} delivers to {url}").format(app=for_app, url=callback))
    access_token = token_of(row.phone_number_id)
    ask(access_token, lambda graph: subscriptions.subscribe(graph, row.waba_id), quiet=bool(for_app))
    done(_("the account {waba} is subscribed").format(waba=row.waba_id))


def _public_url() -> str:
    public = context().settings.serve.public_url
    if public is None:
        raise ConfigError(
            "PT-WEBHOOK-URL",
            "the address from outside is not known",
            fix="pytake config set serve.public_url https://…",
        )
    return public.rstrip("/") + PATH


REPLAY_FIELDS = {
    "webhook": "Its number in the journal.",
    "received_at": "When it came.",
    "updates": "What it held.",
    "messages": "New messages this time; 0: all were known.",
    "statuses": "Statuses applied.",
    "quarantined": "Updates that could not be applied this time.",
}


@app.command("replay")
def replay(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Webhooks: 19 or wh_19; - reads them from stdin.")
    ] = None,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="All that have updates in the quarantine.")
    ] = False,
) -> None:
    """Applies stored webhooks again. What is known already changes nothing, so this is always safe.

    $ pytake webhook replay --quarantined
    $ pytake webhook replay wh_19 wh_20 --json
    """
    here = context()
    if not ids and not quarantined:
        raise UsageError("PT-USAGE-MISSING", "{name} is missing", fix="pytake webhook replay --quarantined", name="ID")
    wanted = several(ids, "ID") if ids else []
    if quarantined:
        with here.store.read(here.org_id) as db:
            waiting = replays.quarantined(db, here.org_id)
            wanted += dict.fromkeys(str(row.journal_id) for row in waiting if row.journal_id is not None)
    rows: list[replays.Replay] = []
    each(wanted, lambda reference: rows.append(_replayed(reference)))
    emit(rows, REPLAY_FIELDS, empty=_("Nothing is in the quarantine."))
    failed = sum(row.quarantined for row in rows)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    elif failed:
        warn(
            _("{count} updates could not be applied this time either: pytake queue list --kind quarantine").format(
                count=failed
            )
        )
    elif rows:
        done(_("{count} webhooks applied").format(count=len(rows)))


def _replayed(reference: str) -> replays.Replay:
    here = context()
    with wake(here.store).write() as db:  # a webhook may speak of numbers of several organisations
        result = replays.replay(db, replays.find(db, here.org_id, reference), here.now)
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    return result
