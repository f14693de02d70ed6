"""The messages the emulator accepted: what each is, how far it came, and a compact ledger of all of them."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytake_cli.emulator.customers import Customer
    from pytake_cli.emulator.errors import GraphError
    from pytake_cli.emulator.numbers import Number
    from pytake_cli.emulator.templates import Template

CHUNK = 4096  # ledger lines compressed together
RANKS = {"accepted": 0, "held": 1, "sent": 2, "delivered": 3, "read": 4, "played": 5, "failed": 6}


class Sent:
    """One accepted send."""

    __slots__ = (
        "at",
        "body",
        "by_phone",
        "category",
        "choices",
        "customer",
        "entry_point",
        "error",
        "expires",
        "free",
        "in_window",
        "kind",
        "link",
        "number",
        "opaque",
        "status",
        "stop_at",
        "template",
        "voice",
        "wamid",
    )

    def __init__(self, wamid: str, number: Number, customer: Customer, kind: str, at: float) -> None:
        self.wamid = wamid
        self.number = number
        self.customer = customer
        self.kind = kind
        self.at = at
        self.opaque = ""
        self.by_phone = True  # sent to a phone number, so statuses may show it
        self.status = "accepted"
        self.category = "service"
        self.template: Template | None = None
        self.in_window = True
        self.entry_point = False
        self.free = False
        self.expires = 0.0  # a template's time to live; 0: none
        self.stop_at = ""  # no status after this one
        self.voice = False
        self.link = ""  # media by URL
        self.error: GraphError | None = None  # what it will fail with
        self.choices: list[dict[str, str]] = []  # what the customer can tap
        self.body: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "wamid": self.wamid,
            "phone_number_id": self.number.id,
            "to": self.customer.wa_id,
            "user_id": self.customer.user_id,
            "type": self.kind,
            "category": self.category,
            "template": self.template.name if self.template else None,
            "status": self.status,
            "biz_opaque_callback_data": self.opaque or None,
            "at": self.at,
            "error": self.error.code if self.error else None,
            "body": self.body,
        }


class SentMessages:
    """The newest accepted sends by wamid; the oldest leave when there are too many."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self._by_wamid: dict[str, Sent] = {}

    def __len__(self) -> int:
        return len(self._by_wamid)

    def __iter__(self) -> Iterator[Sent]:
        return iter(self._by_wamid.values())

    def __reversed__(self) -> Iterator[Sent]:
        return reversed(self._by_wamid.values())

    def add(self, message: Sent) -> None:
        messages = self._by_wamid
        messages[message.wamid] = message
        if len(messages) > self.keep:
            del messages[next(iter(messages))]

    def get(self, wamid: str) -> Sent | None:
        return self._by_wamid.get(wamid)

    def find(self, reference: str) -> Sent | None:
        """By wamid, by the opaque data, or `last`."""
        if reference == "last":
            return next(reversed(self._by_wamid.values()), None)
        found = self._by_wamid.get(reference)
        return found or next(
            (message for message in reversed(self._by_wamid.values()) if message.opaque == reference), None
        )

    def clear(self) -> None:
        self._by_wamid.clear()


class Ledger:
    """Every accepted send as one line, compressed in chunks: about 60 bytes each, so that hundreds of thousands fit."""

    def __init__(self, mode: str, keep: int) -> None:
        self.mode, self.keep = mode, keep
        self.total = 0
        self._lines: list[str] = []
        self._chunks: list[bytes] = []

    def add(self, message: Sent) -> None:
        self.total += 1
        if self.mode == "off":
            return
        self._lines.append(
            f"{message.wamid}\t{message.customer.wa_id}\t{message.kind}\t{message.at:.3f}\t{message.number.id}\t"
            + message.opaque.replace("\n", " ")
        )
        if len(self._lines) >= CHUNK:
            self._chunks.append(zlib.compress("\n".join(self._lines).encode(), 1))
            self._lines = []
            if self.mode == "recent" and len(self._chunks) * CHUNK > self.keep:
                del self._chunks[0]

    def __iter__(self) -> Iterator[tuple[str, str, str, float, str, str]]:
        """wamid, recipient, type, moment, number, opaque data; the oldest first."""
        for chunk in self._chunks:
            yield from (_entry(line) for line in zlib.decompress(chunk).decode().split("\n"))
        yield from (_entry(line) for line in self._lines)

    def counts(self) -> Counter[str]:
        """How many sends were accepted for each opaque text."""
        return Counter(opaque for *_, opaque in self if opaque)

    def clear(self) -> None:
        self.total = 0
        self._lines, self._chunks = [], []


def _entry(line: str) -> tuple[str, str, str, float, str, str]:
    wamid, recipient, kind, at, number, opaque = line.split("\t", 5)
    return wamid, recipient, kind, float(at), number, opaque
