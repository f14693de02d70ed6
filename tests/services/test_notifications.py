"""Notifications: told once to each user, seen by their own inboxes, read, forgotten with the conversation."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from pytake_cli.services import notifications
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from tests.kit import people
from tests.kit.stores import NOW, make_org


def two(store: Store, org: int) -> tuple[int, int]:
    ana, bia = (people.user(store, org, f"{name}@loja.com", name) for name in ("ana", "bia"))
    return ana.id or 0, bia.id or 0


def test_everybody_is_told_once_and_an_event_says_so(store: Store) -> None:
    org = make_org(store)
    ana, bia = two(store, org)
    with store.write() as db:
        told = notifications.tell(db, org, [ana, bia, ana], "mention", NOW, by="caio", text="veja isto")
    assert [each.user_id for each in told] == [ana, bia]
    with store.read(org) as db:
        events = db.exec(select(Event).order_by(Event.id)).all()  # type: ignore[arg-type]
        assert [event.payload for event in events] == [notifications.shown(each) for each in told]
        assert [event.kind for event in events] == ["notification"] * 2
        assert events[0].payload["parts"] == {"by": "caio", "text": "veja isto"}


def test_only_the_users_own_are_shown_and_marked_as_read(store: Store) -> None:
    org = make_org(store)
    ana, bia = two(store, org)
    with store.write() as db:
        ids = [notifications.tell(db, org, [ana, bia], "sla", NOW + timedelta(minutes=turn))[0].id for turn in range(3)]
    with store.write(org) as db:
        assert [each.id for each in notifications.page(db, ana, 2)] == ids[:0:-1]
        assert [each.id for each in notifications.page(db, ana, 2, before=ids[1])] == ids[:1]
        assert notifications.read(db, ana, NOW, [ids[0] or 0, 10**9]) == 1
        assert notifications.read(db, ana, NOW, [ids[0] or 0]) == 0
        assert [each.id for each in notifications.page(db, ana, 9, unread=True)] == ids[:0:-1]
        assert notifications.read(db, ana, NOW) == 2
        assert (notifications.unread_count(db, ana), notifications.unread_count(db, bia)) == (0, 3)


def test_an_event_wakes_who_follows_however_it_was_written(store: Store) -> None:
    org = make_org(store)
    woken: list[str] = []

    class Ear:
        def in_transaction(self, db: object, pokes: list[object]) -> None: ...

        def after_commit(self, pokes: list[object]) -> None:
            woken.extend(poke.kind for poke in pokes)  # type: ignore[attr-defined]

    store.waker = Ear()  # type: ignore[assignment]
    with store.write() as db:
        db.add(Event(org_id=org, kind="incident", payload={}, at=NOW))
    assert woken == ["live"]
    ana, _ = two(store, org)
    with store.write() as db:
        notifications.tell(db, org, [ana], "system", NOW)
    assert woken == ["live", "live"]
