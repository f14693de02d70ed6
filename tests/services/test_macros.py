"""Macros: checked when they are kept, seen before, run whole or not at all, undone as one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pytake_cli.errors import InvalidData, LimitReached
from pytake_cli.services import canned, conversations, macros, principals, talk_undo
from pytake_cli.store import Store, labels, tags
from pytake_cli.store.conversations import Note
from pytake_cli.store.macros import Macro
from pytake_cli.store.messages import OUT, Message
from tests.services.rule_shop import RuleShop

ENDS = """
- canned: obrigada
- note: encerrado por {{ agent.first_name }}
- label: [resolvido]
- set: {stage: cliente}
- tag: atendido
- priority: low
- resolve: true
"""


@pytest.fixture
def shop(store: Store) -> RuleShop:
    shop = RuleShop(store)
    shop.says("oi")
    with store.write(shop.org) as db:
        canned.create(db, shop.org, "obrigada", {"": "Obrigada, {{ contact.first_name }}!"}, shop.now)
    return shop


def make(shop: RuleShop, source: str, name: str = "fim") -> Macro:
    with shop.store.write(shop.org) as db:
        return macros.create(db, shop.org, name, source, shop.now)


def run(shop: RuleShop, name: str = "fim") -> macros.Ran:
    with shop.store.write(shop.org) as db:
        talk = conversations.get(db, shop.conversation().id or 0)
        return macros.run(db, macros.find(db, shop.org, name), talk, shop.rita, shop.now)


def sent(shop: RuleShop) -> list[str]:
    return [each.text for each in shop.rows(Message) if each.direction == OUT]


def test_every_step_is_seen_before_and_then_done(shop: RuleShop) -> None:
    row = make(shop, ENDS)
    with shop.store.read(shop.org) as db:
        talk = conversations.get(db, shop.conversation().id or 0)
        seen = macros.preview(db, row, talk, shop.rita, shop.now)
    assert (seen[0], seen[1]["what"]) == (
        {"step": "canned", "what": "Obrigada, Ana!", "talks": True},
        "encerrado por Rita",
    )
    assert [each["step"] for each in seen] == ["canned", "note", "label", "set", "tag", "priority", "resolve"]
    assert sent(shop) == []
    ran = run(shop)
    assert ran.did[0] == "canned: Obrigada, Ana!"
    talk = shop.conversation()
    assert (talk.status, talk.priority, sent(shop)) == ("resolved", "low", ["Obrigada, Ana!"])
    assert [note.body for note in shop.rows(Note)] == ["encerrado por Rita"]
    assert shop.contact().stage == "cliente"
    with shop.store.read(shop.org) as db:
        assert labels.of_conversations(db, [talk.id or 0]) == {talk.id: ["resolvido"]}
        assert tags.of_contacts(db, [talk.contact_id])[talk.contact_id] == ["atendido"]
        assert macros.find(db, shop.org, "fim").uses == 1


def test_with_the_window_closed_nothing_of_it_is_done(shop: RuleShop) -> None:
    make(shop, "[{note: antes}, {priority: high}, {reply: oi}]")
    shop.now += timedelta(hours=25)
    with pytest.raises(LimitReached):
        run(shop)
    assert (sent(shop), shop.rows(Note), shop.conversation().priority) == ([], [], "normal")


def test_what_it_changed_is_undone_in_one_step(shop: RuleShop) -> None:
    make(shop, "[{label: vip}, {priority: urgent}, {assign: '@me'}, {snooze: 2h}]")
    ran = run(shop)
    assert ran.change is not None
    assert shop.conversation().status == "snoozed"
    with shop.store.write(shop.org) as db:
        who = principals.local(shop.org, shop.rita.id)
        found = talk_undo.find(db, batch=ran.change.batch)
        assert len(found) == 4
        for each in found:
            talk_undo.undo(db, who, each, shop.now)
    talk = shop.conversation()
    assert (talk.status, talk.priority, talk.assignee_id) == ("queued", "normal", None)
    with shop.store.read(shop.org) as db:
        assert labels.of_conversations(db, [talk.id or 0]) == {}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("[{replly: oi}]", "macro:1:3  `replly` is no step; did you mean `reply`?"),
        ("[{canned: obrigado}]", "macro:1:11  there is no canned reply obrigado; did you mean obrigada?"),
        ("[{assign: ninguem}]", "there is no active user ninguem"),
        ("[{set: {f.nada: 1}}]", "nada"),
        ("[{template: promo}]", "there is no template promo here"),
        ("[{reply: '{{ prazo }}'}]", "give it a default"),
        ("[{resolve: true}, {reply: tchau}]", "nothing can be said behind `resolve`"),
        ("[{wait: 10m}]", "`wait` is no step"),
        ("[{webhook: 'https://x.com'}]", "`webhook` is no step"),
        ("[{note: a, label: b}]", "a step does one thing"),
        ("[]", "a list of 1 to 30 steps"),
        ("oi", "a list of 1 to 30 steps"),
    ],
)
def test_what_could_not_be_run_is_refused_when_it_is_kept(shop: RuleShop, source: str, said: str) -> None:
    with pytest.raises(InvalidData) as caught:
        make(shop, source)
    assert said in str(caught.value)
