"""Queues messages from a process of its own, as commands and integrations do, while the daemon lives and dies.

`python -m tests.kit.queueing STORE_URL --count 1000 --rate 100 [--templates 0.5] [--seed 1]`
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.errors import StoreUnavailable
from pytake_cli.services import outbound
from pytake_cli.store import Store
from pytake_cli.store.numbers import everyone
from pytake_cli.whatsapp import messages
from pytake_cli.whatsapp.outgoing import Outgoing

BATCH_SECONDS = 0.1
TEMPLATE = {
    "type": "template",
    "template": {
        "name": "confirmacao_pedido",
        "language": {"code": "pt_BR"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Karina"}, {"type": "text", "text": "860198"}]}
        ],
    },
}


class Queueing:
    """Text replies (class resend) and templates (class hold), spread evenly over everybody whose window is open."""

    def __init__(self, store: Store, *, templates: float = 0.5, seed: int = 1) -> None:
        self._store = store
        self._templates = templates
        self._chance = random.Random(seed)
        self.queued = 0
        self.refused = 0  # transactions that the store refused; they were tried again
        with store.read() as db:
            [self._number] = everyone(db)
            known = "SELECT contact_id FROM service_window WHERE last_inbound_at IS NOT NULL ORDER BY contact_id"
            self._contacts = list(db.connection().execute(sa.text(known)).scalars())
        assert self._contacts, "nobody has written yet"

    def batch(self, size: int) -> None:
        """Queues `size` messages in one transaction; tries again until the store takes it."""
        chosen = [self._message(self.queued + index) for index in range(size)]
        while True:
            try:
                with self._store.write() as db:
                    for contact_id, outgoing, origin in chosen:
                        outbound.queue(
                            db,
                            number=self._number,
                            contact_id=contact_id,
                            outgoing=outgoing,
                            origin=origin,
                            now=clock.now(),
                        )
            except StoreUnavailable:
                self.refused += 1
                time.sleep(0.1)
            else:
                self.queued += size
                return

    def _message(self, index: int) -> tuple[int, Outgoing, str]:
        contact_id = self._contacts[index % len(self._contacts)]
        if self._chance.random() < self._templates:
            return contact_id, Outgoing("template", TEMPLATE), self._chance.choice(("campaign", "api"))
        return (
            contact_id,
            messages.text(f"Resposta {index}"),
            self._chance.choice(("agent", "api")),
        )  # a bot's words would be withdrawn when an agent speaks

    def at_rate(self, count: int, rate: float, *, go_on: Callable[[], bool] = lambda: True) -> None:
        """Queues `count` messages, `rate` a second."""
        started = time.monotonic()
        while self.queued < count and go_on():
            due = min(count, int((time.monotonic() - started + BATCH_SECONDS) * rate))
            if due > self.queued:
                self.batch(min(50, due - self.queued))
            time.sleep(BATCH_SECONDS / 2)  # also when late: SQLite is not fair to who waits for its lock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store_url")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--templates", type=float, default=0.5, help="share of templates (class hold)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    store = Store(arguments.store_url)
    queueing = Queueing(store, templates=arguments.templates, seed=arguments.seed)
    queueing.at_rate(arguments.count, arguments.rate)
    store.close()
    print(f"queued {queueing.queued}, the store refused {queueing.refused} times")


if __name__ == "__main__":
    main()
