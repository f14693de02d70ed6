"""Two daemons meet the same new person at the same time: the unique key decides, and nobody becomes two."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from sqlmodel import select

from pytake_cli.services import contacts
from pytake_cli.store import Store, upkeep
from pytake_cli.store.contacts import Contact, Identity
from pytake_cli.whatsapp.webhooks import Person
from tests.kit.stores import NOW, make_org


class Rival(threading.Thread):
    """Resolves in a transaction of its own, in another thread with a store of its own."""

    def __init__(self, url: str, org: int, people: Sequence[Person]) -> None:
        super().__init__()
        self._url, self._org, self._people = url, org, people
        self.found: list[int] = []

    def run(self) -> None:
        store = Store(self._url)
        with store.write() as db:
            self.found = contacts.resolve(db, self._org, "p", self._people, NOW)
        store.close()


def test_a_person_whom_two_transactions_make_at_once_is_one_contact(store: Store, store_url: str) -> None:
    org = make_org(store)
    rival = Rival(store_url, org, [Person("551", "BR.1", name="Ana"), Person("552", "BR.2")])
    with store.write() as db:
        found = contacts.resolve(db, org, "p", [Person("552", "BR.2"), Person("551", name="Ana")], NOW)
        rival.start()
        time.sleep(0.3)  # the rival has read by now that nobody is there, and waits for our rows
    rival.join()
    assert rival.found == found[::-1]
    with store.read() as db:
        assert len(db.exec(select(Contact)).all()) == 2
        assert len(db.exec(select(Identity)).all()) == 4
    assert upkeep.check(store) == []


def test_half_of_a_person_made_elsewhere_meanwhile_is_joined(store: Store, store_url: str) -> None:
    """The rival makes the phone's contact, we the BSUID's; the next payload with both merges them."""
    org = make_org(store)
    rival = Rival(store_url, org, [Person("551", "BR.1")])
    with store.write() as db:
        [ours] = contacts.resolve(db, org, "p", [Person(user_id="BR.1")], NOW)
        rival.start()
        time.sleep(0.3)
    rival.join()
    assert rival.found == [ours]
    assert upkeep.check(store) == []


def test_a_contact_that_is_merged_away_while_somebody_resolves_it_is_not_used(store: Store, store_url: str) -> None:
    org = make_org(store)
    with store.write() as db:
        keep, other = contacts.resolve(db, org, "p", [Person("551"), Person("552")], NOW)
    rival = Rival(store_url, org, [Person("552")])
    with store.write() as db:
        contacts.merge(db, keep, other, NOW)
        rival.start()
        time.sleep(0.3)
    rival.join()
    assert rival.found == [keep]
    assert upkeep.check(store) == []
