"""Every request that is sent fits Meta's own API description; where that is wrong, openapi.py says what and why."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.whatsapp.corpus import needs_openapi, payloads
from tests.whatsapp.drafts import GOOD
from tests.whatsapp.openapi import CORRECTIONS, MARKETING, MESSAGES, UNDESCRIBED, complaints
from tests.whatsapp.samples import requests
from tests.whatsapp.test_numbers import CALLS

pytestmark = needs_openapi

TEMPLATES = "/{WABA-ID}/message_templates"
NUMBER = "/{Phone-Number-ID}"

# calls the description does not have, and why we make them
NOT_DESCRIBED: dict[str, str] = {
    "pass_control": "thread_control came with Meta Business Agent in 2026",
    "set_username": "its own edge since 2026; v23 has it as a member of the number",
    "subscribe_app": "a call of the app, in another description of Meta's",
}

# call -> its path in the description, where the samples' ids do not tell it
PATHS: dict[str, str] = {
    "/9/phone_numbers": "/{WABA-ID}/phone_numbers",
    "/9/subscribed_apps": "/{WABA-ID}/subscribed_apps",
    "/1": NUMBER,
}


def sent() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Every JSON body we send, by name: method, path in the description, body."""
    found: dict[str, tuple[str, str, dict[str, Any]]] = {}
    for name, body in requests().items():
        if body.get("type") not in UNDESCRIBED:
            found[f"message {name}"] = ("post", MARKETING if name == "marketing" else MESSAGES, body)
    for name, draft in GOOD.items():
        found[f"template {name}"] = ("post", TEMPLATES, draft)
    for name, (_, method, path, _, body) in CALLS.items():
        if body is not None and name not in NOT_DESCRIBED:
            found[f"call {name}"] = (method.lower(), PATHS.get(path, path.replace("/1/", NUMBER + "/")), body)
    return found


@pytest.mark.parametrize("name", sorted(sent()))
def test_a_request_fits_the_description(name: str) -> None:
    method, path, body = sent()[name]
    assert complaints(method, path, body) == []


def test_every_correction_of_the_description_is_needed() -> None:
    for wrong, _ in CORRECTIONS:
        assert any(complaints(*request, without=wrong) for request in sent().values()), wrong


def test_the_description_refuses_what_it_should() -> None:
    good = requests()["buttons"]
    for wrong in (
        {**good, "interactive": {**good["interactive"], "type": "carrier_pigeon"}},
        {**good, "colour": "red"},
        {key: value for key, value in good.items() if key != "to"},
        {**requests()["text"], "text": {"body": 7}},
    ):
        assert complaints("post", MESSAGES, wrong)


def test_the_descriptions_own_examples_fit_it_as_far_as_they_are_whole() -> None:
    unfit = {
        path.stem
        for path in payloads("requests/phone_number_id_messages")
        if complaints("post", MESSAGES, orjson.loads(path.read_bytes()))
    }
    assert len(unfit) < len(payloads("requests/phone_number_id_messages"))
