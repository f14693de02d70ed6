"""The inbox from the command line: views, filters, labels, actions and undo."""

from __future__ import annotations

import json
from pathlib import Path

from pytake_cli.services import conversations
from tests.cli.conftest import Run
from tests.kit import people
from tests.kit.shop import Shop


def ids(pytake: Run, *words: str) -> list[str]:
    ran = pytake("conversation", "list", *words, "--fields", "id")
    assert ran.code == 0, ran.err
    return ran.out.split()


def test_labels_flow_from_a_list_into_a_filter_and_back(shop: Shop, pytake: Run) -> None:
    first, second = shop.wrote("um"), shop.wrote("dois", name="João", phone="+5511968184102")
    listed = pytake("conversation", "list", "--fields", "id").out
    assert pytake("conversation", "label", "-", "--add", "Urgente", stdin=listed).code == 0
    assert pytake("conversation", "label", str(first.id), "--remove", "urgente", "--add", "vip").code == 0
    assert ids(pytake, "--label", "urgente") == [str(second.id)]
    assert ids(pytake, "-w", "label:vip") == [str(first.id)]
    rows = json.loads(pytake("label", "list", "--json").out)
    assert [(row["name"], row["count"]) for row in rows] == [("urgente", 1), ("vip", 1)]


def test_one_undo_takes_a_whole_batch_back(shop: Shop, pytake: Run) -> None:
    shop.wrote("um")
    shop.wrote("dois", name="João", phone="+5511968184102")
    pytake("conversation", "priority", *ids(pytake), "--set", "urgent")
    assert len(ids(pytake, "-w", "priority:urgent")) == 2
    ran = pytake("conversation", "undo")
    assert ran.code == 0, ran.err
    assert ids(pytake, "-w", "priority:urgent") == []
    assert pytake("conversation", "undo").code == 5


def test_a_dry_run_changes_nothing(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("um")
    for words in (
        ("claim",),
        ("snooze", "--until", "+1h"),
        ("label", "--add", "vip"),
        ("star",),
        ("priority", "--set", "high"),
    ):
        ran = pytake("conversation", words[0], str(conversation.id), *words[1:], "-n")
        assert ran.code == 0, ran.err
    assert pytake("conversation", "history").out == ""


def test_what_a_colleague_has_is_not_claimed_by_mistake(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("um")
    bia = people.user(shop.store, shop.org, "bia@loja.example", "bia")
    with shop.store.write(shop.org) as db:
        conversations.assign(db, conversations.get(db, conversation.id or 0), bia, by=bia, now=conversation.created_at)
    ran = pytake("conversation", "claim", str(conversation.id), "--as", "rita@loja.example")
    assert (ran.code, "bia" in ran.err) == (6, True)
    assert pytake("conversation", "claim", str(conversation.id), "--as", "rita@loja.example", "--sure").code == 0


def test_a_view_is_saved_listed_changed_and_deleted(shop: Shop, pytake: Run) -> None:
    shop.wrote("um")
    assert pytake("view", "create", "Esperando muito", "-w", "waiting>10m", "--shared").code == 0
    assert pytake("view", "create", "Esperando muito", "-w", "waiting>10m").code == 6
    assert pytake("view", "create", "Errada", "-w", "stauts:open").code == 65
    assert ids(pytake, "--view", "esperando-muito") == []
    assert pytake("view", "set", "esperando-muito", "-w", "waiting:yes").code == 0
    assert len(ids(pytake, "--view", "esperando-muito")) == 1
    rows = {row["slug"]: row for row in json.loads(pytake("view", "list", "--json").out)}
    assert (rows["unassigned"]["count"], rows["esperando-muito"]["unread"]) == (1, 1)
    assert pytake("view", "delete", "mine", "-y").code == 6
    assert pytake("view", "delete", "esperando-muito", "-y").code == 0
    assert pytake("view", "show", "esperando-muito").code == 5


def test_a_conversation_is_exported_as_a_file(shop: Shop, pytake: Run, tmp_path: Path) -> None:
    conversation = shop.wrote("cadê meu pedido?")
    assert "cadê meu pedido?" in pytake("conversation", "export", str(conversation.id)).out
    file = tmp_path / "conversa.html"
    assert pytake("conversation", "export", str(conversation.id), "--format-as", "html", "--out", str(file)).code == 0
    assert file.read_text().startswith("<!doctype html>")


def test_the_history_says_what_was_done(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("um")
    pytake("conversation", "snooze", str(conversation.id), "--until", "next-reply")
    [line] = json.loads(pytake("conversation", "history", str(conversation.id), "--json").out)
    assert (line["what"], line["by"], line["after"]["status"]) == ("snoozed", "Rita", "snoozed")


def test_a_team_gets_conversations_in_its_queue_by_its_name(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("um")
    assert pytake("team", "create", "vendas").code == 0
    ran = pytake("conversation", "assign", str(conversation.id), "--to", "vendas")
    assert ran.code == 0, ran.err
    assert ids(pytake, "-w", "team:vendas") == [str(conversation.id)]
    people.user(shop.store, shop.org, "vendas@loja.example", "vendas")
    assert pytake("conversation", "assign", str(conversation.id), "--to", "vendas").code == 0
    rows = json.loads(pytake("conversation", "list", "--json").out)
    assert rows[0]["assignee"] == "vendas@loja.example"
    assert pytake("conversation", "assign", str(conversation.id), "--to", "team:vendas", "--force").code == 0
    assert json.loads(pytake("conversation", "list", "--json").out)[0]["assignee"] is None
    assert pytake("conversation", "assign", str(conversation.id), "--to", "team:nenhuma").code == 5
    assert pytake("conversation", "assign", str(conversation.id), "--to", "ninguém").code == 5


def test_what_the_inbox_does_commands_do(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("um")
    number = str(conversation.id)
    assert pytake("conversation", "snooze", number, "--until", "+1h").code == 0
    assert ids(pytake, "--status", "snoozed") == [number]
    assert pytake("conversation", "wake", number).code == 0
    assert ids(pytake, "--status", "snoozed") == []
    assert pytake("conversation", "wake", number).code == 6
    assert pytake("conversation", "read", number).code == 0
    assert ids(pytake, "--unread") == []
    assert pytake("conversation", "unread", number).code == 0
    assert ids(pytake, "--unread") == [number]


def test_an_emoji_is_put_on_a_message_and_taken_away(shop: Shop, pytake: Run) -> None:
    shop.wrote("um")
    [message] = json.loads(pytake("message", "list", "--json").out)
    assert pytake("message", "react", str(message["id"]), "--emoji", "❤", "-n").code == 0
    assert len(json.loads(pytake("message", "list", "--json").out)) == 1
    for emoji in ("❤", ""):
        ran = pytake("message", "react", str(message["id"]), "--emoji", emoji)
        assert ran.code == 0, ran.err
    sent = [
        each
        for each in json.loads(pytake("message", "list", "--json", "--fields", "all").out)
        if each["direction"] == "out"
    ]
    assert sorted(each["kind"] for each in sent) == ["reaction", "reaction"]
    assert pytake("message", "react", str(message["id"]), "--emoji", "isso não").code != 0
    assert pytake("message", "react", "999").code == 5
