"""The webhooks of `pytake trigger`: each is one that Meta could post."""

from __future__ import annotations

import orjson
import pytest

from pytake_cli.cli import triggers
from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.whatsapp import webhooks

SCENE = triggers.Scene(
    waba_id="1000000000001",
    phone_number_id="2000000000001",
    display="+551140001234",
    phone="5511968184101",
    name="Karina Silva",
    wamid=triggers.wamid("one"),
    about=triggers.wamid("another"),
    timestamp=1795359600,
)
CLASS_OF = {
    "message": (webhooks.Incoming, webhooks.Echo),
    "status": (webhooks.Status,),
    "preference": (webhooks.Preference,),
    "template": (webhooks.AccountEvent,),
    "number": (webhooks.AccountEvent,),
    "account": (webhooks.AccountEvent,),
}


@pytest.mark.parametrize("event", sorted(triggers.EVENTS))
def test_every_event_is_understood_as_what_it_is_called(event: str) -> None:
    kind, _ = triggers.find(event)
    (update,) = webhooks.parse(orjson.dumps(triggers.envelope(kind, SCENE, [])))
    assert isinstance(update, CLASS_OF[event.split(".")[0]])
    if isinstance(update, webhooks.Incoming):
        assert update.phone_number_id == SCENE.phone_number_id
        assert update.wamid == SCENE.wamid


def test_an_error_code_goes_into_the_failed_status() -> None:
    kind, code = triggers.find("status.failed:131047")
    assert code == 131047
    import dataclasses

    scene = dataclasses.replace(SCENE, code=code)
    (update,) = webhooks.parse(orjson.dumps(triggers.envelope(kind, scene, [])))
    assert isinstance(update, webhooks.Status)
    assert [error.code for error in update.errors] == [131047]


def test_a_path_changes_what_it_leads_to() -> None:
    kind, _ = triggers.find("message.text")
    changes = [
        ("messages.0.text.body", "quero a 2ª via"),
        ("contacts.0.profile.name", "Zé"),
        ("messages.0.new.deep", 1),
    ]
    body = triggers.envelope(kind, SCENE, changes)
    (update,) = webhooks.parse(orjson.dumps(body))
    assert isinstance(update, webhooks.Incoming)
    assert (update.text, update.sender.name) == ("quero a 2ª via", "Zé")
    assert body["entry"][0]["changes"][0]["value"]["messages"][0]["new"] == {"deep": 1}


@pytest.mark.parametrize("path", ["messages.9.text", "messages.x.text", "messages.0.text.body.deeper"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    kind, _ = triggers.find("message.text")
    with pytest.raises(InvalidData):
        triggers.envelope(kind, SCENE, [(path, "x")])


@pytest.mark.parametrize(("event", "error"), [("message.txt", NotFound), ("status.failed:x", InvalidData)])
def test_an_unknown_event_is_refused_with_what_comes_near(event: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        triggers.find(event)
