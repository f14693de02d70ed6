"""The renderer of templates: golden messages; whatever the values, Meta takes the message or one error says why."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from pytake_cli.emulator.fit import _fit_components
from pytake_cli.emulator.graph.templates import _finished
from pytake_cli.emulator.judge.template import judge_template
from pytake_cli.errors import InvalidData
from pytake_cli.whatsapp import template_fill
from pytake_cli.whatsapp.messages import check
from pytake_cli.whatsapp.template_slots import Slot, slots
from tests.whatsapp.drafts import GOOD, body, draft

GOLDEN = Path(__file__).with_name("golden_templates")
OF_KIND = {
    "text": "Karina",
    "code": "123456",
    "link": "ped/12",
    "coupon": "25OFF",
    "payload": "sim",
    "token": "t-1",
    "product": "SKU1",
    "json": "{}",
    "filename": "conta.pdf",
    "location": "-23.5614,-46.6559,Loja Sul,Avenida Paulista 1000",
    "catalog": "1234567890/SKU1",
    "moment": "2030-01-31T23:59:00-03:00",
    **dict.fromkeys(("image", "video", "document", "gif"), "https://loja.example/sample"),
}
NAMED_HEADER = {"type": "HEADER", "format": "TEXT", "text": "Loja {{nome}}"}
DRAFTS: dict[str, dict[str, Any]] = {
    **GOOD,
    "named_header": draft(NAMED_HEADER, body("Olá {{nome}}, tudo bem com você?"), parameter_format="NAMED"),
    "document": draft({"type": "HEADER", "format": "DOCUMENT"}, body("Sua conta chegou.")),
    "product": draft({"type": "HEADER", "format": "PRODUCT"}, body("Olha este aqui.")),
    "twice": draft(body("Oi {{1}}, aqui é {{2}}; até já, {{1}}!", "Ana", "a loja")),
}


def wanted(kind: str) -> list[Slot]:
    made = DRAFTS[kind]
    return slots(made["components"], made["category"], made.get("parameter_format", ""))


@cache
def renderer(kind: str) -> template_fill.Renderer:
    """Used for every message of the kind, as campaigns do."""
    made = DRAFTS[kind]
    form = made.get("parameter_format", "")
    return template_fill.Renderer(
        "sample", "pt_BR", made["components"], category=made["category"], parameter_format=form
    )


def filled(kind: str, values: dict[str, str]) -> dict[str, Any]:
    return renderer(kind).message(values).body


def refuse_as_meta(kind: str, message: dict[str, Any]) -> None:
    """Raises what the emulator, which knows Meta's rules by itself, would answer."""
    made = DRAFTS[kind]
    check(message)
    message = json.loads(json.dumps(message).replace('"media:', '"'))  # the sender puts Meta's id there
    judge_template(message["template"])
    on_file = _finished(made["components"], made["category"])
    named = made.get("parameter_format") == "NAMED"
    _fit_components(on_file, message["template"].get("components", []), named, made["category"])


@pytest.mark.parametrize("kind", DRAFTS)
def test_a_filled_template_is_byte_for_byte_what_its_golden_file_holds(kind: str) -> None:
    found = filled(kind, {slot.key: OF_KIND[slot.kind] for slot in wanted(kind)})
    refuse_as_meta(kind, found)
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    assert text == (GOLDEN / f"{kind}.json").read_text(encoding="utf-8")


def test_every_golden_template_belongs_to_a_draft() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(DRAFTS)


@pytest.mark.parametrize("kind", DRAFTS)
def test_what_is_needed_alone_is_enough(kind: str) -> None:
    refuse_as_meta(kind, filled(kind, {slot.key: OF_KIND[slot.kind] for slot in wanted(kind) if slot.required}))


@pytest.mark.parametrize("kind", DRAFTS)
def test_every_needed_value_that_is_missing_is_named_at_once(kind: str) -> None:
    needed = [slot.key for slot in wanted(kind) if slot.required]
    if not needed:
        return
    with pytest.raises(InvalidData) as caught:
        filled(kind, {})
    assert caught.value.values["keys"] == needed


ANYTHING = some.one_of(
    some.text(max_size=60),
    some.sampled_from(["", " ", "a\nb", "a     b", "{{1}}", "{nome}", "\x00", "\ud800", "🙂", "x" * 1025, "x" * 2001]),
    some.sampled_from(sorted(OF_KIND.values())),
    some.sampled_from(["media:12", "1234", "[]", '{"sections": []}', "1" * 13, "0" * 13, "999,999", "1,2", "/", "a/b"]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # drawing text is slow the first time
@given(some.data())
def test_whatever_the_values_meta_takes_it_or_one_error_says_why(data: Any) -> None:
    kind = data.draw(some.sampled_from(sorted(DRAFTS)))
    known = [key for slot in wanted(kind) for key in (slot.key, *slot.aliases)]
    likely = {slot.key: OF_KIND[slot.kind] for slot in wanted(kind)}
    keys = some.sampled_from([*known, "nada"]) if known else some.just("nada")
    odd = data.draw(some.dictionaries(keys, ANYTHING, max_size=4))
    dropped = data.draw(some.sets(some.sampled_from(known), max_size=1)) if known else set()
    values = {key: value for key, value in (likely | odd).items() if key not in dropped}
    refused: InvalidData | None = None
    try:
        refuse_as_meta(kind, filled(kind, values))
    except InvalidData as error:
        refused = error
    assert refused is None or refused.slug in ("PT-TEMPLATE-VALUES", "PT-WA-LIMIT")


def test_a_value_that_looks_like_a_variable_stays_as_it_is() -> None:
    sent = filled("twice", {"1": "{{2}}", "2": "b"})["template"]["components"]
    assert [each["text"] for each in sent[0]["parameters"]] == ["{{2}}", "b"]


def test_a_name_fills_header_and_body() -> None:
    sent = filled("named_header", {"nome": "Ana"})["template"]["components"]
    assert [(part["type"], part["parameters"][0]["text"]) for part in sent] == [("header", "Ana"), ("body", "Ana")]


def test_a_code_stands_in_the_body_and_on_the_button() -> None:
    sent = filled("copy_code", {"code": "123456"})["template"]["components"]
    assert [part["parameters"][0]["text"] for part in sent] == ["123456", "123456"]


@pytest.mark.parametrize("code", ["1234567890123456", "a b", "https://x", "çã"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidData):
        filled("copy_code", {"code": code})
