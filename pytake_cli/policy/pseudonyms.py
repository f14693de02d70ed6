"""Pseudonyms: phones, CPFs, CNPJs, cards and e-mails as `[phone-1]`, before a text goes to a language model. Pure.

The same number has the same pseudonym, so that a model can still tell two apart; what comes back is turned again.
"""

from __future__ import annotations

import re
from typing import Any

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
# A run of digits with what people put between them. Dates, times and prices are too short or have other signs.
_NUMBER = re.compile(r"(?<![\w.,])\+?(?:\(\d{2,4}\) ?)?\d(?:[ ()./-]{0,2}\d){7,18}(?![\w]|[.,]\d)")
_CPF = re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}")
_CNPJ = re.compile(r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}")
_LOCAL_PHONE = re.compile(r"9?\d{4}-\d{4}")
_DATE = re.compile(r"(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{2}-\d{2})(?: .*)?")
_PSEUDONYM = re.compile(r"\[(?:email|cpf|cnpj|card|phone)-\d+\]")


class Pseudonyms:
    """Those of one question; `hide` them in what goes out, `show` them in what comes back."""

    def __init__(self) -> None:
        self._by_value: dict[str, str] = {}
        self._values: dict[str, str] = {}

    def hide(self, text: str) -> str:
        text = _EMAIL.sub(lambda match: self._named("email", match[0]), text)
        return _NUMBER.sub(self._number, text)

    def show(self, value: Any) -> Any:
        """The value with every pseudonym that was given out turned back; others stay as they are."""
        if isinstance(value, str):
            return _PSEUDONYM.sub(lambda match: self._values.get(match[0], match[0]), value)
        if isinstance(value, dict):
            return {name: self.show(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.show(each) for each in value]
        return value

    def _number(self, match: re.Match[str]) -> str:
        text = match[0]
        kind = kind_of(text)
        return self._named(kind, text) if kind else text

    def _named(self, kind: str, text: str) -> str:
        same = text.lower() if kind == "email" else re.sub(r"\D", "", text)
        if same not in self._by_value:
            count = sum(name.startswith(f"[{kind}-") for name in self._values) + 1
            self._by_value[same] = f"[{kind}-{count}]"
            self._values[self._by_value[same]] = text
        return self._by_value[same]


def kind_of(text: str) -> str:
    """What a run of digits is: cpf, cnpj, card or phone; empty for dates and numbers that name nobody."""
    digits = re.sub(r"\D", "", text)
    if _CPF.fullmatch(text) or (len(digits) == 11 and digits == text and _cpf_adds_up(digits)):
        return "cpf"
    if _CNPJ.fullmatch(text) or (len(digits) == 14 and digits == text):
        return "cnpj"
    if _DATE.fullmatch(text):
        return ""
    if 13 <= len(digits) <= 19 and _luhn(digits):
        return "card"
    if text.startswith("+") or _LOCAL_PHONE.fullmatch(text) or len(digits) >= 10:
        return "phone"
    return ""


def _cpf_adds_up(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        total = sum(int(digit) * (length + 1 - place) for place, digit in enumerate(digits[:length]))
        if total * 10 % 11 % 10 != int(digits[length]):
            return False
    return True


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
