"""From text to tree: the grammar, and errors that point at the place."""

from __future__ import annotations

import re
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, v_args

from pytake_cli.segment.tree import And, Bare, Count, Near, Node, Not, Or, Predicate, Sample, SegmentError, Value

MAX_LENGTH = 8192  # characters
MAX_PREDICATES = 250
FARTHEST = 500_000  # metres: the earth is taken as flat
MAX_DEPTH = 50  # parentheses inside each other

GRAMMAR = r"""
?start: or_
?or_: and_ (_OR and_)*
?and_: not_ (_AND? not_)*
?not_: _NOT not_ -> negated
     | "(" or_ ")"
     | predicate
     | call
     | bare
predicate: WORD OP value            -> compared
         | WORD IN "(" value ("," value)* ")"     -> listed
         | WORD NOT_IN "(" value ("," value)* ")" -> listed
         | WORD _BETWEEN value _AND? value        -> between
         | WORD IS_SET              -> stated
         | WORD IS_NOT_SET          -> stated
call: _SAMPLE WORD ")"              -> sampled
    | _NEAR value "," value "," value ")" -> near
    | _COUNT WORD ("," _SINCE value)? ")" OP value -> counted
bare: WORD | STRING
value: WORD | STRING | REGEX

_OR: /or\b/i
_AND: /and\b/i
_NOT: /not\b/i
_BETWEEN: /between\b/i
_SAMPLE: /sample\s*\(/i
_NEAR: /near\s*\(/i
_COUNT: /count\s*\(/i
_SINCE: /since\s*=/i
IN: /in(?=\s*\()/i
NOT_IN: /not\s+in(?=\s*\()/i
IS_SET: /is\s+(not\s+empty|set)\b/i
IS_NOT_SET: /is\s+(not\s+set|empty)\b/i
OP: "!=" | "!~" | "^=" | ">=" | "<=" | "=" | "~" | ">" | "<"
STRING: /"(\\.|[^"\\])*"/
REGEX: /\/(\\.|[^\/\\\n])+\//
WORD: /[^\s()=!~^<>,"\/][^\s()=!~^<>,"]*/
%import common.WS
%ignore WS
"""

_PRIORITIES = (
    "_OR",
    "_AND",
    "_NOT",
    "_BETWEEN",
    "_SAMPLE",
    "_NEAR",
    "_COUNT",
    "_SINCE",
    "IN",
    "NOT_IN",
    "IS_SET",
    "IS_NOT_SET",
)
for _name in _PRIORITIES:  # keywords before words, and the longer before the shorter
    GRAMMAR = re.sub(rf"(?m)^{_name}:", f"{_name}.{3 if 'NOT_' in _name else 2}:", GRAMMAR)

_PARSER = Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=True)
_ESCAPE = re.compile(r"\\(.)")


@v_args(inline=True)
class _Build(Transformer[Token, Node]):
    def or_(self, *children: Node) -> Node:
        return Or(children)

    def and_(self, *children: Node) -> Node:
        return And(children)

    def negated(self, child: Node) -> Node:
        return Not(child)

    def value(self, token: Token) -> Value:
        return _value(token)

    def bare(self, token: Token) -> Node:
        return Bare(_value(token).text, _offset(token))

    def compared(self, field: Token, op: Token, value: Value) -> Node:
        return Predicate(field.lower(), str(op), (value,), _offset(field))  # type: ignore[arg-type]

    def listed(self, field: Token, op: Token, *values: Value) -> Node:
        return Predicate(field.lower(), "not in" if op.type == "NOT_IN" else "in", values, _offset(field))

    def between(self, field: Token, low: Value, high: Value) -> Node:
        return Predicate(field.lower(), "between", (low, high), _offset(field))

    def stated(self, field: Token, how: Token) -> Node:
        return Predicate(field.lower(), "is set" if how.type == "IS_SET" else "is empty", (), _offset(field))

    def sampled(self, share: Token) -> Node:
        match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)%?", share)
        if not match or float(match[1]) > 100:
            raise SegmentError("{share} is no share; write sample(10%)", _offset(share), share=share)
        return Sample(float(match[1]), _offset(share))

    def near(self, latitude: Value, longitude: Value, distance: Value) -> Node:
        match = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)(k?m)", distance.text.lower())
        metres = float(match[1]) * (1000 if match[2] == "km" else 1) if match else 0.0
        if not 0 < metres <= FARTHEST:
            raise SegmentError(
                "{given} is no distance; write 800m or 5km, at most 500km", distance.offset, given=distance.text
            )
        return Near(_degrees(latitude, 90), _degrees(longitude, 180), metres, latitude.offset)

    def counted(self, what: Token, *rest: Any) -> Node:
        *since, op, value = rest
        return Count(what.lower(), since[0] if since else None, str(op), value, _offset(what))  # type: ignore[arg-type]


def parse(text: str) -> Node:
    """The tree of a segment's text; `SegmentError` says what is wrong and where."""
    if len(text) > MAX_LENGTH:
        raise SegmentError("a segment has at most {most} characters", MAX_LENGTH, most=MAX_LENGTH)
    if not text.strip():
        raise SegmentError("a segment says who is meant, such as tag = client", 0)
    _check_depth(text)
    try:
        tree: Node = _Build().transform(_PARSER.parse(text))
    except UnexpectedEOF:
        raise SegmentError("the segment ends too early", len(text)) from None
    except UnexpectedToken as error:
        at = len(text) if error.token.type == "$END" else _offset(error.token)
        raise _unexpected(error, at) from None
    except UnexpectedCharacters as error:
        raise SegmentError("{word} cannot stand here", error.pos_in_stream or 0, word=repr(error.char)) from None
    except Exception as error:
        if isinstance(cause := getattr(error, "orig_exc", None), SegmentError):
            raise cause from None
        raise
    if (many := count(tree)) > MAX_PREDICATES:
        raise SegmentError(
            "a segment has at most {most} conditions; this has {many}", 0, most=MAX_PREDICATES, many=many
        )
    return tree


def count(node: Node) -> int:
    """How many conditions a tree has."""
    match node:
        case And(children) | Or(children):
            return sum(count(child) for child in children)
        case Not(child):
            return count(child)
        case _:
            return 1


def _check_depth(text: str) -> None:
    depth = nots = 0
    for found in re.finditer(r'"(?:\\.|[^"\\])*"|[()]|\bnot\b|[^\s()"]+', text, re.IGNORECASE):
        word = found.group()
        depth += (word == "(") - (word == ")")
        nots = nots + 1 if word.lower() == "not" else (nots if word == "(" else 0)
        if depth > MAX_DEPTH or nots > MAX_DEPTH:
            raise SegmentError("at most {most} inside each other", found.start(), most=MAX_DEPTH)


def _unexpected(error: UnexpectedToken, at: int) -> SegmentError:
    if error.token.type == "$END":
        return SegmentError("the segment ends too early", at)
    if error.token.type == "OP":
        return SegmentError(
            "{word} needs a field before it and a value after it, such as stage = lead", at, word=error.token
        )
    return SegmentError("{word} cannot stand here", at, word=error.token)


def _value(token: Token) -> Value:
    if token.type == "STRING":
        return Value(_ESCAPE.sub(r"\1", token[1:-1]), "quoted", _offset(token))
    if token.type == "REGEX":
        return Value(token[1:-1].replace("\\/", "/"), "regex", _offset(token))
    if token.startswith("'"):
        raise SegmentError("{word}: text is quoted with \" here, not with '", _offset(token), word=str(token))
    return Value(str(token), "word", _offset(token))


def _degrees(value: Value, most: int) -> float:
    if not re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,12})?", value.text) or abs(found := float(value.text)) > most:
        raise SegmentError("{given} is no place; write near(-23.55, -46.63, 5km)", value.offset, given=value.text)
    return found


def _offset(token: Token) -> int:
    return token.start_pos or 0
