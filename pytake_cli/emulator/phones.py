"""What Meta does to phone numbers: reading them, prefixing them, and the wa_id they become."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import phonenumbers

from pytake_cli.emulator.errors import invalid

if TYPE_CHECKING:
    from pytake_cli.emulator.config import Config

_KEEP_NINTH = {"11", "12", "13", "14", "15", "16", "17", "18", "19", "21", "22", "24", "27", "28"}
_COMMON = {"55": "BR", "52": "MX", "54": "AR", "351": "PT", "44": "GB", "91": "IN", "49": "DE", "34": "ES"}
_DROP = str.maketrans("", "", " -().\u00a0\u2011")


def strip(value: str, param: str = "to") -> tuple[str, bool]:
    """Digits, and whether a plus sign led them."""
    bare = value.translate(_DROP)
    plus = bare.startswith("+")
    digits = bare[1:] if plus else bare
    if not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15):
        raise invalid(param, "must be a valid WhatsApp phone number.")
    return digits, plus


@functools.lru_cache(maxsize=1000)
def calling_code(number: str) -> str:
    """The country code of a business number, for numbers dialled without one."""
    return str(phonenumbers.parse(number if number.startswith("+") else "+" + number).country_code or "")


@functools.lru_cache(maxsize=200_000)
def looks_international(digits: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse("+" + digits))
    except phonenumbers.NumberParseException:
        return False


def dialled(value: str, business: str, known: Mapping[str, object], config: Config) -> str:
    """International digits: without `+` the business's country code goes in front, unless Meta knows the wa_id."""
    digits, plus = strip(value)
    if plus or config.prefixing == "never":
        return digits
    code = calling_code(business)
    if config.prefixing == "auto" and (digits in known or (digits.startswith(code) and looks_international(digits))):
        return digits
    return code + digits


def canonical(digits: str, config: Config) -> str:
    """The wa_id WhatsApp has on file, which may differ from the digits dialled (Brazil's 9, Mexico's 1)."""
    if config.brazil_ninth and digits.startswith("55"):
        area, rest = digits[2:4], digits[4:]
        if area in _KEEP_NINTH and len(rest) == 8 and rest[0] in "6789":
            return f"55{area}9{rest}"
        if area not in _KEEP_NINTH and len(rest) == 9 and rest[0] == "9":
            return f"55{area}{rest[1:]}"
    if config.mexico_one and digits.startswith("52") and len(digits) == 12:
        return "521" + digits[2:]
    return digits


def country_of(wa_id: str) -> str:
    """Two letters, as a BSUID begins with."""
    for size in (2, 3):
        if wa_id[:size] in _COMMON:
            return _COMMON[wa_id[:size]]
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse("+" + wa_id))
    except phonenumbers.NumberParseException:
        region = None
    return region if region and region.isalpha() else "US"
