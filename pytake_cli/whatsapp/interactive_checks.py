"""Meta's limits of interactive messages, one function a kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytake_cli.whatsapp.limits import (
    asset,
    fail,
    has_emoji,
    label,
    listing,
    mapping,
    one_of,
    only,
    optional_words,
    shown,
    unique,
    web_address,
    whole_number,
    words,
)

BODY = 1024  # characters
LIST_BODY = 1024  # Meta's pages say 4096, its API description 1024
HEADER = 60
FOOTER = 60
BUTTON_TITLE, BUTTON_ID = 20, 256
ROW_TITLE, ROW_ID, ROW_DESCRIPTION, ROWS, SECTION_TITLE = 24, 200, 72, 10, 24
CARD_BODY, CARD_BREAKS, CARD_REPLY_ID = 160, 2, 20
PRODUCTS = 30
FLOW_CTA = 30
_WHERE = "interactive"
_HEADER_MEDIA = ("image", "video", "document")
_RICH = ("text", *_HEADER_MEDIA)

# interactive type -> the headers it may have
HEADERS: dict[str, tuple[str, ...]] = {
    "button": _RICH,
    "list": ("text",),
    "cta_url": _RICH,
    "location_request_message": (),
    "flow": _RICH,
    "product": (),
    "product_list": ("text",),
    "catalog_message": (),
    "carousel": (),
    "address_message": (),
    "voice_call": (),
    "call_permission_request": (),
    "request_contact_info": (),
}


def check_interactive(raw: dict[str, Any], *, list_body: int = LIST_BODY) -> None:
    """Limits of an interactive message: frame first, then the action of its kind."""
    kind = one_of(f"{_WHERE}.type", raw.get("type"), tuple(HEADERS))
    only(_WHERE, raw, ("type", "header", "body", "footer", "action"))
    _check_header(kind, raw.get("header"))
    if "body" in raw or kind != "product":
        body = mapping(f"{_WHERE}.body", raw.get("body"))
        words(f"{_WHERE}.body.text", body.get("text"), list_body if kind == "list" else BODY)
    if "footer" in raw:
        if kind == "carousel":
            fail(f"{_WHERE}.footer", "no footer with a carousel", "a footer")
        words(f"{_WHERE}.footer.text", mapping(f"{_WHERE}.footer", raw["footer"]).get("text"), FOOTER)
    _ACTIONS[kind](mapping(f"{_WHERE}.action", raw.get("action")))


def _check_header(kind: str, header: Any) -> None:
    where = f"{_WHERE}.header"
    if header is None:
        if kind == "product_list":
            fail(where, "a text header is needed with product_list", "none")
        return
    allowed = HEADERS[kind]
    if not allowed:
        fail(where, f"no header with {kind}", "a header")
    raw = mapping(where, header)
    what = one_of(f"{where}.type", raw.get("type"), allowed)
    if what == "text":
        label(f"{where}.text", raw.get("text"), HEADER)
    else:
        asset(f"{where}.{what}", raw.get(what), ("filename",) if what == "document" else ())


def _check_buttons(action: dict[str, Any]) -> None:
    where = f"{_WHERE}.action.buttons"
    replies = []
    for index, button in enumerate(listing(where, action.get("buttons"), 1, 3)):
        one_of(f"{where}[{index}].type", mapping(where, button).get("type"), ("reply",))
        reply = mapping(f"{where}[{index}].reply", button.get("reply"))
        label(f"{where}[{index}].reply.id", reply.get("id"), BUTTON_ID)
        label(f"{where}[{index}].reply.title", reply.get("title"), BUTTON_TITLE)
        replies.append(reply)
    unique(f"{where}.reply.id", (reply["id"] for reply in replies))
    unique(f"{where}.reply.title", (reply["title"] for reply in replies))


def _check_list(action: dict[str, Any]) -> None:
    label(f"{_WHERE}.action.button", action.get("button"), BUTTON_TITLE)
    where = f"{_WHERE}.action.sections"
    sections = listing(where, action.get("sections"), 1, 10)
    ids: list[str] = []
    for index, section in enumerate(sections):
        here = f"{where}[{index}]"
        if len(sections) > 1 or mapping(here, section).get("title") is not None:
            label(f"{here}.title", mapping(here, section).get("title"), SECTION_TITLE)
        for number, row in enumerate(listing(f"{here}.rows", section.get("rows"), 1, ROWS)):
            spot = f"{here}.rows[{number}]"
            only(spot, mapping(spot, row), ("id", "title", "description"))
            ids.append(label(f"{spot}.id", row.get("id"), ROW_ID))
            label(f"{spot}.title", row.get("title"), ROW_TITLE)
            optional_words(f"{spot}.description", row.get("description"), ROW_DESCRIPTION)
    if len(ids) > ROWS:
        fail(where, f"at most {ROWS} rows over all sections", f"{len(ids)} rows")
    unique(f"{where}.rows.id", ids)


def _check_cta_url(action: dict[str, Any], where: str = f"{_WHERE}.action") -> None:
    one_of(f"{where}.name", action.get("name"), ("cta_url",))
    parameters = mapping(f"{where}.parameters", action.get("parameters"))
    only(f"{where}.parameters", parameters, ("display_text", "url"))
    label(f"{where}.parameters.display_text", parameters.get("display_text"), BUTTON_TITLE)
    web_address(f"{where}.parameters.url", parameters.get("url"))


def _check_flow(action: dict[str, Any]) -> None:
    where = f"{_WHERE}.action.parameters"
    one_of(f"{_WHERE}.action.name", action.get("name"), ("flow",))
    raw = mapping(where, action.get("parameters"))
    one_of(f"{where}.flow_message_version", raw.get("flow_message_version"), ("3",))
    if ("flow_id" in raw) == ("flow_name" in raw):
        fail(where, "exactly one of flow_id and flow_name", "both" if "flow_id" in raw else "neither")
    words(f"{where}.flow_id", raw.get("flow_id") or raw.get("flow_name"), 200)
    cta = label(f"{where}.flow_cta", raw.get("flow_cta"), FLOW_CTA)
    if has_emoji(cta):
        fail(f"{where}.flow_cta", "no emoji", shown(cta))
    if "mode" in raw:
        one_of(f"{where}.mode", raw["mode"], ("published", "draft"))
    act = one_of(f"{where}.flow_action", raw.get("flow_action", "navigate"), ("navigate", "data_exchange"))
    payload = raw.get("flow_action_payload")
    if payload is None:
        return
    if act == "data_exchange":
        fail(f"{where}.flow_action_payload", "nothing with data_exchange", "a payload")
    words(f"{where}.flow_action_payload.screen", mapping(where, payload).get("screen"), 200)
    if "data" in payload and not mapping(f"{where}.flow_action_payload.data", payload["data"]):
        fail(f"{where}.flow_action_payload.data", "an object that is not empty", "an empty one")


def _check_product(action: dict[str, Any], where: str = f"{_WHERE}.action") -> None:
    words(f"{where}.catalog_id", action.get("catalog_id"), 100)
    words(f"{where}.product_retailer_id", action.get("product_retailer_id"), 100)


def _check_product_list(action: dict[str, Any]) -> None:
    words(f"{_WHERE}.action.catalog_id", action.get("catalog_id"), 100)
    check_product_sections(f"{_WHERE}.action.sections", action.get("sections"))


def check_product_sections(where: str, raw: Any) -> None:
    """Up to 10 sections with 30 products in all."""
    sections = listing(where, raw, 1, 10)
    total = 0
    for index, section in enumerate(sections):
        here = f"{where}[{index}]"
        if len(sections) > 1 or mapping(here, section).get("title") is not None:
            label(f"{here}.title", mapping(here, section).get("title"), SECTION_TITLE)
        for item in listing(f"{here}.product_items", section.get("product_items"), 1, PRODUCTS):
            words(f"{here}.product_items", mapping(here, item).get("product_retailer_id"), 100)
            total += 1
    if total > PRODUCTS:
        fail(where, f"at most {PRODUCTS} products over all sections", f"{total} products")


def _check_catalog(action: dict[str, Any]) -> None:
    one_of(f"{_WHERE}.action.name", action.get("name"), ("catalog_message",))
    if "parameters" in action:
        where = f"{_WHERE}.action.parameters"
        raw = mapping(where, action["parameters"])
        words(f"{where}.thumbnail_product_retailer_id", raw.get("thumbnail_product_retailer_id"), 100)


def _check_carousel(action: dict[str, Any]) -> None:
    where = f"{_WHERE}.action.cards"
    cards = listing(where, action.get("cards"), 2, 10)
    shapes: set[tuple[str, int]] = set()
    catalogs: set[str] = set()
    for index, card in enumerate(cards):
        here = f"{where}[{index}]"
        whole_number(f"{here}.card_index", mapping(here, card).get("card_index"), index, index)
        kind = one_of(f"{here}.type", card.get("type"), ("cta_url", "quick_reply", "product"))
        if kind == "product":
            raw = mapping(f"{here}.action", card.get("action"))
            _check_product(raw, f"{here}.action")
            catalogs.add(raw["catalog_id"])
            shapes.add((kind, 0))
        else:
            shapes.add((kind, _check_media_card(here, card)))
    if len(shapes) > 1:
        fail(where, "the same kind and number of buttons on every card", "different ones")
    if len(catalogs) > 1:
        fail(where, "products of one catalogue", f"{len(catalogs)} catalogues")


def _check_media_card(where: str, card: dict[str, Any]) -> int:
    header = mapping(f"{where}.header", card.get("header"))
    kind = one_of(f"{where}.header.type", header.get("type"), ("image", "video"))
    asset(f"{where}.header.{kind}", header.get(kind))
    if "body" in card:
        text = words(f"{where}.body.text", mapping(f"{where}.body", card["body"]).get("text"), CARD_BODY)
        if text.count("\n") > CARD_BREAKS:
            fail(f"{where}.body.text", f"at most {CARD_BREAKS} line breaks", f"{text.count(chr(10))}")
    action = mapping(f"{where}.action", card.get("action"))
    if "buttons" not in action:
        _check_cta_url(action, f"{where}.action")
        return 1
    replies = listing(f"{where}.action.buttons", action["buttons"], 1, 3)
    for index, button in enumerate(replies):
        here = f"{where}.action.buttons[{index}]"
        one_of(f"{here}.type", mapping(here, button).get("type"), ("quick_reply",))
        reply = mapping(f"{here}.quick_reply", button.get("quick_reply"))
        label(f"{here}.quick_reply.id", reply.get("id"), CARD_REPLY_ID)
        label(f"{here}.quick_reply.title", reply.get("title"), BUTTON_TITLE)
    return len(replies)


def _check_address(action: dict[str, Any]) -> None:
    one_of(f"{_WHERE}.action.name", action.get("name"), ("address_message",))
    raw = mapping(f"{_WHERE}.action.parameters", action.get("parameters"))
    one_of(f"{_WHERE}.action.parameters.country", raw.get("country"), ("IN",))


def _check_voice_call(action: dict[str, Any]) -> None:
    where = f"{_WHERE}.action.parameters"
    one_of(f"{_WHERE}.action.name", action.get("name"), ("voice_call",))
    if "parameters" in action:
        raw = mapping(where, action["parameters"])
        if "display_text" in raw:
            label(f"{where}.display_text", raw["display_text"], BUTTON_TITLE)
        if "ttl_minutes" in raw:
            whole_number(f"{where}.ttl_minutes", raw["ttl_minutes"], 1, 43200)


def _check_name(name: str) -> Callable[[dict[str, Any]], None]:
    def check(action: dict[str, Any]) -> None:
        only(f"{_WHERE}.action", action, ("name",))
        one_of(f"{_WHERE}.action.name", action.get("name"), (name,))

    return check


# interactive type -> the check of its action
_ACTIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_cta_url,
    "location_request_message": _check_name("send_location"),
    "flow": _check_flow,
    "product": _check_product,
    "product_list": _check_product_list,
    "catalog_message": _check_catalog,
    "carousel": _check_carousel,
    "address_message": _check_address,
    "voice_call": _check_voice_call,
    "call_permission_request": _check_name("call_permission_request"),
    "request_contact_info": _check_name("request_contact_info"),
}
