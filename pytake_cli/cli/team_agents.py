"""The people of teams: who is there, how busy they are, and who would get a conversation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from pytake_cli.cli import changes, neighbour, selectors
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import UsageError
from pytake_cli.locale import _, number

AGENT_FIELDS = {
    "email": "who it is",
    "name": "name",
    "availability": "available, paused or offline",
    "open": "conversations they have open",
    "capacity": "how many they are given; empty: as many as the team says",
    "skills": "what they can",
    "teams": "where they are in",
    "seen_at": "when their inbox was last heard",
    "id": "row id",
}
AGENT_SHOWN = ("email", "availability", "open", "capacity", "skills", "teams")
EXPLAINED = {
    "conversation": "number of the conversation",
    "team": "in whose queue it is, or would be",
    "verdict": "last, turn or least_busy: somebody gets it; else why nobody does",
    "to": "who or which team gets it",
    "position": "its place in the queue",
    "priority": "urgent, high, normal or low",
    "vip": "whether the contact is a VIP",
    "skills": "what it asks of an agent",
    "waiting_since": "since when it waits in the team",
    "overflow": "the team that takes over",
    "status": "bot, queued, open, snoozed or resolved",
    "agents": "each member: open conversations, capacity, and why not",
}
# verdict -> what it means; {to} is a person or a team
VERDICTS = {
    "last": "{to} gets it: they had this contact's conversation before",
    "turn": "{to} gets it: it is their turn",
    "least_busy": "{to} gets it: they have the least to do",
    "overflow:waited": "it goes to the team {to}: it has waited long enough",
    "overflow:closed": "it goes to the team {to}: this team is closed",
    "manual": "it waits for somebody to take it: the team gives nothing out by itself",
    "closed": "it waits until the team is open",
    "busy": "it waits until somebody who can has a place free",
    "nobody": "it waits: no member who is there can take it",
    "no_team": "it is in no team's queue: pytake team set TEAM --takes-all",
    "assigned": "{to} has it",
    "bot": "a flow has it",
    "snoozed": "it is snoozed",
    "resolved": "it is resolved",
    "open": "it is open",
}


def agents() -> None:
    """Lists the people: who is there, what they have open, what they can.

    $ pytake team agents
    """
    from pytake_cli.services import availability

    here = context()
    with here.store.read(here.org_id) as db:
        rows = availability.cards(db, here.org_id)
    emit(rows, AGENT_FIELDS, default=AGENT_SHOWN, empty=_("There are no users yet: pytake user invite EMAIL"))


def agent(
    user: Annotated[str, typer.Argument(metavar="USER", help="E-mail or name of a user, or @me.")],
    availability: Annotated[
        Literal["available", "paused", "offline"] | None,
        typer.Option("--availability", help="Only who is available is given conversations."),
    ] = None,
    capacity: Annotated[
        int | None, typer.Option("--capacity", metavar="N", help="Open conversations they are given; 0: the team's.")
    ] = None,
    skills: Annotated[str | None, typer.Option("--skills", metavar="A,B", help="What they can; replaces all.")] = None,
) -> None:
    """Says whether a person is there, how many conversations they are given, and what they can.

    $ pytake team agent ana@loja.com.br --availability available --capacity 8
    $ pytake team agent @me --availability paused
    $ pytake team agent bia --skills ingles,cobranca
    """
    from pytake_cli.services import availability as service

    if availability is None and capacity is None and skills is None:
        raise UsageError("PT-USAGE-NOTHING", "there is nothing to change", fix="pytake team agent -h")
    here = context()
    with neighbour.wake(here.store).write(here.org_id) as db:
        found = selectors.user(db, user)
        if found is None:
            raise UsageError("PT-USAGE-NOTHING", "there is nothing to change", fix="pytake team agent -h")
        given = None if skills is None else skills.split(",")
        changed = service.set_(db, found, here.now, availability=availability, capacity=capacity, skills=given)
        [card] = [each for each in service.cards(db, here.org_id) if each["id"] == found.id]
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    emit(card, AGENT_FIELDS, default=AGENT_SHOWN)
    changes.tell(card["email"], changed)


def explain(id_: Annotated[str, typer.Argument(metavar="CONVERSATION", help="Number of the conversation.")]) -> None:
    """Says who would get a conversation now, and why the others not; changes nothing.

    $ pytake team explain 5008
    $ pytake team explain 5008 --json
    """
    from pytake_cli.services import conversations, routing

    here = context()
    with here.store.read(here.org_id) as db:
        found = routing.explain(db, conversations.get(db, id_), here.now)
    if here.output.form in ("table", "plain"):
        say(_(VERDICTS[found["verdict"]]).format(to=found["to"]))
        found["agents"] = [_line(each) for each in found["agents"]]
    emit(found, EXPLAINED)


def _line(each: dict[str, Any]) -> str:
    """`ana@loja.com.br 5/5: full, skill:ingles`."""
    why = ", ".join(each["why_not"]) or _("could take it")
    return f"{each['agent']} {each['open']}/{each['capacity']}: {why}"


def route() -> None:
    """Gives out now what waits in the queues; the daemon does so by itself.

    $ pytake team route
    $ pytake team route --dry-run
    """
    from pytake_cli.services import routing

    here = context()
    if here.dry_run:
        with here.store.read(here.org_id) as db:
            rows = routing.preview(db, here.org_id, here.now)
        emit(
            rows,
            {"conversation": "number", "team": "its team", "verdict": "what happens", "to": "who gets it"},
            empty=_("nothing waits"),
        )
        return
    done(_("{count} conversations were moved").format(count=number(routing.route(here.store, here.org_id, here.now))))
