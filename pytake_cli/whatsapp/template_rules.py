"""Meta's rules for templates, checked before one is submitted: each has a name, all broken ones come at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pytake_cli.whatsapp.fields import table, tables, word
from pytake_cli.whatsapp.limits import has_emoji

# rule -> what it says
RULES: dict[str, str] = {
    "body-length": "the body has at most 1024 characters (600 with a limited time offer, 160 on a card)",
    "body-missing": "a template needs a body",
    "button-order": "quick replies stand together, before or after all other buttons",
    "buttons-too-many": "at most 10 buttons: 10 quick replies, 2 links, 1 phone, 1 code, and one of each other kind",
    "button-text": "a button's text has 1 to 25 characters",
    "button-type": "the type of a button is one Meta knows",
    "carousel": "a carousel has 2 to 10 cards with the same parts, each with a header, and at most 2 buttons",
    "category": "the category is MARKETING, UTILITY or AUTHENTICATION",
    "code": "the sample of a code to copy has at most 15 characters",
    "component-twice": "every part stands once",
    "component-type": "the type of a part is one Meta knows",
    "expiration": "a code expires after 1 to 90 minutes",
    "example": "every variable needs an example",
    "flow": "a flow button names exactly one of flow_id, flow_name and flow_json",
    "footer": "the footer has 1 to 60 characters and no variables",
    "header-format": "the header's format is TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION, GIF or PRODUCT",
    "header-sample": "a header with a file needs the handle of a sample",
    "header-text": "a header's text has 1 to 60 characters on one line, no emoji, no formatting",
    "header-variables": "a header has at most one variable",
    "language": "the language is a code such as pt_BR",
    "limited-time-offer": "a limited time offer is MARKETING, has 1 to 16 characters, no footer, a code before a link",
    "location-category": "a header with a place is for UTILITY and MARKETING",
    "name": "the name has 1 to 512 characters of a-z, 0-9 and _",
    "otp": "authentication has no header and one OTP button: COPY_CODE, ONE_TAP or ZERO_TAP, with its apps",
    "parameter-format": "parameter_format is POSITIONAL or NAMED",
    "phone": "a phone number has at most 20 characters",
    "spaces": "no tabs, no more than four spaces and two line breaks in a row",
    "ttl": "the time to live is 30-900 s (AUTHENTICATION), 30-43200 s (UTILITY), 43200-2592000 s (MARKETING)",
    "url": "a link begins with http:// or https://, has at most 2000 characters and one variable, at its end",
    "variable-adjacent": "between two variables stand words",
    "variable-density": "a text has at least two words and a bit for each variable",
    "variable-edge": "a variable stands neither first nor last",
    "variable-gap": "numbered variables go from 1 without a gap",
    "variable-mixed": "variables are all numbered or all named",
    "variable-name": "a named variable begins with a letter and has only a-z, 0-9 and _",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a template breaks: where, and what stands there."""

    rule: str
    where: str
    given: str

    def __str__(self) -> str:
        return f"{self.where}: {RULES[self.rule]} ({self.rule}; got {self.given})"


VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z][A-Za-z]{1,3})?")
_VARIABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SPACED = re.compile(r"\t| {5,}|\n{3,}")
_FORMATTING = re.compile(r"[*_~`]\S.*[*_~`]|\n")
_MEDIA = ("IMAGE", "VIDEO", "DOCUMENT", "GIF")
_FORMATS = ("TEXT", *_MEDIA, "LOCATION", "PRODUCT")
_WORDS_PER_VARIABLE = 2  # beside the variables themselves; Meta's measure is not published
_TTL = {"AUTHENTICATION": (30, 900), "UTILITY": (30, 43_200), "MARKETING": (43_200, 2_592_000)}

# button type -> the most of it
BUTTONS: dict[str, int] = {
    "QUICK_REPLY": 10,
    "URL": 2,
    "PHONE_NUMBER": 1,
    "COPY_CODE": 1,
    "FLOW": 1,
    "OTP": 1,
    "CATALOG": 1,
    "MPM": 1,
    "SPM": 1,
    "VOICE_CALL": 1,
    "CALL_PERMISSION_REQUEST": 1,
    "REQUEST_CONTACT_INFO": 1,
    "ORDER_DETAILS": 1,
}
_COMPONENTS = ("HEADER", "BODY", "FOOTER", "BUTTONS", "LIMITED_TIME_OFFER", "CAROUSEL", "CALL_PERMISSION_REQUEST")


def check(draft: dict[str, Any]) -> list[Broken]:
    """Every rule that a template to be created breaks; empty if Meta should take it for review."""
    broken = list(_frame(draft))
    components = tables(draft.get("components"))
    category = str(draft.get("category", "")).upper()
    named = str(draft.get("parameter_format") or "POSITIONAL").upper() == "NAMED"
    broken += _components(components, category, named)
    if category == "AUTHENTICATION":
        broken += _authentication(components)
    return broken


def kind_of(component: dict[str, Any]) -> str:
    """The type of a component in capitals, as Meta reads it."""
    return str(component.get("type", "")).upper()


def _frame(draft: dict[str, Any]) -> Iterator[Broken]:
    name = draft.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield Broken("name", "name", repr(name)[:80])
    category = str(draft.get("category", "")).upper()
    if category not in _TTL:
        yield Broken("category", "category", repr(draft.get("category"))[:80])
    language = draft.get("language")
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        yield Broken("language", "language", repr(language)[:80])
    given = draft.get("parameter_format")
    if given is not None and str(given).upper() not in ("POSITIONAL", "NAMED"):
        yield Broken("parameter-format", "parameter_format", repr(given)[:80])
    ttl = draft.get("message_send_ttl_seconds")
    if ttl is not None and ttl != -1:
        least, most = _TTL.get(category, (30, 2_592_000))
        if not isinstance(ttl, int) or not least <= ttl <= most:
            yield Broken("ttl", "message_send_ttl_seconds", str(ttl))


def _components(components: list[dict[str, Any]], category: str, named: bool) -> Iterator[Broken]:
    kinds = [kind_of(one) for one in components]
    for kind in sorted(set(kinds)):
        if kind not in _COMPONENTS:
            yield Broken("component-type", "components", repr(kind)[:80])
        elif kinds.count(kind) > 1:
            yield Broken("component-twice", "components", kind)
    if "BODY" not in kinds:
        yield Broken("body-missing", "components", ", ".join(kinds) or "none")
    offer = "LIMITED_TIME_OFFER" in kinds
    for one in components:
        match kind_of(one):
            case "HEADER":
                yield from header(one, "header", category, named)
            case "BODY" if category != "AUTHENTICATION":
                yield from body(one, "body", 600 if offer else 1024, named)
            case "FOOTER" if category != "AUTHENTICATION":
                yield from _footer(one)
            case "BUTTONS":
                yield from buttons(one, "buttons")
            case "CAROUSEL":
                yield from _carousel(one, category, named)
            case "LIMITED_TIME_OFFER":
                yield from _offer(one, components, category)
            case _:
                pass  # fixed by Meta, or named above as unknown


def header(raw: dict[str, Any], where: str, category: str, named: bool) -> Iterator[Broken]:
    """Rules of a header."""
    form = str(raw.get("format", "")).upper()
    if form not in _FORMATS:
        yield Broken("header-format", where, repr(raw.get("format"))[:80])
    elif form in _MEDIA:
        if not tables_of_text(table(raw.get("example")).get("header_handle")):
            yield Broken("header-sample", where, "none")
    elif form == "LOCATION" and category == "AUTHENTICATION":
        yield Broken("location-category", where, category)
    elif form == "TEXT":
        text = word(raw.get("text")) or ""
        if not 1 <= len(text) <= 60 or _FORMATTING.search(text) or has_emoji(text):
            yield Broken("header-text", where, f"{len(text)} characters")
        found = VARIABLE.findall(text)
        if len(found) > 1:
            yield Broken("header-variables", where, str(len(found)))
        yield from variables(text, where, named, table(raw.get("example")), "header_text", edges=False)


def body(raw: dict[str, Any], where: str, most: int, named: bool) -> Iterator[Broken]:
    """Rules of a body."""
    text = raw.get("text")
    if not isinstance(text, str) or not text.strip():
        yield Broken("body-missing", where, "no text")
        return
    if len(text) > most:
        yield Broken("body-length", where, f"{len(text)} characters")
    if _SPACED.search(text):
        yield Broken("spaces", where, "a tab or too many in a row")
    yield from variables(text, where, named, table(raw.get("example")), "body_text", edges=True)


def variables(
    text: str, where: str, named: bool, example: dict[str, Any], member: str, *, edges: bool
) -> Iterator[Broken]:
    """Rules of the variables in a text: form, order, place, density, examples."""
    found = VARIABLE.findall(text)
    if text.count("{{") != len(found) or text.count("}}") != len(found):
        yield Broken("variable-name", where, "brackets that do not match")
    if not found:
        return
    numbers = [int(name) for name in found if name.isdigit()]
    if numbers and len(numbers) != len(found):
        yield Broken("variable-mixed", where, ", ".join(found)[:80])
    elif named or not numbers:
        for name in found:
            if not _VARIABLE_NAME.fullmatch(name):
                yield Broken("variable-name", where, repr(name)[:80])
        if not named and not numbers:
            yield Broken("parameter-format", where, "named variables without parameter_format NAMED")
    elif sorted(set(numbers)) != list(range(1, len(set(numbers)) + 1)):
        yield Broken("variable-gap", where, ", ".join(found)[:80])
    if edges:
        yield from _places(text, where, len(found))
    if not _has_examples(example, member, found, named):
        yield Broken("example", where, f"{len(set(found))} variables")


def _places(text: str, where: str, count: int) -> Iterator[Broken]:
    bare = text.strip()
    if bare.startswith("{{") or bare.endswith("}}"):
        yield Broken("variable-edge", where, repr(bare[:20] + "…" + bare[-20:]))
    if re.search(r"\}\}\s*\{\{", text):
        yield Broken("variable-adjacent", where, "two variables side by side")
    words = len([part for part in VARIABLE.sub(" ", text).split() if any(sign.isalnum() for sign in part)])
    if words < _WORDS_PER_VARIABLE * count + 1:
        yield Broken("variable-density", where, f"{count} variables and {words} words")


def _has_examples(example: dict[str, Any], member: str, found: list[str], named: bool) -> bool:
    if named:
        given = {word(one.get("param_name")) for one in tables(example.get(f"{member}_named_params"))}
        return set(found) <= given
    values = example.get(member)
    if isinstance(values, list) and values and isinstance(values[0], list):
        values = values[0]
    return isinstance(values, list) and len([one for one in values if word(one)]) >= len(set(found))


def tables_of_text(value: Any) -> list[str]:
    """The texts of a list, or the text alone."""
    if isinstance(value, str):
        return [value] if value else []
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def _footer(raw: dict[str, Any]) -> Iterator[Broken]:
    text = raw.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= 60 or VARIABLE.search(text):
        yield Broken("footer", "footer", repr(text)[:80])


def buttons(raw: dict[str, Any], where: str, most: int = 10) -> Iterator[Broken]:
    """Rules of the buttons: how many, in which order, and each by its type."""
    found = tables(raw.get("buttons"))
    kinds = [kind_of(one) for one in found]
    over = [kind for kind in sorted(set(kinds)) if kinds.count(kind) > BUTTONS.get(kind, most)]
    if not 1 <= len(found) <= most or over:
        yield Broken("buttons-too-many", where, ", ".join(kinds) or "none")
    replies = [kind == "QUICK_REPLY" for kind in kinds]
    if sum(one != other for one, other in pairwise(replies)) > 1:
        yield Broken("button-order", where, ", ".join(kinds))
    for index, one in enumerate(found):
        yield from _button(one, kinds[index], f"{where}[{index}]")


_FIXED_TEXT = ("COPY_CODE", "OTP", "CATALOG", "MPM", "SPM", "CALL_PERMISSION_REQUEST", "ORDER_DETAILS")


def _button(raw: dict[str, Any], kind: str, where: str) -> Iterator[Broken]:
    if kind not in BUTTONS:
        yield Broken("button-type", where, repr(kind)[:80])
        return
    text = raw.get("text")
    free = text is not None or kind not in _FIXED_TEXT
    if free and not (isinstance(text, str) and 1 <= len(text.strip()) <= len(text) <= 25):
        yield Broken("button-text", where, repr(text)[:80])
    if kind == "URL":
        yield from _link(raw, where)
    elif kind == "PHONE_NUMBER" and not 1 <= len(str(raw.get("phone_number") or "")) <= 20:
        yield Broken("phone", where, repr(raw.get("phone_number"))[:80])
    elif kind == "COPY_CODE":
        sample = tables_of_text(raw.get("example"))
        if not sample or len(sample[0]) > 15:
            yield Broken("code", where, repr(raw.get("example"))[:80])
    elif kind == "FLOW" and sum(key in raw for key in ("flow_id", "flow_name", "flow_json")) != 1:
        yield Broken("flow", where, "none or several")


def _link(raw: dict[str, Any], where: str) -> Iterator[Broken]:
    url = raw.get("url")
    text = url if isinstance(url, str) else ""
    found = VARIABLE.findall(text)
    fits = text.lower().startswith(("http://", "https://")) and len(text) <= 2000 and len(found) <= 1
    if not fits or (found and (found[0] != "1" or not text.endswith("}}"))):
        yield Broken("url", where, repr(text)[:80])
    if found and not tables_of_text(raw.get("example")):
        yield Broken("example", where, "none")


def _carousel(raw: dict[str, Any], category: str, named: bool) -> Iterator[Broken]:
    cards = tables(raw.get("cards"))
    shapes = {tuple(sorted(kind_of(one) for one in tables(card.get("components")))) for card in cards}
    if not 2 <= len(cards) <= 10 or len(shapes) != 1 or not any("HEADER" in shape for shape in shapes):
        yield Broken("carousel", "carousel", f"{len(cards)} cards of {len(shapes)} shapes")
    for index, card in enumerate(cards):
        where = f"carousel.cards[{index}]"
        for one in tables(card.get("components")):
            match kind_of(one):
                case "HEADER":
                    yield from header(one, f"{where}.header", category, named)
                case "BODY":
                    yield from body(one, f"{where}.body", 160, named)
                case "BUTTONS":
                    yield from buttons(one, f"{where}.buttons", most=2)
                case other:
                    yield Broken("carousel", where, repr(other)[:80])


def _offer(raw: dict[str, Any], components: list[dict[str, Any]], category: str) -> Iterator[Broken]:
    text = word(table(raw.get("limited_time_offer")).get("text")) or ""
    kinds = [kind_of(one) for part in components if kind_of(part) == "BUTTONS" for one in tables(part.get("buttons"))]
    footer = any(kind_of(one) == "FOOTER" for one in components)
    ordered = kinds[:2] in (["COPY_CODE", "URL"], ["URL"])
    if category != "MARKETING" or not 1 <= len(text) <= 16 or footer or not ordered:
        yield Broken("limited-time-offer", "limited_time_offer", f"{text!r}, {category}, {', '.join(kinds)}"[:120])


def _authentication(components: list[dict[str, Any]]) -> Iterator[Broken]:
    kinds = [kind_of(one) for one in components]
    found = [one for part in components if kind_of(part) == "BUTTONS" for one in tables(part.get("buttons"))]
    if "HEADER" in kinds or len(found) != 1 or kind_of(found[0]) != "OTP":
        yield Broken("otp", "components", ", ".join(kinds))
    for one in found:
        yield from _otp(one)
    for part in components:
        if kind_of(part) == "FOOTER" and "code_expiration_minutes" in part:
            minutes = part["code_expiration_minutes"]
            if not isinstance(minutes, int) or not 1 <= minutes <= 90:
                yield Broken("expiration", "footer", str(minutes)[:80])


def _otp(raw: dict[str, Any]) -> Iterator[Broken]:
    kind = str(raw.get("otp_type", "")).upper()
    apps = tables(raw.get("supported_apps"))
    known = kind in ("COPY_CODE", "ONE_TAP", "ZERO_TAP")
    fits = len(apps) <= 5 and all(
        1 <= len(str(app.get("package_name") or "")) <= 224 and len(str(app.get("signature_hash") or "")) == 11
        for app in apps
    )
    agreed = kind != "ZERO_TAP" or raw.get("zero_tap_terms_accepted") is True
    if (
        not known
        or not fits
        or not agreed
        or (kind in ("ONE_TAP", "ZERO_TAP") and not (apps or raw.get("package_name")))
    ):
        yield Broken("otp", "buttons", f"{kind or 'no otp_type'} with {len(apps)} apps")
