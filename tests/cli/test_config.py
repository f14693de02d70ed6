"""Proves the commands of settings and that changing a file keeps the rest of it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli import settings
from pytake_cli.cli import surface, tomlfile
from pytake_cli.errors import ConfigError
from tests.cli.conftest import Run


def test_set_get_explain_unset(pytake: Run, home: Path) -> None:
    file = home / "config" / "config.toml"
    ran = pytake("config", "set", "serve.port", "9000")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"✓ serve.port = 9000 in {file}\n"
    assert tomllib.loads(file.read_text()) == {"serve": {"port": 9000}}
    assert pytake("config", "get", "serve.port").out == "9000\n"
    assert json.loads(pytake("config", "get", "serve.port", "--json").out) == {"key": "serve.port", "value": 9000}
    assert pytake("config", "explain", "serve.port").out == f"true\tuser\t9000\t{file}\nfalse\tdefault\t8787\t\n"
    assert pytake("config", "unset", "serve.port").err == "✓ serve.port is now 8787\n"
    assert pytake("config", "unset", "serve.port").code == 5


def test_what_wins_over_a_new_value_is_told(pytake: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SERVE__PORT", "1234")
    assert "but PYTAKE_SERVE__PORT wins" in pytake("config", "set", "serve.port", "9000").err


def test_a_value_that_does_not_fit_is_not_written(pytake: Run, home: Path) -> None:
    ran = pytake("config", "set", "serve.port", "many")
    assert ran.code == 65
    assert "serve.port must be a whole number, not 'many'" in ran.err
    assert not (home / "config" / "config.toml").exists()
    assert pytake("config", "set", "org", "acme", "-n").code == 0
    assert not (home / "config" / "config.toml").exists()


def test_a_project_has_a_file_of_its_own(pytake: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    assert pytake("config", "set", "org", "acme", "--project").code == 0
    assert (tmp_path / "shop" / ".pytake.toml").read_text() == 'org = "acme"\n'
    assert pytake("config", "get", "org", "-C", str(tmp_path)).out == "\n"
    monkeypatch.chdir(tmp_path / "shop")
    assert pytake("config", "get", "org").out == "acme\n"


def test_list_has_every_key_and_its_source(pytake: Run) -> None:
    rows = json.loads(pytake("config", "list", "--json", "--fields", "all", "--tz", "UTC").out)
    assert [row["key"] for row in rows] == list(settings.keys())
    (tz,) = [row for row in rows if row["key"] == "tz"]
    assert (tz["value"], tz["source"], tz["where"], tz["variable"]) == ("UTC", "flag", "--tz", "PYTAKE_TZ")


def test_schema_accepts_the_defaults(pytake: Run) -> None:
    import jsonschema

    schema = json.loads(pytake("config", "schema").out)
    jsonschema.validate({"serve": {"port": 9000}, "lang": "pt-BR"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"serve": {"prot": 9000}}, schema)


def test_edit_opens_the_file_and_checks_it(
    screen: Run, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'serve.prot = 1' >> \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    ran = screen("config", "edit")
    assert ran.code == 78
    assert "there is no setting serve.prot" in ran.err.lower()


def test_path_lists_where_things_are(pytake: Run, home: Path) -> None:
    assert f"data\t{home}/data\tfalse\n" in pytake("config", "path").out


def test_a_key_is_changed_and_the_rest_stays() -> None:
    text = '# mine\norg = "a"  # who\n\n[serve]\nport = 1\ntrusted_proxies = [\n  "a",\n]\n# end\n'
    text += '\n[log]\nlevel = "info"\n'
    changed = tomlfile.put(text, "serve.trusted_proxies", ["x"])
    assert changed == text.replace('[\n  "a",\n]', '["x"]')
    assert tomlfile.put(text, "serve.host", "h") == text.replace("# end\n", '# end\nhost = "h"\n')
    assert tomlfile.put(text, "lang", "en") == text.replace("# who\n", '# who\nlang = "en"\n')
    assert tomlfile.put(text, "send.default_rate", 5) == text + "\n[send]\ndefault_rate = 5\n"
    assert tomlfile.take(text, "serve.port") == text.replace("port = 1\n", "")
    assert tomlfile.take(text, "serve.host") is None


@given(st.text().filter(lambda value: "\x00" not in value and not any("\ud800" <= each <= "\udfff" for each in value)))
def test_any_text_survives_the_file(value: str) -> None:
    text = tomlfile.put('x = "y"\n', "store.url", value)
    assert tomllib.loads(text) == {"x": "y", "store": {"url": value}}


def test_a_file_that_is_no_toml_is_not_made_worse() -> None:
    with pytest.raises(ConfigError, match="cannot change org here"):
        tomlfile.put("= broken", "org", "x")


def test_generated_files_are_current() -> None:
    stale = [path.name for path, text in surface.generated().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run python -m pytake_cli.cli.catalogue --write"


def test_the_example_is_valid_when_every_line_is_used() -> None:
    lines = surface.EXAMPLE.read_text(encoding="utf-8").splitlines()
    used = [line.removeprefix("# ") if line.startswith("# ") and " = " in line else line for line in lines[6:]]
    values = tomllib.loads("\n".join(line for line in used if not line.startswith("# ")))
    assert _keys(values) == set(settings.keys())


def _keys(values: dict[str, object], table: str = "") -> set[str]:
    """The dotted keys of a file; a table of named things is one."""
    found: set[str] = set()
    for name, value in values.items():
        key = f"{table}{name}"
        found |= _keys(value, f"{key}.") if isinstance(value, dict) and key not in settings.TABLES else {key}
    return found
