"""Every real payload beside the project is understood: the right kind of update, from the right person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from pytake_cli.whatsapp import templates
from pytake_cli.whatsapp.failures import refusal
from pytake_cli.whatsapp.messages import summary
from pytake_cli.whatsapp.webhooks import (
    EPOCH,
    AccountEvent,
    Incoming,
    Status,
    Unknown,
    Update,
    parse,
)
from tests.whatsapp.corpus import needs_corpus, payloads

# two samples have placeholders instead of what Meta sends, and `user_id_update` becomes a system message
PLACEHOLDER_TIME = ("webhook-incoming-message-status-ui.json",)


def expected(change: dict[str, Any]) -> list[tuple[type[Update], str]]:
    """What the updates of a change must be, told from the raw JSON by other means than the parser's."""
    field, value = change["field"], change["value"]
    if field == "messages":
        return [
            *((Status, status["status"]) for status in value.get("statuses", [])),
            *((Incoming, message["type"]) for message in value.get("messages", [])),
            *([(AccountEvent, "errors")] if value.get("errors") else []),
        ]
    if field == "user_id_update":
        return [(Incoming, "system") for _ in value["user_id_update"]]
    return [(AccountEvent, field)]


def kind(update: Update) -> str:
    match update:
        case Status():
            return update.status
        case Incoming():
            return update.kind
        case AccountEvent():
            return update.field
        case _:
            return ""


@needs_corpus
@pytest.mark.parametrize("path", payloads("webhooks"), ids=lambda path: path.stem)
def test_every_webhook_of_the_corpus_becomes_what_it_says(path: Path) -> None:
    raw = orjson.loads(path.read_bytes())
    wanted = [found for entry in raw["entry"] for change in entry["changes"] for found in expected(change)]
    updates = parse(path.read_bytes())
    assert [(type(update), kind(update)) for update in updates] == wanted
    for update in updates:
        assert not isinstance(update, Unknown)
        assert update.waba_id == raw["entry"][0]["id"]
        if isinstance(update, Incoming | Status):
            assert update.wamid
            assert update.phone_number_id == raw["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"]
            assert update.at > EPOCH or path.name in PLACEHOLDER_TIME
        if isinstance(update, Incoming):
            assert update.sender.wa_id or update.sender.user_id
            assert summary(update.content)


@needs_corpus
def test_the_corpus_holds_webhooks_of_both_sources() -> None:
    assert {path.parts[-3] for path in payloads("webhooks")} == {"meta-openapi", "restfb"}


@needs_corpus
def test_every_error_answer_of_the_corpus_gets_a_rule() -> None:
    seen = 0
    for path in payloads("responses"):
        raw = orjson.loads(path.read_bytes())
        error = raw.get("error") if isinstance(raw, dict) else None
        if isinstance(error, dict):
            failed = refusal(raw, error, 400)
            assert failed.code == error.get("code")
            assert str(failed)
            seen += 1
    assert seen > 100


@needs_corpus
@pytest.mark.parametrize("path", payloads("requests/waba_id_message_templates"), ids=lambda path: path.stem)
def test_templates_that_meta_shows_break_no_rule_of_ours_but_the_known(path: Path) -> None:
    draft = orjson.loads(path.read_bytes())
    broken = {one.rule for one in templates.check(draft)}
    assert broken <= KNOWN.get(path.stem, set()), broken


# examples with a placeholder, <TEMPLATE_NAME>, where a name must stand
KNOWN: dict[str, set[str]] = {
    "post__create_flow_template_message_by_flow_json": {"name"},
    "post__create_flow_template_message_by_id": {"name"},
    "post__create_flow_template_message_by_name": {"name"},
}
