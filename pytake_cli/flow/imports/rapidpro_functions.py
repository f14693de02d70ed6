"""The functions of RapidPro's expressions that ours can say, and how."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytake_cli.flow.imports.pieces import (
    NotCarried,
    Piece,
    Type,
    binary,
    chosen,
    filtered,
    held,
    joined,
    numeric,
    quoted,
    summed,
)

Function = Callable[[list[Piece]], Piece]
_UNITS = {"y": "years", "M": "months", "w": "weeks", "d": "days", "D": "days", "W": "weeks", "Y": "years"}
_UNITS |= {"h": "hours", "m": "minutes"}


def _filter(name: str, gives: Type = "text", least: int = 1, most: int = 1) -> Function:
    def make(given: list[Piece]) -> Piece:
        _count(given, least, most, name)
        return filtered(given[0], name, *given[1:], gives=gives)

    return make


def _reckon(name: str, most: int = 1) -> Function:
    def make(given: list[Piece]) -> Piece:
        _count(given, 1, most, name)
        return filtered(summed(given[0]), name, *given[1:], gives="number" if name != "number" else "text")

    return make


def _count(given: list[Piece], least: int, most: int, name: str) -> None:
    if not least <= len(given) <= most:
        raise NotCarried(name)


def _fixed(text: str, gives: Type = "any") -> Function:
    def make(given: list[Piece]) -> Piece:
        _count(given, 0, 0, text)
        return Piece(text, type=gives)

    return make


def _logic(word: str) -> Function:
    def make(given: list[Piece]) -> Piece:
        _count(given, 1, 20, word)
        return joined(word, given)

    return make


def _if(given: list[Piece]) -> Piece:
    _count(given, 2, 3, "if")
    return chosen(given[0], given[1], given[2] if len(given) == 3 else Piece("false"))


def _extreme(name: str) -> Function:
    def make(given: list[Piece]) -> Piece:
        _count(given, 2, 20, name)
        return Piece(f"{name}({', '.join(summed(each).text for each in given)})", type="number")

    return make


def _mean(given: list[Piece]) -> Piece:
    _count(given, 2, 20, "mean")
    total = summed(given[0])
    for each in given[1:]:
        total = binary("+", total, summed(each))
    return binary("/", total, Piece(str(len(given)), type="number"))


def _operation(sign: str) -> Function:
    def make(given: list[Piece]) -> Piece:
        _count(given, 2, 2, sign)
        return binary(sign, summed(given[0]), summed(given[1]))

    return make


def _concatenate(given: list[Piece]) -> Piece:
    _count(given, 1, 20, "concatenate")
    made = given[0]
    for each in given[1:]:
        made = Piece(f"{made.text if made.power == 4 else held(made, 8)} ~ {held(each, 8)}", 4, "text")
    return made


def _word(given: list[Piece]) -> Piece:
    _count(given, 2, 3, "word")
    return Piece(f"{_bracketed(filtered(given[0], 'split', *given[2:]))}[{given[1].text}]", type="text")


def _field(given: list[Piece]) -> Piece:
    _count(given, 3, 3, "field")
    return Piece(f"{_bracketed(filtered(given[0], 'split', given[2]))}[{given[1].text}]", type="text")


def _words(given: list[Piece]) -> Piece:
    _count(given, 1, 1, "word_count")
    return filtered(filtered(given[0], "split"), "length", gives="number")


def _slice(given: list[Piece]) -> Piece:
    _count(given, 2, 3, "text_slice")
    return Piece(f"{_bracketed(given[0])}[{given[1].text}:{given[2].text if len(given) == 3 else ''}]", type="text")


def _left(given: list[Piece]) -> Piece:
    _count(given, 2, 2, "left")
    return Piece(f"{_bracketed(given[0])}[:{given[1].text}]", type="text")


def _bracketed(piece: Piece) -> str:
    return held(piece, 9)


def _location(given: list[Piece]) -> Piece:
    _count(given, 1, 1, "format_location")
    return filtered(filtered(given[0], "split", quoted(" > ")), "last")


def _moved(given: list[Piece]) -> Piece:
    _count(given, 3, 3, "datetime_add")
    return filtered(given[0], "add", Piece(f"{_unit(given[2])}={given[1].text}"), gives="any")


def _between(given: list[Piece]) -> Piece:
    _count(given, 3, 3, "datetime_diff")
    unit = _unit(given[2])
    if unit not in ("days", "weeks", "hours", "minutes"):
        raise NotCarried("datetime_diff")
    return filtered(given[1], "diff", given[0], quoted(unit), gives="number")


def _unit(piece: Piece) -> str:
    unit = _UNITS.get(piece.text.strip("'"))
    if unit is None:
        raise NotCarried(f"unit {piece.text}")
    return unit


def _shown(name: str) -> Function:
    def make(given: list[Piece]) -> Piece:
        _count(given, 1, 1, f"format_{name}")  # with a pattern of its own it is another text
        return filtered(given[0], name)

    return make


def _list(given: list[Piece]) -> Piece:
    return Piece(f"[{', '.join(each.text for each in given)}]", type="list")


def _number(given: list[Piece]) -> Piece:
    _count(given, 1, 1, "number")
    return numeric(given[0])


def _text(given: list[Piece]) -> Piece:
    _count(given, 1, 1, "text")
    return given[0] if given[0].type == "text" else binary("~", given[0], quoted(""))


def _phone(given: list[Piece]) -> Piece:
    _count(given, 1, 1, "format_urn")
    return filtered(given[0], "phone")


def _day_of_week(given: list[Piece]) -> Piece:
    _count(given, 1, 1, "weekday")  # theirs begins with Sunday as 0, ours with Monday as 1
    return binary("%", filtered(given[0], "weekday", quoted("number"), gives="number"), Piece("7", type="number"))


def _extracted(given: list[Piece]) -> Piece:
    _count(given, 2, 2, "extract")
    if not re.fullmatch(r"'[A-Za-z_]\w*'", given[1].text):
        raise NotCarried("extract")
    return Piece(f"{_bracketed(given[0])}.{given[1].text[1:-1]}")


def _rounded_down(given: list[Piece]) -> Piece:
    _count(given, 1, 1, "round_down")
    return binary("//", summed(given[0]), Piece("1", type="number"))


FUNCTIONS: dict[str, Function] = {
    "abs": _reckon("abs"),
    "and": _logic("and"),
    "array": _list,
    "clean": _filter("trim"),
    "concatenate": _concatenate,
    "count": _filter("length", "number"),
    "datetime_add": _moved,
    "datetime_diff": _between,
    "default": _filter("default", "any", 2, 2),
    "extract": _extracted,
    "field": _field,
    "first_word": lambda given: _word([*given, Piece("0")]),
    "format_date": _shown("date"),
    "format_datetime": _shown("datetime"),
    "format_location": _location,
    "format_number": _reckon("number", 2),
    "format_time": _shown("time"),
    "format_urn": _phone,
    "if": _if,
    "join": _filter("join", "text", 2, 2),
    "json": _filter("json"),
    "left": _left,
    "legacy_add": _operation("+"),
    "len": _filter("length", "number"),
    "length": _filter("length", "number"),
    "lower": _filter("lower"),
    "max": _extreme("max"),
    "mean": _mean,
    "min": _extreme("min"),
    "mod": _operation("%"),
    "now": _fixed("now"),
    "number": _number,
    "or": _logic("or"),
    "percent": _reckon("percent"),
    "proper": _filter("title"),
    "replace": _filter("replace", "text", 3, 3),
    "round": _reckon("round", 2),
    "round_down": _rounded_down,
    "split": _filter("split", "list", 1, 2),
    "sum": _filter("sum", "number"),
    "text": _text,
    "text_length": _filter("length", "number"),
    "text_slice": _slice,
    "title": _filter("title"),
    "today": _fixed("today"),
    "trim": _filter("trim"),
    "unique": _filter("unique", "list"),
    "upper": _filter("upper"),
    "url_encode": _filter("urlencode"),
    "weekday": _day_of_week,
    "word": _word,
    "word_count": _words,
}
