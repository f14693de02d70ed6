"""The values that a template wants from each message: what they are called, what fits, an example of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pytake_cli.whatsapp.fields import table, tables, word
from pytake_cli.whatsapp.template_rules import VARIABLE, kind_of, tables_of_text

BODY = 1024  # characters of a body with its values
HEADER = 60
FILES = ("image", "video", "document", "gif")
_BUTTONS = {  # button type -> (kind of value, whether it is needed)
    "QUICK_REPLY": ("payload", False),
    "COPY_CODE": ("coupon", True),
    "FLOW": ("token", False),
    "CATALOG": ("product", False),
    "MPM": ("json", True),
    "ORDER_DETAILS": ("json", True),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One value: `key` is what `--var`, campaigns and files call it; `kind` says how it is checked and sent.

    nome or 1            a variable of the body; of the header as well where variables have names
    header, header.1     the header's file, place, product or words
    button.0             end of the button's address, coupon, payload …
    offer                when a limited time offer ends
    card.0.nome          the same of a carousel's card
    """

    key: str
    kind: str  # text, code, one of FILES, location, catalog, link, coupon, payload, token, product, json, moment
    required: bool = True
    example: str = ""
    aliases: tuple[str, ...] = ()


def slots(components: Sequence[dict[str, Any]], category: str = "", parameter_format: str = "") -> list[Slot]:
    """Every value the template takes, in the order in which it is read."""
    named = parameter_format.upper() == "NAMED"
    if category.upper() == "AUTHENTICATION":
        return [Slot("1", "code", True, "123456", ("code",))]
    found: dict[str, Slot] = {}
    for slot in _slots(components, named):
        found.setdefault(slot.key, slot)
    return list(found.values())


def names(text: Any) -> Sequence[str]:
    """The variables of a text, each once."""
    return _names(text) if isinstance(text, str) else ()


@lru_cache(maxsize=512)
def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(VARIABLE.findall(text)))


def _slots(components: Sequence[dict[str, Any]], named: bool) -> Iterator[Slot]:
    for one in sorted(components, key=lambda part: kind_of(part) != "HEADER"):
        match kind_of(one):
            case "HEADER":
                yield from _header(one, named)
            case "BODY":
                samples = examples(one, "body_text", named)
                for name in names(one.get("text")):
                    yield Slot(name, "text", True, samples.get(name, ""))
            case "BUTTONS":
                for index, button in enumerate(tables(one.get("buttons"))):
                    yield from _button(index, button)
            case "LIMITED_TIME_OFFER":
                if table(one.get("limited_time_offer")).get("has_expiration"):
                    yield Slot("offer", "moment", True, "2030-01-31T23:59:00-03:00", ("offer.expires",))
            case "CAROUSEL":
                for index, card in enumerate(tables(one.get("cards"))):
                    for slot in _slots(tables(card.get("components")), named):
                        others = tuple(f"card.{index}.{alias}" for alias in slot.aliases)
                        yield Slot(f"card.{index}.{slot.key}", slot.kind, slot.required, slot.example, others)
            case _:
                pass  # wants nothing


def _header(raw: dict[str, Any], named: bool) -> Iterator[Slot]:
    form = str(raw.get("format", "")).lower()
    if form == "text":
        samples = examples(raw, "header_text", named)
        for name in names(raw.get("text")):
            key, other = (name, f"header.{name}") if named else (f"header.{name}", "header")
            yield Slot(key, "text", True, samples.get(name, ""), ("header", other) if named else (other,))
    elif form in FILES:
        handles = tables_of_text(table(raw.get("example")).get("header_handle"))
        link = handles[0] if handles and handles[0].startswith("https://") else ""
        yield Slot("header", form, True, link)
        if form == "document":
            yield Slot("header.filename", "filename", False)
    elif form == "location":
        yield Slot("header", "location", True, "-23.5614,-46.6559,Loja Sul,Avenida Paulista 1000")
    elif form == "product":
        yield Slot("header", "catalog", True, "1234567890/SKU1")


def _button(index: int, raw: dict[str, Any]) -> Iterator[Slot]:
    key, kind = f"button.{index}", kind_of(raw)
    url, samples = word(raw.get("url")) or "", tables_of_text(raw.get("example"))
    if kind == "URL" and names(url):
        start = url.partition("{{")[0]
        yield Slot(key, "link", True, samples[0].removeprefix(start) if samples else "", (f"{key}.url",))
    elif kind in _BUTTONS:
        what, required = _BUTTONS[kind]
        yield Slot(key, what, required, samples[0] if samples else "", (f"{key}.{kind.lower()}",))
        if kind == "FLOW":
            yield Slot(f"{key}.data", "json", False)


def examples(raw: dict[str, Any], member: str, named: bool) -> dict[str, str]:
    """Variable -> its example."""
    example = table(raw.get("example"))
    if named:
        rows = tables(example.get(f"{member}_named_params"))
        return {word(row.get("param_name")) or "": word(row.get("example")) or "" for row in rows}
    given = example.get(member)
    if isinstance(given, list) and given and isinstance(given[0], list):
        given = given[0]
    values = given if isinstance(given, list) else []
    return {str(place): value for place, value in enumerate(values, 1) if isinstance(value, str)}
