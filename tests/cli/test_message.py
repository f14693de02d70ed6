"""`pytake message` and its neighbours: queued once, refused with a way out, traced, taken back; in a real home."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from pytake_cli import clock
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.media import Media
from pytake_cli.store.messages import OUT, Message
from tests.cli.conftest import Run
from tests.kit import people, templates
from tests.kit.shop import Shop
from tests.kit.stores import make_number, make_org

KARINA = "+5511968184101"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def queued(shop: Shop) -> list[Message]:
    with shop.store.read() as db:
        return list(db.exec(select(Message).where(Message.direction == OUT).order_by("id")))


def test_a_message_is_queued_with_its_author_and_the_daemon_is_named(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    ran = pytake("message", "send", "--to", KARINA, "-m", "olá!", "--json")
    assert ran.code == 0
    sent = json.loads(ran.out)
    assert (sent["status"], sent["to"], sent["conversation_id"]) == ("queued", KARINA, str(conversation.id))
    (row,) = queued(shop)
    assert (row.text, row.author_id, row.origin) == ("olá!", shop.rita.id, "agent")
    assert "pytake serve sends what is queued" in ran.err


def test_the_words_may_come_from_stdin(shop: Shop, pytake: Run) -> None:
    shop.wrote()
    assert pytake("message", "send", "--to", "Karina Silva", "-m", "-", stdin="linha um\nlinha dois\n").code == 0
    assert queued(shop)[0].body["text"]["body"] == "linha um\nlinha dois"


def test_outside_the_window_both_ways_out_are_named(shop: Shop, pytake: Run) -> None:
    shop.wrote()
    with shop.store.write() as db:
        db.exec(select(ServiceWindow)).one().last_inbound_at = clock.now() - timedelta(hours=25)
    ran = pytake("message", "send", "--to", KARINA, "-m", "oi")
    assert (ran.code, ran.out, queued(shop)) == (9, "", [])
    assert "PT-WA-131047" in ran.err
    assert f"pytake message send --to '{KARINA}' --template NAME" in ran.err
    assert "pytake listen" in ran.err
    templates.put(shop.store, shop.number, "retomar", templates.body("Olá {{1}}, tudo bem?"))
    assert pytake("message", "send", "--to", KARINA, "-t", "retomar", "--var", "Ana").code == 0


def test_a_template_reaches_somebody_who_was_never_heard_of(shop: Shop, pytake: Run) -> None:
    assert pytake("message", "send", "--to", "(31) 95555-0004", "-m", "oi").code == 9
    with shop.store.read() as db:
        assert db.exec(select(Contact)).first() is None
    ran = pytake("message", "send", "--to", "(31) 95555-0004", "--template", "boas_vindas")
    assert (ran.code, "pytake template pull" in ran.err) == (5, True)
    templates.put(shop.store, shop.number, "boas_vindas", templates.body("Que bom ter você aqui."))
    assert pytake("message", "send", "--to", "(31) 95555-0004", "--template", "boas_vindas").code == 0
    assert queued(shop)[0].address == "+5531955550004"


def test_the_same_key_sends_once(shop: Shop, pytake: Run) -> None:
    shop.wrote()
    line = ("message", "send", "--to", KARINA, "-m", "seu boleto", "--idempotency-key", "boleto-12", "--json")
    first, second = json.loads(pytake(*line).out), json.loads(pytake(*line).out)
    assert (first["replayed"], second["replayed"], second["id"]) == (False, True, first["id"])
    other = pytake("message", "send", "--to", KARINA, "-m", "outro", "--idempotency-key", "boleto-12", "--json")
    assert other.code == 6
    assert json.loads(other.err)["error"]["slug"] == "PT-IDEMPOTENCY"
    assert len(queued(shop)) == 1


def test_the_same_file_with_the_same_key_sends_once(shop: Shop, pytake: Run, tmp_path: Path) -> None:
    shop.wrote()
    picture = tmp_path / "foto.png"
    picture.write_bytes(PNG)
    line = ("message", "send", "--to", KARINA, "--image", str(picture), "-m", "assim?", "--idempotency-key", "k")
    assert [pytake(*line).code, pytake(*line).code] == [0, 0]
    (row,) = queued(shop)
    with shop.store.read() as db:
        media = db.exec(select(Media)).one()
    assert row.body["image"] == {"id": f"media:{media.id}", "caption": "assim?"}
    assert (media.state, media.mime_type, media.filename) == ("ready", "image/png", "foto.png")


def test_a_file_that_meta_would_refuse_is_refused_here(shop: Shop, pytake: Run, tmp_path: Path) -> None:
    shop.wrote()
    words = tmp_path / "nota.png"
    words.write_text("no picture at all")
    assert pytake("message", "send", "--to", KARINA, "--image", str(words)).code == 65
    assert pytake("message", "send", "--to", KARINA, "--image", str(tmp_path / "missing.png")).code == 5
    assert queued(shop) == []


def test_a_dry_run_draws_the_message_and_sends_nothing(shop: Shop, pytake: Run) -> None:
    shop.wrote()
    ran = pytake("message", "send", "--to", KARINA, "-m", "Confirma?", "--buttons", "sim=Sim,nao=Não", "-n")
    assert (ran.code, queued(shop)) == (0, [])
    assert "│ [Sim]  [Não] │" in ran.err
    plan = json.loads(pytake("message", "send", "--to", KARINA, "-m", "oi", "-n", "--json").out)
    assert plan["body"] == {"type": "text", "text": {"body": "oi"}}
    assert pytake("message", "send", "--to", "+5531955550004", "-m", "oi", "-n").code == 3
    assert pytake("message", "send", "--to", KARINA, "-m", "x" * 4097, "-n").code == 3


def test_a_message_may_wait_for_its_time(shop: Shop, pytake: Run) -> None:
    shop.wrote()
    assert pytake("message", "send", "--to", KARINA, "-m", "bom dia", "--schedule", "+2h").code == 0
    due_at = queued(shop)[0].due_at
    assert due_at is not None
    assert timedelta(minutes=119) < due_at - clock.now() <= timedelta(hours=2)
    assert pytake("message", "send", "--to", KARINA, "-m", "tarde", "--schedule", "+25h").code == 9


def test_waiting_without_a_daemon_says_that_nobody_sends(shop: Shop, pytake: Run) -> None:
    shop.wrote()
    ran = pytake("message", "send", "--to", KARINA, "-m", "oi", "--wait", "sent")
    assert ran.code == 69
    assert len(queued(shop)) == 1


def test_an_answer_goes_to_whoever_is_quoted(shop: Shop, pytake: Run) -> None:
    shop.wrote("cadê?")
    with shop.store.read() as db:
        asked = db.exec(select(Message)).one()
    assert pytake("message", "send", "--reply-to", str(asked.id), "-m", "aqui").code == 0
    assert pytake("message", "send", "--reply-to", str(asked.id), "--react", "👍").code == 0
    answer, reaction = queued(shop)
    assert answer.reply_to == asked.wamid
    assert reaction.body["reaction"] == {"message_id": asked.wamid, "emoji": "👍"}


def test_a_contact_card_is_made_of_our_contact(shop: Shop, pytake: Run) -> None:
    shop.wrote()
    shop.wrote(name="João Pereira", phone="+5511968184102")
    assert pytake("message", "send", "--to", KARINA, "--contact", "João Pereira").code == 0
    (card,) = queued(shop)[0].body["contacts"]
    assert card["name"]["formatted_name"] == "João Pereira"
    assert card["phones"][0]["wa_id"] == "5511968184102"


def test_raw_messages_are_checked_and_sent_as_they_are(shop: Shop, pytake: Run, tmp_path: Path) -> None:
    shop.wrote()
    raw = tmp_path / "m.json"
    raw.write_text('{"messaging_product":"whatsapp","to":"+1","type":"text","text":{"body":"cru"}}')
    assert pytake("message", "send", "--to", KARINA, "--raw", str(raw)).code == 0
    assert queued(shop)[0].body == {"type": "text", "text": {"body": "cru"}}
    raw.write_text('{"type":"text","text":{"body":""}}')
    assert pytake("message", "send", "--to", KARINA, "--raw", str(raw)).code == 65


def test_what_was_not_handed_over_can_be_taken_back_and_sent_after_all(shop: Shop, pytake: Run) -> None:
    shop.wrote()
    pytake("message", "send", "--to", KARINA, "-m", "ops")
    ids = pytake("message", "list", "--status", "queued", "--fields", "id").out
    assert pytake("message", "cancel", "-", stdin=ids).code == 0
    assert queued(shop)[0].status == "cancelled"
    assert pytake("message", "cancel", "-", stdin=ids).code == 6
    assert pytake("message", "retry", ids.strip()).code == 0
    assert queued(shop)[0].status == "queued"
    assert pytake("message", "settle", ids.strip(), "--as", "sent").code == 6


def test_a_message_in_doubt_is_settled_by_a_person(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote()
    with shop.store.write(shop.org) as db:
        message = people.outgoing(db, conversation, "chegou?", status="unknown")
    assert pytake("message", "settle", str(message.id), "--as", "resend", "-n").code == 0
    assert queued(shop)[0].status == "unknown"
    assert pytake("message", "settle", str(message.id), "--as", "sent").code == 0
    assert queued(shop)[0].status == "sent"


def test_lists_and_details_for_scripts(shop: Shop, pytake: Run) -> None:
    conversation = shop.wrote("oi")
    pytake("message", "send", "--to", KARINA, "-m", "olá")
    rows = json.loads(pytake("message", "list", "--conversation", str(conversation.id), "--json").out)
    assert [(row["direction"], row["text"]) for row in rows] == [("out", "olá"), ("in", "oi")]
    shown = json.loads(pytake("message", "show", rows[0]["id"], "--json", "--fields", "all").out)
    assert shown["body"] == {"type": "text", "text": {"body": "olá"}}
    assert pytake("message", "list", "--status", "lost").code == 2
    assert pytake("message", "show", "424242").code == 5
    assert pytake("message", "list", "--contact", KARINA, "--direction", "in", "--fields", "text").out == "oi\n"


def test_a_trace_is_a_timeline_for_people_and_steps_for_scripts(shop: Shop, pytake: Run) -> None:
    shop.wrote()
    pytake("message", "send", "--to", KARINA, "-m", "olá\x1b[2J")
    ran = pytake("trace", "2", "--plain")
    assert (ran.code, ran.err) == (0, "")
    assert "queued as message 2" in ran.out
    assert "(not made yet)" in ran.out
    assert "\x1b" not in ran.out
    steps = json.loads(pytake("trace", "2", "--json").out)["steps"]
    assert [step["what"] for step in steps] == ["queued", "conversation", "request", "waits"]
    lines = [line.split("\t") for line in pytake("trace", "2", "--lang", "pt-BR").out.splitlines()]
    assert [what for _, what, _ in lines] == ["queued", "conversation", "request", "waits"]
    assert all(at.endswith("Z") for at, _, _ in lines)
    assert "(not made yet)" in lines[2][2]
    assert list(json.loads(pytake("trace", "2", "--jsonl").out.splitlines()[0])) == ["at", "what", "detail"]


def test_files_are_listed_and_copied_out_under_names_of_our_own(shop: Shop, pytake: Run, tmp_path: Path) -> None:
    shop.wrote()
    picture = tmp_path / "..evil.png"
    picture.write_bytes(PNG)
    pytake("message", "send", "--to", KARINA, "--image", str(picture))
    (row,) = json.loads(pytake("media", "list", "--json").out)
    assert (row["mime_type"], row["size_bytes"]) == ("image/png", len(PNG))
    folder = tmp_path / "out"
    folder.mkdir()
    assert pytake("media", "get", row["id"], "-o", str(folder)).code == 0
    assert [path.name for path in folder.iterdir()] == [f"media-{row['id']}.png"]
    assert (folder / f"media-{row['id']}.png").read_bytes() == PNG
    assert pytake("media", "get", row["id"], "-o", str(folder)).code == 6
    assert pytake("media", "get", row["id"], "-o", str(folder), "--force").code == 0
    assert pytake("media", "get", "99", "-o", str(folder)).code == 5


def test_a_file_is_never_written_through_a_link(shop: Shop, pytake: Run, tmp_path: Path) -> None:
    shop.wrote()
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    pytake("message", "send", "--to", KARINA, "--image", str(picture))
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    assert pytake("media", "get", "1", "-o", str(link), "--force").code == 2
    assert not (tmp_path / "target").exists()


def test_another_organisation_reaches_none_of_it(shop: Shop, pytake: Run, tmp_path: Path) -> None:
    conversation = shop.wrote("segredo")
    picture = tmp_path / "a.png"
    picture.write_bytes(PNG)
    pytake("message", "send", "--to", KARINA, "--image", str(picture))
    (row,) = queued(shop)
    other = make_org(shop.store, "outra")
    make_number(shop.store, other)
    for words in (
        ("message", "show", str(row.id)),
        ("message", "cancel", str(row.id)),
        ("message", "retry", str(row.id)),
        ("message", "settle", str(row.id), "--as", "sent"),
        ("message", "send", "--to", f"contact:{conversation.contact_id}", "-m", "oi"),
        ("message", "send", "--to", "Karina Silva", "-m", "oi"),
        ("message", "send", "--reply-to", "1", "-m", "oi"),
        ("message", "list", "--conversation", str(conversation.id)),
        ("trace", str(row.id)),
        ("media", "get", "1", "-o", str(tmp_path)),
    ):
        assert pytake("-o", "outra", *words).code == 5, words
    for words in (("message", "list"), ("media", "list")):
        assert pytake("-o", "outra", *words).out == ""
    assert [each.status for each in queued(shop)] == ["queued"]


@pytest.mark.parametrize("flag", ["--image", "--document"])
def test_a_file_from_stdin_is_kept_by_its_content(
    shop: Shop, pytake: Run, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    import io

    shop.wrote()

    class Bytes(io.StringIO):
        buffer = io.BytesIO(PNG)

    from pytake_cli.cli.main import main

    monkeypatch.setattr("sys.stdin", Bytes())
    assert main(["message", "send", "--to", KARINA, flag, "-"]) == 0
    with shop.store.read() as db:
        assert db.exec(select(Media)).one().size_bytes == len(PNG)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["-m", "Oi", "--buttons", "Sim,Não", "--header", "Pedido", "--footer", "Loja"], "button"),
        (["-m", "Oi", "--list", "-", "--button", "Ver"], "list"),
        (["-m", "Oi", "--cta", "Abrir=https://loja.example"], "cta_url"),
        (["-m", "Oi", "--catalog", "--product", "p"], "catalog_message"),
        (["-m", "Oi", "--product", "p", "--catalog-id", "8"], "product"),
        (["-m", "Oi", "--product", "p", "--product", "m", "--catalog-id", "8"], "product_list"),
        (["-m", "Oi", "--flow", "cadastro", "--screen", "INICIO"], "flow"),
        (["-m", "Oi", "--address", "IN"], "address_message"),
        (["-m", "Oi", "--ask-location"], "location_request_message"),
        (["-m", "Oi", "--ask-contact"], "request_contact_info"),
        (["--location", "-23.5,-46.6,Loja,Rua A"], "location"),
        (["--image", "https://loja.example/a.png", "--caption", "olha"], "image"),
        (["--video", "123"], "video"),
        (["--audio", "123", "--voice"], "audio"),
        (["--document", "123", "--filename", "boleto.pdf"], "document"),
        (["--sticker", "123"], "sticker"),
        (["-t", "retomar", "--template-lang", "en", "--var", "nome=Ana"], "template"),
        (["-m", "veja https://loja.example", "--preview"], "text"),
    ],
)
def test_every_kind_can_be_said_on_the_command_line(shop: Shop, pytake: Run, words: list[str], kind: str) -> None:
    shop.wrote()
    templates.put(shop.store, shop.number, "retomar", templates.body("Olá {{nome}}, tudo bem?"), language="en")
    ran = pytake("message", "send", "--to", KARINA, *words, "-n", "--json", stdin="p = Camiseta P\nm = Camiseta M\n")
    assert ran.code == 0, ran.err
    body = json.loads(ran.out)["body"]
    assert (body["interactive"]["type"] if body["type"] == "interactive" else body["type"]) == kind
