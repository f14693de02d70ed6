"""Publishing on the command line: what is asked, what is told, what is refused, and what becomes of sessions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytake_cli.store import Store
from pytake_cli.store.flows import FlowVersion
from pytake_cli.store.templates import Template
from tests.cli.conftest import Run
from tests.kit import templates
from tests.services.flow_shop import ASKS, BETO, FlowShop
from tests.services.test_flow_figures import FAILS


@pytest.fixture
def desk(home: Path, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowShop]:
    """A shop in the home of the test, in a project with one flow."""
    path = home / "data" / "pytake.db"
    path.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(sqlite_template, path)
    path.chmod(0o600)
    project = tmp_path / "project"
    (project / "flows").mkdir(parents=True)
    (project / "flows" / "greet.yaml").write_text(ASKS)
    monkeypatch.chdir(project)
    store = Store(f"sqlite:///{path}")
    yield FlowShop(store)
    store.close()


def change(old: str, new: str) -> None:
    path = Path("flows/greet.yaml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_same_file_is_published_once(pytake: Run, desk: FlowShop) -> None:
    ran = pytake("flow", "publish", "greet", "-m", "first", "--yes", "--json")
    assert ran.code == 0, ran.err
    [row] = json.loads(ran.out)
    assert (row["flow"], row["version"], row["before"], row["replayed"]) == ("greet", 1, None, False)
    [row] = json.loads(pytake("flow", "publish", "flows/greet.yaml", "--json").out)
    assert (row["version"], row["replayed"]) == (1, True)
    assert len(desk.rows(FlowVersion)) == 1
    [version] = json.loads(pytake("flow", "versions", "greet", "--json").out)
    assert (version["version"], version["published"], version["message"], version["by"]) == (
        1, True, "first", "rita@loja.example",
    )  # fmt: skip


def test_publishing_asks_first_and_a_dry_run_changes_nothing(pytake: Run, screen: Run, desk: FlowShop) -> None:
    assert pytake("flow", "publish", "greet").code == 64
    ran = pytake("flow", "publish", "greet", "-n", "--json")
    assert (ran.code, json.loads(ran.out)[0]["version"]) == (0, 1)
    assert screen("flow", "publish", "greet", stdin="n\n").code == 0
    assert desk.rows(FlowVersion) == []
    assert screen("flow", "publish", "greet", stdin="s\n").code == 0
    assert len(desk.rows(FlowVersion)) == 1


def test_a_file_with_a_mistake_is_refused_with_its_place(pytake: Run, desk: FlowShop) -> None:
    change("next: bye", "next: by")
    ran = pytake("flow", "publish", "greet", "-y")
    assert ran.code == 65
    assert "flows/greet.yaml:13" in ran.err
    assert pytake("flow", "publish", "greet", "-n").code == 3
    change("next: by\n", "next: bye\n")
    change("[oi, bom dia]", "[sair]")
    assert "stops all messages" in pytake("flow", "publish", "greet", "-y").err


def test_hours_that_are_not_set_are_told_with_the_lines_that_set_them(pytake: Run, desk: FlowShop) -> None:
    lines = '`[flows.hours.shop]` and `mon-fri = ["09:00-18:00"]`'
    ran = pytake("flow", "new", "faq", "--template", "faq")
    assert f"before pytake flow publish faq: write into .pytake.toml the lines {lines}" in ran.err
    ran = pytake("flow", "check", "faq")
    assert (ran.code, lines in ran.out) == (0, True)
    ran = pytake("flow", "publish", "faq", "--yes")
    assert (ran.code, lines in ran.err) == (65, True)
    assert "flows/faq.yaml:78:23" in ran.err
    assert "pytake errors PT-FLOW-SCHEDULE" in ran.err
    ran = pytake("flow", "publish", "faq", "--lang", "pt-BR", "--yes")
    assert "escreva no .pytake.toml as linhas `[flows.hours.shop]`" in ran.err
    Path(".pytake.toml").write_text('[flows.hours.shop]\nmon-fri = ["09:00-18:00"]\n')
    ran = pytake("flow", "publish", "faq", "--yes")
    assert ran.code == 0, ran.err


def test_sessions_stay_unless_they_are_moved(pytake: Run, desk: FlowShop) -> None:
    pytake("flow", "publish", "greet", "-y")
    desk.says("oi")
    desk.says("oi", who=BETO)
    change("Olá", "Oi")
    ran = pytake("flow", "diff", "greet", "--plain")
    assert ran.out == 'step bye: text of say: "Olá, {{ vars.name }}!" → "Oi, {{ vars.name }}!"\n'
    assert "2 sessions at ask_name of version 1: stay there, could move with --migrate" in ran.err
    [row] = json.loads(pytake("flow", "diff", "greet", "--sessions", "--json").out)
    assert row == {
        "version": 1, "step": "ask_name", "waits_for": "reply", "count": 2, "moves": True, "reason": None,
    }  # fmt: skip
    [row] = json.loads(pytake("flow", "publish", "greet", "-y", "--drain", "--json").out)
    assert (row["moved"], row["staying"]) == (0, 2)
    desk.says("Beto", who=BETO)
    ran = pytake("flow", "publish", "greet", "-y", "--migrate", "--json")
    [row] = json.loads(ran.out)
    assert (row["replayed"], row["moved"], row["staying"]) == (True, 1, 0)
    desk.says("Ana")
    assert desk.bot()[-2:] == ["Olá, Beto!", "Oi, Ana!"]
    assert pytake("flow", "publish", "greet", "-y", "--migrate", "--drain").code == 2


def test_sessions_that_cannot_move_are_listed_with_the_reason(pytake: Run, desk: FlowShop) -> None:
    pytake("flow", "publish", "greet", "-y")
    desk.says("oi")
    change("    save: name\n", "    save: name\n    expect: email\n")
    ran = pytake("flow", "publish", "greet", "-y", "--migrate", "--json")
    [row] = json.loads(ran.out)
    assert row["stays"] == [
        {"step": "ask_name", "version": 1, "count": 1, "reason": "the step expects something else now"}
    ]
    assert (row["moved"], row["staying"]) == (0, 1)
    assert "stay there, because the step expects something else now" in ran.err


def test_versions_are_shown_compared_and_gone_back_to(pytake: Run, desk: FlowShop) -> None:
    pytake("flow", "publish", "greet", "-y")
    change("Olá", "Oi")
    pytake("flow", "publish", "greet", "-y")
    assert "Olá" in pytake("flow", "show", "greet", "--version", "1").out
    assert "Oi" in pytake("flow", "show", "greet@2").out
    assert "Olá" in pytake("flow", "export", "greet@1").out
    assert pytake("flow", "diff", "greet@1", "greet@2", "--exit-code").code == 1
    assert pytake("flow", "diff", "greet@2", "greet", "--exit-code").code == 0
    assert pytake("flow", "show", "greet@9").code == 5
    [row] = json.loads(pytake("flow", "rollback", "greet", "-y", "--json").out)
    assert (row["version"], row["before"]) == (1, 2)
    assert pytake("flow", "rollback", "greet", "-y").code == 6
    [row] = json.loads(pytake("flow", "rollback", "greet", "--to", "2", "-y", "--json").out)
    assert row["version"] == 2


def test_the_list_knows_files_and_the_store(pytake: Run, desk: FlowShop) -> None:
    def listed() -> list[tuple[object, ...]]:
        rows = json.loads(pytake("flow", "list", "--json").out)
        return [(row["name"], row["state"], row["version"], row["sessions"]) for row in rows]

    assert listed() == [("greet", "draft", None, 0)]
    pytake("flow", "publish", "greet", "-y")
    desk.says("oi")
    assert listed() == [("greet", "published", 1, 1)]
    change("Olá", "Oi")
    assert listed() == [("greet", "differs", 1, 1)]
    Path("flows/greet.yaml").rename("flows/other.yml")
    Path("flows/other.yml").write_text(ASKS.replace("greet", "other"))
    assert listed() == [("other", "draft", None, 0), ("greet", "stored", 1, 1)]
    Path("flows/other.yml").unlink()
    assert listed() == [("greet", "stored", 1, 1)]
    assert "Olá" in pytake("flow", "show", "greet").out


def test_a_disabled_flow_starts_nothing(pytake: Run, desk: FlowShop) -> None:
    pytake("flow", "publish", "greet", "-y")
    assert pytake("flow", "disable", "greet").code == 0
    assert "like that already" in pytake("flow", "disable", "greet").err
    desk.says("oi")
    assert desk.bot() == []
    assert json.loads(pytake("flow", "list", "--json", "--fields", "paused").out) == [{"paused": True}]
    assert pytake("flow", "enable", "greet").code == 0
    desk.says("oi", who=BETO)
    assert desk.bot() == ["Como você se chama?"]


def test_figures_are_shown_in_every_form(pytake: Run, screen: Run, desk: FlowShop) -> None:
    pytake("flow", "publish", "greet", "-y")
    desk.says("oi")
    desk.says("Ana")
    desk.says("oi", who=BETO)
    found = json.loads(pytake("flow", "stats", "greet", "--json").out)
    assert (found["entries"], found["open"], found["incidents"]) == (2, 1, 0)
    assert [row["step"] for row in found["steps"]] == ["ask_name", "bye"]
    assert pytake("flow", "stats", "greet").out.splitlines()[0].split("\t")[:2] == ["ask_name", "2"]
    assert pytake("flow", "stats", "greet", "--by", "outcomes").out == "completed\t1\t1.0\n"
    assert pytake("flow", "stats", "nothing").code == 5
    shown = screen("flow", "stats", "greet").out
    assert "ask_name" in shown
    assert "completed" in shown


def test_a_session_is_shown_replayed_and_reset(pytake: Run, screen: Run, desk: FlowShop) -> None:
    pytake("flow", "publish", "greet", "-y")
    desk.says("oi")
    [row] = json.loads(pytake("flow", "sessions", "greet", "--json").out)
    assert (row["flow"], row["step"], row["waits_for"]) == ("greet", "ask_name", "reply")
    shown = json.loads(pytake("flow", "session", "1", "--json").out)
    assert [(line["event"], line["said"]) for line in shown["log"]] == [("started", "oi")]
    assert "entered ask_name" in shown["log"][0]["records"]
    ran = pytake("flow", "replay", "1", "--json")
    assert (ran.code, json.loads(ran.out)[0]["does"]) == (0, ["says Como você se chama?", "waits for reply"])
    change("Como você se chama?", "Seu nome?")
    ran = pytake("flow", "replay", "1", "--with", "greet", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)[0]["differs"] is True
    assert "- says Como você se chama?" in ran.err
    assert "+ says Seu nome?" in ran.err
    assert pytake("flow", "replay", "1", "--with", "greet", "--exit-code").code == 1
    assert pytake("flow", "reset", "+5511968184101", "-n").code == 0
    assert desk.session().status == "waiting"
    assert pytake("flow", "reset", "-", stdin="+5511968184101\n").code == 0
    assert desk.session().outcome == "reset"
    assert json.loads(pytake("flow", "sessions", "--json").out) == []
    assert "no session is open; 1 has ended: --status all" in screen("flow", "sessions").err
    assert pytake("flow", "session", "99").code == 5
    assert "Ana Souza" in screen("flow", "session", "1").out


def test_explaining_tells_why_each_trigger_wins_or_loses(pytake: Run, desk: FlowShop) -> None:
    Path("flows/all.yaml").write_text(
        "triggers: [{any: true}, {new_contact: true}]\nstart: a\nsteps: {a: {say: Oi!, next: end}}\n"
    )
    pytake("flow", "publish", "greet", "all", "-y")
    ran = pytake("flow", "explain", "--from", "+5511968184177", "--message", "Bom dia!", "--json")
    rows = json.loads(ran.out)
    assert [(row["flow"], row["trigger"], row["fits"], row["chosen"]) for row in rows] == [
        ("greet", "keyword bom dia", True, True),
        ("all", "new_contact", True, False),
        ("all", "any", True, False),
    ]
    assert "greet would start" in ran.err
    assert desk.bot() == []
    desk.says("oi")
    ran = pytake("flow", "explain", "--from", "+5511968184101", "--message", "oi", "--json")
    assert {row["instead"] for row in json.loads(ran.out)} == {"session"}
    assert "opt-out word" in pytake("flow", "explain", "--from", "+5511968184101", "--message", "parar").err
    assert pytake("flow", "explain", "--from", "ninguém", "--message", "oi").code == 5


def test_what_went_wrong_is_in_the_figures_and_in_the_log(pytake: Run, desk: FlowShop) -> None:
    Path("flows/fails.yaml").write_text(FAILS)
    pytake("flow", "publish", "greet", "fails", "-y")
    desk.says("falha")
    desk.says("nada disso")
    [row] = json.loads(pytake("flow", "stats", "fails", "--by", "incidents", "--json").out)
    assert (row["incident"], row["step"], row["session"]) == ("error", "pick", 1)
    [told] = json.loads(f"[{pytake('logs', 'tail', '--no-follow', '--event', 'incident', '--json').out}]")
    assert told["subject"] == "PT-FLOW-INCIDENT"
    assert "session 1, step pick: error" in told["text"]


def test_a_flow_is_not_published_with_a_template_that_cannot_be_sent(pytake: Run, desk: FlowShop) -> None:
    text = (
        "name: late\nlanguage: pt-BR\nstart: a\non_error: end\nsteps:\n"
        "  a:\n    template: {name: atraso, params: [Ana]}\n    next: end\n"
    )
    Path("flows/late.yaml").write_text(text)
    assert "PT-FLOW-TEMPLATE" not in pytake("flow", "publish", "late", "-n").err  # no template is known here yet
    late = templates.put(
        desk.store, desk.number_id, "atraso", templates.body("Olá {{1}}, o {{2}} atrasou."), status="PAUSED"
    )
    ran = pytake("flow", "publish", "late", "-n", "--json")
    assert ran.code == 3
    assert "PAUSED" in ran.err
    with desk.store.write() as db:
        db.get_one(Template, late.id).status = "APPROVED"
    ran = pytake("flow", "publish", "late", "-n")
    assert (ran.code, "takes 2 texts and gets 1" in ran.err) == (3, True)
    Path("flows/late.yaml").write_text(text.replace("[Ana]", "[Ana, carro]"))
    assert pytake("flow", "publish", "late", "-n").code == 0
    Path("flows/late.yaml").write_text(text.replace("atraso", "atrazo"))
    assert "pytake template pull" not in pytake("flow", "publish", "late", "-n").err
    assert "atraso" in pytake("flow", "publish", "late", "-n").err
