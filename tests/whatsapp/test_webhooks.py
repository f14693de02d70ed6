"""What a webhook means: people found by id, times in any unit, identities that change, events that are not messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pytake_cli.whatsapp.webhooks import (
    ACCOUNT_FIELDS,
    EPOCH,
    AccountEvent,
    Echo,
    IdentityChange,
    Incoming,
    Person,
    Preference,
    Status,
    Unknown,
    Update,
    WireError,
    history,
    parse,
    target_of,
)
from tests.whatsapp.envelopes import NUMBER, WABA, envelope, message, value

BSUID = "US.13491208655302741918"


def incoming(**members: Any) -> Incoming:
    [update] = parse(envelope(value(messages=[message(**members)])))
    assert isinstance(update, Incoming)
    return update


def status(**members: Any) -> Status:
    raw = {"id": "wamid.1", "status": "delivered", "timestamp": "1750030073", "recipient_id": "16505551234", **members}
    [update] = parse(envelope(value(statuses=[raw])))
    assert isinstance(update, Status)
    return update


def event(field: str, content: dict[str, Any]) -> AccountEvent:
    [update] = parse(envelope(content, field, time=1751247548))
    assert isinstance(update, AccountEvent)
    return update


def test_every_message_of_every_change_of_every_entry_is_read() -> None:
    one = value(messages=[message(id="wamid.1"), message(id="wamid.2")])
    two = value(statuses=[{"id": "wamid.3", "status": "sent", "timestamp": "1"}], messages=[message(id="wamid.4")])
    changes = [{"field": "messages", "value": one}, {"field": "messages", "value": two}]
    updates = parse(envelope({}, changes=changes))
    assert [update.wamid for update in updates if isinstance(update, Incoming | Status)] == [
        "wamid.1",
        "wamid.2",
        "wamid.3",
        "wamid.4",
    ]


def test_contacts_are_matched_by_id_and_never_by_position() -> None:
    people = [
        {"profile": {"name": "Bia"}, "wa_id": "2", "user_id": "US.2"},
        {"profile": {"name": "Ana"}, "wa_id": "1", "user_id": "US.1"},
    ]
    messages = [message(**{"id": "a", "from": "1"}), message(**{"id": "b", "from": "2"})]
    first, second = parse(envelope(value(messages=messages, contacts=people)))
    assert isinstance(first, Incoming)
    assert isinstance(second, Incoming)
    assert (first.sender.name, first.sender.user_id) == ("Ana", "US.1")
    assert (second.sender.name, second.sender.user_id) == ("Bia", "US.2")


def test_a_stranger_among_the_contacts_lends_nobody_his_name() -> None:
    people = [{"profile": {"name": "Bia"}, "wa_id": "2"}]
    [update] = parse(envelope(value(messages=[message(**{"from": "1"})], contacts=people)))
    assert isinstance(update, Incoming)
    assert update.sender == Person("1")


def test_a_person_without_a_phone_is_known_by_user_id() -> None:
    people = [{"profile": {"name": "Ana", "username": "@ana"}, "user_id": BSUID, "parent_user_id": "US.ENT.1"}]
    raw = message(from_user_id=BSUID)
    del raw["from"]
    [update] = parse(envelope(value(messages=[raw], contacts=people)))
    assert isinstance(update, Incoming)
    assert update.sender == Person(None, BSUID, "US.ENT.1", "Ana", "ana")


def test_a_message_without_any_sender_belongs_to_the_only_contact() -> None:
    raw = message()
    del raw["from"]
    [update] = parse(envelope(value(messages=[raw], contacts=[{"profile": {"name": "Ana"}, "user_id": BSUID}])))
    assert isinstance(update, Incoming)
    assert update.sender.user_id == BSUID


def test_a_bsuid_in_the_place_of_the_phone_is_never_taken_for_a_phone() -> None:
    assert incoming(**{"from": BSUID}).sender == Person(None, BSUID)


@pytest.mark.parametrize("stamp", ["1749416383", 1749416383, "1749416383000", 1749416383000, 1749416383.0])
def test_a_time_is_read_as_text_or_number_in_seconds_or_milliseconds(stamp: Any) -> None:
    assert incoming(timestamp=stamp).at == datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC)


@pytest.mark.parametrize(
    "stamp",
    [None, "", "TIMESTAMP", -1, 2**63 - 1, "491234567890", 253402300800, "9" * 19, 1e300, float("1e18"), True, [], {}],
)
def test_a_time_that_cannot_be_read_is_the_epoch(stamp: Any) -> None:
    assert incoming(timestamp=stamp).at == EPOCH


def test_a_missing_time_is_taken_from_the_entry() -> None:
    raw = message()
    del raw["timestamp"]
    [update] = parse(envelope(value(messages=[raw]), time=1749416383))
    assert isinstance(update, Incoming)
    assert update.at.timestamp() == 1749416383


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("text", {"body": "oi"}, "oi"),
        ("image", {"id": "1", "caption": "foto"}, "foto"),
        ("document", {"id": "1", "filename": "a.pdf"}, ""),
        ("button", {"payload": "P", "text": "Sim"}, "Sim"),
        ("interactive", {"type": "button_reply", "button_reply": {"id": "y", "title": "Sim"}}, "Sim"),
        ("interactive", {"type": "list_reply", "list_reply": {"id": "y", "title": "Item"}}, "Item"),
        ("interactive", {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent"}}, "Sent"),
        ("interactive", {"type": "button_reply"}, ""),
        ("interactive", {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}, ""),
        ("reaction", {"message_id": "wamid.0", "emoji": "\U0001f44d"}, "\U0001f44d"),
        ("reaction", {"message_id": "wamid.0"}, ""),
        ("location", {"latitude": 1, "longitude": 2, "name": "Loja"}, "Loja"),
        ("order", {"catalog_id": "1", "text": "já", "product_items": []}, "já"),
        ("system", {"type": "customer_identity_changed", "body": "mudou"}, "mudou"),
        ("edit", {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "novo"}}}, "novo"),
        ("revoke", {"original_message_id": "wamid.0"}, ""),
        ("request_welcome", {}, ""),
        ("ephemeral", {}, ""),
        ("poll_of_the_future", {"question": "?"}, ""),
    ],
)  # fmt: skip
def test_each_kind_of_message_gives_its_words(kind: str, content: dict[str, Any], text: str) -> None:
    update = incoming(kind=kind, **{kind: content})
    assert (update.kind, update.text) == (kind, text)
    assert update.content["id"] == "wamid.1"


@pytest.mark.parametrize("kind", ["reaction", "edit", "revoke"])
def test_the_message_that_a_reaction_an_edit_or_a_revoke_is_about_is_told(kind: str) -> None:
    content = {"message_id": "wamid.0", "original_message_id": "wamid.0"}
    assert target_of(incoming(kind=kind, **{kind: content}).content) == "wamid.0"


def test_a_quoted_message_a_group_and_standby_are_kept() -> None:
    update = incoming(context={"from": "1", "id": "wamid.0"}, group_id="g@g.us")
    assert (update.context_wamid, update.group_id, update.standby) == ("wamid.0", "g@g.us", False)
    assert incoming(context={"forwarded": True}).context_wamid is None
    raw = value(messages=[message()], statuses=[{"id": "wamid.9", "status": "sent"}], message_echoes=[message(to="1")])
    updates = parse(envelope(raw, "standby"))
    assert [type(update) for update in updates] == [Status, Incoming, Echo]
    assert all(update.standby for update in updates if isinstance(update, Status | Incoming | Echo))


def test_a_message_from_the_app_is_an_echo_to_the_person() -> None:
    raw = message(**{"from": "15550783881", "to": "16505551234", "to_user_id": BSUID})
    [update] = parse(envelope(value(message_echoes=[raw]), "smb_message_echoes"))
    assert isinstance(update, Echo)
    assert (update.recipient.wa_id, update.recipient.user_id, update.text) == ("16505551234", BSUID, "oi")


def test_a_changed_number_tells_old_and_new() -> None:
    system = {"type": "user_changed_number", "wa_id": "2", "user_id": "US.2", "previous_user_id": "US.1", "body": "…"}
    update = incoming(**{"kind": "system", "from": "1", "system": system})
    assert update.change == IdentityChange(Person("2", "US.2"), Person("1", "US.1"))
    assert update.sender == Person("1", "US.1")


@pytest.mark.parametrize("spelling", ["new_wa_id", "wa_id"])
def test_old_spellings_of_a_changed_number_are_read(spelling: str) -> None:
    system = {"type": "customer_changed_number", spelling: "2", "customer": "1", "body": "User A changed from 1 to 2"}
    raw = message("system", system=system)
    del raw["from"]
    [update] = parse(envelope(value(messages=[raw])))
    assert isinstance(update, Incoming)
    assert update.change == IdentityChange(Person("2"), Person("1"))


def test_an_old_bsuid_that_stands_only_in_the_sentence_is_found() -> None:
    system = {"type": "user_changed_user_id", "user_id": "US.2", "body": "User Ana changed from US.1 to US.2"}
    raw = message("system", system=system)
    del raw["from"]
    [update] = parse(envelope(value(messages=[raw])))
    assert isinstance(update, Incoming)
    assert update.change == IdentityChange(Person(None, "US.2"), Person(None, "US.1"))


def test_a_name_cannot_fake_a_change_of_identity() -> None:
    body = "User Bob changed from US.666 to US.2 changed from US.1 to US.2"
    system = {"type": "user_changed_user_id", "user_id": "US.2", "body": body}
    update = incoming(kind="system", system=system)
    assert update.change is not None
    assert update.change.previous.user_id == "US.1"
    other = {"type": "user_changed_user_id", "user_id": "US.2", "body": "User changed from US.666 to US.667"}
    assert incoming(kind="system", system=other).change == IdentityChange(Person(None, "US.2"), Person("16505551234"))


def test_the_withdrawn_field_of_user_id_updates_becomes_a_system_message_with_a_lasting_id() -> None:
    raw = {
        "wa_id": "1",
        "user_id": {"previous": "US.1", "current": "US.2"},
        "parent_user_id": {"previous": "US.ENT.1", "current": "US.ENT.2"},
        "timestamp": "1749416383",
    }
    body = envelope(value(user_id_update=[raw]), "user_id_update")
    [update] = parse(body)
    assert isinstance(update, Incoming)
    assert update.kind == "system"
    assert update.change == IdentityChange(Person("1", "US.2", "US.ENT.2"), Person("1", "US.1", "US.ENT.1"))
    assert parse(body) == [update]


def test_a_status_keeps_opaque_price_and_errors() -> None:
    error = {"code": 131049, "title": "t", "message": "m", "error_data": {"details": "d"}, "href": "h"}
    update = status(
        status="failed",
        biz_opaque_callback_data="m:1",
        pricing={"type": "regular"},
        errors=[error],
        conversation={"id": "c"},
    )
    assert update.errors == (WireError(131049, "t", "d"),)
    assert (update.opaque, update.pricing, update.conversation) == ("m:1", {"type": "regular"}, {"id": "c"})
    assert (update.waba_id, update.phone_number_id, update.participant) == (WABA, NUMBER, "")
    assert update.recipient == Person("16505551234")


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        ({"code": 131051, "title": "t", "details": "old"}, WireError(131051, "t", "old")),
        ({"code": "131051", "message": "m"}, WireError(131051, "m", "m")),
        ({"error_data": "blame"}, WireError(0, "", "blame")),
        ({}, WireError(0, "", "")),
    ],
)
def test_errors_of_every_age_are_read(error: dict[str, Any], wanted: WireError) -> None:
    assert status(errors=[error]).errors == (wanted,)


def test_a_status_of_a_hidden_phone_has_its_bsuid_and_none_has_none() -> None:
    update = status(recipient_id=BSUID, parent_recipient_user_id="US.ENT.1")
    assert update.recipient == Person(None, BSUID, "US.ENT.1")
    assert status(recipient_id=None).recipient is None


def test_a_group_status_names_the_participant() -> None:
    update = status(
        recipient_type="group",
        recipient_id="g@g.us",
        recipient_participant_id="1",
        recipient_participant_user_id="US.1",
    )
    assert update.participant == "1"
    assert update.recipient == Person("1", "US.1")


def test_a_status_that_nobody_knows_is_still_a_status() -> None:
    assert status(status="teleported").status == "teleported"


def test_a_native_stop_of_marketing_is_a_preference() -> None:
    raw = {"user_id": BSUID, "category": "marketing_messages", "value": "stop", "timestamp": 1731705721}
    [update] = parse(
        envelope(value(user_preferences=[raw], contacts=[{"user_id": BSUID, "wa_id": "1"}]), "user_preferences")
    )
    assert isinstance(update, Preference)
    assert (update.person.wa_id, update.person.user_id, update.value) == ("1", BSUID, "stop")
    assert update.at.year == 2024


@pytest.mark.parametrize("field", sorted(ACCOUNT_FIELDS))
def test_every_field_of_the_account_is_an_event(field: str) -> None:
    update = event(field, value(event="X"))
    assert (update.field, update.phone_number_id, update.value["event"]) == (field, NUMBER, "X")
    assert update.at is not None


def test_template_languages_are_underscored() -> None:
    content = {"message_template_id": 1689556908129835, "message_template_language": "en-US", "event": "APPROVED"}
    assert event("message_template_status_update", content).value["message_template_language"] == "en_US"


def test_errors_out_of_band_are_an_event_and_not_a_message() -> None:
    [update] = parse(envelope(value(errors=[{"code": 130429, "title": "Rate limit hit"}])))
    assert isinstance(update, AccountEvent)
    assert (update.field, update.value["errors"][0]["code"]) == ("errors", 130429)


def test_the_statuses_of_calls_are_no_statuses_of_messages() -> None:
    assert event("calls", value(statuses=[{"id": "wacid.1", "type": "call", "status": "RINGING"}])).field == "calls"


def test_history_is_an_event_whose_old_messages_are_read_only_on_demand() -> None:
    old = {"id": "wamid.1", "from": "16505551234", "timestamp": "1", "type": "text", "text": {"body": "oi"}}
    own = {**old, "id": "wamid.2", "from": "15550783881"}
    thread = {"id": "16505551234", "messages": [old, own]}
    found = history(event("history", value(history=[{"metadata": {"phase": 0}, "threads": [thread]}])))
    assert [(type(one), one.wamid) for one in found if isinstance(one, Incoming | Echo)] == [
        (Incoming, "wamid.1"),
        (Echo, "wamid.2"),
    ]
    assert isinstance(found[1], Echo)
    assert found[1].recipient.wa_id == "16505551234"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b'{"object":"page","entry":[]}', b"NaN",
        b'{"object":"whatsapp_business_account"}', b'{"object":"whatsapp_business_account","entry":[]}',
        b'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[]}]}',
        b'{"object":"whatsapp_business_account","entry":[7]}',
        b'{"object":"whatsapp_business_account","entry":{"changes":7}}',
        envelope(None), envelope([]), envelope({}), envelope(value()), envelope({"a": 1}, "field_of_the_future"),
        envelope(value(messages=[7])), envelope(value(messages=[{}])), envelope(value(statuses=[{}])),
        envelope(value(statuses=["x"])), envelope(value(message_echoes=[None]), "smb_message_echoes"),
        envelope(value(user_preferences=[{}]), "user_preferences"),
        envelope(value(user_id_update=[{}]), "user_id_update"), envelope(value(user_id_update=[1]), "user_id_update"),
        b"[" * 100_000, b'{"a":' * 5000,
        envelope(value(messages=[message(text="DEEP")])).replace(b'"DEEP"', b"[" * 500 + b"]" * 500),
    ],
)  # fmt: skip
def test_what_cannot_be_placed_is_kept_whole_as_unknown(body: bytes) -> None:
    updates: list[Update] = parse(body)
    assert updates
    assert all(isinstance(update, Unknown) and update.reason for update in updates)


def test_one_bad_status_does_not_sink_the_nine_good_messages_beside_it() -> None:
    messages = [message(id=f"wamid.{number}") for number in range(9)]
    updates = parse(envelope(value(statuses=[{"status": 7}], messages=messages)))
    assert [type(update) for update in updates] == [Unknown, *[Incoming] * 9]


def test_an_unknown_field_keeps_the_account_it_came_from() -> None:
    [update] = parse(envelope({"a": 1}, "field_of_the_future", time=5))
    assert isinstance(update, Unknown)
    assert update.raw == {"id": WABA, "time": 5, "changes": [{"field": "field_of_the_future", "value": {"a": 1}}]}


def test_a_nul_character_reaches_nobody() -> None:
    update = incoming(text={"body": "a\0b", "\0key": ["\0"]}, id="wamid.\0")
    assert "\0" not in str(update)
    assert update.text == "a\ufffdb"


def test_a_lone_surrogate_is_refused_by_the_decoder_and_kept_as_bytes() -> None:
    body = envelope(value(messages=[message(text={"body": "X"})])).replace(b'"X"', b'"\\ud800"')
    [update] = parse(body)
    assert isinstance(update, Unknown)
    assert update.raw == body
