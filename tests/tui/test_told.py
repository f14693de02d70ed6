"""What was done to a conversation, as the chat and the activity log tell it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pytake_cli import locale
from pytake_cli.tui import timeline
from pytake_cli.tui.dialogs.activity import Activity
from pytake_cli.tui.widgets import bubbles

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/Sao_Paulo")
RITA, BIA = {"id": 1, "name": "Rita"}, {"id": 2, "name": "Bia"}


@pytest.fixture(autouse=True)
def portuguese() -> Iterator[None]:
    locale.use("pt-BR")
    yield
    locale.use("en")


def change(what: str, **after: Any) -> dict[str, Any]:
    return {
        "id": "c1", "type": "change", "at": "2026-11-23T14:00:00Z", "change": 1, "conversation": 8, "what": what,
        "by": RITA, "before": {}, "after": after, "undoable": True,
    }  # fmt: skip


TOLD = [
    (change("assigned", status="open", owner="people", assignee=BIA), "Rita atribuiu a Bia"),
    (change("assigned", status="open", owner="people", assignee=RITA), "Rita assumiu"),
    (change("assigned", status="queued", assignee=None), "Rita deixou livre"),
    (change("assigned", assignee=None, team={"id": 2, "name": "vendas"}), "Rita atribuiu a vendas"),
    (change("snoozed", status="snoozed", snoozed_until="2026-11-24T12:00:00Z"), "Rita adiou até 24/11 09:00"),
    (change("snoozed", status="snoozed", snoozed_until="2026-11-23T18:30:00Z"), "Rita adiou até 15:30"),
    (change("snoozed", status="snoozed", snoozed_until=None), "Rita adiou até o cliente escrever"),
    (change("priority", priority="urgent"), "Rita mudou a prioridade para urgente"),
    (change("resolved", status="resolved"), "Rita encerrou"),
    (change("labelled", labels=["vip", "vendas"]), "Rita etiquetou: vip vendas"),
]


@pytest.mark.parametrize(("json", "said"), TOLD, ids=[said for _json, said in TOLD])
def test_a_change_is_a_sentence_in_both_places(json: dict[str, Any], said: str) -> None:
    assert bubbles.sentence(timeline.item(json, NOW), ZONE) == said
    row = {name: value for name, value in json.items() if name not in ("id", "type")}
    assert Activity([row], NOW, ZONE).choices[0].title == f"11:00  #8 {said}"
