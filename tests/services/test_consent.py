"""Consent: a ledger with proof, whose newest lines and the contact's columns never say different things."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import select

from pytake_cli.services import account_events, consent, contacts, incidents, opt_out
from pytake_cli.services.consent import ALL, GRANTED, MARKETING, STOPPED, UTILITY, Line
from pytake_cli.store import Store, upkeep
from pytake_cli.store.contact_history import ContactChange
from pytake_cli.store.contacts import Consent, Contact
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.webhooks import Person, Preference
from tests.kit.stores import NOW, make_number, make_org

PEOPLE = ("5511968184101", "5511968184102", "5511968184103")


class Ledger:
    """Three people and a number; everything that may be said about what they want."""

    def __init__(self, store: Store, slug: str = "loja") -> None:
        self.store, self.org = store, make_org(store, slug)
        with store.read() as db:
            self.number = db.get_one(Number, make_number(store, self.org))
        with store.write() as db:
            self.people = contacts.resolve(db, self.org, self._scope, [Person(wa_id=one) for one in PEOPLE], NOW)
        self.now = NOW

    @property
    def _scope(self) -> str:
        return self.number.portfolio_id

    def who(self, n: int) -> Contact:
        with self.store.read() as db:
            contact = db.get_one(Contact, self.people[n])
            return db.get_one(Contact, contact.merged_into_id) if contact.merged_into_id else contact

    def stands(self, n: int = 0) -> tuple[str | None, str | None, str | None]:
        contact = self.who(n)
        marketing, utility, everything = (consent.state(contact, purpose) for purpose in (MARKETING, UTILITY, ALL))
        return marketing, utility, everything

    def says(self, n: int, granted: bool, purpose: str, *, at: timedelta = timedelta(), source: str = "person") -> None:
        act = consent.grant if granted else consent.withdraw
        with self.store.write() as db:
            act(db, self.who(n).id or 0, purpose, source=source, proof="said so", actor="cli", at=self.now + at)

    def word(self, n: int, stop: bool) -> None:
        with self.store.write() as db:
            act = opt_out.stop if stop else opt_out.start
            act(db, db.get_one(Contact, self.who(n).id), "wamid.1: parar", self.now)

    def error(self, n: int) -> None:
        with self.store.write() as db:
            incidents.after_meta_error(db, 131050, "stopped", self.number.phone_number_id, self.people[n], self.now)

    def presses(self, n: int, value: str, *, at: timedelta = timedelta()) -> None:
        person = Person(wa_id=PEOPLE[n])
        update = Preference(
            self.number.waba_id, self.number.phone_number_id, person, "marketing_messages", value, self.now + at
        )
        with self.store.write() as db:
            account_events.apply_preference(db, update, self.number, self.now)

    def merge(self, n: int, other: int) -> None:
        keep, gone = self.who(n).id or 0, self.who(other).id or 0
        if keep != gone:
            with self.store.write() as db:
                contacts.merge(db, keep, gone, self.now)

    def history(self, n: int = 0) -> list[tuple[str, object, object, str]]:
        with self.store.read() as db:
            mine = select(ContactChange).where(ContactChange.contact_id == self.who(n).id)
            return [(row.what, row.before, row.after, row.actor) for row in db.exec(mine.order_by(ContactChange.id))]  # type: ignore[arg-type]


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store)


def test_nobody_agrees_to_anything_by_default(ledger: Ledger) -> None:
    assert ledger.stands() == (None, None, None)


def test_the_newest_word_holds_whenever_it_is_written_down(ledger: Ledger) -> None:
    ledger.says(0, False, MARKETING)
    ledger.says(0, True, MARKETING, at=timedelta(days=-90))  # a form of three months ago, imported today
    assert ledger.stands()[0] == STOPPED
    assert ledger.who(0).marketing_stopped_at == NOW
    ledger.says(0, True, MARKETING, at=timedelta(seconds=1))
    assert ledger.stands()[0] == GRANTED
    assert ledger.history() == [
        ("consent.marketing", None, STOPPED, "cli"),
        ("consent.marketing", STOPPED, GRANTED, "cli"),
    ]


def test_a_stop_word_stops_everything_and_a_start_word_leaves_marketing_as_it_was(ledger: Ledger) -> None:
    ledger.word(0, stop=True)
    assert ledger.stands() == (None, None, STOPPED)
    ledger.word(0, stop=False)
    assert ledger.stands() == (None, None, None)
    ledger.says(1, True, MARKETING)
    ledger.word(1, stop=True)
    ledger.word(1, stop=False)
    assert ledger.stands(1) == (GRANTED, None, None)


def test_a_native_resume_undoes_a_native_stop_only(ledger: Ledger) -> None:
    ledger.presses(0, "stop")
    ledger.presses(0, "resume")
    assert ledger.stands()[0] == GRANTED
    ledger.says(1, False, MARKETING)
    ledger.presses(1, "resume", at=timedelta(seconds=0))
    assert ledger.stands(1)[0] == STOPPED
    ledger.word(2, stop=True)
    ledger.presses(2, "resume")
    assert ledger.stands(2)[2] == STOPPED


def test_a_native_stop_that_comes_late_does_not_undo_what_was_said_since(ledger: Ledger) -> None:
    ledger.says(0, True, MARKETING)
    ledger.presses(0, "stop", at=timedelta(days=-2))
    assert ledger.stands()[0] == GRANTED


def test_whoever_becomes_one_with_somebody_who_stopped_has_stopped(ledger: Ledger) -> None:
    ledger.says(0, False, MARKETING)
    ledger.now += timedelta(hours=1)
    ledger.says(1, True, MARKETING)
    ledger.now += timedelta(hours=1)
    ledger.merge(1, 0)
    assert ledger.stands(1)[0] == STOPPED
    with ledger.store.read() as db:
        line = consent.newest(db, ledger.people[1], MARKETING)
        assert line is not None
        assert (line.source, line.at) == ("merge", ledger.now)
    assert upkeep.check(ledger.store) == []


def test_a_batch_writes_ledger_columns_and_history_of_many(ledger: Ledger) -> None:
    lines = [Line(id_, MARKETING, True, "loja física", NOW, "ficha", "import:7") for id_ in ledger.people]
    lines.append(Line(ledger.people[0], MARKETING, False, "loja física", NOW, "", "import:7"))
    with ledger.store.write() as db:
        consent.write(db, ledger.org, lines, NOW)
    assert [ledger.stands(n)[0] for n in range(3)] == [STOPPED, GRANTED, GRANTED]
    assert ledger.history(1) == [("consent.marketing", None, GRANTED, "import:7")]
    with ledger.store.read() as db:
        assert len(db.exec(select(Consent)).all()) == 4
        assert not [row for row in db.exec(select(Event)) if "consent" in row.payload]


def test_a_batch_for_a_contact_of_another_organisation_is_refused(ledger: Ledger) -> None:
    other = make_org(ledger.store, "outra")
    with pytest.raises(AssertionError), ledger.store.write() as db:
        consent.write(db, other, [Line(ledger.people[0], MARKETING, True, "x", NOW)], NOW)


class Minds(RuleBasedStateMachine):
    """People change their minds in every way there is, are merged, and are told of late."""

    store: Store
    lives = 0

    @initialize()
    def open(self) -> None:
        Minds.lives += 1  # a store each would take PostgreSQL too long: an organisation each
        self.ledger = Ledger(self.store, f"loja{Minds.lives}")

    someone = st.integers(0, 2)

    @rule(n=someone, granted=st.booleans(), purpose=st.sampled_from([MARKETING, UTILITY, ALL]), ago=st.integers(0, 9))
    def says(self, n: int, granted: bool, purpose: str, ago: int) -> None:
        self.ledger.says(n, granted, purpose, at=timedelta(minutes=-ago))

    @rule(n=someone, stop=st.booleans())
    def word(self, n: int, stop: bool) -> None:
        self.ledger.word(n, stop)
        assert (self.ledger.stands(n)[2] == STOPPED) == stop

    @rule(n=someone)
    def error(self, n: int) -> None:
        self.ledger.error(n)
        assert self.ledger.stands(n)[0] == STOPPED

    @rule(n=someone, value=st.sampled_from(["stop", "resume", "signup"]), ago=st.integers(0, 9))
    def presses(self, n: int, value: str, ago: int) -> None:
        self.ledger.presses(n, value, at=timedelta(minutes=-ago))

    @rule(n=someone, other=someone)
    def merge(self, n: int, other: int) -> None:
        stopped = [MARKETING] * (STOPPED in (self.ledger.stands(n)[0], self.ledger.stands(other)[0]))
        self.ledger.merge(n, other)
        assert not stopped or self.ledger.stands(n)[0] == STOPPED

    @rule()
    def wait(self) -> None:
        self.ledger.now += timedelta(minutes=5)

    @invariant()
    def columns_say_what_the_newest_lines_say(self) -> None:
        with self.store.read() as db:
            for id_ in {self.ledger.who(n).id or 0 for n in range(3)}:
                contact = db.get_one(Contact, id_)
                for purpose, (stopped, granted) in consent.COLUMNS.items():
                    query = select(Consent).where(Consent.contact_id == id_, Consent.purpose == purpose)
                    mine = db.exec(query).all()
                    holds = max(mine, key=lambda row: (row.at, row.id), default=None)
                    assert getattr(contact, stopped) == (holds.at if holds and not holds.granted else None)
                    if granted is not None:
                        assert getattr(contact, granted) == (holds.at if holds and holds.granted else None)


def test_whatever_is_said_the_columns_are_the_newest_lines(store: Store) -> None:
    class Here(Minds):
        pass

    Here.store = store
    here = Here.TestCase
    here.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
    here("runTest").runTest()
    assert upkeep.check(store) == []
