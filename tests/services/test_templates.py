"""Templates: found, filled in, pulled from Meta, changed by webhooks; never another organisation's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlmodel import select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.services import template_sync, templates
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from pytake_cli.store.jobs import Job
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.templates import Template
from pytake_cli.whatsapp import template_views
from pytake_cli.whatsapp import templates as at_meta
from tests.kit import templates as kit
from tests.kit.stores import NOW, make_number, make_org
from tests.services.test_inbound import Door

ORDER = {"id": "77", "name": "pedido", "language": "pt_BR", "status": "APPROVED", "category": "UTILITY"} | {
    "components": [kit.body("Olá {{1}}, o pedido {{2}} saiu hoje.", "Ana", "12")],
    "parameter_format": "POSITIONAL",
    "quality_score": {"score": "GREEN"},
}
AT_META = at_meta.read(ORDER)


def at(store: Store, number: int) -> Number:
    with store.read() as db:
        return db.get_one(Number, number)


def pull(store: Store, number: Number, *found: at_meta.Template, **more: Any) -> template_sync.Pulled:
    with store.write(number.org_id) as db:
        return template_sync.take_in(db, number.org_id, number.waba_id, found, NOW, **more)


def events(store: Store, kind: str) -> list[dict[str, Any]]:
    with store.read() as db:
        return [event.payload for event in db.exec(select(Event).where(Event.kind == kind).order_by(Event.id))]  # type: ignore[arg-type]


def test_a_pull_adds_changes_and_marks_as_gone(store: Store) -> None:
    number = at(store, make_number(store, make_org(store)))
    other = at_meta.read({**ORDER, "id": "78", "language": "en"})
    pulled = pull(store, number, AT_META, other)
    assert ([row.language for row in pulled.added], pulled.same) == (["pt_BR", "en"], 0)
    assert pull(store, number, AT_META, other).same == 2
    pulled = pull(store, number, replace(AT_META, status="PAUSED", quality="RED"))
    assert ([row.status for row in pulled.changed], [row.language for row in pulled.gone]) == (["PAUSED"], ["en"])
    assert [event["changed"] for event in events(store, "template:updated")] == [
        ["added"],
        ["added"],
        ["status", "quality"],
        ["gone"],
    ]
    slugs = [event["slug"] for event in events(store, "incident")]
    assert slugs == ["PT-TEMPLATE-STOPPED", "PT-TEMPLATE-QUALITY", "PT-TEMPLATE-STOPPED"]
    with store.read(number.org_id) as db:
        (row,) = templates.listed(db, number.org_id)
        assert templates.usable(row) == "paused"
        with pytest.raises(Conflict):
            templates.refuse_unusable(row)


def test_one_that_is_back_at_meta_is_no_longer_gone(store: Store) -> None:
    number = at(store, make_number(store, make_org(store)))
    pull(store, number, AT_META)
    assert len(pull(store, number).gone) == 1
    assert len(pull(store, number, replace(AT_META, id="99")).changed) == 1
    with store.read(number.org_id) as db:
        assert templates.find(db, number.org_id, number.waba_id, "pedido").meta_id == "99"


def test_a_pull_of_one_name_says_nothing_of_the_others(store: Store) -> None:
    number = at(store, make_number(store, make_org(store)))
    pull(store, number, AT_META)
    assert pull(store, number, complete=False).gone == []


def test_what_was_submitted_while_meta_was_asked_is_not_gone(store: Store) -> None:
    id_ = make_number(store, make_org(store))
    kit.put(store, id_, "novo", kit.body("Oi."), pulled_at=NOW + timedelta(seconds=1))
    assert pull(store, at(store, id_)).gone == []


def test_a_template_is_found_by_name_and_language(store: Store) -> None:
    id_ = make_number(store, make_org(store))
    number = at(store, id_)
    for language in ("en_US", "pt_BR"):
        kit.put(store, id_, "aviso", kit.body("Oi."), language=language)
    kit.put(store, id_, "hello", kit.body("Hi."), language="en_US")
    with store.read(number.org_id) as db:

        def language_of(name: str, language: str | None = None) -> str:
            return templates.find(db, number.org_id, number.waba_id, name, language).language

        assert (language_of("aviso"), language_of("aviso", "en-us"), language_of("hello")) == (
            "pt_BR",
            "en_US",
            "en_US",
        )
        with pytest.raises(NotFound) as caught:
            language_of("avizo")
        assert (caught.value.slug, caught.value.values["meant"]) == ("PT-TEMPLATE", "aviso")
        with pytest.raises(NotFound) as caught:
            language_of("aviso", "de")
        assert (caught.value.slug, caught.value.values["languages"]) == ("PT-TEMPLATE-LANGUAGE", "en_US, pt_BR")


def test_the_english_of_an_organisation_is_whichever_there_is(store: Store) -> None:
    number = at(store, id_ := make_number(store, make_org(store)))
    for language in ("en_US", "pt_BR"):
        kit.put(store, id_, "aviso", kit.body("Oi."), language=language)
    with store.write() as db:
        db.get_one(Organisation, number.org_id).lang = "en"
    with store.read(number.org_id) as db:
        assert templates.find(db, number.org_id, number.waba_id, "aviso").language == "en_US"
    kit.put(store, id_, "aviso", kit.body("Oi."), language="en_GB")
    with store.read(number.org_id) as db, pytest.raises(NotFound):
        templates.find(db, number.org_id, number.waba_id, "aviso")


def test_a_template_of_another_organisation_is_not_there(store: Store) -> None:
    one, other = make_number(store, make_org(store, "a")), make_number(store, make_org(store, "b"), waba="55")
    kit.put(store, other, "segredo", kit.body("Só nosso."))
    number = at(store, one)
    with store.read(number.org_id) as db, pytest.raises(NotFound):
        templates.find(db, number.org_id, "55", "segredo")


class Ear(Door):
    """Meta's webhooks about templates, applied as they come."""

    def hear(self, field: str, value: dict[str, Any], *, at: int = 0) -> None:
        change = {"field": field, "value": value}
        entry = {"id": self.number.waba_id, "changes": [change]} | ({"time": at} if at else {})
        self.put_raw(orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]}))
        assert self.drain().quarantined == 0


def door(store: Store) -> tuple[Ear, Number]:
    opened = Ear(store)
    pull(store, opened.number, AT_META)
    return opened, opened.number


def the_row(store: Store) -> Template:
    with store.read() as db:
        return db.exec(select(Template)).one()


def told(**value: Any) -> dict[str, Any]:
    reference = {"message_template_id": 77, "message_template_name": "pedido", "message_template_language": "pt-BR"}
    return reference | value


def test_a_pause_its_end_and_a_rejection_reach_the_row(store: Store) -> None:
    it, _number = door(store)
    it.hear("message_template_status_update", told(event="PAUSED", other_info={"title": "FIRST_PAUSE"}))
    assert (the_row(store).status, the_row(store).pause_title) == ("PAUSED", "FIRST_PAUSE")
    it.hear("message_template_status_update", told(event="REINSTATED", other_info={"title": "UNPAUSE"}))
    assert (the_row(store).status, the_row(store).pause_title) == ("APPROVED", "")
    rejected = told(event="REJECTED", reason="INVALID_FORMAT", rejection_info={"recommendation": "fix it"})
    it.hear("message_template_status_update", rejected)
    assert the_row(store).rejected_reason == "INVALID_FORMAT · fix it"
    assert [event["slug"] for event in events(store, "incident")] == ["PT-TEMPLATE-STOPPED"] * 2


def test_a_template_is_matched_by_name_where_meta_gives_another_id(store: Store) -> None:
    it, _number = door(store)
    it.hear("message_template_quality_update", {**told(new_quality_score="YELLOW"), "message_template_id": 1})
    assert the_row(store).quality == "YELLOW"


def test_a_change_of_category_is_announced_and_then_done(store: Store) -> None:
    it, _number = door(store)
    when = NOW + timedelta(hours=24)
    ahead = told(new_category="UTILITY", correct_category="MARKETING", category_update_timestamp=int(when.timestamp()))
    it.hear("template_category_update", ahead)
    row = the_row(store)
    assert (row.category, row.coming_category, row.coming_at) == ("UTILITY", "MARKETING", when)
    it.hear("template_category_update", told(previous_category="UTILITY", new_category="MARKETING"))
    row = the_row(store)
    assert (row.category, row.coming_category, row.coming_at) == ("MARKETING", "", None)
    texts = [event["text"] for event in events(store, "incident")]
    assert f"{when:%Y-%m-%d %H:%M}" in texts[0]
    assert "from UTILITY to MARKETING" in texts[1]


def test_a_deleted_template_is_gone(store: Store) -> None:
    it, _number = door(store)
    it.hear("message_template_status_update", told(event="PENDING_DELETION"))
    assert templates.usable(the_row(store)) == "pending_deletion"
    it.hear("message_template_status_update", told(event="DELETED"))
    assert templates.usable(the_row(store)) == "gone"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_template_components_update", told(message_template_element="Outro texto.")),
        (
            "message_template_status_update",
            told(event="APPROVED") | {"message_template_id": 5} | {"message_template_name": "novo"},
        ),
    ],
)
def test_what_is_told_only_in_part_is_asked_for(store: Store, field: str, value: dict[str, Any]) -> None:
    it, number = door(store)
    it.hear(field, value)
    with store.read() as db:
        job = db.exec(select(Job)).one()
    assert (job.kind, job.payload["name"]) == ("template.pull", value["message_template_name"])
    assert job.payload["phone_number_id"] == number.phone_number_id


def test_an_event_that_was_overtaken_changes_nothing(store: Store) -> None:
    it, _number = door(store)
    for second, event in ((20, "APPROVED"), (10, "PAUSED"), (30, "DISABLED")):
        it.hear("message_template_status_update", told(event=event), at=1_750_000_000 + second)
        assert the_row(store).status == ("DISABLED" if second == 30 else "APPROVED")
    assert the_row(store).told_at == datetime.fromtimestamp(1_750_000_030, UTC)


KARINA = {"1": "Karina", "2": "12"}


def test_message_and_preview_come_from_one_renderer() -> None:
    row = kit.row("pedido", *AT_META.components)
    assert templates.render(row, KARINA).body == "Olá Karina, o pedido 12 saiu hoje."
    assert templates.message(row, KARINA).body["template"] == {
        "name": "pedido",
        "language": {"code": "pt_BR"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": text} for text in KARINA.values()]}],
    }
    assert templates.samples(row) == {"1": "Ana", "2": "12"}
    assert templates.in_order(row, ["Karina", "12"]) == KARINA


@pytest.mark.parametrize(
    ("values", "code", "said"),
    [
        ({"1": "Karina"}, 132000, "2 is missing"),
        ({"1": "", "2": "12"}, 132000, "1 is empty: give it a default"),
        ({**KARINA, "nome": "x"}, 132000, "there is no value nome"),
        ({"1": "a\nb", "2": "12"}, 132018, "line break"),
        ({"1": "a     b", "2": "12"}, 132018, "4 spaces"),
        ({"1": "a" * 1024, "2": "12"}, 132005, "the body has"),
        ({"1": "a\x00", "2": "12"}, 132012, "no message can carry"),
    ],
)
def test_what_meta_would_refuse_is_found_before_sending(values: dict[str, str], code: int, said: str) -> None:
    with pytest.raises(InvalidData) as caught:
        templates.message(kit.row("pedido", *AT_META.components), values)
    assert (caught.value.slug, caught.value.values["code"]) == ("PT-TEMPLATE-VALUES", code)
    assert said in caught.value.values["misfits"]


def test_an_offer_stands_above_the_words_and_the_address_of_a_code_is_not_shown() -> None:
    parts: list[dict[str, Any]] = [
        {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Só hoje!", "has_expiration": True}},
        {"type": "BODY", "text": "Olá {{1}}, aproveite."},
        {
            "type": "BUTTONS",
            "buttons": [{"type": "OTP", "text": "Copiar", "url": "https://www.whatsapp.com/otp/code/"}],
        },
    ]
    seen = template_views.render(parts, ["Ana"])
    assert (seen.body, seen.buttons) == ("Só hoje!\n\nOlá Ana, aproveite.", ("Copiar",))
