"""Logins at daemons, kept like secrets: where one is logged in, which login counts, and how it is renewed.

    {"server": "https://pytake.loja.com.br", "who": "ana@loja.com.br", "org": "", "access": "eyJ…", "refresh": "k3…"}

The login with an API token has it as `access`, and no `refresh`.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytake_cli import secrets, settings
from pytake_cli.cli.context import context
from pytake_cli.errors import (
    AuthError,
    Conflict,
    DaemonDown,
    Forbidden,
    InvalidData,
    LimitReached,
    NotFound,
    PytakeError,
    UpstreamError,
    UsageError,
)
from pytake_cli.locale import language

if TYPE_CHECKING:
    import httpx

# status of an answer -> the error that it is here
KINDS: dict[int, type[PytakeError]] = {
    400: UsageError,
    401: AuthError,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: InvalidData,
    429: LimitReached,
    503: DaemonDown,
}
SECRET = "login"  # noqa: S105 - what it is called


@dataclass(frozen=True, slots=True)
class Saved:
    """A login at one server."""

    server: str
    who: str
    org: str
    access: str
    refresh: str = ""

    @property
    def name(self) -> str:
        """What the login is called: the server without what cannot be in the name of a secret."""
        return _name(self.server)


def check_server(url: str) -> str:
    """An address of a daemon; refused when passwords would go over the network in the clear."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise UsageError("PT-AUTH-SERVER", "{url} is no address of a daemon", fix="--server https://HOST", url=url)
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise UsageError(
            "PT-AUTH-PLAIN",
            "{url} is not encrypted: everybody on the way would read the password",
            fix="--server https://{host}",
            url=url,
            host=parts.netloc,
        )
    return f"{parts.scheme}://{parts.netloc}"


def saved() -> list[Saved]:
    """Every login, by name."""
    return [Saved(**json.loads(text)) for name in secrets.scopes(SECRET) if (text := secrets.get(SECRET, name))]


def current(server: str | None = None) -> Saved:
    """The login that counts: at `server`, else the one switched to, else the only one. Raises AuthError."""
    known = {each.name: each for each in saved()}
    wanted = _name(check_server(server)) if server else _switched_to()
    if not server and wanted not in known and len(known) == 1:
        return next(iter(known.values()))
    if wanted not in known:
        raise AuthError("PT-AUTH-NONE", "you are not logged in", fix="pytake auth login")
    return known[wanted]


def keep(login: Saved) -> str:
    """Keeps a login, which counts from now on; returns where: keyring or file."""
    where = secrets.put(SECRET, json.dumps(asdict(login)), login.name)
    switch_to(login.name)
    return where


def forget(login: Saved) -> None:
    secrets.delete(SECRET, login.name)


def switch_to(name: str) -> None:
    file = settings.paths().state / "login"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text(name, encoding="utf-8")


def find(words: str) -> Saved:
    """The login whose server is called so."""
    for each in saved():
        if words in (each.name, each.server, urlsplit(each.server).hostname):
            return each
    raise NotFound("PT-AUTH-NO-LOGIN", "there is no login at {server}", fix="pytake auth status", server=words)


def renew(login: Saved) -> Saved:
    """New tokens for a login, kept at once: the refresh token from before is used up."""
    if not login.refresh:
        raise AuthError("PT-AUTH-NONE", "you are not logged in", fix="pytake auth login")
    given = call(login.server, "POST", "/auth/refresh", json={"refresh_token": login.refresh})
    fresh = replace(login, access=given["access_token"], refresh=given["refresh_token"])
    secrets.put(SECRET, json.dumps(asdict(fresh)), fresh.name)
    return fresh


def ask(login: Saved, method: str, path: str, **body: Any) -> Any:
    """A request with a login, which is renewed when the server says so."""
    try:
        return call(login.server, method, path, bearer=login.access, org=login.org, **body)
    except AuthError:
        return call(login.server, method, path, bearer=renew(login).access, org=login.org, **body)


def call(server: str, method: str, path: str, *, bearer: str = "", org: str = "", **body: Any) -> Any:
    """One request to the API; its answer as JSON, or the error that the server told."""
    import httpx

    headers: dict[str, str] = {"accept-language": language()}
    if bearer:
        headers["authorization"] = f"Bearer {bearer}"
    if org:
        headers["x-pytake-org"] = org
    try:
        answer = httpx.request(
            method, f"{server}/api/v1{path}", headers=headers, timeout=context().timeout_seconds, **body
        )
    except httpx.HTTPError as error:
        raise DaemonDown(
            "PT-AUTH-UNREACHED",
            "{server} does not answer: {reason}",
            fix="pytake serve",
            server=server,
            reason=str(error) or type(error).__name__,
        ) from error
    if answer.is_success:
        return answer.json() if answer.content else None
    raise _told(server, answer)


def _told(server: str, answer: httpx.Response) -> PytakeError:
    """The server's own error, of the kind that has its status."""
    try:
        problem = answer.json()
        slug, text, fix = str(problem["slug"]), str(problem["detail"]), str(problem.get("fix", ""))
    except (ValueError, KeyError, TypeError):
        return UpstreamError("PT-AUTH-ANSWER", "{server} is no daemon of PyTake", fix="--server URL", server=server)
    kind = KINDS.get(answer.status_code, UpstreamError)
    return kind(slug, "{text}", fix="{todo}" if fix else "", text=text, todo=fix)


def _switched_to() -> str:
    try:
        return (settings.paths().state / "login").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _name(server: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", urlsplit(server).netloc)[:64].strip("-")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
