"""Judges interactive messages: the frame (header, body, footer) and each kind of action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytake_cli.emulator.errors import GraphError, bad_value, invalid
from pytake_cli.emulator.judge.cards import judge_carousel
from pytake_cli.emulator.judge.parts import Obj, items, media, obj, one_of, optional_text, required, text, url

_MEDIA = frozenset({"text", "image", "video", "document"})
# interactive type -> (header kinds allowed, longest body, body required)
FRAMES: dict[str, tuple[frozenset[str], int, bool]] = {
    "button": (_MEDIA, 1024, True),
    "list": (frozenset({"text"}), 4096, True),
    "cta_url": (_MEDIA, 1024, True),
    "location_request_message": (frozenset(), 1024, True),
    "flow": (_MEDIA, 1024, True),
    "product": (frozenset(), 1024, False),
    "product_list": (frozenset({"text"}), 1024, True),
    "catalog_message": (frozenset(), 1024, True),
    "carousel": (frozenset(), 1024, True),
    "address_message": (frozenset(), 1024, True),
    "voice_call": (_MEDIA, 1024, True),
    "call_permission_request": (frozenset(), 1024, False),
    "request_contact_info": (frozenset(), 1024, True),
    "order_details": (_MEDIA, 1024, True),
    "order_status": (frozenset(), 1024, True),
}
_KEYS = frozenset({"type", "header", "body", "footer", "action"})


def judge_interactive(value: Any) -> None:
    found = obj(value, "interactive", _KEYS)
    kind = one_of(required(found, "type", "interactive"), "interactive['type']", frozenset(FRAMES))
    headers, longest, needs_body = FRAMES[kind]
    if found.get("header") is not None:
        _header(found["header"], kind, headers)
    elif kind == "product_list":
        raise GraphError(131008, "Required parameter 'interactive['header']' is missing.")
    if needs_body or found.get("body") is not None:
        text(
            obj(required(found, "body", "interactive"), "interactive['body']", frozenset({"text"})),
            "text",
            "interactive['body']",
            longest,
        )
    if found.get("footer") is not None:
        if kind == "carousel":
            raise invalid("interactive['footer']", "is not supported for carousel messages.")
        text(obj(found["footer"], "interactive['footer']", frozenset({"text"})), "text", "interactive['footer']", 60)
    action = obj(required(found, "action", "interactive"), "interactive['action']")
    _ACTIONS.get(kind, _anything)(action)


def _header(value: Any, kind: str, allowed: frozenset[str]) -> None:
    path = "interactive['header']"
    header = obj(value, path, frozenset({"type", "text", "image", "video", "document", "sub_text"}))
    if not allowed:
        raise invalid(path, f"is not supported for {kind} messages.")
    header_type = one_of(required(header, "type", path), f"{path}['type']", allowed)
    if header_type == "text":
        text(header, "text", path, 60)
    else:
        media(required(header, header_type, path), f"{path}['{header_type}']", frozenset({"filename", "caption"}))


def _named(action: Obj, name: str) -> Obj:
    path = "interactive['action']"
    obj(action, path, frozenset({"name", "parameters"}))
    one_of(required(action, "name", path), f"{path}['name']", (name,))
    return obj(action.get("parameters") or {}, f"{path}['parameters']")


def unique(values: list[str], what: str) -> None:
    if len(set(values)) != len(values):
        raise bad_value(f"Duplicated {what} found in interactive message.")


def _buttons(action: Obj) -> None:
    path = "interactive['action']"
    obj(action, path, frozenset({"buttons"}))
    ids, titles = [], []
    for index, one in enumerate(items(action, "buttons", path, 1, 3)):
        button = obj(one, f"{path}['buttons'][{index}]", frozenset({"type", "reply"}))
        one_of(button.get("type", "reply"), f"{path}['buttons'][{index}]['type']", ("reply",))
        reply = obj(required(button, "reply", f"{path}['buttons'][{index}]"), "reply", frozenset({"id", "title"}))
        ids.append(text(reply, "id", "Button id", 256, code=131009))
        titles.append(text(reply, "title", "Button title", 20, code=131009))
        if ids[-1] != ids[-1].strip():
            raise bad_value("Button id must not have leading or trailing spaces.")
    unique(ids, "reply button ids")
    unique(titles, "reply button titles")


def _list(action: Obj) -> None:
    path = "interactive['action']"
    obj(action, path, frozenset({"button", "sections"}))
    text(action, "button", path, 20, code=131009)
    sections = items(action, "sections", path, 1, 10)
    ids: list[str] = []
    for index, one in enumerate(sections):
        where = f"{path}['sections'][{index}]"
        section = obj(one, where, frozenset({"title", "rows"}))
        if len(sections) > 1 or section.get("title"):
            text(section, "title", where, 24, code=131009)
        for row in items(section, "rows", where, 1, 10):
            row = obj(row, f"{where}['rows']", frozenset({"id", "title", "description"}))
            ids.append(text(row, "id", "Row id", 200, code=131009))
            text(row, "title", "Row title", 24, code=131009)
            if row.get("description") not in (None, ""):
                optional_text(row, "description", "Row description", 72, code=131009)
    if len(ids) > 10:
        raise bad_value(f"Total row count exceed max allowed count: 10 (found {len(ids)})")
    unique(ids, "row ids")


def _cta_url(action: Obj) -> None:
    parameters = _named(action, "cta_url")
    path = "interactive['action']['parameters']"
    obj(parameters, path, frozenset({"display_text", "url"}))
    text(parameters, "display_text", path, 20, code=131009)
    url(parameters, "url", path)


def _location_request(action: Obj) -> None:
    _named(action, "send_location")


def _flow(action: Obj) -> None:
    parameters = _named(action, "flow")
    path = "interactive['action']['parameters']"
    if str(required(parameters, "flow_message_version", path)) != "3":
        raise bad_value("flow_message_version must be 3.")
    if bool(parameters.get("flow_id")) == bool(parameters.get("flow_name")):
        raise GraphError(131008, "Exactly one of flow_id and flow_name is required.")
    text(parameters, "flow_cta", path, 30, code=131009)
    one_of(parameters.get("mode", "published"), f"{path}['mode']", ("published", "draft"))
    one_of(parameters.get("flow_action", "navigate"), f"{path}['flow_action']", ("navigate", "data_exchange"))
    payload = parameters.get("flow_action_payload")
    if payload is not None:
        payload = obj(payload, f"{path}['flow_action_payload']")
        if payload.get("data") == {}:
            raise bad_value("flow_action_payload['data'] must be a non-empty object.")


def _product(action: Obj) -> None:
    path = "interactive['action']"
    obj(action, path, frozenset({"catalog_id", "product_retailer_id"}))
    text(action, "catalog_id", path, 100)
    text(action, "product_retailer_id", path, 200)


def _product_list(action: Obj) -> None:
    path = "interactive['action']"
    obj(action, path, frozenset({"catalog_id", "sections"}))
    text(action, "catalog_id", path, 100)
    sections, total = items(action, "sections", path, 1, 10), 0
    for index, one in enumerate(sections):
        section = obj(one, f"{path}['sections'][{index}]", frozenset({"title", "product_items"}))
        if len(sections) > 1:
            text(section, "title", f"{path}['sections'][{index}]", 24, code=131009)
        for product in items(section, "product_items", f"{path}['sections'][{index}]", 1, 30):
            text(
                obj(product, "product_items", frozenset({"product_retailer_id"})),
                "product_retailer_id",
                "product_items",
                200,
            )
            total += 1
    if total > 30:
        raise bad_value(f"Total product count exceed max allowed count: 30 (found {total})")


def _catalog(action: Obj) -> None:
    _named(action, "catalog_message")


def _address(action: Obj) -> None:
    text(_named(action, "address_message"), "country", "interactive['action']['parameters']", 2)


def _voice_call(action: Obj) -> None:
    parameters = _named(action, "voice_call")
    optional_text(parameters, "display_text", "interactive['action']['parameters']", 20, code=131009)
    minutes = parameters.get("ttl_minutes", 10080)
    if not isinstance(minutes, int) or not 1 <= minutes <= 43200:
        raise bad_value("ttl_minutes must be between 1 and 43200.")


def _call_permission(action: Obj) -> None:
    _named(action, "call_permission_request")


def _contact_info(action: Obj) -> None:
    _named(action, "request_contact_info")


def _anything(action: Obj) -> None:
    """Payments: taken as they are."""


_ACTIONS: dict[str, Callable[[Obj], None]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _cta_url,
    "location_request_message": _location_request,
    "flow": _flow,
    "product": _product,
    "product_list": _product_list,
    "catalog_message": _catalog,
    "carousel": judge_carousel,
    "address_message": _address,
    "voice_call": _voice_call,
    "call_permission_request": _call_permission,
    "request_contact_info": _contact_info,
}
