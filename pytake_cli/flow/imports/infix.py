"""Reads expressions of other languages, operator by operator; each language says what its names and calls mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pytake_cli.flow.imports.pieces import NotCarried, Piece, held, literal, negated, quoted

MAX_SOURCE = 2000  # characters
MAX_DEPTH = 40
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>[0-9]{1,15}(?:\.[0-9]{1,12})?(?![\w.]))
  | (?P<string>"(?:[^"\\]|\\.|"")*"|'(?:[^'\\]|\\.)*'|`[^`$\\]*`)
  | (?P<var>\{\{[^{}]{1,100}\}\})
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>=>|===|!==|==|!=|<=|>=|&&|\|\||\*\*|\?\?|[-+*/%^&=<>!?:.,()\[\]])
  )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, text, variable or sign; `end` comes last."""

    kind: str
    text: str


def tokens(source: str) -> list[Token]:
    """The tokens of an expression; NotCarried if it has something else in it."""
    if len(source) > MAX_SOURCE:
        raise NotCarried("long expression")
    source = source.strip()
    found: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise NotCarried("expression")
        found.append(Token(str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    return [*found, Token("end", "")]


class Infix:
    """One expression; `read()` gives it in our language or raises NotCarried. `powers` is how tightly signs bind."""

    powers: ClassVar[dict[str, int]] = {}
    right: ClassVar[frozenset[str]] = frozenset()  # signs that take what stands behind them first
    doubled: ClassVar[bool] = False  # a quote within a text is written twice

    def __init__(self, source: str) -> None:
        self._tokens = tokens(source)
        self._at = 0
        self._depth = 0

    def read(self) -> Piece:
        piece = self._expression(0)
        if self._now.kind != "end":
            raise NotCarried("expression")
        return piece

    def name(self, name: str) -> Piece:
        """What a name means."""
        raise NotCarried(name)

    def variable(self, name: str) -> Piece:
        """What `{{name}}` means."""
        raise NotCarried(name)

    def call(self, name: str, arguments: list[Piece]) -> Piece:
        """What `name(arguments)` means."""
        raise NotCarried(name)

    def member(self, of: Piece, name: str) -> Piece:
        """What `of.name` means."""
        raise NotCarried(name)

    def method(self, of: Piece, name: str, arguments: list[Piece]) -> Piece:
        """What `of.name(arguments)` means."""
        raise NotCarried(name)

    def settled(self, piece: Piece) -> Piece:
        """The piece once nothing more can stand behind it."""
        return piece

    def operation(self, sign: str, left: Piece, right: Piece) -> Piece:
        """What `left sign right` means."""
        raise NotCarried(sign)

    def conditional(self, condition: Piece, then: Piece, otherwise: Piece) -> Piece:
        """What `condition ? then : otherwise` means."""
        raise NotCarried("?")

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._now
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _skip(self, sign: str) -> bool:
        if self._now == Token("sign", sign):
            self._take()
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._skip(sign):
            raise NotCarried("expression")

    def _expression(self, least: int) -> Piece:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotCarried("deep expression")
        left = self._behind(self._first())
        while self._now.kind == "sign" and (power := self.powers.get(self._now.text, -1)) >= least:
            sign = self._take().text
            if sign == "?":
                then = self._expression(0)
                self._expect(":")
                left = self.conditional(left, then, self._expression(power))
            else:
                left = self.operation(sign, left, self._expression(power if sign in self.right else power + 1))
        self._depth -= 1
        return left

    def _first(self) -> Piece:
        token = self._take()
        match token.kind:
            case "number":
                return literal(float(token.text) if "." in token.text else int(token.text))
            case "string":
                return quoted(self._unquoted(token.text))
            case "var":
                return self.variable(token.text[2:-2].strip())
            case "name":
                if self._now == Token("sign", "("):
                    return self.call(token.text, self._arguments())
                return self.name(token.text)
        if token.text == "(":
            piece = self._expression(0)
            self._expect(")")
            return piece
        if token.text in ("-", "!"):
            of = self._behind(self._first())
            of = self.settled(of)
            return negated(of) if token.text == "!" else Piece(f"-{held(of, 8)}", 7, "number")
        raise NotCarried("expression")

    def _behind(self, piece: Piece) -> Piece:
        while True:
            if self._skip("."):
                token = self._take()
                if token.kind not in ("name", "number"):
                    raise NotCarried("expression")
                if self._now == Token("sign", "("):
                    piece = self.method(piece, token.text, self._arguments())
                else:
                    piece = self.member(piece, token.text)
            elif self._skip("["):
                index = self._expression(0)
                self._expect("]")
                piece = Piece(f"{held(self.settled(piece), 9)}[{self.settled(index).text}]")
            else:
                return piece

    def _arguments(self) -> list[Piece]:
        self._expect("(")
        found: list[Piece] = []
        while not self._skip(")"):
            if found:
                self._expect(",")
            found.append(self._expression(0))
        return found

    def _unquoted(self, text: str) -> str:
        inner = text[1:-1]
        if self.doubled:
            inner = inner.replace('""', '"')
        return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), inner, flags=re.DOTALL)
