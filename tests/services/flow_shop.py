"""A shop whose bot answers: customers write by webhooks, and what the bot says is read from the outbox."""

from __future__ import annotations

import hashlib
import itertools
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlmodel import Session, SQLModel, col, select

from pytake_cli.services import flow_timers, inbound
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import OUT, Message
from pytake_cli.store.numbers import Number
from tests.kit import flows, people
from tests.kit.stores import NOW, make_number, make_org

ANA, BETO = "5511968184101", "5511968184102"
ASKS = """
name: greet
triggers: [{keyword: [oi, bom dia]}]
vars: {name: {type: text}}
start: ask_name
steps:
  ask_name:
    ask: Como você se chama?
    save: name
    timeout: 30m
    on_timeout: nudge
    on_invalid: bye
    next: bye
  nudge:
    say: Ainda está aí?
    next: end
  bye:
    say: Olá, {{ vars.name }}!
    next: end
"""


class FlowShop:
    """One number, its customers, a clock that the test moves."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, NOW
        self.org = make_org(store)
        self.number_id = make_number(store, self.org)
        with store.read() as db:
            self.number = db.get_one(Number, self.number_id)
        self.rita = people.user(store, self.org)
        self._serial = itertools.count(1)

    def publish(self, source: str) -> int:
        return flows.publish(self.store, self.org, source, now=self.now)

    def says(self, text: str = "oi", *, who: str = ANA, wamid: str = "", drain: bool = True, **more: Any) -> str:
        """A customer writes; `more` are members of Meta's message object, `user_id` makes the writer a BSUID."""
        n = next(self._serial)
        message: dict[str, Any] = {
            "id": wamid or f"wamid.{who}.{n}",
            "timestamp": str(int(self.now.timestamp())),
            "type": "text",
            "text": {"body": text},
        }
        person: dict[str, Any] = {"profile": {"name": "Ana Souza"}}
        if user_id := more.pop("user_id", None):
            person["user_id"] = message["from_user_id"] = user_id
        else:
            person["wa_id"] = message["from"] = who
        message |= more
        field = "standby" if more.pop("standby", False) else "messages"
        message.pop("standby", None)
        self.put({"contacts": [person], "messages": [message]}, field)
        if drain:
            self.drain()
        return str(message["id"])

    def taps(self, id_: str, title: str = "", *, who: str = ANA, kind: str = "button_reply") -> str:
        answer = {"type": kind, kind: {"id": id_, "title": title or id_}}
        return self.says("", who=who, type="interactive", interactive=answer)

    def echoes(self, text: str, *, who: str = ANA) -> None:
        """A person answers from the phone."""
        n = next(self._serial)
        echo = {"from": "551140001234", "to": who, "id": f"wamid.echo.{n}", "timestamp": str(int(self.now.timestamp()))}
        self.put({"message_echoes": [{**echo, "type": "text", "text": {"body": text}}]}, "smb_message_echoes")
        self.drain()

    def put(self, parts: dict[str, Any], field: str = "messages") -> None:
        metadata = {"display_phone_number": "551140001234", "phone_number_id": self.number.phone_number_id}
        change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **parts}}
        body = {"object": "whatsapp_business_account", "entry": [{"id": self.number.waba_id, "changes": [change]}]}
        raw = orjson.dumps(body)
        digest = hashlib.sha256(raw + str(next(self._serial)).encode()).digest()
        with self.store.write() as db:
            db.add(Journal(digest=digest, body=raw, received_at=self.now))

    def drain(self) -> inbound.Applied:
        total = inbound.Applied()
        while (applied := inbound.drain(self.store, self.now)).rows:
            total.messages += applied.messages
            total.quarantined += applied.quarantined
        assert total.quarantined == 0
        return total

    def after(self, **span: float) -> int:
        """Time passes, and what is due fires; how many timers that were."""
        self.now += timedelta(**span)
        return flow_timers.fire_due(self.store, self.now)

    def bot(self, who: str = ANA, *, cancelled: bool = False) -> list[str]:
        """What the bot has said to everybody, or what of it was taken back, in order."""
        with self.store.read() as db:
            query = select(Message).where(Message.direction == OUT, Message.origin == "bot").order_by(col(Message.id))
            return [each.text for each in db.exec(query) if (each.status == "cancelled") == cancelled]

    def rows(self, table: type[SQLModel]) -> list[Any]:
        with self.store.read() as db:
            return list(db.exec(select(table).order_by(table.id)))  # type: ignore[attr-defined]

    def session(self) -> FlowSession:
        """The newest session."""
        found: FlowSession = self.rows(FlowSession)[-1]
        return found

    def conversation(self) -> Conversation:
        """The newest conversation."""
        found: Conversation = self.rows(Conversation)[-1]
        return found

    def contact(self) -> Contact:
        found: Contact = self.rows(Contact)[-1]
        return found

    def state(self) -> tuple[str, str, str]:
        """(status of the conversation, whose it is, outcome of the session or what it waits for)."""
        conversation, session = self.conversation(), self.session()
        return conversation.status, conversation.owner, session.outcome or session.wait_kind

    def open_one(self, db: Session) -> Conversation:
        """The unresolved conversation, in a transaction of the test."""
        return db.exec(select(Conversation).where(Conversation.status != RESOLVED)).one()

    def at(self, moment: datetime) -> None:
        self.now = moment
