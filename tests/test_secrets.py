"""Proves where secrets come from, and that the sealed file gives nothing away and notices tampering."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytake_cli import sealed, secrets
from pytake_cli.errors import ConfigError


@pytest.fixture
def run_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "run-secrets"
    directory.mkdir()
    monkeypatch.setattr(secrets, "RUN_SECRETS", directory)
    return directory


class FakeKeyring:
    """A keyring at its module boundary; `hangs` is a D-Bus that never answers."""

    def __init__(self, hangs: bool = False) -> None:
        self.kept: dict[str, str] = {}
        self.asked = 0
        self.hangs = hangs

    def get_password(self, service: str, account: str) -> str | None:
        self.asked += 1
        if self.hangs:
            threading.Event().wait(30)
        return self.kept.get(account)

    def set_password(self, service: str, account: str, value: str) -> None:
        self.asked += 1
        if self.hangs:
            threading.Event().wait(30)
        self.kept[account] = value

    def delete_password(self, service: str, account: str) -> None:
        del self.kept[account]


@pytest.fixture
def keyring(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    fake = FakeKeyring()
    monkeypatch.delenv("PYTAKE_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setitem(sys.modules, "keyring.errors", SimpleNamespace(KeyringError=KeyError))
    return fake


def test_the_chain_goes_from_systemd_to_the_sealed_file(
    tmp_path: Path, run_secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert secrets.get("app_secret") is None
    assert secrets.put("app_secret", "from-file") == "file"
    assert (secrets.get("app_secret"), secrets.where("app_secret")) == ("from-file", "sealed file")
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET", "from-env")
    assert (secrets.get("app_secret"), secrets.where("app_secret")) == (
        "from-env",
        "environment PYTAKE_SECRET_APP_SECRET",
    )
    named = tmp_path / "named"
    named.write_text("from-named\n")
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET_FILE", str(named))
    assert secrets.get("app_secret") == "from-named"
    (run_secrets / "pytake_app_secret").write_text("from-docker\n")
    assert secrets.get("app_secret") == "from-docker"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "app_secret").write_text("from-systemd")
    assert secrets.get("app_secret") == "from-systemd"


def test_a_scope_beats_the_global_value_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN", "global")
    secrets.put("access_token", "mine", "200")
    assert secrets.get("access_token", "200") == "mine"
    assert secrets.get("access_token", "300") == "global"
    monkeypatch.setenv("PYTAKE_SECRET_ACCESS_TOKEN__300", "theirs")
    assert secrets.get("access_token", "300") == "theirs"


def test_all_values_has_every_scope_and_the_previous_ones(run_secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET", "now")
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET_PREVIOUS", "before")
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET__300", "of-300")
    (run_secrets / "pytake_app_secret__400").write_text("of-400")
    secrets.put("app_secret", "of-500", "500")
    assert secrets.all_values("app_secret") == ["now", "of-300", "of-400", "of-500", "before"]
    assert secrets.scopes("app_secret") == ["300", "400", "500"]


def test_a_missing_secret_says_how_to_set_it() -> None:
    with pytest.raises(ConfigError) as caught:
        secrets.require("app_secret")
    assert caught.value.slug == "PT-SECRET-MISSING"
    assert caught.value.fix.format(**caught.value.values) == "pytake secret set app_secret -"


def test_a_named_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET_FILE", "/nowhere/at/all")
    with pytest.raises(ConfigError, match="cannot read the secret in /nowhere/at/all: no such file"):
        secrets.get("app_secret")


def test_nothing_readable_by_others_and_nothing_in_the_clear(home: Path) -> None:
    os.umask(0o022)
    secrets.put("access_token", "EAAGverysecret", "200")
    for path in home.rglob("*"):
        assert not path.stat().st_mode & 0o077, path
    assert b"EAAG" not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_every_seal_is_fresh() -> None:
    secrets.put("app_secret", "same")
    first = sealed.file().read_text()
    secrets.put("app_secret", "same")
    assert sealed.file().read_text() != first


def entry(label: str) -> str:
    return str(json.loads(sealed.file().read_text())["secrets"][label])


def write_entry(label: str, value: str) -> None:
    content = json.loads(sealed.file().read_text())
    content["secrets"][label] = value
    sealed.file().write_text(json.dumps(content))


@pytest.mark.parametrize("position", [0, 1, 13, 20, -1])
def test_a_flipped_bit_is_noticed(position: int) -> None:
    import base64

    secrets.put("app_secret", "genuine")
    blob = bytearray(base64.b64decode(entry("app_secret")))
    blob[position] ^= 1
    write_entry("app_secret", base64.b64encode(blob).decode())
    with pytest.raises(ConfigError, match=r"the secret app_secret in .* cannot be opened"):
        secrets.get("app_secret")


def test_one_entry_cannot_stand_in_for_another() -> None:
    secrets.put("access_token", "of-200", "200")
    secrets.put("access_token", "of-300", "300")
    write_entry("access_token 300", entry("access_token 200"))
    with pytest.raises(ConfigError, match="cannot be opened"):
        secrets.get("access_token", "300")


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"version": 2, "secrets": {}}', '{"version": 1, "secrets": {"a": 1}}']
)
def test_a_broken_file_is_an_error_not_a_fresh_start(content: str) -> None:
    secrets.put("app_secret", "x-value")
    sealed.file().write_text(content)
    with pytest.raises(ConfigError, match="cannot read the sealed secrets"):
        secrets.get("app_secret")
    with pytest.raises(ConfigError):
        secrets.put("verify_token", "y-value")
    assert sealed.file().read_text() == content


def test_another_key_cannot_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.put("app_secret", "x-value")
    key = tmp_path / "key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    monkeypatch.setenv("PYTAKE_MASTER_KEY_FILE", str(key))
    with pytest.raises(ConfigError, match="cannot be opened"):
        secrets.get("app_secret")
    secrets.put("app_secret", "again")
    assert secrets.get("app_secret") == "again"


def test_a_key_that_others_may_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key"
    key.write_bytes(os.urandom(32))
    key.chmod(0o640)
    monkeypatch.setenv("PYTAKE_MASTER_KEY_FILE", str(key))
    with pytest.raises(ConfigError, match="others may read the key file"):
        secrets.put("app_secret", "x-value")
    key.chmod(0o600)
    secrets.put("app_secret", "x-value")
    key.write_text("too short")
    with pytest.raises(ConfigError, match="holds no key"):
        secrets.get("app_secret")
    key.unlink()
    with pytest.raises(ConfigError, match="cannot read the key file"):
        secrets.put("app_secret", "x-value")
    assert not key.exists()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(min_size=1).filter(lambda value: "\x00" not in value), scope=st.sampled_from([None, "1", "a-b.c"]))
def test_what_goes_in_comes_out(value: str, scope: str | None) -> None:
    secrets.put("anything", value, scope)
    assert secrets.get("anything", scope) == value
    assert secrets.delete("anything", scope)


def test_two_writers_lose_nothing() -> None:
    threads = [threading.Thread(target=secrets.put, args=("access_token", f"token-{n}", str(n))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert secrets.scopes("access_token") == sorted(str(n) for n in range(20))
    assert all(secrets.get("access_token", str(n)) == f"token-{n}" for n in range(20))


@pytest.mark.parametrize("name", ["", "UPPER", "../x", "a b", "x_file", "a__b"])
def test_names_that_could_be_paths_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of a secret"):
        secrets.get(name)


def test_deleting_twice_tells_the_second_time() -> None:
    secrets.put("app_secret", "x-value")
    assert secrets.delete("app_secret")
    assert not secrets.delete("app_secret")
    assert secrets.get("app_secret") is None


def test_settings_may_contain_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_DB_PASSWORD", "pw")
    assert secrets.fill("postgresql://pytake:${secret:db_password}@db/x") == "postgresql://pytake:pw@db/x"


def test_the_keyring_is_preferred_when_there_is_one(keyring: FakeKeyring) -> None:
    assert secrets.put("app_secret", "in-the-ring") == "keyring"
    assert keyring.kept == {"app_secret": "in-the-ring"}
    assert secrets.get("app_secret") == "in-the-ring"
    assert secrets.entries() == [("app_secret", None, "keyring")]
    assert secrets.put("app_secret", "in-the-file", to="file") == "file"
    assert secrets.where("app_secret") == "sealed file"


def test_a_keyring_that_hangs_costs_its_time_limit_once(keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.hangs = True
    monkeypatch.setattr(secrets, "KEYRING_TIMEOUT_SECONDS", 0.1)
    start = time.monotonic()
    assert secrets.put("app_secret", "x-value") == "file"
    assert secrets.get("verify_token") is None
    assert secrets.get("app_secret") == "x-value"
    assert time.monotonic() - start < 20  # it was given up: it hangs for good
    assert keyring.asked == 1


def test_a_home_of_its_own_never_asks_the_keyring(
    keyring: FakeKeyring, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTAKE_HOME", str(home))
    assert secrets.put("app_secret", "x-value") == "file"
    assert keyring.asked == 0
    with pytest.raises(ConfigError, match="no keyring here"):
        secrets.put("app_secret", "x-value", to="keyring")


def test_without_a_keyring_backend_the_file_is_used(tmp_path: Path) -> None:
    code = "from pytake_cli import secrets; print(secrets.put('app_secret', 'x-value'), secrets.get('app_secret'))"
    environ = {name: value for name, value in os.environ.items() if name != "PYTAKE_HOME"}
    environ |= {"XDG_CONFIG_HOME": str(tmp_path / "c"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True)
    assert done.stdout.split() == ["file", "x-value"]
    assert stat.S_IMODE((tmp_path / "c" / "pytake" / "master.key").stat().st_mode) == 0o600
