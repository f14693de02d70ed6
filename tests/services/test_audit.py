"""The audit log: only ever longer, and whatever is altered or missing is found."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pytake_cli.services import accounts, audit
from pytake_cli.services.principals import local
from pytake_cli.store import Store
from pytake_cli.store.organisations import Organisation
from tests.kit.stores import NOW, make_org


@pytest.fixture
def org(store: Store) -> int:
    org = make_org(store)
    with store.write(org) as db:
        for count in range(1, 11):
            details: dict[str, Any] = {"count": count, "ação": "é", "list": [1, None, True, 2.5], "a": {"z": 1, "b": 2}}
            audit.note(db, local(org), "user.invited", f"user:{count}", details, now=NOW + timedelta(seconds=count))
    return org


def verdict(store: Store, org: int, published: str = "") -> audit.Verdict:
    with store.read(org) as db:
        return audit.verify(db, org, published)


def tamper(store: Store, *statements: str) -> None:
    """What somebody does who has the database itself: the guards are taken off first."""
    off = (
        ("DROP TRIGGER audit_entry_no_update", "DROP TRIGGER audit_entry_no_delete")
        if store.is_sqlite
        else ("DROP TRIGGER audit_entry_no_change ON audit_entry",)
    )
    with store.write() as db:
        for statement in (*off, *statements):
            db.execute(text(statement))


def test_ten_entries_hang_together_and_the_head_can_be_published(store: Store, org: int) -> None:
    found = verdict(store, org)
    assert (found.entries, found.wrong) == (10, "")
    with store.write(org) as db:
        audit.note(db, local(org), "login", now=NOW)
    assert verdict(store, org, found.head).wrong == ""
    assert verdict(store, org, "10:" + "0" * 64).wrong == "the published head is not in the chain"


def test_every_organisation_s_head_can_be_told_and_shows_entries_cut_off_the_end(store: Store, org: int) -> None:
    make_org(store, "quiet")
    with store.read() as db:
        [(told_org, head)] = audit.heads(db)
    assert (told_org, head) == (org, verdict(store, org).head)
    tamper(store, "DELETE FROM audit_entry WHERE serial > 7", "UPDATE audit_head SET serial = 7")
    assert verdict(store, org, head).wrong != ""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'x' WHERE serial = 3",
        "DELETE FROM audit_entry WHERE serial = 10",
        "UPDATE audit_entry SET hash = hash",
    ],
)
def test_the_database_refuses_changes(store: Store, org: int, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), store.write() as db:
        db.execute(text(statement))


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'rita'",
        "details = '{}'",
        "target = 'user:8'",
        "kind = 'token'",
        "user_id = 5",
        "action = 'user.invitee'",
        "at = '2026-11-22 15:00:08.000000'",
        "hash = replace(hash, substr(hash, 1, 1), 'z')",
    ],
)
def test_a_changed_byte_is_found_and_its_row_named(store: Store, org: int, change: str) -> None:
    tamper(store, f"UPDATE audit_entry SET {change} WHERE serial = 7")
    found = verdict(store, org)
    assert (found.wrong, found.serial, found.entries) == ("the entry was altered", 7, 6)


def test_a_row_taken_out_of_the_middle_is_found(store: Store, org: int) -> None:
    tamper(store, "DELETE FROM audit_entry WHERE serial = 4")
    assert (verdict(store, org).wrong, verdict(store, org).serial) == ("entries are missing", 4)


def test_rows_taken_off_the_end_are_found_also_when_the_head_was_forged(store: Store, org: int) -> None:
    published = verdict(store, org).head
    tamper(store, "DELETE FROM audit_entry WHERE serial > 7")
    assert verdict(store, org).wrong == "entries are missing at the end"
    with store.write() as db:
        db.execute(text("UPDATE audit_head SET serial = 7, hash = (SELECT hash FROM audit_entry WHERE serial = 7)"))
    assert verdict(store, org).wrong == ""
    assert verdict(store, org, published).wrong == "the published head is not in the chain"


def test_many_at_once_make_one_chain(store: Store, org: int) -> None:
    def work() -> None:
        for _ in range(10):
            with store.write(org) as db:
                audit.note(db, local(org), "login", now=NOW)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (verdict(store, org).entries, verdict(store, org).wrong) == (60, "")


def test_what_is_rolled_back_leaves_no_gap(store: Store, org: int) -> None:
    with store.write(org) as db:
        audit.note(db, local(org), "login", now=NOW)
        db.rollback()
    assert (verdict(store, org).entries, verdict(store, org).wrong) == (10, "")


def test_each_organisation_has_its_own_chain_and_takes_it_along_when_deleted(store: Store, org: int) -> None:
    other = make_org(store, "norte")
    with store.write(other) as db:
        audit.note(db, local(other), "login", now=NOW)
    assert verdict(store, other).entries == 1
    with store.write() as db:
        deleted = accounts.delete_organisation(db, db.get_one(Organisation, other))
    assert deleted.rows["audit_entry"] == 1
    assert verdict(store, org).entries == 10


def test_entries_are_found_by_what_was_done_to_what_by_whom(store: Store, org: int) -> None:
    with store.write(org) as db:
        audit.note(db, local(org, 5, "rita"), "role.created", "role:caixa", now=NOW + timedelta(hours=1))

    def found(**wanted: Any) -> list[int]:
        with store.read(org) as db:
            return [row.serial for row in audit.listed(db, org, audit.Filter(**wanted), 3)]

    assert found() == [11, 10, 9]
    assert found(actor="rita") == found(action="role.") == found(target="role:caixa") == [11]
    assert found(since=NOW + timedelta(minutes=1)) == [11]
    assert found(before=3) == [2, 1]
    assert found(action="user.invited%") == []
