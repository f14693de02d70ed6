"""Passwords: any text, all of it counts, and old hashes change over when their people log in."""

from __future__ import annotations

import unicodedata

import pytest

from pytake_cli import secrets, settings
from pytake_cli.errors import ConfigError
from pytake_cli.services import passwords, signing_in
from pytake_cli.store import Store
from pytake_cli.store.logins import Credential
from tests.kit.logins import GOOD, person
from tests.kit.stores import NOW, make_org


def test_every_byte_counts_also_beyond_what_bcrypt_takes() -> None:
    one, other = "a" * 72 + "b", "a" * 72 + "c"
    kept = passwords.hashed(one)
    assert passwords.matches(one, kept)
    assert not passwords.matches(other, kept)


@pytest.mark.parametrize("password", ["com\x00nul no meio", "", "ß" * 500, "\ud800 solto"])
def test_any_text_can_be_hashed_and_found_again(password: str) -> None:
    settings.load({"auth.password_scheme": "argon2id"})
    kept = passwords.hashed(password)
    assert passwords.matches(password, kept)
    assert not passwords.matches(password + "x", kept)


def test_the_same_letters_typed_on_another_system_are_the_same_password() -> None:
    settings.load({"auth.password_scheme": "argon2id"})
    composed = "ação no coração"
    kept = passwords.hashed(composed)
    assert passwords.matches(unicodedata.normalize("NFD", composed), kept)


def test_the_hash_is_bcrypt_of_cost_12_and_says_which_pepper() -> None:
    pepper, _, kept = passwords.hashed(GOOD).partition(":")
    assert kept.startswith("$2b$12$")
    assert secrets.require(passwords.PEPPER) not in pepper


def test_nobody_s_password_matches() -> None:
    assert not passwords.matches(GOOD, None)
    assert not passwords.matches(GOOD, "")


def test_a_lost_pepper_makes_old_hashes_void_and_a_former_one_still_opens() -> None:
    settings.load({"auth.password_scheme": "argon2id"})
    kept = passwords.hashed(GOOD)
    former = secrets.require(passwords.PEPPER)
    secrets.put(passwords.PEPPER, "another pepper that is long enough to be one")
    secrets.forget()
    assert not passwords.matches(GOOD, kept)
    secrets.put(f"{passwords.PEPPER}_previous", former)
    secrets.forget()
    assert passwords.matches(GOOD, kept)
    assert passwords.is_outdated(kept)


def test_hashes_whose_pepper_is_lost_are_counted() -> None:
    settings.load({"auth.password_scheme": "argon2id"})
    kept = passwords.hashed(GOOD)
    assert passwords.without_pepper([kept, kept]) == 0
    secrets.put(passwords.PEPPER, "another pepper that is long enough to be one")
    secrets.forget()
    assert passwords.without_pepper([kept, passwords.hashed(GOOD)]) == 1


def test_a_key_that_is_too_short_is_refused() -> None:
    secrets.put(passwords.PEPPER, "short")
    with pytest.raises(ConfigError) as refused:
        passwords.hashed(GOOD)
    assert refused.value.slug == "PT-SECRET-SHORT"


def test_a_login_hashes_anew_when_the_scheme_has_changed(store: Store) -> None:
    user = person(store, make_org(store))
    settings.load({"auth.password_scheme": "bcrypt"})
    signing_in.login(store, user.email, GOOD, NOW)
    with store.read() as db:
        kept = db.get_one(Credential, user.id).password or ""
    assert kept.partition(":")[2].startswith("$2b$12$")
    assert not passwords.is_outdated(kept)
