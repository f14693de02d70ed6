"""Changes of contacts: what flows keep and what people change go by the same doors, and sessions hear of tags."""

from __future__ import annotations

import pytest

from pytake_cli.errors import Forbidden
from pytake_cli.services import contact_changes, contact_refs, contact_removal, outbound
from pytake_cli.store import Store, tags, upkeep
from pytake_cli.store.contact_history import ContactChange
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import QUEUED, RESOLVED
from pytake_cli.store.events import Event
from pytake_cli.store.fields import Field
from pytake_cli.store.messages import Message
from pytake_cli.whatsapp import messages as wire
from tests.kit.stores import make_org
from tests.services.flow_shop import ASKS, FlowShop

KEEPS = """
name: lead
triggers: [{keyword: [oi]}]
start: keep
steps:
  keep:
    set:
      - contact: {plano: "'ouro'", idade: 41, name: "'Ana B.'"}
        tag: [lead, vip]
        stage: lead
        score: 7
    next: end
"""
WAITS = """
name: chase
triggers: [{keyword: [oi]}]
start: mark
steps:
  mark:
    set: [{tag: cliente}]
    next: pause
  pause:
    wait: 2h
    cancel_on: "tag:cliente"
    on_cancel: thanks
    next: nudge
  nudge: {say: Ainda quer?, next: end}
  thanks: {say: Obrigada!, next: end}
"""


@pytest.fixture
def shop(store: Store) -> FlowShop:
    return FlowShop(store)


def history(shop: FlowShop) -> list[tuple[str, object, object, str]]:
    return [(row.what, row.before, row.after, row.actor) for row in shop.rows(ContactChange)]


def test_what_a_flow_keeps_is_typed_declared_and_in_the_history(shop: FlowShop) -> None:
    shop.publish(KEEPS)
    shop.says("oi")
    contact = shop.contact()
    assert (contact.name, contact.stage, contact.score) == ("Ana B.", "lead", 7)
    assert contact.fields == {"plano": "ouro", "idade": 41}
    assert [(field.name, field.type) for field in shop.rows(Field)] == [("plano", "text"), ("idade", "number")]
    assert {(what, after, actor) for what, _, after, actor in history(shop)} == {
        ("f.plano", "ouro", "flow:lead"),
        ("f.idade", 41, "flow:lead"),
        ("name", "Ana B.", "flow:lead"),
        ("tag:lead", True, "flow:lead"),
        ("tag:vip", True, "flow:lead"),
        ("stage", "lead", "flow:lead"),
        ("score", 7, "flow:lead"),
    }


def test_what_does_not_fit_its_field_is_told_and_the_session_goes_on(shop: FlowShop) -> None:
    with shop.store.write() as db:
        choice = Field(org_id=shop.org, name="plano", type="choice", choices=["Básico"], created_at=shop.now)
        db.add(choice)
    shop.publish(KEEPS)
    shop.says("oi")
    assert shop.contact().fields == {"idade": 41}
    assert shop.session().outcome not in ("", "failed")
    [told] = [row.payload for row in shop.rows(Event) if row.kind == "incident"]
    assert told["slug"] == "PT-FLOW-KEEP"
    assert "plano" in told["text"]


def test_a_tag_from_elsewhere_calls_off_a_wait_and_the_flows_own_does_not(shop: FlowShop) -> None:
    shop.publish(WAITS)
    shop.says("oi")
    assert shop.session().wait_kind == "time"
    assert shop.after(minutes=1) == 0
    contact = shop.contact().id or 0
    with shop.store.write() as db:
        contact_changes.untag(db, shop.org, [contact], ["cliente"], actor="cli", now=shop.now)
        contact_changes.tag(db, shop.org, [contact], ["outra"], actor="cli", now=shop.now)
        assert contact_changes.tag(db, shop.org, [contact], ["Cliente"], actor="cli", now=shop.now) == {contact}
        assert contact_changes.tag(db, shop.org, [contact], ["cliente"], actor="cli", now=shop.now) == set()
    assert shop.after(seconds=1) == 1
    assert shop.bot() == ["Obrigada!"]
    assert shop.after(hours=3) == 0


def test_a_tag_does_nothing_to_a_session_that_has_gone_on(shop: FlowShop) -> None:
    shop.publish(WAITS)
    shop.says("oi")
    contact = shop.contact().id or 0
    with shop.store.write() as db:
        contact_changes.untag(db, shop.org, [contact], ["cliente"], actor="cli", now=shop.now)
    shop.now = shop.now.replace(hour=18)
    with shop.store.write() as db:
        contact_changes.tag(db, shop.org, [contact], ["cliente"], actor="cli", now=shop.now)
    shop.after(seconds=1)  # both are due: the wait is over, and the tag comes
    assert len(shop.bot()) == 1
    assert upkeep.check(shop.store) == []


def test_a_deleted_contact_says_no_more_and_comes_back_by_writing(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.says("oi")
    contact, conversation = shop.contact().id or 0, shop.conversation().id
    with shop.store.write() as db:
        taken = contact_removal.delete(db, db.get_one(Contact, contact), actor="cli", now=shop.now)
    assert taken == 0  # the flow's question was taken back with its session
    assert shop.bot(cancelled=True) == ["Como você se chama?"]
    assert (shop.conversation().status, shop.session().outcome) == (RESOLVED, "closed")
    with pytest.raises(Forbidden), shop.store.write() as db:
        outbound.queue(db, number=shop.number, contact_id=contact, outgoing=wire.text("oi"), origin="bot", now=shop.now)
    shop.after(minutes=5)
    shop.says("voltei")
    assert shop.contact().id == contact
    assert shop.contact().deleted_at is None
    assert shop.conversation().id != conversation
    assert shop.conversation().status == QUEUED
    assert ("deleted", True, None, "contact") in history(shop)
    assert upkeep.check(shop.store) == []


def test_who_is_written_to_by_a_person_is_back_too(shop: FlowShop) -> None:
    shop.says("oi")
    contact = shop.contact().id or 0
    with shop.store.write() as db:
        contact_removal.delete(db, db.get_one(Contact, contact), actor="cli", now=shop.now)
        assert contact_refs.several(db, shop.org, [str(contact)]).ids == []
    with shop.store.write() as db:
        queued = outbound.queue(
            db, number=shop.number, contact_id=contact, outgoing=wire.text("oi"), origin="agent", now=shop.now
        )
        assert contact_refs.several(db, shop.org, [str(contact), f"contact:{contact}"]).ids == [contact]
    assert shop.contact().deleted_at is None
    with shop.store.write() as db:
        assert contact_removal.delete(db, db.get_one(Contact, contact), actor="cli", now=shop.now) == 1
    with shop.store.read() as db:
        assert db.get_one(Message, queued.id).status == "cancelled"


def test_what_belongs_to_another_organisation_stays_as_it_is(shop: FlowShop) -> None:
    shop.says("oi")
    contact, other = shop.contact().id or 0, make_org(shop.store, "outra")
    with shop.store.write() as db:
        contact_changes.tag(db, shop.org, [contact], ["a"], actor="cli", now=shop.now)
        assert contact_changes.untag(db, other, [contact], ["a"], actor="cli", now=shop.now) == set()
        assert contact_changes.tag(db, other, [contact], ["b"], actor="cli", now=shop.now) == set()
        assert contact_changes.apply(db, other, [contact], {"stage": "x"}, actor="cli", now=shop.now) == {}
        assert tags.of_contacts(db, [contact]) == {contact: ["a"]}
    assert shop.contact().stage == ""
