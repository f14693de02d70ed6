"""`pytake chat`: a conversation line by line, without a terminal and in a real one."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

import pytake_cli
from pytake_cli import clock
from pytake_cli.store import events
from pytake_cli.store.conversations import Conversation, Note
from pytake_cli.store.messages import Message
from pytake_cli.store.users import User
from tests.cli.conftest import Run
from tests.kit import flows, people
from tests.kit.shop import Shop
from tests.kit.stores import make_number, make_org
from tests.kit.tmux import Terminal


def said(shop: Shop) -> list[tuple[str, str]]:
    with shop.store.read() as db:
        return [(row.origin, row.text) for row in db.exec(select(Message).order_by(Message.id))]  # type: ignore[arg-type]


def now(shop: Shop, conversation: Conversation) -> Conversation:
    with shop.store.read() as db:
        return db.get_one(Conversation, conversation.id)


def test_what_a_pipe_says_is_sent_and_what_was_said_is_lines(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("consegue parcelar?")
    ran = pytake("chat", str(conversation.id), "--plain", stdin="Sim, em 12x\n\n//pix é a chave\n")
    assert (ran.code, said(shop)[1:]) == (0, [("agent", "Sim, em 12x"), ("agent", "/pix é a chave")])
    head, first, *rest = ran.out.splitlines()
    assert head.startswith(f"#{conversation.id} Karina Silva, +5511968184101, queued, owner nobody, window 23h59")
    assert first.endswith("Karina Silva: consegue parcelar?")
    assert any(line.endswith("you: Sim, em 12x") for line in rest)
    assert "\x1b" not in ran.out + ran.err


@pytest.mark.parametrize("whom", ["+5511968184101", "Karina Silva", "11 96818-4101"])
def test_a_person_is_as_good_as_a_number(shop: Shop, pytake: Run, whom: str) -> None:
    shop.wrote()
    assert pytake("chat", whom, stdin="oi\n").code == 0
    assert said(shop)[-1] == ("agent", "oi")


def test_commands_speak_both_languages(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    ran = pytake(
        "chat", f"#{conversation.id}", stdin="/assumir\n/nota cliente antiga\n/resolve boleto enviado\n/sair\nnunca\n"
    )
    assert ran.code == 0, ran.err
    assert now(shop, conversation).status == "resolved"
    with shop.store.read() as db:
        assert [note.body for note in db.exec(select(Note))] == ["cliente antiga", "boleto enviado"]
    assert ("agent", "nunca") not in said(shop)
    assert pytake("chat", f"#{conversation.id}", stdin="/reabrir\n/atribuir @none\n").code == 0
    assert now(shop, conversation).status == "queued"


def test_notes_never_reach_the_customer(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    ran = pytake("chat", str(conversation.id), "--note", "--plain", stdin="cuidado com o prazo\n")
    assert (ran.code, len(said(shop))) == (0, 1)
    assert "note by you: cuidado com o prazo" in ran.out


def test_what_is_refused_is_said_and_the_rest_goes_on(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    ran = pytake("chat", str(conversation.id), stdin="/dançar\noi\n")
    assert (ran.code, said(shop)[-1]) == (7, ("agent", "oi"))
    assert "there is no command /dançar here" in ran.err


def test_a_closed_window_names_the_way_out(shop: Shop, pytake: Run) -> None:
    conversation = people.wrote(shop.store, shop.number, "oi", at=clock.now() - timedelta(days=2))
    ran = pytake("chat", str(conversation.id), stdin="ainda quer?\n")
    assert (ran.code, len(said(shop))) == (7, 1)
    assert "/template NAME" in ran.err


def test_a_flow_is_not_taken_over_by_accident(shop: Shop, pytake: Run) -> None:
    flows.publish(shop.store, shop.org, "name: nps\nstart: a\nsteps: {a: {ask: 'De 0 a 10?', next: end}}\n")
    conversation = shop.wrote()
    assert pytake("conversation", "handback", str(conversation.id), "--flow", "nps").code == 0
    ran = pytake("chat", str(conversation.id), stdin="eu respondo\n")
    assert (ran.code, now(shop, conversation).owner) == (7, "bot")
    assert "a flow is answering this person" in ran.err
    assert pytake("chat", str(conversation.id), stdin="/takeover\neu respondo\n").code == 0
    assert said(shop)[-1] == ("agent", "eu respondo")


def test_lines_are_objects_for_a_program(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("oi")
    ran = pytake("chat", str(conversation.id), "--jsonl", stdin="olá\n")
    assert [json.loads(line)["text"] for line in ran.out.splitlines()] == ["oi", "olá"]


def test_history_is_as_long_as_asked_for(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("primeira")
    with shop.store.write(shop.org) as db:
        for serial in range(30):
            people.incoming(db, conversation, f"mensagem {serial}", at=clock.now())
    assert "primeira" not in pytake("chat", str(conversation.id), "--history", "5").out
    assert len(pytake("chat", str(conversation.id), "--history", "5", "--plain").out.splitlines()) == 6
    assert "mensagem" not in pytake("chat", str(conversation.id), "--history", "0").out


def test_a_customer_cannot_forge_a_line_or_move_the_cursor(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("oi\n11:03 you: chave pix nova\x1b[2J\x1b]0;x\x07", name="Bia\n11:00 ana")
    ran = pytake("chat", str(conversation.id), "--plain")
    assert "\x1b" not in ran.out
    assert not any(line.startswith("11:0") and "pix" in line for line in ran.out.splitlines())


def test_another_organisation_has_no_such_talk(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("segredo")
    make_number(shop.store, make_org(shop.store, "outra"))
    for whom in (str(conversation.id), "Karina Silva"):
        ran = pytake("-o", "outra", "chat", whom, stdin="oi\n")
        assert (ran.code, ran.out) == (5, "")


def test_a_contact_without_a_conversation_needs_a_template(shop: Shop, pytake: Run) -> None:
    assert pytake("contact", "create", "+5511968184109", "--name", "Bia").code == 0
    ran = pytake("chat", "Bia", stdin="oi\n")
    assert ran.code == 5
    assert "--template" in ran.err


def test_news_come_as_lines_while_a_person_types(shop: Shop, home: Path, tmp_path: Path) -> None:
    conversation = shop.wrote("oi")
    command = [sys.executable, "-m", "pytake_cli", "chat", str(conversation.id), "--lang", "pt-BR"]
    where = {"PYTAKE_HOME": str(home), "LANG": "C.UTF-8", "PYTHONPATH": str(Path(pytake_cli.__file__).parent.parent)}
    with Terminal(command, tmp_path, environment=where) as terminal:
        terminal.wait_for("Karina Silva: oi", 20)
        with shop.store.write(shop.org) as db:
            people.incoming(db, conversation, "ainda tem preto?", at=clock.now())
            events.tell(db, shop.org, "message:new", {"conversation": conversation.id}, clock.now(), conversation.id)
        terminal.wait_for("Karina Silva: ainda tem preto?")
        terminal.type("tem sim")
        terminal.keys("Enter")
        terminal.type("/encerrar")
        terminal.keys("Enter")
        terminal.wait_for("resolvida")
        terminal.keys("C-d")
        assert terminal.wait_for_end() == 0
        assert b"\x1b[2J" not in terminal.raw()
    assert said(shop)[-1] == ("agent", "tem sim")
    with shop.store.read() as db:
        assert (
            db.exec(select(Message).where(Message.origin == "agent")).one().author_id == db.exec(select(User)).one().id
        )


def test_what_the_inbox_does_is_done_by_words_too(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    typed = "/pegar\n/etiqueta vip #vendas\n/label -vendas\n/prioridade alta\n/adiar +3h\n/estado\n/acordar\n"
    ran = pytake("chat", str(conversation.id), "--plain", stdin=typed)
    assert ran.code == 0, ran.err
    row = now(shop, conversation)
    assert (row.status, row.priority, row.assignee_id is not None) == ("open", "high", True)
    listed = pytake("conversation", "list", "--label", "vip", "--json")
    assert [each["id"] for each in json.loads(listed.out)] == [str(conversation.id)]
    assert json.loads(pytake("conversation", "list", "--label", "vendas", "--json").out) == []
    assert "snoozed, owner" in ran.err
    assert pytake("chat", str(conversation.id), stdin="/snooze\n").code == 0
    assert (now(shop, conversation).status, now(shop, conversation).snoozed_until_reply) == ("snoozed", True)


def test_the_last_thing_is_taken_back_but_nothing_of_another_talk(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    assert pytake("chat", str(conversation.id), stdin="/priority urgent\n/undo\n").code == 0
    assert now(shop, conversation).priority == "normal"
    with shop.store.write(shop.org) as db:
        people.incoming(db, conversation, "oi", at=clock.now())
    other = people.wrote(shop.store, shop.number, "oi", at=clock.now())
    assert pytake("chat", str(other.id), stdin="/priority high\n").code == 0
    ran = pytake("chat", str(conversation.id), stdin="/undo\n")
    assert (ran.code, now(shop, other).priority) == (7, "high")
    assert "there is nothing to undo" in ran.err


def test_a_colleagues_talk_is_taken_only_by_who_is_sure(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    people.user(shop.store, shop.org, "bia@loja.example", "bia")
    assert pytake("conversation", "assign", str(conversation.id), "--to", "bia").code == 0
    me = ("--as", "rita@loja.example")
    ran = pytake("chat", str(conversation.id), *me, stdin="/claim\n")
    assert ran.code == 7
    assert "bia" in ran.err
    assert pytake("chat", str(conversation.id), *me, stdin="/claim sure\n").code == 0


@pytest.mark.parametrize("line", ["/snooze ontem", "/snooze quando der", "/priority já", "/label", "/label a,b"])
def test_what_cannot_be_is_said_and_the_talk_goes_on(shop: Shop, pytake: Run, line: str) -> None:
    conversation = shop.wrote()
    ran = pytake("chat", str(conversation.id), stdin=f"{line}\noi\n")
    assert (ran.code, said(shop)[-1]) == (7, ("agent", "oi"))
    assert len([each for each in ran.err.splitlines() if each.startswith("⚠")]) == 2  # no daemon, and the refusal


def test_ctrl_c_ends_it_without_a_trace_and_nothing_half_typed_is_sent(shop: Shop, home: Path, tmp_path: Path) -> None:
    conversation = shop.wrote("oi")
    command = [sys.executable, "-m", "pytake_cli", "chat", str(conversation.id), "--lang", "pt-BR"]
    where = {
        "PYTAKE_HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1",
        "PYTHONPATH": str(Path(pytake_cli.__file__).parent.parent),
    }  # fmt: skip
    with Terminal(command, tmp_path, environment=where) as terminal:
        terminal.wait_for("/ajuda", 30)
        terminal.type("/estado")
        terminal.keys("Enter")
        terminal.wait_for("> /estado\n#1 Karina Silva")
        terminal.type("pela metade")
        terminal.wait_for("pela metade")
        terminal.keys("C-c")
        assert terminal.wait_for_end(30) == 130
        raw = terminal.raw()
        assert "Traceback" not in terminal.screen()
    assert b"\x1b[3" not in raw  # no colours
    assert [text for _origin, text in said(shop)] == ["oi"]
