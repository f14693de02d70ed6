"""Bodies nobody would send: arbitrary JSON, payloads of the corpus with parts changed, broken bytes.

`python -m tests.whatsapp.fuzz --cases 100000 [--seed 1]` runs as many as you like and says what it saw.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from pytake_cli.whatsapp.messages import summary
from pytake_cli.whatsapp.webhooks import (
    AccountEvent,
    Echo,
    Incoming,
    Status,
    Unknown,
    Update,
    history,
    parse,
    target_of,
)
from tests.whatsapp.corpus import payloads
from tests.whatsapp.envelopes import envelope, message, value

# values that have broken parsers before
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**53,
    491_234_567_890,  # neither seconds nor milliseconds of any year
    "253402300800",
    2**63 - 1,
    -(2**63),
    0.5,
    1e308,
    5e-324,
    "",
    " ",
    "\0",
    "\x1b]0;x\x07",
    "\u202egpj.exe",
    "\U0001f1e7\U0001f1f7",
    "../../etc/passwd",
    "A" * 5000,
    "9" * 400,
    "null",
    "NaN",
    "-",
    "US.1349",
    "wamid.",
    [],
    {},
    [[]],
    [{}],
    {"": ""},
    [None],
    {"id": {}},
    {"id": [1]},
    {"type": ["text"]},
    [[[[[[[[]]]]]]]],
    "http://[::1",
    "\ufeff",
    "\uffff",
)
# fmt: off
NAMES = (
    "object", "entry", "id", "changes", "field", "value", "metadata", "phone_number_id", "contacts", "messages",
    "statuses", "errors", "message_echoes", "user_preferences", "user_id_update", "history", "threads", "from",
    "from_user_id", "to", "timestamp", "type", "text", "body", "interactive", "system", "edit", "message",
    "context", "image", "sha256", "wa_id", "user_id", "profile", "name", "status", "recipient_id", "recipient_type",
    "pricing", "conversation", "code", "error_data", "message_template_language", "time", "group_id", "reaction",
    "order", "location",
)
# fmt: on


def _hostile(chance: random.Random) -> Any:
    return copy.deepcopy(chance.choice(HOSTILE))  # a copy: what is nested in it later must not be there for ever


def arbitrary(chance: random.Random, depth: int = 0) -> Any:
    """Some JSON, with the names that mean something more often than not."""
    pick = chance.random()
    if depth > 6 or pick < 0.4:
        return _hostile(chance)
    if pick < 0.6:
        return [arbitrary(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(NAMES): arbitrary(chance, depth + 1) for _ in range(chance.randrange(6))}


def mutated(chance: random.Random, raw: Any) -> Any:
    """The JSON with one to four parts replaced, removed, doubled, renamed or nested."""
    for _ in range(chance.randrange(1, 5)):
        holder, key = _somewhere(chance, raw)
        if holder is None:
            return _hostile(chance)
        match chance.randrange(6):
            case 0:
                holder[key] = _hostile(chance)
            case 1:
                holder[key] = arbitrary(chance)
            case 2:
                del holder[key]
            case 3:
                holder[key] = [holder[key], holder[key]]
            case 4:
                holder[key] = {chance.choice(NAMES): holder[key]}
            case _:
                if isinstance(holder, dict):
                    holder[chance.choice(NAMES)] = holder.pop(key)
    return raw


def _somewhere(chance: random.Random, raw: Any) -> tuple[Any, Any]:
    holder, key, inner = None, None, raw
    while isinstance(inner, dict | list) and inner and (holder is None or chance.random() < 0.97):
        holder = inner
        key = chance.choice(list(inner)) if isinstance(inner, dict) else chance.randrange(len(inner))
        inner = inner[key]
    return holder, key


def seeds() -> list[bytes]:
    """The corpus's webhooks, and bodies of our own for the kinds it lacks or where it is missing."""
    own = [
        envelope(value(messages=[message(kind, **{kind: {"id": "1", "body": "x", "message": message()}})]))
        for kind in ("text", "image", "interactive", "system", "edit", "revoke", "order", "location", "poll")
    ]
    own += [
        envelope(value(statuses=[{"id": "w", "status": "sent", "timestamp": "1", "errors": [{"code": 1}]}])),
        envelope(value(user_preferences=[{"wa_id": "1", "value": "stop"}]), "user_preferences"),
        envelope(value(user_id_update=[{"user_id": {"previous": "US.1", "current": "US.2"}}]), "user_id_update"),
        envelope(value(history=[{"threads": [{"id": "1", "messages": [message()]}]}]), "history"),
        envelope(value(message_echoes=[message(to="1")]), "smb_message_echoes"),
        envelope(value(messages=[message()]), "standby"),
    ]
    return own + [path.read_bytes() for path in payloads("webhooks")]


def bodies(cases: int, seed: int) -> Iterator[bytes]:
    """As many hostile bodies, the same for the same seed."""
    chance = random.Random(seed)
    known = seeds()
    for _ in range(cases):
        pick = chance.random()
        if pick < 0.1:
            yield orjson.dumps(arbitrary(chance))
        elif pick < 0.3:
            yield _overlaid(chance)
        elif pick < 0.4:
            yield envelope(arbitrary(chance), chance.choice(("messages", "standby", "history", "user_preferences")))
        elif pick < 0.9:
            yield orjson.dumps(mutated(chance, orjson.loads(chance.choice(known))))
        else:
            yield _broken(chance, chance.choice(known))


def _overlaid(chance: random.Random) -> bytes:
    """Messages, statuses and echoes with the id they need, everything else left to chance."""
    member = chance.choice(("messages", "statuses", "message_echoes"))
    kind = chance.choice(
        ("text", "image", "interactive", "system", "edit", "reaction", "contacts", "order", "location")
    )
    needed = {"id": "wamid.1", "status": "sent"}
    things = [
        {**message(kind), kind: arbitrary(chance), chance.choice(NAMES): arbitrary(chance), **needed}
        for _ in range(chance.randrange(1, 4))
    ]
    return envelope(value(**{member: things, "contacts": arbitrary(chance)}))


def _broken(chance: random.Random, body: bytes) -> bytes:
    raw = bytearray(body)
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(raw))
        match chance.randrange(3):
            case 0:
                raw[at] = chance.randrange(256)
            case 1:
                del raw[at:]
                raw += b"}"
            case _:
                raw[at:at] = bytes(chance.randrange(256) for _ in range(3))
    return bytes(raw)


def examine(body: bytes) -> list[Update]:
    """Parses a body and uses what came out as the house does; any exception is a finding."""
    updates = parse(body)
    assert updates, "nothing came out"
    for update in updates:
        match update:
            case Incoming() | Echo():
                assert update.wamid
                assert isinstance(update.text, str)
                assert update.at.tzinfo is not None
                summary(update.content)
                target_of(update.content)
                assert "\0" not in update.text
            case Status():
                assert update.wamid
                assert update.status
                assert update.at.tzinfo is not None
            case AccountEvent():
                history(update)
            case Unknown():
                assert update.reason
            case _:
                pass  # a Preference has nothing to be derived from
    return updates


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cases", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    seen: Counter[str] = Counter()
    started = time.perf_counter()
    for number, body in enumerate(bodies(options.cases, options.seed)):
        try:
            seen.update(type(update).__name__ for update in examine(body))
        except Exception:
            print(f"case {number} of seed {options.seed}: {body[:2000]!r}", file=sys.stderr)
            raise
    took = time.perf_counter() - started
    print(f"{options.cases} bodies in {took:.1f} s, no exception: {dict(seen.most_common())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
