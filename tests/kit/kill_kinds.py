"""What tests.kit.kill_campaign kills: a campaign with arms, with a later message, or that starts a flow."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from pytake_cli.policy.campaigns import Arm, Cap, Drip
from pytake_cli.store import Store
from tests.kit.campaigning import OFFER
from tests.kit.children import wait_until
from tests.kit.home import Home

ANSWERS_EVERY = 10  # of those who have the first message, one answers
SECONDS = 120.0
INVITE = """
name: invite
start: first
steps:
  first:
    template: oferta_semana
    params: ["cliente", "10%"]
    buttons: ["x"]
    on_reply: thanks
    next: end
  thanks: {say: Obrigado!, next: end}
"""
_LEDGER = """
SELECT c.name AS campaign, i.value AS phone, r.state, r.reason, r.arm, m.status, m.text, m.created_at
FROM recipient r JOIN campaign c ON c.id = r.campaign_id
JOIN identity i ON i.contact_id = r.contact_id AND i.kind = 'phone'
LEFT JOIN message m ON m.id = r.message_id ORDER BY r.id
"""
_ACCEPTED = "SELECT m.id, c.name FROM message m JOIN campaign c ON c.id = m.campaign_id"
_WROTE = """
SELECT i.value AS phone, min(m.created_at) AS at FROM message m
JOIN identity i ON i.contact_id = m.contact_id AND i.kind = 'phone' WHERE m.direction = 'in' GROUP BY i.value
"""
_THANKED = """
SELECT i.value AS phone, count(*) AS times FROM message m
JOIN identity i ON i.contact_id = m.contact_id AND i.kind = 'phone'
WHERE m.text = 'Obrigado!' AND m.status IN ('sent', 'delivered', 'read') GROUP BY i.value
"""


@dataclass(slots=True)
class Seen:
    """Both sides after a run: our ledgers row by row, and (campaign, phone) of what Meta accepted."""

    there: Home
    store: Store
    plan: Mapping[str, Any]
    answered: set[str]  # phones of those who answered
    rows: list[Any] = field(default_factory=list)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def read(self) -> None:
        self.rows = self.ask(_LEDGER)
        campaigns = {row.id: row.name for row in self.ask(_ACCEPTED)}
        for entry in self.there.emulator.ledger():
            campaign = campaigns.get(int(entry["opaque"].rsplit(".", 2)[1]))
            if campaign is not None:
                self.accepted[campaign, entry["to"].lstrip("+")] += 1

    def ask(self, sql: str) -> list[Any]:
        with self.store.read() as db:
            return list(db.connection().execute(sa.text(sql)).all())


def _as_planned(seen: Seen) -> Iterator[str]:
    """Every arm has as many as the plan said, each person the text of theirs, and the held-out nothing."""
    counts = Counter(row.arm for row in seen.rows)
    planned = {each["arm"]: each["recipients"] for each in seen.plan["arms"]}
    if dict(counts) != planned:
        yield f"arms {dict(counts)}, planned {planned}"
    for row in seen.rows:
        if row.arm == "holdout" and (row.state != "holdout" or (row.campaign, row.phone) in seen.accepted):
            yield f"{row.phone} was to be held out and is {row.state}"
        if row.text is not None and {"a": "11%", "b": "22%"}[row.arm] not in row.text:
            yield f"{row.phone} of arm {row.arm} got {row.text}"


def _followed(seen: Seen) -> Iterator[str]:
    """The later message went to whom the first one reached and who had not answered; with a reason to nobody else."""
    first = {row.phone: row for row in seen.rows if row.campaign == "bf"}
    second = {row.phone: row for row in seen.rows if row.campaign != "bf"}
    wrote = {row.phone: row.at for row in seen.ask(_WROTE)}
    if first.keys() != second.keys():
        yield f"{len(first)} got a first message, {len(second)} stand in the ledger of the later one"
    for phone, row in second.items():
        answered = phone in wrote and row.created_at is not None and wrote[phone] < row.created_at
        if answered:
            yield f"{phone} had answered and got the later message"
        if row.state == "skipped" and row.reason not in ("answered", "not-reached"):
            yield f"{phone} was left out: {row.reason}"
        if row.reason == "answered" and phone not in wrote:
            yield f"{phone} never answered"
        if row.reason == "not-reached" and first[phone].status not in ("unknown", "failed"):
            yield f"{phone} got the first message ({first[phone].status}) and was left out as not reached"


def _went_on(seen: Seen) -> Iterator[str]:
    """One session a person; whoever answers is thanked, once."""
    for row in seen.ask("SELECT contact_id FROM flow_session GROUP BY contact_id HAVING count(*) <> 1"):
        yield f"contact {row.contact_id} has several sessions"
    if len(seen.rows) != len(seen.ask("SELECT id FROM flow_session")):
        yield "there are people without a session"
    for row in seen.rows[::ANSWERS_EVERY]:
        if row.status in ("sent", "delivered", "read") and row.phone not in seen.answered:
            seen.there.emulator.say(row.phone, "quero")
            seen.answered.add(row.phone)

    def all_are_thanked() -> bool:
        return {row.phone for row in seen.ask(_THANKED)} >= seen.answered

    seen.there.emulator.no_faults()
    wait_until(all_are_thanked, SECONDS, every=0.5)
    for row in seen.ask(_THANKED):
        if row.times != 1:
            yield f"{row.phone} was thanked {row.times} times"


@dataclass(frozen=True, slots=True)
class Kind:
    """`changes` of the definition, who answers meanwhile, and what is looked at in the end."""

    about: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    judge: Callable[[Seen], Iterator[str]] = lambda _: iter(())
    answers: bool = False
    flow: str = ""


KINDS = {
    "template": Kind("one message"),
    "arms": Kind(
        "two arms and a holdout",
        {
            "arms": (
                Arm("a", OFFER, share=30, values={"2": "11%"}),
                Arm("b", OFFER, share=50, values={"2": "22%"}),
            ),
            "holdout": 20,
        },
        _as_planned,
    ),
    "drip": Kind(
        "a later message, unless the person has answered",
        {"drip": (Drip(timedelta(seconds=15), OFFER),), "cap": Cap(0, 1)},
        _followed,
        answers=True,
    ),
    "flow": Kind("the start of a flow", {"arms": (), "flow": "invite", "values": {}}, _went_on, flow=INVITE),
}


def answer(there: Home, answered: set[str]) -> None:
    """One in ten of those who have the first message writes back, once."""
    for entry in there.emulator.ledger()[::ANSWERS_EVERY]:
        phone = entry["to"].lstrip("+")
        if phone not in answered:
            there.emulator.say(phone, "quero")
            answered.add(phone)
    time.sleep(0.5)
