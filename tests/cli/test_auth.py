"""`pytake auth` at a daemon's API: logging in and out, sessions, passwords and tokens; and where secrets never are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pytake_cli.services import signing_in
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store
from tests.cli.conftest import Ran, Run
from tests.kit.api import Face, open_api
from tests.kit.logins import GOOD, person
from tests.kit.shop import Shop

BETTER = "quatro gatos na varanda"


def sign_in(store: Store, token: str, org: str, now: datetime) -> Principal:
    return signing_in.principal_of(store, token, now, org)


@pytest.fixture
def face(shop: Shop) -> Iterator[Face]:
    person(shop.store, shop.org)
    person(shop.store, shop.org, "zoe@loja.com", "ORG_ADMIN")
    with open_api(shop.store, sign_in=sign_in) as face:
        yield face


class Ana:
    """Whoever types `pytake auth …`."""

    def __init__(self, run: Run, face: Face) -> None:
        self._run, self.server = run, f"http://127.0.0.1:{face.port}"

    def __call__(self, *words: str, stdin: str = "") -> Ran:
        return self._run("auth", *words, stdin=stdin)

    def login(self, password: str = GOOD) -> Ran:
        return self(
            "login", "--server", self.server, "--email", "ana@loja.com", "--password-stdin", stdin=f"{password}\n"
        )

    def rows(self, *words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self(*words, "--json").out)
        return found


@pytest.fixture
def ana(pytake: Run, face: Face) -> Ana:
    return Ana(pytake, face)


def test_a_login_is_kept_shown_and_ended(ana: Ana) -> None:
    assert ana("status").code == 4
    assert ana.login("errada").code == 4
    assert ana.login().code == 0
    [row] = ana.rows("status")
    assert (row["who"], row["state"], row["role"], row["current"]) == ("ana@loja.com", "good", "AGENT", True)
    assert ana("logout").code == 0
    assert ana("status").code == 4


def test_sessions_elsewhere_are_seen_and_ended(ana: Ana) -> None:
    ana.login()
    ana.login()
    first, second = sorted(ana.rows("sessions"), key=lambda row: row["id"])
    assert (first["current"], second["current"]) == (False, True)
    assert ana("sessions", "--end", str(first["id"]), "-n").code == 0
    assert len(ana.rows("sessions")) == 2
    assert ana("sessions", "--end", str(first["id"])).code == 0
    assert [row["id"] for row in ana.rows("sessions")] == [second["id"]]
    assert ana("sessions", "--end", "9999").code == 5


def test_a_new_password_keeps_the_login_that_changed_it(ana: Ana) -> None:
    ana.login()
    assert ana("password", "--password-stdin", stdin=f"{GOOD}\n{BETTER}\n").code == 0
    assert ana.rows("status")[0]["state"] == "good"
    assert ana.login().code == 4


def test_an_access_token_that_ran_out_is_renewed_without_a_word(ana: Ana, face: Face) -> None:
    ana.login()
    from pytake_cli.cli import logins

    kept = logins.current()
    logins.keep(logins.Saved(kept.server, kept.who, kept.org, "run.out.token", kept.refresh))
    assert ana.rows("status")[0]["state"] == "good"
    assert logins.current().refresh != kept.refresh


def test_a_token_has_scopes_an_end_and_is_shown_once(ana: Ana) -> None:
    wanted = ("token", "create", "crm", "--scope", "contacts:read", "--expires", "+90d", "--json", "--as")
    assert ana(*wanted, "ana@loja.com").code == 77  # her role makes no tokens
    made = json.loads(ana(*wanted, "zoe@loja.com").out)
    assert (made["scopes"], made["expires_at"] is not None) == (["contacts:read"], True)
    assert ana("token", "create", "x", "--scope", "everything", "--as", "zoe@loja.com").code == 65
    listed = ana("token", "list", "--json").out
    assert made["token"] not in listed
    assert ana("login", "--server", ana.server, "--token-stdin", stdin=f"{made['token']}\n").code == 0
    assert ana.rows("status")[0]["state"] == "good"
    assert ana("token", "revoke", str(made["id"]), "-y").code == 0
    assert ana.rows("status")[0]["state"] == "ended"


def test_no_secret_is_a_word_of_the_command_line_or_in_a_file_as_it_is(
    ana: Ana, home: Path, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    assert ana("login", "--server", ana.server, "--email", "ana@loja.com", "--password", GOOD).code == 2
    told = [
        ana.login(),
        ana("-vv", "status"),
        ana("login", "--server", ana.server, "--token-stdin", stdin="pt_1_errado\n"),
    ]
    from pytake_cli.cli import logins

    kept = logins.current()
    secrets = [GOOD, kept.access, kept.refresh, "pt_1_errado"]
    said = "".join(each.out + each.err for each in told) + caplog.text
    assert [secret for secret in secrets if secret in said] == []
    shop.store.close()
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert [secret for secret in secrets if secret.encode() in content] == [], path
        assert path.stat().st_mode & 0o077 == 0, path
