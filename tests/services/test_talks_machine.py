"""Conversations against the table, whoever acts in whatever order: on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from pytake_cli.errors import Conflict, PytakeError
from pytake_cli.policy.talks import BY_BOT, OPEN, QUEUED, RESOLVED, SNOOZED
from pytake_cli.services import flow_sessions, talk_actions, talk_sending, talk_undo, talks
from pytake_cli.services.principals import Principal
from pytake_cli.services.talk_sending import Letter
from pytake_cli.store import Store
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.events import Event
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org
from tests.services.inbox_stage import MANAGER, principal, says

_serial = itertools.count(1)

acts = st.one_of(
    st.tuples(st.just("act"), st.sampled_from(sorted(talk_actions.ACTIONS)), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("customer"), st.just(""), st.just(0), st.booleans()),
    st.tuples(st.just("answer"), st.just(""), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("undo"), st.just(""), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("time"), st.just(""), st.just(0), st.booleans()),
    st.tuples(st.just("bot"), st.just(""), st.just(0), st.booleans()),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(acts, max_size=14))
def test_whatever_happens_a_conversation_stays_one_that_the_table_knows(store: Store, story: list[Any]) -> None:
    Stage(store).play(story)


class Stage:
    """A conversation, two agents, a customer."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.org = make_org(store, f"loja-{next(_serial)}")
        self.number = make_number(store, self.org)
        self.agents = [people.user(store, self.org, f"a{n}@example.com", f"a{n}") for n in range(2)]
        self.conversation = people.wrote(store, self.number)
        self.now = NOW
        self.versions: dict[int, int] = {}

    def play(self, story: list[Any]) -> None:
        for what, action, who, flag in story:
            self.now += timedelta(minutes=7)
            self._try(partial(getattr(self, f"do_{what}"), action, who, flag))
            self.check()

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except PytakeError as error:
            assert isinstance(error, Conflict) or error.slug in ("PT-CHANGE-NONE", "PT-FLOW", "PT-MACRO"), error.slug  # noqa: PT017

    def who(self, index: int) -> Principal:
        return principal(self.org, self.agents[index], MANAGER)

    def do_act(self, action: str, who: int, flag: bool) -> None:
        given = {
            "sure": flag,
            "to": self.agents[1 - who].id,
            "until": self.now + timedelta(minutes=20) if flag else None,
            "until_reply": not flag,
            "priority": "urgent" if flag else "low",
            "add": ["vip"] if flag else [],
            "remove": [] if flag else ["vip"],
        }
        with self.store.write(self.org) as db:
            talk_actions.act(db, self.who(who), self.current(db), action, given, self.now)

    def do_customer(self, action: str, who: int, flag: bool) -> None:
        says(self.store, self.number, self.conversation.contact_id, "oi de novo", self.now)

    def do_answer(self, action: str, who: int, flag: bool) -> None:
        with self.store.write(self.org) as db:
            talk_sending.send(db, self.who(who), self.current(db), Letter(text="olá", takeover=flag), self.now)

    def do_undo(self, action: str, who: int, flag: bool) -> None:
        with self.store.write(self.org) as db:
            for row in talk_undo.newest(db, self.who(who)):
                talk_undo.undo(db, self.who(who), row, self.now)

    def do_time(self, action: str, who: int, flag: bool) -> None:
        self.now += timedelta(minutes=30)
        talks.wake_due(self.store, self.now)

    def do_bot(self, action: str, who: int, flag: bool) -> None:
        with self.store.write(self.org) as db:
            if flag:
                flow_sessions.give_to_bot(self.current(db), self.now)
            else:
                flow_sessions.queue_for_people(db, self.current(db), self.now)

    def current(self, db: Any) -> Conversation:
        mine = select(Conversation).where(Conversation.contact_id == self.conversation.contact_id)
        found: Conversation = db.exec(mine.order_by(col(Conversation.id).desc())).first()
        return found

    def check(self) -> None:
        with self.store.read(self.org) as db:
            rows = db.exec(select(Conversation)).all()
            assert sum(row.status != RESOLVED for row in rows) <= 1
            for row in rows:
                self.check_one(row)
            for change in db.exec(select(ConversationChange)):
                assert change.before != change.after
            for event in db.exec(select(Event).where(Event.kind == "conversation:updated")):
                assert {"conversation", "version", "status", "owner", "assignee", "priority", "by", "what"} <= set(
                    event.payload
                )

    def check_one(self, row: Conversation) -> None:
        assert row.version >= self.versions.get(row.id or 0, 0)
        self.versions[row.id or 0] = row.version
        if row.status == QUEUED:
            assert row.assignee_id is None
        if row.status != SNOOZED:
            assert (row.snoozed_until, row.snoozed_until_reply) == (None, False)
        else:
            assert row.snoozed_until is not None or row.snoozed_until_reply
            assert row.snoozed_until is None or row.snoozed_until > NOW
        if row.status == RESOLVED:
            assert (row.waiting_since, row.snoozed_until) == (None, None)
            assert row.resolved_at is not None
        else:
            assert row.resolved_at is None
        if row.owner == BY_BOT:
            assert row.status not in (OPEN, SNOOZED)
