"""A crowd for segments: an organisation whose contacts have a bit of everything, drawn from one seed."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from pytake_cli.store import Store, tags
from pytake_cli.store.campaigns import Campaign, Recipient
from pytake_cli.store.contacts import Consent, Contact, Identity, ServiceWindow
from pytake_cli.store.conversations import BY_PEOPLE, RESOLVED, STATUSES, Conversation
from pytake_cli.store.fields import Field
from pytake_cli.store.flow_sessions import ENDED, WAITING, FlowSession
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.messages import RANK, Message
from pytake_cli.store.segments import Segment
from pytake_cli.store.users import User
from tests.kit.stores import NOW, make_number, make_org

FIELDS = {"plano": "choice", "filhos": "number", "renova": "date", "ativo": "bool", "cidade": "text"}
NAMES = ("Ana Souza", "ANA  souza", "Sônia", "João Straße", "Łukasz", "", "Zoë", "İrem", "%_ana", "ana\tsouza")
STAGES = ("", "lead", "Lead", "LEAD ", "Negociação", "negociacao", "em  negociação")
CITIES = ("São Paulo", "sao paulo", "SÃO  PAULO", "Santos", "", "100%", "a_b", "ﬁm")
TAGS = ("cliente", "vip", "promoção", "pagou 2x")
LANGUAGES = ("pt-BR", "PT-br", "es", "")
SAVED = {"bons": "score >= 50 not blocked", "raros": "segment = bons f.ativo", "todos": "sample(100%)"}
LATITUDES = (-23.5505, -23.5614, -23.5, -23, 0, "-23.5", None)
LONGITUDES = (-46.6333, -46.6559, -46.6, -46, 0, True)
_serial = itertools.count(1)
HOURS = (*range(-24 * 40, 0, 37), -24, -23, -1, 0)


class Crowd:
    """An organisation of `people` contacts; equal seeds make equal crowds."""

    def __init__(self, store: Store, seed: int, people: int = 14) -> None:
        self.chance = random.Random(seed)
        self.org = make_org(store, f"crowd-{next(_serial)}")
        self.numbers = [make_number(store, self.org, display=f"+55114000{n}000{seed % 1000:03}") for n in range(2)]
        with store.write(self.org) as db:
            self._setting(db)
            self.ids = [self._contact(db) for _ in range(people)]

    def _maybe(self, value: Any, share: float = 0.5) -> Any:
        return value if self.chance.random() < share else None

    def _time(self) -> datetime:
        return NOW + timedelta(hours=self.chance.choice(HOURS), seconds=self.chance.choice((0, 0, 1, -1)))

    def _setting(self, db: Session) -> None:
        for name, type_ in FIELDS.items():
            db.add(Field(org_id=self.org, name=name, type=type_, created_at=NOW))
        for name, query in SAVED.items():
            db.add(Segment(org_id=self.org, name=name, query=query, created_at=NOW, updated_at=NOW))
        self.user = User(org_id=self.org, email="Rita@loja.example", created_at=NOW)
        self.campaign = Campaign(
            org_id=self.org, number_id=self.numbers[0], name="Black", created_at=NOW, updated_at=NOW
        )
        self.flow = Flow(org_id=self.org, name="boas-vindas", created_at=NOW, updated_at=NOW)
        db.add_all((self.user, self.campaign, self.flow))
        db.flush()
        ref = f"boas-vindas@{self.org}"
        self.version = FlowVersion(
            org_id=self.org, flow_id=self.flow.id or 0, number=1, ref=ref, source="", published_at=NOW
        )
        db.add(self.version)
        db.flush()

    def _contact(self, db: Session) -> int:
        chance = self.chance
        row = Contact(
            org_id=self.org,
            name=chance.choice(NAMES),
            profile_name=chance.choice(NAMES),
            language=chance.choice(LANGUAGES),
            stage=chance.choice(STAGES),
            score=chance.choice((0, 10, 50, 80, -3)),
            vip=chance.random() < 0.4,
            fields=self._fields(),
            blocked_at=self._maybe(NOW, 0.2),
            marketing_granted_at=self._maybe(NOW),
            deleted_at=self._maybe(NOW, 0.1),
            created_at=self._time(),
            updated_at=NOW,
        )
        db.add(row)
        db.flush()
        assert row.id is not None
        self._around(db, row.id)
        return row.id

    def _fields(self) -> dict[str, Any]:
        chance = self.chance
        moment = (NOW + timedelta(hours=chance.choice(HOURS))).isoformat(timespec="seconds")
        some = {
            "plano": chance.choice(("pro", "Pró", "básico", 7, True)),
            "filhos": chance.choice((0, 2, 2.5, -1, "2", True, 10**15)),
            "renova": chance.choice(("2026-11-22", "2026-11-01", "2027-02-03", moment, "nunca", 5)),
            "ativo": chance.choice((True, False, "true", 1)),
            "cidade": chance.choice(CITIES),
        }
        return {name: value for name, value in some.items() if chance.random() < 0.7}

    def _around(self, db: Session, id_: int) -> None:
        chance = self.chance
        own: dict[str, Any] = {"org_id": self.org, "contact_id": id_}
        for kind, value in (("phone", f"55119{id_:08}"), ("phone", f"3519{id_:08}"), ("username", f"Ana.{id_}")):
            if chance.random() < 0.6:
                seen = self._time()
                retired = self._maybe(NOW, 0.2)
                db.add(
                    Identity(**own, kind=kind, value=value, retired_at=retired, first_seen_at=seen, last_seen_at=seen)
                )
        for name in TAGS:
            if chance.random() < 0.4:
                tags.put(db, self.org, id_, name, NOW)
        for _ in range(chance.randrange(4)):
            purpose = chance.choice(("utility", "all"))
            db.add(Consent(**own, purpose=purpose, granted=chance.random() < 0.5, source="person", at=self._time()))
        for number_id in self.numbers:
            if chance.random() < 0.6:
                db.add(ServiceWindow(**own, number_id=number_id, last_inbound_at=self._maybe(self._time(), 0.8)))
            for status in chance.sample((RESOLVED, RESOLVED, *STATUSES[:1]), chance.randrange(3)):
                self._conversation(db, own, number_id, status)
        if chance.random() < 0.5:
            replied = self._maybe(NOW)
            state = chance.choice(("pending", "queued", "started"))
            ledger: dict[str, Any] = {
                "campaign_id": self.campaign.id,
                "state": state,
                "due_at": NOW,
                "replied_at": replied,
            }
            db.add(Recipient(**own, **ledger))

    def _conversation(self, db: Session, own: dict[str, Any], number_id: int, status: str) -> None:
        chance = self.chance
        row = Conversation(
            **own,
            number_id=number_id,
            status=status,
            owner=BY_PEOPLE,
            team=chance.choice(("", "Vendas", "vendas ", "suporte")),
            assignee_id=self._maybe(self.user.id),
            waiting_since=self._maybe(self._time()),
            last_message_at=self._time(),
            created_at=NOW,
            rating=self._maybe(chance.randint(1, 5)),
        )
        db.add(row)
        db.flush()
        for _ in range(chance.randrange(4)):
            self._message(db, own, row)
        if chance.random() < 0.4:
            open_ = row.status != RESOLVED
            ids: dict[str, Any] = {"flow_id": self.flow.id, "version_id": self.version.id, "conversation_id": row.id}
            walk: dict[str, Any] = {
                "status": WAITING if open_ else ENDED,
                "step": chance.choice(("", "Nome")),
                "number_id": number_id,
            }
            outcome = chance.choice(("", "done", "Desistiu"))
            db.add(FlowSession(**own, **ids, **walk, outcome=outcome, started_at=self._time(), updated_at=NOW))

    def _message(self, db: Session, own: dict[str, Any], conversation: Conversation) -> None:
        chance = self.chance
        at, status = self._time(), chance.choice(("received", "queued", "sent", "read", "failed"))
        wamid = f"wamid.{conversation.id}.{chance.random()}"
        row: dict[str, Any] = {
            "number_id": conversation.number_id,
            "conversation_id": conversation.id,
            "at": at,
            "created_at": at,
        }
        if status == "received":
            given: dict[str, Any] = {"direction": "in", "origin": "contact", "kind": "text", "wamid": wamid}
            if chance.random() < 0.5:
                place = {"latitude": chance.choice(LATITUDES), "longitude": chance.choice(LONGITUDES)}
                given |= {"kind": "location", "body": {"type": "location", "location": place}}
                given["revoked_at"] = self._maybe(at, 0.2)
            db.add(Message(**own, **row, **given))
            return
        out: dict[str, Any] = {
            "direction": "out",
            "origin": "campaign",
            "kind": "template",
            "status": status,
            "rank": RANK[status],
        }
        out["sent_at"] = None if status == "queued" else self._time()
        out["read_at"] = at if status == "read" else None
        db.add(Message(**own, **row, **out, wamid=wamid, campaign_id=self._maybe(self.campaign.id)))
        if chance.random() < 0.3:
            kind = chance.choice(("button", "text"))
            answer: dict[str, Any] = {
                "direction": "in",
                "origin": "contact",
                "kind": kind,
                "reply_to": wamid,
                "wamid": f"{wamid}.answer",
            }
            db.add(Message(**own, **row, **answer))
