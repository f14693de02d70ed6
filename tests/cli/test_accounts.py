"""`pytake org` and `pytake user` through the front door."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def loja(pytake: Run) -> Run:
    """A home with one organisation."""
    pytake("init", "--no-input", "--org-name", "Loja", "--owner-email", "rita@example.com")
    return pytake


def rows(run: Run, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*words, "--json").out)
    return found


def test_organisations_are_made_listed_and_used(loja: Run) -> None:
    assert loja("org", "create", "Clínica Norte", "--zone", "America/Manaus").code == 0
    assert [(row["slug"], row["current"]) for row in rows(loja, "org", "list")] == [
        ("clinica-norte", False),
        ("loja", True),
    ]
    assert loja("org", "use", "clinica-norte").code == 0
    assert json.loads(loja("org", "show", "--json").out)["slug"] == "clinica-norte"
    assert json.loads(loja("-o", "loja", "org", "show", "--json").out)["slug"] == "loja"


def test_a_pipe_gets_values_and_the_words_go_beside_it(loja: Run) -> None:
    ran = loja("org", "create", "Norte")
    assert ran.out.split("\t")[:2] == ["norte", "Norte"]
    assert "organisation norte made" in ran.err


def test_fields_are_changed_by_name(loja: Run) -> None:
    ran = loja("org", "set", "tz=America/Manaus", "acknowledgement=Oi! Já respondemos.", "--json")
    assert json.loads(ran.out)["acknowledgement"] == "Oi! Já respondemos."
    assert "tz, acknowledgement changed" in ran.err
    assert "like that already" in loja("org", "set", "tz=America/Manaus").err
    assert loja("org", "set", "zone=x").code == 65
    assert loja("org", "set", "tz").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("org", "create", "Norte", "-n"),
        ("org", "set", "name=Outra", "-n"),
        ("user", "invite", "bia@example.com", "-n"),
        ("user", "set", "rita@example.com", "--name", "R", "-n"),
        ("org", "delete", "loja", "-n"),
        ("org", "use", "loja", "-n"),
    ],
)
def test_a_dry_run_changes_nothing(loja: Run, words: tuple[str, ...]) -> None:
    before = loja("org", "list", "--json").out, loja("user", "list", "--json").out
    ran = loja(*words)
    assert ran.code == 0
    assert "--dry-run" in ran.err
    assert (loja("org", "list", "--json").out, loja("user", "list", "--json").out) == before


def test_deleting_needs_the_name(loja: Run) -> None:
    loja("org", "create", "Norte", "--owner-email", "n@example.com")
    assert loja("org", "delete", "norte", "-y").code == 64
    assert loja("org", "delete", "norte", "--confirm", "nort").code == 2
    ran = loja("org", "delete", "norte", "--confirm", "norte")
    assert ran.code == 0
    assert ran.out == "user_account\t1\n"
    assert [row["slug"] for row in rows(loja, "org", "list")] == ["loja"]
    assert loja("org", "delete", "norte", "--confirm", "norte").code == 5


def test_after_deleting_the_current_one_the_other_is_current(loja: Run) -> None:
    loja("org", "create", "Norte")
    assert loja("org", "delete", "loja", "--confirm", "loja").code == 0
    assert json.loads(loja("org", "show", "--json").out)["slug"] == "norte"


def test_people_are_invited_changed_and_switched_off(loja: Run) -> None:
    assert loja("user", "invite", "Bia@Example.com", "--name", "Bia").code == 0
    assert loja("user", "set", "bia@example.com", "--role", "org_admin").code == 0
    assert loja("user", "disable", "bia@example.com").code == 64
    assert loja("user", "disable", "bia@example.com", "-y").code == 0
    assert [(row["email"], row["role"], row["active"]) for row in rows(loja, "user", "list")] == [
        ("bia@example.com", "ORG_ADMIN", False),
        ("rita@example.com", "ORG_ADMIN", True),
    ]
    assert loja("user", "set", "bia@example.com", "--enable").code == 0
    assert loja("user", "set", "bia@example.com").code == 2


@pytest.mark.parametrize(
    ("words", "code", "slug"),
    [
        (("user", "disable", "rita@example.com", "-y"), 6, "PT-USER-LAST-ADMIN"),
        (("user", "set", "rita@example.con", "--name", "x"), 5, "PT-USER"),
        (("user", "invite", "rita@example.com"), 6, "PT-USER-EXISTS"),
        (("user", "invite", "rita"), 65, "PT-EMAIL"),
        (("user", "invite", "a@b.co", "--role", "BOSS"), 65, "PT-ROLE-UNKNOWN"),
        (("org", "create", "Loja"), 6, "PT-ORG-EXISTS"),
        (("org", "create", "X", "--slug", "No Way"), 65, "PT-ORG-SLUG"),
        (("org", "show", "loj"), 5, "PT-ORG"),
    ],
)
def test_a_refusal_has_its_slug_and_exit_code(loja: Run, words: tuple[str, ...], code: int, slug: str) -> None:
    ran = loja(*words, "--json")
    assert ran.code == code
    assert json.loads(ran.err.splitlines()[-1])["error"]["slug"] == slug


def test_names_from_outside_cannot_reach_the_terminal(loja: Run, screen: Run) -> None:
    loja("user", "invite", "bia@example.com", "--name", "\x1b]0;owned\x07Bia\u202e")
    ran = screen("user", "list")
    assert "\x1b]" not in ran.out
    assert "\u202e" not in ran.out
    assert "Bia" in ran.out
