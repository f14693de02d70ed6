"""`pytake inbox --web` in Chromium: the inbox is drawn, keys reach it, and nothing is fetched from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from tests.kit.browser import Browser
from tests.kit.children import Child, environment, free_port, wait_until
from tests.kit.fake_api import TOKEN, FakeApi
from tests.kit.fake_world import World

PATIENCE = 60.0


def test_an_agent_answers_a_customer_in_a_browser(tmp_path: Path) -> None:
    with FakeApi(World(6)) as api:
        where = environment(tmp_path, PYTAKE_HOME=str(tmp_path / "home"), PYTAKE_SECRET_API_TOKEN=TOKEN)
        arguments = ["-m", "pytake_cli", "inbox", "--web", "--server", api.url, "--view", "all", "--lang", "en"]
        served = Child("web", [*arguments, "--port", str(free_port())], where, tmp_path)
        with served, Browser(tmp_path) as page:
            served.start()
            wait_until(lambda: "?secret=" in served.output(), PATIENCE)
            found = re.search(r"http://\S+\?secret=\S+", served.output())
            assert found is not None
            page.go(found[0])
            page.until("Marina", "● on", "write to the customer")
            assert "secret" not in page.run("location.href")
            assert page.answered
            assert all(url.startswith(("http://127.0.0.1:", "data:")) for url in page.answered)
            page.run("document.querySelector('textarea').focus()")
            page.press("Enter", 13)
            page.picture(tmp_path / "before.png")
            page.until("Esc leave")
            page.type("hello from the browser")
            page.until("hello from the browser")
            page.press("Enter", 13)
            wait_until(lambda: bool(api.world.sent), PATIENCE)
            assert [item["text"] for item in api.world.sent] == ["hello from the browser"]
            page.picture(tmp_path / "web.png")
            assert not served.exit_code
