"""pywa, pointed at an emulator in another process, and its webhook server, in a thread of this one."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from pytake_cli.emulator import defaults
from tests.kit.patience import PATIENCE

# pywa's modules do not export their names in the way strict typing wants, so they come in as Any
pywa: Any = importlib.import_module("pywa")
pywa_async: Any = importlib.import_module("pywa_async")
errors: Any = importlib.import_module("pywa.errors")
types: Any = importlib.import_module("pywa.types")
templates: Any = importlib.import_module("pywa.types.templates")
flows: Any = importlib.import_module("pywa.types.flows")
system: Any = importlib.import_module("pywa.types.system")

ROOT = Path(__file__).parents[2]
META = ("graph.facebook.com", "api.facebook.com")


class ToEmulator(httpx.HTTPTransport):
    """Sends what is meant for Meta's hosts to the emulator; pywa's own base URL cannot be chosen."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._target = httpx.URL(url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        redirect(request, self._target)
        return super().handle_request(request)


class ToEmulatorAsync(httpx.AsyncHTTPTransport):
    """The same for pywa's asynchronous client."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._target = httpx.URL(url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        redirect(request, self._target)
        return await super().handle_async_request(request)


def redirect(request: httpx.Request, target: httpx.URL) -> None:
    if request.url.host in META:
        request.url = request.url.copy_with(scheme=target.scheme, host=target.host, port=target.port)
        request.headers["Host"] = f"{target.host}:{target.port}"


class EmulatorProcess:
    """An emulator as a process of its own, and its control API."""

    def __init__(self, *settings: str) -> None:
        chosen = [part for setting in settings for part in ("--set", setting)]
        command = [sys.executable, "-m", "pytake_cli.emulator", "--port", "0", "--seed", "7", *chosen]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[1]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def control(self, name: str, /, **body: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_emulator/{name}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def last_body(self) -> dict[str, Any]:
        """What the emulator accepted last, as it came in."""
        with urllib.request.urlopen(f"{self.url}/_emulator/messages?limit=1", timeout=10) as answer:
            body = json.load(answer)[0]["body"]
        assert isinstance(body, dict)
        return body


@contextmanager
def client(url: str, **more: Any) -> Iterator[Any]:
    """pywa's client, with its connections closed at the end."""
    session = httpx.Client(transport=ToEmulator(url))
    yield pywa.WhatsApp(
        phone_id=defaults.PHONE_NUMBER_ID,
        token="any",
        waba_id=defaults.WABA_ID,
        app_id=int(defaults.APP_ID),
        app_secret=defaults.APP_SECRET,
        session=session,
        **more,
    )
    session.close()


class PywaServer:
    """pywa's webhook routes in a FastAPI app, served by uvicorn; `updates` is what its handlers were given."""

    def __init__(self, emulator: EmulatorProcess) -> None:
        self.app = FastAPI()
        self._client = client(
            emulator.url, server=self.app, verify_token=defaults.VERIFY_TOKEN, webhook_endpoint="/hook"
        )
        self.wa = self._client.__enter__()
        self.updates: list[Any] = []
        self.raw: list[Any] = []
        self.wa.on_raw_update(lambda _, raw: self.raw.append(raw))
        config = uvicorn.Config(self.app, port=0, log_level="warning", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        self.until(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/hook"

    def keep(self, update: Any) -> None:
        self.updates.append(update)

    def until(self, done: Callable[[], bool], timeout_seconds: float = 5.0) -> None:
        end = time.monotonic() + timeout_seconds * PATIENCE
        while not done():
            assert time.monotonic() < end, (
                f"nothing came within {timeout_seconds} s; the last was {str(self.raw[-1:])[:600]}"
            )
            time.sleep(0.005)

    def next(self) -> Any:
        """The oldest update not looked at yet."""
        self.until(lambda: bool(self.updates))
        return self.updates.pop(0)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(5)
        self._client.__exit__(None, None, None)


@contextmanager
def running(*settings: str) -> Iterator[EmulatorProcess]:
    emulator = EmulatorProcess(*settings)
    try:
        yield emulator
    finally:
        emulator.stop()
