"""Signing in: what is ended counts at once, guessing gets slow, and a stolen refresh token ends its session."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli.errors import AuthError, Conflict, NotFound, TooOften
from pytake_cli.services import accounts, audit, passwords, people, sessions, signing_in
from pytake_cli.services.principals import local
from pytake_cli.store import Store
from pytake_cli.store.audit import AuditEntry
from pytake_cli.store.events import Event
from pytake_cli.store.logins import RefreshToken
from pytake_cli.store.users import User
from tests.kit.logins import GOOD, person
from tests.kit.stores import NOW, make_org

SECOND = timedelta(seconds=1)
FORMER = "quatro gatos na varanda"


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


def actions(store: Store, org: int) -> list[str]:
    with store.read(org) as db:
        return list(db.exec(select(AuditEntry.action).order_by(AuditEntry.serial)))  # type: ignore[arg-type]


def test_the_e_mail_s_case_and_spaces_do_not_matter(store: Store, org: int) -> None:
    user = person(store, org)
    grant = signing_in.login(store, "  Ana@LOJA.com ", GOOD, NOW, agent="x" * 500, address="203.0.113.9")
    who = signing_in.principal_of(store, grant.access, NOW)
    assert (who.user_id, who.role, who.kind, who.session_id) == (user.id, "AGENT", "session", grant.session_id)


@pytest.mark.parametrize(
    ("email", "password"), [("ana@loja.com", "errada errada"), ("eva@loja.com", GOOD), ("off@loja.com", GOOD), ("", "")]
)
def test_whatever_is_wrong_a_login_says_the_same_after_one_hash(
    store: Store, org: int, email: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person(store, org)
    gone = person(store, org, "off@loja.com")
    with store.write(org) as db:
        accounts.set_user(db, db.get_one(User, gone.id), active=False)
    hashes = counted(monkeypatch)
    with pytest.raises(AuthError) as refused:
        signing_in.login(store, email, password, NOW)
    assert (refused.value.slug, refused.value.values, len(hashes)) == ("PT-AUTH-LOGIN", {}, 1)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts what is hashed or compared, and does it."""
    seen: list[str] = []
    for name in ("_hash", "_fits"):
        real = getattr(passwords, name)

        def counting(*given: Any, real: Any = real, name: str = name) -> Any:
            seen.append(name)
            return real(*given)

        monkeypatch.setattr(passwords, name, counting)
    return seen


def test_a_thousand_guesses_are_few_and_leave_live_sessions_alone(
    store: Store, org: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = person(store, org)
    grant = signing_in.login(store, user.email, GOOD, NOW)
    hashes = counted(monkeypatch)
    now = NOW
    for guess in range(1000):
        now += 2 * SECOND
        with pytest.raises((AuthError, TooOften)):
            signing_in.login(store, user.email, f"palpite número {guess}", now, address=f"203.0.113.{guess % 100}")
    assert len(hashes) <= 60
    assert signing_in.principal_of(store, grant.access, NOW + timedelta(minutes=14)).user_id == user.id
    assert sessions.refresh(store, grant.refresh, now).user_id == user.id
    with store.read(org) as db:
        told = [event.payload["slug"] for event in db.exec(select(Event).where(Event.kind == "incident"))]
    assert told == ["PT-AUTH-GUESSING"]
    assert signing_in.login(store, user.email, GOOD, now + timedelta(minutes=15)).user_id == user.id


def test_an_e_mail_that_nobody_has_waits_as_others_do(store: Store, org: int) -> None:
    for _ in range(5):
        with pytest.raises(AuthError):
            signing_in.login(store, "eva@loja.com", GOOD, NOW)
    with pytest.raises(TooOften) as waiting:
        signing_in.login(store, "eva@loja.com", GOOD, NOW)
    assert (waiting.value.slug, waiting.value.seconds) == ("PT-AUTH-WAIT", 1)


def test_guesses_at_the_same_moment_are_counted_before_they_are_tried(
    store: Store, org: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = person(store, org)
    hashes = counted(monkeypatch)

    def guess() -> None:
        with pytest.raises((AuthError, TooOften)):
            signing_in.login(store, user.email, "errada errada errada", NOW)

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hashes) <= 5


def test_who_belongs_to_several_organisations_names_one(store: Store, org: int) -> None:
    person(store, org)
    other = make_org(store, "norte")
    person(store, other)
    with pytest.raises(Conflict) as which:
        signing_in.login(store, "ana@loja.com", GOOD, NOW)
    assert which.value.values["orgs"] == "loja, norte"
    assert signing_in.login(store, "ana@loja.com", GOOD, NOW, org_slug="norte").org_id == other


def test_switched_off_ended_or_with_a_new_password_the_next_request_is_refused(store: Store, org: int) -> None:
    user = person(store, org)
    endings: dict[str, Callable[[Any], object]] = {
        "disabled": lambda db: people.change(db, local(org), db.get_one(User, user.id), NOW, active=False),
        "ended": lambda db: sessions.end_all(db, local(org), user.id or 0, "admin", NOW),
        "reset": lambda db: people.reset(db, local(org), db.get_one(User, user.id), NOW),
    }
    for ending in endings.values():
        people.set_password(store, local(org), user, GOOD, NOW)
        with store.write(org) as db:
            accounts.set_user(db, db.get_one(User, user.id), active=True)
        grant = signing_in.login(store, user.email, GOOD, NOW)
        assert signing_in.principal_of(store, grant.access, NOW)
        with store.write(org) as db:
            ending(db)
        with pytest.raises(AuthError):
            signing_in.principal_of(store, grant.access, NOW)
        with pytest.raises(AuthError):
            sessions.refresh(store, grant.refresh, NOW)


def test_a_token_of_a_session_with_another_person_s_number_is_refused(store: Store, org: int) -> None:
    """After a restore ids are given out again: what counts is the session's own key, and whose it is."""
    from pytake_cli.services import access_tokens

    person(store, org)
    grant = signing_in.login(store, "ana@loja.com", GOOD, NOW)
    claims = access_tokens.read(grant.access, NOW)
    for other in (replace(claims, user_id=99), replace(claims, org_id=99), replace(claims, session="0" * 32)):
        with pytest.raises(AuthError):
            signing_in.principal_of(store, access_tokens.issue(other, NOW), NOW)


def test_a_lost_answer_is_given_again_within_twenty_seconds(store: Store, org: int) -> None:
    person(store, org)
    grant = signing_in.login(store, "ana@loja.com", GOOD, NOW)
    first = sessions.refresh(store, grant.refresh, NOW + 60 * SECOND)
    again = sessions.refresh(store, grant.refresh, NOW + 65 * SECOND)
    assert again.refresh == first.refresh
    assert signing_in.principal_of(store, again.access, NOW + 65 * SECOND)


@pytest.mark.parametrize("used", [False, True], ids=["after 21 s", "when its successor was used"])
def test_a_refresh_token_shown_again_ends_the_session(store: Store, org: int, used: bool) -> None:
    person(store, org)
    grant = signing_in.login(store, "ana@loja.com", GOOD, NOW)
    first = sessions.refresh(store, grant.refresh, NOW)
    if used:
        sessions.refresh(store, first.refresh, NOW + SECOND)
    with pytest.raises(AuthError):
        sessions.refresh(store, grant.refresh, NOW + (2 if used else 21) * SECOND)
    for void in (first.access, grant.access):
        with pytest.raises(AuthError):
            signing_in.principal_of(store, void, NOW + 22 * SECOND)
    with pytest.raises(AuthError):
        sessions.refresh(store, first.refresh, NOW + 22 * SECOND)
    assert actions(store, org)[-1] == "login.refresh_reuse"
    with store.read(org) as db:
        assert [event.payload["slug"] for event in db.exec(select(Event))] == ["PT-AUTH-REUSE"]


def test_two_refreshes_at_the_same_moment_get_one_successor(store: Store, org: int) -> None:
    person(store, org)
    grant = signing_in.login(store, "ana@loja.com", GOOD, NOW)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(sessions.refresh(store, grant.refresh, NOW).refresh))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (6, 1)


def test_an_expired_refresh_token_is_refused_and_is_no_theft(store: Store, org: int) -> None:
    person(store, org)
    grant = signing_in.login(store, "ana@loja.com", GOOD, NOW)
    with pytest.raises(AuthError):
        sessions.refresh(store, grant.refresh, NOW + timedelta(days=7))
    assert "login.refresh_reuse" not in actions(store, org)


def test_no_refresh_token_is_kept_as_it_is(store: Store, org: int) -> None:
    person(store, org)
    grant = signing_in.login(store, "ana@loja.com", GOOD, NOW)
    with store.read() as db:
        kept = [row.hash for row in db.exec(select(RefreshToken))]
    assert grant.refresh not in kept
    assert len(kept) == 1


def test_the_machine_s_own_cli_logs_in_without_a_password(store: Store, org: int) -> None:
    user = person(store, org)
    grant = signing_in.local_login(store, user, NOW)
    assert signing_in.principal_of(store, grant.access, NOW).user_id == user.id
    assert sessions.refresh(store, grant.refresh, NOW).session_id == grant.session_id


def test_one_s_own_session_is_ended_and_nobody_else_s(store: Store, org: int) -> None:
    ana, eva = person(store, org), person(store, org, "eva@loja.com")
    grant = signing_in.login(store, ana.email, GOOD, NOW)
    who = signing_in.principal_of(store, signing_in.login(store, eva.email, GOOD, NOW).access, NOW)
    with store.write(org) as db, pytest.raises(NotFound):
        sessions.end(db, who, eva.id or 0, grant.session_id, NOW)


def test_a_person_s_log_of_logins_hangs_together(store: Store, org: int) -> None:
    person(store, org)
    signing_in.login(store, "ana@loja.com", GOOD, NOW)
    with pytest.raises(AuthError):
        signing_in.login(store, "ana@loja.com", FORMER, NOW)
    assert actions(store, org) == ["login", "login.failed"]
    with store.read(org) as db:
        assert audit.verify(db, org).wrong == ""
