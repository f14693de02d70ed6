"""Which clock somebody lives by: their own zone where it is known, else what the first digits of their phone say."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

_T = TypeVar("_T")
# Area codes of Brazil that are not on Brasília's time: Amazonas, Roraima, Rondônia, Mato Grosso (do Sul), Acre.
_BRAZIL = {
    **dict.fromkeys(("92", "97"), "America/Manaus"),
    "95": "America/Boa_Vista",
    "69": "America/Porto_Velho",
    **dict.fromkeys(("65", "66"), "America/Cuiaba"),
    "67": "America/Campo_Grande",
    "68": "America/Rio_Branco",
}
# Countries with several zones: the one where most people live, when the digits say no more.
_MOST = {
    "52": "America/Mexico_City", "56": "America/Santiago", "593": "America/Guayaquil", "351": "Europe/Lisbon",
    "34": "Europe/Madrid", "44": "Europe/London", "7": "Europe/Moscow", "61": "Australia/Sydney",
    "62": "Asia/Jakarta", "64": "Pacific/Auckland", "1907": "America/Anchorage", "1": "America/New_York",
    "55": "America/Sao_Paulo",
    "49": "Europe/Berlin", "86": "Asia/Shanghai", "998": "Asia/Tashkent", "54": "America/Argentina/Buenos_Aires",
    "243": "Africa/Kinshasa", "976": "Asia/Ulaanbaatar", "84": "Asia/Ho_Chi_Minh", "47": "Europe/Oslo",
}  # fmt: skip


def zone_of(prefix: str, tz: str, default: str) -> str:
    """The name of the zone of somebody whose phone begins with `prefix` (or whose BSUID does: `BR.`)."""
    if tz and _exists(tz):
        return tz
    return (_by_digits(prefix) if prefix.isdigit() else _by_country(prefix[:2])) or default


@lru_cache(maxsize=4096)
def _by_digits(prefix: str) -> str:
    if prefix.startswith("55"):
        return _BRAZIL.get(prefix[2:4], _MOST["55"])
    from phonenumbers.tzdata import TIMEZONE_DATA

    found = _longest(prefix, TIMEZONE_DATA.get)
    if found is None:
        return ""
    most = _longest(prefix, _MOST.get)
    return most if most in found else found[0]


def _longest(prefix: str, get: Callable[[str], _T | None]) -> _T | None:
    """What the longest beginning that is known has."""
    return next((found for size in range(len(prefix), 0, -1) if (found := get(prefix[:size])) is not None), None)


@lru_cache(maxsize=256)
def _by_country(code: str) -> str:
    from phonenumbers import country_code_for_region

    calling = country_code_for_region(code)
    return _by_digits(str(calling)) if calling else ""


@lru_cache(maxsize=1024)
def _exists(tz: str) -> bool:
    try:
        ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        return False
    return True
