"""What the flags of `message send` become: every kind, in Meta's shape and within its limits."""

from __future__ import annotations

from typing import Any

import pytest

from pytake_cli.cli.compose import KINDS, Draft, compose, raw_reply_to
from pytake_cli.errors import InvalidData, PytakeError, UsageError
from pytake_cli.store.templates import Template
from tests.kit import templates


def attach(kind: str, where: str) -> str:
    return f"media:{kind}:{where}"


def made(**given: Any) -> dict[str, Any]:
    return compose(Draft(**given), attach).body


def test_words_alone_are_a_text() -> None:
    assert made(text="olá") == {"type": "text", "text": {"body": "olá"}}


def test_nothing_at_all_is_asked_for() -> None:
    with pytest.raises(UsageError) as caught:
        made()
    assert caught.value.slug == "PT-SEND-TEXT"


def test_two_kinds_at_once_are_refused_by_name() -> None:
    with pytest.raises(UsageError) as caught:
        made(image="a.png", location="1,2")
    assert "--image + --location" in str(caught.value)


def test_files_go_by_address_id_or_attachment() -> None:
    assert made(image="https://loja.example/a.png", text="olha") == {
        "type": "image",
        "image": {"link": "https://loja.example/a.png", "caption": "olha"},
    }
    assert made(audio="123456")["audio"] == {"id": "123456"}
    assert made(audio="a.ogg", voice=True)["audio"] == {"id": "media:audio:a.ogg", "voice": True}
    assert made(document="/tmp/boleto.pdf", caption="2ª via")["document"] == {
        "id": "media:document:/tmp/boleto.pdf",
        "caption": "2ª via",
        "filename": "boleto.pdf",
    }
    assert made(sticker="-")["sticker"] == {"id": "media:sticker:-"}


def test_a_sticker_has_no_words() -> None:
    with pytest.raises(UsageError):
        made(sticker="a.webp", text="oi")


def test_buttons_answer_with_their_key() -> None:
    body = made(text="Confirma?", buttons="sim=Sim, Não", header="Pedido 12", footer="Loja Sul")
    assert body["interactive"]["action"]["buttons"] == [
        {"type": "reply", "reply": {"id": "sim", "title": "Sim"}},
        {"type": "reply", "reply": {"id": "Não", "title": "Não"}},
    ]
    assert body["interactive"]["header"] == {"type": "text", "text": "Pedido 12"}


def test_a_header_may_be_a_file() -> None:
    body = made(text="Confirma?", buttons="Sim", header="@foto.JPG")
    assert body["interactive"]["header"] == {"type": "image", "image": {"id": "media:image:foto.JPG"}}
    with pytest.raises(InvalidData):
        made(text="Confirma?", buttons="Sim", header="@nota.txt")


def test_a_list_is_written_as_lines_or_as_json() -> None:
    lines = "# Tamanhos\np = Camiseta P | até 1,60 m\nm = Camiseta M, justa\n"
    as_lines = made(text="Qual?", list_file=lines)["interactive"]["action"]
    rows = [
        {"id": "p", "title": "Camiseta P", "description": "até 1,60 m"},
        {"id": "m", "title": "Camiseta M, justa"},
    ]
    assert as_lines == {"button": "Ver opções", "sections": [{"title": "Tamanhos", "rows": rows}]}
    json = '{"button": "Tamanhos", "sections": [{"rows": [{"id": "p", "title": "P"}]}]}'
    assert made(text="Qual?", list_file=json)["interactive"]["action"]["button"] == "Tamanhos"


def test_the_other_interactive_kinds() -> None:
    def kind(**given: Any) -> str:
        return str(made(text="Olá", **given)["interactive"]["type"])

    assert kind(cta="Abrir=https://loja.example/p?x=1") == "cta_url"
    assert kind(catalog=True) == "catalog_message"
    assert kind(catalog=True, products=["camiseta-p"]) == "catalog_message"
    assert kind(products=["a"], catalog_id="8") == "product"
    assert kind(products=["a", "b"], catalog_id="8") == "product_list"
    assert kind(flow="123") == "flow"
    assert kind(flow="cadastro", screen="INICIO", button="Preencher") == "flow"
    assert kind(address="in") == "address_message"
    assert kind(ask_location=True) == "location_request_message"
    assert kind(ask_contact=True) == "request_contact_info"


def test_an_address_keeps_what_comes_after_its_own_equals_sign() -> None:
    parameters = made(text="Olá", cta="Abrir=https://loja.example/p?x=1")["interactive"]["action"]["parameters"]
    assert parameters == {"display_text": "Abrir", "url": "https://loja.example/p?x=1"}


def test_a_place_may_have_a_name_and_an_address() -> None:
    place = made(location="-23.5505,-46.6333,Loja,Rua A, 10")["location"]
    assert place == {"latitude": -23.5505, "longitude": -46.6333, "name": "Loja", "address": "Rua A, 10"}
    with pytest.raises(InvalidData):
        made(location="aqui")
    with pytest.raises(InvalidData):
        made(location="95,0")


RETOMAR = templates.row("retomar", templates.body("Olá {{1}}, o pedido {{2}} saiu hoje."))
NAMED = templates.row(
    "retomar",
    {"type": "HEADER", "format": "TEXT", "text": "Loja {{loja}}"},
    templates.body("Olá {{nome}}, tudo bem?"),
    {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Ver", "url": "https://loja.example/{{1}}"}]},
    language="en",
)
BOLETO = templates.row("boleto", {"type": "HEADER", "format": "DOCUMENT"}, templates.body("Aqui está."))


def filled(definition: Template, **given: Any) -> dict[str, Any]:
    message: dict[str, Any] = made(template=definition.name, definition=definition, **given)["template"]
    return message


def test_a_templates_values_go_by_name_or_in_order() -> None:
    in_order = filled(RETOMAR, variables=["Ana", "12"])
    assert in_order["language"] == {"code": "pt_BR"}
    assert [value["text"] for value in in_order["components"][0]["parameters"]] == ["Ana", "12"]
    assert filled(RETOMAR, variables=["2=12", "1=Ana"]) == in_order
    named = filled(NAMED, variables=["nome=Ana", "header.loja=Sul", "button.0=ped/12"])
    assert [component["type"] for component in named["components"]] == ["header", "body", "button"]
    assert named["components"][1]["parameters"][0]["parameter_name"] == "nome"
    with pytest.raises(UsageError):
        filled(RETOMAR, variables=["Ana", "nome=Ana"])
    with pytest.raises(InvalidData):
        filled(NAMED, variables=["nome=Ana", "header.loja=Sul", "button.x=1"])


def test_a_template_may_carry_a_file_above_it() -> None:
    header = filled(BOLETO, header="@https://loja.example/a.pdf")["components"][0]
    assert header["parameters"] == [{"type": "document", "document": {"link": "https://loja.example/a.pdf"}}]
    draft = Draft(template="boleto", definition=BOLETO, variables=["header=conta.pdf"])
    header = compose(draft, lambda kind, where: "media:7").body["template"]["components"][0]
    document = {"id": "media:7", "filename": "conta.pdf"}
    assert header["parameters"] == [{"type": "document", "document": document}]


def test_a_reaction_needs_the_message_it_goes_on() -> None:
    assert made(react="👍", reply_to="wamid.X")["reaction"] == {"message_id": "wamid.X", "emoji": "👍"}
    with pytest.raises(UsageError):
        made(react="👍")


def test_a_whole_request_loses_its_frame() -> None:
    given = '{"to":"+1","context":{"message_id":"wamid.Q"},"type":"text","text":{"body":"a"}}'
    assert made(raw=given) == {"type": "text", "text": {"body": "a"}}
    assert raw_reply_to(given) == "wamid.Q"


@pytest.mark.parametrize("given", ["", "[]", "{", '{"type":"nonsense","nonsense":{}}', "{}", '{"type":5}'])
def test_what_is_no_message_is_refused(given: str) -> None:
    with pytest.raises(PytakeError):
        made(raw=given)


def test_metas_limits_hold_for_every_kind() -> None:
    with pytest.raises(InvalidData) as caught:
        made(text="x" * 4097)
    assert caught.value.slug == "PT-WA-LIMIT"
    with pytest.raises(InvalidData):
        made(text="Olá", buttons="a,b,c,d")


def test_every_kind_of_flag_is_a_field_of_the_draft() -> None:
    assert set(KINDS.values()) <= set(Draft.__dataclass_fields__)


@pytest.mark.parametrize("draft", [Draft(text="oi", template="promo"), Draft(text="oi", location="1,2")])
def test_words_that_would_be_dropped_are_refused(draft: Draft) -> None:
    with pytest.raises(UsageError, match="-m \\+ --"):
        compose(draft, lambda kind, file: "")
