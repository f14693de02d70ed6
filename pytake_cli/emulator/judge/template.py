"""Judges the shape of a template message; whether it fits the template on file is asked in `fit.py`."""

from __future__ import annotations

import re
from typing import Any

from pytake_cli.emulator.errors import GraphError, bad_value
from pytake_cli.emulator.judge.parts import (
    Obj,
    digits_or_number,
    items,
    media,
    obj,
    one_of,
    optional_items,
    required,
    text,
)

_TEMPLATE = frozenset({"name", "language", "components", "namespace"})
_COMPONENT = frozenset(
    {"type", "sub_type", "index", "parameters", "cards", "limited_time_offer", "tap_target_configuration"}
)
_TYPES = frozenset(
    {"header", "body", "button", "carousel", "limited_time_offer", "tap_target_configuration", "order_status"}
)
SUB_TYPES = frozenset(
    {
        "quick_reply",
        "url",
        "copy_code",
        "flow",
        "catalog",
        "mpm",
        "voice_call",
        "phone_number",
        "request_contact_info",
        "order_details",
        "call_permission_request",
        "otp",
        "spm",
    }
)
_PARAMETERS = frozenset(
    {
        "text",
        "image",
        "video",
        "document",
        "gif",
        "location",
        "product",
        "currency",
        "date_time",
        "payload",
        "coupon_code",
        "action",
        "limited_time_offer",
        "tap_target_configuration",
        "ttl_minutes",
        "order_status",
        "expiration_time_ms",
    }
)
_BAD_SPACE = re.compile(r"[\n\t]| {5,}")


def judge_template(value: Any) -> None:
    found = obj(value, "template", _TEMPLATE)
    text(found, "name", "template", 512)
    language = obj(required(found, "language", "template"), "template['language']", frozenset({"code", "policy"}))
    text(language, "code", "template['language']", 30)
    if language.get("policy", "deterministic") != "deterministic":
        raise bad_value("template['language']['policy'] must be deterministic.")
    for index, component in enumerate(optional_items(found, "components", "template")):
        judge_component(component, f"template['components'][{index}]")


def judge_component(value: Any, path: str) -> None:
    found = obj(value, path, _COMPONENT)
    kind = one_of(str(required(found, "type", path)).lower(), f"{path}['type']", _TYPES)
    if kind == "button":
        one_of(str(required(found, "sub_type", path)).lower(), f"{path}['sub_type']", SUB_TYPES)
        index = required(found, "index", path)
        if not str(index).isdigit() or not 0 <= int(index) <= 9:
            raise bad_value(f"{path}['index'] must be between 0 and 9.")
    if kind == "carousel":
        _cards(found, path)
        return
    for position, parameter in enumerate(optional_items(found, "parameters", path)):
        judge_parameter(parameter, f"{path}['parameters'][{position}]")


def _cards(component: Obj, path: str) -> None:
    for index, one in enumerate(items(component, "cards", path, 1, 10)):
        card = obj(one, f"{path}['cards'][{index}]", frozenset({"card_index", "components"}))
        if not str(card.get("card_index")).isdigit():
            raise bad_value(f"{path}['cards'][{index}]['card_index'] is required.")
        for position, component_ in enumerate(optional_items(card, "components", f"{path}['cards'][{index}]")):
            judge_component(component_, f"{path}['cards'][{index}]['components'][{position}]")


def judge_parameter(value: Any, path: str) -> None:
    found = obj(value, path)
    kind = one_of(str(required(found, "type", path)).lower(), f"{path}['type']", _PARAMETERS)
    match kind:
        case "text":
            _value(text(found, "text", path, 32_768, code=131008), path)
        case "image" | "video" | "document" | "gif":
            media(required(found, kind, path), f"{path}['{kind}']", frozenset({"filename", "caption"}))
        case "location":
            location = obj(required(found, "location", path), f"{path}['location']")
            for key in ("latitude", "longitude"):
                digits_or_number(required(location, key, f"{path}['location']"), f"{path}['location']['{key}']")
        case "currency" | "date_time":
            _value(
                text(
                    obj(required(found, kind, path), f"{path}['{kind}']"), "fallback_value", f"{path}['{kind}']", 1024
                ),
                path,
            )
        case "payload":
            text(found, "payload", path, 256, code=131009)
        case "coupon_code":
            code = text(found, "coupon_code", path, 15, code=131009)
            if not code.isalnum():
                raise bad_value(f"{path}['coupon_code'] must be alphanumeric.")
        case "limited_time_offer":
            offer = obj(required(found, "limited_time_offer", path), f"{path}['limited_time_offer']")
            digits_or_number(required(offer, "expiration_time_ms", path), f"{path}['expiration_time_ms']")
        case _:
            pass  # action, product and the like: taken as they are


def _value(value: str, path: str) -> None:
    if _BAD_SPACE.search(value):
        raise GraphError(
            132018, f"Param text cannot have new-line/tab characters or more than 4 consecutive spaces ({path})"
        )
