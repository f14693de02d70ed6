"""Judges a template as it is created or edited: name, category, components, variables and their examples."""

from __future__ import annotations

import re
from typing import Any

from pytake_cli.emulator.errors import GraphError, invalid, missing
from pytake_cli.emulator.judge.buttons import judge_buttons
from pytake_cli.emulator.judge.parts import Obj, items, obj, one_of, optional_items

CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,4})?")
_ANY = re.compile(r"\{\{(.*?)\}\}")
_NAMED = re.compile(r"[a-z][a-z0-9_]*")
_FORMATS = ("TEXT", "IMAGE", "VIDEO", "DOCUMENT", "GIF", "LOCATION", "PRODUCT")
_KINDS = frozenset(
    {
        "HEADER",
        "BODY",
        "FOOTER",
        "BUTTONS",
        "CAROUSEL",
        "LIMITED_TIME_OFFER",
        "CALL_PERMISSION_REQUEST",
        "TAP_TARGET_CONFIGURATION",
    }
)
_TTL = {"AUTHENTICATION": (30, 900), "UTILITY": (30, 43_200), "MARKETING": (43_200, 2_592_000)}


def refused(subcode: int, details: str) -> GraphError:
    """Template errors come as code 100 with their number as subcode."""
    title = {2388040: "Character limit exceeded", 2388072: "Message body format is incorrect"}.get(
        subcode, "Invalid parameter"
    )
    error = {"error_user_title": title, "error_user_msg": details, "is_transient": False}
    return GraphError(100, details, message="Invalid parameter", subcode=subcode, extra={"error": error})


def judge_frame(value: Obj) -> tuple[str, str, str]:
    """Name, language and category of a creation."""
    for name in ("name", "category", "language"):
        if not value.get(name):
            raise missing(name)
    if not isinstance(value["name"], str) or not _NAME.fullmatch(value["name"]):
        raise invalid("name", "can only have lowercase letters, digits and underscores, at most 512.")
    language = str(value["language"])
    if not _LANGUAGE.fullmatch(language):
        raise invalid("language", f"is not a supported language: {language}.")
    return value["name"], language, one_of(str(value["category"]).upper(), "category", CATEGORIES)


def judge_ttl(seconds: Any, category: str) -> int | None:
    if seconds is None:
        return None
    low, high = _TTL[category]
    if not isinstance(seconds, int) or not (low <= seconds <= high or (seconds == -1 and category != "MARKETING")):
        raise invalid("message_send_ttl_seconds", f"must be between {low} and {high}.")
    return seconds


def judge_components(value: Any, category: str, *, named: bool) -> list[Obj]:
    """The components, when all is well with them."""
    components = items({"components": value}, "components", "", 1, 10)
    kinds: list[str] = []
    for index, component in enumerate(components):
        kind = one_of(
            str(obj(component, f"components[{index}]").get("type", "")).upper(), f"components[{index}]['type']", _KINDS
        )
        kinds.append(kind)
        _judge_component(kind, component, category, named=named)
    if len(set(kinds)) != len(kinds):
        raise refused(2388047, "Each component may be given once.")
    if "BODY" not in kinds:
        raise refused(2388072, "A body is required.")
    if category == "AUTHENTICATION":
        _judge_authentication(kinds, components)
    if "LIMITED_TIME_OFFER" in kinds and (category != "MARKETING" or "FOOTER" in kinds):
        raise refused(2388047, "Limited-time offers are for marketing templates without a footer.")
    return components


def _judge_component(kind: str, component: Obj, category: str, *, named: bool) -> None:
    match kind:
        case "HEADER":
            _judge_header(component, named=named)
        case "BODY" if category != "AUTHENTICATION":
            text = str(component.get("text") or "")
            _length(text, 1024, 2388072, "Body")
            _judge_body(text, component, named=named)
        case "FOOTER" if category != "AUTHENTICATION":
            text = str(component.get("text") or "")
            _length(text, 60, 2388073, "Footer")
            if _ANY.search(text):
                raise refused(2388073, "The footer cannot have variables.")
        case "BUTTONS":
            judge_buttons(items(component, "buttons", "buttons", 1, 10), refused)
        case "CAROUSEL":
            _judge_carousel(component, named=named)
        case "LIMITED_TIME_OFFER":
            offer = obj(component.get("limited_time_offer"), "limited_time_offer")
            _length(str(offer.get("text") or ""), 16, 2388040, "Limited-time offer")
        case _:
            pass  # nothing more is known about the rest


def _length(text: str, limit: int, subcode: int, what: str) -> None:
    if not text.strip():
        raise refused(subcode, f"{what} text is required.")
    if len(text) > limit:
        raise refused(2388040, f"{what} text has {len(text)} characters; at most {limit} are allowed.")


def _judge_header(component: Obj, *, named: bool) -> None:
    style = one_of(str(component.get("format", "TEXT")).upper(), "format", _FORMATS)
    example = obj(component.get("example") or {}, "example")
    if style == "TEXT":
        text = str(component.get("text") or "")
        _length(text, 60, 2388047, "Header")
        if "\n" in text or re.search(r"[*_~`]", _ANY.sub("", text)):
            raise refused(2388047, "The header cannot have new lines or formatting.")
        found = _variables(text, named=named)
        if len(found) > 1:
            raise refused(2388047, "The header may have one variable.")
        if found and not (example.get("header_text") or example.get("header_text_named_params")):
            raise refused(2388043, "Message templates with a variable need an example.")
    elif style in ("IMAGE", "VIDEO", "DOCUMENT", "GIF") and not (
        example.get("header_handle") or example.get("header_url")
    ):
        raise refused(2388273, f"A sample (header_handle) is required for a header of format {style}.")


def _judge_body(text: str, component: Obj, *, named: bool) -> None:
    found = _variables(text, named=named)
    bare = text.strip()
    if bare.startswith("{{") or bare.endswith("}}"):
        raise refused(2388299, "Variables can't be at the start or end of the template.")
    if re.search(r"\}\}\s*\{\{", text):
        raise refused(2388072, "Two variables cannot stand next to each other.")
    if "\t" in text or "\n\n\n" in text:
        raise refused(2388072, "The body cannot have tabs or more than two consecutive new lines.")
    words = len(_ANY.sub(" ", text).split())
    if found and words < 2 * len(found) + 1:
        raise refused(2388293, "This template has too many variables for its length.")
    example = obj(component.get("example") or {}, "example")
    values = optional_items(example, "body_text_named_params" if named else "body_text", "example")
    if not found:
        return
    if not values:
        raise refused(2388043, "Message templates with variables need examples.")
    given = values if named else values[0] if isinstance(values[0], list) else values
    if len(given) != len(found):
        raise refused(2388043, f"There are {len(given)} examples for {len(found)} variables.")


def _variables(text: str, *, named: bool) -> list[str]:
    """Distinct variables in order; refuses mixed, misnamed and non-consecutive ones."""
    found = list(dict.fromkeys(one.strip() for one in _ANY.findall(text)))
    if text.count("{{") != text.count("}}"):
        raise refused(2388072, "The braces of a variable are not balanced.")
    pattern = _NAMED if named else re.compile(r"\d+")
    if any(not pattern.fullmatch(one) for one in found):
        raise refused(
            2388072, f"Variables of a {'NAMED' if named else 'POSITIONAL'} template are wrong: {', '.join(found)}."
        )
    if not named and found and sorted(map(int, found)) != list(range(1, len(found) + 1)):
        raise refused(2388072, "Variables must be numbered from 1 without gaps.")
    return found


def _judge_authentication(kinds: list[str], components: list[Obj]) -> None:
    if set(kinds) - {"BODY", "FOOTER", "BUTTONS"}:
        raise refused(2388047, "Authentication templates have a body, a footer and one button only.")
    footer = next((one for one in components if str(one.get("type")).upper() == "FOOTER"), {})
    minutes = footer.get("code_expiration_minutes")
    if minutes is not None and not (isinstance(minutes, int) and 1 <= minutes <= 90):
        raise invalid("code_expiration_minutes", "must be between 1 and 90.")


def _judge_carousel(component: Obj, *, named: bool) -> None:
    shapes: set[tuple[str, ...]] = set()
    for index, one in enumerate(items(component, "cards", "carousel", 2, 10)):
        parts = items(obj(one, f"cards[{index}]"), "components", f"cards[{index}]", 1, 4)
        shapes.add(tuple(sorted(str(part.get("type", "")).upper() for part in parts)))
        for part in parts:
            kind = str(part.get("type", "")).upper()
            if kind == "BODY":
                _length(str(part.get("text") or ""), 160, 2388072, "Card body")
                _variables(str(part.get("text") or ""), named=named)
            elif kind == "HEADER":
                _judge_header(part, named=named)
            elif kind == "BUTTONS":
                judge_buttons(items(part, "buttons", "buttons", 1, 2), refused)
    if len(shapes) > 1:
        raise refused(2388047, "All cards must have the same components.")
