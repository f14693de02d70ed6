"""The bot has a conversation or people have it, never both: taking over, giving back, and all that does it silently."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from pytake_cli.errors import Conflict, NotFound
from pytake_cli.services import automation, conversations, outbound, ownership
from pytake_cli.store import Store, upkeep
from pytake_cli.store.conversations import BOT, BY_BOT, BY_PEOPLE, NOBODY, OPEN, QUEUED, RESOLVED
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.messages import Message
from pytake_cli.store.timers import Timer
from pytake_cli.whatsapp import messages as wire
from tests.services.flow_shop import ASKS, FlowShop

RESUMES = """
name: human
triggers: [{keyword: gente}]
start: call
steps:
  call:
    handoff: {text: "Já chamo alguém.", resume: on_close, resume_at: after}
  after:
    ask: Resolvemos?
    choices: {sim: Sim, nao: Não}
    on_invalid: bye
    next: bye
  bye: {say: Obrigado!, next: end}
"""


@pytest.fixture
def shop(store: Store) -> FlowShop:
    opened = FlowShop(store)
    opened.publish(ASKS)
    return opened


def agent_says(shop: FlowShop, db: Session, text: str) -> None:
    contact = shop.contact().id or 0
    outgoing = wire.text(text)
    outbound.queue(db, number=shop.number, contact_id=contact, outgoing=outgoing, origin="agent", now=shop.now)


def test_taking_over_ends_the_session_stops_its_timers_and_takes_back_what_was_not_sent(shop: FlowShop) -> None:
    shop.says("oi")
    with shop.store.write() as db:
        assert ownership.take_over(db, shop.open_one(db), shop.rita, shop.now)
    assert shop.state() == (OPEN, BY_PEOPLE, "taken_over")
    assert shop.conversation().assignee_id == shop.rita.id
    assert shop.bot(cancelled=True) == ["Como você se chama?"]
    assert all(timer.cancelled_at for timer in shop.rows(Timer))
    assert shop.after(days=1) == 0
    shop.says("oi")
    assert shop.bot() == []
    assert upkeep.check(shop.store) == []


def test_taking_over_what_is_mine_already_changes_nothing(shop: FlowShop) -> None:
    shop.says("oi")
    for first in (True, False):
        with shop.store.write() as db:
            assert ownership.take_over(db, shop.open_one(db), shop.rita, shop.now) is first


def test_what_meta_has_already_stays_said(shop: FlowShop) -> None:
    shop.says("oi")
    with shop.store.write() as db:
        said = db.get_one(Message, shop.rows(Message)[-1].id)
        said.status, said.rank, said.wamid = "sent", 4, "wamid.said"
    with shop.store.write() as db:
        ownership.take_over(db, shop.open_one(db), shop.rita, shop.now)
    assert shop.bot() == ["Como você se chama?"]


def test_an_agents_message_takes_the_conversation_over(shop: FlowShop) -> None:
    shop.says("oi")
    with shop.store.write() as db:
        agent_says(shop, db, "Oi, aqui é a Rita")
    assert shop.state() == (OPEN, BY_PEOPLE, "taken_over")
    shop.says("bom dia")
    assert shop.bot() == []


def test_a_person_who_answers_from_the_phone_takes_it_over(shop: FlowShop) -> None:
    shop.says("oi")
    shop.echoes("deixa comigo")
    assert shop.state() == (OPEN, BY_PEOPLE, "taken_over")
    shop.says("oi")
    assert shop.bot() == []
    assert shop.bot(cancelled=True) == ["Como você se chama?"]


def test_giving_it_to_somebody_takes_it_from_the_bot(shop: FlowShop) -> None:
    shop.says("oi")
    with shop.store.write() as db:
        conversations.assign(db, shop.open_one(db), shop.rita, by=None, now=shop.now)
    assert shop.state() == (OPEN, BY_PEOPLE, "taken_over")


def test_resolving_ends_the_session_and_the_next_message_may_start_another(shop: FlowShop) -> None:
    shop.says("oi")
    with shop.store.write() as db:
        assert automation.close(db, shop.open_one(db), by=shop.rita, now=shop.now)
    assert shop.state() == (RESOLVED, BY_BOT, "closed")
    shop.says("oi")
    assert shop.state() == (BOT, BY_BOT, "reply")
    assert len(shop.rows(FlowSession)) == 2


def test_a_conversation_that_people_began_is_theirs(shop: FlowShop) -> None:
    shop.says("nada")
    with shop.store.write() as db:
        conversations.resolve(db, shop.open_one(db), by=None, now=shop.now)
        agent_says(shop, db, "Seu pedido chegou")
    shop.says("oi")
    assert shop.bot() == []


def test_handed_back_the_bot_hears_the_next_message(shop: FlowShop) -> None:
    shop.says("oi")
    with shop.store.write() as db:
        ownership.take_over(db, shop.open_one(db), shop.rita, shop.now)
    with shop.store.write() as db:
        assert automation.hand_back(db, shop.open_one(db), None, by=shop.rita, now=shop.now)
    conversation = shop.conversation()
    assert (conversation.status, conversation.owner, conversation.assignee_id) == (BOT, BY_BOT, None)
    shop.says("oi")
    assert shop.bot() == ["Como você se chama?"]


def test_handed_back_with_a_flow_it_begins_at_once(shop: FlowShop) -> None:
    shop.says("nada")
    with shop.store.write() as db:
        assert automation.hand_back(db, shop.open_one(db), "greet", by=shop.rita, now=shop.now)
    assert shop.bot() == ["Como você se chama?"]
    assert shop.state() == (BOT, BY_BOT, "reply")


def test_handing_back_refuses_an_unknown_flow_and_a_resolved_conversation(shop: FlowShop) -> None:
    shop.says("nada")
    with pytest.raises(NotFound), shop.store.write() as db:
        automation.hand_back(db, shop.open_one(db), "nope", by=None, now=shop.now)
    with pytest.raises(Conflict), shop.store.write() as db:
        conversation = shop.open_one(db)
        conversations.resolve(db, conversation, by=None, now=shop.now)
        automation.hand_back(db, conversation, None, by=None, now=shop.now)


def test_a_flow_that_waits_for_people_goes_on_when_they_close(shop: FlowShop) -> None:
    shop.publish(RESUMES)
    shop.says("gente")
    assert shop.state() == (QUEUED, BY_PEOPLE, "person")
    with shop.store.write() as db:
        agent_says(shop, db, "Pois não?")
    assert shop.session().wait_kind == "person"
    with shop.store.write() as db:
        assert automation.close(db, shop.open_one(db), by=shop.rita, now=shop.now)
    assert shop.state() == (BOT, BY_BOT, "reply")
    shop.says("sim")
    assert shop.bot()[-1] == "Obrigado!"
    assert shop.state() == (RESOLVED, BY_BOT, "completed")


def test_a_flow_that_waits_for_people_goes_on_when_they_hand_back(shop: FlowShop) -> None:
    shop.publish(RESUMES)
    shop.says("gente")
    with shop.store.write() as db:
        automation.hand_back(db, shop.open_one(db), None, by=shop.rita, now=shop.now)
    shop.says("sim")
    assert shop.state() == (BOT, BY_BOT, "completed")


def test_on_standby_nothing_is_said_and_nothing_later(shop: FlowShop) -> None:
    shop.says("oi", standby=True)
    assert shop.bot() == []
    assert shop.conversation().owner == NOBODY
    shop.says("oi")
    assert shop.bot() == ["Como você se chama?"]
    shop.says("hm", standby=True)
    assert shop.session().outcome == "taken_over"
    assert shop.after(hours=1) == 0
