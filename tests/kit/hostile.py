"""Hostile webhook bodies: a quick seeded generator, the same as a hypothesis strategy, and runs by hand.

`python -m tests.kit.hostile --bodies 100000` puts them through parse and apply in this process;
`--door 5000` posts some through a real daemon as well.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.emulator import defaults
from pytake_cli.services import inbound
from pytake_cli.store import Store, journal
from tests.kit import bodies
from tests.kit.bodies import Body
from tests.whatsapp.corpus import payloads

BATCH = 200  # bodies in one transaction of the journal
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, 1e308, -0.0, 0.1, "", " ", "0",
    "1e999", "9" * 40, "99999999999999", "253402300800", "-62135596801", "\x00", "a\x00b", "\ud800", "\udfff\ud800",
    "\ufeff", "\u202egpj.exe", "\x1b]52;c;aGk=\x07", "\x1b[2J", "[/", "{{7*7}}", "${jndi:x}", "'; DROP TABLE message;",
    "../../etc/passwd", "😀" * 50, "é" * 3000, "x" * 70_000, "%s%n", "text", "image", "statuses", "sent", "failed",
    [], {}, [[]], [None], [{}], {"": {}}, {"id": {}}, [[[[]]]], ["text"], {"type": "text"}, "read", "null", "-1",
)  # fmt: skip
ODD_KEYS = ("", "id", "type", "from", "\x00", "\ud800", "__proto__", "constructor", "k" * 5000, "messages", "1")
KINDS = (
    "text", "image", "audio", "voice", "video", "document", "sticker", "location", "contacts", "interactive", "button",
    "reaction", "order", "system", "unsupported", "unknown", "request_welcome", "edit", "revoke", "poll", "hologram",
)  # fmt: skip
FIELDS = (
    "messages", "message_template_status_update", "account_update", "phone_number_quality_update", "user_preferences",
    "smb_message_echoes", "history", "standby", "user_id_update", "flows", "calls", "account_alerts", "security", "",
)  # fmt: skip


class Hostile:
    """An endless stream of bodies from one seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._serial = 0
        self._seeds = [*corpus_values(), *well_formed(random.Random(seed))]
        self._ways: list[tuple[int, Callable[[], bytes]]] = [
            (40, self._mutated),
            (25, self._shaped),
            (10, self._cut),
            (8, self._token_swap),
            (5, self._json_text),
            (4, self._encoded),
            (3, self._deep),
            (3, self._huge_number),
            (2, self._noise),
        ]

    def __iter__(self) -> Iterator[bytes]:
        ways = [way for _, way in self._ways]
        weights = [weight for weight, _ in self._ways]
        while True:
            yield self._chance.choices(ways, weights)[0]()

    def _seed(self) -> Any:
        """A copy of a good payload whose ids nobody has used yet."""
        self._serial += 1
        payload = copy.deepcopy(self._chance.choice(self._seeds))
        _each(payload, self._rename)
        return payload

    def _rename(self, holder: Any, key: Any) -> None:
        if key == "id" and isinstance(holder[key], str) and holder[key].startswith("wamid"):
            holder[key] = f"{holder[key][:40]}.{self._serial}.{self._chance.randrange(3)}"
        elif key == "phone_number_id" and self._chance.random() < 0.9:
            holder[key] = defaults.PHONE_NUMBER_ID

    def _mutated(self) -> bytes:
        """A good payload with one to four places spoilt."""
        payload = self._seed()
        for _ in range(self._chance.randrange(1, 5)):
            places: list[tuple[Any, Any]] = []
            _each(payload, lambda holder, key, places=places: places.append((holder, key)))  # type: ignore[misc]
            if places:
                self._spoil(*self._chance.choice(places))
        return encode(payload)

    def _spoil(self, holder: Any, key: Any) -> None:
        value = holder[key]
        match self._chance.randrange(8):
            case 0 | 1:
                holder[key] = copy.deepcopy(self._chance.choice(ODD_VALUES))
            case 2:
                del holder[key]
            case 3:
                holder[key] = [value] if self._chance.random() < 0.5 else {"0": value}
            case 4 if isinstance(value, list) and value:
                holder[key] = value[0] if self._chance.random() < 0.5 else value * self._chance.randrange(2, 30)
            case 5 if isinstance(value, str):
                holder[key] = self._text(value)
            case 6 if isinstance(holder, dict):
                holder[self._chance.choice(ODD_KEYS)] = value
            case _:
                holder[key] = self._chance.choice(KINDS)

    def _text(self, value: str) -> Any:
        odd = self._chance.choice([v for v in ODD_VALUES if isinstance(v, str)])
        at = self._chance.randrange(len(value) + 1)
        return self._chance.choice(
            [value[:at] + odd + value[at:], value[:at], int(value) if value.isdecimal() else odd]
        )

    def _shaped(self) -> bytes:
        """The envelope of a webhook around members of any kind and form."""
        self._serial += 1
        chance = self._chance
        kind = chance.choice(KINDS)
        said: dict[str, Any] = {
            "from": chance.choice([bodies.phone(chance.randrange(50)), "BR.12345678901234567", "", 5511, None]),
            "id": f"wamid.shaped.{self._serial // chance.choice((1, 1, 1, 3))}",
            "timestamp": chance.choice([str(int(time.time())), "0", "x", 1e20, None, str(10**15), -5]),
            "type": chance.choice([kind, kind, kind, self._any(1)]),
            kind: self._any(3),
        }
        if chance.random() < 0.3:
            said[chance.choice(("context", "errors", "referral", "group_id", "from_user_id", "edit"))] = self._any(2)
        members: dict[str, Any] = {"contacts": [{"wa_id": said["from"], "profile": {"name": self._any(1)}}]}
        members[chance.choice(("messages", "statuses", "message_echoes", "history", "x"))] = [said, self._any(2)]
        value: Any = bodies.value(**members) if chance.random() < 0.9 else self._any(3)
        field_ = chance.choice((*FIELDS, *["messages"] * 10))
        return encode(
            {
                "object": "whatsapp_business_account",
                "entry": [
                    {"id": defaults.WABA_ID, "time": self._any(0), "changes": [{"field": field_, "value": value}]}
                ],
            }
        )

    def _any(self, depth: int) -> Any:
        chance = self._chance
        if depth <= 0 or chance.random() < 0.4:
            return copy.deepcopy(chance.choice(ODD_VALUES))
        if chance.random() < 0.4:
            return [self._any(depth - 1) for _ in range(chance.randrange(4))]
        names = ("body", "id", "caption", "type", "message_id", "emoji", "button_reply", "title", "latitude", *ODD_KEYS)
        return {chance.choice(names): self._any(depth - 1) for _ in range(chance.randrange(4))}

    def _cut(self) -> bytes:
        whole = encode(self._seed())
        at = self._chance.randrange(len(whole) + 1)
        return whole[:at] if self._chance.random() < 0.7 else whole[at:]

    def _token_swap(self) -> bytes:
        """Bytes exchanged, doubled or dropped in the text of a good payload."""
        text = bytearray(encode(self._seed()))
        for _ in range(self._chance.randrange(1, 6)):
            at = self._chance.randrange(len(text))
            match self._chance.randrange(3):
                case 0:
                    text[at] = self._chance.choice(b'{}[],:"\\0019nulltruefalseNaN\x00\xff\xed\xa0\x80')
                case 1:
                    text[at:at] = text[max(0, at - self._chance.randrange(1, 60)) : at]
                case _:
                    del text[at : at + self._chance.randrange(1, 20)]
        return bytes(text)

    def _json_text(self) -> bytes:
        """What Python's json writes and strict parsers refuse: NaN, infinities, duplicate keys, comments, commas."""
        text = encode(self._seed()).decode("utf-8", "surrogatepass")
        odd = self._chance.choice(
            (
                text.replace('"timestamp":"', '"timestamp":NaN,"x":"', 1),
                text.replace('"id":', '"id":Infinity,"id":', 1),
                text.replace('"type":', '"type":"image","type":', 1),
                text.replace(",", ",,", 1),
                text.replace("{", "{/* hi */", 1),
                text.replace('"', "'"),
                text + text,
                f"[{text}]",
                f"{text}\x00",
                text[:-1] + ',"entry":[]}',
            )
        )
        return odd.encode("utf-8", "surrogatepass")

    def _encoded(self) -> bytes:
        text = encode(self._seed()).decode("utf-8", "surrogatepass")
        how = self._chance.choice(("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "utf-7"))
        return text.encode(how, "replace")

    def _deep(self) -> bytes:
        depth = self._chance.choice((50, 200, 254, 255, 256, 1023, 1024, 1025, 5000, 100_000))
        opening, closing = self._chance.choice((("[", "]"), ('{"a":', "}")))
        nest = opening * depth + ("" if opening == "[" else "1") + closing * depth
        frame = encode(self._seed()).decode("utf-8", "surrogatepass")
        spot = self._chance.choice(('"body":"', '"id":"', '"type":"', '"timestamp":"'))
        return frame.replace(spot, f'"deep":{nest},{spot}', 1).encode("utf-8", "surrogatepass")

    def _huge_number(self) -> bytes:
        number = self._chance.choice(("9" * 5000, "1e400", "-1e400", "0." + "1" * 5000, "1" + "0" * 400, "-0", "1E+2"))
        text = encode(self._seed()).decode("utf-8", "surrogatepass")
        spot = self._chance.choice(('"timestamp":', '"id":', '"type":', '"from":', '"status":', '"wa_id":'))
        return text.replace(spot, f"{spot}{number},{spot}", 1).encode("utf-8", "surrogatepass")

    def _noise(self) -> bytes:
        return self._chance.choice(
            (
                self._chance.randbytes(self._chance.randrange(200)),
                b"",
                b"null",
                b"[]",
                b"{}",
                b'""',
                b"0",
                b" " * 1000,
                b'{"object":"whatsapp_business_account"}',
                b'{"object":"page","entry":[{"changes":[]}]}',
                b'{"entry":{"changes":{"value":{}}}}',
            )
        ) + (str(self._serial).encode() if self._chance.random() < 0.3 else b"")


def _each(value: Any, visit: Callable[[Any, Any], None]) -> None:
    """Visits every (holder, key) of nested JSON, the outer ones first."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            visit(holder, key)
            if key in holder or isinstance(holder, list):
                waiting.append(holder[key])


def encode(payload: Any) -> bytes:
    """JSON, even of what strict encoders refuse; every other body has escapes instead of UTF-8."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() if len(text) % 2 else json.dumps(payload).encode()
    except UnicodeEncodeError:  # lone surrogates, which only an escape can carry
        return json.dumps(payload).encode()


def corpus_values() -> Iterator[Any]:
    """Every webhook of the corpus, where there is one."""
    for path in payloads("webhooks"):
        yield json.loads(path.read_bytes())


def well_formed(chance: random.Random) -> Iterator[Any]:
    """Good payloads of our own, for where there is no corpus."""
    for body in (
        bodies.message(bodies.phone(1)),
        bodies.status("wamid.x", "read", bodies.phone(1), opaque="pytake:x.1.1"),
        bodies.status("wamid.y", "failed", bodies.phone(2)),
    ):
        yield json.loads(body.data)
    for kind in KINDS:
        payload = json.loads(bodies.message(bodies.phone(chance.randrange(50))).data)
        [said] = payload["entry"][0]["changes"][0]["value"]["messages"]
        del said["text"]
        said |= {
            "type": kind,
            kind: {"id": "123", "mime_type": "image/jpeg", "caption": "oi", "body": "oi", "type": kind},
        }
        yield payload


@dataclass(slots=True)
class Tally:
    """What became of the bodies."""

    bodies: int = 0
    rows: int = 0
    messages: int = 0
    statuses: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        return (
            f"{self.bodies} bodies, {self.rows} different, in {self.seconds:.0f} s: {self.messages} messages,"
            f" {self.statuses} statuses, {self.quarantined} quarantined; 0 errors"
        )


def digest_all(store: Store, source: Iterator[bytes], count: int) -> Tally:
    """Journals and applies `count` bodies; every batch ends with a good message that has to be stored."""
    tally, started = Tally(), time.monotonic()
    while tally.bodies < count:
        batch = {sha256(body).digest(): body for body, _ in zip(source, range(BATCH), strict=False)}
        good = bodies.message(bodies.phone(7))
        received = [journal.Received("", body, digest) for digest, body in batch.items()]
        received.append(journal.Received("", good.data, sha256(good.data).digest()))
        now = clock.now()
        journal.append(store, received, now)
        tally.bodies += BATCH
        while (applied := inbound.drain(store, now)).rows:
            tally.rows += applied.rows
            tally.messages += applied.messages
            tally.statuses += applied.statuses
            tally.quarantined += applied.quarantined
        _judge(store, good)
    tally.seconds = time.monotonic() - started
    with store.read() as db:
        reasons = db.connection().execute(sa.text("SELECT reason, count(*) FROM quarantine GROUP BY reason"))
        tally.reasons.update({row[0]: row[1] for row in reasons})
    return tally


def _judge(store: Store, good: Body) -> None:
    with store.read() as db:
        connection = db.connection()
        waiting = connection.execute(sa.text("SELECT count(*) FROM journal WHERE applied_at IS NULL")).scalar_one()
        assert waiting == 0, f"{waiting} bodies block the journal"
        known = sa.text("SELECT count(*) FROM message WHERE wamid = :wamid")
        assert connection.execute(known, {"wamid": good.wamids[0]}).scalar_one() == 1, "poison kept a good message out"


def through_the_door(folder: Path, seed: int, count: int, **options: Any) -> str:
    """Posts `count` hostile bodies to a real daemon; each is taken, and the daemon goes on working."""
    from itertools import islice

    from tests.kit.check import check
    from tests.kit.home import running

    with running(folder, **options) as home:
        load = home.load([Body(body) for body in islice(Hostile(seed), count)], connections=8, patience_seconds=60)
        result = asyncio.run(load.run())
        assert set(result.statuses) == {200}, f"the door said {dict(result.statuses)}"
        home.meet(1)
        report = check(home, quiet_seconds=120)
        assert home.daemon.alive()
        return f"{result.line()}\n{report.text()}"


def fresh(folder: Path) -> Store:
    """A migrated SQLite store with the organisation and the number that the bodies speak of."""
    from tests.kit.home import make

    home = make(folder)
    return Store(home.store_url)


def main() -> None:
    from tests.kit.home import scratch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--door", type=int, default=0, help="so many through a real daemon as well")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.disable()  # every quarantined update is a warning
    with scratch() as folder:
        store = fresh(folder / "in-process")
        tally = digest_all(store, iter(Hostile(arguments.seed)), arguments.bodies)
        store.close()
        print(tally.line())
        for reason, count in tally.reasons.most_common(12):
            print(f"  {count:7} {reason}")
        if arguments.door:
            print(through_the_door(folder / "door", arguments.seed + 1, arguments.door))


if __name__ == "__main__":
    main()
