"""The emulator judges sends by itself: Meta's own examples pass, every limit is held, errors name the parameter."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pytake_cli.emulator.errors import GraphError
from pytake_cli.emulator.judge import judge

CORPUS = next(
    (
        parent / "shared/corpus/meta-openapi/requests"
        for parent in Path(__file__).parents
        if (parent / "shared/corpus").is_dir()
    ),
    None,
)
# Meta's description has examples that its own rules refuse
EXCEPTIONS = {
    "post__send_reply_to_list_message.json": "an interactive message without its type",
    "post__send_sample_issue_resolution_template.json": "a payload that is true instead of a text",
}


def body(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": "+5511968184101", "type": kind, kind: content} | more


def code(value: Any, **more: Any) -> int:
    with pytest.raises(GraphError) as caught:
        judge(value, **more)
    return caught.value.code


@pytest.mark.skipif(CORPUS is None, reason="the corpus of real payloads is not here")
def test_metas_own_examples_pass() -> None:
    assert CORPUS is not None
    refused = {}
    for path in sorted((CORPUS / "phone_number_id_messages").glob("*.json")):
        example = json.loads(_filled(path.read_text()))
        try:
            judge(example)
        except GraphError as error:
            refused[path.name] = error.details
    assert {name: why for name, why in refused.items() if name not in EXCEPTIONS} == {}


def _filled(text: str) -> str:
    """Placeholders such as `<IMAGE_OBJECT_ID>` and {{Recipient-Phone-Number}} as values of their kind."""
    text = re.sub(
        r'"<[A-Z_]*(URL|LINK)[A-Z_]*>"|"http\(s\)://[^"]*"|"<[^">]*http[^">]*>"', '"https://example.com/x"', text
    )
    text = text.replace("<HEADER_TYPE>", "text")
    text = re.sub(r'"(<[A-Z_ ]*(ID|ID>)>?)"', '"123456"', text)
    return re.sub(r'"(latitude|longitude)": *"?<[^">]*>"?', r'"\1": 1', text)


def test_texts_have_1_to_4096_characters_and_emoji_count_as_written() -> None:
    judge(body("text", {"body": "😀" * 4096}))
    for wrong in ("", "   ", "x" * 4097, None, 5):
        assert code(body("text", {"body": wrong})) in (100, 131008)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({}, 100),
        ({"messaging_product": "sms"}, 100),
        ({"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}, 100),
        (body("hologram", {}), 100),
        (body("text", {"body": "x"}, colour="red"), 100),
        (body("text", {"body": "x", "colour": "red"}), 100),
        (body("text", None), 131008),
        (body("text", "x"), 100),
        (body("text", {"body": "x"}, recipient_type="crowd"), 100),
        (body("text", {"body": "x"}, biz_opaque_callback_data="x" * 513), 100),
        (body("text", {"body": "x"}, context={}), 131008),
        (body("reaction", {"message_id": "wamid.x", "emoji": "👍"}, context={"message_id": "wamid.x"}), 100),
        (body("image", {}), 131008),
        (body("image", {"id": "1", "link": "https://a.example/x"}), 131009),
        (body("image", {"link": "ftp://a.example/x"}), 131009),
        (body("image", {"id": "1", "caption": "x" * 1025}), 100),
        (body("audio", {"id": "1", "caption": "x"}), 100),
        (body("sticker", {"id": "1", "caption": "x"}), 100),
        (body("location", {"latitude": 91, "longitude": 0}), 131009),
        (body("location", {"latitude": 1}), 131008),
        (body("contacts", []), 131009),
        (body("contacts", [{"name": {"formatted_name": "Ana"}}]), 131009),
        (body("contacts", [{"name": {"formatted_name": "Ana", "first_name": "A"}, "birthday": "1.1.1990"}]), 131009),
        (body("reaction", {"emoji": "👍"}), 131008),
        (body("pin", {"type": "pin", "message_id": "wamid.x"}), 131009),
        ({"messaging_product": "whatsapp", "status": "read"}, 131008),
        ({"messaging_product": "whatsapp", "status": "seen", "message_id": "wamid.x"}, 100),
    ],
)
def test_wrong_frames_and_plain_types_are_refused(wrong: Any, expected: int) -> None:
    assert code(wrong) == expected


def interactive(kind: str, action: Any, **more: Any) -> dict[str, Any]:
    return body("interactive", {"type": kind, "body": {"text": "x"}, "action": action} | more)


def buttons(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"buttons": [{"type": "reply", "reply": {"id": id_, "title": title}} for id_, title in pairs]}


def rows(count: int, sections: int = 1, **more: Any) -> dict[str, Any]:
    made = [
        {"title": f"s{section}", "rows": [{"id": f"{section}.{row}", "title": "t"} | more for row in range(count)]}
        for section in range(sections)
    ]
    return {"button": "Menu", "sections": made}


def test_right_interactive_messages_pass() -> None:
    judge(interactive("button", buttons(("a", "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"))))
    judge(interactive("list", rows(5, 2)))
    judge(interactive("list", rows(10), body={"text": "x" * 4096}))
    judge(interactive("location_request_message", {"name": "send_location"}))
    judge(
        interactive("cta_url", {"name": "cta_url", "parameters": {"display_text": "Ver", "url": "https://a.example"}})
    )


@pytest.mark.parametrize(
    "wrong",
    [
        interactive("button", buttons()),
        interactive("button", buttons(*[(str(n), str(n)) for n in range(4)])),
        interactive("button", buttons(("a", "x" * 21))),
        interactive("button", buttons(("a", "x"), ("a", "y"))),
        interactive("button", buttons(("a", "x"), ("b", "x"))),
        interactive("button", buttons((" a", "x"))),
        interactive("button", buttons(("a" * 257, "x"))),
        interactive("button", buttons(("a", "x")), header={"type": "text", "text": "x" * 61}),
        interactive("button", buttons(("a", "x")), header={"type": "audio", "audio": {"id": "1"}}),
        interactive("button", buttons(("a", "x")), footer={"text": "x" * 61}),
        interactive("button", buttons(("a", "x")), body={"text": "x" * 1025}),
        interactive("list", rows(11)),
        interactive("list", rows(6, 2)),
        interactive("list", rows(1, 11)),
        interactive("list", rows(1, description="x" * 73)),
        interactive("list", rows(1, title="x" * 25)),
        interactive("list", rows(1) | {"button": "x" * 21}),
        interactive("list", {"button": "x", "sections": [{"rows": [{"id": "1", "title": "t"}]}] * 2}),
        interactive("list", rows(1), header={"type": "image", "image": {"id": "1"}}),
        interactive(
            "cta_url", {"name": "cta_url", "parameters": {"display_text": "x" * 21, "url": "https://a.example"}}
        ),
        interactive("cta_url", {"name": "cta_url", "parameters": {"display_text": "x", "url": "a.example"}}),
        interactive("location_request_message", {"name": "locate"}),
        interactive(
            "product_list",
            {"catalog_id": "1", "sections": [{"title": "a", "product_items": [{"product_retailer_id": "1"}]}]},
        ),
        interactive("flow", {"name": "flow", "parameters": {"flow_message_version": "3", "flow_cta": "x"}}),
        interactive("carousel", {"cards": []}),
        interactive("tarot", {}),
    ],
)
def test_wrong_interactive_messages_are_refused(wrong: Any) -> None:
    assert code(wrong) in (100, 131008, 131009)


def test_carousels_have_2_to_10_like_cards() -> None:
    def card(index: int, **more: Any) -> dict[str, Any]:
        header = {"type": "image", "image": {"link": "https://a.example/x.jpg"}}
        action = {"name": "cta_url", "parameters": {"display_text": "Ver", "url": "https://a.example"}}
        return {
            "card_index": index,
            "type": "cta_url",
            "header": header,
            "body": {"text": "x"},
            "action": action,
        } | more

    judge(interactive("carousel", {"cards": [card(0), card(1)]}))
    assert code(interactive("carousel", {"cards": [card(0)]})) == 131009
    assert code(interactive("carousel", {"cards": [card(0), card(2)]})) == 131009
    assert code(interactive("carousel", {"cards": [card(0), card(1, body={"text": "x" * 161})]})) == 100
    assert code(interactive("carousel", {"cards": [card(0), card(1, body={"text": "1\n2\n3\n4"})]})) == 131009
    replies = {"buttons": [{"type": "quick_reply", "quick_reply": {"id": "1", "title": "x"}}]}
    assert code(interactive("carousel", {"cards": [card(0), card(1, action=replies)]})) == 131009


def test_template_parameters_have_no_newlines_or_wide_gaps() -> None:
    def template(text: str) -> dict[str, Any]:
        components = [{"type": "body", "parameters": [{"type": "text", "text": text}]}]
        return body("template", {"name": "x", "language": {"code": "pt_BR"}, "components": components})

    judge(template("a    b"))
    for wrong in ("a\nb", "a\tb", "a     b"):
        assert code(template(wrong)) == 132018
    assert code(template("")) == 131008


def test_the_first_fault_decides_and_is_named() -> None:
    with pytest.raises(GraphError) as caught:
        judge(body("text", {"body": "x" * 4097}, biz_opaque_callback_data="x" * 600))
    assert caught.value.message == "(#100) Param text['body'] must be at most 4096 characters long."
