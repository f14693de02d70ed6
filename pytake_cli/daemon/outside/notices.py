"""`notify` steps: people in the inbox, a webhook of the settings (Standard Webhooks), or an e-mail.

A session does not wait for these, so they are tried again by their job until they are through; whoever gets one twice
knows it by its id.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import orjson

from pytake_cli import clock, secrets, settings
from pytake_cli.daemon.outside.answers import Failed, effect_of
from pytake_cli.daemon.outside.http import Request
from pytake_cli.errors import ConfigError, SendError
from pytake_cli.flow.effects import Notify
from pytake_cli.services import flow_notices
from pytake_cli.store.jobs import Job
from pytake_cli.text import clean

if TYPE_CHECKING:
    from pytake_cli.daemon.jobs import Workshop

MAIL_SECONDS = 30.0
WEBHOOK_SECONDS = 15.0
MOST_TEXT = 4096  # characters
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")


async def notify(shop: Workshop, job: Job) -> None:
    """{"session": 7, "effect": {"to": "webhook:ops", "text": "…"}}"""
    effect = effect_of(job, Notify)
    kind, _, name = effect.to.partition(":")
    text = clean(effect.text, limit=MOST_TEXT)
    session_id = int(job.payload["session"])
    if kind in ("agents", "team"):
        await asyncio.to_thread(flow_notices.tell_people, shop.store, job, name, text, clock.now())
    elif kind == "webhook":
        await _webhook(shop, job, name, await asyncio.to_thread(flow_notices.about, shop.store, session_id), text)
    elif kind == "email":
        about = await asyncio.to_thread(flow_notices.about, shop.store, session_id)
        subject = f"[{about['flow']}] {text[:80]}"
        await asyncio.to_thread(_mail, name, subject, text, job.key)
    else:
        raise _never(f"{effect.to[:60]!r} is nobody that a flow may tell")


async def _webhook(shop: Workshop, job: Job, name: str, about: dict[str, Any], text: str) -> None:
    """POST {"type": "flow.notice", "timestamp": "…", "data": {"text": "…", "flow": "…", "session": 7, …}}, signed."""
    receiver = settings.current().flows.webhooks.get(name)
    if receiver is None:
        raise _never(f"there is no receiver {name[:40]!r} in flows.webhooks")
    secret = await asyncio.to_thread(secrets.require, f"webhook_{name.replace('-', '_')}")
    now = clock.now()
    body = orjson.dumps({"type": "flow.notice", "timestamp": now.isoformat(), "data": {**about, "text": text}})
    id_, at = job.key.replace(":", "_"), str(int(now.timestamp()))
    headers = {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": at,
        "webhook-signature": signature(secret, id_, at, body),
    }
    try:
        answer = await shop.web().fetch(Request("POST", receiver.url, headers, body, WEBHOOK_SECONDS))
    except Failed as failed:
        if failed.reason == "refused":
            raise _never(f"flows.webhooks.{name} is not called: {failed.detail}") from None
        raise _later(name, str(failed)) from None
    if answer.status == 410:
        raise _never(f"the receiver {name} is gone for good (410)")
    if not 200 <= answer.status < 300:
        raise _later(name, f"it answered {answer.status}")


def signature(secret: str, id_: str, at: str, body: bytes) -> str:
    """That of Standard Webhooks: `v1,` and the HMAC over id, time and body by the key behind `whsec_`."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True) if secret.startswith("whsec_") else b""
    except binascii.Error:
        key = b""
    digest = hmac.digest(key or secret.encode(), f"{id_}.{at}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def _mail(address: str, subject: str, text: str, key: str) -> None:
    options = settings.current().flows.mail
    if not options.host or not options.sender:
        raise ConfigError("PT-FLOW-MAIL", "no mail server is set", fix="pytake config set flows.mail.host HOST")
    if not _ADDRESS.fullmatch(address):
        raise _never(f"{address[:60]!r} is no e-mail address")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = options.sender, address, " ".join(subject.split())
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{key.replace(':', '.')}@{options.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    password = secrets.require("mail_password") if options.user else ""
    context = ssl.create_default_context()
    try:
        if options.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(options.host, options.port, timeout=MAIL_SECONDS, context=context)
        else:
            server = smtplib.SMTP(options.host, options.port, timeout=MAIL_SECONDS)
        with server:
            if options.tls == "starttls":
                server.starttls(context=context)
            if options.user:
                server.login(options.user, password)
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused:
        raise _never(f"the mail server refuses {address}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise _later(address, type(error).__name__) from None  # its text may hold what was said about the login


def _later(to: str, reason: str) -> SendError:
    return SendError("PT-FLOW-NOTIFY", "{to} was not told: {reason}", retryable=True, to=to, reason=reason)


def _never(reason: str) -> SendError:
    """A failure that trying again does not mend."""
    return SendError(
        "PT-FLOW-NOTIFY", "{to} was not told: {reason}", retryable=False, code=0, to="nobody", reason=reason
    )
