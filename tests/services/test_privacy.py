"""Privacy: all that is held of a person is in the export, and nothing of it is anywhere once they are erased."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlmodel import select

from pytake_cli.errors import Forbidden, NotFound
from pytake_cli.services import audit, contact_removal, contacts, incidents, merging, principals, privacy
from pytake_cli.store import upkeep
from pytake_cli.store.audit import AuditEntry
from pytake_cli.store.campaigns import AudienceRow
from pytake_cli.store.contact_history import ContactNote
from pytake_cli.store.contacts import Contact
from pytake_cli.store.idempotency import IdempotencyKey
from pytake_cli.store.imports import ContactImport, ImportReject
from pytake_cli.store.jobs import Job
from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.notifications import Notification
from pytake_cli.store.schedules import Schedule, ScheduleRun
from pytake_cli.store.users import User
from tests.kit import campaigning
from tests.services.test_campaigns import Shop
from tests.services.test_retention import leftovers

NAME, SAID = "Zuleica Persona", "meu segredo"
PHONE = campaigning.phone(0)
AT_HOME = f"({PHONE[2:4]}) {PHONE[4:9]}-{PHONE[9:]}"  # as people write it in a list
WHOLE = (NAME, "Zuleica", SAID, PHONE, AT_HOME)
OTHER = (campaigning.phone(1), "a outra pessoa")


@pytest.fixture
def shop(store: Any) -> Shop:
    """Everywhere where a person may stand, the first of three does; so does the second."""
    shop = Shop(store, 3)
    with store.write() as db:
        db.get_one(Contact, 1).name = NAME
    shop.launch()
    shop.run()
    shop.hears(SAID)
    for name, said, phone, id_ in ((NAME, SAID, PHONE, 1), ("Ana 1", OTHER[1], OTHER[0], 2)):
        scatter(shop, name, said, phone, id_)
    return shop


def scatter(shop: Shop, name: str, said: str, phone: str, id_: int) -> None:
    """Rows that do not refer to the contact and speak of them."""
    number = "5511400012" + str(id_)
    owned: Any = {"org_id": shop.org, "created_at": shop.now}
    body = orjson.dumps({"metadata": {"phone_number_id": _number_id(shop)}, "from": phone, "text": said})
    digest = hashlib.sha256(body).digest()
    with shop.store.write() as db:
        db.add(AudienceRow(org_id=shop.org, digest=f"d{id_}", contact_id=id_, values={"n": name}, read_at=shop.now))
        db.add(ContactNote(**owned, contact_id=id_, body=f"{said} nota"))
        db.add(Journal(digest=digest, body=body, received_at=shop.now, applied_at=shop.now))
        db.add(Quarantine(**owned, reason="x", raw={"from": phone, "text": said}))
        db.add(Job(**owned, kind="x", key=f"k{id_}", payload={"to": f"+{phone}", "words": said}, due_at=shop.now))
        imported = ContactImport(
            org_id=shop.org, key=f"i{id_}", digest="d", source="a.csv", started_at=shop.now, updated_at=shop.now
        )
        schedule = Schedule(**owned, updated_at=shop.now, name=f"s{id_}", tz="UTC")
        user = User(**owned, email=f"rita{number}@example.com")
        db.add_all([imported, schedule, user])
        db.flush()
        cells = [name, f"({phone[2:4]}) {phone[4:9]}-{phone[9:]}", said]
        db.add(ImportReject(org_id=shop.org, import_id=imported.id or 0, line=2, cells=cells, reason=f"{phone}?"))
        db.add(IdempotencyKey(**owned, scope="x", key=f"k{id_}", content_hash="h", result={"name": name, "to": phone}))
        due: Any = {"due_at": shop.now, "local": f"{id_}", "state": "done"}
        told = f"sent to +{phone}: {said}"
        db.add(ScheduleRun(org_id=shop.org, schedule_id=schedule.id or 0, output=told, **due))
        parts = {"who": f"+{phone}", "text": said}
        db.add(Notification(org_id=shop.org, user_id=user.id or 0, kind="mention", parts=parts, at=shop.now))
        incidents.tell(db, shop.org, "PT-X", f"+{phone} could not be told: {said}", shop.now)


def _number_id(shop: Shop) -> str:
    from pytake_cli.store.numbers import Number

    with shop.store.read() as db:
        return db.get_one(Number, shop.number_id).phone_number_id


def erase(shop: Shop, id_: int = 1) -> dict[str, int]:
    me = principals.local(shop.org)
    return privacy.erase(shop.store, shop.org, id_, me, reason="pedido do titular", now=shop.now)


def test_once_erased_nothing_of_a_person_is_anywhere_and_nobody_else_lost_a_word(shop: Shop) -> None:
    before, others = leftovers(shop.store, *WHOLE), leftovers(shop.store, *OTHER)
    scattered = {"journal", "job", "contact_import_reject", "schedule_run", "idempotency_key", "audience_row", "event"}
    assert scattered | {"contact", "message", "quarantine", "campaign_plan", "notification"} <= before
    counts = erase(shop)
    assert leftovers(shop.store, *WHOLE) == set()
    assert leftovers(shop.store, *OTHER) == others
    assert counts["message"] == 2
    assert counts["contact"] == 1
    assert counts["journal"] == 1
    with shop.store.read() as db:
        noted = db.exec(select(AuditEntry).where(AuditEntry.action == "contact.erased")).one()
        assert (noted.target, noted.details["rows"]) == ("contact:1", sum(counts.values()))
        assert audit.verify(db, shop.org).wrong == ""


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_after_a_vacuum_the_file_holds_none_of_their_words(shop: Shop) -> None:
    with shop.store.read() as db:
        file = Path(db.connection().exec_driver_sql("PRAGMA database_list").one().file)
    erase(shop)
    upkeep.vacuum(shop.store)
    kept = b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*")).lower()
    assert b"a outra pessoa" in kept
    for mark in (b"uleica", b"egredo", PHONE.encode(), PHONE[4:].encode()):
        assert mark not in kept


def test_what_was_counted_before_is_what_goes(shop: Shop) -> None:
    with shop.store.read(shop.org) as db:
        held = privacy.held(db, shop.org, privacy.person(db, shop.org, f"+{PHONE}"))
    gone = erase(shop)
    grown = {"event", "contact_change", "conversation_change"}  # that the contact was put away is written down first
    assert {name: count for name, count in gone.items() if name not in grown} == {
        name: count for name, count in held.items() if name not in grown
    }


def test_the_export_has_everything_and_says_where_else_they_are_named(shop: Shop) -> None:
    with shop.store.write(shop.org) as db:
        audit.note(db, principals.local(shop.org), "contact.read", "contact:1", now=shop.now)
    with shop.store.read(shop.org) as db:
        row = privacy.person(db, shop.org, NAME)
        found, whole = (privacy.export(db, shop.org, row, notes=notes) for notes in (False, True))
    text = orjson.dumps(found, default=str).decode()
    assert all(mark in text for mark in (NAME, SAID, PHONE))
    assert f"{SAID} nota" not in text
    assert f"{SAID} nota" in orjson.dumps(whole, default=str).decode()
    assert {"contact", "identity", "message", "conversation", "recipient", "audience_row"} <= set(found["held"])
    assert [each["action"] for each in found["access"]] == ["contact.read"]
    assert {"journal", "job", "schedule_run"} <= set(found["also_named_in"])
    assert not any(mark in text for mark in OTHER)


def test_who_was_merged_or_deleted_before_is_found_and_goes_whole(shop: Shop) -> None:
    with shop.store.write(shop.org) as db:
        merging.merge(db, 1, 2, shop.now)
        contact_removal.delete(db, db.get_one(Contact, 1), actor="ana", now=shop.now)
    with shop.store.read(shop.org) as db:
        with pytest.raises(NotFound):
            contacts.lookup(db, shop.org, f"+{PHONE}")
        assert [privacy.person(db, shop.org, ref).id for ref in (f"+{PHONE}", "contact:1", AT_HOME)] == [1, 1, 1]
    erase(shop)
    assert leftovers(shop.store, *WHOLE, *OTHER) == set()


def test_who_may_not_erase_erases_nothing(shop: Shop) -> None:
    agent = principals.Principal(shop.org, None, "ana", "AGENT", frozenset({"contacts:write"}), "local")
    with pytest.raises(Forbidden):
        privacy.erase(shop.store, shop.org, 1, agent, reason="", now=shop.now)
    with shop.store.read(shop.org) as db:
        assert db.get_one(Contact, 1).deleted_at is None
