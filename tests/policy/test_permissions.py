"""Permissions: the table of roles, and that nobody gives what they do not have."""

from __future__ import annotations

import pytest

from pytake_cli.errors import Forbidden
from pytake_cli.policy.permissions import EVERYTHING, PERMISSIONS, ROLES, allows, may_grant, rights, unknown
from pytake_cli.services.principals import Principal, local


def test_every_role_is_made_of_known_permissions() -> None:
    assert {role: unknown(held - {EVERYTHING}) for role, held in ROLES.items()} == {role: [] for role in ROLES}


def test_every_permission_is_explained_in_a_sentence() -> None:
    assert [name for name, about in PERMISSIONS.items() if not about.endswith(".")] == []


@pytest.mark.parametrize(
    ("giver", "taker", "may"),
    [
        ("SUPER_ADMIN", "SUPER_ADMIN", True),
        ("SUPER_ADMIN", "VIEWER", True),
        ("ORG_ADMIN", "SUPER_ADMIN", False),
        ("ORG_ADMIN", "ORG_ADMIN", True),
        ("ORG_ADMIN", "AGENT", True),
        ("AGENT", "ORG_ADMIN", False),
        ("AGENT", "VIEWER", False),  # figures are not an agent's
        ("VIEWER", "AGENT", False),
    ],
)
def test_nobody_grants_above_their_own(giver: str, taker: str, may: bool) -> None:
    assert may_grant(ROLES[giver], ROLES[taker]) is may


def test_a_custom_role_has_what_it_names_and_never_everything() -> None:
    assert rights("supervisor", ["analytics:read", EVERYTHING, "no:such"]) == {"analytics:read"}
    assert rights("gone") == frozenset()
    assert rights("AGENT", [EVERYTHING]) == ROLES["AGENT"]


def test_an_agent_answers_and_does_not_launch() -> None:
    assert allows(ROLES["AGENT"], "conversations:write")
    assert not allows(ROLES["AGENT"], "campaigns:launch")
    assert allows(ROLES["SUPER_ADMIN"], "campaigns:launch")


def test_a_refusal_names_the_permission_and_the_role() -> None:
    agent = Principal(1, 2, "ana", "AGENT", ROLES["AGENT"], "session")
    agent.require("conversations:read")
    with pytest.raises(Forbidden) as refused:
        agent.require("campaigns:launch")
    assert refused.value.slug == "PT-ROLE"
    assert str(refused.value) == "ana may not do this: the role AGENT lacks campaigns:launch"


def test_the_machine_s_own_cli_may_do_everything() -> None:
    assert local(1).may("privacy:manage")
