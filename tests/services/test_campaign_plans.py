"""Plans: who gets a campaign and who does not, each for one reason; the same content has the same id."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pytake_cli.policy.campaigns import Arm, Audience, Definition
from pytake_cli.services import campaign_plans
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact, Identity
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import Template
from tests.kit.stores import NOW, make_number, make_org


class Shop:
    """An organisation with a number and an approved marketing template."""

    def __init__(self, store: Store, category: str = "MARKETING") -> None:
        self.store = store
        self.org = make_org(store)
        self.number_id = make_number(store, self.org)
        with store.write() as db:
            self.number = db.get_one(Number, self.number_id)
            db.add(
                Template(
                    org_id=self.org,
                    waba_id=self.number.waba_id,
                    name="promo",
                    language="pt_BR",
                    category=category,
                    status="APPROVED",
                    components=[{"type": "BODY", "text": "Oi {{1}}!"}],
                    created_at=NOW,
                    updated_at=NOW,
                )
            )

    def person(self, phone: str = "", **columns: Any) -> int:
        """A contact who agreed to marketing, unless said otherwise."""
        with self.store.write() as db:
            given = {"marketing_granted_at": NOW, "created_at": NOW, "updated_at": NOW} | columns
            row = Contact(org_id=self.org, **given)
            db.add(row)
            db.flush()
            assert row.id is not None
            if phone:
                times: dict[str, Any] = {"first_seen_at": NOW, "last_seen_at": NOW}
                db.add(Identity(org_id=self.org, contact_id=row.id, kind="phone", value=phone, **times))
            return row.id

    def plan(self, **changes: Any) -> Any:
        given: dict[str, Any] = {
            "name": "bf",
            "audience": Audience("all"),
            "arms": (Arm(template="promo"),),
            "values": {"1": "{{ contact.first_name | default('cliente') }}"},
        }
        return campaign_plans.make(self.store, self.org, Definition(**(given | changes)), NOW)


def told(plan: Any) -> dict[str, int]:
    return {each["reason"]: each["count"] for each in plan.content["exclusions"]}


def test_each_person_is_left_out_for_the_first_reason_that_holds(store: Store) -> None:
    shop = Shop(store)
    shop.person("5511968184101")
    shop.person("5511968184102", blocked_at=NOW, opted_out_at=NOW)
    shop.person("5511968184103", opted_out_at=NOW)
    shop.person("5511968184104", marketing_granted_at=None)
    shop.person("12125437777")
    shop.person("14165437777")
    shop.person()
    plan = shop.plan()
    assert told(plan) == {"blocked": 1, "opted-out": 1, "no-consent": 1, "no-address": 1, "us-marketing": 1}
    assert plan.recipients == 2
    assert plan.content["audience"] == 7


def test_the_same_content_has_the_same_id(store: Store) -> None:
    shop = Shop(store)
    shop.person("5511968184101")
    first = shop.plan()
    again = campaign_plans.make(store, shop.org, Definition.of_json(first.definition), NOW + timedelta(hours=1))
    assert again.id == first.id
    shop.person("5511968184102")
    assert shop.plan().id != first.id
