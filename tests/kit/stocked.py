"""An organisation with something of everything, for tests that walk all routes of the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from pytake_cli import clock
from pytake_cli.policy.recurrence_files import read
from pytake_cli.services import campaign_launch, campaign_plans, contact_changes, directory, schedules, segments
from pytake_cli.store import Store
from pytake_cli.store import schedules as runs
from pytake_cli.store.events import Event
from pytake_cli.store.fields import Field
from pytake_cli.store.imports import ContactImport
from pytake_cli.store.jobs import Job
from tests.kit import flows, people, templates
from tests.kit.stores import make_number, make_org

FLOW = """
name: boas-vindas
title: Boas-vindas
triggers: [{keyword: [oi]}]
vars: {nome: {type: text}}
start: pergunta
on_error: fim
steps:
  pergunta:
    ask: Como você se chama?
    save: nome
    next: fim
  fim: {say: "Olá, {{ vars.nome }}!", next: end}
"""
GREETING: dict[str, Any] = {
    "name": "promo-de-natal",
    "template": "promo",
    "audience": {"all": True},
    "values": {"1": "{{ contact.first_name | default('cliente') }}"},
}
# what people make over the API, one of each noun: path, body, and what it is called from then on
SHELVES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("/labels", {"name": "urgente"}, "urgente"),
    ("/macros", {"name": "despedida", "steps": [{"note": "encerrado"}]}, "despedida"),
    ("/canned", {"key": "pix", "texts": {"": "Nossa chave é {{org.name}}"}}, "pix"),
    ("/views", {"name": "Sem resposta", "where": "waiting:yes"}, "sem-resposta"),
    ("/teams", {"slug": "vendas", "name": "Vendas"}, "vendas"),
    ("/roles", {"name": "recepcao", "permissions": ["contacts:read"]}, "recepcao"),
    ("/sla", {"slug": "padrao", "first_reply": 600}, "padrao"),
    ("/automations", {"source": "name: marca\nwhen: {keyword: boleto}\nthen: [{label: urgente}]\n"}, "marca"),
)
# noun -> what of it there is
KNOWN = {
    "segments": "bons",
    "fields": "plano",
    "campaigns": "promo-de-natal",
    "flows": "boas-vindas",
    "templates": "promo",
    "schedules": "diario",
    **{path.removeprefix("/"): name for path, _, name in SHELVES},
}


def shelve(client: httpx.Client) -> None:
    """Makes one of each noun that only the API makes here."""
    for path, body, _ in SHELVES:
        client.post(path, json=body).raise_for_status()


class Stock:
    """The organisation `norte`, and what routes need to name of it."""

    def __init__(self, store: Store, slug: str = "norte") -> None:
        self.store, now = store, clock.now()
        self.org = make_org(store, slug, now=now)
        self.number = make_number(store, self.org, now=now)
        self.rita = people.user(store, self.org, "rita@norte.example")
        self.conversation = people.wrote(store, self.number, "oi", name="Karina Silva", at=now)
        self.contact = self.conversation.contact_id
        templates.put(store, self.number, "promo", templates.body("Oi {{1}}!", "Ana"), category="MARKETING")
        with store.write(self.org) as db:
            db.add(Field(org_id=self.org, name="plano", created_at=now))
            contact_changes.tag(db, self.org, [self.contact], ["vip"], actor="cli", now=now)
            segments.create(db, self.org, "bons", "tag = vip", now)
            for serial in range(3):
                directory.create(db, self.org, f"+551196818420{serial}", {}, actor="cli", now=now)
            self._records(db)
        self.version = flows.publish(store, self.org, FLOW, now=now)
        with store.write(self.org) as db:
            self.session = flows.session(db, self.conversation.id or 0, self.version, now=now).id
        self.plan, self.campaign = self._campaign()

    def _records(self, db: Any) -> None:
        now, org = clock.now(), self.org
        daily = read({"daily": "09:00"})
        one: Any = {"name": "diario", "rule": daily, "tz": "UTC", "command": ["status"], "missed": "skip"}
        schedule = schedules.create(db, org, **one, by="rita", now=now)
        runs.add_run(db, schedule, "2026-11-22T09:00", now + timedelta(days=1), state="done", output="ok")
        job = Job(org_id=org, kind="media", key="media:1", state="failed", due_at=now, created_at=now)
        imported = ContactImport(
            org_id=org, key="k", digest="d", source="a.csv", state="done", started_at=now, updated_at=now
        )
        for row in (job, imported, Event(org_id=org, kind="incident", payload={"slug": "PT-X"}, at=now)):
            db.add(row)
        db.flush()
        self.job, self.imported = job.id, imported.id

    def _campaign(self) -> tuple[str, int]:
        from datetime import UTC

        from pytake_cli.services import campaign_files

        definition = campaign_files.of_flags({name: (name, value) for name, value in GREETING.items()}, UTC)
        plan = campaign_plans.make(self.store, self.org, definition, clock.now())
        order = campaign_launch.Order(by="rita")
        return plan.id, campaign_launch.launch(self.store, plan, order, clock.now()).campaign.id or 0
