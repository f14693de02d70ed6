"""Patterns of segments: few enough signs that Python and both databases read them alike, over folded text.

`/^jo[aã]o\\b|mar(ia|ta)/`: letters, `.`, classes, groups, `|`, `* + ? {2,5}`, `^ $ \\b`, `\\d \\w \\s`.
RE2 runs them, and PostgreSQL's own engine, which needs no way back without groups: time grows with the text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pytake_cli.flow.patterns import MAX_PATTERN, PatternError, compile_pattern
from pytake_cli.flow.words import fold
from pytake_cli.locale import Phrase

MOST_REPEATED = 100  # of {n}: PostgreSQL counts to 255, RE2 to 1,000
MOST_SIGNS = 2000  # when all {n} are written out
WIDEST = 1000  # letters of a range that are folded one by one
_SETS = {"d": "0-9", "w": "a-z0-9_", "s": " "}
_BLANKS = "tnrfv"  # all are spaces once folded
_REPEATED = re.compile(r"[*+?]|\{(\d{1,4})(?:(,)(\d{1,4})?)?\}")


@lru_cache(maxsize=256)
def normal(source: str) -> str:
    """The pattern with folded letters, as RE2 reads it; raises PatternError."""
    if len(source) > MAX_PATTERN:
        raise PatternError(Phrase("the pattern is longer than {most} characters", most=MAX_PATTERN), MAX_PATTERN)
    read = _Reader(source).read()
    compile_pattern(read, ignore_case=False)
    return read


def postgresql(source: str) -> str:
    """The same as PostgreSQL reads it: only the edges of words are called otherwise there."""
    return re.sub(r"\\(.)", lambda found: {"b": "\\y", "B": "\\Y"}.get(found[1], found[0]), normal(source))


def matches(source: str, folded: str) -> bool:
    """True when a part of the folded text fits."""
    return compile_pattern(normal(source), ignore_case=False).search(folded)


class _Reader:
    """Walks through a pattern once and writes it anew; each step returns the text and how many signs it stands for."""

    def __init__(self, source: str) -> None:
        self._source, self._at = source, 0

    def read(self) -> str:
        text, _signs = self._either()
        if self._at < len(self._source):
            raise self._error(Phrase("the pattern has a ) too many"))
        return text

    def _peek(self, ahead: int = 1) -> str:
        return self._source[self._at : self._at + ahead]

    def _take(self) -> str:
        sign = self._peek()
        if not sign:
            raise self._error(Phrase("the pattern ends too early"))
        self._at += 1
        return sign

    def _error(self, message: Phrase, at: int | None = None) -> PatternError:
        return PatternError(message, self._at if at is None else at)

    def _either(self) -> tuple[str, int]:
        branches = [self._branch()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._branch())
        return "|".join(text for text, _ in branches), sum(signs for _, signs in branches)

    def _branch(self) -> tuple[str, int]:
        pieces = []
        while self._peek() not in ("", "|", ")"):
            pieces.append(self._piece())
        return "".join(text for text, _ in pieces), sum(signs for _, signs in pieces)

    def _piece(self) -> tuple[str, int]:
        begins = self._at
        text, signs = self._atom()
        repeated = _REPEATED.match(self._source, self._at)
        if repeated is None:
            return text, signs
        if not text or text in ("^", "$", "\\b", "\\B"):
            raise self._error(Phrase("there is nothing here that can be repeated"))
        self._at = repeated.end()
        if self._peek() == "?":  # as few as possible: whether it fits at all is the same
            self._at += 1
        if _REPEATED.match(self._source, self._at):
            raise self._error(Phrase("what is repeated cannot be repeated at once again"))
        low, high = (int(group or 0) for group in repeated.group(1, 3))
        if max(low, high) > MOST_REPEATED or (repeated[3] and high < low):
            raise self._error(
                Phrase("{given} cannot be: at most {most}", given=repeated.group(), most=f"{{{MOST_REPEATED}}}"),
                repeated.start(),
            )
        signs *= max(low, high, 1)
        if signs > MOST_SIGNS:
            raise self._error(Phrase("the pattern repeats too much"), begins)
        return text + repeated.group(), signs

    def _atom(self) -> tuple[str, int]:
        begins, sign = self._at, self._take()
        match sign:
            case "(":
                return self._group(begins)
            case "[":
                return self._class(begins), 1
            case "." | "^" | "$":
                return sign, 1
            case "*" | "+" | "?":
                raise self._error(Phrase("there is nothing here that can be repeated"), begins)
            case "\\":
                return self._escaped(begins), 1
            case _:
                letters = _folded(sign)
                written = "".join(map(_literal, letters))
                return f"(?:{written})" if len(letters) > 1 else written, len(letters)

    def _group(self, begins: int) -> tuple[str, int]:
        if self._peek() == "?":
            if self._peek(2) != "?:":
                raise self._error(Phrase("groups are ( ) and (?: ): no looking ahead, no names, no switches"), begins)
            self._at += 2
        text, signs = self._either()
        if self._peek() != ")":
            raise self._error(Phrase("the pattern has a ( that is not closed"), begins)
        self._at += 1
        return f"(?:{text})", signs

    def _escaped(self, begins: int) -> str:
        sign = self._take()
        if sign in "bB":
            return f"\\{sign}"
        if sign in _BLANKS:
            return " "
        if sign.lower() in _SETS:
            return f"[{'' if sign.islower() else '^'}{_SETS[sign.lower()]}]"
        if sign.isalnum():
            raise self._error(Phrase("\\{sign} is not possible in patterns of segments", sign=sign), begins)
        return "".join(map(_literal, _folded(sign)))

    def _class(self, begins: int) -> str:
        negated = self._peek() == "^"
        self._at += negated
        found: set[str] = set()
        wide, first = "", True
        while first or self._peek() != "]":
            if self._peek(2) == "[:":
                raise self._error(Phrase("classes with names are not possible in patterns of segments"))
            if self._peek() == "\\" and self._peek(2)[1:] in (*_SETS, *_BLANKS):
                sign = self._peek(2)[1]
                self._at += 2
                found |= _members(_SETS[sign]) if sign in _SETS else {" "}
            else:
                wide += self._range(found)
            first = False
        self._at += 1
        if not found and not wide:
            raise self._error(Phrase("the class has no letters"), begins)
        return f"[{'^' if negated else ''}{_ranges(found)}{wide}]"

    def _range(self, found: set[str]) -> str:
        """Puts a letter, or those of `a-z`, into what is found; returns a range that is too wide for that."""
        begins, low = self._at, self._letter()
        if self._peek() != "-" or self._peek(2) in ("-", "-]"):
            found.update(one for one in [_folded(low)] if len(one) == 1)
            return ""
        self._at += 1
        high = self._letter()
        if high < low:
            raise self._error(Phrase("{low}-{high} goes backwards", low=low, high=high), begins)
        if ord(high) - ord(low) > WIDEST:
            return f"{_literal(low)}-{_literal(high)}"
        each = (_folded(chr(code)) for code in range(ord(low), ord(high) + 1))
        found.update(one for one in each if len(one) == 1)
        return ""

    def _letter(self) -> str:
        begins, sign = self._at, self._take()
        if sign == "\\":
            sign = self._take()
            if sign.isalnum():
                raise self._error(Phrase("\\{sign} is not possible in patterns of segments", sign=sign), begins)
        return sign


def _folded(letter: str) -> str:
    """What becomes of a letter in the text that is looked at; nothing of an accent by itself."""
    if "\ud800" <= letter <= "\udfff":
        return ""
    return fold(f"x{letter}x")[1:-1]


def _literal(letter: str) -> str:
    plain = letter.isalnum() or letter in " _" or not letter.isascii() or not letter.isprintable()
    return letter if plain else f"\\{letter}"


def _members(ranges: str) -> set[str]:
    return {chr(code) for code in range(128) if re.fullmatch(f"[{ranges}]", chr(code))}


def _ranges(letters: set[str]) -> str:
    """The letters in order, neighbours as `a-z`."""
    spans: list[list[int]] = []
    for code in sorted(map(ord, letters)):
        if spans and code == spans[-1][1] + 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    ends = ([_literal(chr(low)), _literal(chr(high))] for low, high in spans)
    return "".join(low if low == high else f"{low}-{high}" for low, high in ends)
