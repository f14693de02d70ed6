"""What agents do from the inbox, how it is undone, and what the history says: on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from pytake_cli.errors import Conflict, Forbidden, InvalidData, NotFound
from pytake_cli.services import (
    activity,
    conversations,
    talk_actions,
    talk_bulk,
    talk_export,
    talk_merge,
    talk_notes,
    talk_undo,
    talks,
    timeline,
)
from pytake_cli.services.talk_filter import Asker
from pytake_cli.store import Store, desks, labels
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.desks import Mention
from pytake_cli.store.events import Event
from pytake_cli.store.notifications import Notification
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org
from tests.services.inbox_stage import MANAGER, principal, says


class Desk:
    """Two agents, and customers who write."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.org = make_org(store)
        self.number = make_number(store, self.org)
        self.ana = people.user(store, self.org, "ana@loja.example", "Ana")
        self.bia = people.user(store, self.org, "bia@loja.example", "Bia")
        self.id = self.customer()

    def customer(self, name: str = "Karina") -> int:
        return people.wrote(self.store, self.number, name=name).id or 0

    def act(self, action: str, *, by: Any = None, id_: int = 0, rights: Any = None, **given: Any) -> int | None:
        who = principal(self.org, by or self.ana, *([rights] if rights else []))
        with self.store.write(self.org) as db:
            change = talk_actions.act(db, who, conversations.get(db, id_ or self.id), action, given, NOW)
            return change.id if change else None

    def undo(self, change: int | None, *, by: Any = None, at: Any = NOW) -> None:
        with self.store.write(self.org) as db:
            [row] = talk_undo.find(db, change=change)
            talk_undo.undo(db, principal(self.org, by or self.ana), row, at)

    def row(self, id_: int = 0) -> Conversation:
        with self.store.read(self.org) as db:
            return conversations.get(db, id_ or self.id)

    def labels(self) -> list[str]:
        with self.store.read(self.org) as db:
            return labels.of_conversations(db, [self.id]).get(self.id, [])

    def told(self) -> list[str]:
        with self.store.read(self.org) as db:
            mine = select(Event).where(Event.kind == "conversation:updated").order_by(col(Event.id))
            return [event.payload["what"] for event in db.exec(mine)]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_every_change_raises_the_version_and_is_told(desk: Desk) -> None:
    before = desk.row().version
    desk.act("claim")
    desk.act("priority", priority="high")
    desk.act("label", add=["VIP"])
    desk.act("snooze", until_reply=True)
    assert desk.row().version > before + 3
    assert desk.told() == ["assigned", "priority", "labelled", "snoozed"]


def test_only_the_first_who_claims_has_it(desk: Desk) -> None:
    desk.act("claim")
    with pytest.raises(Conflict) as caught:
        desk.act("claim", by=desk.bia)
    assert (caught.value.slug, caught.value.values["agent"]) == ("PT-CLAIMED", "Ana")
    desk.act("claim", by=desk.bia, sure=True)
    assert desk.row().assignee_id == desk.bia.id


def test_giving_away_what_a_colleague_has_needs_the_right_to_manage(desk: Desk) -> None:
    desk.act("claim", by=desk.bia)
    with pytest.raises(Forbidden):
        desk.act("assign", to=desk.ana.id)
    desk.act("assign", to=desk.ana.id, rights=MANAGER)
    assert desk.row().assignee_id == desk.ana.id


def test_whoever_is_given_a_conversation_is_told_once(desk: Desk) -> None:
    desk.act("claim")
    desk.act("assign", to=desk.bia.id)
    with desk.store.read(desk.org) as db:
        [told] = db.exec(select(Notification)).all()
    assert (told.user_id, told.kind, told.conversation_id, told.parts) == (
        desk.bia.id,
        "assigned",
        desk.id,
        {"by": "Ana"},
    )


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("claim", {}),
        ("resolve", {}),
        ("snooze", {"until": NOW + timedelta(hours=1)}),
        ("priority", {"priority": "urgent"}),
        ("label", {"add": ["vip", "vendas"]}),
        ("star", {}),
    ],
)
def test_what_was_done_can_be_undone_once(desk: Desk, action: str, given: dict[str, Any]) -> None:
    def shown() -> tuple[Any, ...]:
        row = desk.row()
        with desk.store.read(desk.org) as db:
            starred = desks.starred(db, desk.ana.id or 0, [desk.id])
        kept = {name: value for name, value in talks.kept(row).items() if name != "owner"}
        return kept, desk.labels(), starred

    before = shown()
    change = desk.act(action, **given)
    assert shown() != before
    desk.undo(change)
    assert shown() == before
    with pytest.raises(Conflict) as caught:
        desk.undo(change)
    assert caught.value.slug == "PT-UNDONE"


def test_only_the_first_of_two_stars_is_one(desk: Desk) -> None:
    with desk.store.write(desk.org) as db:
        assert [desks.put_star(db, desk.org, desk.ana.id or 0, desk.id, NOW) for _ in range(2)] == [True, False]


def test_undo_never_takes_away_what_came_after(desk: Desk) -> None:
    change = desk.act("priority", priority="high")
    desk.act("priority", priority="urgent", by=desk.bia)
    with pytest.raises(Conflict) as caught:
        desk.undo(change)
    assert caught.value.slug == "PT-UNDO-CHANGED"
    assert desk.row().priority == "urgent"


def test_a_resolved_conversation_stays_so_once_the_customer_has_begun_another(desk: Desk) -> None:
    change = desk.act("resolve")
    says(desk.store, desk.number, desk.row().contact_id, "mais uma coisa", NOW)
    with pytest.raises(Conflict) as caught:
        desk.undo(change)
    assert caught.value.slug == "PT-CONVERSATION-OPEN"


def test_undo_has_its_day_and_its_owner(desk: Desk) -> None:
    change = desk.act("priority", priority="high")
    with pytest.raises(Forbidden):
        desk.undo(change, by=desk.bia)
    with pytest.raises(Conflict) as caught:
        desk.undo(change, at=NOW + timedelta(hours=25))
    assert caught.value.slug == "PT-UNDO-LATE"


def test_a_snooze_ends_by_the_clock(desk: Desk) -> None:
    desk.act("claim")
    desk.act("snooze", until=NOW + timedelta(hours=1))
    assert talks.wake_due(desk.store, NOW + timedelta(minutes=59)) == 0
    assert talks.wake_due(desk.store, NOW + timedelta(minutes=61)) == 1
    row = desk.row()
    assert (row.status, row.snoozed_until) == ("open", None)
    assert desk.told()[-1] == "woken"


def test_a_snooze_ends_by_the_customers_word(desk: Desk) -> None:
    desk.act("snooze", until_reply=True)
    assert talks.wake_due(desk.store, NOW + timedelta(days=400)) == 0
    says(desk.store, desk.number, desk.row().contact_id, "voltei", NOW)
    row = desk.row()
    assert (row.status, row.snoozed_until_reply) == ("queued", False)
    assert desk.told()[-1] == "woken"


def test_snoozing_wants_a_time_to_come(desk: Desk) -> None:
    times: tuple[dict[str, Any], ...] = (
        {},
        {"until": NOW - timedelta(seconds=1)},
        {"until": NOW + timedelta(days=400)},
    )
    for given in times:
        with pytest.raises(InvalidData):
            desk.act("snooze", **given)


def test_an_action_on_an_older_version_is_refused(desk: Desk) -> None:
    version = desk.row().version
    desk.act("priority", priority="high", if_version=version)
    with pytest.raises(Conflict) as caught:
        desk.act("priority", priority="low", if_version=version)
    assert caught.value.slug == "PT-VERSION"


def test_whoever_is_named_in_a_note_finds_it(desk: Desk) -> None:
    with desk.store.write(desk.org) as db:
        who = principal(desk.org, desk.ana)
        body = "@bia veja isto, @ninguem e ana@loja.example também"
        first = talk_notes.write(db, who, conversations.get(db, desk.id), body, NOW, client_id="n1")
        again = talk_notes.write(db, who, conversations.get(db, desk.id), body, NOW, client_id="n1")
        assert first.id == again.id
        assert [row.user_id for row in db.exec(select(Mention))] == [desk.bia.id]
        assert [row.kind for row in db.exec(select(Notification))] == ["mention"]
        [item] = [each for each in timeline.page(db, desk.row()).items if each["type"] == "note"]
        assert (item["mentions"], item["client_id"]) == ([desk.bia.id], "n1")


def test_every_agent_has_a_draft_of_their_own(desk: Desk) -> None:
    with desk.store.write(desk.org) as db:
        row = conversations.get(db, desk.id)
        for user, text in ((desk.ana, "oi da ana"), (desk.bia, "oi da bia"), (desk.ana, "oi de novo")):
            talk_notes.keep_draft(db, principal(desk.org, user), row, text, NOW)
        found = [talk_notes.draft(db, principal(desk.org, user), row) for user in (desk.ana, desk.bia)]
        assert [each.text if each else None for each in found] == ["oi de novo", "oi da bia"]
        talk_notes.keep_draft(db, principal(desk.org, desk.ana), row, " ", NOW)
        db.expire_all()
        assert talk_notes.draft(db, principal(desk.org, desk.ana), row) is None


def test_a_batch_is_undone_in_one_step(desk: Desk) -> None:
    ids = [desk.id, desk.customer("Um"), desk.customer("Dois")]
    desk.act("claim", id_=ids[1], by=desk.bia)
    who = principal(desk.org, desk.ana)
    done = talk_bulk.act(desk.store, who, "claim", {}, NOW, ids=[*ids, 999_999])
    assert done.done == [ids[0], ids[2]]
    assert {each.id: each.error.slug for each in done.skipped} == {ids[1]: "PT-CLAIMED", 999_999: "PT-CONVERSATION"}
    undone = talk_bulk.undo(desk.store, who, done.batch or 0, NOW)
    assert sorted(undone.done) == [ids[0], ids[2]]
    assert [desk.row(id_).assignee_id for id_ in ids] == [None, desk.bia.id, None]


def test_a_whole_view_is_changed_only_by_whoever_manages(desk: Desk) -> None:
    desk.customer("Outro")
    asker = Asker(desk.org, desk.ana.id, NOW, NOW.tzinfo or NOW.astimezone().tzinfo)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        talk_bulk.act(desk.store, principal(desk.org, desk.ana), "resolve", {}, NOW, asker=asker, where="agent:@none")
    who = principal(desk.org, desk.ana, MANAGER)
    done = talk_bulk.act(desk.store, who, "label", {"add": ["lote"]}, NOW, asker=asker, where="agent:@none")
    assert len(done.done) == 2


def test_two_conversations_of_one_person_become_one(desk: Desk) -> None:
    desk.act("label", add=["antiga"])
    desk.act("resolve")
    contact = desk.row().contact_id
    says(desk.store, desk.number, contact, "outra conversa", NOW)
    with desk.store.write(desk.org) as db:
        newer = db.exec(select(Conversation).where(Conversation.contact_id == contact, col(Conversation.id) != desk.id))
        kept = talk_merge.by_ids(db, principal(desk.org, desk.ana, MANAGER), newer.one().id or 0, desk.id, NOW)
        words = [item["text"] for item in timeline.page(db, kept).items if item["type"] == "message"]
        assert words == ["oi", "outra conversa"]
        assert labels.of_conversations(db, [kept.id or 0]) == {kept.id: ["antiga"]}


def test_conversations_of_two_people_are_not_merged(desk: Desk) -> None:
    other = desk.customer("Outra")
    with desk.store.write(desk.org) as db, pytest.raises(Conflict) as caught:
        talk_merge.by_ids(db, principal(desk.org, desk.ana, MANAGER), desk.id, other, NOW)
    assert caught.value.slug == "PT-MERGE-PAIR"


@pytest.mark.parametrize("form", ["md", "json", "html"])
def test_an_export_carries_nothing_that_could_run(desk: Desk, form: str) -> None:
    says(desk.store, desk.number, desk.row().contact_id, "<script>alert(1)</script> [x](http://e.vil) \x1b[31m", NOW)
    with desk.store.read(desk.org) as db:
        made = talk_export.export(db, desk.row(), form, NOW.tzinfo or NOW.astimezone().tzinfo)  # type: ignore[arg-type]
    assert "\x1b" not in made
    if form != "json":
        assert "<script>" not in made
        assert "[x](http" not in made or form == "html"


def test_the_log_says_who_did_what(desk: Desk) -> None:
    desk.act("claim")
    desk.act("priority", priority="high", by=desk.bia)
    with desk.store.read(desk.org) as db:
        lines = activity.page(db, desk.org, NOW, limit=10)
        mine = activity.page(db, desk.org, NOW, limit=10, by=desk.ana.id)
    assert [(line["what"], line["by"]["name"]) for line in lines] == [("priority", "Bia"), ("assigned", "Ana")]
    assert [line["what"] for line in mine] == ["assigned"]
    assert all(line["undoable"] for line in lines)


def test_what_is_of_another_organisation_is_not_there(desk: Desk, store: Store) -> None:
    change = desk.act("claim")
    other = make_org(store, "outra")
    with store.write(other) as db:
        with pytest.raises(NotFound):
            talk_undo.find(db, change=change)
        assert db.exec(select(ConversationChange)).all() == []
