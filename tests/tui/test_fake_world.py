"""What stands in for the server in the inbox's tests answers as the server does."""

from __future__ import annotations

from pydantic import BaseModel

from pytake_cli.api.v1 import inbox_models as models
from tests.kit.fake_world import World


def told(model: type[BaseModel], answer: dict[str, object]) -> None:
    """The same names, and values that the API's own model takes."""
    model.model_validate(answer)
    assert set(answer) == set(model.model_fields)


def test_rows_cards_and_timelines_are_those_of_the_api() -> None:
    world = World(20)
    for id_, row in world.rows.items():
        told(models.ConversationRow, row)
        told(models.ContactCard, world.card(id_))
        for item in world.timelines[id_]:
            models.TimelineItem.model_validate(item)
