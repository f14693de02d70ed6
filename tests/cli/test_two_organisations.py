"""Two organisations in one store: no command of one shows or changes anything of the other."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from pytake_cli import clock
from pytake_cli.policy.recurrence_files import read
from pytake_cli.services import conversations, principals, schedules, sla_policies, talk_actions, teams, views
from pytake_cli.store import Store, tags
from pytake_cli.store import schedules as rows
from pytake_cli.store.events import Event
from pytake_cli.store.fields import Field
from pytake_cli.store.flow_sessions import FlowRecord
from pytake_cli.store.jobs import Job
from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.numbers import Number
from tests.cli.conftest import Run
from tests.kit import flows, templates
from tests.kit.people import outgoing, wrote
from tests.kit.stores import make_number

CANARY = "canario"  # stands in everything that belongs to the first organisation
FLOW = f"name: {CANARY}\ntriggers: [{{any: true}}]\nstart: a\nsteps: {{a: {{say: {CANARY}, next: end}}}}\n"


@pytest.fixture
def norte(pytake: Run, home: Path) -> Run:
    """Runs as the second organisation; the first has one of everything."""
    pytake("init", "--no-input", "--org-name", "Sul", "--owner-email", f"{CANARY}@example.com")
    pytake("org", "create", "Norte", "--owner-email", "n@example.com")
    pytake("org", "use", "norte")
    store = Store(f"sqlite:///{home}/data/pytake.db")
    now = clock.now()
    number_id = make_number(store, 1, display="+551140009999")
    make_number(store, 2, display="+551140001111")
    with store.write() as db:
        number = db.get_one(Number, number_id)
        number.name, number.stopped_at, number.stopped_reason = CANARY, now, CANARY
        metadata = {"phone_number_id": number.phone_number_id}
        value = {"metadata": metadata, "statuses": [{"id": "wamid.X", "status": "read", "timestamp": "1"}]}
        body = orjson.dumps({"object": "whatsapp_business_account",
                             "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]})  # fmt: skip
        row = Journal(digest=hashlib.sha256(body).digest(), body=body, received_at=now, applied_at=now)
        db.add(row)
        db.flush()
        db.add(Quarantine(journal_id=row.id, org_id=1, reason=CANARY, created_at=now))
        db.add(Job(org_id=1, kind="media", key=CANARY, state="failed", due_at=now, created_at=now))
        db.add(Event(org_id=1, kind="incident", payload={"slug": "PT-X", "text": CANARY}, at=now))
        daily, later = read({"daily": "09:00"}), now + timedelta(days=1)
        schedule = schedules.create(
            db, 1, name=CANARY, rule=daily, tz="UTC", command=["status"], missed="skip", by=CANARY, now=now
        )
        rows.add_run(db, schedule, CANARY, later, state="done", output=CANARY)
    templates.put(store, number_id, CANARY, templates.body(CANARY))
    conversation = wrote(store, number_id, CANARY, name=CANARY, at=now)
    with store.write() as db:
        tags.put(db, 1, conversation.contact_id, CANARY, now)
        db.add(Field(org_id=1, name=CANARY, created_at=now))
        teams.create(db, 1, CANARY, now, takes_all=True)
        sla_policies.create(db, 1, CANARY, now, first_reply=60)
    with store.write(1) as db:
        here = principals.local(1, 1)
        labelled = talk_actions.act(db, here, conversations.get(db, 1), "label", {"add": [CANARY]}, now)
        assert labelled is not None
        views.create(db, here, CANARY, f"label:{CANARY}", shared=True, now=now)
    with store.write() as db:
        outgoing(db, conversation, CANARY, status="unknown", at=now)
    version = flows.publish(store, 1, FLOW, now=now)
    with store.write() as db:
        session = flows.session(db, conversation.id or 0, version, now=now, step=CANARY)
        of_session: Any = {"org_id": 1, "session_id": session.id or 0, "at": now}
        db.add(FlowRecord(**of_session, flow_id=session.flow_id, version_id=version, kind="entered", step=CANARY))
    store.close()
    return pytake


@pytest.mark.parametrize(
    "words",
    [
        ("user", "list"),
        ("number", "list", "--all", "--fields", "all"),
        ("number", "show", "--fields", "all"),
        ("number", "limits"),
        ("conversation", "list", "--fields", "all"),
        ("conversation", "list", "-w", f"status:all label:{CANARY}"),
        ("conversation", "list", "-w", f'text:"{CANARY}"'),
        ("conversation", "list", "-w", "contact:1"),
        ("conversation", "history", "--fields", "all"),
        ("label", "list", "--fields", "all"),
        ("view", "list", "--fields", "all"),
        ("queue", "list", "--fields", "all"),
        ("queue", "list", "--state", "failed"),
        ("status", "--fields", "all"),
        ("doctor", "--only", "store,queue,secrets,number"),
        ("webhook", "replay", "--quarantined"),
        ("logs", "tail", "--no-follow", "--fields", "all"),
        ("template", "list", "--all", "--fields", "all"),
        ("template", "diff", "--offline"),
        ("flow", "list", "--fields", "all"),
        ("contact", "list", "--fields", "all"),
        ("contact", "list", "--tag", CANARY),
        ("contact", "check", "+5511968184188"),
        ("field", "list"),
        ("team", "list", "--fields", "all"),
        ("team", "agents", "--fields", "all"),
        ("team", "route", "--dry-run"),
        ("sla", "list", "--fields", "all"),
        ("sla", "report", "--by", "team"),
        ("analytics", "show"),
        ("analytics", "show", "--by", "agent"),
        ("analytics", "show", "--by", "flow"),
        ("flow", "sessions", "--status", "all", "--fields", "all"),
        ("schedule", "list", "--fields", "all"),
        ("schedule", "runs", "--fields", "all"),
        ("schedule", "next"),
        ("privacy", "retention", "show"),
        ("flow", "explain", "--from", "+5511968184188", "--message", "oi", "--fields", "all"),
    ],
)
def test_what_is_the_others_is_not_shown(norte: Run, words: tuple[str, ...]) -> None:
    ran = norte(*words)
    assert CANARY not in ran.out + ran.err
    assert "+551140009999" not in ran.out + ran.err
    ran = norte(*words, "--json")
    assert CANARY not in ran.out + ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("user", "set", f"{CANARY}@example.com", "--role", "VIEWER"),
        ("user", "disable", f"{CANARY}@example.com", "-y"),
        ("conversation", "claim", "1"),
        ("conversation", "label", "1", "--add", "x"),
        ("conversation", "snooze", "1", "--until", "+1h"),
        ("conversation", "priority", "1", "--set", "high"),
        ("conversation", "star", "1"),
        ("conversation", "history", "1"),
        ("conversation", "export", "1"),
        ("conversation", "merge", "1", "--with", "1", "-y"),
        ("conversation", "undo", "1"),
        ("conversation", "undo"),
        ("conversation", "list", "--view", CANARY),
        ("label", "rename", CANARY, "--to", "x"),
        ("label", "delete", CANARY, "-y"),
        ("view", "show", CANARY),
        ("view", "set", CANARY, "-w", "status:open"),
        ("view", "delete", CANARY, "-y"),
        ("number", "show", "+551140009999"),
        ("number", "limits", "1"),
        ("number", "verify", "+551140009999"),
        ("number", "remove", "1", "--confirm", "+551140009999"),
        ("number", "test", "1", "--to", "+5511968184101", "--template", "x"),
        ("webhook", "subscribe", "1"),
        ("webhook", "replay", "1"),
        ("queue", "show", "message:2"),
        ("queue", "retry", "message:2"),
        ("queue", "drop", "message:2", "-y"),
        ("queue", "drop", "job:1", "-y"),
        ("queue", "retry", "quarantine:1"),
        ("schedule", "show", CANARY),
        ("schedule", "set", "1", "--missed", "run-once"),
        ("schedule", "pause", CANARY),
        ("schedule", "run", "1"),
        ("schedule", "run", CANARY, "--now"),
        ("schedule", "delete", CANARY, "-y"),
        ("schedule", "export", CANARY, "--crontab"),
        ("template", "show", CANARY),
        ("template", "preview", CANARY),
        ("template", "submit", CANARY),
        ("template", "delete", CANARY, "-y"),
        ("template", "test", CANARY, "--to", "+5511968184101"),
        ("message", "send", "--to", "+5511968184101", "-t", CANARY),
        ("contact", "show", "contact:1"),
        ("contact", "set", "contact:1", "name=x"),
        ("contact", "tag", "contact:1", "--tag", "x"),
        ("contact", "untag", "contact:1", "--tag", CANARY),
        ("contact", "note", "contact:1", "-m", "x"),
        ("contact", "history", "contact:1"),
        ("contact", "optin", "contact:1", "--topic", "marketing", "--source", "x"),
        ("contact", "optout", "contact:1", "--topic", "all"),
        ("contact", "block", "contact:1"),
        ("contact", "unblock", "contact:1"),
        ("contact", "delete", "contact:1", "-y"),
        ("contact", "merge", "contact:1", "contact:2", "-y"),
        ("field", "rename", CANARY, "x"),
        ("field", "delete", CANARY, "-y"),
        ("team", "show", CANARY),
        ("team", "set", CANARY, "--capacity", "9"),
        ("team", "add", CANARY, "n@example.com"),
        ("team", "hours", "show", CANARY),
        ("team", "hours", "set", CANARY, "mon=09:00-18:00"),
        ("team", "delete", CANARY, "-y"),
        ("team", "agent", f"{CANARY}@example.com", "--availability", "available"),
        ("team", "explain", "1"),
        ("sla", "set", CANARY, "--first-reply", "5m"),
        ("sla", "delete", CANARY, "-y"),
        ("flow", "versions", CANARY),
        ("flow", "show", f"{CANARY}@1"),
        ("flow", "export", CANARY),
        ("flow", "diff", f"{CANARY}@1", f"{CANARY}@1"),
        ("flow", "stats", CANARY),
        ("flow", "start", CANARY, "contact:1"),
        ("flow", "rollback", CANARY, "-y"),
        ("flow", "disable", CANARY),
        ("flow", "sessions", CANARY),
        ("flow", "session", "1"),
        ("flow", "replay", "1"),
        ("flow", "reset", "contact:1"),
    ],
)
def test_what_is_the_others_cannot_be_named(norte: Run, home: Path, words: tuple[str, ...]) -> None:
    before = dump(home)
    assert norte(*words).code == 5
    assert dump(home) == before


def test_the_first_organisation_sees_all_of_its_own(norte: Run) -> None:
    assert CANARY in norte("-o", "sul", "queue", "list").out
    assert CANARY in norte("-o", "sul", "logs", "tail", "--no-follow").out
    assert CANARY in norte("-o", "sul", "number", "list").out
    assert CANARY in norte("-o", "sul", "flow", "sessions").out
    assert CANARY in norte("-o", "sul", "flow", "stats", CANARY).out


def dump(home: Path) -> dict[str, list[object]]:
    """Every row of every table."""
    from sqlalchemy import text
    from sqlmodel import SQLModel

    store = Store(f"sqlite:///{home}/data/pytake.db")
    with store.reader.connect() as connection:
        found: dict[str, list[object]] = {
            table: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{table}"'))]
            for table in SQLModel.metadata.tables
        }
    store.close()
    return found
