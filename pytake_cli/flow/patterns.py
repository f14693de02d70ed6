"""Patterns of flow files, run by RE2: time grows with the text, never faster, whatever the pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import re2

from pytake_cli.locale import Phrase

MAX_PATTERN = 1000  # characters
MAX_MEMORY = 1 << 20  # bytes that RE2 may use for one pattern and its states
MAX_TEXT = 4096  # characters that are matched; a WhatsApp text has no more

_UNSUPPORTED = re.compile(r"\(\?(?:<?[=!])|\\[1-9]|\(\?P=")
# what RE2 says is wrong
_SAID: dict[str, Phrase] = {
    "missing )": Phrase("missing )"),
    "unexpected )": Phrase("unexpected )"),
    "missing ]": Phrase("missing ]"),
    "trailing \\": Phrase("trailing \\"),
    "bad repetition operator": Phrase("bad repetition operator"),
    "no argument for repetition operator": Phrase("no argument for repetition operator"),
    "invalid repetition size": Phrase("invalid repetition size"),
    "invalid character class range": Phrase("invalid character class range"),
    "invalid escape sequence": Phrase("invalid escape sequence"),
    "invalid named capture group": Phrase("invalid named capture group"),
    "invalid perl operator": Phrase("invalid perl operator"),
    "pattern too large - compile failed": Phrase("pattern too large - compile failed"),
}


class PatternError(Exception):
    """The source is no pattern; `offset` counts characters from its start."""

    def __init__(self, message: Phrase, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    source: str
    ignore_case: bool
    _compiled: Any = field(repr=False, compare=False)

    def fullmatch(self, text: str) -> bool:
        """True when the whole text matches, spaces around it aside."""
        return self._match(self._compiled.fullmatch, text)

    def search(self, text: str) -> bool:
        """True when a part of the text matches."""
        return self._match(self._compiled.search, text)

    def _match(self, match: Any, text: str) -> bool:
        # lone surrogates are no UTF-8, which RE2 works in
        text = text.strip()[:MAX_TEXT].encode(errors="replace").decode()
        return match(text) is not None


@lru_cache(maxsize=1024)
def compile_pattern(source: str, *, ignore_case: bool = True) -> Pattern:
    """Compiles a pattern; PatternError names the place where RE2 stops reading it."""
    if len(source) > MAX_PATTERN:
        raise PatternError(Phrase("the pattern is longer than {most} characters", most=MAX_PATTERN), MAX_PATTERN)
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise PatternError(Phrase("the pattern has half a character"), error.start) from None
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.case_sensitive = not ignore_case
    options.log_errors = False
    try:
        compiled = re2.compile(source, options)
    except re2.error as error:
        raise _explained(source, error) from None
    return Pattern(source, ignore_case, compiled)


def _explained(source: str, error: Exception) -> PatternError:
    """RE2 says what is wrong and quotes the piece: `b'missing ): (a'`."""
    raw = error.args[0] if error.args else ""
    said = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
    unsupported = _UNSUPPORTED.search(source)
    if unsupported:
        piece = unsupported.group()
        if piece.startswith(("\\", "(?P=")):
            wrong = Phrase("back references are not possible in patterns: {piece}", piece=piece)
        else:
            wrong = Phrase("look-ahead and look-behind are not possible in patterns: {piece}", piece=piece)
        return PatternError(wrong, unsupported.start())
    message, colon, piece = said.partition(": ")
    found = source.find(piece) if colon and piece else -1
    words = _SAID.get(message, message)
    detail = Phrase("{words}: {piece}", words=words, piece=piece) if colon and piece else words
    return PatternError(Phrase("the pattern cannot be read: {detail}", detail=detail), max(found, 0))
