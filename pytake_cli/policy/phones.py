"""Phone numbers: what a person typed becomes E.164; the other spellings under which WhatsApp may know a number."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pytake_cli.errors import InvalidData

_BSUID = re.compile(r"[A-Z]{2}\..+", re.DOTALL)
_E164 = re.compile(r"[1-9][0-9]{6,14}")
_SEPARATORS = re.compile(r"[\s\-.()/\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")
_TRUNK_MEXICO = re.compile(r"(?:01|044|045)(\d{10})")

# area codes of Brazil; nothing is dialled in front of them
_AREA_BRAZIL = r"(?:1[1-9]|2[12478]|3[1-578]|4[1-9]|5[1345]|6[1-9]|7[134579]|8[1-9]|9[1-9])"

# complete numbers that need no library: no mismatch with phonenumbers in the test over every row
_WELL_FORMED = re.compile(
    rf"55{_AREA_BRAZIL}(?:9\d{{8}}|[2-5]\d{{7}})"  # Brazil, mobile and landline
    r"|351(?:9[1236]\d{7}|2[1-9]\d{7})"  # Portugal
    r"|1[2-9]\d{2}[2-9]\d{6}",  # North America
    re.ASCII,
)
# with eight digits from 6 up: a mobile number of before the ninth digit, which is how WhatsApp knows many of them
_LOCAL_BRAZIL = re.compile(rf"{_AREA_BRAZIL}(?:9\d{{8}}|[2-9]\d{{7}})")
_WHOLE_BRAZIL = re.compile(rf"55{_LOCAL_BRAZIL.pattern}")
# as people write them, which needs no library either
_TYPED_BRAZIL = re.compile(rf"(?:\+?55 ?)?\(?({_AREA_BRAZIL})\)? ?(9\d{{4}}|[2-9]\d{{3}})[- ]?(\d{{4}})", re.ASCII)
_MEXICO_OLD = re.compile(r"521[1-9]\d{9}")


def parse(typed: str, country: str | None = None) -> str:
    """E.164 of what somebody typed; without `+` it is read as a number of `country` (ISO code, `BR`).

    Raises PT-PHONE. Digits that were typed with a country code are never rewritten.
    """
    if typed.startswith("+") and _WELL_FORMED.fullmatch(typed, 1):
        return typed
    if country == "BR" and (typical := _TYPED_BRAZIL.fullmatch(typed)):
        return "+55" + "".join(typical.groups())
    if is_bsuid(typed.strip()):
        raise _no_phone(typed, "this is a user id of WhatsApp, not a phone number")
    text = _ascii_digits(_SEPARATORS.sub("", typed.strip().removeprefix("tel:")))
    if text.startswith("00"):
        text = "+" + text[2:]
    digits = text[1:] if text.startswith("+") else text
    if not digits.isdigit() or not digits.isascii():
        raise _no_phone(typed, "only digits, spaces and + ( ) - . may stand in it")
    if text.startswith("+"):
        return _international(typed, digits)
    if country == "BR" and _LOCAL_BRAZIL.fullmatch(digits):
        return "+55" + digits
    if country == "BR" and _WHOLE_BRAZIL.fullmatch(digits):  # no number of Brazil's is this long by itself
        return "+" + digits
    if country is None:
        raise _no_phone(typed, "it needs + and the country code in front")
    return _local(typed, digits, country)


def is_country(code: str) -> bool:
    """True for an ISO code that has phone numbers: `BR`."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS


def is_bsuid(value: str) -> bool:
    """True for WhatsApp's own user ids such as `BR.1349…`: opaque, never digits of a phone."""
    return _BSUID.fullmatch(value) is not None


def variants(digits: str) -> tuple[str, ...]:
    """The number itself first, then the other spellings under which WhatsApp may know it; only for finding contacts.

    Brazil's ninth digit, Mexico's 1 after 52, Argentina's 9 and 15. `+` in front is kept off; anything that is not
    all digits (a BSUID, a username) comes back alone and untouched.
    """
    number = digits.removeprefix("+")
    if not (number.isascii() and number.isdigit()):
        return (digits,)
    return (number, *_others(number))


def country_of(value: str) -> str | None:
    """The ISO country of an E.164 number, a wa_id or a BSUID (whose prefix says it); None if nobody can tell."""
    if is_bsuid(value):
        return value[:2]
    number = value.removeprefix("+")
    return _country(number) if _E164.fullmatch(number) else None


def _others(number: str) -> tuple[str, ...]:
    if number.startswith("55"):
        return _brazil(number)
    if number.startswith("52"):
        return _mexico(number)
    if number.startswith("54"):
        return _argentina(number)
    return ()


def _brazil(number: str) -> tuple[str, ...]:
    area, rest = number[2:4], number[4:]
    # eight digits from 6 up are a mobile number of before the ninth digit; from 2 to 5 it is somebody's landline
    if len(rest) == 9 and rest[0] == "9" and rest[1] in "6789":
        return (f"55{area}{rest[1:]}",)
    if len(rest) == 8 and rest[0] in "6789":
        return (f"55{area}9{rest}",)
    return ()


def _mexico(number: str) -> tuple[str, ...]:
    if len(number) == 13 and number[2] == "1":
        return (f"52{number[3:]}",)
    return (f"521{number[2:]}",) if len(number) == 12 else ()


def _argentina(number: str) -> tuple[str, ...]:
    rest = number[2:]
    if len(rest) == 12:  # area code, 15, subscriber: only the local spelling is this long
        found = [rest[:size] + rest[size + 2 :] for size in (2, 3, 4) if rest[size : size + 2] == "15"]
        return tuple(f"{start}{national}" for national in dict.fromkeys(found) for start in ("549", "54"))
    national = rest[1:] if len(rest) == 11 and rest[0] == "9" else rest
    if len(national) != 10:
        return ()
    sizes = (2,) if national.startswith("11") else (3, 4)
    local = [f"54{national[:size]}15{national[size:]}" for size in sizes]
    spellings = (f"549{national}", f"54{national}", *local)
    return tuple(spelling for spelling in spellings if spelling != number)


def _international(typed: str, digits: str) -> str:
    if _WELL_FORMED.fullmatch(digits) or _MEXICO_OLD.fullmatch(digits):
        return "+" + digits
    if not 7 <= len(digits) <= 15:
        raise _no_phone(typed, "a number has 7 to 15 digits with its country code")
    import phonenumbers  # late: 20 ms that the well-formed numbers do not need

    try:
        number = phonenumbers.parse("+" + digits, None)
    except phonenumbers.NumberParseException:
        raise _no_phone(typed, "its country code does not exist") from None
    if not phonenumbers.is_possible_number(number):
        raise _no_phone(typed, "it is too short or too long for its country")
    clean = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # the library drops a trunk 0 (+44 (0)20 …), which is right, and turns 54 11 15 into 54 9 11, which is rewriting
    return "+" + digits if clean[1:3] == "54" else clean


def _local(typed: str, digits: str, country: str) -> str:
    import phonenumbers

    old = _TRUNK_MEXICO.fullmatch(digits) if country == "MX" else None
    try:
        number = phonenumbers.parse(old.group(1) if old else digits, country)
    except phonenumbers.NumberParseException:
        raise _no_phone(typed, "it is too short or too long") from None
    if not phonenumbers.is_valid_number(number):
        raise _no_phone(typed, "it is not complete; write it with + and the country code")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=65536)
def _country(number: str) -> str | None:
    if number.startswith("55"):
        return "BR"
    import phonenumbers

    try:
        parsed = phonenumbers.parse("+" + number, None)
    except phonenumbers.NumberParseException:
        return None
    exact = phonenumbers.region_code_for_number(parsed)
    if exact is not None and exact != "001":
        return exact
    regions = phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
    return regions[0] if regions and regions[0] != "001" else None


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    text = text.replace("\uff0b", "+")  # the full-width plus
    return "".join(str(unicodedata.digit(sign)) if sign.isdecimal() else sign for sign in text)


def _no_phone(typed: str, why: str) -> InvalidData:
    shown = repr(typed if len(typed) <= 40 else typed[:40] + "…")
    return InvalidData(
        "PT-PHONE", "{typed} is not a phone number", why=why, fix="write it as +5511987654321", typed=shown
    )
