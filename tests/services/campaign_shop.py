"""A shop with a template and people, for the tests of plans."""

from __future__ import annotations

from typing import Any

from pytake_cli.policy.campaigns import Arm, Audience, Definition
from pytake_cli.services import campaign_plans
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Plan
from pytake_cli.store.contacts import Contact, Identity
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import Template
from tests.kit.stores import NOW, make_number, make_org

TEMPLATE: dict[str, Any] = {
    "name": "promo",
    "language": "pt_BR",
    "category": "MARKETING",
    "status": "APPROVED",
    "components": [{"type": "BODY", "text": "Oi {{1}}!"}],
}
GREETING = {"1": "{{ contact.first_name | default('cliente') }}"}


class Shop:
    """An organisation with a number and an approved template."""

    def __init__(self, store: Store, slug: str = "loja", **template: Any) -> None:
        self.store = store
        self.org = make_org(store, slug)
        self.number_id = make_number(store, self.org)
        with store.write() as db:
            self.number = db.get_one(Number, self.number_id)
        self.template(**template)

    def template(self, **columns: Any) -> None:
        with self.store.write() as db:
            given = TEMPLATE | {"org_id": self.org, "waba_id": self.number.waba_id} | columns
            db.add(Template(**given, created_at=NOW, updated_at=NOW))

    def change(self, table: Any, id_: int, **columns: Any) -> None:
        with self.store.write() as db:
            row = db.get_one(table, id_)
            for name, value in columns.items():
                setattr(row, name, value)
            db.add(row)

    def person(self, phone: str = "", *, bsuid: str = "", scope: str = "", **columns: Any) -> int:
        """A contact who agreed to marketing, unless said otherwise."""
        with self.store.write() as db:
            given = {"marketing_granted_at": NOW, "created_at": NOW, "updated_at": NOW} | columns
            row = Contact(org_id=self.org, **given)
            db.add(row)
            db.flush()
            assert row.id is not None
            known = {"phone": (phone, ""), "bsuid": (bsuid, scope or self.number.portfolio_id)}
            for kind, (value, where) in known.items():
                if value:
                    seen: dict[str, Any] = {"first_seen_at": NOW, "last_seen_at": NOW}
                    db.add(Identity(org_id=self.org, contact_id=row.id, kind=kind, value=value, scope=where, **seen))
            return row.id

    def people(self, count: int, **columns: Any) -> list[int]:
        return [self.person(f"55119681{serial:05}", **columns) for serial in range(count)]

    def definition(self, **changes: Any) -> Definition:
        given: dict[str, Any] = {
            "name": "bf",
            "audience": Audience("all"),
            "arms": (Arm(template="promo"),),
            "values": GREETING,
        }
        return Definition(**(given | changes))

    def plan(self, **changes: Any) -> Plan:
        return campaign_plans.make(self.store, self.org, self.definition(**changes), NOW)


def reasons(plan: Plan) -> dict[str, int]:
    return {each["reason"]: each["count"] for each in plan.content["exclusions"]}


def slugs(plan: Plan, what: str = "problems") -> list[str]:
    return [each["slug"] for each in plan.content[what]]
