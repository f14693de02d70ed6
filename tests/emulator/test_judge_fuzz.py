"""Whatever comes in, the judges answer with one of Meta's errors or let it pass; they never stumble."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from pytake_cli.emulator import Config
from pytake_cli.emulator.errors import GraphError
from pytake_cli.emulator.graph.templates import _finished
from pytake_cli.emulator.judge import judge
from pytake_cli.emulator.judge.definition import judge_components, judge_frame
from pytake_cli.emulator.sending import handle
from pytake_cli.emulator.world import World

WORDS = [
    "text",
    "body",
    "image",
    "id",
    "link",
    "caption",
    "interactive",
    "type",
    "button",
    "list",
    "action",
    "buttons",
    "reply",
    "title",
    "sections",
    "rows",
    "template",
    "name",
    "language",
    "code",
    "components",
    "parameters",
    "sub_type",
    "index",
    "header",
    "footer",
    "cards",
    "card_index",
    "location",
    "latitude",
    "contacts",
    "formatted_name",
    "message_id",
    "emoji",
    "quick_reply",
    "url",
    "flow",
    "carousel",
    "format",
    "example",
    "body_text",
    "buttons",
    "category",
    "named",
    "order",
]
leaves = (
    some.none()
    | some.booleans()
    | some.integers(-5, 300)
    | some.floats(allow_nan=False)
    | some.sampled_from(WORDS)
    | some.text(max_size=12)
)
junk = some.recursive(
    leaves,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.sampled_from(WORDS), inner, max_size=5),
    max_leaves=25,
)
kinds = some.sampled_from(
    (
        "text",
        "image",
        "audio",
        "video",
        "document",
        "sticker",
        "location",
        "contacts",
        "reaction",
        "interactive",
        "template",
        "pin",
    )
)
interactives = some.sampled_from(
    ("button", "list", "cta_url", "flow", "product_list", "carousel", "voice_call", "address_message")
)
world = World(Config(limit_pairs=False, limit_throughput=False, statuses=False, seed=1))


@given(kinds, junk)
@settings(max_examples=1500, deadline=None)
def test_any_content_is_judged(kind: str, content: Any) -> None:
    body = {"messaging_product": "whatsapp", "to": "+5511968184101", "type": kind, kind: content}
    try:
        judge(body)
    except GraphError:
        pass


@given(interactives, junk, junk)
@settings(max_examples=1000, deadline=None)
def test_any_action_is_judged(kind: str, action: Any, header: Any) -> None:
    content = {"type": kind, "body": {"text": "x"}, "action": action, "header": header}
    try:
        judge({"messaging_product": "whatsapp", "to": "+5511968184101", "type": "interactive", "interactive": content})
    except GraphError:
        pass


@given(
    some.lists(
        some.fixed_dictionaries(
            {"type": some.sampled_from(("header", "body", "button", "carousel"))},
            optional={
                "parameters": junk,
                "sub_type": some.sampled_from(("url", "quick_reply", "copy_code")),
                "index": junk,
                "cards": junk,
            },
        ),
        max_size=4,
    )
)
@settings(max_examples=1000, deadline=None)
def test_any_template_send_is_judged(components: list[dict[str, Any]]) -> None:
    content = {"name": "oferta_semana", "language": {"code": "pt_BR"}, "components": components}
    body = {"messaging_product": "whatsapp", "to": "+5511968184101", "type": "template", "template": content}
    try:
        handle(world, world.first_number(), body)
    except GraphError:
        pass


@given(junk)
@settings(max_examples=500, deadline=None)
def test_any_body_is_judged(body: Any) -> None:
    try:
        judge(body)
    except GraphError:
        pass


@given(junk, some.booleans(), some.sampled_from(("MARKETING", "UTILITY", "AUTHENTICATION")))
@settings(max_examples=1000, deadline=None)
def test_any_template_definition_is_judged(components: Any, named: bool, category: str) -> None:
    try:
        judge_frame({"name": "x", "language": "pt_BR", "category": category})
        _finished(judge_components(components, category, named=named), category)
    except GraphError:
        pass


component = some.fixed_dictionaries(
    {"type": some.sampled_from(("HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "LIMITED_TIME_OFFER"))},
    optional={
        "text": junk,
        "format": junk,
        "example": junk,
        "buttons": junk,
        "cards": junk,
        "limited_time_offer": junk,
    },
)


@given(
    some.lists(component, min_size=1, max_size=4),
    some.booleans(),
    some.sampled_from(("MARKETING", "UTILITY", "AUTHENTICATION")),
)
@settings(max_examples=1500, deadline=None)
def test_any_components_are_judged(components: Any, named: bool, category: str) -> None:
    try:
        _finished(judge_components(components, category, named=named), category)
    except GraphError:
        pass
