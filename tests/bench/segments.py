"""Segments over a million contacts: how many people three conditions mean, and the first page of them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.services import fields, segments
from pytake_cli.store import Store, retention, schema
from pytake_cli.store.contacts import contact, identity
from pytake_cli.store.fields import Field
from pytake_cli.store.tags import contact_tag, tag
from tests.bench.figures import Options, Row
from tests.kit.stores import make_org

PEOPLE, AT_ONCE, PAGE = 1_000_000, 50_000, 50
STAGES = ("lead", "mql", "sql", "Cliente", "perdido", "")
CITIES = ("São Paulo", "Campinas", "Recife", "Manaus", "Belém", "Curitiba", "Santos", "Niterói", "Natal", "Goiânia")
TAGS = {"cliente": 0.4, "newsletter": 0.3, "pagou": 0.2, "vip": 0.02, "inativo": 0.1}
FIELDS = {"plano": "choice", "cidade": "text", "compras": "number", "renova": "date"}
OWN_FIELDS = 'f.plano = pro f.cidade = "são paulo" last_seen >= -30d'
INDEXED = "cidade"
SEGMENTS = (
    "tag = cliente stage in (lead, mql) consent.marketing is set",
    "tag = vip score >= 80 not blocked",
    OWN_FIELDS,
    "not tag = pagou consent.marketing is set created < -180d",
)


def measure(folder: Path, options: Options) -> Iterator[Row]:
    folder.mkdir(parents=True, exist_ok=True)
    yield from measured(Store(f"sqlite:///{folder}/pytake.db"), options.times)


def measured(store: Store, times: int, people: int = PEOPLE) -> Iterator[Row]:
    now = clock.now()
    schema.migrate(store, None, now)
    org = make_org(store, now=now)
    fill(store, org, people, now)
    for text in SEGMENTS:
        yield from _asked(store, org, text, now, times, f"of {people:,}")
    with store.write(org) as db:
        fields.change(db, org, INDEXED, indexed=True)
    yield from _asked(store, org, OWN_FIELDS, now, times, f"of {people:,}, once {INDEXED} has an index")
    store.close()


def _asked(store: Store, org: int, text: str, now: datetime, times: int, note: str) -> Iterator[Row]:
    counts, pages, found = zip(*(_once(store, org, text, now) for _ in range(times)), strict=True)
    yield Row(f"count: {text}", "ms", counts, "≤ 150", f"{found[0]:,} {note}")
    yield Row(f"page: {text}", "ms", pages, "≤ 50", f"the newest {PAGE}")


def _once(store: Store, org: int, text: str, now: datetime) -> tuple[float, float, int]:
    with store.read(org) as db:
        started = time.perf_counter()
        found = segments.count(db, org, text, now)
        counted = time.perf_counter()
        newest = segments.ids(db, org, text, now).order_by(contact.c.id.desc()).limit(PAGE)
        db.connection().execute(newest).all()
        return (counted - started) * 1000, (time.perf_counter() - counted) * 1000, found


def fill(store: Store, org: int, people: int, now: datetime) -> None:
    """Contacts with identities, tags and fields, as a few years of trade leave them."""
    chance = random.Random(7)
    with store.write(org) as db:
        for name, type_ in FIELDS.items():
            db.add(Field(org_id=org, name=name, type=type_, choices=["basic", "pro"], created_at=now))
        db.connection().execute(sa.insert(tag), [{"org_id": org, "name": name, "created_at": now} for name in TAGS])
    for first in range(1, people + 1, AT_ONCE):
        ids = range(first, min(first + AT_ONCE, people + 1))
        with store.write(org) as db:
            run = db.connection().execute
            run(sa.insert(contact), [_person(id_, org, now, chance) for id_ in ids])
            run(sa.insert(identity), [_phone(id_, org, now, chance) for id_ in ids])
            run(sa.insert(contact_tag), [row for id_ in ids for row in _tags(id_, org, now, chance)])
    retention.optimize(store)


def _person(id_: int, org: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    made = now - timedelta(days=chance.randrange(700))
    custom: dict[str, Any] = {"compras": chance.randrange(40), "cidade": chance.choice(CITIES)}
    if chance.random() < 0.3:
        custom["plano"] = chance.choice(("basic", "pro"))
    if chance.random() < 0.3:
        custom["renova"] = (now + timedelta(days=chance.randrange(-90, 360))).date().isoformat()
    return {
        "id": id_,
        "org_id": org,
        "name": f"{chance.choice(('Ana', 'João', 'Sônia', 'Rui'))} {chance.choice(('Souza', 'Lima', 'Araújo'))} {id_}",
        "profile_name": "",
        "language": chance.choice(("pt-BR", "pt_BR", "es", "")),
        "tz": "",
        "fields": custom,
        "stage": chance.choice(STAGES),
        "score": chance.randrange(100),
        "vip": chance.random() < 0.01,
        "blocked_at": made if chance.random() < 0.01 else None,
        "marketing_granted_at": made if chance.random() < 0.6 else None,
        "created_at": made,
        "updated_at": made,
    }


def _phone(id_: int, org: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    seen = now - timedelta(days=chance.randrange(400))
    value = f"5511{900_000_000 + id_}"
    row = {"org_id": org, "contact_id": id_, "kind": "phone", "value": value, "scope": ""}
    return {**row, "first_seen_at": seen, "last_seen_at": seen}


def _tags(id_: int, org: int, now: datetime, chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"org_id": org, "contact_id": id_, "tag_id": number, "at": now}
        for number, share in enumerate(TAGS.values(), 1)
        if chance.random() < share
    ]
