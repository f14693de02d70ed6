"""What flows say becomes Meta's shape, and every shape is one that Meta takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.flow.speech import Gesture, Media, Option, Say, SayForm, SayTemplate, Speech
from pytake_cli.services import speech
from pytake_cli.store import Store
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from tests.kit import templates as kit
from tests.kit.stores import NOW, make_number, make_org

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a49444154789c63000100000500010d0a2db40000000049454e44ae426082"
)
TWO = (Option("a:1", "Um"), Option("a:2", "Dois"))


@pytest.fixture
def said(store: Store) -> Any:
    """The bodies of a speech, each checked against Meta's limits."""
    org = make_org(store)
    number_id = make_number(store, org)

    def say(words: Speech) -> list[dict[str, Any]]:
        with store.write() as db:
            found = list(speech.messages(db, db.get_one(Number, number_id), words, NOW))
        for outgoing in found:
            wire.check(outgoing.body)
        return [outgoing.body for outgoing in found]

    return say


pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_words_are_a_text(said: Any) -> None:
    [body] = said(Say(text="Olá", preview_url=True))
    assert body["text"] == {"body": "Olá", "preview_url": True}


def test_buttons_carry_ids_titles_header_and_footer(said: Any) -> None:
    [body] = said(Say(text="Qual?", buttons=TWO, header="Escolha", footer="até 18h"))
    asked = body["interactive"]
    assert [button["reply"] for button in asked["action"]["buttons"]] == [
        {"id": "a:1", "title": "Um"},
        {"id": "a:2", "title": "Dois"},
    ]
    assert (asked["header"]["text"], asked["footer"]["text"]) == ("Escolha", "até 18h")


def test_a_picture_stands_above_buttons_and_before_a_list(said: Any) -> None:
    picture = Media("image", "https://example.com/a.jpg")
    [body] = said(Say(text="Qual?", buttons=TWO, media=picture))
    assert body["interactive"]["header"]["image"] == {"link": "https://example.com/a.jpg"}
    first, second = said(Say(text="Qual?", rows=TWO, button="Ver", media=picture))
    assert first["image"] == {"link": "https://example.com/a.jpg"}
    assert second["interactive"]["action"]["sections"][0]["rows"][0] == {"id": "a:1", "title": "Um"}


def test_a_picture_has_a_caption_and_a_sound_has_words_after_it(said: Any) -> None:
    [image] = said(Say(text="veja", media=Media("image", "https://example.com/a.jpg")))
    assert image["image"]["caption"] == "veja"
    sound, words = said(Say(text="ouça", media=Media("audio", "https://example.com/a.mp3")))
    assert (sound["type"], words["text"]["body"]) == ("audio", "ouça")


def test_a_place_a_card_and_the_question_where_somebody_is(said: Any) -> None:
    [place] = said(Say(location={"latitude": -23.5, "longitude": -46.6, "name": "MASP"}))
    assert place["location"]["name"] == "MASP"
    [card] = said(Say(contacts=({"name": {"formatted_name": "Ana", "first_name": "Ana"}},)))
    assert card["contacts"][0]["name"]["first_name"] == "Ana"
    [asked] = said(Say(text="Onde?", asks_location=True))
    assert asked["interactive"]["type"] == "location_request_message"


def test_templates_forms_and_reactions(said: Any) -> None:
    [template] = said(SayTemplate("promo", "pt_BR"))
    assert template["template"] == {"name": "promo", "language": {"code": "pt_BR"}}
    [form] = said(SayForm("Preencha", "123", "Abrir", screen="A", token="t"))
    assert form["interactive"]["action"]["parameters"]["flow_token"] == "t"
    [react] = said(Gesture("react", "wamid.1", "👍"))
    assert react["reaction"] == {"message_id": "wamid.1", "emoji": "👍"}


def test_a_known_template_gets_its_values_by_its_own_names(store: Store, said: Any) -> None:
    with store.read() as db:
        number_id = db.exec(select(Number.id)).one()
    kit.put(store, number_id or 0, "pedido", kit.body("Olá {{nome}}, o pedido {{pedido}} saiu."))
    texts = [{"type": "text", "text": text} for text in ("Ana", "12")]
    [message] = said(SayTemplate("pedido", "pt_BR", ({"type": "body", "parameters": texts},)))
    (sent,) = message["template"]["components"]
    assert [(each["parameter_name"], each["text"]) for each in sent["parameters"]] == [
        ("nome", "Ana"),
        ("pedido", "12"),
    ]


def test_typing_and_read_are_no_messages(said: Any) -> None:
    assert said(Gesture("typing", "wamid.1")) == []
    assert speech.receipt(Gesture("typing", "wamid.1")) == ("wamid.1", True)
    assert speech.receipt(Gesture("read", "wamid.1")) == ("wamid.1", False)


def test_a_file_beside_the_flow_is_taken_in(said: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flows" / "files").mkdir(parents=True)
    (tmp_path / "flows" / "files" / "a.png").write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    [body] = said(Say(media=Media("image", "files/a.png")))
    assert body["image"]["id"].startswith("media:")
    assert said(Say(media=Media("image", body["image"]["id"])))[0]["image"] == body["image"]
    with pytest.raises(NotFound):
        said(Say(media=Media("image", "files/b.png")))


def test_nothing_outside_the_flows_folder_is_sent(said: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "secret.png").write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    for source in ("../secret.png", str(tmp_path / "secret.png")):
        with pytest.raises(InvalidData):
            said(Say(media=Media("image", source)))
