"""A headless Chromium, spoken to over its DevTools wire: a page, keys, what its sockets carry, and pictures."""

from __future__ import annotations

import base64
import itertools
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.kit.children import die_with_parent

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-extensions", "--remote-debugging-port=0", "--window-size=1200,800",
)  # fmt: skip
START_SECONDS = 60.0
Json = dict[str, Any]


class Browser:
    """with Browser(tmp_path) as page: page.go("http://127.0.0.1:8788/"); page.type("oi")."""

    def __init__(self, folder: Path) -> None:
        found = next((path for name in NAMES if (path := shutil.which(name))), None)
        if found is None:
            pytest.skip("there is no Chromium here")
        self._program, self._folder = found, folder
        self._serial = itertools.count(1)
        self.heard = ""  # what came over the page's own sockets
        self.answered: list[str] = []  # addresses that the page got something from

    def __enter__(self) -> Self:
        self._log = (self._folder / "chromium.log").open("w+")
        command = [self._program, *FLAGS, f"--user-data-dir={self._folder / 'profile'}", "about:blank"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, preexec_fn=die_with_parent,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self._folder)},
        )  # fmt: skip
        self._wire = connect(self._address(), max_size=None, open_timeout=START_SECONDS, proxy=None)
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        wire: ClientConnection | None = getattr(self, "_wire", None)
        if wire is not None:
            wire.close()
        self._process.terminate()
        self._process.wait(10)
        self._log.close()

    def _address(self) -> str:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if found := re.search(r"DevTools listening on (ws://\S+)", Path(self._log.name).read_text()):
                return found[1]
            time.sleep(0.1)
        raise AssertionError(f"Chromium does not start\n{Path(self._log.name).read_text()}")

    def go(self, url: str) -> None:
        self.ask("Page.navigate", {"url": url})

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.ask("Runtime.evaluate", {"expression": script, "returnByValue": True})["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """A key that is no letter: ("Enter", 13)."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        text = {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", {"type": "keyDown", **named, **text})
        self.ask("Input.dispatchKeyEvent", {"type": "keyUp", **named})

    def type(self, text: str) -> None:
        for letter in text:
            self.ask("Input.dispatchKeyEvent", {"type": "keyDown", "key": letter, "text": letter})
            self.ask("Input.dispatchKeyEvent", {"type": "keyUp", "key": letter})

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

    def until(self, *words: str, seconds: float = START_SECONDS) -> None:
        """Waits until all of these came over the page's sockets."""
        end = time.monotonic() + seconds
        while any(word not in self.heard for word in words):
            if time.monotonic() > end:
                raise AssertionError(f"{words} did not come:\n{self.heard[-4000:]}")
            self.ask("Runtime.evaluate", {"expression": "0"})  # whatever came meanwhile is taken on the way
            time.sleep(0.05)

    def ask(self, method: str, params: Json | None = None) -> Json:
        """A command to the page."""
        return self._ask(method, params or {}, sessionId=self._session)

    def _ask(self, method: str, params: Json, **more: str) -> Json:
        id_ = next(self._serial)
        self._wire.send(json.dumps({"id": id_, "method": method, "params": params, **more}))
        while True:
            told: Json = json.loads(self._wire.recv(START_SECONDS))
            if told.get("id") == id_:
                assert "error" not in told, f"{method}: {told['error']}"
                answer: Json = told["result"]
                return answer
            self._take(told)

    def _take(self, told: Json) -> None:
        match told.get("method"):
            case "Network.webSocketFrameReceived":
                frame = told["params"]["response"]
                data = base64.b64decode(frame["payloadData"]) if frame["opcode"] == 2 else frame["payloadData"].encode()
                self.heard += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", data.decode(errors="replace"))
            case "Network.responseReceived":
                self.answered.append(str(told["params"]["response"]["url"]))
