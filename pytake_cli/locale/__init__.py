"""Language of narration: _() for words, choose() for which language; English texts are the keys."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # importing typing would cost more than all of this
if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import ContextVar

LANGUAGES = ("en", "pt-BR")
_DIRECTORY = os.path.dirname(os.path.abspath(__file__))

_language = "en"
_spoken: ContextVar[str] | None = None  # the language of one request, once there has been any
_ascii = False
_catalogue: Mapping[str, str] | None = None  # None: not read yet


def _(text: str) -> str:
    """The text in the language of this process or request, or as it is."""
    if language() == "en" or not text:
        return own(text)
    return own(_messages().get(text, text))


class Phrase(str):
    """A piece of a sentence that is translated when the sentence is shown: `a duration such as 30s`.

    With values it is a template: Phrase("longer than {most} characters", most=1000).
    """

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Phrase:
        self = super().__new__(cls, template.format(**values) if values else template)
        self.template, self.values = template, values
        return self

    @property
    def told(self) -> str:
        """In the language of this process or request."""
        text = _(self.template)
        return text.format(**{name: told(value) for name, value in self.values.items()}) if self.values else text


def told(value: object) -> object:
    """The value as it goes into a sentence: phrases are translated, everything else is as it is."""
    return value.told if isinstance(value, Phrase) else value


def own(text: str) -> str:
    """A text of ours as the terminal can show it: the one door for --ascii, which leaves what others wrote alone."""
    if not _ascii or text.isascii():
        return text
    from pytake_cli.locale import letters

    return letters.plain(text)


def only_ascii(on: bool) -> None:
    """Whether our own words keep to ASCII in this process."""
    global _ascii
    _ascii = on


def is_ascii() -> bool:
    return _ascii


def ngettext(one: str, many: str, count: int) -> str:
    """The form for a count; both languages have the same two."""
    is_one = count == 1 if language() == "en" else count in (0, 1)
    return _(one if is_one else many)


def language() -> str:
    """`en` or `pt-BR`."""
    return (_spoken.get() if _spoken is not None else "") or _language


def use(name: str) -> None:
    """Sets the language of this process."""
    global _language
    _language = name if name in LANGUAGES else "en"


def speak(name: str) -> None:
    """Sets the language of the request that is being answered, in this task and the threads it starts."""
    global _spoken
    if _spoken is None:
        from contextvars import ContextVar  # commands do without, and are quicker for it

        _spoken = ContextVar("spoken", default="")
    _spoken.set(name if name in LANGUAGES else "")


def choose(named: str | None) -> str:
    """The language for a setting, or for the system when there is none: English unless it speaks Portuguese."""
    if named:
        return "pt-BR" if named.lower().startswith("pt") else "en"
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "pt-BR" if value.lower().startswith("pt") else "en"
    return "en"


def speaks_ascii() -> bool:
    """True for a terminal that can do nothing and for the C locale: both are asked for by name."""
    if os.environ.get("TERM") == "dumb":
        return True
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    return next((value for value in named if value), "") in ("C", "POSIX")


def number(value: int) -> str:
    """A count for people: 1,284 or 1.284."""
    text = f"{value:,}"
    return text if language() == "en" else text.replace(",", ".")


def _messages() -> Mapping[str, str]:
    global _catalogue
    if _catalogue is None:
        _catalogue = _read(os.path.join(_DIRECTORY, "pt_BR", "LC_MESSAGES", "pytake.mo"))
    return _catalogue


def _read(path: str) -> dict[str, str]:
    """A .mo file as a dictionary; the standard gettext costs more than the rest of `pytake --help`."""
    with open(path, "rb") as file:
        content = file.read()

    def word(at: int) -> int:
        return int.from_bytes(content[at : at + 4], "little")

    def text(table: int, index: int) -> str:
        length, start = word(table + 8 * index), word(table + 8 * index + 4)
        return content[start : start + length].decode()

    if word(0) != 0x950412DE:
        raise ValueError(f"{path} is no little-endian .mo file")
    count, keys, values = word(8), word(12), word(16)
    return {text(keys, index): text(values, index) for index in range(count)}
