"""Webhook bodies as Meta writes them, for load: messages, statuses, batches of both."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pytake_cli.emulator import defaults

_serial = itertools.count(1)
_WORDS = tuple("oi bom dia quero saber do meu pedido obrigada tudo bem amanhã não chegou ainda 👍 até".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Body:
    """A body and what it tells: the wamids of its messages, (wamid, status) of its statuses."""

    data: bytes
    wamids: tuple[str, ...] = ()
    statuses: tuple[tuple[str, str], ...] = ()


def phone(index: int) -> str:
    """The wa_id of made-up customer number `index`."""
    return f"55119{60_000_000 + index:08}"


def wamid(tag: str = "load") -> str:
    return f"wamid.{tag}.{next(_serial)}.{random.getrandbits(48):012x}"


def envelope(values: Sequence[tuple[str, dict[str, Any]]], waba: str = defaults.WABA_ID) -> bytes:
    changes = [{"field": field, "value": value} for field, value in values]
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": waba, "changes": changes}]})


def value(number: str = defaults.PHONE_NUMBER_ID, **members: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": defaults.DISPLAY_NUMBER.lstrip("+"), "phone_number_id": number}
    return {"messaging_product": "whatsapp", "metadata": metadata, **members}


def message(
    wa_id: str, text: str = "oi", *, id_: str | None = None, at: float | None = None, number: str | None = None
) -> Body:
    """One text message of one customer."""
    id_ = id_ or wamid("in")
    said = {"from": wa_id, "id": id_, "timestamp": str(int(at or time.time())), "type": "text", "text": {"body": text}}
    contacts = [{"profile": {"name": f"Cliente {wa_id[-4:]}"}, "wa_id": wa_id}]
    content = value(number or defaults.PHONE_NUMBER_ID, contacts=contacts, messages=[said])
    return Body(envelope([("messages", content)]), wamids=(id_,))


def status(of: str, what: str, wa_id: str, *, at: float | None = None, opaque: str | None = None) -> Body:
    """One status of one message."""
    told: dict[str, Any] = {"id": of, "status": what, "timestamp": str(int(at or time.time())), "recipient_id": wa_id}
    if opaque:
        told["biz_opaque_callback_data"] = opaque
    return Body(envelope([("messages", value(statuses=[told]))]), statuses=((of, what),))


def stream(mix: str, customers: int, seed: int = 0) -> Iterator[Body]:
    """Bodies without end: `messages`, `statuses` (of messages nobody knows), or `both` (three statuses a message)."""
    chance = random.Random(seed)
    for index in itertools.count():
        wa_id = phone(chance.randrange(customers))
        if mix == "messages" or (mix == "both" and index % 4 == 0):
            yield message(wa_id, " ".join(chance.choices(_WORDS, k=chance.randrange(1, 8))))
        else:
            yield status(wamid("out"), chance.choice(("sent", "delivered", "read")), wa_id)
