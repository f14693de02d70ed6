"""The FastAPI app: all routers, and what becomes of errors."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException

from pytake_cli import __version__, clock
from pytake_cli.api.asgi import App
from pytake_cli.api.v1 import ROOT, misfits, problems
from pytake_cli.api.v1.office import Office
from pytake_cli.api.v1.once import Replayed
from pytake_cli.api.v1.routers import ROUTERS
from pytake_cli.api.v1.routes import Problem
from pytake_cli.errors import Conflict, InvalidData, NotFound, PytakeError, UsageError

log = logging.getLogger(__name__)


def build(office: Office) -> App:
    """The app with every route."""
    app = FastAPI(
        title="PyTake",
        version=__version__,
        openapi_url=f"{ROOT}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: f"{(route.tags or ['pytake'])[0]}_{route.name}",
    )
    app.state.office = office
    for router in ROUTERS:
        app.include_router(router, prefix=ROOT)
    app.add_exception_handler(PytakeError, _told)
    app.add_exception_handler(RequestValidationError, _misfit)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(Replayed, _replayed)
    app.add_exception_handler(IntegrityError, _rivalled)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return _Caught(app)


class _Caught:
    """Bugs become an answer with an id; the traceback goes to the log only."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        started = False

        async def watched(message: Any) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # the worker loop of requests: one bug must not be the end of the others
            where = clock.new_id()[:12]
            log.error("api failed", extra={"bug": where, "path": scope["path"]}, exc_info=error)
            if not started:
                bug = PytakeError(
                    "PT-BUG", "something failed that should not have: {bug}", fix="pytake logs tail", bug=where
                )
                await _answer(bug)(scope, receive, send)


def _answer(error: PytakeError, flaws: list[dict[str, Any]] | None = None) -> JSONResponse:
    return JSONResponse(
        problems.content(error, flaws or ()),
        error.http_status,
        headers=problems.headers(error),
        media_type=problems.KIND.decode(),
    )


async def _told(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PytakeError)
    return _answer(error)


async def _misfit(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    flaws = [{"at": ".".join(map(str, each["loc"])), "says": misfits.says(each)} for each in error.errors()]
    told = InvalidData(
        "PT-API-BODY", "the request does not fit: {at}", fix="the document at /api/v1/openapi.json", at=flaws[0]["at"]
    )
    return _answer(told, flaws)


async def _no_route(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _answer(
            NotFound("PT-API-PATH", "there is nothing at {path}", fix=f"{ROOT}/openapi.json", path=request.url.path)
        )
    told = _answer(UsageError("PT-API-REQUEST", "{reason}", fix=f"{ROOT}/openapi.json", reason=error.detail))
    told.status_code = error.status_code
    told.headers.update(error.headers or {})
    return told


async def _replayed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Replayed)
    return JSONResponse(error.body, error.status, headers={"idempotent-replayed": "true"})


async def _rivalled(_request: Request, error: Exception) -> JSONResponse:
    """Of two who make the same at the same moment, the database takes one (PostgreSQL: SQLite has one writer)."""
    assert isinstance(error, IntegrityError)
    if type(error.orig).__name__ != "UniqueViolation":
        raise error
    return _answer(
        Conflict("PT-API-RIVAL", "somebody else did the same at the same moment", fix="read it again, and change that")
    )


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the login and the error model that all routes share."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes)
        parts = made.setdefault("components", {})
        parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        for name, schema in parts["schemas"]["Problem"].pop("$defs", {}).items():
            parts["schemas"][name] = schema
        parts["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"bearer": []}]
        app.openapi_schema = made
    return app.openapi_schema
