"""Does a template message fit the template on file? Existence, status, parameters, buttons, cards."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytake_cli.emulator.errors import GraphError

if TYPE_CHECKING:
    from pytake_cli.emulator.numbers import Waba
    from pytake_cli.emulator.templates import Template
    from pytake_cli.emulator.world import World

Obj = dict[str, Any]
_VARIABLE = re.compile(r"\{\{\s*([a-z0-9_]+)\s*\}\}", re.IGNORECASE)
_SUB_TYPES = {
    "QUICK_REPLY": "quick_reply",
    "URL": "url",
    "OTP": "url",
    "COPY_CODE": "copy_code",
    "FLOW": "flow",
    "CATALOG": "catalog",
    "MPM": "mpm",
    "SPM": "spm",
    "VOICE_CALL": "voice_call",
    "PHONE_NUMBER": "phone_number",
    "REQUEST_CONTACT_INFO": "request_contact_info",
}
BODY_LIMIT = 1024


@lru_cache(maxsize=1024)
def variables(text: str) -> tuple[str, ...]:
    """The distinct variables of a text, in order."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text or "")))


@lru_cache(maxsize=1024)
def _fixed(text: str) -> int:
    """How many characters stand around the variables."""
    return len(_VARIABLE.sub("", text))


def fit(world: World, waba: Waba, content: Obj) -> Template:
    """The template on file, when the message fits it; else Meta's error."""
    name, language = content["name"], content["language"]["code"]
    template = world.templates.named(waba, name, language)
    if template is None or template.status not in ("APPROVED", "PAUSED", "DISABLED"):
        raise GraphError(132001, f"template name ({name}) does not exist in {language}")
    if template.status == "PAUSED":
        raise GraphError(132015, f"Template {name} is paused due to low quality.")
    if template.status == "DISABLED":
        raise GraphError(132016, f"Template {name} is permanently disabled due to low quality.")
    components = list(content.get("components") or [])
    _fit_components(template.components, components, template.parameter_format == "NAMED", template.category)
    return template


def _fit_components(definition: list[Obj], components: list[Obj], named: bool, category: str) -> None:
    given = {
        str(one.get("type", "")).lower(): one for one in components if str(one.get("type", "")).lower() != "button"
    }
    on_file = {str(one.get("type", "")).upper(): one for one in definition}
    for kind in given:
        if kind in ("header", "body", "carousel", "limited_time_offer") and kind.upper() not in on_file:
            raise GraphError(
                132000, f"{kind}: number of localizable_params does not match the expected number of params (0)"
            )
    _fit_header(on_file.get("HEADER"), given.get("header"), named)
    _fit_body(on_file.get("BODY"), given.get("body"), named)
    _fit_buttons(
        list((on_file.get("BUTTONS") or {}).get("buttons", [])), [one for one in components if _is_button(one)]
    )
    if "LIMITED_TIME_OFFER" in on_file and on_file["LIMITED_TIME_OFFER"].get("limited_time_offer", {}).get(
        "has_expiration"
    ):
        _count(1, given.get("limited_time_offer"), "limited_time_offer")
    if "CAROUSEL" in on_file:
        _fit_carousel(on_file["CAROUSEL"], given.get("carousel"), named, category)


def _is_button(component: Obj) -> bool:
    return str(component.get("type", "")).lower() == "button"


def _parameters(component: Obj | None) -> list[Obj]:
    return list((component or {}).get("parameters") or [])


def _count(expected: int, component: Obj | None, where: str) -> list[Obj]:
    found = _parameters(component)
    if len(found) != expected:
        raise GraphError(
            132000,
            f"{where}: number of localizable_params ({len(found)}) does not match "
            f"the expected number of params ({expected})",
        )
    return found


def _fit_header(definition: Obj | None, component: Obj | None, named: bool) -> None:
    if definition is None:
        return
    style = str(definition.get("format", "TEXT")).upper()
    if style == "TEXT":
        _fit_text(definition.get("text", ""), component, named, "header")
        return
    if style in ("IMAGE", "VIDEO", "DOCUMENT", "GIF", "LOCATION", "PRODUCT"):
        found = _parameters(component)
        if not found:
            raise GraphError(132012, f"header: Format mismatch, expected {style}, received UNKNOWN")
        kind = str(found[0].get("type", "")).upper()
        if len(found) != 1 or kind != style:
            raise GraphError(132012, f"header: Format mismatch, expected {style}, received {kind}")


def _fit_body(definition: Obj | None, component: Obj | None, named: bool) -> None:
    if definition is None:
        return
    text = definition.get("text", "")
    values = _fit_text(text, component, named, "body")
    filled = _fixed(text) + sum(len(value) for value in values)
    if filled > BODY_LIMIT:
        raise GraphError(132005, f"body: Translated text too long ({filled} > {BODY_LIMIT})")


def _fit_text(text: str, component: Obj | None, named: bool, where: str) -> list[str]:
    wanted = variables(text)
    found = _count(len(wanted), component, where)
    for parameter in found:
        if parameter.get("type") not in ("text", "currency", "date_time"):
            raise GraphError(
                132012, f"{where}: Format mismatch, expected TEXT, received {str(parameter.get('type')).upper()}"
            )
    if named and wanted:
        names = [parameter.get("parameter_name") for parameter in found]
        if sorted(map(str, names)) != sorted(wanted):
            raise GraphError(100, f"{where}: Parameter name is missing or empty, expected {', '.join(wanted)}")
    return [str(one.get("text") or (one.get(str(one["type"])) or {}).get("fallback_value", "")) for one in found]


def _fit_buttons(definition: list[Obj], components: list[Obj]) -> None:
    given: dict[int, Obj] = {}
    for component in components:
        index = int(component.get("index", -1))
        if index >= len(definition):
            raise GraphError(
                132000, f"buttons: there is no button at index {index}, the template has {len(definition)}"
            )
        if index in given:
            raise GraphError(132000, f"buttons: button at index {index} is given twice")
        given[index] = component
    for index, button in enumerate(definition):
        _fit_button(index, button, given.get(index))


def _fit_button(index: int, button: Obj, component: Obj | None) -> None:
    kind = str(button.get("type", "")).upper()
    where = f"button at index {index}"
    if component is not None:
        sub_type = str(component.get("sub_type", "")).lower()
        wanted = _SUB_TYPES.get(kind, sub_type)
        if sub_type not in (wanted, kind.lower()):
            raise GraphError(132012, f"{where}: Button type mismatch, expected {wanted}, received {sub_type}")
    if kind == "OTP" or (kind == "URL" and variables(str(button.get("url", "")))):
        if component is None:
            raise GraphError(131008, f"buttons: Button at index {index} of type Url requires a parameter")
        found = _count(1, component, where)
        if found[0].get("type") != "text":
            raise GraphError(
                132012, f"{where}: Format mismatch, expected TEXT, received {str(found[0].get('type')).upper()}"
            )
    elif kind == "COPY_CODE":
        if component is None:
            raise GraphError(131008, f"buttons: Button at index {index} of type CopyCode requires a parameter")
        if _count(1, component, where)[0].get("type") not in ("coupon_code", "text"):
            raise GraphError(132012, f"{where}: Format mismatch, expected COUPON_CODE")
    elif kind in ("URL", "PHONE_NUMBER", "VOICE_CALL") and _parameters(component):
        _count(0, component, where)


def _fit_carousel(definition: Obj, component: Obj | None, named: bool, category: str) -> None:
    wanted: list[Obj] = list(definition.get("cards", []))
    cards: list[Obj] = list((component or {}).get("cards") or [])
    if len(cards) != len(wanted):
        raise GraphError(
            132012,
            f"carousel: number of cards ({len(cards)}) does not match the expected number of cards ({len(wanted)})",
        )
    for card_definition, card in zip(wanted, cards, strict=True):
        _fit_components(card_definition.get("components", []), card.get("components") or [], named, category)
