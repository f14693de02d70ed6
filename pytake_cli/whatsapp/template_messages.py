"""Template messages: components with their values, for every kind of template, and the limits of what is filled in."""

from __future__ import annotations

import re
from typing import Any, Literal

from pytake_cli.whatsapp.interactive_checks import check_product_sections
from pytake_cli.whatsapp.limits import (
    asset,
    fail,
    filled_in,
    listing,
    mapping,
    one_of,
    only,
    shown,
    unique,
    whole_number,
    words,
)
from pytake_cli.whatsapp.outgoing import Outgoing, without_none
from pytake_cli.whatsapp.plain import check_location

NAME = 512  # characters
PAYLOAD = 128  # 256 have been seen to work, 128 is what is documented
COUPON = 15
CODE = 15
URL = 2000
_NAME = re.compile(r"[a-z0-9_]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z][A-Za-z]{1,3})?")
_PARAMETER_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MILLISECONDS_FROM = 10**12
_SUB_TYPES = (
    "quick_reply", "url", "copy_code", "flow", "catalog", "mpm", "voice_call", "phone_number",
    "request_contact_info", "order_details",
)  # fmt: skip
_COMPONENTS = ("header", "body", "button", "limited_time_offer", "carousel", "tap_target_configuration")

Values = list[str] | dict[str, str]
"""Values by position, or by name for a template made with named parameters."""


def template(name: str, language: str, components: list[dict[str, Any]] | None = None) -> Outgoing:
    """A template message; `language` must be the template's own, `-` and `_` alike."""
    content: dict[str, Any] = {"name": name, "language": {"code": language.replace("-", "_")}}
    if components:
        content["components"] = components
    return Outgoing("template", {"type": "template", "template": content})


def authentication(name: str, language: str, code: str, *, index: int = 0) -> Outgoing:
    """A one-time code: the body and the button both carry it, whatever the kind of button."""
    return template(name, language, [body([code]), url_button(index, code)])


def body(values: Values) -> dict[str, Any]:
    """The body's values."""
    return {"type": "body", "parameters": texts(values)}


def header_text(values: Values) -> dict[str, Any]:
    """The header's one value."""
    return {"type": "header", "parameters": texts(values)}


def header_media(
    kind: Literal["image", "video", "document", "gif"],
    *,
    media_id: str | None = None,
    link: str | None = None,
    filename: str | None = None,
) -> dict[str, Any]:
    """The header's file."""
    file = without_none({"id": media_id, "link": link, "filename": filename})
    return {"type": "header", "parameters": [{"type": kind, kind: file}]}


def header_location(latitude: float, longitude: float, name: str, address: str) -> dict[str, Any]:
    """The header's place."""
    place = {"latitude": latitude, "longitude": longitude, "name": name, "address": address}
    return {"type": "header", "parameters": [{"type": "location", "location": place}]}


def header_product(catalog_id: str, product_retailer_id: str) -> dict[str, Any]:
    """The header's product."""
    item = {"product_retailer_id": product_retailer_id, "catalog_id": catalog_id}
    return {"type": "header", "parameters": [{"type": "product", "product": item}]}


def quick_reply(index: int, payload: str) -> dict[str, Any]:
    """What comes back when the button is tapped."""
    return _button("quick_reply", index, {"type": "payload", "payload": payload})


def url_button(index: int, suffix: str) -> dict[str, Any]:
    """The end of the button's address; for one-time codes the code."""
    return _button("url", index, {"type": "text", "text": suffix})


def copy_code(index: int, coupon: str) -> dict[str, Any]:
    """The code that the button copies."""
    return _button("copy_code", index, {"type": "coupon_code", "coupon_code": coupon})


def flow_button(index: int, token: str | None = None, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the flow behind the button is opened with."""
    action = without_none({"flow_token": token, "flow_action_data": data})
    return _button("flow", index, {"type": "action", "action": action})


def catalog_button(index: int, thumbnail_product_retailer_id: str) -> dict[str, Any]:
    """The picture of a catalogue template."""
    action = {"thumbnail_product_retailer_id": thumbnail_product_retailer_id}
    return _button("catalog", index, {"type": "action", "action": action})


def products_button(index: int, thumbnail_product_retailer_id: str, sections: list[dict[str, Any]]) -> dict[str, Any]:
    """The products of a multi-product template, in sections as of product_list()."""
    action = {"thumbnail_product_retailer_id": thumbnail_product_retailer_id, "sections": sections}
    return _button("mpm", index, {"type": "action", "action": action})


def limited_time_offer(expires_at_ms: int) -> dict[str, Any]:
    """When the offer ends, in milliseconds since 1970."""
    offer = {"type": "limited_time_offer", "limited_time_offer": {"expiration_time_ms": expires_at_ms}}
    return {"type": "limited_time_offer", "parameters": [offer]}


def carousel(cards: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """The components of each card, as many cards as the template has."""
    numbered = [{"card_index": index, "components": components} for index, components in enumerate(cards)]
    return {"type": "carousel", "cards": numbered}


def tap_target(url: str, title: str) -> dict[str, Any]:
    """Where a tap on the message leads (a restricted feature)."""
    return {"type": "tap_target_configuration", "tap_target_configuration": [{"url": url, "title": title}]}


def texts(values: Values) -> list[dict[str, Any]]:
    """Text parameters by position or by name."""
    if isinstance(values, dict):
        return [{"type": "text", "parameter_name": name, "text": value} for name, value in values.items()]
    return [{"type": "text", "text": value} for value in values]


def _button(sub_type: str, index: int, parameter: dict[str, Any]) -> dict[str, Any]:
    return {"type": "button", "sub_type": sub_type, "index": str(index), "parameters": [parameter]}


def check_template_message(raw: dict[str, Any]) -> None:
    """Limits of a template message; what the template itself wants is another question (templates.py)."""
    only("template", raw, ("name", "language", "components"))
    name = words("template.name", raw.get("name"), NAME)
    if not _NAME.fullmatch(name):
        fail("template.name", "only a-z, 0-9 and _", shown(name))
    language = mapping("template.language", raw.get("language"))
    code = words("template.language.code", language.get("code"), 20)
    if not _LANGUAGE.fullmatch(code):
        fail("template.language.code", "a code such as pt_BR", shown(code))
    components = listing("template.components", raw.get("components", []), 0, 20)
    _check_components("template.components", components, card=False)


def _check_components(where: str, components: list[Any], *, card: bool) -> None:
    kinds: list[str] = []
    for index, component in enumerate(components):
        here = f"{where}[{index}]"
        kind = one_of(f"{here}.type", str(mapping(here, component).get("type")).lower(), _COMPONENTS)
        if kind == "carousel":
            if card:
                fail(here, "no carousel inside of a card", "one")
            _check_cards(here, component)
        elif kind == "tap_target_configuration":
            listing(f"{here}.{kind}", component.get(kind), 1, 1)
        else:
            _check_component(here, kind, component)
        kinds.append(f"button {component.get('index')}" if kind == "button" else kind)
    unique(f"{where}.type", kinds)


def _check_component(where: str, kind: str, component: dict[str, Any]) -> None:
    if kind == "button":
        _check_button(where, component)
        return
    parameters = listing(f"{where}.parameters", component.get("parameters"), 1, 100 if kind == "body" else 1)
    named = [isinstance(item, dict) and "parameter_name" in item for item in parameters]
    if any(named) and not all(named):
        fail(f"{where}.parameters", "all by name or all by position", "a mixture")
    for index, parameter in enumerate(parameters):
        _check_parameter(f"{where}.parameters[{index}]", kind, mapping(where, parameter))
    unique(f"{where}.parameters.parameter_name", (item["parameter_name"] for item in parameters if any(named)))


# component -> the types of value it takes
_VALUE_TYPES: dict[str, tuple[str, ...]] = {
    "header": ("text", "image", "video", "document", "gif", "location", "product"),
    "body": ("text", "currency", "date_time"),
    "limited_time_offer": ("limited_time_offer",),
}


def _check_parameter(where: str, component: str, raw: dict[str, Any]) -> None:
    kind = one_of(f"{where}.type", raw.get("type"), _VALUE_TYPES[component])
    name = raw.get("parameter_name")
    if name is not None and not (isinstance(name, str) and _PARAMETER_NAME.fullmatch(name)):
        fail(f"{where}.parameter_name", "lower case letters, digits and _, beginning with a letter", shown(name))
    if kind == "text":
        filled_in(f"{where}.text", raw.get("text"), 60 if component == "header" else 1024)
    elif kind in ("image", "video", "document", "gif"):
        asset(f"{where}.{kind}", raw.get(kind), ("filename",) if kind == "document" else ())
    elif kind == "location":
        check_location(mapping(f"{where}.location", raw.get("location")), f"{where}.location")
    elif kind == "product":
        item = mapping(f"{where}.product", raw.get("product"))
        words(f"{where}.product.product_retailer_id", item.get("product_retailer_id"), 100)
    elif kind == "limited_time_offer":
        ends = mapping(f"{where}.{kind}", raw.get(kind)).get("expiration_time_ms")
        if not isinstance(ends, int) or ends < _MILLISECONDS_FROM:
            fail(f"{where}.{kind}.expiration_time_ms", "milliseconds since 1970", shown(str(ends)))
    else:
        filled_in(f"{where}.{kind}.fallback_value", mapping(where, raw.get(kind)).get("fallback_value"))


def _check_button(where: str, component: dict[str, Any]) -> None:
    kind = one_of(f"{where}.sub_type", str(component.get("sub_type")).lower(), _SUB_TYPES)
    index = component.get("index")
    if not (isinstance(index, (int, str)) and str(index).isdigit() and int(index) < 10):
        fail(f"{where}.index", "the button's position from 0 to 9", shown(str(index)))
    parameters = listing(f"{where}.parameters", component.get("parameters", []), 0, 1)
    if not parameters:
        return
    here, raw = f"{where}.parameters[0]", mapping(where, parameters[0])
    if kind == "quick_reply":
        one_of(f"{here}.type", raw.get("type"), ("payload",))
        words(f"{here}.payload", raw.get("payload"), PAYLOAD)
    elif kind == "url":
        one_of(f"{here}.type", raw.get("type"), ("text",))
        filled_in(f"{here}.text", raw.get("text"), URL)
    elif kind == "copy_code":
        coupon = words(f"{here}.coupon_code", raw.get("coupon_code"), COUPON)
        if not coupon.isalnum():
            fail(f"{here}.coupon_code", "letters and digits", shown(coupon))
    elif kind in ("flow", "catalog", "mpm"):
        one_of(f"{here}.type", raw.get("type"), ("action",))
        action = mapping(f"{here}.action", raw.get("action"))
        if kind == "mpm":
            check_product_sections(f"{here}.action.sections", action.get("sections"))
    elif kind in ("voice_call", "phone_number", "request_contact_info"):
        fail(f"{where}.parameters", f"none for {kind}", "one")


def _check_cards(where: str, component: dict[str, Any]) -> None:
    shapes = set()
    for index, card in enumerate(listing(f"{where}.cards", component.get("cards"), 2, 10)):
        here = f"{where}.cards[{index}]"
        whole_number(f"{here}.card_index", mapping(here, card).get("card_index"), index, index)
        components = listing(f"{here}.components", card.get("components"), 1, 4)
        _check_components(f"{here}.components", components, card=True)
        shapes.add(tuple(sorted(str(item.get("type")).lower() for item in components)))
    if len(shapes) > 1:
        fail(f"{where}.cards", "the same components on every card", "different ones")
