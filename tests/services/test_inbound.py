"""Webhooks become rows: once each, in order, and what cannot be understood is set aside."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, select

from pytake_cli.services import inbound, outbound
from pytake_cli.store import Store
from pytake_cli.store.contacts import Consent, Contact, ServiceWindow
from pytake_cli.store.conversations import OPEN, QUEUED, RESOLVED, Conversation
from pytake_cli.store.jobs import Job
from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.media import Media
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from tests.kit.stores import NOW, make_number, make_org

ANA = "5511968184101"


class Door:
    """A number with its webhooks, as Meta would post them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.org = make_org(store)
        self.number_id = make_number(store, self.org)
        with store.read() as db:
            self.number = db.get_one(Number, self.number_id)
        self._bodies = 0

    def value(self, **parts: Any) -> dict[str, Any]:
        metadata = {"display_phone_number": "551140001234", "phone_number_id": self.number.phone_number_id}
        return {"messaging_product": "whatsapp", "metadata": metadata, **parts}

    def put(self, *values: dict[str, Any], field: str = "messages", app: str = "") -> None:
        """Journals one signed body with these changes."""
        changes = [{"field": field, "value": value} for value in values]
        body = {"object": "whatsapp_business_account", "entry": [{"id": self.number.waba_id, "changes": changes}]}
        self.put_raw(orjson.dumps(body), app)

    def put_raw(self, body: bytes, app: str = "") -> None:
        self._bodies += 1
        digest = hashlib.sha256(body + str(self._bodies).encode()).digest()
        with self.store.write() as db:
            db.add(Journal(digest=digest, app=app, body=body, received_at=NOW))

    def says(self, text: str = "oi", *, who: str = ANA, wamid: str = "", ago: float = 0, **more: Any) -> str:
        """Journals a text message written `ago` seconds before now; returns its wamid."""
        wamid = wamid or f"wamid.{who}.{text}.{self._bodies}"
        message = {
            "from": who,
            "id": wamid,
            "timestamp": str(int((NOW - timedelta(seconds=ago)).timestamp())),
            "type": "text",
            "text": {"body": text},
            **more,
        }
        self.put(self.value(contacts=[{"profile": {"name": "Ana"}, "wa_id": who}], messages=[message]))
        return wamid

    def drain(self) -> inbound.Applied:
        total = inbound.Applied()
        while (applied := inbound.drain(self.store, NOW)).rows:
            total.rows += applied.rows
            total.messages += applied.messages
            total.statuses += applied.statuses
            total.quarantined += applied.quarantined
        return total

    def rows(self, table: type[SQLModel]) -> list[Any]:
        with self.store.read() as db:
            return list(db.exec(select(table).order_by(sa.text("1"))))

    def one(self, table: type[SQLModel]) -> Any:
        [row] = self.rows(table)
        return row


@pytest.fixture
def door(store: Store) -> Door:
    return Door(store)


def test_a_first_message_makes_contact_conversation_window_and_message(door: Door) -> None:
    door.says("bom dia")
    assert door.drain().messages == 1
    message, conversation, window = door.one(Message), door.one(Conversation), door.one(ServiceWindow)
    assert (message.text, message.direction, message.status) == ("bom dia", "in", "received")
    assert (conversation.status, conversation.unread_count, conversation.preview) == (QUEUED, 1, "bom dia")
    assert conversation.waiting_since == window.last_inbound_at == NOW
    assert door.one(Contact).profile_name == "Ana"


def test_a_redelivered_webhook_changes_nothing(door: Door) -> None:
    for _ in range(5):
        door.says("oi", wamid="wamid.same")
    assert door.drain().messages == 1
    door.says("oi", wamid="wamid.same")
    assert door.drain().messages == 0
    assert (len(door.rows(Message)), door.one(Conversation).unread_count) == (1, 1)


def test_messages_of_one_body_are_all_kept_and_in_their_order(door: Door) -> None:
    texts = [f"{n}" for n in range(10)]
    messages = [
        {"from": ANA, "id": f"wamid.{t}", "timestamp": str(int(NOW.timestamp())), "type": "text", "text": {"body": t}}
        for t in texts
    ]
    door.put(door.value(contacts=[], messages=messages[:5]), door.value(contacts=[], messages=messages[5:]))
    door.drain()
    assert [message.text for message in door.rows(Message)] == texts
    assert len(door.rows(Conversation)) == 1


def test_brazils_ninth_digit_does_not_make_a_second_contact(door: Door) -> None:
    door.says("com nove", who="5511968184101")
    door.says("sem nove", who="551168184101")
    door.drain()
    assert len(door.rows(Contact)) == len(door.rows(Conversation)) == 1


def test_a_message_after_closing_opens_a_new_conversation(door: Door) -> None:
    door.says("um")
    door.drain()
    with door.store.write() as db:
        db.exec(select(Conversation)).one().status = RESOLVED
    door.says("dois")
    door.drain()
    assert [row.status for row in door.rows(Conversation)] == [RESOLVED, QUEUED]


def test_an_echo_from_the_phone_answers_and_opens_the_conversation(door: Door) -> None:
    door.says("alguém aí?")
    echo = {"from": "551140001234", "to": ANA, "id": "wamid.echo", "timestamp": str(int(NOW.timestamp()))}
    value = door.value(message_echoes=[{**echo, "type": "text", "text": {"body": "estou aqui"}}])
    door.put(value, field="smb_message_echoes")
    door.drain()
    conversation, answer = door.one(Conversation), door.rows(Message)[-1]
    assert (answer.direction, answer.origin, answer.status) == ("out", "app", "sent")
    assert (conversation.status, conversation.unread_count, conversation.waiting_since) == (OPEN, 0, None)


def test_a_late_message_does_not_set_the_window_back(door: Door) -> None:
    door.says("novo")
    door.says("velho", ago=3600)
    door.drain()
    assert door.one(ServiceWindow).last_inbound_at == NOW


def test_a_reaction_is_stored_but_opens_no_window_and_waits_for_nobody(door: Door) -> None:
    door.says("", type="reaction", reaction={"message_id": "wamid.x", "emoji": "👍"})
    door.drain()
    assert door.one(Message).kind == "reaction"
    assert door.rows(ServiceWindow) == []
    assert door.one(Conversation).unread_count == 0


def test_media_becomes_a_row_and_a_job_that_downloads_it(door: Door) -> None:
    image = {"id": "778", "mime_type": "image/jpeg", "sha256": "x" * 44, "caption": "veja"}
    door.says("", type="image", image=image)
    door.drain()
    media, job = door.one(Media), door.one(Job)
    assert (media.wa_media_id, media.declared_mime_type, media.state) == ("778", "image/jpeg", "pending")
    assert (job.kind, job.payload, job.key) == ("media.download", {"media": media.id}, f"media:{media.id}")


def test_a_message_for_a_number_that_is_not_ours_is_quarantined(door: Door) -> None:
    value = door.value(
        messages=[{"from": ANA, "id": "wamid.1", "timestamp": "1", "type": "text", "text": {"body": "?"}}]
    )
    value["metadata"]["phone_number_id"] = "999"
    door.put(value)
    assert door.drain().quarantined == 1
    assert door.one(Quarantine).reason == "no such number here"
    assert door.rows(Message) == []


def test_an_app_cannot_speak_for_another_apps_number(door: Door) -> None:
    with door.store.write() as db:
        db.get_one(Number, door.number_id).app_id = "app-a"
    door.says("oi")
    with door.store.write() as db:
        db.exec(select(Journal)).one().app = "app-b"
    assert door.drain().quarantined == 1
    assert door.one(Quarantine).org_id == door.org
    assert door.rows(Message) == []


def test_one_poisoned_update_does_not_sink_its_batch(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.says("bom", who="5511900000001")
    bad = door.says("x" * 10, who="5511900000002")
    door.says("bom também", who="5511900000003")
    with door.store.write() as db:  # a row of another contact's holds the name that the second one needs
        db.execute(sa.text("UPDATE journal SET body = :body WHERE id = 2"), {"body": _without_type(bad, door)})
    applied = door.drain()
    assert applied.messages + applied.quarantined == 3
    assert [message.text for message in door.rows(Message) if message.text.startswith("bom")] == ["bom", "bom também"]


def _without_type(wamid: str, door: Door) -> bytes:
    value = door.value(messages=[{"from": 17, "id": wamid, "timestamp": [], "type": {}, "text": 5}])
    change = {"field": "messages", "value": value}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


def test_a_body_that_is_not_json_is_quarantined_and_the_next_one_handled(door: Door) -> None:
    door.put_raw(b"\xff\xfe not json")
    door.says("oi")
    applied = door.drain()
    assert (applied.quarantined, applied.messages) == (1, 1)


def test_a_group_message_is_never_taken_for_a_private_one(door: Door) -> None:
    door.says("oi grupo", group_id="g1")
    door.drain()
    assert door.rows(Message) == []


def test_an_edit_changes_the_text_and_a_revoke_marks_the_message(door: Door) -> None:
    original = door.says("errado")
    change = {"original_message_id": original, "message": {"type": "text", "text": {"body": "certo"}}}
    door.says("", type="edit", edit=change)
    door.says("", type="revoke", revoke={"original_message_id": original})
    door.drain()
    first = door.rows(Message)[0]
    assert (first.text, first.body["text"]["body"]) == ("certo", "errado")
    assert first.edited_at
    assert first.revoked_at


def test_a_native_stop_is_a_consent_line_and_a_resume_another(door: Door) -> None:
    for value in ("stop", "resume"):
        preference = {"wa_id": ANA, "category": "marketing_messages", "value": value, "timestamp": int(NOW.timestamp())}
        door.put(door.value(user_preferences=[preference], contacts=[]), field="user_preferences")
    door.drain()
    assert [line.granted for line in door.rows(Consent)] == [False, True]
    assert door.one(Contact).marketing_stopped_at is None


def test_an_acknowledgement_is_queued_once_a_conversation(door: Door) -> None:
    with door.store.write() as db:
        db.exec(select(Organisation)).one().acknowledgement = "Recebemos sua mensagem."
    door.says("um")
    door.says("dois")
    door.drain()
    door.says("três")
    door.drain()
    [answer] = [message for message in door.rows(Message) if message.direction == "out"]
    assert (answer.text, answer.origin, answer.status) == ("Recebemos sua mensagem.", "bot", "queued")


def test_what_is_a_week_old_is_history_and_gets_no_answer(door: Door) -> None:
    with door.store.write() as db:
        db.exec(select(Organisation)).one().acknowledgement = "Recebemos sua mensagem."
    door.says("há muito tempo", ago=8 * 86400)
    door.drain()
    assert door.one(Message).direction == "in"


def test_standby_is_stored_shown_and_not_answered(door: Door) -> None:
    with door.store.write() as db:
        db.exec(select(Organisation)).one().acknowledgement = "Recebemos sua mensagem."
    message = {"from": ANA, "id": "wamid.s", "timestamp": str(int(NOW.timestamp())), "type": "text"}
    door.put(door.value(messages=[{**message, "text": {"body": "oi, robô da Meta"}}]), field="standby")
    door.drain()
    assert door.one(Message).text == "oi, robô da Meta"
    assert door.one(Conversation).standby is True


def test_throughput_upgrade_and_ban_reach_the_number(door: Door) -> None:
    display = door.number.display.lstrip("+")
    door.put({"display_phone_number": display, "event": "THROUGHPUT_UPGRADE"}, field="phone_number_quality_update")
    door.put({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, field="account_update")
    door.drain()
    number = door.one(Number)
    assert number.rate_per_second == 1000
    assert number.stopped_at == NOW


def test_replaying_a_quarantined_row_applies_it_and_settles_the_quarantine(door: Door) -> None:
    with door.store.write() as db:
        db.get_one(Number, door.number_id).phone_number_id = "soon"
    door.says("espere por mim")
    door.drain()
    with door.store.write() as db:
        db.get_one(Number, door.number_id).phone_number_id = door.number.phone_number_id
    with door.store.write() as db:
        assert inbound.replay(db, 1, NOW + timedelta(minutes=1)).messages == 1
    assert door.one(Quarantine).settled_at
    assert door.one(Message).text == "espere por mim"


def test_a_person_who_answers_clears_the_waiting(door: Door) -> None:
    from pytake_cli.whatsapp import messages as wire

    door.says("oi")
    door.drain()
    with door.store.write() as db:
        number, contact = db.exec(select(Number)).one(), db.exec(select(Contact)).one()
        assert contact.id
        outbound.queue(db, number=number, contact_id=contact.id, outgoing=wire.text("olá"), origin="agent", now=NOW)
    conversation = door.one(Conversation)
    assert (conversation.status, conversation.unread_count, conversation.waiting_since) == (OPEN, 0, None)


def test_an_app_cannot_stop_another_apps_number(door: Door) -> None:
    with door.store.write() as db:
        db.get_one(Number, door.number_id).app_id = "app-a"
    ban = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
    door.put(ban, field="account_update", app="app-b")
    door.drain()
    assert door.one(Number).stopped_at is None
    door.put(ban, field="account_update", app="app-a")
    door.drain()
    assert door.one(Number).stopped_at == NOW
