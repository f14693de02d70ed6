"""The buttons of a template file: `- reply: Parar` becomes what Meta calls a QUICK_REPLY."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytake_cli.flow.positions import Path as At
from pytake_cli.flow.problems import Phrase, near
from pytake_cli.whatsapp.template_rules import BUTTONS

if TYPE_CHECKING:
    from pytake_cli.services.template_files import Written

# what a button is called here -> its type, the member that the word becomes, and what else it may have
KINDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "reply": ("QUICK_REPLY", "text", ()),
    "url": ("URL", "url", ("text", "example")),
    "phone": ("PHONE_NUMBER", "phone_number", ("text",)),
    "coupon": ("COPY_CODE", "example", ("text",)),
    "flow": ("FLOW", "flow_id", ("text", "flow_action", "navigate_screen", "icon")),
    "flow_name": ("FLOW", "flow_name", ("text", "flow_action", "navigate_screen", "icon")),
    "otp": ("OTP", "otp_type", ("text", "autofill_text", "supported_apps", "zero_tap_terms_accepted")),
    "catalog": ("CATALOG", "text", ()),
    "products": ("MPM", "text", ()),
    "call": ("VOICE_CALL", "text", ("ttl_minutes",)),
    "contact": ("REQUEST_CONTACT_INFO", "text", ()),
}
BY_TYPE = {(kind, member): name for name, (kind, member, _others) in KINDS.items()}


def expects(written: Written, at: At, what: Phrase) -> None:
    """Notes that something else was meant to stand there."""
    written.say("PT-TEMPLATE-VALUE", "here stands {what}", at, what=what)


def buttons(written: Written, given: Sequence[Mapping[str, Any]], at: At) -> list[dict[str, Any]]:
    """The buttons in Meta's shape; `type: …` takes one as Meta writes it."""
    return [_button(written, each, (*at, index)) for index, each in enumerate(given)]


def _button(written: Written, given: Mapping[str, Any], at: At) -> dict[str, Any]:
    if "type" in given:
        return dict(given) | {"type": str(given["type"]).upper()}
    name = next((key for key in given if key in KINDS), None)
    if name is None:
        meant = near(next(iter(given), ""), KINDS)
        written.say(
            "PT-TEMPLATE-VALUE",
            "a button is one of {kinds}",
            at,
            fix="did you mean `{meant}`?" if meant else "",
            kinds=", ".join(KINDS),
            meant=meant,
        )
        return {"type": next(iter(BUTTONS)), "text": "?"}
    kind, member, others = KINDS[name]
    for key in given:
        if key not in (name, *others):
            written.say(
                "PT-TEMPLATE-KEY",
                "a button of `{name}` has no key `{key}`",
                (*at, key),
                fix="there are {known}" if others else "",
                name=name,
                key=key,
                known=", ".join(others),
            )
    made: dict[str, Any] = {"type": kind}
    for key in others:
        if key in given:
            made[key] = given[key] if isinstance(given[key], list | bool) else str(given[key])
    word = str(given[name]) if given[name] is not None else ""
    made[member] = word.upper() if name == "otp" else word
    if name == "url" and "example" in made:
        made["example"] = [made["example"]]
    return made
