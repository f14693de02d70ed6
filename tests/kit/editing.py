"""A published flow is edited while many sessions wait in it: who moves, who stays, and how long that takes.

$ python -m tests.kit.editing                    # 1,000 sessions, a SQLite file of its own
$ python -m tests.kit.editing --people 200 --store postgresql://…   # an empty, migrated store
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlmodel import col, select

from pytake_cli.services import flow_moves, flow_replay, flow_walks, flows
from pytake_cli.services.flow_library import definition
from pytake_cli.services.flow_moves import Group
from pytake_cli.services.flows import Draft, Published
from pytake_cli.store import Store, schema
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.messages import OUT, Message
from tests.kit.stores import NOW
from tests.services.flow_shop import FlowShop

BEFORE = """
name: booking
triggers: [{keyword: [agendar]}]
vars: {name: {type: text}, day: {type: text}}
start: ask_name
steps:
  ask_name: {ask: Como você se chama?, save: name, on_invalid: bye, next: ask_day}
  ask_day: {ask: "Que dia, {{ vars.name }}?", save: day, on_invalid: bye, next: bye}
  bye: {say: "Antes: {{ vars.name }}, {{ vars.day }}", next: end}
"""
# Whoever is asked for the name answers as before; a day must be one of two now, and so whoever is asked for it stays.
AFTER = (
    BEFORE.replace("Antes:", "Depois: {{ vars.shop }},")
    .replace("vars: {", "vars: {shop: {type: text, default: Centro}, ")
    .replace("save: day", "choices: {seg: Segunda, ter: Terça}, save: day")
)


@dataclass
class Edited:
    """What happened, and how long each part took."""

    told: list[Group]
    made: Published
    moved: list[int]
    seconds: dict[str, float] = field(default_factory=dict)

    def told_to(self, *, move: bool) -> list[int]:
        """The sessions of which the difference says that they move, or stay."""
        return sorted(id_ for group in self.told if (group.reason is None) == move for id_ in group.sessions)


def edit(shop: FlowShop, people: int) -> Edited:
    """Half of the people wait for the name, the others for the day, when the flow is published anew and they move."""
    seconds: dict[str, float] = {}
    publish(shop, BEFORE)
    with timed(seconds, "begin"):
        for n in range(people):
            shop.says("agendar", who=phone(n), drain=False)
        shop.drain()
        for n in range(1, people, 2):
            shop.says(f"Pessoa {n}", who=phone(n), drain=False)
        shop.drain()
    with timed(seconds, "publish"):
        made = publish(shop, AFTER)
    with timed(seconds, "diff"), shop.store.read(shop.org) as db:
        told = flow_moves.standing(db, made.flow.id or 0, definition(made.version), besides=made.version.id)
    wanted = [id_ for group in told if group.reason is None for id_ in group.sessions]
    with timed(seconds, "migrate"):
        moved = flow_moves.migrate(shop.store, shop.org, made.version.id or 0, wanted, shop.now)
    return Edited(told, made, moved, seconds)


def finish(shop: FlowShop, edited: Edited, people: int, *, every: int = 1) -> Counter[str]:
    """Everybody, or every n-th pair, answers to the end: how many heard the old last words, how many the new ones."""
    answering = [n for n in range(people) if n // 2 % every == 0]
    with timed(edited.seconds, "finish"):
        for n in answering:
            if n % 2 == 0:
                shop.says(f"Pessoa {n}", who=phone(n), drain=False)
        shop.drain()
        for n in answering:
            shop.says("segunda", who=phone(n), drain=False)
        shop.drain()
    with shop.store.read() as db:
        said = select(Message.text).where(Message.direction == OUT, col(Message.text).like("%: %, %"))
        return Counter(text.partition(":")[0] for text in db.exec(said))


def differing(shop: FlowShop) -> list[int]:
    """Sessions whose replay is not the same again."""
    found = []
    with shop.store.read(shop.org) as db:
        for row in db.exec(select(FlowSession.id).order_by(col(FlowSession.id))).all():
            walk = flow_walks.get(db, shop.org, str(row))
            if flow_replay.replay(db, walk).divergence is not None:
                found.append(walk.session.id or 0)
    return found


def publish(shop: FlowShop, source: str) -> Published:
    with shop.store.write(shop.org) as db:
        [made] = flows.publish(db, shop.org, [Draft("flows/booking.yaml", source)], now=shop.now)
    return made


def phone(n: int) -> str:
    return f"55119{70_000_000 + n:08}"


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - start, 3)


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--people", type=int, default=1000)
    words.add_argument("--store", default="")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(given.store or f"sqlite:///{folder}/pytake.db")
        if not given.store:
            schema.migrate(store, None, NOW)
        shop = FlowShop(store)
        edited = edit(shop, given.people)
        heard = finish(shop, edited, given.people)
        with timed(edited.seconds, "replay"):
            wrong = differing(shop)
        store.close()
    for group in edited.told:
        print(f"{group.count:6} at {group.step} of version {group.version}: {group.reason or 'move'}")
    print(f"{len(edited.moved):6} moved, {'as told' if edited.moved == edited.told_to(move=True) else 'NOT AS TOLD'}")
    print(f"       last words: {dict(heard)}; replays that differ: {len(wrong)}")
    print(
        f"       seconds: {edited.seconds}; {len(edited.moved) / edited.seconds['migrate']:.0f} sessions moved a second"
    )


if __name__ == "__main__":
    main()
