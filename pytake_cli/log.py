"""Logging: one event a line, key=value or JSON; tokens are taken out, control characters escaped, message text refused.

2026-11-22T22:11:48.123Z info  message sent wamid=wamid.A1 ms=3
{"at":"2026-11-22T22:11:48.123Z","level":"info","event":"message sent","logger":"pytake_cli.daemon.sender","ms":3}
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from pytake_cli import secrets

MAX_FIELD = 500  # characters; ids and error texts fit, a pasted file does not
MAX_TRACEBACK = 8_000
REMOVED = "[removed]"
# What people wrote and what opens doors never goes to a log, whoever passes it.
PRIVATE_FIELDS = frozenset(
    {
        "text",
        "body",
        "content",
        "caption",
        "message_text",
        "token",
        "access_token",
        "secret",
        "password",
        "authorization",
    }
)
_TOKENS = re.compile(
    r"EAA[A-Za-z0-9_-]{8,}"
    r"|(?<=bearer )[^\s\"',]{4,}"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"
    r"|(?<=sha256=)[0-9a-f]{64}"
    r"|(?:(?<=access_token=)|(?<=verify_token=)|(?<=client_secret=)|(?<=appsecret_proof=)|(?<=password=))[^\s&\"',]+",
    re.IGNORECASE,
)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
MIN_SECRET = 6  # a shorter "secret" would tear holes into ordinary words


def setup(level: str = "info", format: str = "text", stream: TextIO | None = None) -> None:  # noqa: A002
    """Sends everything of ours from `level` on, and others' warnings, to a stream; replaces an earlier setup."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if format == "json" else KeyValue())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # httpx would log whole addresses at info
    logging.getLogger("pytake_cli").setLevel(level.upper())


def redact(value: str) -> str:
    """Takes out whatever looks like a token and every secret that this process has read."""
    value = _TOKENS.sub(REMOVED, value)
    for secret in secrets.seen_values():
        if len(secret) >= MIN_SECRET and secret in value:
            value = value.replace(secret, REMOVED)
    return value


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """The `extra` of a record, safe to write."""
    found: dict[str, Any] = {}
    for name, value in record.__dict__.items():
        if name in _STANDARD or name.startswith("_"):
            continue
        if name in PRIVATE_FIELDS:
            found[name] = REMOVED
        elif value is None or isinstance(value, (bool, int, float)):
            found[name] = value
        else:
            found[name] = _short(redact(str(value)), MAX_FIELD)
    return found


def _short(value: str, limit: int) -> str:
    return value if len(value) <= limit else f"{value[:limit]}…(+{len(value) - limit})"


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event(record: logging.LogRecord) -> str:
    return _short(redact(record.getMessage()), MAX_FIELD)


def _traceback(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return redact("".join(traceback.format_exception(*record.exc_info)))[-MAX_TRACEBACK:]


def _plain(value: str) -> str:
    """No character that could end the line, move a cursor or turn the direction."""
    if value.isprintable():
        return value
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in value)


class JsonLines(logging.Formatter):
    """One JSON object a line; an event cannot be forged from inside a string."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {"at": _at(record), "level": record.levelname.lower(), "event": _event(record), "logger": record.name}
        for name, value in fields(record).items():
            entry[name if name not in entry else f"{name}_"] = value
        if trace := _traceback(record):
            entry["traceback"] = trace
        return json.dumps(entry)


class KeyValue(logging.Formatter):
    """For people: time, level, event, fields; a traceback follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [_at(record), f"{record.levelname.lower():<7}", _plain(_event(record))]
        for name, value in fields(record).items():
            parts.append(f"{_plain(name)}={_quoted(value)}")
        line = " ".join(parts)
        return line + "".join(f"\n    | {_plain(each)}" for each in _traceback(record).splitlines())


def _quoted(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if value and value.isprintable() and not any(each in value for each in ' ="\\'):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_plain(escaped)}"'
