"""`pytake conversation`: what people and scripts see, in a real home."""

from __future__ import annotations

import json

import pytest
from sqlmodel import select

from pytake_cli.store.conversations import Conversation, Note
from pytake_cli.store.jobs import Job
from pytake_cli.store.messages import Message
from tests.cli.conftest import Run
from tests.kit import flows, people
from tests.kit.shop import Shop
from tests.kit.stores import make_number, make_org


def status(shop: Shop, conversation: Conversation) -> str:
    with shop.store.read() as db:
        return db.get_one(Conversation, conversation.id).status


def test_the_list_is_json_for_scripts(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("cadê meu pedido?")
    ran = pytake("conversation", "list", "--json")
    assert (ran.code, ran.err) == (0, "")
    (row,) = json.loads(ran.out)
    assert row["id"] == str(conversation.id)
    assert (row["contact"], row["phone"], row["window"], row["unread"]) == ("Karina Silva", "+5511968184101", "open", 1)
    assert row["window_closes_at"].endswith("Z")
    assert row["preview"] == "cadê meu pedido?"


def test_the_list_is_a_table_on_a_terminal_with_what_is_left_of_the_window(shop: Shop, screen: Run) -> None:
    shop.wrote("cadê?")
    ran = screen("conversation", "list", "--no-color")
    head, row = ran.out.splitlines()[:2]
    assert head.split()[:2] == ["ID", "CONTACT"]
    assert "23h59" in row
    assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_an_empty_list_says_so_beside_the_data(shop: Shop, pytake: Run) -> None:
    ran = pytake("conversation", "list")
    assert (ran.code, ran.out, ran.err) == (0, "", "no conversations match\n")


def test_the_list_finds_its_flags_wrong(shop: Shop, pytake: Run) -> None:
    assert pytake("conversation", "list", "--status", "opne").code == 2
    assert pytake("conversation", "list", "--window", "ajar").code == 2
    assert pytake("conversation", "list", "--agent", "nobody@x.example").code == 5
    assert pytake("conversation", "list", "--waiting", "soon").code == 2


def test_ids_flow_from_one_command_into_the_next(shop: Shop, pytake: Run) -> None:
    first, second = shop.wrote("um"), shop.wrote("dois", name="João", phone="+5511968184102")
    ids = pytake("conversation", "list", "--fields", "id").out
    ran = pytake("conversation", "assign", "-", "--to", "@me", stdin=ids)
    assert (ran.code, ran.out) == (0, "")
    assert f"#{first.id} belongs to Rita" in ran.err
    assert (
        json.loads(pytake("conversation", "list", "--agent", "@me", "--json").out)[0]["assignee"] == "rita@loja.example"
    )
    assert pytake("conversation", "assign", f"#{second.id}", "--to", "@none").code == 0
    assert status(shop, second) == "queued"


def test_what_a_colleague_has_is_not_given_away_without_a_second_word(shop: Shop, pytake: Run) -> None:
    talk = shop.wrote("um")
    people.user(shop.store, shop.org, "bia@loja.example", "Bia")
    given = ("conversation", "assign", str(talk.id), "--as", "rita", "--to")
    assert pytake(*given, "bia").code == 0
    for to in ("@me", "@none"):
        ran = pytake(*given, to)
        assert ran.code == 6
        assert f"#{talk.id} is Bia's" in ran.err
        assert "--force" in ran.err
    assert pytake(*given, "bia").code == 0  # she has it already
    assert pytake(*given, "@me", "--force").code == 0
    assert pytake(*given, "bia").code == 0  # one's own may be given


def test_resolving_tells_how_to_undo_it(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    ran = pytake("conversation", "resolve", str(conversation.id), "--note", "boleto enviado")
    assert (ran.code, status(shop, conversation)) == (0, "resolved")
    assert f"pytake conversation reopen {conversation.id}" in ran.err
    with shop.store.read() as db:
        assert db.exec(select(Note)).one().body == "boleto enviado"
    assert pytake("conversation", "reopen", str(conversation.id)).code == 0
    assert status(shop, conversation) == "queued"


def test_some_that_fail_do_not_keep_the_others_back(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    ran = pytake("conversation", "resolve", "999", str(conversation.id))
    assert (ran.code, status(shop, conversation)) == (7, "resolved")
    assert "there is no conversation #999" in ran.err
    assert pytake("conversation", "resolve", "999").code == 5


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    ran = pytake("conversation", "resolve", str(conversation.id), "-n")
    assert (ran.code, status(shop, conversation)) == (0, "queued")
    assert "would be" in ran.err
    assert pytake("conversation", "resolve", "999", "-n").code == 3


def test_ids_from_a_terminal_are_refused_rather_than_waited_for(shop: Shop, screen: Run) -> None:
    ran = screen("conversation", "resolve", "-")
    assert ran.code == 64


@pytest.mark.parametrize("ref", ["five", "", "#"])
def test_what_is_no_conversation_is_invalid(shop: Shop, pytake: Run, ref: str) -> None:
    assert pytake("conversation", "show", ref).code == 65


def test_the_transcript_shows_words_notes_files_and_ticks(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("oi\nvocês abrem hoje?")
    with shop.store.write(shop.org) as db:
        people.outgoing(db, conversation, "abrimos às 9h", status="read", at=conversation.created_at)
    pytake("conversation", "note", str(conversation.id), "-m", "-", stdin="cliente antiga\n")
    ran = pytake("conversation", "show", str(conversation.id), "--plain")
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"#{conversation.id}  Karina Silva  +5511968184101")
    assert "23h59" in lines[0]
    assert any("< Karina Silva" in line and "oi" in line for line in lines)
    assert any("✓✓ read" in line for line in lines)
    assert any("* note Rita" in line and "cliente antiga" in line for line in lines)


def test_the_transcript_as_data(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("oi")
    shown = json.loads(pytake("conversation", "show", f"#{conversation.id}", "--json").out)
    assert (shown["id"], shown["status"], shown["window"]) == (str(conversation.id), "queued", "open")
    assert [message["text"] for message in shown["messages"]] == ["oi"]
    lines = pytake("conversation", "show", str(conversation.id)).out.splitlines()
    assert [line.split("\t")[-3] for line in lines] == ["oi"]


def test_nothing_that_a_customer_writes_moves_the_cursor(shop: Shop, screen: Run) -> None:
    conversation = shop.wrote("\x1b]0;owned\x07\x1b[2Joi\u202e", name="\x1b[31mMallory\x1b]8;;http://x\x07")
    for words in (("list",), ("show", str(conversation.id)), ("search", "oi")):
        ran = screen("conversation", *words, "--no-color")
        assert ran.code == 0
        assert "\x1b" not in ran.out + ran.err
        assert "\u202e" not in ran.out


def test_marking_as_read_asks_for_a_receipt(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    assert pytake("conversation", "show", str(conversation.id), "--mark-read").code == 0
    with shop.store.read() as db:
        assert db.exec(select(Job)).one().kind == "read.receipt"
        assert db.get_one(Conversation, conversation.id).unread_count == 0


def test_search_finds_words_in_their_places(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("quero a 2ª via do boleto", name="Ana Boleto")
    pytake("conversation", "note", str(conversation.id), "-m", "boleto no e-mail")
    places = [line.split("\t")[0] for line in pytake("conversation", "search", "BOLETO").out.splitlines()]
    assert sorted(places) == ["contacts", "messages", "notes"]
    only = pytake("conversation", "search", '"2ª via"', "--in", "messages", "--json")
    assert [hit["conversation_id"] for hit in json.loads(only.out)] == [str(conversation.id)]
    assert pytake("conversation", "search", "x", "--in", "attic").code == 2
    assert pytake("conversation", "search", "nowhere").err == "nothing has all of these words\n"


def test_another_organisation_sees_none_of_it(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("segredo")
    other = make_org(shop.store, "outra")
    make_number(shop.store, other)
    ref = str(conversation.id)
    refused: tuple[tuple[str, ...], ...] = (
        ("conversation", "show", ref),
        ("conversation", "resolve", ref),
        ("conversation", "reopen", ref),
        ("conversation", "assign", ref, "--to", "@none"),
        ("conversation", "note", ref, "-m", "x"),
    )
    for words in refused:
        assert pytake("-o", "outra", *words).code == 5
    for asked in (("list", "--status", "all"), ("search", "segredo")):
        ran = pytake("-o", "outra", "conversation", *asked)
        assert (ran.code, ran.out) == (0, "")
    assert status(shop, conversation) == "queued"


def test_a_conversation_is_taken_from_the_bot_and_given_back(shop: Shop, pytake: Run) -> None:
    flows.publish(shop.store, shop.org, "name: nps\nstart: a\nsteps: {a: {ask: 'De 0 a 10?', next: end}}\n")
    conversation = shop.wrote()
    ran = pytake("conversation", "takeover", str(conversation.id))
    assert f"#{conversation.id} is yours" in ran.err
    assert status(shop, conversation) == "open"
    assert "was yours already" in pytake("conversation", "takeover", str(conversation.id)).err
    ran = pytake("conversation", "handback", str(conversation.id), "--flow", "nps")
    assert (ran.code, status(shop, conversation)) == (0, "bot")
    with shop.store.read() as db:
        [said] = db.exec(select(Message).where(Message.origin == "bot")).all()
    assert (said.text, said.status) == ("De 0 a 10?", "queued")
    assert "was the bot's already" in pytake("conversation", "handback", str(conversation.id)).err


def test_handing_back_to_a_flow_that_is_not_there_changes_nothing(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    assert pytake("conversation", "handback", str(conversation.id), "--flow", "nope").code == 5
    assert status(shop, conversation) == "queued"
    assert pytake("conversation", "takeover", str(conversation.id), "--dry-run").code == 0
    assert status(shop, conversation) == "queued"


def test_what_the_customer_thought_of_it_is_shown(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("oi")
    assert "rated" not in pytake("conversation", "show", str(conversation.id)).out
    with shop.store.write() as db:
        row = db.get_one(Conversation, conversation.id)
        row.rating, row.rating_comment = 4, "demorou\x1b[2J"
    shown = pytake("conversation", "show", str(conversation.id), "--plain").out
    assert "rated 4 of 5: demorou" in shown
    assert "\x1b" not in shown
    (row_,) = json.loads(pytake("conversation", "list", "--fields", "id,rating,rating_comment", "--json").out)
    assert row_["rating"] == 4
