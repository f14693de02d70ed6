"""`pytake privacy retention`: how long what is kept, and what that means now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from pytake_cli import clock, settings
from pytake_cli.store import Store
from pytake_cli.store.jobs import Job
from tests.kit.shell import Shell
from tests.kit.stores import make_org


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, store: Store) -> Shell:
    org, old = make_org(store), clock.now() - timedelta(days=40)
    with store.write() as db:
        for n in range(3):
            db.add(Job(org_id=org, kind="x", key=f"k{n}", state="done", due_at=old, done_at=old, created_at=old))
    return Shell(capfd, monkeypatch, store_url)


def counts(rows: list[dict[str, int]]) -> dict[object, int]:
    return {row["name"]: row["count"] for row in rows if row["count"]}


def test_what_would_go_is_counted_and_goes_when_somebody_agrees(shell: Shell, store: Store) -> None:
    assert counts(shell.json("privacy", "retention", "show")) == {"jobs": 3}
    assert counts(shell.json("privacy", "retention", "run", "--dry-run")) == {"jobs": 3}
    shell("privacy", "retention", "run", code=64)
    with store.read() as db:
        assert len(db.exec(select(Job)).all()) == 3
    assert counts(shell.json("privacy", "retention", "run", "jobs", "--yes")) == {"jobs": 3}
    assert counts(shell.json("privacy", "retention", "run")) == {}


def test_the_days_are_a_setting_like_any_other(shell: Shell) -> None:
    shell("privacy", "retention", "set", "jobs", "60")
    settings.forget()
    assert counts(shell.json("privacy", "retention", "show")) == {}
    assert shell.json("config", "explain", "retention.job_days")[0]["value"] == 60
    shell("privacy", "retention", "set", "jobs", "never", code=65)
    shell("privacy", "retention", "set", "nothing", "3", code=5)
    assert "jobs" in shell.err


def test_with_several_organisations_webhooks_are_left_to_the_daemon(shell: Shell, store: Store) -> None:
    names = {row["name"] for row in shell.json("privacy", "retention", "show")}
    assert "webhooks" in names
    make_org(store, "norte")
    rows = shell.json("-o", "norte", "privacy", "retention", "show")
    assert {row["name"] for row in rows} == names - {"webhooks", "paces"}
    assert counts(rows) == {}
