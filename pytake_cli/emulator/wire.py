"""JSON as Meta writes it in webhooks: ASCII with \\uXXXX and \\/ escapes, and the envelope around updates."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from json.encoder import encode_basestring_ascii as quote
from typing import Any

MAX_BODY = 3 * 1024 * 1024  # bytes; Meta's stated maximum of a webhook
__all__ = ["MAX_BODY", "Change", "dumps", "quote", "render", "sign"]

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


def dumps(value: Any) -> str:
    return _encode(value)


@dataclass(slots=True)
class Change:
    """One update on its way to a webhook; `frame` is the inside of `value` without the list that holds `item`."""

    entry_id: str
    field: str
    frame: str
    group: str = ""  # messages, statuses, …: the list of `value` that holds `item`; empty: `frame` is all
    item: str = ""
    contact: str = ""
    subject: str = ""  # wamid or name, for the log
    entry_time: int | None = None

    def text(self) -> str:
        return _change_text(self.field, self.frame, self.group, self.contact, self.item)


def _change_text(field: str, frame: str, group: str, contacts: str, items: str) -> str:
    people = f',"contacts":[{contacts}]' if contacts else ""
    rest = f',"{group}":[{items}]' if group else ""
    return f'{{"value":{{{frame}{people}{rest}}},"field":"{field}"}}'


def _entry(entry_id: str, changes: str, time: int | None) -> str:
    when = f',"time":{time}' if time is not None else ""
    return f'{{"id":"{entry_id}"{when},"changes":[{changes}]}}'


def _entries(changes: list[Change], shape: str) -> Iterable[str]:
    if shape == "entries":
        return (_entry(change.entry_id, change.text(), change.entry_time) for change in changes)
    if shape == "merged":
        return _merged(changes)
    return (
        _entry(entry_id, ",".join(change.text() for change in together), time)
        for (entry_id, time), together in groupby(changes, key=lambda change: (change.entry_id, change.entry_time))
    )


def _merged(changes: list[Change]) -> Iterable[str]:
    """Updates of one number that follow each other share one `value`, as lists of several."""
    kinds: dict[tuple[str, str, str, str, int | None], list[Change]] = {}
    for change in changes:
        kinds.setdefault((change.entry_id, change.field, change.frame, change.group, change.entry_time), []).append(
            change
        )
    for (entry_id, field, frame, group, time), together in kinds.items():
        # in another order than the items: whoever matches them by position is found out
        people = ",".join(dict.fromkeys(change.contact for change in reversed(together) if change.contact))
        items = ",".join(change.item for change in together)
        yield _entry(entry_id, _change_text(field, frame, group, people, items), time)


def render(changes: list[Change], shape: str) -> bytes:
    """The exact bytes of one POST."""
    text = f'{{"object":"whatsapp_business_account","entry":[{",".join(_entries(changes, shape))}]}}'
    return text.replace("/", "\\/").encode("ascii")


def sign(body: bytes, secret: str) -> dict[str, str]:
    """Both signature headers over the exact bytes."""
    key = secret.encode()
    return {
        "X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.digest(key, body, "sha256").hex(),
    }
