"""Templates: every rule by name, what they look like filled in, and the calls that manage them."""

from __future__ import annotations

from typing import Any

import pytest

from pytake_cli.errors import InvalidData
from pytake_cli.whatsapp import template_messages as filled
from pytake_cli.whatsapp import templates
from pytake_cli.whatsapp.client import Graph
from tests.whatsapp.drafts import APP, CARD, CODE, GOOD, IMAGE, LINK, ORDER, OTP, REPLY, body, buttons, draft
from tests.whatsapp.server import Answer, Asked, Server, always, in_turn, run

HEADER = {"type": "HEADER", "format": "TEXT", "text": "Olá"}
BODY = body("Olá, tudo bem?")
OFFER = {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Só hoje!"}}

# rule -> drafts that break it and nothing else
BROKEN: dict[str, list[dict[str, Any]]] = {
    "body-length": [
        draft(body("a " * 513)),
        draft(body("a " * 301), OFFER, buttons(CODE, LINK)),
        draft(BODY, {"type": "CAROUSEL", "cards": [CARD, {"components": [IMAGE, body("a" * 161), buttons(REPLY)]}]}),
    ],
    "body-missing": [draft(HEADER), draft(), draft(body(" "))],
    "button-order": [draft(BODY, buttons(REPLY, LINK, REPLY)), draft(BODY, buttons(LINK, REPLY, CODE))],
    "buttons-too-many": [
        draft(BODY, buttons()),
        draft(BODY, buttons(*[REPLY] * 11)),
        draft(BODY, buttons(LINK, LINK, LINK)),
        draft(BODY, buttons(CODE, CODE)),
    ],
    "button-text": [
        draft(BODY, buttons({**REPLY, "text": "x" * 26})),
        draft(BODY, buttons({**REPLY, "text": " "})),
        draft(BODY, buttons({"type": "QUICK_REPLY"})),
    ],
    "button-type": [draft(BODY, buttons({"type": "TELEPORT", "text": "x"}))],
    "carousel": [
        draft(BODY, {"type": "CAROUSEL", "cards": [CARD]}),
        draft(BODY, {"type": "CAROUSEL", "cards": [CARD] * 11}),
        draft(BODY, {"type": "CAROUSEL", "cards": [CARD, {"components": [IMAGE]}]}),
        draft(BODY, {"type": "CAROUSEL", "cards": [{"components": [body("a b")]}] * 2}),
    ],
    "category": [draft(BODY, category="SPAM"), draft(BODY, category=None)],
    "code": [draft(BODY, buttons({**CODE, "example": "x" * 16})), draft(BODY, buttons({"type": "COPY_CODE"}))],
    "component-twice": [draft(BODY, BODY)],
    "component-type": [draft(BODY, {"type": "TAIL"})],
    "expiration": [
        draft(
            {"type": "BODY"}, {"type": "FOOTER", "code_expiration_minutes": 91}, buttons(OTP), category="AUTHENTICATION"
        )
    ],
    "example": [
        draft(body(ORDER)),
        draft(body(ORDER, "860198")),
        draft(BODY, {**HEADER, "text": "Olá {{1}}"}),
        draft(BODY, buttons({key: value for key, value in LINK.items() if key != "example"})),
    ],
    "flow": [draft(BODY, buttons({"type": "FLOW", "text": "x"}))],
    "footer": [draft(BODY, {"type": "FOOTER", "text": "x" * 61}), draft(BODY, {"type": "FOOTER", "text": "{{1}}"})],
    "header-format": [draft(BODY, {"type": "HEADER", "format": "SMELL"})],
    "header-sample": [draft(BODY, {"type": "HEADER", "format": "VIDEO"})],
    "header-text": [draft(BODY, {**HEADER, "text": text}) for text in ("", "x" * 61, "*oi*", "a\nb", "oi \U0001f600")],
    "header-variables": [
        draft(BODY, {**HEADER, "text": "Olá {{1}} e {{2}}", "example": {"header_text": ["Ana", "Bia"]}})
    ],
    "language": [draft(BODY, language="pt-BR"), draft(BODY, language="português")],
    "limited-time-offer": [
        draft(BODY, OFFER, buttons(CODE, LINK), {"type": "FOOTER", "text": "x"}),
        draft(BODY, OFFER, buttons(CODE, LINK), category="UTILITY"),
        draft(BODY, OFFER, buttons(LINK, CODE)),
        draft(BODY, {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "x" * 17}}, buttons(CODE, LINK)),
    ],
    "name": [draft(BODY, name="Promo"), draft(BODY, name=""), draft(BODY, name="x" * 513), draft(BODY, name="a-b")],
    "otp": [
        draft({"type": "BODY"}, buttons(REPLY), category="AUTHENTICATION"),
        draft({"type": "BODY"}, category="AUTHENTICATION"),
        draft({"type": "BODY"}, buttons({**OTP, "otp_type": "ONE_TAP"}), category="AUTHENTICATION"),
        draft({"type": "BODY"}, buttons({**OTP, "supported_apps": [APP] * 6}), category="AUTHENTICATION"),
        draft(
            {"type": "BODY"},
            buttons({**OTP, "otp_type": "ZERO_TAP", "supported_apps": [APP]}),
            category="AUTHENTICATION",
        ),
        draft({"type": "BODY"}, IMAGE, buttons(OTP), category="AUTHENTICATION"),
    ],
    "location-category": [],
    "parameter-format": [
        draft(BODY, parameter_format="MAYBE"),
        draft(body("Olá {{nome}}, tudo bem com você?", "Ana")),
    ],
    "phone": [draft(BODY, buttons({"type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "1" * 21}))],
    "spaces": [draft(body("a\tb")), draft(body("a     b")), draft(body("a\n\n\nb"))],
    "ttl": [
        draft(BODY, message_send_ttl_seconds=60),
        draft(BODY, category="UTILITY", message_send_ttl_seconds=43_201),
        draft(BODY, category="UTILITY", message_send_ttl_seconds=29),
    ],
    "url": [
        draft(BODY, buttons({**LINK, "url": "example.com"})),
        draft(BODY, buttons({**LINK, "url": "https://example.com/{{1}}/x"})),
        draft(BODY, buttons({**LINK, "url": "https://example.com/{{2}}"})),
        draft(BODY, buttons({**LINK, "url": "https://example.com/" + "x" * 2000})),
    ],
    "variable-adjacent": [draft(body("Seu pedido chegou bem {{1}} {{2}} nesta manhã", "a", "b"))],
    "variable-density": [draft(body("Oi {{1}}, {{2}} x", "a", "b"))],
    "variable-edge": [
        draft(body("{{1}} é o seu pedido de hoje", "1")),
        draft(body("O seu pedido de hoje é {{1}}", "1")),
    ],
    "variable-gap": [draft(body("Seu pedido {{1}} sai na {{3}} pela manhã.", "a", "b"))],
    "variable-mixed": [draft(body("Seu pedido {{1}} sai na {{day}} pela manhã.", "a", "b"))],
    "variable-name": [
        draft(body("Olá {{1, tudo bem?")),
        draft(
            {
                "type": "BODY",
                "text": "Olá {{Nome}}, tudo bem com você?",
                "example": {"body_text_named_params": [{"param_name": "Nome", "example": "Ana"}]},
            },
            parameter_format="NAMED",
        ),
    ],
}


def test_every_rule_has_a_draft_that_breaks_it() -> None:
    assert set(BROKEN) == set(templates.RULES)
    assert {rule for rule, drafts in BROKEN.items() if not drafts} == {"location-category"}


@pytest.mark.parametrize(
    ("rule", "broken"),
    [(rule, one) for rule, drafts in BROKEN.items() for one in drafts],
    ids=lambda one: str(one)[:20],
)
def test_a_broken_rule_is_named(rule: str, broken: dict[str, Any]) -> None:
    found = templates.check(broken)
    assert {one.rule for one in found} == {rule}, [str(one) for one in found]
    assert all(templates.RULES[one.rule] in str(one) for one in found)


def test_a_header_with_a_place_is_not_for_codes() -> None:
    place = {"type": "HEADER", "format": "LOCATION"}
    found = templates.check(draft({"type": "BODY"}, place, buttons(OTP), category="AUTHENTICATION"))
    assert {one.rule for one in found} == {"location-category", "otp"}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_good_template_breaks_no_rule(name: str) -> None:
    assert templates.check(GOOD[name]) == []


@pytest.mark.parametrize(
    "raw", [{}, {"components": 7}, {"components": [7, {}, {"type": 1}]}, {"name": [], "language": {}}]
)
def test_what_is_no_template_breaks_rules_and_nothing_else(raw: dict[str, Any]) -> None:
    assert templates.check(raw)


def test_a_broken_template_is_never_sent() -> None:
    async def work() -> list[Asked]:
        async with Server(always({"id": "1"})) as server, Graph("t", url=server.url) as graph:
            with pytest.raises(InvalidData) as caught:
                await templates.create(graph, "9", draft(name="Bad Name"))
            assert caught.value.slug == "PT-WA-TEMPLATE"
            assert caught.value.values["rules"] == ["name", "body-missing"]
            return server.asked

    assert run(work()) == []


def test_a_template_is_shown_with_its_values_in_one_pass() -> None:
    parts = GOOD["positional"]["components"]
    shown = templates.render(
        parts, [filled.header_text(["Ana"]), filled.body(["{{2}}", "segunda"]), filled.url_button(0, "9")]
    )
    assert shown.header == "Olá Ana"
    assert shown.body == "Seu pedido {{2}} sai na segunda pela manhã."
    assert shown.footer == "Loja"
    assert shown.buttons == ("Ver: https://example.com/9", "Parar")
    assert shown.text.splitlines()[0] == "Olá Ana"


def test_a_preview_needs_no_more_than_the_body_values() -> None:
    assert (
        templates.render(GOOD["positional"]["components"], ["1", "terça"]).body
        == "Seu pedido 1 sai na terça pela manhã."
    )
    named = GOOD["named"]["components"]
    assert templates.render(named, {"day": "terça"}).body == "Seu pedido {{order_number}} sai na terça pela manhã."
    assert templates.render(named).body == named[0]["text"]


def test_a_carousel_is_shown_card_by_card() -> None:
    message = [filled.carousel([[filled.url_button(1, "a")], [filled.url_button(1, "b")]])]
    shown = templates.render(GOOD["carousel"]["components"], message)
    assert [card.buttons[1] for card in shown.cards] == ["Ver: https://example.com/a", "Ver: https://example.com/b"]
    assert shown.cards[0].header == "[image]"


@pytest.mark.parametrize(
    ("name", "message", "wrong"),
    [
        ("positional", [filled.header_text(["Ana"]), filled.body(["1", "2"]), filled.url_button(0, "x")], []),
        (
            "positional",
            [filled.body(["1"])],
            ["the header wants 1 values and got 0", "the body wants 2 values and got 1", "button 0 wants a value"],
        ),
        (
            "named",
            [filled.body({"day": "x", "colour": "red"})],
            ["the body wants a value for order_number", "the body has no variable colour"],
        ),
        ("image", [filled.header_media("image", media_id="1")], []),
        ("image", [], ["the header wants one image"]),
        ("image", [filled.header_media("video", media_id="1")], ["the header wants one image"]),
        ("plain", [], []),
    ],
)
def test_values_that_do_not_fit_are_told_in_plain_words(
    name: str, message: list[dict[str, Any]], wrong: list[str]
) -> None:
    assert templates.misfits(GOOD[name]["components"], message) == wrong


@pytest.mark.parametrize(
    ("typed", "code"), [("pt-br", "pt_BR"), ("PT_BR", "pt_BR"), ("en", "en"), (" fil ", "fil"), ("prs-af", "prs_AF")]
)
def test_a_language_is_taken_as_people_type_it(typed: str, code: str) -> None:
    assert templates.language_code(typed) == code


@pytest.mark.parametrize("typed", ["", "x", "portuguese", "pt BR", "pt-BR-x"])
def test_what_is_no_language_is_refused(typed: str) -> None:
    with pytest.raises(InvalidData):
        templates.language_code(typed)


def test_templates_are_read_page_after_page_with_languages_of_one_spelling() -> None:
    one = {"id": 1, "name": "a", "language": "en-US", "status": "approved", "category": "UTILITY", "components": [BODY]}
    pages: list[dict[str, Any]] = [
        {"data": [one], "paging": {"next": "https://graph.facebook.com/v25.0/9/message_templates?after=A"}},
        {"data": [{**one, "id": "2", "quality_score": {"score": "RED"}, "parameter_format": "named"}]},
    ]

    async def work() -> list[templates.Template]:
        async with Server(in_turn(*pages)) as server, Graph("t", url=server.url) as graph:
            return [found async for found in templates.every(graph, "9", status="APPROVED")]

    first, second = run(work())
    assert (first.id, first.language, first.status, first.quality) == ("1", "en_US", "APPROVED", "UNKNOWN")
    assert (second.id, second.quality, second.parameter_format) == ("2", "RED", "NAMED")


async def _every_call(graph: Graph) -> None:
    made = await templates.create(graph, "9", GOOD["plain"])
    assert made == templates.Created("5", "PENDING", "UTILITY")
    found = await templates.get(graph, "5")
    paused = templates.read({**found.raw, "status": "PAUSED", "name": "sample", "language": "pt_BR"})
    await templates.edit(graph, paused, {"components": GOOD["plain"]["components"]})
    await templates.delete(graph, "9", "sample")
    await templates.delete(graph, "9", "sample", "5")
    assert await templates.unpause(graph, "5") == "refused"
    await templates.compare(graph, "5", "6", 1, 2)
    await templates.upsert_authentication(graph, "9", {**GOOD["copy_code"], "languages": ["pt_BR"]})
    await templates.previews(graph, "9", ["pt_BR", "en_US"])
    assert [one async for one in templates.library(graph, search="order")]
    await templates.migrate(graph, "9", "8")
    await templates.archive(graph, "9", ["1", "2"])
    await templates.archive(graph, "9", ["1"], undo=True)


def test_each_call_goes_where_meta_has_it() -> None:
    async def answer(asked: Asked, _request: Any) -> Answer:
        done = "unpause" not in asked.path
        return {"id": "5", "status": "PENDING", "category": "UTILITY", "success": done, "data": [{"id": "1"}]}

    async def work() -> list[Asked]:
        async with Server(answer) as server, Graph("t", url=server.url) as graph:
            await _every_call(graph)
            return server.asked

    calls = run(work())
    assert [f"{one.method} {one.path.removeprefix('/v25.0')}" for one in calls] == [
        "POST /9/message_templates",
        "GET /5",
        "POST /5",
        "DELETE /9/message_templates",
        "DELETE /9/message_templates",
        "POST /5/unpause",
        "GET /5/compare",
        "POST /9/upsert_message_templates",
        "GET /9/message_template_previews",
        "GET /message_template_library",
        "POST /9/migrate_message_templates",
        "POST /9/message_templates/archive",
        "POST /9/message_templates/unarchive",
    ]
    assert calls[3].query == {"name": "sample"}
    assert calls[4].query == {"name": "sample", "hsm_id": "5"}


@pytest.mark.parametrize(
    ("status", "changes"),
    [("PENDING", {"components": []}), ("APPROVED", {"category": "UTILITY"}), ("REJECTED", {"name": "x"})],
)
def test_an_edit_that_meta_forbids_is_not_sent(status: str, changes: dict[str, Any]) -> None:
    async def work() -> list[Asked]:
        async with Server(always({"success": True})) as server, Graph("t", url=server.url) as graph:
            with pytest.raises(InvalidData):
                await templates.edit(graph, templates.read({**GOOD["plain"], "id": "5", "status": status}), changes)
            return server.asked

    assert run(work()) == []
