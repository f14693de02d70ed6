"""Cuts the text of an expression into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pytake_cli.flow.language.values import MAX_BITS, MAX_EXPONENT, MAX_TOKENS, ExpressionError
from pytake_cli.locale import Phrase

Kind = Literal["name", "number", "string", "sign", "end"]

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_SIGN = re.compile(r"\*\*|//|==|!=|<=|>=|[-+*/%~|()\[\]{},.:=<>]")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "\n": ""}
_FOREIGN = {
    "&&": Phrase("write `and`"),
    "||": Phrase("write `or`"),
    "!": Phrase("write `not`"),
    "===": Phrase("write `==`"),
    "?": Phrase("write `a if b else c`"),
}
_CLOSES = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word, literal or sign; `value` is what a literal means."""

    kind: Kind
    text: str
    offset: int
    value: int | Decimal | str | None = None

    def is_sign(self, *signs: str) -> bool:
        """True for one of these signs."""
        return self.kind == "sign" and self.text in signs

    def is_word(self, *words: str) -> bool:
        """True for one of these words, which are names anywhere else."""
        return self.kind == "name" and self.text in words


def scan(source: str, start: int = 0, *, closing: str = "", limit: int = MAX_TOKENS) -> tuple[list[Token], int]:
    """The tokens from `start`, and where they end: at the end of the source or behind `closing` (`}}` of a text).

    Raises ExpressionError, also for more than `limit` tokens.
    """
    tokens: list[Token] = []
    open_brackets: list[str] = []
    at = start
    while True:
        at = _end(_SPACE, source, at)
        if closing and not open_brackets and source.startswith((closing, "-" + closing), at):
            tokens.append(Token("end", closing, at))
            return tokens, at + len(closing) + (source[at] == "-")
        if at >= len(source):
            if closing:
                raise ExpressionError(
                    Phrase("`{opening}` is never closed; `{closing}` is missing", opening="{{", closing=closing),
                    max(start - 2, 0),
                )
            tokens.append(Token("end", "", at))
            return tokens, at
        token = _next(source, at)
        if token.text in _CLOSES.values() and token.kind == "sign":
            open_brackets.append(token.text)
        elif token.is_sign(*_CLOSES) and open_brackets and open_brackets[-1] == _CLOSES[token.text]:
            open_brackets.pop()
        tokens.append(token)
        if len(tokens) > limit:
            raise ExpressionError(
                Phrase("more than {most} words and signs; compute a part before", most=MAX_TOKENS), token.offset
            )
        at += len(token.text)


def _end(pattern: re.Pattern[str], source: str, at: int) -> int:
    found = pattern.match(source, at)
    return found.end() if found else at


def _next(source: str, at: int) -> Token:
    if found := _NAME.match(source, at):
        return Token("name", found.group(), at)
    if found := _NUMBER.match(source, at):
        return Token("number", found.group(), at, _number(found.group(), at))
    if found := _STRING.match(source, at):
        return Token("string", found.group(), at, _string(found.group(), at))
    for foreign, advice in _FOREIGN.items():
        if source.startswith(foreign, at) and not source.startswith("!=", at):
            raise ExpressionError(Phrase("`{sign}` means nothing here; {advice}", sign=foreign, advice=advice), at)
    if found := _SIGN.match(source, at):
        return Token("sign", found.group(), at)
    if source[at] in "'\"":
        raise ExpressionError(Phrase("the text is never closed; its quote is missing"), at)
    raise ExpressionError(Phrase("{sign} means nothing here", sign=repr(source[at])), at)


def _number(text: str, at: int) -> int | Decimal:
    """Numbers with a point are decimal, so that 0.1 + 0.2 is 0.3 to customers as well."""
    plain = text.replace("_", "")
    if plain.isdigit() and len(plain) <= MAX_EXPONENT:
        whole = int(plain)
        if whole.bit_length() <= MAX_BITS:
            return whole
    # an exponent of more digits than this is too large whatever it says; Decimal would refuse some of them
    elif len(plain.lower().partition("e")[2]) <= 4 and len(plain) <= 100:
        number = Decimal(plain)
        if abs(number.adjusted()) <= MAX_EXPONENT:
            return number
    raise ExpressionError(Phrase("the number is too large"), at)


def _string(text: str, at: int) -> str:
    if "\\" not in text:
        return text[1:-1]

    def character(found: re.Match[str]) -> str:
        code = found.group(1)
        if len(code) > 1:
            number = int(code[1:], 16)
            if 0xD800 <= number <= 0xDFFF:
                raise ExpressionError(Phrase("half a character; write the character itself"), at + 1 + found.start())
            return chr(number)
        if code not in _ESCAPES:
            raise ExpressionError(
                Phrase("`\\{code}` means nothing in a text; write `\\\\`", code=code), at + 1 + found.start()
            )
        return _ESCAPES[code]

    return _ESCAPE.sub(character, text[1:-1])
