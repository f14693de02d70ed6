"""Refresh tokens, whatever is shown when: one line of successors, and a theft ends the session for good."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings as tries
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pytake_cli.errors import AuthError
from pytake_cli.services import sessions, signing_in
from pytake_cli.store import Store, schema
from tests.kit.logins import person
from tests.kit.stores import NOW, make_org


class Refreshing(RuleBasedStateMachine):
    """`line` are the tokens in the order they were given out; all but the last have been used."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.store = Store(f"sqlite:///{Path(self._folder.name) / 'pytake.db'}")
        schema.migrate(self.store, None, NOW)
        user = person(self.store, make_org(self.store))
        self.now = NOW
        grant = signing_in.local_login(self.store, user, NOW)
        self.line, self.used_at, self.access = [grant.refresh], [NOW], grant.access
        self.dead = False

    def teardown(self) -> None:
        self.store.close()
        self._folder.cleanup()

    @rule(seconds=st.integers(0, 40))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: not self.dead)
    @rule()
    def renew(self) -> None:
        grant = sessions.refresh(self.store, self.line[-1], self.now)
        assert grant.refresh not in self.line
        self.used_at[-1] = self.now
        self.line.append(grant.refresh)
        self.used_at.append(self.now)
        self.access = grant.access

    @precondition(lambda self: len(self.line) > 1)
    @rule(data=st.data())
    def show_a_used_one_again(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.line) - 2))
        lost_answer = place == len(self.line) - 2 and self.now - self.used_at[place] <= sessions.GRACE
        if lost_answer and not self.dead:
            assert sessions.refresh(self.store, self.line[place], self.now).refresh == self.line[-1]
            return
        with pytest.raises(AuthError):
            sessions.refresh(self.store, self.line[place], self.now)
        self.dead = True

    @rule()
    def show_a_made_up_one(self) -> None:
        with pytest.raises(AuthError):
            sessions.refresh(self.store, "a" * 43, self.now)

    @precondition(lambda self: self.dead)
    @rule()
    def show_the_newest_after_a_theft(self) -> None:
        with pytest.raises(AuthError):
            sessions.refresh(self.store, self.line[-1], self.now)

    @invariant()
    def the_access_token_is_good_as_long_as_the_session(self) -> None:
        now = self.now if self.dead else min(self.now, self.used_at[-1] + timedelta(minutes=14))
        if self.dead:
            with pytest.raises(AuthError):
                signing_in.principal_of(self.store, self.access, now)
        else:
            assert signing_in.principal_of(self.store, self.access, now)


TestRefreshing = Refreshing.TestCase
TestRefreshing.settings = tries(max_examples=25, stateful_step_count=20, deadline=None)
