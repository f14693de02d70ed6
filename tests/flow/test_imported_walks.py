"""Flows out of exports are walked by the engine: they ask, branch and keep what their makers meant."""

from __future__ import annotations

from typing import Any

import pytest

from pytake_cli.flow.effects import CallHttp, HandOff
from pytake_cli.flow.imports import rapidpro, typebot
from pytake_cli.flow.imports.pieces import NotCarried, Piece
from pytake_cli.flow.imports.rapidpro_expressions import formula
from pytake_cli.flow.imports.report import Imported
from pytake_cli.flow.imports.typebot_texts import value
from pytake_cli.flow.loader import load
from tests.flow.test_imports import converted
from tests.flow.walking import Talk, said, says


def talk(found: list[Imported]) -> Talk:
    flows = [load(each.source) for each in found]
    made = Talk(flows[0], *flows[1:])
    made.begin()
    return made


def test_a_bakery_of_typebot_takes_an_order() -> None:
    shop = talk(converted("typebot_shop.json"))
    assert shop.at == "boas_vindas_5"
    assert [option.title for option in says(shop.effects)[-1].rows] == [
        "Pão de queijo",
        "Bolo de fubá com goiaba…",
        "Falar com alguém",
    ]
    shop.tap("boas_vindas_5:Pão de queijo")
    assert (said(shop.effects)[-1], shop.vars["item"]) == ("Quantas unidades de Pão de queijo?", "Pão de queijo")
    assert said(shop.say("60"))[-1:] == ["Para essa quantidade temos outro preço."]
    assert (shop.at, shop.vars["total"]) == ("atacado_2", 210)
    shop.fire()
    assert said(shop.say("ana arroba")) == ["Esse e-mail não parece certo. Pode repetir?"]
    call = next(each for each in shop.say("ana@example.com") if isinstance(each, CallHttp))
    assert call.json == {"item": "Pão de queijo", "email": "ana@example.com"}
    assert call.headers == {"Authorization": "Bearer secret:authorization"}
    told = said(shop.answer({"status": 200, "json": {"order": {"id": 812}}}))
    assert told[0].startswith("Pedido 812 anotado. Total: R$ 210")
    shop.say("5")
    assert shop.at == "completed"


def test_a_clinic_of_rapidpro_hears_words_of_every_language_and_calls_its_survey() -> None:
    clinic = talk(converted("rapidpro_clinic.json"))
    assert said(clinic.effects) == ["Olá Ana! Qual especialidade você precisa?"]
    assert said(clinic.say("Quero um DENTE novo!")) == ["Qual é o seu telefone com DDD?"]
    assert said(clinic.say("não tenho")) == ["Qual é o seu telefone com DDD?"]
    call = next(each for each in clinic.say("(11) 98765-4321") if isinstance(each, CallHttp))
    assert call.body == '{"nome": "Ana Souza", "area": "Dentista"}'
    told = said(clinic.answer({"status": 200, "json": {"dia": "segunda"}}))
    assert told == ["Há vaga em segunda. Até lá, ANA SOUZA.", "De 0 a 10, que nota você dá?"]
    assert said(clinic.say("muito boa")) == ["Responda só com um número, por favor."]
    clinic.say("10")
    assert clinic.session is not None
    assert (clinic.at, clinic.session.results["nota_category"]) == ("completed", "Alta")


def test_what_a_clinic_does_not_know_goes_to_people() -> None:
    clinic = talk(converted("rapidpro_clinic.json"))
    handed = [each for each in clinic.say("cardiologista") if isinstance(each, HandOff)]
    assert [each.note for each in handed] == ["Agenda: Não achamos vaga para Ana Souza"]


def test_an_export_of_the_oldest_typebot_is_read() -> None:
    words: dict[str, Any] = {"richText": [{"type": "p", "children": [{"text": "Oi"}]}]}
    steps = [{"id": "s", "type": "start", "outgoingEdgeId": "e"}]
    blocks = [
        {"id": "a", "steps": steps},
        {"id": "b", "title": "Oi", "steps": [{"id": "t", "type": "text", "content": words}]},
    ]
    found = typebot.convert({"blocks": blocks, "edges": [{"id": "e", "to": {"blockId": "b"}}]})
    assert said(talk(found).effects) == ["Oi"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("contact.name", "contact.name"),
        ("results.age.category", "result.age_category"),
        ("upper(contact.first_name) & \"!\"", "contact.first_name | upper ~ '!'"),
        ("1 + 2 * 3", "1 + 2 * 3"),
        ("(1 + 2) * 3", "(1 + 2) * 3"),
        ("results.a - (results.b - 1)", "result.a | float - (result.b | float - 1)"),
        ('if(fields.age >= 18, "ok", "no")', "'ok' if contact.fields.age | float >= 18 else 'no'"),
        ('word(input.text, 0)', "(message.text | split)[0]"),
        ('datetime_diff(today(), now(), "D")', "now | diff(today, 'days')"),
        ("webhook.json.items[0].name", "vars.webhook.items[0].name"),
        ("child.results.x", "result.x"),
        ('contact.language = "POR"', "contact.language | lower == 'por'"),
    ],
)  # fmt: skip
def test_expressions_of_rapidpro_are_written_in_ours(theirs: str, ours: str) -> None:
    assert formula(theirs).text == ours


@pytest.mark.parametrize(
    "theirs", ["rand()", "foreach(results.x, (y) => y)", "results", "globals.a", "1 +", "a" * 3000, "((" * 60]
)
def test_expressions_of_rapidpro_that_ours_cannot_say_are_told(theirs: str) -> None:
    with pytest.raises(NotCarried):
        formula(theirs)


def _names(name: str) -> Piece | None:
    return {"Score": Piece("vars.score", type="number"), "Name": Piece("vars.name", type="text")}.get(name)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("0", "0"),
        ("{{Score}} + 10", "vars.score + 10"),
        ("({{Score}} + 1) / 2", "(vars.score + 1) / 2"),
        ("Promoter", "Promoter"),
        ("Hello {{Name}}, welcome!", "Hello {{ vars.name }}, welcome!"),
        ("'a' + {{Name}}", "'a' ~ vars.name"),
        ("{{Score}} > 3 && {{Name}} == 'x' ? 1 : 2", "1 if vars.score > 3 and vars.name == 'x' else 2"),
        ("Math.round({{Score}} / 3)", "(vars.score / 3) | round"),
        ("{{Name}}.trim().toLowerCase()", "vars.name | trim | lower"),
        ("!{{Name}}", "not vars.name"),
    ],
)  # fmt: skip
def test_trivial_scripts_of_typebot_are_written_in_ours(theirs: str, ours: str) -> None:
    assert str(value(theirs, _names)) == ours


@pytest.mark.parametrize(
    "theirs", ["new Date()", "return 1", "fetch('x')", "{{Gone}} + 1", "[1,2].map(x => x)", "`${x}`"]
)
def test_scripts_of_typebot_are_told(theirs: str) -> None:
    with pytest.raises(NotCarried):
        value(theirs, _names)


def test_a_wait_of_rapidpro_without_a_word_repeats_its_question() -> None:
    case = {"uuid": "k", "type": "has_number", "category_uuid": "c"}
    router = {
        "type": "switch",
        "wait": {"type": "msg"},
        "operand": "@input",
        "cases": [case],
        "default_category_uuid": "d",
        "categories": [{"uuid": "c", "name": "C", "exit_uuid": "x"}, {"uuid": "d", "name": "D", "exit_uuid": "y"}],
    }
    ask = {
        "uuid": "a",
        "actions": [{"uuid": "m", "type": "send_msg", "text": "Idade?"}],
        "exits": [{"uuid": "z", "destination_uuid": "b"}],
    }
    wait = {"uuid": "b", "router": router, "exits": [{"uuid": "x"}, {"uuid": "y", "destination_uuid": "b"}]}
    age = talk(rapidpro.convert({"flows": [{"uuid": "f", "name": "Idade", "language": "por", "nodes": [ask, wait]}]}))
    assert said(age.say("não digo")) == ["Idade?"]
    age.say("42")
    assert (age.at, age.vars["answer"]) == ("completed", 42)
