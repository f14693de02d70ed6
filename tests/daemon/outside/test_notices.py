"""`notify` steps: people are told once, receivers get what is signed, mails are what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from sqlmodel import select

from pytake_cli import secrets, settings
from pytake_cli.daemon.jobs import Workshop
from pytake_cli.daemon.outside.notices import notify, signature
from pytake_cli.errors import ConfigError, SendError
from pytake_cli.store import Store
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.jobs import Job
from tests.daemon.outside.stage import a_session, make_job
from tests.kit.peer import Peer, http, peer, saying

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def told(store: Store, job: Job) -> None:
    async def run() -> None:
        shop = Workshop(store)
        try:
            await notify(shop, job)
        finally:
            await shop.close()

    asyncio.run(run())


def notice(store: Store, session: FlowSession, to: str, text: str = "cliente \x1b[31mbravo") -> Job:
    return make_job(store, session, "flow.notify", to=to, text=text)


@pytest.mark.parametrize(("to", "team"), [("agents", ""), ("team:vendas", "vendas")])
def test_people_are_told_once_however_often_the_job_is_done(store: Store, to: str, team: str) -> None:
    session = a_session(store)
    job = notice(store, session, to)
    told(store, job)
    job.attempts = 2
    told(store, job)
    with store.read() as db:
        [event] = db.exec(select(Event).where(Event.kind == "flow:notice"))
    assert event.conversation_id == session.conversation_id
    assert (event.payload["team"], event.payload["text"]) == (team, "cliente �bravo")


def test_the_signature_is_that_of_the_specification(database: str) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == wanted
    assert signature("plain words", "a", "1", b"").startswith("v1,")


def to_the_receiver(store: Store, *answers: bytes) -> Peer:
    session = a_session(store)
    secrets.put("webhook_ops", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    async def run() -> Peer:
        async with peer(saying(*answers)) as opened:
            hooks = {"ops": {"url": f"{opened.url}/in"}}
            settings.load({"flows.http_allow": [opened.host], "flows.webhooks": hooks})
            shop = Workshop(store)
            job = await asyncio.to_thread(notice, store, session, "webhook:ops", "acabou o pão")
            try:
                await notify(shop, job)
                await notify(shop, job)
            finally:
                await shop.close()
            return opened

    return asyncio.run(run())


def test_a_receiver_gets_what_it_can_check(store: Store) -> None:
    first, again = to_the_receiver(store, http(204)).asked
    body = orjson.loads(first.body)
    assert body["type"] == "flow.notice"
    assert body["data"]["text"] == "acabou o pão"
    id_, at = first.headers["webhook-id"], first.headers["webhook-timestamp"]
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert first.headers["webhook-signature"] == signature(secret, id_, at, first.body)
    assert again.headers["webhook-id"] == id_
    assert ":" not in id_


@pytest.mark.parametrize(("answer", "again"), [(http(500), True), (http(302, location="/x"), True), (http(410), False)])
def test_a_receiver_that_fails_is_tried_again_unless_it_is_gone(store: Store, answer: bytes, again: bool) -> None:
    with pytest.raises(SendError) as caught:
        to_the_receiver(store, answer)
    assert caught.value.retryable is again


@pytest.mark.parametrize("to", ["webhook:other", "sms:+55", "", "email:nobody", "email:a@b.c\r\nBcc: all@x.io"])
def test_nobody_else_is_told(store: Store, to: str) -> None:
    settings.load({"flows.mail.host": "127.0.0.1", "flows.mail.sender": "bot@loja.example", "flows.mail.tls": "none"})
    with pytest.raises(SendError) as caught:
        told(store, notice(store, a_session(store), to))
    assert not caught.value.retryable
    assert caught.value.code is not None


def test_a_receiver_inside_that_is_not_allowed_is_not_called(store: Store) -> None:
    secrets.put("webhook_ops", "x" * 32)
    settings.load({"flows.webhooks": {"ops": {"url": "http://169.254.169.254/"}}})
    with pytest.raises(SendError, match="not called") as caught:
        told(store, notice(store, a_session(store), "webhook:ops"))
    assert not caught.value.retryable


@asynccontextmanager
async def mail_server(refuses: str = "") -> AsyncIterator[tuple[int, list[str]]]:
    """A mail server that keeps what it is told; `refuses` is a command that it answers 550."""
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        in_data = False
        while line := (await reader.readline()).decode():
            heard.append(line.rstrip("\r\n"))
            if in_data:
                in_data = line != ".\r\n"
                if not in_data:
                    writer.write(b"250 kept\r\n")
                continue
            command = line[:4].upper().strip()
            if command == refuses:
                writer.write(b"550 no\r\n")
            elif command == "DATA":
                in_data = True
                writer.write(b"354 go on\r\n")
            else:
                writer.write(b"221 bye\r\n" if command == "QUIT" else b"250 fine\r\n")
            if command == "QUIT":
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


def by_mail(store: Store, text: str, refuses: str = "") -> list[str]:
    session = a_session(store)

    async def run() -> list[str]:
        async with mail_server(refuses) as (port, heard):
            mail = {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "bot@loja.example"}
            settings.load({f"flows.mail.{name}": value for name, value in mail.items()})
            job = await asyncio.to_thread(notice, store, session, "email:rita@loja.example", text)
            await notify(Workshop(store), job)
            return heard

    return asyncio.run(run())


def test_a_mail_says_what_the_flow_says_and_no_header_more(store: Store) -> None:
    heard = by_mail(store, "pedido\nBcc: all@x.io\n.\nfim")
    assert any(line.startswith("rcpt TO:<rita@loja.example>") for line in heard)
    assert sum(line.lower().startswith("rcpt") for line in heard) == 1
    headers = heard[heard.index("data") + 1 : heard.index("", heard.index("data"))]
    assert [line.partition(":")[0] for line in headers if not line.startswith(" ")].count("Bcc") == 0
    assert any(line.startswith("Subject: [flow-") and "pedido Bcc: all@x.io . fim" in line for line in headers)
    assert heard[-3:] == ["fim", ".", "QUIT"]


def test_a_mail_that_nobody_takes_is_given_up_and_one_that_waits_is_tried_again(store: Store) -> None:
    with pytest.raises(SendError) as refused:
        by_mail(store, "oi", refuses="RCPT")
    assert not refused.value.retryable


def test_a_mail_server_that_is_away_is_tried_again(store: Store) -> None:
    settings.load({"flows.mail.host": "127.0.0.1", "flows.mail.port": 1, "flows.mail.sender": "bot@loja.example"})
    with pytest.raises(SendError) as caught:
        told(store, notice(store, a_session(store), "email:rita@loja.example"))
    assert caught.value.retryable


def test_without_a_mail_server_the_settings_are_named(store: Store) -> None:
    with pytest.raises(ConfigError, match="mail server"):
        told(store, notice(store, a_session(store), "email:rita@loja.example"))
