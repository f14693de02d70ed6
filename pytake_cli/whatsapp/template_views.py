"""What a template looks like with its values filled in, and whether a message brings the values it wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pytake_cli.whatsapp.fields import table, tables, word
from pytake_cli.whatsapp.template_messages import Values
from pytake_cli.whatsapp.template_rules import VARIABLE, kind_of


@dataclass(frozen=True, slots=True)
class Preview:
    """A template as its reader sees it; `cards` for a carousel."""

    header: str
    body: str
    footer: str
    buttons: tuple[str, ...]
    cards: tuple[Preview, ...] = ()

    @property
    def text(self) -> str:
        """All of it as plain text, part by part."""
        links = "\n".join(f"[{label}]" for label in self.buttons)
        parts = [self.header, self.body, self.footer, links, *(card.text for card in self.cards)]
        return "\n\n".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The variables of a template: names or numbers by part; `files` is the kind of file the header wants."""

    header: tuple[str, ...]
    body: tuple[str, ...]
    links: tuple[int, ...]
    file: str | None


def render(components: Sequence[dict[str, Any]], values: Values | Sequence[dict[str, Any]] = ()) -> Preview:
    """The template filled in: `values` are the body's, or the components of a message. Values are read only once."""
    sent = [one for one in values if isinstance(one, dict)] if not isinstance(values, dict) else []
    if not sent:
        plain = values if isinstance(values, dict) else [str(one) for one in values]
        return _preview(components, lambda part: plain if part == "BODY" else [], lambda _index: None, [])
    return _of_message(components, sent)


def wanted(components: Sequence[dict[str, Any]]) -> Wanted:
    """Which values a message must bring."""
    header = next((one for one in components if kind_of(one) == "HEADER"), {})
    form = str(header.get("format", "")).upper()
    return Wanted(
        _names(header.get("text")) if form == "TEXT" else (),
        tuple(name for one in components if kind_of(one) == "BODY" for name in _names(one.get("text"))),
        tuple(
            index
            for one in components
            if kind_of(one) == "BUTTONS"
            for index, button in enumerate(tables(one.get("buttons")))
            if _names(button.get("url")) or kind_of(button) in ("OTP", "COPY_CODE")
        ),
        form.lower() if form in ("IMAGE", "VIDEO", "DOCUMENT", "GIF", "LOCATION", "PRODUCT") else None,
    )


def misfits(components: Sequence[dict[str, Any]], message: Sequence[dict[str, Any]]) -> list[str]:
    """What Meta would answer with 132000 or 132012: values missing, too many, or of another kind, in plain words."""
    want = wanted(components)
    given = {kind_of(one): one for one in message if kind_of(one) != "BUTTON"}
    found = [
        *_compare("header", want.header, tables(table(given.get("HEADER")).get("parameters")), want.file),
        *_compare("body", want.body, tables(table(given.get("BODY")).get("parameters")), None),
    ]
    pressed = {str(one.get("index")) for one in message if kind_of(one) == "BUTTON"}
    found += [f"button {index} wants a value" for index in want.links if str(index) not in pressed]
    return found


def _compare(part: str, names: tuple[str, ...], given: list[dict[str, Any]], file: str | None) -> list[str]:
    if file is not None:
        kinds = [word(one.get("type")) for one in given]
        return [] if kinds == [file] else [f"the {part} wants one {file}"]
    different = set(names)
    if any("parameter_name" in one for one in given) or not all(name.isdigit() for name in names):
        called = {word(one.get("parameter_name")) or "?" for one in given}
        return [
            *(f"the {part} wants a value for {name}" for name in sorted(different - called)),
            *(f"the {part} has no variable {name}" for name in sorted(called - different)),
        ]
    if len(given) != len(different):
        return [f"the {part} wants {len(different)} values and got {len(given)}"]
    return []


def _of_message(components: Sequence[dict[str, Any]], sent: list[dict[str, Any]]) -> Preview:
    parts = {kind_of(one): _values(tables(one.get("parameters"))) for one in sent if kind_of(one) != "BUTTON"}
    pressed = {
        str(one.get("index")): _values(tables(one.get("parameters"))) for one in sent if kind_of(one) == "BUTTON"
    }
    cards = [tables(card.get("components")) for one in sent for card in tables(one.get("cards"))]
    return _preview(components, lambda part: parts.get(part, []), lambda index: pressed.get(str(index)), cards)


def _values(parameters: list[dict[str, Any]]) -> Values:
    shown = [_shown(one) for one in parameters]
    if parameters and all("parameter_name" in one for one in parameters):
        return {word(one["parameter_name"]) or "": value for one, value in zip(parameters, shown, strict=True)}
    return shown


def _shown(parameter: dict[str, Any]) -> str:
    kind = word(parameter.get("type")) or ""
    inner = table(parameter.get(kind))
    plain = (parameter.get("text"), inner.get("fallback_value"), parameter.get("coupon_code"), inner.get("link"))
    return next((found for found in map(word, plain) if found), kind)


def _preview(
    components: Sequence[dict[str, Any]],
    of_part: Callable[[str], Values],
    of_button: Callable[[int], Values | None],
    cards: list[list[dict[str, Any]]],
) -> Preview:
    header = body = footer = ""
    labels: list[str] = []
    shown: list[Preview] = []
    for one in components:
        match kind_of(one):
            case "HEADER":
                header = _header(one, of_part("HEADER"))
            case "BODY":
                body = "\n\n".join(filter(None, (body, fill(word(one.get("text")) or "", of_part("BODY")))))
            case "LIMITED_TIME_OFFER":
                body = word(table(one.get("limited_time_offer")).get("text")) or ""  # it stands above the words
            case "FOOTER":
                footer = word(one.get("text")) or ""
            case "BUTTONS":
                labels += [_label(button, of_button(at)) for at, button in enumerate(tables(one.get("buttons")))]
            case "CAROUSEL":
                own = [tables(card.get("components")) for card in tables(one.get("cards"))]
                filled = [*cards, *([] for _ in own)]
                shown += [_of_message(parts, filled[at]) for at, parts in enumerate(own)]
            case _:
                pass  # nothing to see
    return Preview(header, body, footer, tuple(labels), tuple(shown))


def _header(raw: dict[str, Any], values: Values) -> str:
    if str(raw.get("format", "")).upper() == "TEXT":
        return fill(word(raw.get("text")) or "", values)
    return f"[{str(raw.get('format', '')).lower()}]"


def _label(button: dict[str, Any], values: Values | None) -> str:
    text = word(button.get("text")) or kind_of(button).lower().replace("_", " ")
    url = word(button.get("url")) if kind_of(button) != "OTP" else None  # whose address is Meta's own
    return f"{text}: {fill(url, values or [])}" if url else text


def fill(text: str, values: Values) -> str:
    """The text with its variables replaced, in one pass; a variable without a value stays as it is."""
    named = values if isinstance(values, dict) else {str(place): value for place, value in enumerate(values, 1)}
    return VARIABLE.sub(lambda found: named.get(found.group(1), found.group(0)), text)


def _names(text: Any) -> tuple[str, ...]:
    return tuple(VARIABLE.findall(text)) if isinstance(text, str) else ()
