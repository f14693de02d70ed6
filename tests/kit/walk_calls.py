"""The outside services of walked flows: a local HTTP server that answers each customer's calls as the talk says."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from pytake_cli.flow.testing.expectations import fits, holds
from pytake_cli.flow.testing.testfile import Answer

PATIENCE_SECONDS = 60.0  # until the talk has reached the line that answers
SILENCE_SECONDS = 45.0  # longer than any call waits
_URL = re.compile(r"(url: *'?)https://([a-z.]*example\.com)")


class Desk:
    """One customer's calls: what the talk answers next, and what was not as it says."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self._answers: deque[Answer] = deque()
        self._given: dict[str, Answer] = {}  # a repeated request gets the same answer
        self._changed = threading.Condition()
        self._taken = 0

    def expect(self, answer: Answer) -> None:
        """The next call is answered so; returns when it has come."""
        with self._changed:
            wanted = self._taken + 1
            self._answers.append(answer)
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._taken >= wanted, PATIENCE_SECONDS):
                self._answers.clear()
                self.wrong.append(f"no call came: {answer.match or 'http'}")

    def answer(self, called: str, sent: Any) -> Answer:
        key = f"{called}\n{json.dumps(sent, sort_keys=True)}"
        with self._changed:
            fresh = self._changed.wait_for(lambda: bool(self._answers), 0.0 if key in self._given else PATIENCE_SECONDS)
            if not fresh:
                if key not in self._given:
                    self.wrong.append(f"a call that nobody expected: {called}")
                return self._given.get(key, Answer(reply={"status": 500}))
            answer = self._given[key] = self._answers.popleft()
            if not fits(answer.match, called):
                self.wrong.append(f"the call is {called}, not {answer.match}")
            if answer.sends is not None and not holds(sent, answer.sends):
                self.wrong.append(f"the call sends {sent}, not {answer.sends}")
            self._taken += 1
            self._changed.notify_all()
            return answer


class Outside(ThreadingHTTPServer):
    """Listens on 127.0.0.1; a path begins with the customer's phone and the host that the flow names."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.desks: dict[str, Desk] = {}
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def redirected(self, source: str) -> str:
        """The flow's text with its calls coming here."""
        return _URL.sub(rf"\1http://127.0.0.1:{self.server_port}/{{{{ contact.phone }}}}/\2", source)


class _Handler(BaseHTTPRequestHandler):
    server: Outside

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has
        pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, phone, rest = unquote(self.path).split("/", 2)
        desk = self.server.desks.get(phone.strip("+ "))
        if desk is None:
            self.send_error(404)
            return
        answer = desk.answer(f"{self.command} https://{rest}", json.loads(body) if body else None)
        if answer.fail is not None:
            self._say_nothing()
            return
        reply = answer.reply or {}
        data = json.dumps(reply["json"]).encode() if "json" in reply else str(reply.get("text", "")).encode()
        self.send_response(int(reply.get("status", 200)))
        self.send_header("Content-Type", "application/json" if "json" in reply else "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _say_nothing(self) -> None:
        end = time.monotonic() + SILENCE_SECONDS
        while time.monotonic() < end and not self.server.closing.wait(0.5):
            pass
        self.close_connection = True
