"""A shop for tests of commands: a home with a migrated SQLite store, an organisation, its number and its people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from pytake_cli import clock
from pytake_cli.store import Store
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.users import User
from tests.kit import people
from tests.kit.stores import make_number, make_org


@dataclass
class Shop:
    """What the test finds in the store of its home."""

    store: Store
    org: int
    number: int
    rita: User

    def wrote(
        self,
        words: str = "oi",
        *,
        name: str = "Karina Silva",
        phone: str = "+5511968184101",
        at: datetime | None = None,
    ) -> Conversation:
        """A customer writes now, or did at a time."""
        return people.wrote(self.store, self.number, words, name=name, phone=phone, at=at or clock.now())


@pytest.fixture
def shop(home: Path, sqlite_template: Path) -> Iterator[Shop]:
    """The shop `loja` of Rita's, in the home of the test."""
    path = home / "data" / "pytake.db"
    path.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(sqlite_template, path)
    path.chmod(0o600)
    store = Store(f"sqlite:///{path}")
    org = make_org(store, "loja", now=clock.now())
    yield Shop(store, org, make_number(store, org, now=clock.now()), people.user(store, org))
    store.close()
