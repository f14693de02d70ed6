"""Opt-out words are above everything: obeyed at once, proven in the ledger, confirmed once, until a start word."""

from __future__ import annotations

import pytest

from pytake_cli import settings
from pytake_cli.errors import Forbidden
from pytake_cli.policy.opt_out import words_of
from pytake_cli.services import outbound, ownership
from pytake_cli.store import Store
from pytake_cli.store.contacts import Consent
from pytake_cli.store.conversations import BOT, BY_PEOPLE, QUEUED, Conversation
from pytake_cli.store.messages import Message
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp import messages as wire
from tests.services.flow_shop import ASKS, FlowShop

SHADOW = """
name: shadow
triggers: [{keyword: [parar, sair, stop]}, {any: true}]
start: hear
steps:
  hear: {say: "Você disse {{ message.text }}", next: end}
"""


@pytest.fixture
def shop(store: Store) -> FlowShop:
    return FlowShop(store)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("PARAR", "stop"),
        ("  parar!! ", "stop"),
        ("Cancelar Inscrição", "stop"),
        ("cancelar inscricao.", "stop"),
        ("Unsubscribe", "stop"),
        ("sair", "stop"),
        ("chega", "stop"),
        ("start", "start"),
        ("quero parar de pagar", None),
        ("cancelar", None),
        ("", None),
    ],
)
def test_words_count_as_whole_messages_folded(text: str, verdict: str | None) -> None:
    assert words_of({"opt_out": {"stop": ["Chega"]}}, "pt-BR").verdict(text) == verdict


def test_the_defaults_cannot_be_taken_away() -> None:
    words = words_of({"opt_out": {"stop": [], "start": ["parar"]}}, "en")
    assert words.verdict("parar") == "stop"
    assert "STOP" in words.start_answer


def test_a_stop_word_ends_the_session_and_is_confirmed_once(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.says("oi")
    wamid = shop.says("Sair")
    assert shop.session().outcome == "opted_out"
    assert shop.bot(cancelled=True) == ["Como você se chama?"]
    [answer] = shop.bot()
    assert "REATIVAR" in answer
    lines = shop.rows(Consent)
    assert {line.purpose for line in lines} == {"all"}
    assert all(not line.granted and line.source == "word" and wamid in line.proof for line in lines)
    shop.says("sair")
    assert len(shop.bot()) == 1
    assert shop.after(days=1) == 0


def test_no_flow_can_shadow_the_words(shop: FlowShop) -> None:
    shop.publish(SHADOW)
    shop.says("parar")
    assert not any(text.startswith("Você disse") for text in shop.bot())
    assert shop.contact().opted_out_at == shop.now


def test_afterwards_nothing_automatic_is_said_and_people_see_what_is_written(shop: FlowShop) -> None:
    shop.publish(SHADOW)
    shop.says("stop")
    said = shop.bot()
    shop.says("e o meu pedido?")
    assert shop.bot() == said
    assert shop.conversation().status == QUEUED
    shop.after(seconds=1)
    with pytest.raises(Forbidden), shop.store.write() as db:
        contact, words = shop.contact().id or 0, wire.text("oi")
        outbound.queue(db, number=shop.number, contact_id=contact, outgoing=words, origin="bot", now=shop.now)


def test_a_start_word_lets_the_bot_speak_again(shop: FlowShop) -> None:
    shop.publish(SHADOW)
    shop.says("parar")
    shop.after(minutes=1)
    shop.says("REATIVAR")
    assert shop.contact().opted_out_at is None
    assert [line.granted for line in shop.rows(Consent)] == [False, True]
    shop.says("olá")
    assert shop.bot()[-1] == "Você disse olá"


def test_a_start_word_of_somebody_who_is_in_belongs_to_the_flows(shop: FlowShop) -> None:
    shop.publish(SHADOW)
    shop.says("start")
    assert shop.bot() == ["Você disse start"]


def test_it_works_for_people_without_a_phone_number(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.says("oi", user_id="BR.1234567890")
    shop.says("parar", user_id="BR.1234567890")
    assert shop.contact().opted_out_at == shop.now
    answer = shop.rows(Message)[-1]
    assert (answer.address_kind, answer.address) == ("bsuid", "BR.1234567890")


def test_it_works_while_people_have_the_conversation(shop: FlowShop) -> None:
    shop.says("oi")
    with shop.store.write() as db:
        ownership.take_over(db, shop.open_one(db), shop.rita, shop.now)
    shop.says("parar")
    assert shop.contact().opted_out_at == shop.now
    conversation: Conversation = shop.conversation()
    assert (conversation.owner, conversation.unread_count) == (BY_PEOPLE, 2)


def test_an_organisation_may_say_it_in_its_own_words_or_not_at_all(shop: FlowShop) -> None:
    with shop.store.write() as db:
        db.get_one(Organisation, shop.org).settings = {"opt_out": {"stop": ["chega"], "stop_answer": ""}}
    shop.says("Chega!")
    assert shop.contact().opted_out_at == shop.now
    assert shop.bot() == []
    assert shop.conversation().status == BOT


def test_words_of_the_settings_stop_beside_the_defaults(shop: FlowShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_FLOWS__OPT_OUT_WORDS", '["já deu"]')
    settings.load()
    shop.says("Já deu!")
    assert shop.contact().opted_out_at == shop.now


def test_a_tapped_choice_called_sair_is_an_answer(shop: FlowShop) -> None:
    shop.publish("""
        name: menu
        triggers: [{any: true}]
        vars: {what: {type: text}}
        start: choose
        steps:
          choose:
            ask: E agora?
            choices: {sair: Sair, ficar: Ficar}
            save: what
            on_invalid: done
            next: done
          done: {say: "{{ vars.what }}", next: end}
    """)
    shop.says("olá")
    shop.taps("choose:sair", "Sair")
    assert shop.bot()[-1] == "sair"
    assert shop.contact().opted_out_at is None
