"""Template files: read with the place of each mistake, written from what Meta has, the same both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from pytake_cli.flow.problems import FlowErrors
from pytake_cli.services import template_files, template_writing
from pytake_cli.services.template_files import TemplateErrors, read
from pytake_cli.whatsapp.template_rules import check
from tests.whatsapp.drafts import GOOD
from tests.whatsapp.test_template_fill import DRAFTS

ORDER = """\
category: UTILITY
header: Olá {{nome}}
body: |
  Olá {{nome}}, o pedido {{pedido}} saiu para entrega.

  Chega hoje à tarde.
footer: Loja Sul
buttons:
  - reply: Falar com alguém
  - url: https://loja.example/p/{{1}}
    text: Acompanhar
    example: https://loja.example/p/860198
examples: {nome: Karina, pedido: 860198}
ttl: 12h
"""


def found(source: str, name: str = "pedido.pt_BR.yaml", folder: Path = Path()) -> template_files.Written:
    return read(source.encode(), folder / name, name)


def test_a_file_becomes_metas_shape() -> None:
    written = found(ORDER)
    assert written.problems == []
    draft = written.draft
    assert (draft["name"], draft["language"], draft["category"]) == ("pedido", "pt_BR", "UTILITY")
    assert (draft["parameter_format"], draft["message_send_ttl_seconds"]) == ("NAMED", 43_200)
    header, body, footer, buttons = draft["components"]
    assert header["example"] == {"header_text_named_params": [{"param_name": "nome", "example": "Karina"}]}
    assert body["text"].endswith("Chega hoje à tarde.")
    assert body["example"]["body_text_named_params"][1] == {"param_name": "pedido", "example": "860198"}
    assert (footer["text"], [each["type"] for each in buttons["buttons"]]) == ("Loja Sul", ["QUICK_REPLY", "URL"])


def test_numbered_examples_come_in_the_order_of_their_numbers() -> None:
    text = "category: UTILITY\nbody: Oi {{2}}, o pedido {{1}} saiu hoje.\nexamples: {1: 860198, 2: Ana}\n"
    assert found(text).draft["components"][0]["example"] == {"body_text": [["860198", "Ana"]]}


MISTAKES: list[tuple[str, list[tuple[int, str]]]] = [
    (ORDER.replace("UTILITY", "UTILITI"), [(1, "category")]),
    (ORDER.replace("footer:", "foter:"), [(7, "`footer`")]),
    (ORDER.replace("- reply: Falar com alguém", "- repli: Falar"), [(9, "`reply`")]),
    (ORDER.replace("text: Acompanhar", f"text: {'a' * 26}"), [(10, "button-text")]),
    (ORDER.replace("examples: {nome: Karina, pedido: 860198}\n", ""), [(2, "example"), (3, "example")]),
    (ORDER.replace(", pedido: 860198", ""), [(13, "example")]),
    (ORDER.replace("header: Olá {{nome}}", "header: {image: nada.jpg}"), [(2, "nada.jpg")]),
    (ORDER.replace("ttl: 12h", "ttl: logo"), [(14, "ttl")]),
    (ORDER.replace("Loja Sul", "Loja {{nome}}") + "body: twice\n", [(7, "footer"), (15, "twice")]),
]


@pytest.mark.parametrize(("source", "wanted"), MISTAKES)
def test_all_mistakes_come_at_once_with_their_lines(source: str, wanted: list[tuple[int, str]]) -> None:
    problems = sorted(found(source).problems, key=lambda each: each.line)
    assert [each.line for each in problems] == [line for line, _words in wanted]
    for problem, (_line, words) in zip(problems, wanted, strict=True):
        assert words in problem.sentence
        assert problem.path == "pedido.pt_BR.yaml"


def test_one_time_codes_have_no_words_of_their_own() -> None:
    text = "category: AUTHENTICATION\nsecurity: true\nexpires_minutes: 10\n"
    text += "buttons:\n  - otp: copy_code\n    text: Copiar\n"
    body, footer, buttons = found(text).draft["components"]
    assert (body, footer["code_expiration_minutes"]) == ({"type": "BODY", "add_security_recommendation": True}, 10)
    assert buttons["buttons"] == [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copiar"}]
    wrong = found(text.replace("true", "yes") + "body: Seu código é {{1}}, tá?\n").problems
    assert sorted(each.line for each in wrong) == [2, 7]


def test_the_language_comes_from_the_name_of_the_file() -> None:
    assert found("category: UTILITY\nbody: Oi.\n", "aviso.en-us.yaml").draft["language"] == "en_US"
    written = found("category: UTILITY\nbody: Oi.\n", "aviso.yaml")
    assert (written.draft["name"], [each.values["name"] for each in written.problems]) == ("aviso", ["language"])
    assert found("name: outro\nlanguage: pt\ncategory: UTILITY\nbody: Oi.\n", "a.yaml").problems == []


def test_a_sample_stands_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 40)
    written = found("category: UTILITY\nheader: {image: a.png}\nbody: Veja.\n", folder=tmp_path)
    assert written.problems == []
    assert written.draft["components"][0]["example"]["header_handle"] == [f"file:{tmp_path}/a.png"]


@pytest.mark.parametrize("kind", GOOD)
def test_what_meta_has_is_written_and_read_again_as_the_same(kind: str) -> None:
    draft = GOOD[kind]
    name, language = draft["name"], draft["language"]
    text = template_writing.text(
        name,
        language,
        draft["category"],
        draft["components"],
        parameter_format=draft.get("parameter_format", ""),
        ttl_seconds=draft.get("message_send_ttl_seconds"),
    )
    written = found(text, template_writing.file_name(name, language))
    assert written.draft["components"] == draft["components"]
    assert not written.raw
    assert check(written.draft) == [] == written.problems


def test_what_the_short_form_cannot_say_is_written_as_meta_has_it() -> None:
    odd = [{"type": "BODY", "text": "Oi."}, {"type": "CALL_PERMISSION_REQUEST"}]
    written = found(template_writing.text("odd", "pt_BR", "MARKETING", odd), "odd.pt_BR.yaml")
    assert (written.raw, written.draft["components"], written.problems) == (True, odd, [])


PLAIN = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(), some.text(max_size=12)),
    lambda inner: some.one_of(
        some.lists(inner, max_size=3),
        some.dictionaries(some.sampled_from([*template_files.KEYS, "text", "reply", "url", "type", "image"]), inner),
    ),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.dictionaries(some.sampled_from(template_files.KEYS), PLAIN))
def test_whatever_stands_in_a_file_is_a_template_or_mistakes(data: dict[str, Any]) -> None:
    written = found(template_writing._dump(data))
    assert check(written.draft) == [] or written.errors


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.text(max_size=200))
def test_no_file_stumbles(source: str) -> None:
    try:
        found(source)
    except FlowErrors as error:
        assert isinstance(error, TemplateErrors)  # noqa: PT017


def test_every_draft_of_the_renderer_can_be_a_file() -> None:
    for kind, draft in DRAFTS.items():
        form = draft.get("parameter_format", "POSITIONAL")
        text = template_writing.text("x", "pt_BR", draft["category"], draft["components"], parameter_format=form)
        assert "components:" not in text, kind
