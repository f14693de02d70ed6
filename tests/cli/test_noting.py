"""Commands that change something stand in the audit log; those that look, fail or only try do not."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run
from tests.kit.shop import Shop


def noted(pytake: Run) -> list[tuple[str, str]]:
    return [
        (row["action"], row["kind"])
        for row in json.loads(pytake("audit", "list", "--json", "--fields", "action,kind").out)
    ]


@pytest.fixture
def contact(shop: Shop) -> str:
    return f"contact:{shop.wrote().contact_id}"


def test_a_command_that_changes_something_is_in_the_log_once(pytake: Run, contact: str) -> None:
    assert pytake("contact", "tag", contact, "--tag", "vip").code == 0
    assert noted(pytake) == [("cli.contact.tag", "local")]
    assert pytake("user", "invite", "bia@example.com").code == 0
    assert [action for action, _ in noted(pytake)] == ["password.reset", "user.invited", "cli.contact.tag"]
    assert pytake("audit", "verify").code == 0


def test_what_showed_people_is_in_the_log_once_a_command(pytake: Run, contact: str) -> None:
    assert pytake("contact", "show", contact).code == 0
    assert pytake("conversation", "show", "1").code == 0
    assert pytake("contact", "list").code == 0
    shown = json.loads(pytake("audit", "list", "--json", "--fields", "action,target,details").out)
    assert [(row["action"], row["target"]) for row in shown[::-1]] == [
        ("contact.read", contact),
        ("conversation.read", "conversation:1"),
        ("contact.listed", ""),
    ]
    assert shown[0]["details"] == {"contacts": 1}


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("conversation list", "conversation.listed"),
        ("conversation search oi", "search"),
        ("contact history {contact}", "contact.read {contact}"),
        ("contact check +5511968184101", "contact.checked"),
        ("segment preview -w vip!=yes", "contact.listed"),
        ("message list", "message.listed"),
        ("message show 1", "conversation.read conversation:1"),
        ("trace 1", "conversation.read conversation:1"),
        ("flow sessions", "flow_session.listed"),
    ],
)
def test_every_command_that_shows_people_is_in_the_log(pytake: Run, contact: str, line: str, action: str) -> None:
    assert pytake(*line.format(contact=contact).split()).code == 0
    [row] = json.loads(pytake("audit", "list", "--json", "--fields", "action,target").out)
    assert f"{row['action']} {row['target']}".strip() == action.format(contact=contact)


def test_where_nothing_can_be_written_reading_goes_on(pytake: Run, shop: Shop, contact: str) -> None:
    with shop.store.write() as db:
        refuse = "CREATE TRIGGER full BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'no'); END"
        db.connection().exec_driver_sql(refuse)
    assert pytake("contact", "show", contact).code == 0


def test_trying_and_failing_leave_nothing(pytake: Run, contact: str) -> None:
    assert pytake("contact", "tag", contact, "--tag", "vip", "-n").code == 0
    assert pytake("contact", "tag", "contact:9999", "--tag", "vip").code == 5
    assert noted(pytake) == []


def test_the_last_word_of_an_organisation_is_no_word_of_its_log(pytake: Run, shop: Shop) -> None:
    assert pytake("org", "create", "Norte").code == 0
    assert pytake("-o", "norte", "contact", "create", "+5511968184177").code == 0
    assert pytake("-o", "norte", "org", "delete", "norte", "--confirm", "norte").code == 0
