"""What goes out: the golden requests, and every limit of Meta's named with its place and what was given."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import orjson
import pytest

from pytake_cli.errors import InvalidData
from pytake_cli.whatsapp import interactive, messages
from pytake_cli.whatsapp.messages import Address, check, request, summary
from tests.whatsapp.corpus import needs_corpus, payloads
from tests.whatsapp.samples import GOLDEN, SAMPLES, TO, WAMID, pretty, requests


@pytest.mark.parametrize("name", sorted(requests()))
def test_a_request_is_byte_for_byte_what_its_golden_file_holds(name: str) -> None:
    assert pretty(requests()[name]) == (GOLDEN / f"{name}.json").read_bytes()


def test_every_golden_file_belongs_to_a_request() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(requests())


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_sample_keeps_the_limits_and_can_be_summed_up(name: str) -> None:
    sample = SAMPLES[name]
    check(sample.body)
    assert sample.kind == sample.body["type"]
    line = summary(sample.body)
    assert line
    assert "\n" not in line


def broken(body: dict[str, Any]) -> tuple[str, str, str]:
    """Where, which limit, and what was given."""
    with pytest.raises(InvalidData) as caught:
        check(body)
    assert caught.value.slug == "PT-WA-LIMIT"
    values = caught.value.values
    assert str(caught.value) == f"{values['where']}: {values['limit']}; got {values['given']}"
    return values["where"], values["limit"], str(values["given"])


@pytest.mark.parametrize("size", [1, 4096])
def test_a_text_may_have_4096_characters(size: int) -> None:
    check(messages.text("\U0001f600" * size).body)


def test_the_error_names_limit_place_and_what_was_given() -> None:
    assert broken(messages.text("x" * 4097).body) == ("text.body", "at most 4096 characters", "4097 characters")


def test_a_button_of_twenty_two_point_emoji_is_counted_in_code_points() -> None:
    assert broken(messages.buttons("x", [("a", "\u2764\ufe0f" * 20)]).body)[1] == "at most 20 characters"


@pytest.mark.parametrize("body", ["", " ", "\n\t", "\u2003"])
def test_white_space_alone_is_no_text(body: str) -> None:
    assert broken(messages.text(body).body)[0] == "text.body"


def section(title: str | None = "S", rows: int = 1, **row: str) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": [{"id": f"{title}{n}", "title": "T", **row} for n in range(rows)]}
    return found if title is None else {"title": title, **found}


PRODUCTS = [{"title": "S", "product_items": [{"product_retailer_id": str(n)} for n in range(31)]}]
CARDS = SAMPLES["media_carousel_links"].body["interactive"]["action"]["cards"]
REPLIES = [interactive.reply_card("image", "https://a.b/c", [("a", "A")]) for _ in range(2)]
LINK = interactive.link_card("image", "https://a.b/c", "Ver", "https://a.b", body="a\nb\nc\nd")

# what is wrong -> the place the error must name
BROKEN: dict[str, tuple[messages.Outgoing, str]] = {
    "caption": (messages.image(media_id="1", caption="x" * 1025), "image.caption"),
    "id and link": (messages.image(media_id="1", link="https://a.b"), "image"),
    "neither id nor link": (messages.image(), "image"),
    "a link of another kind": (messages.image(link="ftp://a.b/c"), "image.link"),
    "a link without host": (messages.image(link="https:///x"), "image.link"),
    "a link with a space": (messages.image(link="https://a.b/c d"), "image.link"),
    "a broken address": (messages.image(link="http://[::1"), "image.link"),
    "a caption on a sticker": (messages.media("sticker", media_id="1", caption="x"), "sticker"),
    "a caption on sound": (messages.media("audio", media_id="1", caption="x"), "audio"),
    "a file name on a picture": (messages.media("image", media_id="1", filename="x"), "image"),
    "latitude": (messages.location(91, 0), "location.latitude"),
    "longitude": (messages.location(0, -180.5), "location.longitude"),
    "no contacts": (messages.contacts([]), "contacts"),
    "six contacts": (messages.contacts([{"name": {"formatted_name": "A", "first_name": "A"}}] * 6), "contacts"),
    "a contact without name": (messages.contacts([{"phones": []}]), "contacts[0].name"),
    "only a formatted name": (messages.contacts([{"name": {"formatted_name": "A"}}]), "contacts[0].name"),
    "a birthday": (
        messages.contacts([{"name": {"formatted_name": "A", "first_name": "A"}, "birthday": "31.12.1990"}]),
        "contacts[0].birthday",
    ),
    "a word as reaction": (messages.reaction(WAMID, "ok"), "reaction.emoji"),
    "a sentence of emoji": (messages.reaction(WAMID, "\U0001f600" * 17), "reaction.emoji"),
    "a reaction to nothing": (messages.reaction("", "\U0001f600"), "reaction.message_id"),
    "pinned too long": (messages.pin(WAMID, expiration_days=31), "pin.expiration_days"),
    "no buttons": (messages.buttons("x", []), "interactive.action.buttons"),
    "four buttons": (messages.buttons("x", [(str(n), str(n)) for n in range(4)]), "interactive.action.buttons"),
    "a long title": (messages.buttons("x", [("a", "x" * 21)]), "interactive.action.buttons[0].reply.title"),
    "a long id": (messages.buttons("x", [("x" * 257, "a")]), "interactive.action.buttons[0].reply.id"),
    "a title twice": (messages.buttons("x", [("a", "A"), ("b", "A")]), "interactive.action.buttons.reply.title"),
    "an id twice": (messages.buttons("x", [("a", "A"), ("a", "B")]), "interactive.action.buttons.reply.id"),
    "a space at the end": (messages.buttons("x", [("a", "A ")]), "interactive.action.buttons[0].reply.title"),
    "a body too long": (messages.buttons("x" * 1025, [("a", "A")]), "interactive.body.text"),
    "a footer too long": (messages.buttons("x", [("a", "A")], footer="x" * 61), "interactive.footer.text"),
    "a header too long": (
        messages.buttons("x", [("a", "A")], header={"type": "text", "text": "x" * 61}),
        "interactive.header.text",
    ),
    "a picture over a list": (
        messages.list_menu("x", "M", [section()], header={"type": "image", "image": {"id": "1"}}),
        "interactive.header.type",
    ),
    "a header without a file": (
        messages.buttons("x", [("a", "A")], header={"type": "video", "video": {}}),
        "interactive.header.video",
    ),
    "eleven rows": (messages.list_menu("x", "M", [section("A", 6), section("B", 5)]), "interactive.action.sections"),
    "eleven sections": (
        messages.list_menu("x", "M", [section(str(n)) for n in range(11)]),
        "interactive.action.sections",
    ),
    "two sections, one title": (
        messages.list_menu("x", "M", [section("A"), section(None)]),
        "interactive.action.sections[1].title",
    ),
    "a long section title": (messages.list_menu("x", "M", [section("x" * 25)]), "interactive.action.sections[0].title"),
    "a long row title": (
        messages.list_menu("x", "M", [{"rows": [{"id": "1", "title": "x" * 25}]}]),
        "interactive.action.sections[0].rows[0].title",
    ),
    "a long description": (
        messages.list_menu("x", "M", [section(description="x" * 73)]),
        "interactive.action.sections[0].rows[0].description",
    ),
    "a row id twice": (
        messages.list_menu("x", "M", [section("A", 2, id="1")]),
        "interactive.action.sections.rows.id",
    ),
    "a long menu label": (messages.list_menu("x", "x" * 21, [section()]), "interactive.action.button"),
    "a long link label": (messages.cta_url("x", "x" * 21, "https://a.b"), "interactive.action.parameters.display_text"),
    "a link to nowhere": (messages.cta_url("x", "Ver", "a.b"), "interactive.action.parameters.url"),
    "31 products": (messages.product_list("H", "x", "1", PRODUCTS), "interactive.action.sections[0].product_items"),
    "two names of a flow": (messages.flow("x", "Ver", flow_id="1", flow_name="n"), "interactive.action.parameters"),
    "emoji on a flow button": (
        messages.flow("x", "Ver \U0001f600", flow_id="1"),
        "interactive.action.parameters.flow_cta",
    ),
    "a flow without screen": (
        messages.flow("x", "Ver", flow_id="1", data={"a": 1}),
        "interactive.action.parameters.flow_action_payload.screen",
    ),
    "a flow with empty data": (
        messages.flow("x", "Ver", flow_id="1", screen="S", data={}),
        "interactive.action.parameters.flow_action_payload.data",
    ),
    "an address abroad": (messages.address("x", "BR"), "interactive.action.parameters.country"),
    "one card": (messages.media_carousel("x", [CARDS[0]]), "interactive.action.cards"),
    "eleven cards": (messages.product_carousel("x", "1", [str(n) for n in range(11)]), "interactive.action.cards"),
    "mixed cards": (
        messages.media_carousel("x", [LINK | {"body": {"text": "a"}}, REPLIES[1]]),
        "interactive.action.cards",
    ),
    "a card of four lines": (
        messages.media_carousel("x", [LINK, LINK]),
        "interactive.action.cards[0].body.text",
    ),
    "a call button for ever": (
        messages.voice_call("x", "Ligar", ttl_minutes=43201),
        "interactive.action.parameters.ttl_minutes",
    ),
}


@pytest.mark.parametrize("what", sorted(BROKEN))
def test_a_broken_limit_is_refused_at_its_place(what: str) -> None:
    sample, place = BROKEN[what]
    assert broken(sample.body)[0] == place


@pytest.mark.parametrize(
    "body", [{}, {"type": "telepathy"}, {"type": "text"}, {"type": "text", "text": []}, {"type": 7}]
)
def test_what_is_no_message_at_all_is_refused(body: dict[str, Any]) -> None:
    broken(body)


def test_a_member_that_meta_does_not_know_is_refused() -> None:
    assert broken({**messages.text("x").body, "colour": "red"})[2] == "colour"


def test_a_long_list_body_needs_to_be_allowed() -> None:
    body = messages.list_menu("x" * 4096, "M", [section()]).body
    assert broken(body)[0] == "interactive.body.text"
    check(body, list_body=4096)


WRONG: tuple[Any, ...] = (None, 7, "", [], {}, "x" * 5000)


def test_nothing_else_than_a_named_limit_is_raised_for_any_shape() -> None:
    for sample in SAMPLES.values():
        for path in _paths(sample.body):
            for other in WRONG:
                with contextlib.suppress(InvalidData):
                    check(_replaced(sample.body, path, other))


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in inner for found in ((*path, key), *_paths(item, (*path, key)))]


def _replaced(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    changed = copy.deepcopy(value)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = other
    return changed


def test_phones_go_into_to_with_plus_and_user_ids_into_recipient() -> None:
    body = messages.text("x").body
    assert request(body, Address("phone", "5511968184101"))["to"] == "+5511968184101"
    assert request(body, TO)["to"] == "+5511968184101"
    to_bsuid = request(body, Address("bsuid", "US.13491208655302741918"))
    assert (to_bsuid["recipient"], "to" in to_bsuid) == ("US.13491208655302741918", False)
    to_group = request(body, Address("group", "g@g.us"))
    assert (to_group["to"], to_group["recipient_type"]) == ("g@g.us", "group")


def test_a_reaction_cannot_quote_and_an_opaque_value_has_a_limit() -> None:
    with pytest.raises(InvalidData):
        request(messages.reaction(WAMID, "").body, TO, reply_to=WAMID)
    with pytest.raises(InvalidData):
        request(messages.text("x").body, TO, opaque="x" * 513)
    with pytest.raises(InvalidData):
        messages.read_receipt("")
    with pytest.raises(InvalidData):
        messages.marketing_request(messages.text("x").body, TO)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ({"type": "text", "text": {"body": "a\n b\tc"}}, "a b c"),
        ({"type": "image", "image": {"id": "1"}}, "[image]"),
        ({"type": "image", "image": {"caption": "foto"}}, "[image] foto"),
        ({"type": "audio", "audio": {"voice": True}}, "[voice]"),
        ({"type": "document", "document": {"filename": "a.pdf", "caption": "b"}}, "[document] a.pdf b"),
        ({"type": "location", "location": {"latitude": 1, "longitude": 2}}, "[location] 1, 2"),
        ({"type": "contacts", "contacts": [{"vcard": "…", "phones": [{"phone": "1555"}]}]}, "[contact] 1555"),
        ({"type": "reaction", "reaction": {"message_id": "1"}}, "[reaction] removed"),
        ({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"title": "A"}}}, "A"),
        ({"type": "interactive", "interactive": {"type": "button_reply"}}, "button_reply"),
        ({"type": "interactive", "interactive": {"type": "button", "body": {"text": "Sim?"}}}, "Sim?"),
        ({"type": "order", "order": {"product_items": [{}, {}], "text": "já"}}, "[order] 2 items já"),
        ({"type": "unsupported", "errors": []}, "[unsupported message]"),
        ({"type": "poll"}, "[poll]"),
        ({"type": "edit", "edit": {"message": {"type": "text", "text": {"body": "novo"}}}}, "[edit] novo"),
        ({}, "[unsupported message]"),
    ],
)
def test_a_summary_is_one_line_for_any_message(content: dict[str, Any], line: str) -> None:
    assert summary(content) == line


def test_a_summary_is_never_longer_than_two_hundred_characters() -> None:
    assert len(summary(messages.text("x" * 4096).body)) == 200


# why some of Meta's examples are no messages: where the check stops
LINK_HOLDER = "an address such as <http(s)://audio-url>"
NAME_HOLDER = "a template name such as template-name"
EXAMPLES: dict[str, str] = {
    "audio.link": LINK_HOLDER,
    "document.link": LINK_HOLDER,
    "image.link": LINK_HOLDER,
    "sticker.link": LINK_HOLDER,
    "video.link": LINK_HOLDER,
    "template.name": NAME_HOLDER,
    "interactive.header.type": "<HEADER_TYPE> as the type of a header",
    "interactive.type": "order_details and order_status: payments, which are not built",
    "type": "no type, which Meta takes for text; what we send always has one",
    "template.components[1].parameters[0].type": "a quick reply with a text where its payload belongs",
}


@needs_corpus
def test_messages_that_meta_shows_keep_the_limits_but_where_they_hold_placeholders() -> None:
    frame = ("messaging_product", "to", "recipient_type", "context", "product_policy", "message_activity_sharing")
    stops: dict[str, str] = {}
    paths = [*payloads("requests/phone_number_id_messages"), *payloads("requests/phone_number_id_marketing_messages")]
    for path in paths:
        body = {key: item for key, item in orjson.loads(path.read_bytes()).items() if key not in frame}
        try:
            if "status" not in body:  # a read receipt is no message
                check(body)
        except InvalidData as error:
            stops[path.stem] = error.values["where"]
    assert {stem: where for stem, where in stops.items() if where not in EXAMPLES} == {}
    assert len(paths) - len(stops) >= 30
