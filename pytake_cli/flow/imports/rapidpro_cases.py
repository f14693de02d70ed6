"""The tests of RapidPro's routers as conditions, and those that a question has to make."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytake_cli.flow.imports.draft import Fields
from pytake_cli.flow.imports.given import Given, items, number, text
from pytake_cli.flow.imports.pieces import (
    NotCarried,
    Piece,
    asked,
    binary,
    filtered,
    folded,
    joined,
    literal,
    marked,
    numeric,
    quoted,
)
from pytake_cli.flow.imports.rapidpro_expressions import category, operand
from pytake_cli.flow.imports.report import Item
from pytake_cli.flow.patterns import PatternError, compile_pattern
from pytake_cli.flow.problems import Phrase
from pytake_cli.flow.words import fold

_SIGNS = {
    "has_number_eq": "==",
    "has_number_lt": "<",
    "has_number_lte": "<=",
    "has_number_gt": ">",
    "has_number_gte": ">=",
}
_PLACES = {"has_phrase": "contains", "has_beginning": "startswith"}
_MEDIA = {"image": "image", "audio": "audio", "video": "video", "location": "location", "digits": "text"}


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a router; `others` are its arguments in the other languages of the flow."""

    kind: str
    arguments: list[str]
    category: str
    others: list[list[str]]

    @classmethod
    def of(cls, given: Given, translated: list[list[str]]) -> Case:
        found = [text(each) for each in items(given, "arguments")]
        return cls(
            text(given, "type"), found, text(given, "category_uuid"), [each for each in translated if each != found]
        )


def condition(case: Case, of: Piece, item: Item, groups: dict[str, str]) -> Piece:
    """The test as an expression; one that ours cannot say is listed, and marked."""
    try:
        found = [_one(case.kind, each, of, item, groups) for each in (case.arguments, *case.others)]
    except NotCarried as lost:
        item.lost(Phrase("conditions here cannot say {kind}: {what}"), kind=case.kind, what=lost.what)
        return marked(lost.what)
    if len(found) > 1:
        item.changed(Phrase("words of every language are heard, whatever the contact's language is"))
    unlike = list(dict.fromkeys(found))
    return joined("or", unlike)


def _one(kind: str, arguments: list[str], of: Piece, item: Item, groups: dict[str, str]) -> Piece:
    first = arguments[0] if arguments else ""
    if kind in _SIGNS:
        return binary(_SIGNS[kind], numeric(of), _limit(first, item))
    if kind in _PLACES:
        return filtered(of, _PLACES[kind], operand(first, item), gives="boolean")
    match kind:
        case "has_number":
            return asked(numeric(of), "defined")
        case "has_number_between" if len(arguments) == 2:
            low, high = (_limit(each, item) for each in arguments)
            return joined("and", [binary(">=", numeric(of), low), binary("<=", numeric(of), high)])
        case "has_text" | "has_value":
            return asked(filtered(of, "trim") if of.type == "text" else of, "not empty")
        case "has_text_equal_to" | "is_text_eq":
            return binary("==", of, operand(first, item))
        case "has_error":
            return asked(of, "empty")
    return _words(kind, arguments, of, item, groups)


def _words(kind: str, arguments: list[str], of: Piece, item: Item, groups: dict[str, str]) -> Piece:
    first = arguments[0] if arguments else ""
    match kind:
        case "has_only_text" | "has_only_phrase":
            return binary("==", folded(of), _folded(first, item))
        case "has_any_word" | "has_all_words" if first.split():
            words = [_word(of, word, item) for word in first.replace(",", " ").split()]
            return joined("or" if kind == "has_any_word" else "and", words)
        case "has_group" if arguments:
            return _group(arguments, groups)
        case "has_category" if first:
            if re.fullmatch(r"result\.\w+", of.text) and not of.text.endswith("_category"):
                of = Piece(f"result.{category(of.text.removeprefix('result.'))}", type="text")
            return joined("or", [binary("==", of, quoted(each)) for each in arguments])
        case "has_intent" | "has_top_intent" if first:
            item.changed(Phrase("how sure the model has to be stands in the step that asks it"))
            return binary("==", of, quoted(first))
    raise NotCarried(kind or "test")


def _limit(given: str, item: Item) -> Piece:
    found = number(given)
    return literal(found) if found is not None else numeric(operand(given, item))


def _folded(given: str, item: Item) -> Piece:
    return folded(operand(given, item)) if "@" in given else quoted(given.strip().lower())


def _word(of: Piece, word: str, item: Item) -> Piece:
    """One whole word among those of the text, case, accents and signs aside."""
    if "@" in word:
        return binary("in", filtered(operand(word, item), "slug"), _split(of))
    bare = re.sub(r"[^a-z0-9]+", "-", fold(word)).strip("-")
    if not bare or "-" in bare:  # a sign, another script, two words in one
        return filtered(of, "contains", quoted(word), gives="boolean")
    return binary("in", quoted(bare), _split(of))


def _split(of: Piece) -> Piece:
    return filtered(filtered(of, "slug"), "split", quoted("-"), gives="list")


def _group(arguments: list[str], groups: dict[str, str]) -> Piece:
    name = groups.get(arguments[0]) or (arguments[1] if len(arguments) > 1 else "")
    if not name:
        raise NotCarried("has_group")
    if name.startswith("\0"):
        raise NotCarried("a group by query")
    return binary("in", quoted(name), Piece("contact.tags"))


def asks(case: Case) -> Fields | None:
    """What a question expects to make this test itself; None when a condition does."""
    first = case.arguments[0] if case.arguments else ""
    match case.kind:
        case "has_phone":
            return {"expect": "phone", **({"country": first} if re.fullmatch(r"[A-Z]{2}", first) else {})}
        case "has_email":
            return {"expect": "email"}
        case "has_date":
            return {"expect": "date"}
        case "has_time":
            return {"expect": "time"}
        case "has_number":
            return {"expect": "number"}
        case "has_pattern":
            pattern = f"(?s).*(?:{first}).*"
            return {"expect": "regex", "pattern": pattern} if first and _is_pattern(pattern) else None
    return None


def hinted(kind: str) -> str:
    """What is expected when the wait says what kind of message it is for."""
    return _MEDIA.get(kind, "text")


def _is_pattern(source: str) -> bool:
    try:
        compile_pattern(source)
    except PatternError:
        return False
    return True
