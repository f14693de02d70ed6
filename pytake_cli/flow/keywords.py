"""Words that triggers and interrupts listen for, folded for case and accents; found at once, however many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Literal, TypeVar

from pytake_cli.flow.patterns import compile_pattern
from pytake_cli.flow.words import bare, fold

Mode = Literal["whole", "starts", "contains", "regex"]
T = TypeVar("T")


def matches(keyword: str, mode: Mode, text: str) -> bool:
    """True if the text says the keyword: as a whole message, at its start, anywhere as a word, or as a pattern."""
    if mode == "regex":
        return compile_pattern(keyword).fullmatch(text)
    wanted, said = bare(keyword), bare(text)
    if mode == "whole" or not wanted:
        return said == wanted
    if mode == "starts":
        return said == wanted or said.startswith(f"{wanted} ")
    return f" {wanted} " in f" {_words(said)} " or f" {wanted} " in f" {fold(text)} "


def _words(said: str) -> str:
    return " ".join(word for part in said.split() if (word := bare(part)))


class Keywords(Generic[T]):
    """What was found first by keyword; whole messages before all others, then in the order given."""

    __slots__ = ("_others", "_whole")

    def __init__(self, entries: Iterable[tuple[Iterable[str], Mode, T]]) -> None:
        self._whole: dict[str, T] = {}
        self._others: list[tuple[str, Mode, T]] = []
        for words, mode, meant in entries:
            for word in words:
                if mode == "whole":
                    self._whole.setdefault(bare(word), meant)
                else:
                    self._others.append((word, mode, meant))

    def find(self, text: str) -> T | None:
        """What the text means, if anything."""
        if self._whole and (found := self._whole.get(bare(text))) is not None:
            return found
        return next((meant for word, mode, meant in self._others if matches(word, mode, text)), None)
