"""Filters over numbers."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from pytake_cli.flow.language import arguments
from pytake_cli.flow.language.operators import DECIMALS, bounded_decimal
from pytake_cli.flow.language.values import EvaluationError, Scope, Value
from pytake_cli.flow.locales import format_money, format_number
from pytake_cli.locale import Phrase

# room for 40 digits before the point and 12 behind
_WIDE = Context(prec=60)
_CURRENCIES = Phrase("a currency is three letters, such as BRL")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def to_int(_: Scope, value: Value, instead: Value = 0) -> Value:
    """The whole part of a number or of a text that is one, else `instead`."""
    number = _number_or_none(value)
    return instead if number is None else int(number)


def to_float(_: Scope, value: Value, instead: Value = 0) -> Value:
    """The number that a text is, else `instead`."""
    number = _number_or_none(value)
    return instead if number is None else number


def rounded(_: Scope, value: Value, decimals: Value = 0) -> Value:
    """Rounded half up to so many decimals; a whole number without."""
    number = Decimal(arguments.number(value))
    places = arguments.whole(decimals, "decimals", 0, 12)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        number = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_WIDE)
    return int(number) if places == 0 else bounded_decimal(number)


def absolute(_: Scope, value: Value) -> Value:
    """Without its sign."""
    number = arguments.number(value)
    return -number if number < 0 else number


def number(scope: Scope, value: Value, decimals: Value = None) -> Value:
    """As the language writes numbers."""
    places = None if decimals is None else arguments.whole(decimals, "decimals", 0, 12)
    return format_number(arguments.number(value), arguments.locale(scope), places)


def percent(scope: Scope, value: Value, decimals: Value = None) -> Value:
    """A share of one as per cent."""
    places = None if decimals is None else arguments.whole(decimals, "decimals", 0, 12)
    share = DECIMALS.multiply(Decimal(arguments.number(value)), Decimal(100))
    return format_number(bounded_decimal(share), arguments.locale(scope), places) + "%"


def money(scope: Scope, value: Value, currency: Value = None) -> Value:
    """As the language writes an amount; the currency is the organisation's or the language's own."""
    locale = arguments.locale(scope)
    named = currency or scope.setting("org", "currency") or locale.currency
    if not isinstance(named, str) or wrong_currency(named):
        raise EvaluationError(_CURRENCIES)
    return format_money(arguments.number(value), named.upper(), locale)


def wrong_currency(named: object) -> Phrase | None:
    """What is wrong with the code of a currency."""
    if named is None or (isinstance(named, str) and _CURRENCY.fullmatch(named.upper())):
        return None
    return _CURRENCIES


def plural(_: Scope, value: Value, one: Value, many: Value) -> Value:
    """The word for one or the word for many."""
    count = len(value) if isinstance(value, (list, dict)) else arguments.number(value)
    return one if abs(count) == 1 else many


def _number_or_none(value: Value) -> int | Decimal | None:
    if isinstance(value, bool):
        return int(value)
    try:
        return None if value is None else arguments.number(value)
    except EvaluationError:
        return None
