"""`http` steps: the request as the flow says it, with secrets put in at the last moment and taken out of the answer."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from pytake_cli import secrets
from pytake_cli.daemon.outside.answers import MOST_BYTES, Failed, effect_of, read_json, small_enough, storable
from pytake_cli.daemon.outside.http import METHODS, SAFE, Answer, Request, checked_headers
from pytake_cli.flow.effects import CallHttp
from pytake_cli.flow.steps.http import SECRET
from pytake_cli.log import REMOVED
from pytake_cli.store.jobs import Job

if TYPE_CHECKING:
    from pytake_cli.daemon.jobs import Workshop

TOLD_HEADERS = ("content-type", "location", "retry-after", "etag", "last-modified", "x-request-id")
MOST_HEADER_CHARS = 500  # of one that is told
SHORTEST_SECRET = 4  # characters; taking a shorter one out of an answer would tear holes into words
AGENT = "PyTake (+https://pypi.org/project/pytake)"
# What opens PyTake itself is for no flow, whoever wrote it.
_NOT_FOR_FLOWS = re.compile(
    r"(?:app_secret|verify_token|access_token|ai_key|mail_password|metrics_token|webhook_.*)(?:_previous)?"
)


def repeatable(payload: dict[str, Any]) -> bool:
    """A call may be made again after a crash if it changes nothing, or if the flow says `retries`."""
    effect = payload["effect"]
    return str(effect.get("method", "GET")).upper() in SAFE or int(effect.get("retries") or 0) > 0


async def call(shop: Workshop, job: Job) -> Any:
    """{"session": 7, "effect": {"token": "3.slots", "method": "POST", "url": "https://…", …}}"""
    effect = effect_of(job, CallHttp)
    used: dict[str, str] = {}
    headers = await asyncio.to_thread(_fill, checked_headers(effect.headers), shop.web().host(effect.url), used)
    content, kind = _content(effect)
    if kind:
        headers.setdefault("content-type", kind)
    headers.setdefault("user-agent", AGENT)
    headers["idempotency-key"] = job.key
    method = effect.method.upper()
    if method not in METHODS:
        raise Failed("refused", f"{method[:20]} is no method that flows may use")
    request = Request(method, effect.url, headers, content, effect.timeout_seconds, effect.retries)
    answer = await shop.web().fetch(request)
    value = small_enough(_without(_value(answer), list(used.values())))
    if not 200 <= answer.status < 300:
        raise Failed("http", f"the answer was {answer.status}", value)
    return value


def _fill(headers: dict[str, str], host: str, used: dict[str, str]) -> dict[str, str]:
    """Headers with their secrets; `used` gets what must not come back. Reads files and keyrings: in a thread."""
    filled = {}
    for name, value in headers.items():
        match = SECRET.fullmatch(value)
        if match is None:
            filled[name] = value
            continue
        if _NOT_FOR_FLOWS.fullmatch(match[2]):
            raise Failed("refused", f"the secret {match[2]} is not for flows")
        used[match[2]] = _secret_for(match[2], host)
        filled[name] = checked_headers({name: match[1] + used[match[2]]})[name]
    return filled


def _secret_for(name: str, host: str) -> str:
    """The secret; one that was set for hosts (`secret set crm_key --scope api.crm.com`) goes to no others."""
    hosts = secrets.scopes(name)
    if hosts and host not in hosts:
        raise Failed("refused", f"the secret {name} is not for {host}")
    return secrets.require(name, host if hosts else None)


def _content(effect: CallHttp) -> tuple[bytes, str]:
    if effect.json is not None:
        content, kind = orjson.dumps(effect.json), "application/json"
    elif effect.form:
        content, kind = urlencode(effect.form).encode(), "application/x-www-form-urlencoded"
    elif effect.body is not None:
        content, kind = effect.body.encode(), "text/plain; charset=utf-8"
    else:
        return b"", ""
    if len(content) > MOST_BYTES:
        raise Failed("too_big", f"the request is larger than {MOST_BYTES // 1024} KiB")
    return content, kind


def _value(answer: Answer) -> dict[str, Any]:
    """{"status": 200, "headers": {"content-type": "application/json"}, "json": {…}}, or "text" for what is no JSON."""
    told = {name: answer.headers[name][:MOST_HEADER_CHARS] for name in TOLD_HEADERS if name in answer.headers}
    value: dict[str, Any] = {"status": answer.status, "headers": storable(told)}
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.body and (kind in ("application/json", "text/json", "") or kind.endswith("+json")):
        try:
            return {**value, "json": read_json(answer.body)}
        except Failed:
            if kind and 200 <= answer.status < 300:
                raise
    return {**value, "text": storable(answer.text)}


def _without(value: Any, hidden: list[str]) -> Any:
    """The value without the secrets that went out: a service that echoes what it got must not store them here."""
    if isinstance(value, str):
        for secret in hidden:
            if len(secret) >= SHORTEST_SECRET:
                value = value.replace(secret, REMOVED)
        return value
    if isinstance(value, dict):
        return {_without(name, hidden): _without(each, hidden) for name, each in value.items()}
    if isinstance(value, list):
        return [_without(each, hidden) for each in value]
    return value
