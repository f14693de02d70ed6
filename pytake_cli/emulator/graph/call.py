"""One request to the Graph API as its handlers see it, and the answers they give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, MultipartReader, web

from pytake_cli.emulator.errors import GraphError, missing

if TYPE_CHECKING:
    from pytake_cli.emulator.sent import Sent
    from pytake_cli.emulator.world import World


@dataclass(slots=True)
class Reply:
    """An answer that is not simply a JSON object with 200."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """The uploaded part of a form."""

    data: bytes
    mime_type: str
    name: str


class Call:
    """Method, path, parameters and body; parameters come from the query and from JSON or form bodies alike."""

    __slots__ = (
        "_body",
        "_query",
        "edge",
        "message",
        "method",
        "node",
        "query_string",
        "request",
        "rest",
        "token",
        "version",
        "world",
    )

    def __init__(
        self, world: World, request: web.BaseRequest, version: str, parts: list[str], query_string: str
    ) -> None:
        self.world = world
        self.request = request
        self.method = request.method
        self.version = version
        self.node = parts[0] if parts else ""
        self.edge = parts[1] if len(parts) > 1 else ""
        self.rest = parts[2:]
        self.query_string = query_string
        self.token = ""
        self.message: Sent | None = None  # what a send was accepted as
        self._query: dict[str, str] | None = None
        self._body: dict[str, Any] | None = None

    @property
    def query(self) -> dict[str, str]:
        if self._query is None:
            self._query = dict(parse_qsl(self.query_string, keep_blank_values=True))
        return self._query

    async def json(self) -> Any:
        """The body as JSON, whatever its type is; code 100 when it is not JSON."""
        raw = await self.request.read()
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise GraphError(100, "The request body is not valid JSON.", message="(#100) Invalid parameter") from None

    async def parameters(self) -> dict[str, Any]:
        """Query parameters and the members of a JSON or form body together."""
        if self._body is None:
            self._body = await self._read_body()
        return {name: _decoded(value) for name, value in {**self.query, **self._body}.items()}

    async def _read_body(self) -> dict[str, Any]:
        raw = await self.request.read()
        if not raw.strip():
            return {}
        if self.request.content_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        value = await self.json()
        if isinstance(value, str):  # some clients encode their JSON twice
            value = _decoded(value)
        return value if isinstance(value, dict) else {}

    async def form(self) -> tuple[dict[str, str], File | None]:
        """The fields of a multipart form, and the part named `file`."""
        fields: dict[str, str] = {}
        file: File | None = None
        if not self.request.content_type.startswith("multipart/"):
            return fields, None
        async for part in MultipartReader(self.request.headers, self.request.content):
            if not isinstance(part, BodyPartReader):
                continue
            if part.name == "file":
                data = bytes(await part.read(decode=False))
                file = File(data, part.headers.get("Content-Type", ""), part.filename or "")
            elif part.name:
                fields[part.name] = await part.text()
        return fields, file

    async def required(self, *names: str) -> list[Any]:
        parameters = await self.parameters()
        for name in names:
            if parameters.get(name) in (None, ""):
                raise missing(name)
        return [parameters[name] for name in names]

    @property
    def base_url(self) -> str:
        return f"http://{self.request.host}"

    @property
    def now(self) -> float:
        return self.world.timeline.now()


def _decoded(value: Any) -> Any:
    """Graph takes lists and objects as JSON text wherever it takes a parameter."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


SUCCESS: dict[str, Any] = {"success": True}
