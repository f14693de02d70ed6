"""Retention: what is forgotten after how long, a few rows at a time; counted first, if that is all one wants."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pytake_cli import settings
from pytake_cli.errors import NotFound
from pytake_cli.services import campaign_forgotten
from pytake_cli.services.media import folder
from pytake_cli.store import Store, automations, jobs, retention
from pytake_cli.store.ai_use import ai_use
from pytake_cli.store.buckets import RateBucket
from pytake_cli.store.campaigns import Plan, audience_row, campaign, recipient
from pytake_cli.store.contacts import contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.desks import draft
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import flow_event, flow_session
from pytake_cli.store.idempotency import IdempotencyKey
from pytake_cli.store.imports import ContactImport
from pytake_cli.store.logins import login_session, refresh_token
from pytake_cli.store.media import Media
from pytake_cli.store.notifications import Notification
from pytake_cli.store.retention import quarantine
from pytake_cli.store.schedules import QUEUED, RUNNING, run
from pytake_cli.store.timers import timer

log = logging.getLogger(__name__)

AT_ONCE = 500  # rows in a transaction: the intake waits behind it
CONTACTS_AT_ONCE = 20  # looked for together: what refers to them is found by their ids

rate_bucket = RateBucket.__table__  # type: ignore[attr-defined]
plan = Plan.__table__  # type: ignore[attr-defined]
key = IdempotencyKey.__table__  # type: ignore[attr-defined]
imported = ContactImport.__table__  # type: ignore[attr-defined]
media = Media.__table__  # type: ignore[attr-defined]
event = Event.__table__  # type: ignore[attr-defined]
notification = Notification.__table__  # type: ignore[attr-defined]
conversation = Conversation.__table__  # type: ignore[attr-defined]

Which = Callable[[datetime], tuple[sa.ColumnElement[bool], ...]]


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that is forgotten: `rows` says which are older than a moment; without it there is more to do."""

    name: str
    about: str
    setting: str
    table: sa.Table
    rows: Which | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten of a kind, or would be."""

    kind: Kind
    days: int
    before: datetime | None  # None: it is kept for good
    count: int


def _steps(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    ended = sa.select(flow_session.c.id).where(flow_session.c.ended_at < before)
    return (flow_event.c.session_id.in_(ended),)


def _logins(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Over for so long, and no refresh token refers to it any more."""
    held = sa.exists().where(refresh_token.c.session_id == login_session.c.id)
    return sa.func.coalesce(login_session.c.ended_at, login_session.c.expires_at) < before, ~held


def _plans(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    used = sa.exists().where(campaign.c.plan_id == plan.c.id, campaign.c.org_id == plan.c.org_id)
    return plan.c.expires_at < before, ~used


def _automation_runs(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """All that are over, but the last that was done for each contact: `once_in` may look back for longer."""
    row, newer = automations.run.c, automations.run.alias("newer").c
    mine = (newer.contact_id == row.contact_id, newer.automation_id == row.automation_id)
    done_since = sa.exists().where(*mine, newer.id > row.id, newer.state == automations.DONE)
    return row.ended_at < before, row.state != automations.PENDING, (row.state != automations.DONE) | done_since


KINDS: tuple[Kind, ...] = (
    Kind("quarantine", "what could not be applied, and was", "retention.quarantine_days", quarantine, lambda before: (
        quarantine.c.settled_at < before,)),
    Kind("webhooks", "what Meta sent, as it came, once it was applied", "store.journal_days", retention.journal),
    Kind("events", "what inboxes, `logs tail` and `listen` follow", "store.event_days", retention.event),
    Kind("media", "files of conversations", "retention.media_days", media),
    Kind("contacts", "deleted contacts with all that is theirs", "retention.contact_days", contact),
    Kind("jobs", "jobs that are done", "retention.job_days", jobs.job, lambda before: (
        jobs.job.c.state == jobs.DONE, jobs.job.c.done_at < before)),
    Kind("plans", "plans that became no campaign", "retention.plan_days", plan, _plans),
    Kind("audiences", "rows of audience files", "retention.plan_days", audience_row, lambda before: (
        audience_row.c.read_at < before,)),
    Kind("keys", "idempotency keys", "retention.key_days", key, lambda before: (key.c.created_at < before,)),
    Kind("runs", "what became of schedules", "retention.run_days", run, lambda before: (
        run.c.due_at < before, run.c.state.not_in((QUEUED, RUNNING)))),
    Kind("automations", "what automations did", "retention.automation_days", automations.run, _automation_runs),
    Kind("imports", "how imports of contacts went", "retention.import_days", imported, lambda before: (
        imported.c.done_at < before,)),
    Kind("notifications", "what users were told", "retention.notification_days", notification, lambda before: (
        notification.c.at < before,)),
    Kind("replays", "the steps of flow sessions that are over", "retention.replay_days", flow_event, _steps),
    Kind("timers", "timers of flows that fired or were cancelled", "retention.replay_days", timer, lambda before: (
        sa.func.coalesce(timer.c.fired_at, timer.c.cancelled_at) < before,)),
    Kind("drafts", "what was written and not sent", "retention.draft_days", draft, lambda before: (
        draft.c.updated_at < before,)),
    Kind("tokens", "refresh tokens that are no longer good", "retention.login_days", refresh_token, lambda before: (
        refresh_token.c.expires_at < before,)),
    Kind("logins", "logins that are over", "retention.login_days", login_session, _logins),
    Kind("paces", "the pace of campaigns that are over", "retention.pace_days", rate_bucket, lambda before: (
        rate_bucket.c.updated_at < before,)),
    Kind("ai-use", "what contacts and flows cost in language models", "retention.ai_use_days", ai_use, lambda before: (
        ai_use.c.day < before.date().isoformat(), ai_use.c.scope != "org")),
)  # fmt: skip


def find(name: str) -> Kind:
    for kind in KINDS:
        if kind.name == name:
            return kind
    names = ", ".join(kind.name for kind in KINDS)
    raise NotFound(
        "PT-RETENTION",
        "nothing called {name} is kept for a time",
        why="there are {names}",
        fix="pytake privacy retention show",
        name=name,
        names=names,
    )


def days_of(kind: Kind) -> int:
    section, _, name = kind.setting.partition(".")
    found: int = getattr(getattr(settings.current(), section), name)
    return found


def run_all(
    store: Store, now: datetime, *, org: int | None = None, kinds: tuple[Kind, ...] = KINDS, only_count: bool = False
) -> Iterator[Forgotten]:
    """Forgets what is too old, of one organisation or of all, kind by kind; or only counts it."""
    for kind in kinds:
        days = days_of(kind)
        if days == 0 and kind.name == "media":
            yield Forgotten(kind, days, None, 0)
            continue
        before = now - timedelta(days=days)
        count = _forget(store, kind, before, org, only_count)
        if count and not only_count:
            log.info("forgotten", extra={"kind": kind.name, "count": count, "before": before.isoformat()})
        yield Forgotten(kind, days, before, count)


def _forget(store: Store, kind: Kind, before: datetime, org: int | None, only_count: bool) -> int:
    mine = () if org is None else (kind.table.c.org_id == org,)
    if kind.rows is not None:
        which = (*kind.rows(before), *mine)
        if only_count:
            return retention.count(store, kind.table, *which)
        return retention.forget(store, kind.table, AT_ONCE, *which)
    match kind.name:
        case "webhooks":
            return retention.forget_applied(store, before, AT_ONCE, only_count=only_count)
        case "events":
            return retention.forget_events(store, before, AT_ONCE, org, only_count=only_count)
        case "media":
            old = (media.c.created_at < before, *mine)
            return retention.count(store, media, *old) if only_count else _forget_files(store, *old)
        case _:
            gone = (contact.c.deleted_at < before, *mine)
            return retention.count(store, contact, *gone) if only_count else _forget_contacts(store, *gone)


def _forget_files(store: Store, *which: sa.ColumnElement[bool]) -> int:
    """Deletes rows of files, and each file that no other row has: the same picture may have come twice."""
    forgotten = 0
    some = sa.select(media.c.id, media.c.path).where(*which).order_by(media.c.id).limit(AT_ONCE)
    while True:
        with store.write() as db:
            rows = db.connection().execute(some).all()
            db.connection().execute(sa.delete(media).where(media.c.id.in_([row.id for row in rows])))
            paths = {row.path for row in rows if row.path}
            kept = db.connection().execute(sa.select(media.c.path).where(media.c.path.in_(paths))).scalars()
            for path in paths - set(kept):
                (folder() / path).unlink(missing_ok=True)  # before the commit: a file without a row would stay
        forgotten += len(rows)
        if len(rows) < AT_ONCE:
            return forgotten


def _forget_contacts(store: Store, *which: sa.ColumnElement[bool]) -> int:
    """Deletes contacts and all that refers to them, the contact itself last: until then the next run goes on."""
    forgotten = last = 0
    while True:
        some = sa.select(contact.c.id).where(*which, contact.c.id > last).order_by(contact.c.id)
        with store.read() as db:
            ids = list(db.connection().execute(some.limit(CONTACTS_AT_ONCE)).scalars())
        if not ids:
            return forgotten
        last = ids[-1]
        if forget_people(store, contact.c.id.in_(ids) | contact.c.merged_into_id.in_(ids)):
            forgotten += len(ids)


def forget_people(store: Store, people: sa.ColumnElement[bool]) -> bool:
    """Deletes contacts, with whoever was merged into them, and all that refers to them.

    False when one of them has just written: the next run finds it, if it is still deleted.
    """
    try:
        _forget_all_of(store, people)
    except IntegrityError:
        log.warning("contacts could not be forgotten")
        return False
    return True


def _forget_samples(store: Store, people: sa.ColumnElement[bool]) -> None:
    """Takes people out of the samples of plans, which stay as long as their campaigns."""
    with store.read() as db:
        found = db.connection().execute(sa.select(contact.c.id, contact.c.org_id).where(people)).all()
        ids, orgs = {row.id for row in found}, {row.org_id for row in found}
        query = sa.select(plan.c.id, plan.c.content["samples"].label("samples")).where(plan.c.org_id.in_(orgs))
        named = [
            row.id for row in db.connection().execute(query) if any(it["contact_id"] in ids for it in row.samples or ())
        ]
    for id_ in named:
        with store.write() as db:
            row = db.get_one(Plan, id_)
            row.content = {
                **row.content,
                "samples": [it for it in row.content["samples"] if it["contact_id"] not in ids],
            }
            db.add(row)


def _forget_all_of(store: Store, people: sa.ColumnElement[bool]) -> None:
    theirs = conversation.c.contact_id.in_(sa.select(contact.c.id).where(people))
    retention.forget(store, event, AT_ONCE, event.c.conversation_id.in_(sa.select(conversation.c.id).where(theirs)))
    _forget_samples(store, people)
    for table, which in retention.below(contact, people):
        if table is media:
            _forget_files(store, which)
        elif table is recipient:
            campaign_forgotten.forget(store, which, AT_ONCE)
        else:
            retention.forget(store, table, AT_ONCE, which)
    with store.write() as db:
        for merged in (contact.c.merged_into_id.is_not(None), contact.c.merged_into_id.is_(None)):
            db.connection().execute(sa.delete(contact).where(people, merged))
