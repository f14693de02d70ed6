"""Ids shaped like Meta's: unique by construction, the same again for the same seed."""

from __future__ import annotations

import base64
import hashlib

_MASK = (1 << 72) - 1
_STEP = 0x9E3779B97F4A7C15F3  # odd, so that counting in steps of it visits every 72-bit value once


class Ids:
    """One counter mixed with the seed; no id comes twice in the life of an emulator, a `reset` included."""

    def __init__(self, seed: int) -> None:
        self._key = hashlib.sha256(f"ids:{seed}".encode()).digest()
        self._offset = int.from_bytes(self._key[:9], "big")
        self._count = 0
        self._digits = 0

    def _next(self) -> int:
        self._count += 1
        return (self._count * _STEP + self._offset) & _MASK

    def wamid(self, digits: str, *, outgoing: bool = True) -> str:
        """`wamid.` and base64 of what Meta puts there: the other side's digits, the direction, 18 hex digits."""
        phone = digits.encode()
        direction = b"\x15\x02\x00\x11\x18\x12" if outgoing else b"\x15\x02\x00\x12\x18\x12"
        raw = b"\x1c\x18%c%b%b%018X\x00" % (len(phone), phone, direction, self._next())
        return "wamid." + base64.b64encode(raw).decode()

    def number(self) -> str:
        """16 digits, for media, templates, handles and the like."""
        self._digits += 1
        spread = int.from_bytes(self._key[9:13], "big") % 90_000_000
        return str((10_000_000 + spread) * 100_000_000 + self._digits * 7919 % 100_000_000)

    def trace(self) -> str:
        """An `fbtrace_id`."""
        return "A" + base64.urlsafe_b64encode(self._next().to_bytes(9, "big")).decode() + "pyt"

    def token(self, size: int = 16) -> str:
        """Hex text for handles, codes and challenges; guards nothing."""
        return hashlib.sha256(self._key + self._next().to_bytes(9, "big")).hexdigest()[:size]

    def derive(self, name: str) -> int:
        """A number that only the seed and `name` decide."""
        return int.from_bytes(hashlib.sha256(self._key + name.encode()).digest()[:8], "big")
