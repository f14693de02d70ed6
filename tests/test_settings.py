"""Proves the precedence of settings and that mistakes in them are named."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytake_cli import settings
from pytake_cli.errors import ConfigError


@pytest.fixture
def user_file(home: Path) -> Path:
    path = home / "config" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop" / "flows").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "shop" / "flows")
    return tmp_path / "shop" / ".pytake.toml"


def complaint(**cli: object) -> str:
    with pytest.raises(ConfigError) as caught:
        settings.load(cli)
    error = caught.value
    assert error.exit_code == 78
    return f"{error} | {error.why.format(**error.values)} | {error.fix.format(**error.values)}"


def test_defaults_fit_one_machine(home: Path) -> None:
    loaded = settings.load()
    assert loaded.serve.port == 8787
    assert loaded.emulator.port == 8788
    assert loaded.store.url == f"sqlite:///{home}/data/pytake.db"
    assert loaded.whatsapp.graph_url == "https://graph.facebook.com"
    assert settings.current() is loaded


def test_each_layer_beats_the_next(
    user_file: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "etc.toml"
    monkeypatch.setattr(settings, "SYSTEM_FILE", system)
    system.write_text("[serve]\nport = 1\n")
    assert settings.load().serve.port == 1
    user_file.write_text("[serve]\nport = 2\n[profiles.prod.serve]\nport = 3\n")
    assert settings.load().serve.port == 2
    monkeypatch.setenv("PYTAKE_PROFILE", "prod")
    assert settings.load().serve.port == 3
    project.write_text("[serve]\nport = 4\n")
    assert settings.load().serve.port == 4
    monkeypatch.setenv("PYTAKE_SERVE__PORT", "5")
    assert settings.load().serve.port == 5
    assert settings.load({"serve.port": 6}).serve.port == 6
    assert settings.load({"serve": {"port": 7}}).serve.port == 7

    steps = settings.explain("serve.port", {"serve.port": 6})
    assert [step.layer for step in steps] == ["flag", "environment", "project", "profile", "user", "system", "default"]
    assert [step.value for step in steps] == [6, "5", 4, 3, 2, 1, 8787]
    assert [step.wins for step in steps] == [True] + [False] * 6
    assert steps[1].where == "PYTAKE_SERVE__PORT"
    assert steps[2].where == str(project)
    assert steps[3].where == f"{user_file} [profiles.prod]"


def test_empty_variables_and_unset_flags_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_ORG", "")
    assert settings.load({"org": None}).org is None


def test_lists_in_the_environment_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SERVE__TRUSTED_PROXIES", "10.0.0.1, 10.1.0.0/16")
    assert settings.load().serve.trusted_proxies == ["10.0.0.1", "10.1.0.0/16"]


def test_the_short_variable_for_the_log_level_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_LOG", "debug")
    assert settings.load().log.level == "debug"
    monkeypatch.setenv("PYTAKE_LOG__LEVEL", "error")
    assert settings.load().log.level == "error"


def test_a_relative_database_is_beside_the_file_that_names_it(project: Path) -> None:
    project.write_text('[store]\nurl = "sqlite:///data.db"\n')
    assert settings.load().store.url == f"sqlite:///{project.parent}/data.db"


def test_unknown_keys_are_named_with_the_file_and_a_suggestion(
    user_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file.write_text("[serve]\nprot = 9000\n")
    assert f"{user_file}: there is no setting serve.prot | did you mean serve.port?" in complaint()
    user_file.write_text("")
    monkeypatch.setenv("PYTAKE_SERVE__PROT", "9000")
    assert "no setting PYTAKE_SERVE__PROT | did you mean PYTAKE_SERVE__PORT?" in complaint()
    monkeypatch.delenv("PYTAKE_SERVE__PROT")
    monkeypatch.setenv("PYTAKE_LAGN", "en")
    assert "did you mean PYTAKE_LANG?" in complaint()


def test_variables_of_other_scripts_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_BACKUP_BUCKET", "s3://x")
    monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN__200", "x")
    settings.load()


@pytest.mark.parametrize(
    ("toml", "wanted"),
    [
        ("[serve]\nport = 'x'", "serve.port must be a whole number, not 'x'"),
        ("[serve]\nport = 70000", "serve.port must be at most 65535"),
        ("[send]\ngrace_seconds = -1", "send.grace_seconds must be at least 0"),
        ("[send]\ngrace_seconds = 'soon'", "send.grace_seconds must be a number"),
        ("[whatsapp]\nread_timeout_seconds = 0", "must be more than 0"),
        ("ascii = 'maybe'", "ascii must be true or false"),
        ("[serve]\ntrusted_proxies = 3", "serve.trusted_proxies must be a list"),
        ("[whatsapp]\ngraph_url = 3", "whatsapp.graph_url must be text"),
        (
            "[log]\nlevel = 'inof'",
            "log.level must be one of debug, info, warning, error, not 'inof' | did you mean info?",
        ),
        ("lang = 'pt'", "lang must be one of en, pt-BR"),
        ("[whatsapp]\nversion = '25'", "whatsapp.version cannot be '25'"),
        ("store = 3", "there is no setting store |"),
        ("serve = = 3", "is not valid TOML"),
        ("[profiles.x]\norg = 'a'\n[serve]\nport = 'y'", "serve.port must be a whole number"),
    ],
)
def test_bad_values_are_named_with_the_file(user_file: Path, toml: str, wanted: str) -> None:
    user_file.write_text(toml)
    said = complaint()
    assert wanted in said
    assert str(user_file) in said


def test_bad_values_in_the_environment_name_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SERVE__PORT", "x")
    assert "PYTAKE_SERVE__PORT: serve.port must be a whole number" in complaint()


def test_a_secret_in_a_settings_file_is_refused_and_not_repeated(user_file: Path) -> None:
    user_file.write_text("[whatsapp]\naccess_token = 'EAAGsecret'\n")
    said = complaint()
    assert "secrets are not kept in settings" in said
    assert "pytake secret set access_token -" in said
    assert "EAAG" not in said


def test_an_unknown_profile_names_its_neighbour(user_file: Path) -> None:
    user_file.write_text("[profiles.prod]\norg = 'loja'\n")
    assert settings.load({"profile": "prod"}).org == "loja"
    assert "no profile prd | did you mean prod?" in complaint(profile="prd")


def test_a_project_file_that_anybody_may_write_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_text("org = 'x'\n")
    project.chmod(0o666)
    assert "belongs to another user, or anybody may write to it" in complaint()
    monkeypatch.setenv("PYTAKE_TRUST_PROJECT", "1")
    assert settings.load().org == "x"


def test_every_setting_is_described() -> None:
    for key, field in settings.keys().items():
        assert field.description, key
        assert field.description.endswith("."), key
        assert settings.variable(key).startswith("PYTAKE_")


def test_one_home_moves_every_directory(home: Path) -> None:
    places = settings.paths()
    assert {places.config, places.data, places.state, places.cache, places.run} == {
        home / name for name in ("config", "data", "state", "cache", "run")
    }


def test_without_a_home_the_system_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTAKE_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    if sys.platform == "linux":
        assert settings.paths().config == tmp_path / "c" / "pytake"
        assert settings.paths().run == tmp_path / "pytake"


def test_secrets_and_places_do_not_pay_for_pydantic() -> None:
    code = (
        "import sys, pytake_cli.secrets, pytake_cli.text, pytake_cli.log;"
        "print([m for m in ('pydantic', 'keyring', 'cryptography') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    assert done.stdout.strip() == "[]"


def test_reading_the_settings_is_fast() -> None:
    settings.load()
    start = time.process_time()
    settings.load()
    assert time.process_time() - start < 0.5


def test_named_things_are_read_whole_from_a_file(user_file: Path) -> None:
    user_file.write_text(
        '[flows]\ndir = "talks"\n[flows.ai]\nmodel = "m1"\n[flows.hours.shop]\nmon-fri = ["09:00-18:00"]\n'
        '[flows.sources.prices]\nkind = "csv"\npath = "p.csv"\ncolumns = ["sku"]\n'
    )
    flows = settings.load().flows
    assert flows.dir == str(user_file.parent / "talks")
    assert settings.flows_folder() == user_file.parent / "talks"
    assert flows.ai.model == "m1"
    assert flows.hours["shop"].__pydantic_extra__ == {"mon-fri": ["09:00-18:00"]}
    assert flows.sources["prices"].columns == ["sku"]


def test_named_things_in_a_variable_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_FLOWS__WEBHOOKS", '{"ops": {"url": "https://ops.example.com"}}')
    monkeypatch.setenv("PYTAKE_FLOWS__AI__MODEL", "m2")
    assert settings.load().flows.webhooks["ops"].url == "https://ops.example.com"
    assert settings.load().flows.ai.model == "m2"


@pytest.mark.parametrize(
    ("toml", "wanted"),
    [
        ('[flows.sources.x]\nkind = "csv"', "flows.sources.x.columns is missing"),
        ('[flows.sources.x]\nkind = "csv"\ncolumns = ["a"]\npasswort = "x"', "no setting flows.sources.x.passwort"),
        ("[flows]\nsources = 3", "flows.sources must be a table, not '3'"),
        ("[flows.hours.shop]\nmon = 9", "flows.hours.shop.mon must be a list, not '9'"),
        ("[flows.ai]\nmodle = 'x'", "no setting flows.ai.modle | did you mean flows.ai.model?"),
        ("[flows.ai]\ntimeout_seconds = 60", "flows.ai.timeout_seconds must be at most 20"),
    ],
)
def test_mistakes_in_named_things_are_named_with_the_file(user_file: Path, toml: str, wanted: str) -> None:
    user_file.write_text(toml)
    said = complaint()
    assert wanted in said
    assert str(user_file) in said


def test_the_tables_of_named_things_are_known() -> None:
    tables = [key for key, field in settings.keys().items() if str(field.annotation).startswith("dict")]
    assert sorted(tables) == sorted(settings.TABLES)
