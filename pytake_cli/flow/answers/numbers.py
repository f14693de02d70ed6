"""Reads numbers as people type them: `1.234,56`, `R$ 50`, `150 mil`, `vinte e cinco`."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from pytake_cli.flow.answers.vocabulary import JOINS, MULTIPLES, TENS, UNITS
from pytake_cli.flow.locales import Locale
from pytake_cli.flow.words import fold

MAX_DIGITS = 30

_LEAD = re.compile(
    r"^(?:(?:tenho|sao|somos|seria|seriam|uns|umas|cerca de|mais ou menos|aproximadamente|quase|about|around"
    r"|i have|i am|i'm|it's|we are|tengo|somos|r\$|us\$|\$|€|£|brl|usd|eur)\s*)+"
)
_CENTS = re.compile(r"([0-9.]+) rea(?:is|l) e ([0-9]{1,2}) centavos?")
_SHAPE = re.compile(r"([-+−]?)\s*([0-9](?:[0-9.,' ]*[0-9])?)\s*(%|€|r\$|[a-z]+)?(?: ([a-z$]+))?")


def read_number(text: str, locale: Locale) -> int | Decimal | None:
    """The only number in the text, whole if it comes out even; None if there is none or more than one."""
    if any(unicodedata.category(sign) == "No" for sign in text):
        return None  # 10² and ½ would fold to 102 and 1⁄2
    folded = _LEAD.sub("", fold(text).strip(" .!?"))
    cents = _CENTS.fullmatch(folded)
    if cents:
        return _tidy(Decimal(cents[1].replace(".", "")) + Decimal(cents[2]) / 100)
    found = _SHAPE.fullmatch(folded)
    if found is None:
        return _in_words(folded)
    sign, written, *words = found.groups()
    times, rest = 1, [word for word in words if word]
    if rest and rest[0] in MULTIPLES:
        times = MULTIPLES[rest.pop(0)]
    if any(word in JOINS or word in UNITS or word in TENS or word in MULTIPLES for word in rest):
        return None
    if len(rest) > 1 and rest[0] not in ("%", "por"):
        return None
    number = _digits(written, locale)
    if number is None:
        return None
    return _tidy(number * times * (-1 if sign in ("-", "−") else 1))


def number_word(word: str) -> int | None:
    """What one folded word counts: `tres` is 3; up to 100."""
    return UNITS.get(word, TENS.get(word))


def _digits(written: str, locale: Locale) -> Decimal | None:
    """Digits with separators, as the language means them; the other way where it can mean nothing else."""
    if sum(map(str.isdigit, written)) > MAX_DIGITS:
        return None
    if " " in written or "'" in written:
        if not re.fullmatch(r"[0-9]{1,3}(?:[ '][0-9]{3})+(?:[.,][0-9]{1,2})?", written):
            return None
        written = written.replace(" ", "").replace("'", "")
        return Decimal(written.replace(",", "."))
    if "." in written and "," in written:
        decimal = max(".,", key=written.rindex)
        group = "," if decimal == "." else "."
        whole, _, fraction = written.rpartition(decimal)
        return Decimal(f"{whole.replace(group, '')}.{fraction}") if _is_grouped(whole, group) else None
    mark = "." if "." in written else ","
    if mark not in written:
        return Decimal(written)
    if _is_grouped(written, mark) and (mark == locale.group or written.count(mark) > 1):
        return Decimal(written.replace(mark, ""))
    return Decimal(written.replace(mark, ".")) if written.count(mark) == 1 else None


def _is_grouped(written: str, mark: str) -> bool:
    return re.fullmatch(rf"[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+", written) is not None


def _in_words(folded: str) -> int | None:
    """`dois`, `vinte e cinco`, `twenty-five`, `duas pessoas`."""
    words = [word for word in folded.replace("-", " ").split() if word not in ("e", "and", "y")]
    if not words or len(words) > 3:
        return None
    if words[0] in TENS:
        units = UNITS.get(words[1], 10) if len(words) > 1 else 10
        number, rest = (TENS[words[0]] + units, words[2:]) if units < 10 else (TENS[words[0]], words[1:])
    elif words[0] in UNITS and words[1:2] == ["hundred"]:
        number, rest = UNITS[words[0]] * 100, words[2:]
    elif words[0] in UNITS:
        number, rest = UNITS[words[0]], words[1:]
    else:
        return None
    if rest and rest[0] in MULTIPLES:
        number, rest = number * MULTIPLES[rest[0]], rest[1:]
    if any(word in UNITS or word in TENS or word in JOINS or not word.isalpha() for word in rest) or len(rest) > 1:
        return None
    return number


def _tidy(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number.normalize()
