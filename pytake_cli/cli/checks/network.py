"""Checks of what is elsewhere: the daemon, Meta or the emulator, tokens, subscriptions, numbers, the clock."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pytake_cli import clock, nearby, secrets
from pytake_cli.cli.checks.finding import Finding, error, ok, skipped, warning
from pytake_cli.cli.meta import ask
from pytake_cli.cli.neighbour import running, url
from pytake_cli.errors import SendError
from pytake_cli.services import numbers as standing
from pytake_cli.services.overview import Overview
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import numbers as at_meta
from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.errors import Action, rule
from pytake_cli.whatsapp.numbers import Phone

PROBE_SECONDS = 3.0
SKEW = timedelta(seconds=30)  # statuses are ordered by Meta's clock, windows counted by ours
SILENT = timedelta(hours=24)
EXPIRES_SOON = timedelta(days=7)
TIGHT = 0.8  # of the daily limit


def check_daemon() -> Iterator[Finding]:
    """The daemon answers and says that it is well."""
    address = url()
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=PROBE_SECONDS) as response:  # noqa: S310
            response.read(1000)
    except urllib.error.HTTPError as refusal:
        reason = refusal.read(1000).decode("utf-8", "replace").strip()
        yield error(
            "PT-CHECK-DAEMON-SICK",
            "the daemon at {url} is not well: {reason}",
            check="daemon",
            fix="pytake status",
            url=address,
            reason=reason or refusal.code,
        )
        return
    except (OSError, ValueError):
        yield error(
            "PT-DAEMON",
            "the daemon does not answer at {url}: nothing is received or sent",
            check="daemon",
            fix="pytake serve",
            url=address,
        )
        return
    daemon = running()
    if daemon:
        yield ok("daemon", "pid {pid} at {url}", pid=daemon.pid, url=address)
    else:
        yield error(
            "PT-CHECK-DAEMON-FOREIGN",
            "what answers at {url} is not the daemon of this home",
            check="daemon",
            fix="pytake serve --port 0",
            url=address,
        )


def check_clock() -> Iterator[Finding]:
    """This machine's clock against the Date of Graph's answers."""
    address = nearby.graph_url()
    request = urllib.request.Request(address, method="HEAD")  # noqa: S310 - the user's own setting
    try:
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS) as response:  # noqa: S310
            stamp = response.headers.get("Date")
    except urllib.error.HTTPError as refusal:
        stamp = refusal.headers.get("Date")
        refusal.close()
    except (OSError, ValueError):
        yield skipped("clock", "{url} does not answer, so there is no clock to compare with", url=address)
        return
    there = _moment(stamp)
    if there is None:
        yield skipped("clock", "{url} does not tell the time", url=address)
        return
    difference = abs(clock.now() - there)
    seconds = round(difference.total_seconds())
    if difference > SKEW:
        yield error(
            "PT-CHECK-CLOCK",
            "this machine's clock is {seconds} s off: windows and schedules will be wrong",
            check="clock",
            fix="timedatectl set-ntp true",
            seconds=seconds,
        )
    else:
        yield ok("clock", "at most {seconds} s off", seconds=seconds + 1)


def _moment(stamp: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(stamp or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def check_meta(rows: Iterable[Number], view: Overview, now: datetime) -> Iterator[Finding]:
    """For each number: token, standing at Meta, subscription; and when the last webhook came."""
    for row in rows:
        token = secrets.get("access_token", row.phone_number_id)
        if token is None:
            yield skipped("meta", "{number} has no access token to ask with", number=row.display)
            continue
        yield from _of_number(row, token, now)
    yield from _webhooks(view, now)


def _of_number(row: Number, token: str, now: datetime) -> Iterator[Finding]:
    answers: dict[str, Any] = {}

    async def questions(graph: Graph) -> Phone:
        phone = await at_meta.get(graph, row.phone_number_id)
        for name, question in (
            ("token", at_meta.debug_token(graph, token)),
            ("subscriptions", at_meta.subscriptions(graph, row.waba_id)),
        ):
            try:
                answers[name] = await question
            except SendError as refusal:  # the token may lack the permission to be asked this
                answers[name] = refusal
        return phone

    try:
        phone = ask(token, questions, quiet=True)
    except SendError as refusal:
        yield _unreachable(row, refusal)
        return
    yield from _token(row, answers["token"], now)
    yield from _number(row, phone)
    yield from _subscription(row, token, answers["subscriptions"])


def _unreachable(row: Number, refusal: SendError) -> Finding:
    if refusal.code is None:
        fix = "pytake config get whatsapp.graph_url"
    elif rule(refusal.code, None).action is Action.TOKEN:
        fix = "pytake secret set access_token - --scope {id}"
    else:
        fix = refusal.fix
    return error(
        refusal.slug,
        "{number}: {reason}",
        check="meta",
        fix=fix,
        number=row.display,
        reason=str(refusal),
        id=row.phone_number_id,
    )


def _token(row: Number, facts: Any, now: datetime) -> Iterator[Finding]:
    if isinstance(facts, SendError) or not facts:
        yield ok("meta", "{number}: the token works", number=row.display)
        return
    fix = "pytake secret set access_token - --scope {id}"
    expires = facts.get("expires_at")
    ends = datetime.fromtimestamp(expires, UTC) if isinstance(expires, int) and expires > 0 else None
    if facts.get("is_valid") is False:
        yield error(
            "PT-WA-190",
            "{number}: the token is not valid any more",
            check="meta",
            fix=fix,
            number=row.display,
            id=row.phone_number_id,
        )
    elif ends is not None and ends - now < EXPIRES_SOON:
        yield warning(
            "PT-CHECK-TOKEN-EXPIRES",
            "{number}: the token expires on {date}",
            check="meta",
            fix=fix,
            number=row.display,
            id=row.phone_number_id,
            date=f"{ends:%Y-%m-%d %H:%M} UTC",
        )
    elif ends is None:
        yield ok("meta", "{number}: the token works and does not expire", number=row.display)
    else:
        template = "{number}: the token works until {date}"
        yield ok("meta", template, number=row.display, date=f"{ends:%Y-%m-%d}")


def _number(row: Number, phone: Phone) -> Iterator[Finding]:
    about: dict[str, Any] = {"check": "number", "number": row.display, "id": row.id}
    if phone.status and phone.status != "CONNECTED":
        template = "{number} is {status} at Meta and cannot send"
        yield error("PT-CHECK-NUMBER", template, fix="pytake number show {id}", status=phone.status, **about)
    elif row.stopped_at is not None:
        template = "{number} has stopped sending: {reason}"
        yield error("PT-NUMBER-STOPPED", template, fix="pytake number verify {id}", reason=row.stopped_reason, **about)
    elif phone.quality in ("YELLOW", "RED"):
        yield warning(
            "PT-CHECK-QUALITY",
            "{number}: quality {quality}, limit {tier}",
            fix="pytake number limits {id}",
            quality=phone.quality,
            tier=phone.tier or "-",
            **about,
        )
    else:
        yield ok(
            "number",
            "{number}: quality {quality}, limit {tier}, {rate} messages/s",
            number=row.display,
            quality=phone.quality,
            tier=phone.tier or "-",
            rate=phone.rate_per_second,
        )


def _subscription(row: Number, token: str, found: Any) -> Iterator[Finding]:
    if isinstance(found, SendError):
        yield skipped("webhook", "Meta does not let this token see the subscriptions of {waba}", waba=row.waba_id)
    elif not found:
        yield error(
            "PT-CHECK-SUBSCRIPTION",
            "no app is subscribed to the account {waba}: no webhook will come",
            check="webhook",
            fix="pytake webhook subscribe {id}",
            mend=lambda: ask(token, lambda graph: at_meta.subscribe(graph, row.waba_id), quiet=True),
            waba=row.waba_id,
            id=row.id,
        )
    else:
        yield ok("webhook", "the account {waba} is subscribed", waba=row.waba_id)


def _webhooks(view: Overview, now: datetime) -> Iterator[Finding]:
    if view.last_webhook_at is None:
        yield warning(
            "PT-WEBHOOK-SILENT", "no webhook has ever come", check="webhook", fix="pytake webhook verify --wait 5m"
        )
    elif now - view.last_webhook_at > SILENT:
        yield warning(
            "PT-WEBHOOK-SILENT",
            "the last webhook came {hours} h ago",
            check="webhook",
            fix="pytake webhook verify --wait 5m",
            hours=int((now - view.last_webhook_at).total_seconds() // 3600),
        )
    else:
        minutes = int((now - view.last_webhook_at).total_seconds() // 60)
        yield ok("webhook", "the last one came {minutes} min ago", minutes=minutes)


def check_limits(row: Number, used: standing.Limits) -> Iterator[Finding]:
    """How much of the daily limit is used."""
    if used.daily_people and used.used_people >= TIGHT * used.daily_people:
        yield warning(
            "PT-CHECK-TIER",
            "{number}: {used} of {most} people a day are used",
            check="number",
            fix="pytake number limits {id}",
            number=row.display,
            used=used.used_people,
            most=used.daily_people,
            id=row.id,
        )
