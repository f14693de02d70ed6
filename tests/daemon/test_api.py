"""The API of a daemon that runs: with real tokens, beside the webhooks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pytake_cli import clock
from pytake_cli.policy.permissions import ROLES
from pytake_cli.services import api_tokens, audit
from pytake_cli.services.principals import Principal
from tests.kit import people
from tests.kit.children import wait_until
from tests.kit.home import Home, make, running


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Home]:
    served = make(tmp_path / "shop")
    try:
        served.daemon.up()
        yield served
    finally:
        served.stop()


def token(home: Home, *scopes: str) -> str:
    """Of an administrator, for the contacts or for what is named."""
    with home.store() as store:
        user = people.user(store, home.org_id)
        who = Principal(home.org_id, user.id, "Rita", "ORG_ADMIN", ROLES["ORG_ADMIN"], "session")
        with store.write(home.org_id) as db:
            user.role = "ORG_ADMIN"
            db.add(user)
            return api_tokens.create(db, who, "crm", list(scopes) or ["contacts:read"], clock.now())[1]


def test_a_token_reads_contacts_and_nothing_more_and_the_log_says_so(served: Home) -> None:
    bearer = token(served)
    with httpx.Client(base_url=f"{served.daemon.url}/api/v1", timeout=20.0) as client:
        assert client.get("/me").status_code == 401
        client.headers["authorization"] = f"Bearer {bearer}"
        assert client.get("/me").json()["permissions"] == ["contacts:read"]
        assert client.get("/contacts").json()["items"] == []
        assert client.get("/campaigns").status_code == 403
        client.headers["authorization"] = f"Bearer {bearer[:-1]}"
        assert client.get("/me").status_code == 401
    assert served.daemon.stop() == 0
    with served.store() as store, store.read(served.org_id) as db:
        assert "contact.listed" in [each.action for each in audit.listed(db, served.org_id, audit.Filter(), None)]


def test_a_customer_who_writes_is_a_contact_of_the_api(tmp_path: Path) -> None:
    with running(tmp_path / "shop") as home:
        bearer = token(home)
        home.emulator.say("5511968184101")
        with httpx.Client(base_url=f"{home.daemon.url}/api/v1", timeout=20.0) as client:
            client.headers["authorization"] = f"Bearer {bearer}"
            wait_until(lambda: client.get("/contacts").json()["total"] == 1, 20.0, every=0.2)


def test_a_daemon_that_nobody_asks_does_not_load_the_framework() -> None:
    code = "import sys, pytake_cli.daemon.run; print('fastapi' in sys.modules, 'starlette' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
