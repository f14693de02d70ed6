"""What a failed call means: GraphError, and how it is made from Meta's answer or from the lack of one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from pytake_cli.errors import SendError
from pytake_cli.whatsapp.errors import Rule, rule, slug_of
from pytake_cli.whatsapp.fields import table, whole, word

log = logging.getLogger(__name__)

_LONG_WAIT = 15.0  # seconds; a 5xx that took this long may come after the message was accepted
_TRACE_HEADERS = ("x-fb-trace-id", "x-fb-request-id", "x-fb-debug")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as far as something did: HTTP status, trace ids for Meta's support, the JSON object."""

    status: int | None = None
    trace: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    details: str = ""
    subcode: int | None = None


class GraphError(SendError):
    """A call that failed; `rule` says what to do, `unknown` that the message may have gone out, `answer` the rest."""

    def __init__(
        self,
        slug: str,
        message: str,
        *,
        rule: Rule,
        answer: Answer,
        retryable: bool,
        unknown: bool = False,
        code: int | None = None,
        **values: Any,
    ) -> None:
        super().__init__(slug, message, retryable=retryable, unknown=unknown, code=code, **values)
        self.rule = rule
        self.answer = answer
        log.info(
            "graph call failed",
            extra={"slug": slug, "code": code, "status": answer.status, "trace": answer.trace, "unknown": unknown},
        )

    @property
    def details(self) -> str:
        """Meta's own words about it, for people."""
        return self.answer.details


def json_object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object in the bytes, or None if there is none."""
    try:
        answer = orjson.loads(raw)
    except ValueError:
        return None
    return answer if type(answer) is dict else None


def failure(response: aiohttp.ClientResponse, raw: bytes | None, took: float, *, safe: bool = False) -> GraphError:
    """The exception for an answer that is no success; `safe` says that asking again can do no harm."""
    payload = json_object(raw) if raw is not None else None
    error = payload.get("error") if payload is not None else None
    status = response.status
    if payload is not None and type(error) is dict:
        unknown = status >= 500 and took > _LONG_WAIT and not safe
        return refusal(payload, error, status, _trace(response, error), unknown=unknown)
    trace = _trace(response, {})
    if status == 200 or status >= 500 or status == 408:
        return unclear("Meta's answer could not be read", Answer(status, trace), safe=safe)
    what = rule(None, status)
    return GraphError(
        "PT-WA-ANSWER",
        "the address of Graph answered with HTTP {status}, and not as Meta does",
        rule=what,
        answer=Answer(status, trace),
        retryable=what.retryable,
        fix="check the setting whatsapp.graph_url",
        status=status,
    )


def refusal(
    payload: dict[str, Any], error: dict[str, Any], status: int, trace: str = "", *, unknown: bool = False
) -> GraphError:
    """The exception for Meta's error body: its code decides, its details are for people."""
    code, subcode = whole(error.get("code")), whole(error.get("error_subcode"))
    what = rule(code, status, subcode)
    data = error.get("error_data")
    details = word(table(data).get("details")) or word(data) or word(error.get("error_user_msg"))
    details = details or word(error.get("message")) or ""
    return GraphError(
        slug_of(what),
        "Meta refused: {meaning} ({number}): {details}",
        rule=what,
        answer=Answer(status, trace, payload, details, subcode),
        retryable=(what.retryable or error.get("is_transient") is True) and not unknown,
        unknown=unknown,
        code=code,
        fix=what.advice,
        meaning=what.meaning,
        number=code,
        details=details,
    )


def unreached(error: BaseException) -> GraphError:
    """The exception for a request that cannot have left this machine."""
    return GraphError(
        "PT-WA-CONNECT",
        "Meta cannot be reached ({kind}); nothing was sent",
        rule=rule(None, 503),
        answer=Answer(),
        retryable=True,
        fix="check the network and the setting whatsapp.graph_url",
        kind=type(error).__name__,
    )


def unclear(what: str, answer: Answer | None = None, *, safe: bool = False) -> GraphError:
    """The exception for a request that got neither a yes nor a no."""
    return GraphError(
        "PT-WA-UNKNOWN",
        "{what}; nobody can say yet whether Meta took the request",
        rule=rule(None, 503),
        answer=answer or Answer(),
        retryable=safe,
        unknown=not safe,
        what=what,
    )


def _trace(response: aiohttp.ClientResponse, error: dict[str, Any]) -> str:
    found = (word(error.get("fbtrace_id")), *(response.headers.get(name) for name in _TRACE_HEADERS))
    return " ".join(dict.fromkeys(part[:100] for part in found if part))
