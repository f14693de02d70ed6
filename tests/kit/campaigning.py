"""What tests of campaigns begin with: an approved template of the emulator's, people who agreed, and a plan."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from pytake_cli.emulator import defaults
from pytake_cli.policy.campaigns import Arm, Audience, Definition
from pytake_cli.services import campaign_plans
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Campaign, Plan, recipient
from pytake_cli.store.contacts import contact, identity
from pytake_cli.store.messages import Message
from pytake_cli.store.templates import Template

OFFER = "oferta_semana"
VALUES = {"1": "{{ contact.first_name | default('cliente') }}", "2": "10%", "button.0": "{{ contact.id }}"}
message = Message.__table__  # type: ignore[attr-defined]


def phone(serial: int) -> str:
    """A mobile number of São Paulo that nobody has twice."""
    return f"55119{70_000_000 + serial:08}"


def approve(store: Store, org: int, now: datetime, *, waba: str = defaults.WABA_ID, **changes: Any) -> int:
    """The template `oferta_semana`, as the emulator has it."""
    from pytake_cli.emulator.seeds import TEMPLATES

    seed = next(each for each in TEMPLATES if each["name"] == OFFER)
    given = {"name": OFFER, "language": seed["language"], "category": seed["category"], "status": "APPROVED"}
    given["components"] = seed["components"]
    with store.write() as db:
        row = Template(
            org_id=org,
            waba_id=waba,
            created_at=now,
            updated_at=now,
            **(given | changes),
        )
        db.add(row)
        db.flush()
        assert row.id is not None
        return row.id


def people(store: Store, org: int, count: int, now: datetime, *, start: int = 0) -> None:
    """Contacts with a phone who agreed to marketing, a batch at a time."""
    for first in range(start, start + count, 50_000):
        serials = range(first, min(first + 50_000, start + count))
        with store.write() as db:
            common = {
                "org_id": org,
                "profile_name": "",
                "language": "",
                "tz": "",
                "stage": "",
                "score": 0,
                "vip": False,
            }
            common |= {"fields": {}, "marketing_granted_at": now, "created_at": now, "updated_at": now}
            rows = [{**common, "name": f"Ana {serial}"} for serial in serials]
            made = sa.insert(contact).returning(contact.c.id, sort_by_parameter_order=True)
            ids = list(db.connection().execute(made, rows).scalars())
            known = {"org_id": org, "kind": "phone", "scope": "", "first_seen_at": now, "last_seen_at": now}
            named = zip(serials, ids, strict=True)
            rows = [{**known, "contact_id": id_, "value": phone(serial)} for serial, id_ in named]
            db.connection().execute(sa.insert(identity), rows)


def definition(**changes: Any) -> Definition:
    """`bf` for everybody, with the offer of the week."""
    given: dict[str, Any] = {
        "name": "bf",
        "audience": Audience("all"),
        "arms": (Arm(template=OFFER),),
        "values": VALUES,
    }
    return Definition(**(given | changes))


def plan(store: Store, org: int, now: datetime, **changes: Any) -> Plan:
    return campaign_plans.make(store, org, definition(**changes), now)


def campaign(store: Store, name: str = "bf") -> Campaign:
    with store.read() as db:
        return db.exec(select(Campaign).where(Campaign.name == name)).one()


def ledger(store: Store) -> dict[str, int]:
    """How many people are in each state; what was queued is told by its message's status."""
    joined = recipient.outerjoin(message, message.c.id == recipient.c.message_id)
    state = sa.func.coalesce(message.c.status, recipient.c.state)
    with store.read() as db:
        rows = db.connection().execute(sa.select(state, sa.func.count()).select_from(joined).group_by(state))
        return dict(rows.all())
