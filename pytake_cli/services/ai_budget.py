"""What language models may cost in a day: taken before a call, set right after it, and stopped at the cap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from pytake_cli import settings
from pytake_cli.locale import Phrase
from pytake_cli.sections import AiSettings
from pytake_cli.services import incidents
from pytake_cli.store import Store, ai_use
from pytake_cli.store.ai_use import AiUse
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow
from pytake_cli.store.organisations import Organisation

ALERTS = (80, 50)  # percent of a cap at which people are told, once a day each; 100 is the stop


@dataclass(frozen=True, slots=True)
class Cost:
    tokens: int
    micros: int  # millionths of the money that the prices are in

    @classmethod
    def of(cls, tokens_in: int, tokens_out: int) -> Cost:
        """By the prices of the settings, which are for a million tokens: so many micros for one."""
        options = settings.current().flows.ai
        return cls(tokens_in + tokens_out, round(tokens_in * options.price_in + tokens_out * options.price_out))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call has taken from the day's budget."""

    org_id: int
    day: str
    scopes: tuple[str, ...]
    cost: Cost


@dataclass(frozen=True, slots=True)
class Cap:
    """What one scope may cost in a day; 0 is no cap."""

    scope: str
    name: str  # as people know it
    tokens: int
    micros: int

    def percent(self, tokens: int, micros: int) -> float:
        """How much of the tighter of its two caps that is."""
        parts = [100 * used / cap for used, cap in ((tokens, self.tokens), (micros, self.micros)) if cap]
        return max(parts, default=0.0)


def take(store: Store, session_id: int, cost: Cost, now: datetime) -> Taken | str:
    """Takes what a call may cost at most, or says whose budget does not have it: "contact 812", "flow faq"."""
    with store.write() as db:
        session = db.get_one(FlowSession, session_id)
        org = db.get_one(Organisation, session.org_id)
        day = now.astimezone(ZoneInfo(org.tz)).date().isoformat()
        caps = _caps(db, session, org)
        lines = [(cap, ai_use.locked(db, session.org_id, day, cap.scope)) for cap in caps]
        for cap, line in lines:
            if cap.percent(line.tokens + cost.tokens, line.micros + cost.micros) > 100:
                if line.told < 100:
                    line.told = 100
                    incidents.tell(db, session.org_id, "PT-AI-BUDGET", _all_spent(cap.name), now)
                return cap.name
        for _, line in lines:
            line.calls += 1
            _add(db, line, cost.tokens, cost.micros)
        return Taken(session.org_id, day, tuple(cap.scope for cap in caps), cost)


def _all_spent(whose: str) -> Phrase:
    return Phrase("language models cost {whose} all of today's budget: `ai` steps take their other way", whose=whose)


def settle(store: Store, session_id: int, taken: Taken, cost: Cost, now: datetime) -> None:
    """Sets right what was taken by what the call did cost, and tells people when much of a cap is used up."""
    with store.write() as db:
        session = db.get_one(FlowSession, session_id)
        org = db.get_one(Organisation, session.org_id)
        for cap in _caps(db, session, org):
            if cap.scope not in taken.scopes:
                continue  # the contact was merged meanwhile
            line = ai_use.locked(db, taken.org_id, taken.day, cap.scope)
            _add(db, line, cost.tokens - taken.cost.tokens, cost.micros - taken.cost.micros)
            percent = cap.percent(line.tokens, line.micros)
            reached = next((each for each in ALERTS if percent >= each), 0)
            if reached > line.told and not cap.scope.startswith("contact:"):
                line.told = reached
                told = {"whose": cap.name, "percent": f"{percent:.0f}"}
                what = Phrase("language models have cost {whose} {percent} % of today's budget", **told)
                incidents.tell(db, taken.org_id, "PT-AI-SPEND", what, now)


def _add(db: Session, line: AiUse, tokens: int, micros: int) -> None:
    line.tokens = max(0, line.tokens + tokens)
    line.micros = max(0, line.micros + micros)
    db.add(line)


def _caps(db: Session, session: FlowSession, org: Organisation) -> list[Cap]:
    options = settings.current().flows.ai
    flow = db.get(Flow, session.flow_id)
    names = {
        "org": ("org", org.name),
        "flow": (f"flow:{session.flow_id}", f"flow {flow.name if flow else session.flow_id}"),
        "contact": (f"contact:{session.contact_id}", f"contact {session.contact_id}"),
    }
    return [Cap(*names[kind], tokens, round(money * 1_000_000)) for kind, tokens, money in _limits(options)]


def _limits(options: AiSettings) -> Iterator[tuple[str, int, float]]:
    """In the order in which their lines are locked."""
    yield "org", options.tokens_by_org, options.money_by_org
    yield "flow", options.tokens_by_flow, options.money_by_flow
    yield "contact", options.tokens_by_contact, options.money_by_contact
