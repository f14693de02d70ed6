"""Several agents claim the same conversation at the same moment: one gets it, the others learn who."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlmodel import select

from pytake_cli.errors import Conflict, PytakeError
from pytake_cli.services import conversations, principals, routing, talk_actions, teams
from pytake_cli.store import Store
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.notifications import Notification
from pytake_cli.store.users import User
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org

AGENTS = 6


def at_once(works: list[Callable[[], None]]) -> list[PytakeError | None]:
    """Does all of them at the same moment; what each was refused by."""
    begin = threading.Barrier(len(works))
    found: dict[int, PytakeError] = {}

    def run(n: int) -> None:
        begin.wait()
        try:
            works[n]()
        except PytakeError as error:
            found[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    return [found.get(n) for n in range(len(works))]


@pytest.mark.parametrize("turn", range(3))
def test_one_wins_and_the_others_are_told_who(store: Store, store_url: str, turn: int) -> None:
    org = make_org(store)
    id_ = people.wrote(store, make_number(store, org), "oi").id or 0
    agents = [people.user(store, org, f"a{n}@loja.example", f"a{n}") for n in range(AGENTS)]
    stores = [Store(store_url) for _ in agents]  # as several daemons and commands have it

    def claim(mine: Store, user: User) -> Callable[[], None]:
        def work() -> None:
            with mine.write(org) as db:
                who = principals.local(org, user.id, user.name)
                talk_actions.act(db, who, conversations.get(db, id_), "claim", {}, NOW)

        return work

    refused = at_once([claim(mine, user) for mine, user in zip(stores, agents, strict=True)])
    with store.read(org) as db:
        row = db.get_one(Conversation, id_)
        lines = db.exec(select(ConversationChange)).all()
    [winner] = [user for user, error in zip(agents, refused, strict=True) if error is None]
    assert (row.assignee_id, row.status) == (winner.id, "open")
    assert [(line.what, line.by_id) for line in lines] == [("assigned", winner.id)]
    for error in refused:
        if error is not None:
            assert isinstance(error, Conflict)
            assert (error.slug, error.values["agent"]) == ("PT-CLAIMED", winner.name)
    for each in stores:
        each.close()


def test_who_claims_while_routing_gives_it_away_does_not_take_it_from_whom_it_was_given(
    store: Store, store_url: str
) -> None:
    org = make_org(store)
    number = make_number(store, org)
    ana, bia = (people.user(store, org, f"{name}@loja.example", name) for name in ("ana", "bia"))
    with store.write(org) as db:
        db.get_one(User, ana.id).availability = "available"
        teams.add(db, teams.create(db, org, "vendas", NOW, mode="round_robin", takes_all=True), ana, NOW)
    mine = Store(store_url)
    for n in range(5):
        id_ = people.wrote(store, number, "oi", phone=f"55119681{n:05}").id or 0

        def claim(id_: int = id_) -> None:
            with mine.write(org) as db:
                who = principals.local(org, bia.id, bia.name)
                talk_actions.act(db, who, conversations.get(db, id_), "claim", {}, NOW)

        def route() -> None:
            routing.route(store, org, NOW)

        [error, _] = at_once([claim, route])
        with store.read(org) as db:
            row = db.get_one(Conversation, id_)
            told = db.exec(select(Notification).where(Notification.conversation_id == id_)).all()
        assert row.assignee_id == (ana.id if error else bia.id)
        assert [each.user_id for each in told] == ([ana.id] if error else [])
    mine.close()
