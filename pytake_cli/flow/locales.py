"""How languages write numbers, money, dates and times: one literal table, read and written the same way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

from pytake_cli.locale import Phrase

# enough for any number an expression may hold, written out with decimals
_WIDE = Context(prec=200, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Locale:
    """The customs of one language, in one country where that matters."""

    code: str
    decimal: str
    group: str
    months: tuple[str, ...]
    days: tuple[str, ...]  # Monday first, as Python counts
    short_days: tuple[str, ...]
    date_short: str
    date_medium: str
    date_long: str
    date_full: str
    time_short: str
    day_first: bool
    currency: str
    money: str  # where the sign stands
    symbols: dict[str, str]  # where they differ from SYMBOLS
    country: str | None  # of phone numbers without a country code
    yes: str
    no: str
    last_join: str
    greetings: tuple[str, str, str]  # morning, afternoon, evening
    at: str  # between a date and a time


# a sign stands for one currency only where the language's own country uses it; elsewhere US$ tells it from the others
SYMBOLS: dict[str, str] = {
    "ARS": "AR$",
    "BRL": "R$",
    "CLP": "CLP$",
    "COP": "COL$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "MXN": "MX$",
    "PEN": "S/",
    "PYG": "₲",
    "USD": "US$",
    "UYU": "$U",
}
_DECIMALS = {"CLP": 0, "COP": 0, "JPY": 0, "KRW": 0, "PYG": 0, "VND": 0, "KWD": 3, "BHD": 3}

_PT_BR = Locale(
    code="pt-BR",
    decimal=",",
    group=".",
    months=(
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ),
    days=("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
    short_days=("seg", "ter", "qua", "qui", "sex", "sáb", "dom"),
    date_short="dd/MM/yyyy",
    date_medium="d 'de' MMM 'de' yyyy",
    date_long="d 'de' MMMM 'de' yyyy",
    date_full="EEEE, d 'de' MMMM 'de' yyyy",
    time_short="HH:mm",
    day_first=True,
    currency="BRL",
    money="{sign} {number}",
    symbols={},
    country="BR",
    yes="sim",
    no="não",
    last_join=" e ",
    greetings=("bom dia", "boa tarde", "boa noite"),
    at=" às ",
)
_EN = Locale(
    code="en",
    decimal=".",
    group=",",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    short_days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    date_short="MM/dd/yyyy",
    date_medium="MMM d, yyyy",
    date_long="MMMM d, yyyy",
    date_full="EEEE, MMMM d, yyyy",
    time_short="h:mm a",
    day_first=False,
    currency="USD",
    money="{sign}{number}",
    symbols={"USD": "$"},
    country="US",
    yes="yes",
    no="no",
    last_join=" and ",
    greetings=("good morning", "good afternoon", "good evening"),
    at=" at ",
)
_ES = Locale(
    code="es",
    decimal=",",
    group=".",
    months=(
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ),
    days=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    short_days=("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
    date_short="dd/MM/yyyy",
    date_medium="d MMM yyyy",
    date_long="d 'de' MMMM 'de' yyyy",
    date_full="EEEE, d 'de' MMMM 'de' yyyy",
    time_short="HH:mm",
    day_first=True,
    currency="USD",
    money="{sign} {number}",
    symbols={},
    country=None,
    yes="sí",
    no="no",
    last_join=" y ",
    greetings=("buenos días", "buenas tardes", "buenas noches"),
    at=" a las ",
)

LOCALES: dict[str, Locale] = {
    "en": _EN,
    "en-gb": replace(
        _EN,
        code="en-GB",
        date_short="dd/MM/yyyy",
        date_medium="d MMM yyyy",
        date_long="d MMMM yyyy",
        date_full="EEEE, d MMMM yyyy",
        time_short="HH:mm",
        day_first=True,
        currency="GBP",
        symbols={},
        country="GB",
    ),
    "es": _ES,
    "es-es": replace(_ES, code="es-ES", currency="EUR", money="{number} {sign}", country="ES"),
    "es-mx": replace(
        _ES,
        code="es-MX",
        decimal=".",
        group=",",
        currency="MXN",
        symbols={"MXN": "$"},
        money="{sign}{number}",
        country="MX",
    ),
    "pt": _PT_BR,
    "pt-pt": replace(_PT_BR, code="pt-PT", currency="EUR", money="{number} {sign}", country="PT"),
}


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """The customs of `pt-BR`, `pt_BR`, `en`, `en-GB`, …; of English for languages that are not in the table."""
    code = language[:20].replace("_", "-").lower()
    return LOCALES.get(code) or LOCALES.get(code.partition("-")[0], _EN)


def format_number(number: int | Decimal, locale: Locale, decimals: int | None = None, *, grouped: bool = True) -> str:
    """`1.234,5`; with `decimals` rounded half up to that many."""
    if decimals is not None:
        number = _WIDE.quantize(Decimal(number), Decimal(1).scaleb(-decimals))
    elif isinstance(number, Decimal):
        number = _plain(number)
    text = (
        format(number, ",f" if grouped else "f")
        if isinstance(number, Decimal)
        else format(number, ",d" if grouped else "d")
    )
    return text.translate({ord(","): locale.group, ord("."): locale.decimal})


def format_money(amount: int | Decimal, currency: str, locale: Locale) -> str:
    """`R$ 1.234,50`, `$1,234.50`, `-R$ 3,00`."""
    sign = locale.symbols.get(currency) or SYMBOLS.get(currency) or currency
    number = format_number(amount if amount >= 0 else -amount, locale, _DECIMALS.get(currency, 2))
    pattern = locale.money if sign != currency else "{sign} {number}"
    minus = "-" if amount < 0 and any(digit in "123456789" for digit in number) else ""
    return minus + pattern.format(sign=sign, number=number)


class FormatError(ValueError):
    """A pattern of a date or a time has letters that mean nothing."""

    def __init__(self, message: Phrase) -> None:
        super().__init__(message)
        self.message = message


_FIELDS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")
_MEANING: dict[str, Callable[[Any, Locale], str]] = {
    "d": lambda moment, locale: str(moment.day),
    "dd": lambda moment, locale: f"{moment.day:02}",
    "E": lambda moment, locale: locale.short_days[moment.weekday()],
    "EEE": lambda moment, locale: locale.short_days[moment.weekday()],
    "EEEE": lambda moment, locale: locale.days[moment.weekday()],
    "M": lambda moment, locale: str(moment.month),
    "MM": lambda moment, locale: f"{moment.month:02}",
    "MMM": lambda moment, locale: locale.months[moment.month - 1][:3],
    "MMMM": lambda moment, locale: locale.months[moment.month - 1],
    "yy": lambda moment, locale: f"{moment.year % 100:02}",
    "yyyy": lambda moment, locale: f"{moment.year:04}",
    "H": lambda moment, locale: str(moment.hour),
    "HH": lambda moment, locale: f"{moment.hour:02}",
    "h": lambda moment, locale: str(moment.hour % 12 or 12),
    "hh": lambda moment, locale: f"{moment.hour % 12 or 12:02}",
    "m": lambda moment, locale: str(moment.minute),
    "mm": lambda moment, locale: f"{moment.minute:02}",
    "s": lambda moment, locale: str(moment.second),
    "ss": lambda moment, locale: f"{moment.second:02}",
    "a": lambda moment, locale: "AM" if moment.hour < 12 else "PM",
}


def format_moment(moment: date | time, pattern: str, locale: Locale) -> str:
    """The moment in a pattern such as `EEEE, dd/MM/yyyy 'às' HH:mm`; raises FormatError."""
    parts = []
    for found in _FIELDS.finditer(pattern):
        piece = found.group()
        if found.group(2):
            parts.append(_field(piece, moment, locale))
        elif piece[0] == "'" and len(piece) > 1:
            parts.append((found.group(1) or "'").replace("''", "'"))
        else:
            parts.append(piece)
    return "".join(parts)


def format_date(moment: date, locale: Locale, style: str = "short") -> str:
    """`02/03/2026`; style short, medium, long, full or a pattern."""
    patterns = {
        "short": locale.date_short,
        "medium": locale.date_medium,
        "long": locale.date_long,
        "full": locale.date_full,
    }
    return format_moment(moment, patterns.get(style, style), locale)


def format_time(moment: time | datetime, locale: Locale) -> str:
    """`09:30`, `9:30 AM`."""
    return format_moment(moment, locale.time_short, locale)


def format_datetime(moment: datetime, locale: Locale) -> str:
    """`02/03/2026 às 09:30`."""
    return format_date(moment, locale) + locale.at + format_time(moment, locale)


def _field(piece: str, moment: date | time, locale: Locale) -> str:
    meaning = _MEANING.get(piece)
    if meaning is None:
        unknown = Phrase("{piece} means nothing in a date; put words in quotes, as in dd 'de' MMMM", piece=repr(piece))
        raise FormatError(unknown)
    try:
        return meaning(moment, locale)
    except AttributeError:
        if isinstance(moment, date):
            raise FormatError(Phrase("there is no time in it for {piece}", piece=repr(piece))) from None
        raise FormatError(Phrase("there is no date in it for {piece}", piece=repr(piece))) from None


def _plain(number: Decimal) -> Decimal:
    """Without zeros behind the point: 2.50 is 2.5."""
    short = number.normalize(_WIDE)
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1), context=_WIDE) if isinstance(exponent, int) and exponent > 0 else short
