"""A shop with automations: customers and agents write, time passes, and what the rules did is read from the store."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from pytake_cli.services import automation_runs, automations, conversations, outbound
from pytake_cli.services.automations import Draft
from pytake_cli.store import automations as rows
from pytake_cli.store.automations import Automation, AutomationRun
from pytake_cli.store.events import Event
from pytake_cli.whatsapp import messages as wire
from tests.services.flow_shop import FlowShop


class RuleShop(FlowShop):
    """A flow shop whose daemon also minds its automations."""

    def rule(self, source: str, path: str = "regra.yaml") -> Automation:
        with self.store.write(self.org) as db:
            return automations.publish(db, self.org, [Draft(path, source)], now=self.now)[0].row

    def work(self) -> int:
        return automation_runs.work(self.store, self.now).fired

    def hears(self, text: str = "oi", **more: Any) -> None:
        """A customer writes, and the rules see it."""
        self.says(text, **more)
        self.work()

    def later(self, **span: float) -> None:
        """Time passes, and what is due is done."""
        self.after(**span)
        self.work()

    def answers(self, text: str = "Oi, sou a Rita") -> None:
        """A person answers in the newest conversation."""
        with self.store.write(self.org) as db:
            outbound.queue(
                db,
                number=self.number,
                contact_id=self.conversation().contact_id,
                outgoing=wire.text(text),
                origin="agent",
                now=self.now,
                author_id=self.rita.id,
            )
        self.work()

    def resolves(self) -> None:
        with self.store.write(self.org) as db:
            conversations.resolve(db, conversations.get(db, self.conversation().id or 0), by=self.rita, now=self.now)
        self.work()

    def runs(self) -> list[tuple[str, str]]:
        """(state, reason) of every run, the oldest first."""
        return [(run.state, run.reason) for run in self.rows(AutomationRun)]

    def run(self) -> AutomationRun:
        """The newest run."""
        found: AutomationRun = self.rows(AutomationRun)[-1]
        return found

    def events(self, kind: str) -> list[dict[str, Any]]:
        with self.store.read(self.org) as db:
            found = db.exec(select(Event).where(Event.kind == kind).order_by(col(Event.id)))
            return [event.payload for event in found]

    def enable(self, name: str, on: bool) -> None:
        with self.store.write(self.org) as db:
            row = rows.by_name(db, self.org, name)
            assert row is not None
            automations.enable(db, row, on, self.now)
