"""Messages of every kind through the API of a daemon that runs, down to what Meta was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.api.v1.test_nouns import PNG, ok
from tests.daemon.test_api import token
from tests.kit.children import wait_until
from tests.kit.home import Home, running

CUSTOMER = "5511968184101"
RIGHTS = [
    "contacts:read", "contacts:write", "conversations:read", "conversations:write", "templates:read",
    "templates:write",
]  # fmt: skip


def given(home: Home, kind: str) -> dict[str, Any]:
    """The message of that kind that the emulator took, once it has."""
    found: list[dict[str, Any]] = []

    def came() -> bool:
        found[:] = [each["body"] for each in home.emulator.get("messages?limit=50") if each["type"] == kind]
        return bool(found)

    wait_until(came, 20.0, every=0.1)
    return found[0]


def test_text_quote_template_file_and_reaction_reach_meta_as_they_were_meant(tmp_path: Path) -> None:
    with running(tmp_path / "shop", acknowledgement="") as home:
        bearer = token(home, *RIGHTS)
        home.emulator.say(CUSTOMER, "tem preto?")
        with httpx.Client(base_url=f"{home.daemon.url}/api/v1", timeout=20.0) as client:
            client.headers["authorization"] = f"Bearer {bearer}"
            wait_until(lambda: bool(ok(client.get("/conversations"))["items"]), 20.0, every=0.2)
            talk = f"/conversations/{ok(client.get('/conversations'))['items'][0]['id']}"
            [asked] = ok(client.get(f"{talk}/timeline"))["items"]
            _write(client, talk, text="temos, sim", reply_to=asked["message"])
            _write(client, talk, reaction={"message": asked["message"], "emoji": "❤"})
            file = client.post("/media", params={"kind": "image", "name": "p.png"}, content=PNG)
            _write(client, talk, media={"upload": ok(file, 201)["id"], "caption": "este"})
            assert ok(client.post("/templates/pull", json={}))["added"] > 0
            _write(client, talk, template={"name": "hello_world"})
            text, image = given(home, "text"), given(home, "image")
            assert (text["text"]["body"], text["context"]["message_id"]) == ("temos, sim", _wamid(home))
            assert given(home, "reaction")["reaction"] == {"message_id": _wamid(home), "emoji": "❤"}
            assert (image["image"]["caption"], bool(image["image"]["id"])) == ("este", True)
            assert given(home, "template")["template"]["name"] == "hello_world"
            wait_until(lambda: _arrived(client, talk), 20.0, every=0.2)


def _write(client: httpx.Client, talk: str, **body: Any) -> None:
    """Twice with one key: once is enough."""
    headers = {"idempotency-key": f"k-{sorted(body)}"}
    first = client.post(f"{talk}/messages", json=body, headers=headers)
    again = client.post(f"{talk}/messages", json=body, headers=headers)
    assert ok(again, 201)["message"] == ok(first, 201)["message"]
    assert again.headers["idempotent-replayed"] == "true"


def _wamid(home: Home) -> str:
    from sqlmodel import select

    from pytake_cli.store.messages import Message

    with home.store() as store, store.read(home.org_id) as db:
        return str(db.exec(select(Message.wamid).where(Message.direction == "in")).one())


def _arrived(client: httpx.Client, talk: str) -> bool:
    sent = [each for each in ok(client.get(f"{talk}/timeline"))["items"] if each.get("direction") == "out"]
    return len(sent) >= 3 and all(each["status"] in ("sent", "delivered", "read") for each in sent)
