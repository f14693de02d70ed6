"""Retention: old rows of each kind go, the counts before are exact, once more is nothing, and the young stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from pytake_cli import settings
from pytake_cli.errors import NotFound
from pytake_cli.services import contact_removal, retention
from pytake_cli.services import media as files
from pytake_cli.services.retention import KINDS, find, run_all
from pytake_cli.store import Store
from pytake_cli.store import retention as rows
from pytake_cli.store.campaigns import AudienceRow, Campaign, Plan
from pytake_cli.store.contacts import Contact
from pytake_cli.store.idempotency import IdempotencyKey
from pytake_cli.store.imports import ContactImport
from pytake_cli.store.jobs import Job
from pytake_cli.store.media import Media
from pytake_cli.store.schedules import Schedule, ScheduleRun
from tests.kit import campaigning, people
from tests.kit.stores import NOW, make_number, make_org
from tests.services.test_campaigns import Shop
from tests.store.test_isolation import furnish

LATER = NOW + timedelta(days=400)


def sizes(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    return {name: rows.count(store, table) for name, table in SQLModel.metadata.tables.items()}


def forgotten(store: Store, now: datetime, **options: Any) -> dict[str, int]:
    return {each.kind.name: each.count for each in run_all(store, now, **options) if each.count}


def fill(store: Store, count: int = 7) -> int:
    """`count` old rows of every kind but contacts and media."""
    org = make_org(store)
    number = make_number(store, org)
    owned: Any = {"org_id": org, "created_at": NOW}
    with store.write() as db:
        person = Contact(**owned, updated_at=NOW)
        schedule = Schedule(**owned, updated_at=NOW, name="s", tz="UTC")
        db.add_all([person, schedule])
        db.flush()
        for n in range(count):
            db.add(Job(**owned, kind="x", key=f"k{n}", state="done", due_at=NOW, done_at=NOW))
            db.add(Plan(**owned, id=f"p{n}", name="x", audience_hash="h", recipients=1, expires_at=NOW))
            db.add(AudienceRow(org_id=org, digest=f"d{n}", contact_id=person.id or 0, read_at=NOW))
            db.add(IdempotencyKey(**owned, scope="x", key=f"k{n}", content_hash="h"))
            db.add(ScheduleRun(org_id=org, schedule_id=schedule.id or 0, local=f"{n}", state="done", due_at=NOW))
            at: Any = {"started_at": NOW, "updated_at": NOW, "done_at": NOW}
            db.add(ContactImport(org_id=org, key=f"k{n}", digest="d", source="a.csv", **at))
        both: Any = {**owned, "updated_at": NOW}
        db.add(Campaign(**both, number_id=number, name="bf", plan_id="p0"))
        db.add(Job(**owned, kind="x", key="failed", state="failed", due_at=NOW))
        db.add(ScheduleRun(org_id=org, schedule_id=schedule.id or 0, local="r", state="running", due_at=NOW))
    return org


def test_counts_come_true_and_once_more_is_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    fill(store)
    expected = {"jobs": 7, "plans": 6, "audiences": 7, "keys": 7, "runs": 7, "imports": 7}
    before = sizes(store)
    assert forgotten(store, LATER, only_count=True) == expected
    assert sizes(store) == before
    assert forgotten(store, LATER) == expected
    assert forgotten(store, LATER) == {}


def test_what_is_young_stays(store: Store) -> None:
    fill(store)
    before = sizes(store)
    assert forgotten(store, NOW + timedelta(days=29)) == {}
    assert sizes(store) == before


def test_of_one_organisation_only_its_own_is_forgotten(store: Store) -> None:
    org, other = fill(store), make_org(store, "norte")
    with store.write() as db:
        db.add(Job(org_id=other, kind="x", key="theirs", state="done", due_at=NOW, done_at=NOW, created_at=NOW))
    kinds = tuple(kind for kind in KINDS if "org_id" in kind.table.c)
    assert forgotten(store, LATER, org=other, kinds=kinds) == {"jobs": 1}
    assert forgotten(store, LATER, org=org, kinds=kinds)["jobs"] == 7


def test_a_deleted_contact_goes_with_everything_of_theirs_and_nobody_elses(store: Store) -> None:
    gone, stays = furnish(store, "sul"), furnish(store, "norte")
    everything = {table.name: table for table in SQLModel.metadata.sorted_tables}
    theirs = {table.name for table, _ in rows.below(everything["contact"], sa.true())}
    assert {"message", "media", "conversation", "identity", "consent", "recipient", "note", "timer"} <= theirs
    with store.write() as db:
        db.connection().execute(sa.update(Contact).where(Contact.org_id == gone).values(deleted_at=NOW))  # type: ignore[arg-type]
    others = {name: rows.count(store, everything[name], everything[name].c.org_id == stays) for name in theirs}
    kinds = (find("contacts"),)
    assert forgotten(store, NOW + timedelta(days=29), kinds=kinds) == {}
    [counted] = run_all(store, LATER, kinds=kinds, only_count=True)
    assert counted.count == rows.count(store, everything["contact"], everything["contact"].c.deleted_at.is_not(None))
    assert forgotten(store, LATER, kinds=kinds) == {"contacts": counted.count}
    left = {
        name for name in theirs | {"contact"} if rows.count(store, everything[name], everything[name].c.org_id == gone)
    }
    assert left == set()
    assert {name: rows.count(store, everything[name], everything[name].c.org_id == stays) for name in theirs} == others
    assert forgotten(store, LATER, kinds=kinds) == {}


def test_who_was_merged_into_a_deleted_contact_goes_too(store: Store) -> None:
    org = make_org(store)
    with store.write() as db:
        keep = Contact(org_id=org, created_at=NOW, updated_at=NOW, deleted_at=NOW)
        db.add(keep)
        db.flush()
        db.add(Contact(org_id=org, created_at=NOW, updated_at=NOW, merged_into_id=keep.id))
        db.add(Contact(org_id=org, created_at=NOW, updated_at=NOW, name="another"))
    assert forgotten(store, LATER) == {"contacts": 1}
    with store.read() as db:
        assert [each.name for each in db.exec(sa.select(Contact)).scalars()] == ["another"]  # type: ignore[call-overload]


@pytest.fixture
def picture(store: Store) -> Callable[[str, datetime], Path]:
    number = make_number(store, org := make_org(store))
    conversation = people.wrote(store, number)

    def make(name: str, at: datetime) -> Path:
        path = files.folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        with store.write() as db:
            message = people.incoming(db, conversation, "foto", at=at)
            of: Any = {"org_id": org, "number_id": number, "message_id": message.id, "created_at": at}
            db.add(Media(**of, direction="in", path=name, state="ready"))
        return path

    return make


def test_files_are_kept_for_good_unless_a_setting_says_otherwise(
    store: Store, picture: Callable[[str, datetime], Path]
) -> None:
    picture("ab/1", NOW)
    assert forgotten(store, LATER, kinds=(find("media"),)) == {}
    settings.load({"retention.media_days": 365})
    assert forgotten(store, LATER, kinds=(find("media"),)) == {"media": 1}


def test_a_file_goes_with_the_last_row_that_has_it(store: Store, picture: Callable[[str, datetime], Path]) -> None:
    alone, shared = picture("ab/1", NOW), picture("ab/2", NOW)
    picture("ab/2", LATER)
    settings.load({"retention.media_days": 30})
    assert forgotten(store, LATER, kinds=(find("media"),)) == {"media": 2}
    assert (alone.exists(), shared.exists()) == (False, True)
    assert forgotten(store, LATER + timedelta(days=31), kinds=(find("media"),)) == {"media": 1}
    assert not shared.exists()


def test_files_of_a_forgotten_contact_go_too(store: Store, picture: Callable[[str, datetime], Path]) -> None:
    path = picture("ab/1", NOW)
    with store.write() as db:
        db.connection().execute(sa.update(Contact).values(deleted_at=NOW))
    assert forgotten(store, LATER, kinds=(find("contacts"),)) == {"contacts": 1}
    assert not path.exists()


def test_every_kind_has_a_setting_that_explains_itself() -> None:
    for kind in KINDS:
        assert kind.setting in settings.keys()  # noqa: SIM118 - a function
        assert retention.days_of(kind) >= 0
    with pytest.raises(NotFound):
        find("nothing")


# what neither goes with a contact nor after a time, and why it does not grow with use
KEPT = {
    **dict.fromkeys(("organisation", "number", "team", "team_member", "role", "user_account", "credential"), "people"),
    **dict.fromkeys(("canned", "macro", "label", "tag", "saved_view", "segment", "contact_field"), "made by people"),
    **dict.fromkeys(("template", "flow", "flow_version", "automation", "schedule", "campaign"), "made by people"),
    **dict.fromkeys(("sla_policy", "price", "api_token"), "made by people"),
    **dict.fromkeys(("fact", "automation_cursor", "audit_head", "audit_erasure"), "one row each"),
    "plan_approval": "made by people",
    "forgotten_recipient": "goes with its campaign",
    "erased_number": "one row for each person who asked to be erased",
    "audit_entry": "a chain that may not lose a link",
    "login_attempt": "forgotten with the next failed login",
    "visit": "forgotten with the next minute's first request",
    "contact_import_reject": "forgotten when the import is done",
}


def test_no_table_grows_for_ever() -> None:
    everything = SQLModel.metadata.tables
    theirs = {table.name for table, _ in rows.below(everything["contact"], sa.true())} | {"contact"}
    forgotten_in_time = {kind.table.name for kind in KINDS}
    unknown = set(everything) - theirs - forgotten_in_time - set(KEPT)
    assert unknown == set(), "a new table: forget it after a time, or say here why it does not grow"


def test_what_flows_drafts_and_logins_leave_behind_is_forgotten(store: Store) -> None:
    org = furnish(store, "sul")
    tables = ("flow_event", "timer", "draft", "refresh_token", "login_session")
    everything = SQLModel.metadata.tables
    assert all(rows.count(store, everything[name]) for name in tables)
    old = {"ended_at": NOW, "fired_at": NOW, "updated_at": NOW, "expires_at": NOW, "settled_at": NOW}
    with store.write() as db:
        for name in (*tables, "flow_session", "rate_bucket", "quarantine"):
            table = everything[name]
            values = {column: at for column, at in old.items() if column in table.c}
            if values:
                db.connection().execute(sa.update(table).values(**values))
    assert not {"replays", "drafts", "logins", "tokens"} & set(
        forgotten(store, NOW + timedelta(days=29), org=org, kinds=kinds_of_one())
    )
    counted = forgotten(store, LATER + timedelta(days=1), only_count=True, org=org, kinds=kinds_of_one())
    assert {"replays", "timers", "drafts", "tokens"} <= set(counted)
    forgotten(store, LATER + timedelta(days=1), org=org, kinds=kinds_of_one())
    assert {name: rows.count(store, everything[name]) for name in tables} == dict.fromkeys(tables, 0)
    assert rows.count(store, everything["flow_session"])


def kinds_of_one() -> tuple[retention.Kind, ...]:
    """Those that belong to an organisation, but its contacts."""
    return tuple(kind for kind in KINDS if "org_id" in kind.table.c and kind.name != "contacts")


def test_a_forgotten_contact_leaves_nothing_in_any_table(store: Store) -> None:
    """Looks for name, number and words in every column of every table, so that a new table is looked at as well."""
    shop = Shop(store, 3)
    name, said = "Zuleica Persona", "meu segredo"
    with store.write() as db:
        db.get_one(Contact, 1).name = name
    shop.launch()
    shop.run()
    shop.hears(said)
    gone = campaigning.phone(0)
    with store.write() as db:
        person = db.get_one(Contact, 1)
        db.add(AudienceRow(org_id=shop.org, digest="d", contact_id=1, values={"nome": name}, read_at=NOW))
        contact_removal.delete(db, person, actor="ana", now=shop.now)
    assert {"campaign_plan", "contact", "message"} <= leftovers(store, "Zuleica", said, gone)
    assert forgotten(store, shop.now + timedelta(days=31), kinds=(find("contacts"),)) == {"contacts": 1}
    assert leftovers(store, "Zuleica", said, gone) == set()


def leftovers(store: Store, *marks: str) -> set[str]:
    """The tables in which one of the texts stands somewhere."""
    found = set()
    with store.read() as db:
        for table in SQLModel.metadata.sorted_tables:
            for row in db.connection().execute(sa.select(table)):
                if any(mark in repr(tuple(row)) for mark in marks):
                    found.add(table.name)
    return found
