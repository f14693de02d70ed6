"""Every kind of event with every role and a foreign organisation: each hears what the table says, nobody more."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from sqlmodel import Session

from pytake_cli.policy.live import EPHEMERAL, NEEDED, OWN, TYPING, VIEWING
from pytake_cli.policy.permissions import ROLES, allows
from pytake_cli.services import notifications
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store, events
from tests.kit import people
from tests.kit.live_client import House, Inbox, house
from tests.kit.stores import NOW, make_number, make_org

KINDS = [kind for kind, needed in NEEDED.items() if needed != OWN and kind not in EPHEMERAL]
# the four roles, one of an organisation's own for each permission that events ask for, and one that may nothing
RIGHTS = {
    **ROLES,
    **{f"only {each}": frozenset({each}) for each in NEEDED.values() if each != OWN},
    "nothing": frozenset[str](),
}


def employ(store: Store, found: House, org: int, prefix: str) -> dict[str, int]:
    """A person for every role; returns their ids."""
    ids = {}
    for serial, (role, rights) in enumerate(RIGHTS.items()):
        token = f"{prefix} {role}"
        ids[token] = people.user(store, org, f"{prefix}{serial}@loja.com", token).id or 0
        found.people[token] = Principal(org, ids[token], token, role, rights, "session")
    return ids


async def heard(inbox: Inbox) -> list[dict[str, Any]]:
    """All events, and rows of conversations, until the notification that ends the walk."""
    found = []
    while (frame := await inbox.frame()).get("kind") != "notification":
        found.append(frame)
    return found


def test_each_hears_what_their_role_may_of_their_organisation_and_nothing_else(store: Store) -> None:
    mine, theirs = make_org(store), make_org(store, "outra")

    def _notify(org: int, users: list[int], db: Session) -> None:
        notifications.tell(db, org, users, "system", NOW)

    names = ((mine, "ana"), (theirs, "eva"))
    talks = {org: people.wrote(store, make_number(store, org), "oi").id or 0 for org in (mine, theirs)}

    async def walk() -> None:
        async with house(store) as found, AsyncExitStack() as stack:
            ids = {org: await asyncio.to_thread(employ, store, found, org, name) for org, name in names}
            inboxes = {token: await stack.enter_async_context(found.inbox(token, rows=True)) for token in found.people}
            for inbox in inboxes.values():
                await inbox.ready()
            await _present(inboxes, talks[theirs])
            await found.write(_tell_all)
            told: dict[str, list[dict[str, Any]]] = {token: [] for token in inboxes}
            for _ in range(2):  # rows of conversations come after the events of a moment: before the second word
                for org in (mine, theirs):
                    await found.write(partial(_notify, org, list(ids[org].values())))
                for token, inbox in inboxes.items():
                    told[token] += await heard(inbox)
            for token, who in found.people.items():
                _check(who, theirs, talks[who.org_id], told[token])

    def _tell_all(db: Session) -> None:
        for kind in KINDS:
            for org in (theirs, mine):
                events.tell(db, org, kind, {"of": org}, NOW, talks[org])

    asyncio.run(walk())


async def _present(inboxes: dict[str, Inbox], talk: int) -> None:
    """Somebody of the other organisation looks at a conversation and types: a colleague has heard it when this ends."""
    speaker, colleague = inboxes["eva ORG_ADMIN"], inboxes["eva AGENT"]
    await speaker.say(type="viewing", conversation=talk)
    await colleague.event(VIEWING)
    await speaker.say(type="typing", conversation=talk, mode="reply")
    await colleague.event(TYPING)


def _check(who: Principal, theirs: int, talk: int, told: list[dict[str, Any]]) -> None:
    events_ = [each for each in told if each["type"] == "event"]
    kinds = [each["kind"] for each in events_ if each["kind"] not in EPHEMERAL]
    assert kinds == [kind for kind in KINDS if allows(who.permissions, NEEDED[kind])], who.name
    assert {each["payload"]["of"] for each in events_ if each["kind"] not in EPHEMERAL} <= {who.org_id}, who.name
    if who.org_id != theirs or not allows(who.permissions, NEEDED[VIEWING]):
        assert not [each for each in events_ if each["kind"] in EPHEMERAL], who.name
    rows = {row["id"] for each in told if each["type"] == "rows" for row in each["rows"]}
    assert rows == ({talk} if allows(who.permissions, "conversations:read") else set()), who.name
