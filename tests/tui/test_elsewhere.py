"""The inbox of a daemon elsewhere: the login that was made there, renewed before it ends and without a break."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta

import pytest

from pytake_cli import clock
from pytake_cli.cli import inbox, logins
from pytake_cli.errors import AuthError
from pytake_cli.tui.client import Client, Login
from pytake_cli.tui.live import Live, Ready
from tests.kit.fake_api import TOKEN, FakeApi


def jwt(seconds: float) -> str:
    """A token that says that it ends in so many seconds."""
    ends = (clock.now() + timedelta(seconds=seconds)).timestamp()
    return f"head.{base64.urlsafe_b64encode(json.dumps({'exp': ends}).encode()).decode().rstrip('=')}.signature"


def test_a_token_tells_when_it_ends_and_others_last() -> None:
    assert Login(jwt(30)).ends_within(60)
    assert not Login(jwt(900)).ends_within(60)
    for token in ("", "pt_live_abc", "a.b.c", "a.W10.c", "."):
        assert not Login(token).ends_within(60)


def test_the_saved_login_is_used_and_renewed_when_the_server_says_so(api: FakeApi) -> None:
    logins.keep(logins.Saved(api.url, "ana@loja.com", "", "old", "refresh-0"))
    login = inbox._elsewhere(api.url)

    async def work() -> None:
        client = Client(api.url, login)
        assert (await client.me()).name == "ana"
        await client.close()

    asyncio.run(work())
    assert api.refreshed == ["refresh-0"]
    assert logins.current(api.url).refresh == "refresh-1"
    assert login.access == TOKEN


def test_a_token_that_another_command_fetched_is_taken_and_not_renewed_again(api: FakeApi) -> None:
    logins.keep(logins.Saved(api.url, "ana@loja.com", "", "old", "refresh-0"))
    login = inbox._elsewhere(api.url)
    logins.keep(logins.Saved(api.url, "ana@loja.com", "", TOKEN, "refresh-1"))
    assert asyncio.run(login.renewed("old"))
    assert api.refreshed == []
    assert login.access == TOKEN


def test_nobody_gets_in_without_a_login() -> None:
    with pytest.raises(AuthError, match="not logged in"):
        inbox._elsewhere("http://127.0.0.1:1")


def test_the_live_wire_is_given_a_fresh_token_before_the_first_ends(api: FakeApi) -> None:
    first = jwt(30)
    api.tokens.add(first)
    opened: list[Ready] = []

    async def renew() -> str | None:
        return TOKEN

    async def work() -> None:
        login = Login(first, renew)
        live = Live(
            api.url, login,
            on_event=print, on_rows=print, on_tail=print, on_ready=opened.append, on_link=lambda link: None,
        )  # fmt: skip
        running = asyncio.ensure_future(live.run())
        async with asyncio.timeout(10):
            while {"type": "token", "token": TOKEN} not in api.frames:
                await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(work())
    assert len(opened) == 1
