"""The inbox's lists: a page in every order, every view, the counts of all views and a timeline, at two sizes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli import clock
from pytake_cli.services import conversations, talk_filter, talk_list, talk_rows, timeline, views
from pytake_cli.services.principals import Principal
from pytake_cli.services.talk_filter import Asker
from pytake_cli.store import Store, retention, schema
from pytake_cli.store.contacts import contact, identity, service_window
from pytake_cli.store.conversations import conversation
from pytake_cli.store.labels import conversation_label, label
from pytake_cli.store.messages import Message
from pytake_cli.store.users import User
from tests.bench.figures import Options, Row
from tests.kit.stores import make_number, make_org

SIZES, AT_ONCE, PAGE, AGENTS, LABELS = (5_000, 100_000), 10_000, 50, 20, 12
RESOLVED_SHARE = 0.1  # the others go on: the worst case of a list
FILTERS = (
    "label:label-3 waiting>10m",
    "window<2h agent:@me",
    "unread:yes vip:yes",
    'text:"boleto"',
    "priority:urgent,high",
    "-label:label-1 agent:@none idle>1h",
)

message = Message.__table__  # type: ignore[attr-defined]


def measure(folder: Path, options: Options) -> Iterator[Row]:
    folder.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        yield from measured(Store(f"sqlite:///{folder}/inbox-{size}.db"), options.times, size)


def measured(store: Store, times: int, size: int) -> Iterator[Row]:
    now = clock.now()
    schema.migrate(store, None, now)
    org = make_org(store, now=now)
    me = fill(store, org, make_number(store, org, now=now), size, now)
    asker = Asker(org, me, now, UTC)
    who = Principal(org, me, "bench", "AGENT", frozenset({"conversations:read"}), "session")

    def rounds(name: str, work: Callable[[Session], Any], target: str) -> Row:
        return Row(f"{name} of {size:,}", "ms", tuple(_once(store, org, work) for _ in range(times)), target)

    for order in talk_list.ORDERS:
        for view in ("unassigned", "all"):
            where = next(each.where for each in views.BUILTIN if each.slug == view)
            yield rounds(f"page by {order}: {view}", partial(_page, asker=asker, where=where, order=order), "≤ 20")
    for where in FILTERS:
        yield rounds(f"page: {where}", partial(_page, asker=asker, where=where, order="waiting"), "≤ 20")
    yield rounds("counts of all views", lambda db: views.counts(db, asker, views.everyone(db, who)), "≤ 50")
    yield rounds("page 100 by waiting", lambda db: _deep(db, asker, 100), "")
    yield rounds("timeline", lambda db: timeline.page(db, conversations.get(db, size // 2)), "≤ 20")
    store.close()


def _once(store: Store, org: int, work: Callable[[Session], Any]) -> float:
    with store.read(org) as db:
        started = time.perf_counter()
        work(db)
        return (time.perf_counter() - started) * 1000


def _page(db: Session, asker: Asker, where: str, order: str, after: Any = None) -> Any:
    conditions = talk_filter.conditions(db, asker, where)
    ids, following = talk_list.page(db, asker, conditions, order, limit=PAGE, after=after)
    talk_rows.rows(db, asker.org_id, ids, me=asker.user_id)
    return following


def _deep(db: Session, asker: Asker, pages: int) -> None:
    """The last page alone costs what the first does: the key says where it begins."""
    after = None
    conditions = talk_filter.conditions(db, asker, "")
    for _ in range(pages):
        _, after = talk_list.page(db, asker, conditions, "waiting", limit=PAGE, after=after)
        if after is None:
            return


def fill(store: Store, org: int, number: int, size: int, now: datetime) -> int:
    """Conversations as a busy house has them; returns an agent."""
    chance = random.Random(7)
    with store.write() as db:
        for index in range(AGENTS):
            db.add(User(org_id=org, email=f"agent{index}@example.com", name=f"agent{index}", created_at=now))
        names = [{"org_id": org, "name": f"label-{index}", "created_at": now} for index in range(LABELS)]
        db.connection().execute(sa.insert(label), names)
        db.flush()
    for first in range(1, size + 1, AT_ONCE):
        ids = range(first, min(first + AT_ONCE, size + 1))
        with store.write() as db:
            run = db.connection().execute
            run(sa.insert(contact), [_contact(id_, org, now, chance) for id_ in ids])
            run(sa.insert(identity), [_phone(id_, org, now) for id_ in ids])
            rows = [_conversation(id_, org, number, now, chance) for id_ in ids]
            run(sa.insert(conversation), rows)
            run(sa.insert(service_window), [_window(row, chance, now) for row in rows])
            run(sa.insert(message), [_message(row, n, chance) for row in rows for n in range(3)])
            marked = [row["id"] for row in rows if chance.random() < 0.3]
            run(sa.insert(conversation_label), [_label(id_, org, now, chance) for id_ in marked])
    retention.optimize(store)
    return 1


def _contact(id_: int, org: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    return {
        "id": id_, "org_id": org, "name": f"Pessoa {id_}", "profile_name": "", "language": "pt_BR", "tz": "",
        "fields": {}, "stage": "", "score": 0, "vip": chance.random() < 0.05, "created_at": now, "updated_at": now,
    }  # fmt: skip


def _phone(id_: int, org: int, now: datetime) -> dict[str, Any]:
    return {
        "org_id": org, "contact_id": id_, "kind": "phone", "value": f"55119{id_:08}", "scope": "",
        "first_seen_at": now, "last_seen_at": now,
    }  # fmt: skip


def _conversation(id_: int, org: int, number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    resolved = chance.random() < RESOLVED_SHARE
    agent = chance.randrange(1, AGENTS + 1) if chance.random() < 0.5 else None
    last = now - timedelta(seconds=chance.randrange(1, 7 * 86_400))
    waits = not resolved and chance.random() < 0.6
    snoozed = not resolved and chance.random() < 0.02
    status = "resolved" if resolved else "snoozed" if snoozed else "open" if agent else "queued"
    return {
        "id": id_, "org_id": org, "number_id": number, "contact_id": id_, "status": status, "owner": "people",
        "assignee_id": agent, "team": "", "skills": [],
        "priority": chance.choices(("normal", "high", "urgent", "low"), (94, 3, 1, 2))[0],
        "unread_count": chance.randrange(4) if waits else 0, "waiting_since": last if waits else None,
        "preview": "Consegue parcelar em 12x?", "last_message_at": last, "standby": False,
        "created_at": last - timedelta(hours=1), "resolved_at": last if resolved else None,
        "snoozed_until": now + timedelta(hours=3) if snoozed else None,
    }  # fmt: skip


def _window(row: dict[str, Any], chance: random.Random, now: datetime) -> dict[str, Any]:
    return {
        "number_id": row["number_id"], "contact_id": row["contact_id"], "org_id": row["org_id"],
        "last_inbound_at": row["last_message_at"],
    }  # fmt: skip


def _message(row: dict[str, Any], n: int, chance: random.Random) -> dict[str, Any]:
    words = chance.choice(("cadê meu pedido", "segunda via", "quero trocar", "boa tarde"))
    words = "o boleto venceu" if chance.random() < 0.002 else words
    return {
        "org_id": row["org_id"], "number_id": row["number_id"], "contact_id": row["contact_id"],
        "conversation_id": row["id"], "direction": "in", "origin": "contact", "kind": "text",
        "body": {"type": "text", "text": {"body": words}}, "text": words, "wamid": f"wamid.{row['id']}.{n}",
        "status": "received", "rank": 0, "priority": 0, "address_kind": "", "address": "", "on_unknown": "hold",
        "attempts": 0, "possible_duplicate": False, "error": "", "at": row["last_message_at"],
        "created_at": row["last_message_at"],
    }  # fmt: skip


def _label(id_: int, org: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    return {"conversation_id": id_, "label_id": chance.randrange(1, LABELS + 1), "org_id": org, "at": now}
