"""A template as its file would say it: what Meta has becomes YAML that a person can read, change and compare."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from pytake_cli.flow.problems import FlowErrors
from pytake_cli.services import template_files
from pytake_cli.services.template_parts import BY_TYPE, KINDS
from pytake_cli.whatsapp.fields import table, tables, word
from pytake_cli.whatsapp.template_content import comparable, content_hash
from pytake_cli.whatsapp.template_rules import kind_of, tables_of_text
from pytake_cli.whatsapp.template_slots import examples

_ENDINGS = {"IMAGE": "jpg", "VIDEO": "mp4", "GIF": "mp4", "DOCUMENT": "pdf"}


def file_name(name: str, language: str) -> str:
    return f"{name}.{language}.yaml"


def text(
    name: str,
    language: str,
    category: str,
    components: Sequence[dict[str, Any]],
    *,
    parameter_format: str = "",
    ttl_seconds: int | None = None,
) -> str:
    """The file's text; a template that the short form cannot say has its components as Meta writes them."""
    head: dict[str, Any] = {"category": category}
    tail = {"ttl": ttl_seconds} if ttl_seconds is not None else {}
    named = parameter_format.upper() == "NAMED"
    short = _codes(components) if category == "AUTHENTICATION" else _short(name, components, named)
    written = _dump(head | short | tail)
    wanted = content_hash(components, category, parameter_format or "POSITIONAL", ttl_seconds)
    if _says(written, file_name(name, language), wanted):
        return written
    raw = {"parameters": "NAMED"} if named else {}
    return _dump(head | raw | {"components": list(components)} | tail)


def _says(written: str, name: str, wanted: str) -> bool:
    try:
        draft = template_files.read(written.encode(), Path(name), name).draft
    except FlowErrors:
        return False
    return draft_hash(draft) == wanted


def draft_hash(draft: Mapping[str, Any]) -> str:
    """The hash of a file's content, as rows of the store have it."""
    ttl = draft.get("message_send_ttl_seconds")
    return content_hash(draft["components"], draft["category"], draft["parameter_format"], ttl)


def to_compare(draft: Mapping[str, Any]) -> str:
    """Content as lines for people who compare: YAML without samples, in one order."""
    told = {"category": draft["category"], "parameters": draft["parameter_format"]}
    ttl = draft.get("message_send_ttl_seconds")
    told |= {"ttl": ttl} if ttl is not None else {}
    return _dump(told | {"components": comparable(draft["components"], draft["category"])})


def _short(name: str, components: Sequence[dict[str, Any]], named: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in components:
        match kind_of(part):
            case "LIMITED_TIME_OFFER":
                offer = table(part.get("limited_time_offer"))
                told = {"text": offer.get("text"), "expires": offer.get("has_expiration") is True}
                found["offer"] = told["text"] if told["expires"] else told
            case "FOOTER":
                found["footer"] = part.get("text")
            case "CAROUSEL":
                cards = [tables(card.get("components")) for card in tables(part.get("cards"))]
                found["cards"] = [_short(f"{name}_{index}", card, named) for index, card in enumerate(cards, 1)]
            case _:
                found |= _part(name, part)
    shown = _examples(components, named)
    order = ("offer", "header", "body", "footer", "buttons", "examples", "cards")
    found |= {"examples": shown} if shown else {}
    return {key: found[key] for key in order if key in found}


def _part(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    match kind_of(dict(part)):
        case "HEADER":
            return {"header": _header(name, part)}
        case "BODY":
            words = word(part.get("text")) or ""
            return {"body": LiteralScalarString(f"{words}\n") if "\n" in words else words}
        case "BUTTONS":
            return {"buttons": [_button(each) for each in tables(part.get("buttons"))]}
    return {}


def _header(name: str, part: Mapping[str, Any]) -> Any:
    form = str(part.get("format", "TEXT")).upper()
    if form == "TEXT":
        return part.get("text")
    if form not in _ENDINGS:
        return {form.lower(): True}
    handles = tables_of_text(table(part.get("example")).get("header_handle"))
    kept = handles[0] if handles and "::" in handles[0] else f"files/{name}.{_ENDINGS[form]}"
    return {form.lower(): kept}


def _button(raw: dict[str, Any]) -> dict[str, Any]:
    """In the short form if that says all of it, else as Meta writes it."""
    kind = kind_of(raw)
    for member in raw:
        name = BY_TYPE.get((kind, member))
        if name is None or (kind == "FLOW" and member == "text"):
            continue
        rest = {key: value for key, value in raw.items() if key not in ("type", member)}
        if set(rest) <= set(KINDS[name][2]):
            own = tables_of_text(raw[member])
            made = {name: own[0].lower() if name == "otp" and own else own[0] if own else raw[member]}
            return made | {key: _plain(key, value) for key, value in rest.items()}
    return dict(raw)


def _plain(key: str, value: Any) -> Any:
    return (tables_of_text(value) or [""])[0] if key == "example" else value


def _examples(components: Sequence[dict[str, Any]], named: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in components:
        if kind_of(part) == "HEADER" and str(part.get("format", "")).upper() == "TEXT":
            prefix = "" if named else "header."
            found |= {f"{prefix}{name}": value for name, value in examples(part, "header_text", named).items()}
        elif kind_of(part) == "BODY":
            found |= examples(part, "body_text", named)
    return found


def _codes(components: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in components:
        match kind_of(part):
            case "BODY" if part.get("add_security_recommendation"):
                found["security"] = True
            case "FOOTER" if "code_expiration_minutes" in part:
                found["expires_minutes"] = part["code_expiration_minutes"]
            case "BUTTONS":
                found["buttons"] = [_code_button(each) for each in tables(part.get("buttons"))]
            case _:
                pass  # Meta's own words
    return found


def _code_button(raw: dict[str, Any]) -> dict[str, Any]:
    """Meta answers with a link where it was given a button for a code: its address says of which kind."""
    if kind_of(raw) == "OTP":
        return _button(raw)
    address = (word(raw.get("url")) or "").upper()
    kind = next((each for each in ("ONE_TAP", "ZERO_TAP") if each in address), "COPY_CODE").lower()
    return {"otp": kind} | ({"text": raw["text"]} if raw.get("text") else {})


def _dump(value: Mapping[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(dict(value), out)
    return out.getvalue()
