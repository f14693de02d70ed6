"""Conversations come to teams and from there to people, each to one, whoever else is routing."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.services import availability, conversations, routing, teams
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.messages import OUT, Message
from pytake_cli.store.notifications import Notification
from pytake_cli.store.teams import Team
from pytake_cli.store.users import User
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org
from tests.services.flow_shop import FlowShop


class Desk:
    """An organisation with people who are there, and conversations that wait."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, NOW
        self.org = make_org(store)
        self.number = make_number(store, self.org)

    def person(self, name: str, **more: Any) -> User:
        user = people.user(self.store, self.org, f"{name}@loja.example", name.title())
        self.says(user, **({"availability": "available"} | more))
        return user

    def says(self, user: User, **more: Any) -> None:
        with self.store.write(self.org) as db:
            availability.set_(db, db.get_one(User, user.id), self.now, **more)

    def team(self, slug: str = "vendas", *members: User, **more: Any) -> Team:
        with self.store.write(self.org) as db:
            team = teams.create(db, self.org, slug, self.now, **({"takes_all": True} | more))
            for user in members:
                teams.add(db, team, db.get_one(User, user.id), self.now)
            return team

    def waits(self, words: str = "oi", *, vip: bool = False, **more: Any) -> int:
        id_ = people.wrote(self.store, self.number, words, at=self.now).id or 0
        with self.store.write(self.org) as db:
            row = db.get_one(Conversation, id_)
            for name, value in more.items():
                setattr(row, name, value)
            db.get_one(Contact, row.contact_id).vip = vip
            db.add(row)
        return id_

    def route(self, **span: float) -> int:
        self.now += timedelta(**span)
        return routing.route(self.store, self.org, self.now)

    def of(self, id_: int) -> tuple[str, str, str | None]:
        """(status, team, whose it is)"""
        with self.store.read(self.org) as db:
            row = db.get_one(Conversation, id_)
            owner = db.get(User, row.assignee_id) if row.assignee_id else None
            return row.status, row.team, owner.name if owner else None

    def explained(self, id_: int) -> dict[str, Any]:
        with self.store.read(self.org) as db:
            return routing.explain(db, conversations.get(db, id_), self.now)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_a_conversation_that_names_no_team_comes_to_the_one_that_takes_all(desk: Desk) -> None:
    ana = desk.person("ana")
    desk.team("vendas", ana)
    first = desk.waits()
    desk.route()
    assert desk.of(first) == ("open", "vendas", "Ana")
    assert desk.route() == 0


def test_without_a_team_nothing_is_given(desk: Desk) -> None:
    desk.person("ana")
    first = desk.waits()
    assert routing.route_all(desk.store, NOW) == 0
    assert desk.of(first) == ("queued", "", None)
    assert desk.explained(first)["verdict"] == "no_team"


def test_capacity_skills_and_presence_hold_and_free_places_are_filled(desk: Desk) -> None:
    ana, bia = desk.person("ana", skills=["ingles"]), desk.person("bia", capacity=1)
    desk.person("caio")
    desk.team("vendas", ana, bia, capacity=2)
    english = [desk.waits(skills=["Ingles"], priority="urgent") for _ in range(3)]
    plain = [desk.waits() for _ in range(2)]
    desk.route()
    assert [desk.of(id_)[2] for id_ in english] == ["Ana", "Ana", None]
    assert [desk.of(id_)[2] for id_ in plain] == ["Bia", None]
    told = {each["agent"]: each["why_not"] for each in desk.explained(english[2])["agents"]}
    assert told == {"ana@loja.example": ["full"], "bia@loja.example": ["full", "skill:ingles"]}
    assert desk.explained(english[2])["verdict"] == "busy"
    desk.says(ana, availability="paused")
    with desk.store.write(desk.org) as db:
        conversations.resolve(db, conversations.get(db, english[0]), by=None, now=NOW)
    assert desk.route() == 0
    desk.says(ana, availability="available")
    desk.route()
    assert desk.of(english[2])[2] == "Ana"


def test_vips_go_to_their_lane_and_first_everywhere(desk: Desk) -> None:
    ana, bia = desk.person("ana"), desk.person("bia", capacity=1)
    desk.team("vendas", ana, capacity=1)
    desk.team("ouro", bia, takes_all=False, takes_vips=True, overflow="vendas", overflow_seconds=60)
    plain, first, second = desk.waits(), desk.waits(vip=True), desk.waits(vip=True)
    desk.route()
    assert desk.of(plain) == ("open", "vendas", "Ana")
    assert (desk.of(first), desk.of(second)) == (("open", "ouro", "Bia"), ("queued", "ouro", None))
    later = desk.waits()
    desk.route(seconds=61)
    assert desk.of(second) == ("queued", "vendas", None)
    desk.says(ana, capacity=2)
    desk.route()
    assert (desk.of(second)[2], desk.of(later)[2]) == ("Ana", None)


def test_the_contact_comes_back_to_whom_it_knows(desk: Desk) -> None:
    ana, bia = desk.person("ana"), desk.person("bia")
    desk.team("vendas", ana, bia, mode="round_robin")
    first = desk.waits()
    with desk.store.write(desk.org) as db:
        row = conversations.get(db, first)
        conversations.assign(db, row, db.get_one(User, bia.id), by=None, now=NOW)
        conversations.resolve(db, row, by=None, now=NOW)
        db.flush()
        again = Conversation(**row.model_dump(exclude={"id", "assignee_id"}) | {"status": "queued", "owner": "nobody"})
        db.add(again)
        db.flush()
        ref = again.id or 0
    assert desk.explained(ref)["to"] == "bia@loja.example"
    desk.route()
    assert desk.of(ref)[2] == "Bia"


def test_what_was_given_back_goes_to_somebody_else(desk: Desk) -> None:
    ana, bia = desk.person("ana"), desk.person("bia", availability="offline")
    desk.team("vendas", ana, bia)
    first = desk.waits()
    desk.route()
    with desk.store.write(desk.org) as db:
        conversations.assign(db, conversations.get(db, first), None, by=None, now=NOW)
    assert desk.route() == 0
    desk.says(bia, availability="available")
    desk.route()
    assert desk.of(first)[2] == "Bia"


def test_round_robin_goes_round_also_from_one_transaction_to_the_next(desk: Desk) -> None:
    users = [desk.person(name) for name in ("ana", "bia", "caio")]
    desk.team("vendas", *users, mode="round_robin", capacity=100)
    got = []
    for _ in range(9):
        ref = desk.waits()
        desk.route(seconds=1)
        got.append(desk.of(ref)[2])
    assert got == ["Ana", "Bia", "Caio"] * 3


def test_many_routers_at_once_give_each_conversation_to_one_and_nobody_too_many(desk: Desk) -> None:
    users = [desk.person(name) for name in ("ana", "bia", "caio")]
    desk.team("vendas", *users, capacity=4)
    refs = [desk.waits() for _ in range(20)]
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def work() -> None:
        other = Store(desk.store.url.render_as_string(hide_password=False))
        try:
            start.wait()
            routing.route(other, desk.org, NOW)
        except BaseException as error:
            failures.append(error)
        finally:
            other.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    owners = [desk.of(ref)[2] for ref in refs]
    assert {name: owners.count(name) for name in ("Ana", "Bia", "Caio", None)} == {
        "Ana": 4,
        "Bia": 4,
        "Caio": 4,
        None: 8,
    }
    with desk.store.read(desk.org) as db:
        told = "SELECT count(*) FROM event WHERE kind = 'conversation:updated'"
        assert db.connection().exec_driver_sql(told).scalar() == 20 + 12  # each placed once, twelve given once


def test_outside_the_hours_they_are_told_once_and_wait_until_the_team_opens(desk: Desk) -> None:
    ana = desk.person("ana")
    team = desk.team("vendas", ana, closed="text", closed_text="Voltamos amanhã às 9h.")
    with desk.store.write(desk.org) as db:
        spans = {"mon-fri": ["09:00-18:00"]}  # NOW is a Sunday
        teams.set_hours(db, db.get_one(Team, team.id), spans, NOW, tz="America/Sao_Paulo")
    ref = desk.waits()
    desk.route()
    desk.route(minutes=5)
    assert desk.of(ref) == ("queued", "vendas", None)
    assert desk.explained(ref)["verdict"] == "closed"
    with desk.store.read(desk.org) as db:
        assert [m.text for m in db.exec(select(Message).where(Message.direction == OUT))] == ["Voltamos amanhã às 9h."]
    desk.route(hours=21)
    assert desk.of(ref)[2] == "Ana"


def test_outside_the_hours_a_flow_takes_them_and_afterwards_they_wait(store: Store) -> None:
    shop = FlowShop(store)
    shop.publish(
        "name: noite\nstart: a\nsteps:\n  a: {say: Estamos fechados., next: b}\n  b: {handoff: ~, next: end}\n"
    )
    with store.write(shop.org) as db:
        team = teams.create(db, shop.org, "vendas", NOW, takes_all=True, closed="flow", closed_flow="noite")
        teams.set_hours(db, team, {"mon": ["09:00-18:00"]}, NOW)
    shop.says("oi")
    routing.route_all(store, NOW)
    assert shop.bot() == ["Estamos fechados."]
    routing.route_all(store, NOW)
    assert (shop.conversation().status, shop.conversation().owner, shop.conversation().team) == (
        "queued",
        "people",
        "vendas",
    )
    assert shop.bot() == ["Estamos fechados."]


def test_a_flow_that_hands_over_to_a_team_ends_in_its_queue(store: Store) -> None:
    shop = FlowShop(store)
    shop.publish(
        "name: ajuda\ntriggers: [{any: true}]\nstart: a\nsteps:\n"
        "  a: {handoff: {team: cobranca, skills: [boleto], priority: high}, next: end}\n"
    )
    with store.write(shop.org) as db:
        teams.create(db, shop.org, "vendas", NOW, takes_all=True)
        teams.add(db, teams.create(db, shop.org, "cobranca", NOW), db.get_one(User, shop.rita.id), NOW)
        availability.set_(db, db.get_one(User, shop.rita.id), NOW, availability="available", skills=["boleto"])
    shop.says("oi")
    routing.route_all(store, NOW)
    row = shop.conversation()
    assert (row.status, row.team, row.assignee_id, row.priority) == ("open", "cobranca", shop.rita.id, "high")


def test_a_team_with_a_circle_a_bad_name_or_bad_values_is_refused(desk: Desk) -> None:
    desk.team("vendas")
    desk.team("suporte", overflow="vendas", overflow_seconds=60)
    with desk.store.write(desk.org) as db:
        vendas = teams.find(db, desk.org, "vendas")
        for values, error in (
            ({"overflow": "suporte"}, Conflict),
            ({"overflow": "vendas"}, Conflict),
            ({"overflow": "nada"}, NotFound),
            ({"mode": "x"}, InvalidData),
            ({"capacity": 0}, InvalidData),
            ({"closed": "text"}, InvalidData),
            ({"overflow_seconds": 1}, InvalidData),
        ):
            with pytest.raises(error), db.begin_nested():
                teams.change(db, vendas, NOW, **values)
            db.refresh(vendas)
        for slug in ("", "Vendas", "a b", "é"):
            with pytest.raises(InvalidData):
                teams.create(db, desk.org, slug, NOW)
        with pytest.raises(Conflict):
            teams.create(db, desk.org, "vendas", NOW)
        with pytest.raises(InvalidData):
            teams.set_hours(db, vendas, {"mon": ["9-18"]}, NOW)


def test_a_deleted_team_leaves_its_conversations_waiting(desk: Desk) -> None:
    desk.team("vendas", desk.person("ana", availability="offline"))
    ref = desk.waits()
    desk.route()
    with desk.store.write(desk.org) as db:
        assert teams.remove(db, teams.find(db, desk.org, "vendas")) == 1
    assert desk.of(ref) == ("queued", "", None)


def test_the_inbox_makes_available_and_its_silence_offline(desk: Desk) -> None:
    ana = desk.person("ana", availability="offline")

    def state() -> str:
        with desk.store.read(desk.org) as db:
            return db.get_one(User, ana.id).availability

    def heard(minutes: float) -> None:
        desk.now += timedelta(minutes=minutes)
        with desk.store.write() as db:
            availability.gone(db, desk.now)
            availability.heard(db, ana.id or 0, desk.now)

    heard(0)
    assert state() == "available"
    desk.says(ana, availability="paused")
    heard(1)
    assert state() == "paused"
    desk.says(ana, availability="offline")
    heard(2)
    assert state() == "offline"
    with desk.store.write() as db:
        assert availability.gone(db, desk.now + timedelta(minutes=4)) == 0
    heard(5)
    assert state() == "available"
    with desk.store.write() as db:
        assert availability.gone(db, desk.now + timedelta(minutes=4)) == 1
    assert state() == "offline"


def test_who_is_given_a_conversation_is_told(desk: Desk) -> None:
    ana = desk.person("ana")
    desk.team("vendas", ana)
    id_ = desk.waits()
    desk.route()
    with desk.store.read(desk.org) as db:
        [told] = db.exec(select(Notification)).all()
    assert (told.user_id, told.kind, told.conversation_id) == (ana.id, "assigned", id_)
    assert told.parts == {"by": "", "team": "vendas"}
