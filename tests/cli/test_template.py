"""`pytake template` against a real emulator on a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytake_cli.emulator import defaults
from tests.cli.conftest import Run
from tests.cli.test_message import PNG
from tests.kit.children import environment, free_port
from tests.kit.home import Emulator

IDS = ("--waba", defaults.WABA_ID, "--phone-id", defaults.PHONE_NUMBER_ID)
TOKEN = "EAAG-emulated-token-1234567890"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    port = free_port()
    folder = tmp_path_factory.mktemp("emulator")
    nowhere = f"http://127.0.0.1:{free_port()}/webhooks/whatsapp"
    arguments = ["--port", str(port), "--webhook-url", nowhere, "--state-dir", str(folder), "--seed", "1"]
    started = Emulator(port, arguments, environment(folder), folder)
    started.up()
    yield started
    started.kill()


@pytest.fixture
def loja(pytake: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A home with a number at the emulator, in a project folder of its own."""
    monkeypatch.setenv("PYTAKE_WHATSAPP__GRAPH_URL", emulator.url)
    monkeypatch.chdir(tmp_path)
    pytake("init", "--no-input", "--org-name", "Loja")
    monkeypatch.setattr("pytake_cli.cli.template_meta.LOOKING_SECONDS", 0.02)
    assert pytake("number", "add", *IDS, "--token-file", "-", stdin=TOKEN).code == 0
    return pytake


def rows(run: Run, *words: str) -> Any:
    ran = run(*words, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_what_meta_has_is_pulled_and_a_second_pull_changes_nothing(loja: Run) -> None:
    assert "pytake template pull" in loja("template", "list").err
    assert {row["change"] for row in rows(loja, "template", "pull", "--dry-run")} == {"added"}
    assert rows(loja, "template", "list") == []
    assert {row["change"] for row in rows(loja, "template", "pull")} == {"added"}
    assert rows(loja, "template", "pull") == []
    known = {row["name"]: row for row in rows(loja, "template", "list")}
    assert known["oferta_semana"]["values"] == "1, 2, button.0, [button.1]"
    assert known["hello_world"]["status"] == "APPROVED"
    assert rows(loja, "template", "show", "oferta_semana", "--fields", "usable")["usable"] is True


def test_an_unknown_template_names_the_nearest(loja: Run) -> None:
    loja("template", "pull")
    ran = loja("template", "show", "oferta_semanal")
    assert (ran.code, "oferta_semana?" in ran.err) == (5, True)


PROMO = """\
category: MARKETING
body: |
  Olá {{nome}}, o cupom {{cupom}} vale até domingo.
footer: Para não receber mais, toque em Parar
buttons:
  - reply: Parar
examples: {nome: Karina, cupom: SUL10}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "templates"
    made.mkdir()
    return made


def put(folder: Path, name: str, text: str) -> str:
    (folder / f"{name}.pt_BR.yaml").write_text(text)
    return f"templates/{name}.pt_BR.yaml"


def test_from_a_file_to_metas_approval(loja: Run, folder: Path, emulator: Emulator) -> None:
    emulator.post("config", review_delay="10ms")
    file = put(folder, "cupom", PROMO)
    assert rows(loja, "template", "create", file, "--dry-run")[0]["status"] == "LOCAL"
    assert rows(loja, "template", "list") == []
    (made,) = rows(loja, "template", "create", file)
    assert (made["status"], made["values"]) == ("LOCAL", "nome, cupom, [button.0]")
    ran = loja("message", "send", "--to", "+5511968184101", "-t", "cupom", "--var", "nome=Ana", "--var", "cupom=X")
    assert (ran.code, "pytake template submit cupom" in ran.err) == (6, True)
    (done,) = rows(loja, "template", "submit", "cupom", "--wait", "--timeout", "20")
    assert done["status"] == "APPROVED"
    assert loja("template", "create", file).code == 6
    assert loja("template", "submit", "cupom").code == 6
    (row,) = rows(loja, "template", "diff", "cupom")
    assert (row["file"], row["store"], row["meta"], row["changes"]) == ("same", "same", "same", [])
    assert loja("template", "diff", "cupom", "--exit-code").code == 0


def test_an_edit_is_compared_asked_and_limited(loja: Run, folder: Path, emulator: Emulator) -> None:
    emulator.post("config", review_delay="10ms")
    file = put(folder, "aviso", PROMO.replace("cupom {{cupom}} vale", "cupom {{cupom}} ainda vale"))
    rows(loja, "template", "create", file)
    rows(loja, "template", "submit", "aviso", "--wait", "--timeout", "20")
    assert "was like that already" in loja("template", "edit", "aviso", file).err
    put(folder, "aviso", PROMO.replace("até domingo", "até sábado"))
    (row,) = rows(loja, "template", "diff", "aviso")
    assert (row["file"], row["store"]) == ("other", "same")
    assert any("sábado" in line for line in row["changes"])
    assert rows(loja, "template", "edit", "aviso", file, "--dry-run")["changes"] == ["components", "parameter_format"]
    assert loja("template", "edit", "aviso", file).code == 64
    assert loja("template", "edit", "aviso", file, "--yes").code == 0
    assert "PT-TEMPLATE-NONE" in loja("template", "edit", "aviso", "nada.yaml").err
    at_meta = {one["name"]: one for one in emulator.get("templates")}
    assert "sábado" in json.dumps(at_meta["aviso"]["components"], ensure_ascii=False)
    put(folder, "aviso", PROMO.replace("até domingo", "até terça"))
    loja("template", "pull")
    ran = loja("template", "edit", "aviso", file, "--yes")
    assert (ran.code, "PT-TEMPLATE-EDITS" in ran.err) == (9, True)


def test_a_rejection_has_its_reason_and_the_exit_code(loja: Run, folder: Path, emulator: Emulator) -> None:
    emulator.post("config", review_delay="10ms")
    rows(loja, "template", "create", put(folder, "ruim_reject", PROMO.replace("domingo", "quinta")))
    ran = loja("template", "submit", "ruim_reject", "--wait", "--timeout", "20")
    assert (ran.code, "INVALID_FORMAT" in ran.err) == (10, True)


def test_meta_may_file_it_otherwise_and_a_review_may_take_long(loja: Run, folder: Path, emulator: Emulator) -> None:
    emulator.post("config", review_delay="10ms")
    text = PROMO.replace("MARKETING", "UTILITY").replace("domingo", "segunda")
    rows(loja, "template", "create", put(folder, "aviso_recategorize", text))
    ran = loja("template", "submit", "aviso_recategorize", "--wait", "--timeout", "20", "--json")
    (row,) = json.loads(ran.out)
    assert (row["category"], row["status"]) == ("MARKETING", "APPROVED")
    assert "Meta files aviso_recategorize as MARKETING" in ran.err
    rows(loja, "template", "create", put(folder, "aviso_pending", PROMO.replace("domingo", "hoje")))
    ran = loja("template", "submit", "aviso_pending", "--wait", "--timeout", "1")
    assert (ran.code, "pytake template pull" in ran.err) == (8, True)


def test_the_sample_of_a_header_is_uploaded(loja: Run, folder: Path, emulator: Emulator) -> None:
    (folder / "loja.png").write_bytes(PNG)
    file = put(folder, "foto", PROMO.replace("body:", "header: {image: loja.png}\nbody:").replace("domingo", "o fim"))
    rows(loja, "template", "create", file)
    rows(loja, "template", "submit", "foto")
    (made,) = [one for one in emulator.get("templates") if one["name"] == "foto"]
    header = made["components"][0]
    assert (header["format"], header["example"]["header_handle"][0].startswith("file:")) == ("IMAGE", False)


def test_what_is_deleted_is_gone_here_and_there(loja: Run, folder: Path, emulator: Emulator) -> None:
    rows(loja, "template", "create", put(folder, "velho", PROMO.replace("domingo", "ontem")))
    assert loja("template", "delete", "velho", "--yes").code == 0  # never submitted: nobody is asked
    assert loja("template", "show", "velho").code == 5
    rows(loja, "template", "create", put(folder, "velho", PROMO.replace("domingo", "ontem")))
    rows(loja, "template", "submit", "velho")
    assert loja("template", "delete", "velho").code == 64
    assert "nothing was changed" in loja("template", "delete", "velho", "--dry-run").err
    assert loja("template", "delete", "velho", "--yes").code == 0
    assert "velho" not in {one["name"] for one in emulator.get("templates")}
    (row,) = [one for one in rows(loja, "template", "list", "--all", "--fields", "all") if one["name"] == "velho"]
    assert (row["usable"], bool(row["gone_at"])) == (False, True)


def test_without_a_language_all_of_them_are_submitted_and_deleted(loja: Run, folder: Path, emulator: Emulator) -> None:
    for language in ("pt_BR", "es"):
        path = folder / f"duplo.{language}.yaml"
        path.write_text(PROMO.replace("domingo", f"dia {language}"), encoding="utf-8")
        rows(loja, "template", "create", str(path))
    submitted = rows(loja, "template", "submit", "duplo")
    assert {one["language"] for one in submitted} == {"pt_BR", "es"}
    gone = loja("template", "delete", "duplo", "--yes")
    assert (gone.code, "PT-TEMPLATE-STOPPED" in gone.err) == (0, False)
    assert "duplo" not in {one["name"] for one in emulator.get("templates")}


def test_only_a_pacing_pause_is_ended_by_asking(loja: Run, emulator: Emulator) -> None:
    loja("template", "pull")
    assert "Nothing of it is paused" in loja("template", "unpause", "oferta_semana").err
    emulator.post("template", name="oferta_semana", action="pause")
    loja("template", "pull")
    ran = loja("template", "unpause", "oferta_semana")
    assert (ran.code, "because of its quality" in ran.err) == (10, True)
    emulator.post("template", name="oferta_semana", action="unpause")
    emulator.post("template", name="oferta_semana", action="pause", pacing=True)
    loja("template", "pull")
    assert "less than 5 minutes" in loja("template", "unpause", "oferta_semana").err
    emulator.post("clock", advance="301s")
    assert rows(loja, "template", "unpause", "oferta_semana", "--dry-run")[0]["status"] == "PAUSED"
    assert loja("template", "unpause", "oferta_semana").code == 0
    assert rows(loja, "template", "show", "oferta_semana")["status"] == "APPROVED"


def test_what_meta_has_is_written_as_files_that_lint_likes(loja: Run, folder: Path) -> None:
    ran = loja("template", "pull", "--files")
    assert ran.code == 0, ran.err
    assert (folder / "lembrete_consulta.pt_BR.yaml").read_text() == (
        "category: UTILITY\nbody: Olá {{1}}, sua consulta é em {{2}} às {{3}}. Podemos confirmar?\n"
        "buttons:\n  - reply: Confirmar\n  - reply: Remarcar\n"
        "examples:\n  '1': Karina\n  '2': 12/03\n  '3': 14h20\n"
    )
    assert loja("template", "pull", "--files", "--json").out == "[]\n"
    ran = loja("template", "lint", "lembrete_consulta", "oferta_semana", "confirmacao_pedido")
    assert (ran.code, ran.out) == (0, "")
    assert {row["file"] for row in rows(loja, "template", "diff", "hello_world")} == {"same"}


def test_lint_finds_all_with_lines_and_both_prices(loja: Run, folder: Path) -> None:
    body = "Olá {{1}}, aproveite 20% de desconto em toda a loja bit.ly/x agora."
    text = f"category: UTILITY\nbody: {body}\nexamples: {{1: Ana}}\n"
    put(folder, "a", text)
    put(folder, "b", "category: NADA\nbody: Oi {{2}} tudo bem.\n")
    found = [(row["path"], row["line"], row["slug"]) for row in _lint(loja, 65)]
    assert found == [
        ("templates/a.pt_BR.yaml", 1, "PT-TEMPLATE-PRICE"),
        ("templates/a.pt_BR.yaml", 2, "PT-TEMPLATE-REVIEW"),
        ("templates/b.pt_BR.yaml", 1, "PT-TEMPLATE-RULE"),
        *[("templates/b.pt_BR.yaml", 2, "PT-TEMPLATE-RULE")] * 2,
    ]
    price = _lint(loja, 65)[0]["message"]
    assert ("20% de desconto" in price, "0.0625" in price, "0.0068" in price) == (True, True, True)
    ran = loja("template", "lint", "a")
    assert (ran.code, "UTILITY, about USD 0.0068 a message in BR" in ran.err) == (0, True)
    assert loja("template", "lint", "a", "--exit-code").code == 65
    put(folder, "c", text.replace("UTILITY", "MARKETING"))
    assert {row["slug"] for row in _lint(loja, 0, "a", "c")[2:]} == {"PT-TEMPLATE-TWICE", "PT-TEMPLATE-REVIEW"}


def _lint(run: Run, code: int, *words: str) -> Any:
    ran = run("template", "lint", *words, "--json")
    assert ran.code == code, ran.err
    return json.loads(ran.out)


def test_lint_needs_no_home(pytake: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert pytake("template", "lint").code == 5
    (tmp_path / "templates").mkdir()
    put(tmp_path / "templates", "a", PROMO)
    assert pytake("template", "lint").code == 0


def test_a_preview_is_a_bubble_filled_with_examples(loja: Run, screen: Run, folder: Path) -> None:
    loja("template", "pull")
    seen = rows(loja, "template", "preview", "oferta_semana", "--var", "1=Ana")
    assert seen["body"] == "Olá Ana! Nesta semana você tem 10% de desconto em toda a loja."
    assert seen["buttons"] == ["Ver ofertas: https://loja.example/o/1", "Parar"]
    assert loja("template", "preview", "oferta_semana", "--var", "nada=1").code == 65
    drawn = screen("template", "preview", put(folder, "cupom", PROMO)).out
    assert "│ Olá Karina, o cupom SUL10 vale até domingo." in drawn
    assert "[Parar]" in drawn


def test_a_trial_goes_to_one_person_with_examples_where_nothing_is_given(loja: Run) -> None:
    loja("template", "pull")
    ran = loja("template", "test", "confirmacao_pedido", "--to", "+5511968184101", "--var", "1=Ana", "--json", "-n")
    assert ran.code == 0, ran.err
    sent = json.loads(ran.out)["body"]["template"]["components"]
    assert [each["text"] for each in sent[0]["parameters"]] == ["Ana", "860198"]
    assert loja("template", "test", "confirmacao_pedido", "--to", "+5511968184101").code == 0


def test_nobody_who_stopped_marketing_gets_it_by_hand(loja: Run) -> None:
    rows(loja, "template", "pull")
    send = ("template", "test", "oferta_semana", "--to", "+5511968184101")
    rows(loja, "contact", "create", "+5511968184101")
    for stop in ("marketing", "all"):
        rows(loja, "contact", "optout", "+5511968184101", "--topic", stop)
        for words, code in ((send, 77), ((*send, "--dry-run"), 3)):
            ran = loja(*words)
            assert (ran.code, "PT-OPTED-OUT" in ran.err, f"--topic {stop} " in ran.err) == (code, True, True)
    rows(loja, "template", "test", "confirmacao_pedido", "--to", "+5511968184101")
    for stop in ("marketing", "all"):
        rows(loja, "contact", "optin", "+5511968184101", "--topic", stop, "--source", "loja")
    rows(loja, *send)


def test_a_template_that_is_new_at_meta_is_asked_for(loja: Run) -> None:
    """Nobody has to pull before the first message."""
    ran = loja("message", "send", "--to", "+5511968184101", "-t", "confirmacao_pedido", "--var", "Ana", "--var", "12")
    assert ran.code == 0, ran.err
    (sent,) = rows(loja, "message", "list", "--fields", "text")
    assert sent["text"].startswith("Olá Ana, seu pedido 12 foi confirmado")
    ran = loja("message", "send", "--to", "+5511968184101", "-t", "confirmacao_pedido", "--var", "Ana")
    assert (ran.code, "2 is missing" in ran.err) == (65, True)
