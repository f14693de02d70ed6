"""A thousand random lives of contacts: nobody is lost, nobody is two, every identity leads to exactly one."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import Session, select

from pytake_cli.policy.people import keys_of
from pytake_cli.services import contacts
from pytake_cli.store import Store, schema, upkeep
from pytake_cli.store.contacts import Contact, Identity
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.messages import IN, Message
from pytake_cli.whatsapp.webhooks import IdentityChange, Person
from tests.kit.stores import NOW, make_number, make_org

PHONES = st.sampled_from([None, "5511968184101", "551168184101", "5215512345678", "525512345678", "14155550100"])
BSUIDS = st.sampled_from([None, "BR.1", "BR.2", "BR.3"])
PARENTS = st.sampled_from([None, None, "BR.ENT.1"])
NAMES = st.sampled_from([None, "Ana", "Bia"])
PEOPLE = st.builds(Person, PHONES, BSUIDS, PARENTS, NAMES, st.sampled_from([None, "ana", "@Bia"])).filter(
    lambda person: bool(person.wa_id or person.user_id or person.parent_user_id)
)
SCOPES = st.sampled_from(["p", "q"])


@lru_cache(maxsize=1)
def _empty_store() -> bytes:
    """The file of a migrated store; a life begins with a copy of it."""
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/pytake.db")
        schema.migrate(store, None, NOW)
        store.close()
        return (Path(folder) / "pytake.db").read_bytes()


class Lives(RuleBasedStateMachine):
    """Webhooks, changes and merges in any order, each person writing a message; then everything is counted."""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        file = Path(self.folder.name) / "pytake.db"
        file.write_bytes(_empty_store())
        self.store = Store(f"sqlite:///{file}")
        self.org = make_org(self.store)
        self.number = make_number(self.store, self.org)
        self.now = NOW
        self.written = 0
        self.shown: set[tuple[str, str, str]] = set()

    @rule(people=st.lists(PEOPLE, min_size=1, max_size=4), scope=SCOPES)
    def webhook(self, people: list[Person], scope: str) -> None:
        with self.store.write() as db:
            found = contacts.resolve(db, self.org, scope, people, self.now)
            for id_ in found:
                self._write(db, id_)
            assert contacts.resolve(db, self.org, scope, people, self.now)[-1] == found[-1]
        self._show(scope, people)

    @rule(old=PEOPLE, new=PEOPLE, scope=SCOPES)
    def change(self, old: Person, new: Person, scope: str) -> None:
        with self.store.write() as db:
            [id_] = contacts.resolve(db, self.org, scope, [old], self.now)
            id_ = contacts.change(db, self.org, scope, id_, IdentityChange(new, old), self.now)
            self._write(db, id_)
            assert contacts.resolve(db, self.org, scope, [new], self.now) == [id_]
        self._show(scope, [old, new])

    @precondition(lambda self: self.written > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        with self.store.write() as db:
            alive = db.exec(select(Contact.id).where(Contact.merged_into_id == None)).all()  # noqa: E711
            if len(alive) > 1:
                keep, other = data.draw(st.permutations(sorted(id_ for id_ in alive if id_)))[:2]
                contacts.merge(db, keep, other, self.now)

    @rule(days=st.integers(1, 10))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    def _show(self, scope: str, people: list[Person]) -> None:
        for person in people:
            for kind, value in keys_of(person.wa_id, person.user_id, person.parent_user_id).pairs():
                self.shown.add((kind, value, "" if kind == "phone" else scope))

    def _write(self, db: Session, contact_id: int) -> None:
        unresolved = select(Conversation).where(Conversation.contact_id == contact_id, Conversation.status != RESOLVED)
        conversation = db.exec(unresolved).first()
        if conversation is None:
            conversation = Conversation(
                org_id=self.org,
                number_id=self.number,
                contact_id=contact_id,
                last_message_at=self.now,
                created_at=self.now,
            )
            db.add(conversation)
            db.flush()
        self.written += 1
        assert conversation.id is not None
        db.add(
            Message(
                org_id=self.org,
                number_id=self.number,
                contact_id=contact_id,
                conversation_id=conversation.id,
                direction=IN,
                origin="contact",
                kind="text",
                wamid=f"w{self.written}",
                at=self.now,
                created_at=self.now,
            )
        )
        db.flush()

    @invariant()
    def nothing_is_lost_and_everything_leads_to_one(self) -> None:
        assert upkeep.check(self.store) == []
        with self.store.read() as db:
            assert len(db.exec(select(Message.id)).all()) == self.written
            alive = set(db.exec(select(Contact.id).where(Contact.merged_into_id == None)).all())  # noqa: E711
            rows = db.exec(select(Identity).where(Identity.kind != "username")).all()
            assert {(row.kind, row.value, row.scope) for row in rows} == self.shown
            assert {row.contact_id for row in rows} == alive
            assert {row.contact_id for row in db.exec(select(Message))} == alive

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=int(os.environ.get("PYTAKE_TEST_EXAMPLES", "15")), stateful_step_count=12, deadline=None
)
