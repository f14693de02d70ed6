"""Errors in words: message, why and fix, translated, filled in, clean and without tokens."""

from __future__ import annotations

import re
from typing import Any

from pytake_cli import log
from pytake_cli.errors import PytakeError
from pytake_cli.locale import Phrase, _
from pytake_cli.text import clean

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
# What operating systems say, for the errors that people meet.
SYSTEM = (
    *("No such file or directory", "Is a directory", "Not a directory", "File exists", "Permission denied"),
    *("Operation not permitted", "Read-only file system", "No space left on device", "Disk quota exceeded"),
    *("Connection refused", "Connection reset by peer", "Connection timed out", "timed out"),
    *("Network is unreachable", "No route to host", "Name or service not known", "Address already in use"),
    *("Cannot assign requested address", "Temporary failure in name resolution", "no such file", "not UTF-8 text"),
)


def texts(error: PytakeError) -> tuple[str, str, str]:
    """Message, why and fix: translated, filled in, clean and without tokens."""
    return _filled(error.message, error.values), _filled(error.why, error.values), _filled(error.fix, error.values)


def _filled(template: str, values: dict[str, Any]) -> str:
    text = _(template)
    try:
        text = text.format(**{name: _reason(each) for name, each in values.items()}) if values else text
    except (KeyError, IndexError, ValueError):
        pass  # a brace that is no placeholder: shown as it is
    return clean(log.redact(text))


def _reason(value: Any) -> Any:
    """What the system said, without its number, and phrases of ours: in the language of this process."""
    if isinstance(value, Phrase):
        return value.told
    if not isinstance(value, str):
        return value
    text = _ERRNO.sub("", value)
    return _(text) if text in SYSTEM else text
