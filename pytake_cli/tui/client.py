"""The API as async methods; whatever comes back is made safe here, once, before anybody draws it."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from json import loads
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import rows, timeline
from pytake_cli.tui.files import Attachment
from pytake_cli.tui.rows import Acted, Canned, Draft, Json, Me, Row, View
from pytake_cli.tui.safe import Safe, one_line, safe_json
from pytake_cli.tui.timeline import Item

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
PREFIX = "/api/v1"
TIMEOUT_SECONDS = 10.0
MANY_SECONDS = 180.0  # for the same with thousands: some 10 ms each on a quiet machine
NOT_NOW = (429, 503)  # refusals that pass by themselves


class Unreachable(Exception):
    """Nobody answers, or not in time; if it `went_out`, what was asked for may or may not have happened."""

    def __init__(self, why: str, *, went_out: bool = True) -> None:
        super().__init__(why)
        self.went_out = went_out


class Refused(Exception):
    """The API said no: what, why and what to do, in the person's language."""

    def __init__(self, status: int, problem: Json) -> None:
        problem = safe_json(problem)
        self.status = status
        self.slug = str(problem.get("slug") or f"HTTP-{status}")
        self.says: Safe = one_line(str(problem.get("detail") or problem.get("title") or f"HTTP {status}"))
        self.why: Safe = one_line(str(problem.get("why") or ""))
        self.fix: Safe = one_line(str(problem.get("fix") or ""))
        self.values: Json = problem.get("values") or {}
        super().__init__(self.slug)

    @property
    def told(self) -> Safe:
        """One sentence for a status line."""
        return Safe(f"{self.says} ({self.why})" if self.why else self.says)


def passes(error: Unreachable | Refused) -> bool:
    """True if the same request may be answered in a moment."""
    return isinstance(error, Unreachable) or error.status in NOT_NOW


@dataclass
class Login:
    """How the client proves who it is; `renew` gets a fresh access token, or None when somebody must log in again."""

    access: str
    renew: Callable[[], Awaitable[str | None]] | None = None
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def renewed(self, old: str) -> bool:
        """True once there is another token than `old`; many requests that fail together renew once."""
        async with self._renewing:
            if self.access != old:
                return True
            fresh = await self.renew() if self.renew else None
            if fresh is None:
                return False
            self.access = fresh
            return True

    def ends_within(self, seconds: float) -> bool:
        """True if the token says that it ends so soon; one that does not say lasts."""
        try:
            payload = self.access.split(".")[1]
            ends = loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
            return bool(ends - clock.now().timestamp() < seconds)
        except (ValueError, IndexError, KeyError, TypeError):
            return False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list, and how to get the next one."""

    items: tuple[T, ...]
    next: str | None
    total: int | None = None


class Client:
    """The daemon, spoken to over HTTP.

    client = Client("http://127.0.0.1:8787", Login(token))
    page = await client.conversations(view="mine")
    """

    def __init__(self, url: str, login: Login, *, org: str | None = None, language: str = "en") -> None:
        self.url, self.login, self.org = url.rstrip("/"), login, org
        self._headers = {"Accept-Language": language, **({"X-PyTake-Org": org} if org else {})}
        self._http: httpx.AsyncClient | None = None

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    # -- the wire ---------------------------------------------------------------------------------------------------

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Json | None = None,
        seconds: float = TIMEOUT_SECONDS,
        **params: Any,
    ) -> Any:
        """JSON of one request, every text in it still as it came; Refused or Unreachable."""
        response = await self._send(method, path, body, headers or {}, params, seconds=seconds)
        if response.status_code >= 400:
            raise Refused(response.status_code, _problem(response))
        return response.json() if response.content else None

    async def get(self, path: str, **params: Any) -> Any:
        """JSON of a GET with every text made safe: for screens that show what they get."""
        return safe_json(await self.ask("GET", path, **params))

    async def every(self, path: str, **params: Any) -> list[Json]:
        """What a list has on all its pages, with every text made safe."""
        items: list[Json] = []
        cursor: str | None = None
        while True:
            page = await self.get(path, **params, cursor=cursor)
            items += page["items"]
            cursor = page.get("next")
            if cursor is None:
                return items

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Safe JSON of a POST; `key` makes it safe to repeat."""
        return safe_json(await self.ask("POST", path, body=body or {}, headers=_keyed(key)))

    async def change(self, method: str, path: str, body: Any = None, *, version: int | str | None = None) -> Any:
        """Safe JSON of a PUT, PATCH or DELETE, refused when what is there is no longer `version`."""
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return safe_json(await self.ask(method, path, body=body, headers=headers))

    async def upload(self, file: Attachment, number: int | None) -> int:
        """Takes a file to the server, which looks at its content; the id that a message names."""
        try:
            content = await asyncio.to_thread(file.path.read_bytes)
        except OSError as error:
            says = _("the file {name} cannot be read").format(name=file.name)
            raise Refused(0, {"slug": "PT-INBOX-FILE", "detail": says}) from error
        params = {"kind": file.kind, "name": file.path.name[:200], "number": number}
        response = await self._send("POST", "/media", None, {}, params, content=content)
        if response.status_code >= 400:
            raise Refused(response.status_code, _problem(response))
        return int(response.json()["id"])

    async def download(self, path: str) -> bytes:
        response = await self._send("GET", path, None, {}, {})
        if response.status_code >= 400:
            raise Refused(response.status_code, _problem(response))
        return response.content

    async def _send(
        self,
        method: str,
        path: str,
        body: Any,
        headers: Json,
        params: Json,
        *,
        content: bytes | None = None,
        seconds: float = TIMEOUT_SECONDS,
    ) -> httpx.Response:
        import httpx

        if self._http is None:
            # Beside us nobody is asked for a certificate: those of the world's authorities take 3 MB.
            verify = self.url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._http = httpx.AsyncClient(
                base_url=self.url + PREFIX, timeout=TIMEOUT_SECONDS, trust_env=False, verify=verify
            )
        params = {key: value for key, value in params.items() if value is not None}
        for attempt in (1, 2):
            token = self.login.access
            sent = {**self._headers, **headers, "Authorization": f"Bearer {token}"}
            try:
                json = body if method != "GET" and content is None else None
                patience = httpx.Timeout(seconds, connect=TIMEOUT_SECONDS)
                response = await self._http.request(
                    method, path, json=json, content=content, params=params, headers=sent, timeout=patience
                )
            except (httpx.HTTPError, OSError) as error:
                before = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
                raise Unreachable(type(error).__name__, went_out=not isinstance(error, before)) from error
            if response.status_code != 401 or attempt == 2 or not await self.login.renewed(token):
                break
        if response.status_code in (502, 503, 504) and not response.headers.get("content-type", "").startswith(
            "application/problem"
        ):
            raise Unreachable(str(response.status_code))
        return response

    # -- who ---------------------------------------------------------------------------------------------------------

    async def me(self) -> Me:
        return rows.me(await self.ask("GET", "/me"))

    async def availability(self, value: str) -> Me:
        return rows.me(await self.ask("PATCH", "/me", body={"availability": value}))

    # -- conversations -----------------------------------------------------------------------------------------------

    async def views(self) -> list[View]:
        return [rows.view(each) for each in (await self.ask("GET", "/views"))["items"]]

    async def conversations(
        self,
        *,
        view: str | None = None,
        where: str | None = None,
        order: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Row]:
        json = await self.ask(
            "GET", "/conversations", view=view, where=where or None, order=order, cursor=cursor, limit=limit
        )
        return Page(tuple(rows.row(each) for each in json["items"]), json.get("next"), json.get("total"))

    async def conversation(self, id_: int) -> Row:
        return rows.row(await self.ask("GET", f"/conversations/{id_}"))

    async def open(self, phone: str) -> Row:
        """The conversation that goes on with that number, or a new one."""
        return rows.row(await self.ask("POST", "/conversations", body={"phone": phone}))

    async def timeline(self, id_: int, *, before: str | None = None, limit: int = 200) -> Page[Item]:
        json = await self.ask("GET", f"/conversations/{id_}/timeline", before=before, limit=limit)
        now = clock.now()
        return Page(tuple(timeline.item(each, now) for each in json["items"]), json.get("next"))

    async def card(self, id_: int) -> Json:
        """The contact beside a conversation: safe JSON."""
        answer: Json = await self.get(f"/conversations/{id_}/contact")
        return answer

    async def send(self, id_: int, body: Json, *, key: str) -> Item:
        """A message, template or reaction; repeating it with the same key sends nothing twice."""
        json = await self.ask("POST", f"/conversations/{id_}/messages", body={**body, "client_id": key})
        return timeline.item(json, clock.now())

    async def note(self, id_: int, body: str, *, key: str) -> Item:
        json = await self.ask("POST", f"/conversations/{id_}/notes", body={"body": body, "client_id": key})
        return timeline.item(json, clock.now())

    async def retry(self, id_: int, message: int) -> Item:
        json = await self.ask("POST", f"/conversations/{id_}/messages/{message}/retry", body={})
        return timeline.item(json, clock.now())

    async def act(self, id_: int, action: str, **arguments: Any) -> Acted:
        """An action on one conversation: claim, assign, resolve, snooze …"""
        body = {"action": action, **arguments}
        return rows.acted(await self.ask("POST", f"/conversations/{id_}/actions", body=body))

    async def bulk(self, ids: Sequence[int], action: str, **arguments: Any) -> Json:
        """The same action on many: `{"batch", "done", "skipped"}`, safe."""
        body = {"ids": list(ids), "action": action, **arguments}
        answer: Json = safe_json(await self.ask("POST", "/bulk", body=body, seconds=MANY_SECONDS))
        return answer

    async def undo(self, *, change: int | None = None, batch: int | None = None) -> Json:
        body = {"change": change} if change is not None else {"batch": batch}
        seconds = TIMEOUT_SECONDS if batch is None else MANY_SECONDS
        answer: Json = safe_json(await self.ask("POST", "/undo", body=body, seconds=seconds))
        return answer

    # -- drafts and ready answers ------------------------------------------------------------------------------------

    async def draft(self, id_: int) -> Draft | None:
        return rows.draft(await self.ask("GET", f"/conversations/{id_}/draft"))

    async def save_draft(self, id_: int, draft: Draft) -> None:
        if draft.text.strip():
            body = {"text": draft.text, "mode": draft.mode, "reply_to": draft.reply_to}
            await self.ask("PUT", f"/conversations/{id_}/draft", body=body)
        else:
            await self.ask("DELETE", f"/conversations/{id_}/draft")

    async def canned(self, q: str, conversation: int) -> list[Canned]:
        json = await self.ask("GET", "/canned", q=q, conversation=conversation)
        return [rows.canned(each) for each in json["items"]]


def _keyed(key: str | None) -> Json:
    return {"Idempotency-Key": key} if key else {}


def _problem(response: httpx.Response) -> Json:
    try:
        json = response.json()
    except ValueError:
        return {}
    return json if isinstance(json, dict) else {}
