"""Frames of the live wire, whole: made once, written to everybody who may hear them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

# Why a connection ends; 4401 wants another login, 1013 the same cursor again.
BAD_FRAME, LOGIN, FORBIDDEN, NO_LOGIN_IN_TIME, TOO_MANY, TOO_FAST = 4400, 4401, 4403, 4408, 4409, 4429
TOO_SLOW = STORE_AWAY = 1013

_TEXT = b"\x81"  # a whole text message in one frame; what a server sends is not masked (RFC 6455, 5.1)


class Goodbye(Exception):
    """Ends a connection with a close code and a word about why."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code} {reason}")


def frame(content: Any) -> bytes:
    """A JSON value as a frame of WebSocket."""
    data = orjson.dumps(content, option=orjson.OPT_UTC_Z, default=str)
    length = len(data)
    if length < 126:
        return _TEXT + bytes((length,)) + data
    if length < 65536:
        return _TEXT + b"\x7e" + length.to_bytes(2, "big") + data
    return _TEXT + b"\x7f" + length.to_bytes(8, "big") + data


def event(kind: str, at: datetime, conversation: int | None, payload: Any, id_: int | None = None) -> bytes:
    """{"type": "event", "id": 131, "kind": "message:new", "at": "…Z", "conversation": 5008, "payload": {…}}; what is
    told only to who is there has no id.
    """
    told = {"type": "event", "kind": kind, "at": at, "conversation": conversation, "payload": payload}
    return frame(told if id_ is None else {"id": id_, **told})
