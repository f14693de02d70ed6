"""Proves the commands of flow files: exit codes, forms of output, what is written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Run

SAMPLE = Path(__file__).parents[1] / "flow" / "samples" / "agenda.yaml"
BROKEN = "start: a\nsteps:\n  a:\n    sya: Olá\n    next: end\n"
WARNED = "start: a\nvars:\n  old: {type: text}\nsteps:\n  a:\n    say: Olá\n    next: end\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one sound flow."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").mkdir()
    shutil.copy(SAMPLE, tmp_path / "flows")
    return tmp_path


def test_sound_flows_pass_and_mistakes_are_65(pytake: Run, project: Path) -> None:
    assert pytake("flow", "check").code == 0
    (project / "flows" / "oops.yaml").write_text(BROKEN)
    ran = pytake("flow", "check", "--plain")
    assert ran.code == 65
    assert ran.out == "✗ flows/oops.yaml:4:5  `sya` is no verb; did you mean `say`?   PT-FLOW-VERB\n"
    assert ran.err == "2 files, 1 error, 0 warnings\n"
    assert pytake("flow", "check", "agenda").code == 0
    assert pytake("flow", "check", "--plain", "--ascii").out.startswith("error: flows/oops.yaml:4:5")


def test_warnings_are_seen_and_fail_only_when_asked(pytake: Run, project: Path) -> None:
    (project / "flows" / "old.yaml").write_text(WARNED)
    ran = pytake("flow", "check", "old", "--plain")
    assert (ran.code, ran.out[:1]) == (0, "⚠")
    assert pytake("flow", "check", "old", "--exit-code").code == 65
    assert pytake("flow", "check", "agenda", "--exit-code").code == 0


def test_mistakes_as_json_have_a_place_a_slug_and_a_fix(pytake: Run, project: Path) -> None:
    (project / "flows" / "oops.yaml").write_text(BROKEN)
    ran = pytake("flow", "check", "flows", "--json")
    assert ran.code == 65
    assert json.loads(ran.out) == [
        {
            "path": "flows/oops.yaml",
            "line": 4,
            "column": 5,
            "severity": "error",
            "slug": "PT-FLOW-VERB",
            "message": "`sya` is no verb",
            "fix": "did you mean `say`?",
        }
    ]


def test_a_flow_that_is_not_there_is_5_with_a_guess(pytake: Run, project: Path) -> None:
    ran = pytake("flow", "show", "agena")
    assert ran.code == 5
    assert "agenda" in ran.err


def test_mistakes_are_told_in_portuguese(pytake: Run, project: Path) -> None:
    (project / "flows" / "oops.yaml").write_text(BROKEN)
    ran = pytake("flow", "check", "oops", "--plain", "--lang", "pt-BR")
    assert "`sya` não é um verbo; você quis dizer `say`?" in ran.out


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_a_new_flow_is_sound_and_is_not_written_over(pytake: Run, project: Path, language: str) -> None:
    assert pytake("flow", "new", "duvidas", "--lang", language).code == 0
    assert (project / "flows" / "duvidas.test.yaml").is_file()
    assert pytake("flow", "check", "duvidas", "--exit-code").code == 0
    assert pytake("flow", "new", "duvidas").code == 6
    assert pytake("flow", "new", "Dúvidas").code == 65
    assert pytake("flow", "new", "outra", "--template", "nothing").code == 5


def test_a_dry_run_of_new_writes_nothing(pytake: Run, project: Path) -> None:
    assert pytake("flow", "new", "duvidas", "-n").code == 0
    assert not (project / "flows" / "duvidas.yaml").exists()


def test_flows_are_listed_and_shown(pytake: Run, project: Path) -> None:
    assert json.loads(pytake("flow", "list", "--json", "--fields", "name,steps,languages,errors").out) == [
        {"name": "agenda", "steps": 10, "languages": ["pt-BR", "en"], "errors": 0}
    ]
    shown = pytake("flow", "show", "agenda", "--plain").out
    assert "keyword agendar, marcar consulta" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert json.loads(pytake("flow", "show", "agenda", "--json").out)[0]["step"] == "welcome"


def test_the_tree_is_coloured_on_a_terminal(screen: Run, project: Path) -> None:
    assert "\x1b[" in screen("flow", "graph", "agenda", "--color", "always").out


def test_a_flow_is_drawn_in_every_form(pytake: Run, project: Path) -> None:
    assert "\x1b[" not in pytake("flow", "graph", "agenda").out
    assert pytake("flow", "graph", "agenda", "--format", "svg").out.startswith("<svg")
    assert pytake("flow", "graph", "agenda", "--format", "mermaid").out.startswith("flowchart")
    assert "→" not in pytake("flow", "graph", "agenda", "--ascii").out


def test_the_schema_is_one_and_holds_for_a_sound_flow(pytake: Run, project: Path) -> None:
    schema = json.loads(pytake("flow", "schema").out)
    Draft202012Validator.check_schema(schema)
    exported = json.loads(pytake("flow", "export", "agenda", "--format", "json").out)
    assert [each.message for each in Draft202012Validator(schema).iter_errors(exported)] == []


def test_an_export_is_the_same_flow(pytake: Run, project: Path) -> None:
    (project / "copy.yaml").write_text(pytake("flow", "export", "agenda").out)
    ran = pytake("flow", "diff", "agenda", "copy.yaml", "--exit-code")
    assert (ran.code, ran.out) == (0, "")


def test_what_differs_is_told_with_who_stays(pytake: Run, project: Path) -> None:
    (project / "new.yaml").write_text(SAMPLE.read_text().replace("expect: date", "expect: datetime"))
    ran = pytake("flow", "diff", "agenda", "new.yaml", "--plain", "--exit-code")
    assert ran.code == 1
    assert ran.out == "step ask_day: expects otherwise, expect: date → datetime\n"
    assert "who waits at ask_day stays on the old version: the step expects something else now" in ran.err


EXPORTS = Path(__file__).parents[1] / "flow" / "imports"


def test_an_export_is_imported_listed_and_checked(pytake: Run, project: Path) -> None:
    ran = pytake("flow", "import", "typebot", str(EXPORTS / "typebot_shop.json"), "--name", "loja", "--json")
    assert (ran.code, ran.err) == (0, "✓ flows/loja.yaml: 20 kept, 6 changed, 0 lost\n")
    rows = json.loads(ran.out)
    assert {row["status"] for row in rows} == {"kept", "changed", "unused"}
    assert {"flow": "loja", "kind": "number input", "id": "b8", "step": "quantidade"}.items() <= rows[7].items()
    assert pytake("flow", "check", "loja", "--exit-code").code == 0
    again = pytake("flow", "import", "typebot", str(EXPORTS / "typebot_shop.json"), "--name", "loja")
    assert (again.code, "PT-FLOW-EXISTS" in again.err) == (6, True)


def test_what_is_lost_in_an_import_is_seen_and_stops_the_check(pytake: Run, project: Path) -> None:
    export = str(EXPORTS / "rapidpro_everything.json")
    ran = pytake("flow", "import", "rapidpro", export, "-o", "drafts", "--plain")
    assert ran.code == 65
    assert "✗ tudo  call_resthook (a21) -> call_resthook: there is nothing like it here\n" in ran.out
    assert "next: pytake flow check drafts/tudo.yaml\n" in ran.err
    assert pytake("flow", "check", "drafts").code == 65


def test_several_flows_are_several_files_and_a_dry_run_writes_none(pytake: Run, project: Path) -> None:
    export = str(EXPORTS / "rapidpro_clinic.json")
    ran = pytake("flow", "import", "rapidpro", export, "-o", "drafts", "--dry-run")
    assert (ran.code, (project / "drafts").exists()) == (0, False)
    assert pytake("flow", "import", "rapidpro", export, "-o", "drafts").code == 0
    assert sorted(path.name for path in (project / "drafts").iterdir()) == ["clinica-marcar.yaml", "pesquisa.yaml"]
    assert pytake("flow", "import", "rapidpro", export, "--name", "um").code == 65


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"flows": [{"action_sets": []}]}', '{"groups": 3}'])
def test_what_is_no_export_is_refused(pytake: Run, project: Path, content: str) -> None:
    (project / "x.json").write_text(content)
    for maker in ("typebot", "rapidpro"):
        ran = pytake("flow", "import", maker, "x.json")
        assert (ran.code, "PT-FLOW-IMPORT" in ran.err) == (65, True)
