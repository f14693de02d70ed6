"""Language models over plain HTTP: the dialect of OpenAI, which most servers speak, and Anthropic's.

Not the vendors' SDKs: they bring an HTTP library of their own, and with it their own look-ups, redirects, retries and
proxies, all outside the guarded network; what is needed of them is one request and one answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from pytake_cli.daemon.outside.answers import Failed, read_json
from pytake_cli.daemon.outside.http import Answer, Request

ANTHROPIC_VERSION = "2023-06-01"
OPENAI_URL, ANTHROPIC_URL = "https://api.openai.com/v1", "https://api.anthropic.com"


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked. With a `schema` its answer is to be JSON that fits it."""

    system: str = field(repr=False)
    text: str = field(repr=False)
    model: str
    max_tokens: int
    schema: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What it answered, and what that cost in tokens; None where it does not tell."""

    text: str = field(repr=False)
    tokens_in: int | None
    tokens_out: int | None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    default_url: str
    request: Callable[[Question, str, str | None], Request]
    read: Callable[[Mapping[str, Any]], Said]


def said(dialect: Dialect, answer: Answer) -> Said:
    """What an answer of status 200 says; Failed for junk."""
    body = read_json(answer.body)
    try:
        return dialect.read(body)
    except (LookupError, TypeError, AttributeError):
        raise Failed("invalid", "the model's answer is none that this provider gives") from None


def _openai_request(question: Question, url: str, key: str | None) -> Request:
    """{"choices": [{"message": {"content": "…"}}], "usage": {"prompt_tokens": 9, "completion_tokens": 2}} answers."""
    messages = [{"role": "system", "content": question.system}, {"role": "user", "content": question.text}]
    limit = "max_completion_tokens" if url.startswith(OPENAI_URL) else "max_tokens"  # others know the old name only
    body: dict[str, Any] = {"model": question.model, "messages": messages, limit: question.max_tokens}
    if question.schema is not None:
        schema = {"name": "answer", "schema": question.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return _post(f"{url}/chat/completions", headers, body)


def _openai_read(body: Mapping[str, Any]) -> Said:
    choice = body["choices"][0]
    message, usage = choice["message"], body.get("usage") or {}
    refused = bool(message.get("refusal")) or choice.get("finish_reason") == "content_filter"
    text = message.get("content") or ""
    return Said(_text(text), _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"), refused)


def _anthropic_request(question: Question, url: str, key: str | None) -> Request:
    """{"content": [{"type": "text", "text": "…"}], "usage": {"input_tokens": 9, "output_tokens": 2}} answers."""
    messages = [{"role": "user", "content": question.text}]
    body: dict[str, Any] = {"model": question.model, "max_tokens": question.max_tokens, "messages": messages}
    body["system"] = question.system
    if question.schema is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": question.schema}}
    headers = {"anthropic-version": ANTHROPIC_VERSION} | ({"x-api-key": key} if key else {})
    return _post(f"{url}/v1/messages", headers, body)


def _anthropic_read(body: Mapping[str, Any]) -> Said:
    texts = [_text(block["text"]) for block in body["content"] if block["type"] == "text"]
    usage = body.get("usage") or {}
    refused = body.get("stop_reason") == "refusal"
    return Said("".join(texts), _count(usage, "input_tokens"), _count(usage, "output_tokens"), refused)


def _post(url: str, headers: dict[str, str], body: dict[str, Any]) -> Request:
    return Request("POST", url, {**headers, "content-type": "application/json"}, orjson.dumps(body))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    """A number of tokens, if it is one that can be believed."""
    value = usage.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 0 <= value < 10_000_000 else None


DIALECTS: dict[str, Dialect] = {
    "openai": Dialect(OPENAI_URL, _openai_request, _openai_read),
    "anthropic": Dialect(ANTHROPIC_URL, _anthropic_request, _anthropic_read),
}
