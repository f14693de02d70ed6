"""Judges the buttons of a template definition: how many of each kind, lengths, order, examples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any

from pytake_cli.emulator.errors import GraphError
from pytake_cli.emulator.judge.parts import Obj, obj, one_of

# kind -> most of it in one template
MOST: dict[str, int] = {
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
    "APP": 1,
}
TEXT, URL, PHONE, CODE = 25, 2000, 20, 15  # longest, in characters
Refuse = Callable[[int, str], GraphError]


def judge_buttons(buttons: list[Any], refuse: Refuse) -> None:
    kinds: list[str] = []
    for index, one in enumerate(buttons):
        button = obj(one, f"buttons[{index}]")
        kind = one_of(str(button.get("type", "")).upper(), f"buttons[{index}]['type']", frozenset(MOST))
        kinds.append(kind)
        _judge_button(kind, button, refuse)
    for kind, count in Counter(kinds).items():
        if count > MOST[kind]:
            raise refuse(2388040, f"At most {MOST[kind]} buttons of type {kind} are allowed.")
    runs = [kind for kind, _ in groupby(kinds, key=lambda kind: kind == "QUICK_REPLY") if kind]
    if len(runs) > 1:
        raise refuse(2388047, "Quick replies must stand together, before or after the other buttons.")


def _judge_button(kind: str, button: Obj, refuse: Refuse) -> None:
    text = str(button.get("text") or "")
    if len(text) > TEXT:
        raise refuse(2388040, f"Button text has {len(text)} characters; at most {TEXT} are allowed.")
    if kind in ("QUICK_REPLY", "URL", "PHONE_NUMBER") and not text.strip():
        raise refuse(2388047, f"A button of type {kind} needs a text.")
    if kind == "URL":
        _judge_url(button, refuse)
    elif kind == "PHONE_NUMBER" and not 3 <= len(str(button.get("phone_number") or "")) <= PHONE:
        raise refuse(2388047, f"phone_number must have at most {PHONE} characters.")
    elif kind == "COPY_CODE":
        example = button.get("example")
        code = str(example[0] if isinstance(example, list) and example else example or "")
        if not 1 <= len(code) <= CODE:
            raise refuse(2388040, f"The example of a copy-code button has 1 to {CODE} characters.")
    elif kind == "OTP":
        one_of(str(button.get("otp_type", "")).upper(), "otp_type", ("COPY_CODE", "ONE_TAP", "ZERO_TAP"))
        if len(button.get("supported_apps") or []) > 5:
            raise refuse(2388040, "At most 5 supported_apps are allowed.")


def _judge_url(button: Obj, refuse: Refuse) -> None:
    url = str(button.get("url") or "")
    if not url.startswith(("http://", "https://")) or len(url) > URL:
        raise refuse(
            2388047, f"The button's URL must begin with http:// or https:// and have at most {URL} characters."
        )
    variables = re.findall(r"\{\{(.*?)\}\}", url)
    if re.match(r"https?://(wa\.me|bit\.ly|tinyurl\.com|t\.co)(/|$)", url):
        raise refuse(2388047, "Shortened links and wa.me links are not allowed.")
    if variables and (variables != ["1"] or not url.endswith("{{1}}")):
        raise refuse(2388047, "A URL may have one variable, {{1}}, at its end.")
    if variables and not button.get("example"):
        raise refuse(2388043, "A URL with a variable needs an example.")
