"""pywa's webhook server, signature validation on, takes the emulator's webhooks and reads what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytake_cli.emulator import defaults
from tests.emulator.pywa_sends import REPLIES, TO
from tests.emulator.pywa_world import PywaServer, running, system
from tests.emulator.pywa_world import types as t

WA_ID = TO.lstrip("+")
LISTENED = (
    "on_message",
    "on_message_status",
    "on_callback_button",
    "on_callback_selection",
    "on_flow_completion",
    "on_edited_message",
    "on_deleted_message",
    "on_phone_number_change",
    "on_identity_change",
    "on_user_marketing_preferences",
    "on_account_update",
    "on_template_status_update",
    "on_template_quality_update",
    "on_template_category_update",
    "on_template_components_update",
    "on_outgoing_message",
    "on_call_permission_update",
    "on_call_connect",
)


class Stage:
    """An emulator in its process, pywa in front of it."""

    def __init__(self, server: PywaServer, control: Any) -> None:
        self.server, self.control = server, control

    def say(self, **words: Any) -> Any:
        """What pywa made of what the customer said."""
        self.control("say", contact=TO, **words)
        return self.server.next()

    def event(self, field: str, **value: Any) -> Any:
        self.control("event", field=field, contact=TO, value=value)
        return self.server.next()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with running(
        "sent_delay=5ms", "delivered_delay=5ms", "read_delay=5ms", "review_delay=5ms", "limit_pairs=false"
    ) as emulator:
        server = PywaServer(emulator)
        for name in LISTENED:
            getattr(server.wa, name)(lambda _, update: server.keep(update))
        # the way a business saves its callback: pywa asks, the emulator shakes hands, then saves
        fields = (
            "messages",
            "user_preferences",
            "account_update",
            "smb_message_echoes",
            "calls",
            "message_template_status_update",
        )
        more = ("message_template_quality_update", "template_category_update", "message_template_components_update")
        token = server.wa.get_app_access_token(int(defaults.APP_ID), defaults.APP_SECRET)
        answer = server.wa.set_app_callback_url(
            app_id=int(defaults.APP_ID),
            app_access_token=token,
            callback_url=server.url,
            verify_token=defaults.VERIFY_TOKEN,
            fields=fields + more,
        )
        assert answer.success
        yield Stage(server, emulator.control)
        server.stop()


def test_a_text_with_its_sender(stage: Stage) -> None:
    message = stage.say(text='oi / "é" 👋', name="Karina", username="karina")
    assert message.text == 'oi / "é" 👋'
    assert (message.from_user.wa_id, message.from_user.name) == (WA_ID, "Karina")
    assert message.from_user.bsuid.startswith("BR.")
    assert message.from_user.username == "@karina"
    assert message.metadata.phone_number_id == defaults.PHONE_NUMBER_ID


@pytest.mark.parametrize("kind", ["image", "video", "document", "sticker", "audio", "voice"])
def test_media_can_be_downloaded_from_the_webhooks_object(stage: Stage, kind: str) -> None:
    message = stage.say(kind=kind, text="legenda")
    name = "audio" if kind == "voice" else kind
    media = getattr(message, name)
    found = stage.server.wa.get_media_url(media.id)
    assert message.type == name
    assert len(stage.server.wa.get_media_bytes(found.url)) == found.file_size > 0
    if kind == "voice":
        assert media.voice
    if kind == "document":
        assert media.filename == "arquivo.pdf"


def test_a_location_a_card_and_an_order(stage: Stage) -> None:
    assert (
        stage.say(kind="location", location={"latitude": -1.5, "longitude": 2.5, "name": "Loja"}).location.latitude
        == -1.5
    )
    assert stage.say(kind="contacts", text="Barbara").contacts[0].name.formatted_name == "Barbara"
    order = stage.say(kind="order", text="por favor").order
    assert (order.products[0].sku, order.products[0].quantity) == ("abc123", 2)


def test_reactions_replies_and_forwards(stage: Stage) -> None:
    sent = stage.server.wa.send_message(TO, "olá")
    for _ in range(3):
        stage.server.next()
    reaction = stage.say(kind="reaction", text="👍", reply_to=sent.id).reaction
    assert (reaction.emoji, reaction.message_id) == ("👍", sent.id)
    assert not stage.say(kind="reaction", reply_to=sent.id).reaction.emoji
    assert stage.say(text="sim", reply_to=sent.id).reply_to_message.id == sent.id
    assert stage.say(text="x", forwarded=True).forwarded
    assert stage.say(text="x", forwarded="frequently").forwarded_many_times


def test_taps_on_what_was_sent(stage: Stage) -> None:
    wa = stage.server.wa
    wa.send_message(TO, "Sim ou não?", buttons=REPLIES)
    for _ in range(3):
        stage.server.next()
    tap = stage.say(kind="tap", choice="2")
    assert isinstance(tap, t.CallbackButton)
    assert (tap.data, tap.title) == ("no", "Não")
    rows = [t.SectionRow(title="Preços", callback_data="p", description="Tabela")]
    wa.send_message(
        TO, "Menu", buttons=t.SectionList(button_title="Abrir", sections=[t.Section(title="Loja", rows=rows)])
    )
    for _ in range(3):
        stage.server.next()
    chosen = stage.say(kind="tap", choice="Preços")
    assert isinstance(chosen, t.CallbackSelection)
    assert (chosen.data, chosen.description) == ("p", "Tabela")


def test_a_flow_answer_and_a_call_permission(stage: Stage) -> None:
    flow = stage.say(kind="flow_reply", response={"flow_token": "tok", "day": "2026-12-01"})
    assert isinstance(flow, t.FlowCompletion)
    assert (flow.token, flow.response["day"]) == ("tok", "2026-12-01")
    assert stage.say(kind="call_permission", text="accept").response == "accept"


def test_an_edit_a_revoke_and_something_unsupported(stage: Stage) -> None:
    wamid = stage.say(text="erro").id
    assert stage.say(kind="edit", text="certo", reply_to=wamid).original_message_id == wamid
    assert stage.say(kind="revoke", reply_to=wamid).original_message_id == wamid
    unsupported = stage.say(kind="unsupported", text="poll")
    assert unsupported.error.code == 131051
    assert unsupported.unsupported.type == "poll"


def test_an_advertisement_brought_the_customer(stage: Stage) -> None:
    message = stage.say(text="vi o anúncio", referral={"source_id": "77"})
    assert message.referral.source_id == "77"
    assert stage.say(text="é este?", product="1:a1").reply_to_message.referred_product.sku == "a1"


def test_statuses_with_pricing_tracker_and_errors(stage: Stage) -> None:
    stage.server.wa.send_message(TO, "olá", tracker="chave/1")
    # each comes in a request of its own, and those overtake one another on a busy machine
    order = ["sent", "delivered", "read"]
    seen = sorted((stage.server.next() for _ in range(3)), key=lambda status: order.index(status.status))
    assert [status.status for status in seen] == order
    assert {status.tracker for status in seen} == {"chave/1"}
    assert seen[0].pricing.category == "service"
    stage.control(
        "config", status_contacts="all", magic=True
    )  # pywa cannot read a failed status without contacts, as Meta sends it
    stage.control("say", contact="+5511900000026", text="oi")
    stage.server.next()
    stage.server.wa.send_message("+5511900000026", "olá")
    failed = stage.server.next()
    assert failed.status == "failed"
    assert failed.error.code == 131026


def test_preferences_account_and_templates(stage: Stage) -> None:
    stage.control("preference", contact=TO, value="stop")
    stopped = stage.server.next()
    assert (stopped.value, stopped.from_user.wa_id) == ("stop", WA_ID)
    stage.control("preference", contact=TO, value="resume")
    assert stage.server.next().value == "resume"
    stage.control("template", name="oferta_semana", action="pause")
    paused = stage.server.next()
    assert (paused.template_name, str(paused.new_status)) == ("oferta_semana", "PAUSED")
    stage.control("template", name="oferta_semana", action="unpause")
    assert str(stage.server.next().new_status) == "APPROVED"
    stage.control("template", name="oferta_semana", action="quality", to="YELLOW")
    assert str(stage.server.next().new_quality_score) == "YELLOW"
    stage.control("template", name="oferta_semana", action="category", to="UTILITY")
    assert str(stage.server.next().new_category) == "UTILITY"
    assert stage.event("volume_tier").volume_tier_info.region == "Brazil"
    stage.control("number", ban=True)
    assert str(stage.server.next().ban_info.state) == "DISABLE"
    stage.control("number", ban=False)
    assert str(stage.server.next().ban_info.state) == "REINSTATE"


def test_a_person_answered_in_the_app_and_a_call_came(stage: Stage) -> None:
    assert stage.event("smb_message_echoes").text == "Respondi pelo aplicativo."
    assert stage.event("calls").event == "connect"


def test_a_customer_changes_number_device_and_id(stage: Stage) -> None:
    stage.control("say", contact="+5511955550001", text="oi")
    stage.server.next()
    stage.control("say", contact="+5511955550001", kind="system", new_wa_id="5511955550002")
    changed = stage.server.next()
    assert (changed.old_wa_id, changed.new_wa_id) == ("5511955550001", "5511955550002")
    stage.control("say", contact="+5511955550002", kind="system", change="customer_identity_changed")
    assert stage.server.next().sys_type == system.SystemType.CUSTOMER_IDENTITY_CHANGED


def test_people_without_a_phone_number(stage: Stage) -> None:
    stage.control("customers", contact="+5511955550003", mode="bsuid", username="sem.numero")
    stage.control("say", contact="+5511955550003", text="oi")
    message = stage.server.next()
    assert message.from_user.wa_id is None
    assert message.from_user.bsuid.startswith("BR.")
    stage.server.wa.send_message(message.from_user.bsuid, "olá")
    status = stage.server.next()
    assert status.from_user.bsuid == message.from_user.bsuid
    assert status.from_user.wa_id is None
