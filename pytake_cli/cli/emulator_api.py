"""The running emulator as commands see it: where it is, and calls to its control API."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from pytake_cli import settings
from pytake_cli.cli.context import context
from pytake_cli.errors import SLUGS, Conflict, DaemonDown, InvalidData, NotFound
from pytake_cli.nearby import emulator_url


def run_directory() -> Path:
    return settings.paths().run


def look(name: str = "", **query: Any) -> Any:
    """A question to the control API."""
    asked = {key: value for key, value in query.items() if value is not None}
    return _call("GET", name + ("?" + urllib.parse.urlencode(asked) if asked else ""), None)


def ask(name: str, /, **body: Any) -> Any:
    """A change through the control API; members that are None are left out."""
    return _call("POST", name, {key: value for key, value in body.items() if value is not None})


def drop(name: str, /, **query: Any) -> Any:
    asked = {key: value for key, value in query.items() if value is not None}
    return _call("DELETE", name + ("?" + urllib.parse.urlencode(asked) if asked else ""), None)


def is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_emulator", timeout=2) as answer:  # noqa: S310 - an address of ours
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _call(method: str, path: str, body: dict[str, Any] | None) -> Any:
    address = emulator_url()
    _refuse_stranger(address)
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/_emulator/{path}", data, headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=context().timeout_seconds) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error) from None
    except (OSError, ValueError) as error:
        raise DaemonDown(
            "PT-EMULATOR-DOWN",
            "no emulator answers at {url}",
            why="{reason}",
            fix="pytake emulator start",
            url=address,
            reason=str(getattr(error, "reason", error)),
        ) from error


def _refuse_stranger(address: str) -> None:
    """What listens at our address may be the emulator of another home, and its customers are not ours."""
    try:
        with urllib.request.urlopen(f"{address}/_emulator", timeout=context().timeout_seconds) as answer:  # noqa: S310
            home = str(json.load(answer).get("home") or "")
    except (OSError, ValueError, AttributeError):
        return  # the call itself tells what is wrong
    if home and home != str(run_directory()):
        raise Conflict(
            "PT-EMULATOR-FOREIGN",
            "the emulator at {url} belongs to another home",
            why="that one is {home}, this one {own}",
            fix="pytake emulator start --port 0",
            url=address,
            home=Path(home).parent,
            own=run_directory().parent,
        )


def _refusal(error: urllib.error.HTTPError) -> InvalidData | NotFound:
    try:
        answer = json.load(error)
    except ValueError:
        answer = {}
    kind = NotFound if error.code == 404 else InvalidData
    values = answer.get("values")
    if answer.get("error") in SLUGS and isinstance(values, dict):  # one of ours: told as if it had happened here
        why, fix = (str(answer.get(name) or "") for name in ("why", "fix"))
        return kind(str(answer["error"]), str(answer.get("template")), why=why, fix=fix, **values)
    return kind(
        "PT-EMULATOR-REFUSED",
        "the emulator says: {text}",
        why=str(answer.get("why") or "").replace("{", "{{").replace("}", "}}"),
        fix=str(answer.get("fix") or "").replace("{", "{{").replace("}", "}}"),
        text=str(answer.get("message") or f"HTTP {error.code}"),
    )
