"""What a flow uses of the world: addresses, secrets, schedules, teams, templates, other flows."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pytake_cli.flow.checks.inquiry import Inquiry
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.expressions import Template
from pytake_cli.flow.limits import MAX_WAIT
from pytake_cli.flow.positions import Path
from pytake_cli.flow.problems import Phrase, near
from pytake_cli.flow.routes import RESTS
from pytake_cli.flow.steps.http import SECRET
from pytake_cli.flow.steps.step import Step
from pytake_cli.flow.ways import OUTWARD, edges, reachable
from pytake_cli.policy.addresses import PORTS

SECRET_HEADERS = re.compile(r"authorization|(^|-)(api-?key|token|secret|password)$|^x-auth", re.IGNORECASE)
_SECRET = re.compile(r"secret:([A-Za-z_][A-Za-z0-9_.-]*)")
# what a key of a provider looks like, wherever it stands
_KEY = re.compile(r"\b(?:sk-[\w-]{20,}|EAA[A-Za-z0-9]{40,}|gh[pousr]_\w{30,}|AKIA[0-9A-Z]{16}|xox[abp]-[\w-]{10,})")
_LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa")

# what is named -> slug and sentence for a name that there is not
_UNKNOWN = {
    "hours": ("PT-FLOW-SCHEDULE", Phrase("there are no business hours called `{name}`")),
    "team": ("PT-FLOW-TEAM", Phrase("there is no team `{name}`")),
    "agent": ("PT-FLOW-AGENT", Phrase("there is no agent `{name}`")),
    "source": ("PT-FLOW-SOURCE", Phrase("there is no source `{name}` in the settings")),
    "flow": ("PT-FLOW-FLOW", Phrase("there is no flow `{name}`")),
}


def check(inquiry: Inquiry) -> None:
    """Everything about what is not in the file."""
    for name, step in inquiry.steps.items():
        at: Path = ("steps", name)
        match step.verb:
            case "http":
                _http(inquiry, at, step)
            case "wait":
                _known(inquiry, at, step, "hours", inquiry.around.schedules, "hours")
            case "hours":
                for key in ("schedule", "hours"):
                    _known(inquiry, at, step, key, inquiry.around.schedules, "hours")
            case "handoff":
                _known(inquiry, at, step, "team", inquiry.around.teams, "team")
                _known(inquiry, at, step, "agent", inquiry.around.agents, "agent")
            case "lookup":
                _known(inquiry, at, step, "source", inquiry.around.sources, "source")
            case "template":
                _template(inquiry, at, step)
            case "call" | "goto_flow":
                _flow(inquiry, at, step)
            case "code" if inquiry.around.allows_code is False:
                inquiry.say("PT-FLOW-CODE", "functions are switched off", at, fix="set flows.allow_code = true")
        _timeout(inquiry, at, step)
    _numbers(inquiry)
    _recursion(inquiry)


def _constant(value: Any) -> str | None:
    """The text, if it is known without running anything."""
    if isinstance(value, Template):
        return value.source if value.is_constant else None
    return value if isinstance(value, str) else None


HOURS = Phrase('write into .pytake.toml the lines `[flows.hours.{name}]` and `mon-fri = ["09:00-18:00"]`')


def _known(inquiry: Inquiry, at: Path, step: Step, key: str, known: Iterable[str] | None, what: str) -> None:
    named = _constant(getattr(step, key, None))
    if not named or known is None or {named, named.lower()} & set(names := sorted(known)):
        return
    meant = near(named, names)
    unset = HOURS if what == "hours" else ""
    # without its hours a flow cannot go on; without its team the conversation waits for everybody
    is_mild = what == "team" or (what == "hours" and not inquiry.around.settles_hours)
    inquiry.say(
        *_UNKNOWN[what],
        (*at, key),
        fix="did you mean `{meant}`?" if meant else "there are {known}" if names else unset,
        severity="warning" if is_mild else "error",
        name=named,
        meant=meant,
        known=", ".join(names[:8]),
    )


def _http(inquiry: Inquiry, at: Path, step: Step) -> None:
    url = getattr(step, "url", None)
    source = url.source if isinstance(url, Template) else str(url or "")
    host, port = _host(source)
    if host and is_private(host) and not inquiry.around.allowed(host, port):
        inquiry.say(
            "PT-FLOW-PRIVATE",
            "{host} is in a private network, which flows may not call",
            (*at, "url"),
            fix="name it in flows.http_allow if it is meant",
            host=host,
        )
    headers = getattr(step, "headers", None) or {}
    written = getattr(headers, "source", headers)
    for name, value in written.items() if isinstance(written, dict) else ():
        text = getattr(value, "source", value)
        if isinstance(text, str):
            _header(inquiry, (*at, "headers", name), str(name), text)
    if found := _KEY.search(source):
        _plain(inquiry, (*at, "url"), "url", found.start())
    for path, held in step.expressions():
        if path[0] != "headers" and (found := _SECRET.search(held.source)):
            inquiry.say(
                "PT-FLOW-SECRET",
                "secret:{name} is filled in in `headers`, and nowhere else",
                (*at, *path),
                offset=found.start(),
                name=found[1],
            )


def _header(inquiry: Inquiry, at: Path, name: str, value: str) -> None:
    named, found = SECRET.fullmatch(value), _SECRET.search(value)
    if named is not None:
        known = inquiry.around.secrets
        if known is not None and named[2] not in known:
            meant = near(named[2], known)
            inquiry.say(
                "PT-FLOW-SECRET",
                "there is no secret `{name}`",
                at,
                offset=named.start(2),
                fix="did you mean `{meant}`?" if meant else "pytake secret set {name}",
                severity="error" if inquiry.around.sees_secrets else "warning",
                name=named[2],
                meant=meant,
            )
    elif found is not None:
        inquiry.say(
            "PT-FLOW-SECRET",
            "a secret is all of a header's value, or all behind one word",
            at,
            offset=found.start(),
            fix="write secret:NAME or Bearer secret:NAME, the name in small letters",
        )
    elif (SECRET_HEADERS.search(name) or _KEY.search(value)) and "{{" not in value and value.strip():
        _plain(inquiry, at, name, 0)


def _plain(inquiry: Inquiry, at: Path, name: str, offset: int) -> None:
    inquiry.say(
        "PT-FLOW-SECRET",
        "`{name}` holds a secret that everybody who sees the file can read",
        at,
        offset=offset,
        fix="keep it with pytake secret set NAME, and write secret:NAME here",
        name=name,
    )


def _host(url: str) -> tuple[str, int]:
    """The host and the port of an address; no host where only a session knows it."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "", 0
    return "" if "{" in host else host, port or PORTS.get(parts.scheme, 0)


def is_private(host: str) -> bool:
    """True for addresses of no public machine, and names that only a private network knows."""
    name = host.lower().rstrip(".")
    try:
        return not ipaddress.ip_address(name.strip("[]")).is_global
    except ValueError:
        pass
    last = name.rpartition(".")[2]
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        return True  # 127.1, 2130706433, 0x7f000001: other ways to write an address
    return any(name == local.lstrip(".") or name.endswith(local) for local in _LOCAL_NAMES) or "." not in name


def _timeout(inquiry: Inquiry, at: Path, step: Step) -> None:
    """No wait is longer than 30 days."""
    timeout = getattr(step, "timeout", None)
    if isinstance(timeout, timedelta) and timeout > MAX_WAIT:
        inquiry.say("PT-FLOW-WAIT", "nothing waits longer than 30 days", (*at, "timeout"), fix="at most 30d")


def _template(inquiry: Inquiry, at: Path, step: Step) -> None:
    templates = inquiry.around.templates
    name, language = _constant(getattr(step, "name", None)), _constant(getattr(step, "language", None))
    if templates is None or not name:
        return
    names = {key.partition("/")[0] for key in templates}
    if name not in names:
        meant = near(name, names)
        inquiry.say(
            "PT-FLOW-TEMPLATE",
            "the store has no template `{name}`",
            (*at, "name"),
            fix="did you mean `{meant}`?" if meant else "pytake template pull",
            name=name,
            meant=meant,
        )
        return
    wanted = (language or inquiry.flow.language).replace("-", "_")
    there = {key.partition("/")[2].replace("-", "_"): each for key, each in templates.items() if _is(key, name)}
    if wanted not in there:
        inquiry.say(
            "PT-FLOW-TEMPLATE",
            "the template `{name}` is not there in {language}",
            (*at, "language" if language else "name"),
            fix="it is there in {languages}",
            name=name,
            language=language or inquiry.flow.language,
            languages=", ".join(sorted(there)),
        )
        return
    _fits(inquiry, at, step, there[wanted])


def _is(key: str, name: str) -> bool:
    return key.partition("/")[0] == name


def _fits(inquiry: Inquiry, at: Path, step: Step, definition: Any) -> None:
    """It can be sent, and gets as many texts as it has places for them."""
    known: dict[str, Any] = definition if isinstance(definition, dict) else {"status": definition}
    name, status = getattr(step, "name", ""), str(known.get("status", "APPROVED")).upper()
    if status != "APPROVED":
        inquiry.say(
            "PT-FLOW-TEMPLATE",
            "the template `{name}` is {status} and cannot be sent",
            (*at, "name"),
            fix="pytake template show {name}",
            name=name,
            status=status,
        )
    wanted, given = known.get("params"), len(getattr(step, "params", ()))
    if wanted is not None and wanted != given:
        inquiry.say(
            "PT-FLOW-TEMPLATE",
            "the template `{name}` takes {wanted} texts and gets {given}",
            (*at, "params"),
            fix="pytake template show {name}",
            name=name,
            wanted=wanted,
            given=given,
        )


def called(step: Step) -> str:
    """The flow that a `call` or `goto_flow` names."""
    return _constant(getattr(step, "flow", None)) or ""


def _flow(inquiry: Inquiry, at: Path, step: Step) -> None:
    flows = inquiry.around.flows
    name = called(step)
    if flows is None or not name:
        return
    if name != inquiry.flow.name and name not in flows:
        _known(inquiry, at, step, "flow", {*flows, inquiry.flow.name}, "flow")
        return
    other = inquiry.flow if name == inquiry.flow.name else flows[name]
    handed = getattr(step, "with_", None) or {}
    for key in getattr(handed, "source", handed):
        if isinstance(key, str) and key not in other.vars:
            meant = near(key, other.vars)
            inquiry.say(
                "PT-FLOW-VAR",
                "the flow `{flow}` has no variable `{name}`",
                (*at, "with", key),
                at_key=True,
                fix="did you mean `{meant}`?" if meant else "",
                flow=name,
                name=key,
                meant=meant,
            )


def _numbers(inquiry: Inquiry) -> None:
    known = inquiry.around.numbers
    if known is None or not inquiry.read("scope"):
        return
    for index, name in enumerate(inquiry.flow.scope.numbers):
        if name not in known:
            meant = near(name, known)
            inquiry.say(
                "PT-FLOW-NUMBER",
                "there is no number `{name}`",
                ("scope", "numbers", index),
                fix="did you mean `{meant}`?" if meant else "pytake number list",
                name=name,
                meant=meant,
            )


def _at_once(flow: Flow) -> dict[str, list[str]]:
    """Flow -> the steps that call or go to it before anything was waited for."""
    leads: dict[str, list[str]] = {}
    for edge in edges(flow):
        step = flow.steps[edge.source]
        if edge.target not in OUTWARD and (step.verb not in RESTS or edge.way.kind == "skip"):
            leads.setdefault(edge.source, []).append(edge.target)
    found: dict[str, list[str]] = {}
    reached = reachable([flow.start], leads)
    for name, step in flow.steps.items():
        if name in reached and step.verb in ("call", "goto_flow"):
            found.setdefault(called(step), []).append(name)
    return found


def _recursion(inquiry: Inquiry) -> None:
    """Flows that lead back into this one before anybody was waited for never come to an end."""
    flows = {**(inquiry.around.flows or {}), inquiry.flow.name: inquiry.flow}
    leads = {name: [each for each in _at_once(flow) if each in flows] for name, flow in flows.items()}
    mine = _at_once(inquiry.flow)
    for name, steps in mine.items():
        if inquiry.flow.name in reachable([name], leads):
            inquiry.say(
                "PT-FLOW-RECURSION",
                "the flow comes back to itself without waiting: {chain}",
                ("steps", steps[0]),
                at_key=True,
                fix="put an `ask` or a `wait` before it",
                chain=" → ".join(dict.fromkeys((inquiry.flow.name, name))) + f" → {inquiry.flow.name}",
            )
            return
