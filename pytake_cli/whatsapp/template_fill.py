"""The one renderer of templates: a definition and values by name become the message, or one error with all misfits."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import orjson

from pytake_cli.errors import InvalidData
from pytake_cli.flow.problems import Phrase
from pytake_cli.locale import _
from pytake_cli.whatsapp import template_messages as wire
from pytake_cli.whatsapp.fields import table, tables, word
from pytake_cli.whatsapp.outgoing import Outgoing
from pytake_cli.whatsapp.template_rules import VARIABLE, kind_of
from pytake_cli.whatsapp.template_slots import BODY, FILES, HEADER, Slot, names, slots

COUNT, TOO_LONG, KIND, SPACES = 132000, 132005, 132012, 132018  # what Meta would answer
PLAIN = ("text", "code", "link", "coupon", "payload")  # kinds of value of which nothing is left to check in the message
_SPACES = re.compile(r"[\n\r\t]| {5,}")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PLACE = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*(?:,\s*([^,]+?)\s*(?:,\s*(.+?)\s*)?)?")


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that is missing, unknown or does not fit, and the error that Meta would send."""

    code: int
    key: str
    text: str


@dataclass(slots=True)
class _Filling:
    """Values on their way into a message."""

    wanted: dict[str, Slot]
    values: dict[str, str] = field(default_factory=dict)  # by the slots' keys
    misfits: list[Misfit] = field(default_factory=list)

    def refuse(self, code: int, key: str, text: Phrase, **values: Any) -> None:
        self.misfits.append(Misfit(code, key, _(text).format(key=key, **values)))


class Renderer:
    """A template made ready to be filled in many times."""

    def __init__(
        self,
        name: str,
        language: str,
        components: Sequence[dict[str, Any]],
        *,
        category: str = "",
        parameter_format: str = "",
    ) -> None:
        self._name, self._language, self._components, self._category = name, language, components, category
        self._named = parameter_format.upper() == "NAMED"
        self._wanted = slots(components, category, parameter_format)
        self._slots = {slot.key: slot for slot in self._wanted}
        aliases = {alias: slot.key for slot in self._wanted for alias in slot.aliases}
        self._by_name = aliases | {slot.key: slot.key for slot in self._wanted}
        self._is_plain = all(slot.kind in PLAIN for slot in self._wanted)
        self._shape_fits = False  # every message of a plain template has the same

    def message(self, values: Mapping[str, str]) -> Outgoing:
        """The template filled in. Raises PT-TEMPLATE-VALUES with everything that Meta would refuse about the values."""
        filling = self._sorted(values)
        sent = _components(self._components, filling, self._category, self._named)
        if filling.misfits:
            raise InvalidData(
                "PT-TEMPLATE-VALUES",
                "the values do not fit the template {name}: {misfits}",
                why="it takes {wanted}" if self._wanted else "it takes no values",
                fix="pytake template preview {name}",
                name=self._name,
                misfits="; ".join(each.text for each in filling.misfits[:5]),
                wanted=", ".join(slot.key if slot.required else f"[{slot.key}]" for slot in self._wanted),
                keys=[each.key for each in filling.misfits],
                code=filling.misfits[0].code,
            )
        made = wire.template(self._name, self._language, sent)
        if not self._shape_fits:
            wire.check_template_message(made.body["template"])  # what stands in JSON values
            self._shape_fits = self._is_plain
        return made

    def _sorted(self, given: Mapping[str, str]) -> _Filling:
        """Each value at its slot; what is missing or belongs nowhere is a misfit."""
        filling = _Filling(self._slots)
        for name, value in given.items():
            key = self._by_name.get(name)
            if key is None:
                self._refuse_unknown(filling, name)
            else:
                filling.values[key] = value
        for slot in self._wanted:
            present = filling.values.get(slot.key)
            if present is None or (not present.strip() and not slot.required):
                filling.values.pop(slot.key, None)
                if slot.required:
                    filling.refuse(COUNT, slot.key, Phrase("{key} is missing"))
            elif not present.strip():
                filling.refuse(COUNT, slot.key, Phrase("{key} is empty: give it a default"))
            else:
                _check(filling, slot, present)
        return filling

    def _refuse_unknown(self, filling: _Filling, name: str) -> None:
        near = difflib.get_close_matches(name, self._by_name, 1, 0.6)
        text = Phrase("there is no value {key}; did you mean {near}?") if near else Phrase("there is no value {key}")
        filling.refuse(COUNT, name, text, near=near[0] if near else "")


def _check(filling: _Filling, slot: Slot, value: str) -> None:
    """What can be said of a value alone."""
    if _CONTROLS.search(value):
        filling.refuse(KIND, slot.key, Phrase("{key} holds characters that no message can carry"))
    elif slot.kind in ("text", "code", "link", "coupon") and _SPACES.search(value):
        filling.refuse(SPACES, slot.key, Phrase("{key} has a line break, a tab or more than 4 spaces in a row"))
    elif slot.key.startswith("card.") and value.startswith("media:"):  # one file a message is uploaded on the way
        filling.refuse(KIND, slot.key, Phrase("{key} is a file of a card: https://…, or the id of an upload at Meta"))
    elif slot.kind in _FITS:
        fits, text = _FITS[slot.kind]
        if not fits(value):
            filling.refuse(KIND, slot.key, text)


def _is_file(value: str) -> bool:
    """An address, Meta's id of an upload, or media:12 for a file of the store."""
    if value.removeprefix("media:").isascii() and value.removeprefix("media:").isdigit():
        return len(value) <= 40
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(host) and not any(map(str.isspace, value)) and len(value) <= 2000


def _moment(value: str) -> int | None:
    """Milliseconds since 1970, from those or from a time with its zone."""
    if value.isascii() and value.isdigit():
        return int(value) if len(value) == 13 and value[0] != "0" else None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int(moment.timestamp() * 1000) if moment.tzinfo and moment.year > 2001 else None


def _place(value: str) -> dict[str, Any] | None:
    found = _PLACE.fullmatch(value)
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        return None
    place = {"latitude": float(found[1]), "longitude": float(found[2]), "name": found[3], "address": found[4]}
    return {name: part for name, part in place.items() if part is not None}


def _object(value: str) -> bool:
    try:
        return isinstance(orjson.loads(value), dict)
    except orjson.JSONDecodeError:
        return False


# kind -> (whether the value fits, what is said when it does not)
_FITS: dict[str, tuple[Callable[[str], Any], Phrase]] = {
    "code": (
        lambda value: len(value) <= wire.CODE and value.isascii() and not any(sign in value for sign in " /:"),
        Phrase("{key} is no code: at most 15 letters and digits"),
    ),
    "coupon": (
        lambda value: len(value) <= wire.COUPON and value.isalnum(),
        Phrase("{key} is no coupon: at most 15 letters and digits"),
    ),
    "link": (
        lambda value: not any(map(str.isspace, value)),
        Phrase("{key} is the end of an address and has no spaces"),
    ),
    "payload": (lambda value: len(value) <= wire.PAYLOAD, Phrase("{key} has more than 128 characters")),
    "location": (_place, Phrase("{key} is a place: LAT,LON,NAME,ADDRESS")),
    "catalog": (
        lambda value: all(1 <= len(part) <= 100 for part in value.partition("/")[::2]),
        Phrase("{key} is a product: CATALOG/PRODUCT"),
    ),
    "moment": (_moment, Phrase("{key} is a time with its zone, such as 2026-12-01T23:59:00-03:00")),
    "product": (lambda value: len(value) <= 100, Phrase("{key} has more than 100 characters")),
    "json": (_object, Phrase("{key} is a JSON object")),
    **dict.fromkeys(FILES, (_is_file, Phrase("{key} is a file: https://…, media:ID, or the id of an upload at Meta"))),
}


def _components(
    definition: Sequence[dict[str, Any]], filling: _Filling, category: str, named: bool, at: str = ""
) -> list[dict[str, Any]]:
    """The parts that carry values, in the order in which Meta shows them."""
    values = filling.values
    if category.upper() == "AUTHENTICATION":
        code = values.get("1", "")
        found = [one for part in definition for one in tables(part.get("buttons"))]
        return [wire.body([code]), *(wire.url_button(index, code) for index in range(len(found)))]
    made: list[dict[str, Any]] = []
    for one in definition:
        match kind_of(one):
            case "HEADER":
                made += _header(one, filling, named, at)
            case "BODY":
                made += _text(one, filling, named, at, BODY, "body")
            case "BUTTONS":
                for index, button in enumerate(tables(one.get("buttons"))):
                    made += _button(index, button, filling, at)
            case "LIMITED_TIME_OFFER" if "offer" in values:
                made.append(wire.limited_time_offer(_moment(values["offer"]) or 0))
            case "CAROUSEL":
                cards = [tables(card.get("components")) for card in tables(one.get("cards"))]
                parts = [_components(card, filling, "", named, f"card.{index}.") for index, card in enumerate(cards)]
                made.append(wire.carousel(parts))
            case _:
                pass  # carries nothing
    return made


def _text(
    raw: dict[str, Any], filling: _Filling, named: bool, prefix: str, most: int, part: str
) -> list[dict[str, Any]]:
    """A body or the words of a header; `prefix` stands before the keys of its values."""
    read = _variables(word(raw.get("text")) or "")
    given = {name: filling.values.get(f"{prefix}{name}", "") for name in read.names}
    length = read.fixed + sum([len(given[name]) for name in read.places])
    if length > most and given:
        text = Phrase("the {part} has {length} characters with its values, and at most {most} are allowed")
        filling.refuse(TOO_LONG, f"{prefix}{part}", text, part=part, length=length, most=most)
    if not given:
        return []
    return [{"type": part, "parameters": wire.texts(given if named else [given[name] for name in read.in_order])}]


@dataclass(frozen=True, slots=True)
class _Variables:
    """What there is to fill in a text: worked out once, as a million people get it."""

    names: Sequence[str]
    in_order: Sequence[str]  # of their numbers
    places: Sequence[str]  # a name as often as it stands there
    fixed: int  # characters around them


@lru_cache(maxsize=512)
def _variables(text: str) -> _Variables:
    every = names(text)
    return _Variables(every, sorted(every, key=_number), VARIABLE.findall(text), len(VARIABLE.sub("", text)))


def _number(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isascii() and name.isdigit() else (10**6, name)


def _header(raw: dict[str, Any], filling: _Filling, named: bool, at: str) -> list[dict[str, Any]]:
    form = str(raw.get("format", "")).lower()
    if form == "text":
        return _text(raw, filling, named, at if named else f"{at}header.", HEADER, "header")
    value = filling.values.get(f"{at}header")
    if value is None or any(each.key == f"{at}header" for each in filling.misfits):
        return []
    if form == "location":
        return [{"type": "header", "parameters": [{"type": "location", "location": _place(value)}]}]
    if form == "product":
        catalog, _slash, product = value.partition("/")
        return [wire.header_product(catalog, product)]
    file = {"link": value} if "://" in value else {"id": value}
    if filename := filling.values.get(f"{at}header.filename"):
        file["filename"] = filename
    return [{"type": "header", "parameters": [{"type": form, form: file}]}]


def _button(index: int, raw: dict[str, Any], filling: _Filling, at: str) -> list[dict[str, Any]]:
    key = f"{at}button.{index}"
    value, data = filling.values.get(key), filling.values.get(f"{key}.data")
    if value is None and data is None:
        return []
    kind = kind_of(raw)
    if kind == "URL" and value is not None:
        start = (word(raw.get("url")) or "").partition("{{")[0]
        if len(start) + len(value) > wire.URL:
            filling.refuse(TOO_LONG, key, Phrase("the address of {key} has more than 2000 characters"))
        return [wire.url_button(index, value)]
    if any(each.key in (key, f"{key}.data") for each in filling.misfits):
        return []
    if kind == "QUICK_REPLY" and value is not None:
        return [wire.quick_reply(index, value)]
    if kind == "COPY_CODE" and value is not None:
        return [wire.copy_code(index, value)]
    if kind == "FLOW":
        return [wire.flow_button(index, value, table(orjson.loads(data)) if data else None)]
    if kind == "CATALOG" and value is not None:
        return [wire.catalog_button(index, value)]
    action = {"type": "action", "action": orjson.loads(value or "{}")}
    return [{"type": "button", "sub_type": kind.lower(), "index": str(index), "parameters": [action]}]
