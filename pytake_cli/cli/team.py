"""Teams: who takes which conversations, when, and what happens where nobody can.

$ pytake team create vendas --mode round_robin --capacity 6 --takes-all
$ pytake team add vendas ana@loja.com.br bia@loja.com.br
$ pytake team explain 5008  # who would get it, and why the others not
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import changes, confirm, neighbour, selectors, team_agents, team_hours, times
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from pytake_cli.store.teams import Team
    from pytake_cli.store.users import User

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.add_typer(team_hours.app, name="hours")

FIELDS = {
    "slug": "what the team is called in commands and flows",
    "name": "what people read",
    "mode": "manual, round_robin or least_busy",
    "members": "who is in it",
    "open": "whether it is open now",
    "skills": "what each of its conversations asks of an agent",
    "capacity": "open conversations that an agent is given, who has no number of their own",
    "takes_all": "whether conversations that name no team come here",
    "takes_vips": "whether VIPs' conversations that name no team come here",
    "overflow": "the team that takes over",
    "overflow_seconds": "after how many seconds it does",
    "closed": "what happens outside the hours: queue, text or flow",
    "closed_text": "what customers are told then",
    "closed_flow": "the flow that takes them then",
    "rating": "whether customers are asked how it was",
    "rating_template": "with what they are asked once the 24-hour window is closed",
    "hours": "when it is open; empty: always",
    "tz": "the time zone of its hours",
    "holidays": "days on which it is closed",
    "version": "rises with each change",
    "id": "row id",
}
SHOWN = ("slug", "mode", "members", "open", "takes_all", "takes_vips", "overflow")
Name = Annotated[str, typer.Argument(metavar="TEAM", help="The team.")]
People = Annotated[list[str], typer.Argument(metavar="USER", help="E-mails or names of users.")]


@dataclass(frozen=True, slots=True)
class Given:
    """What a line says about a team."""

    team: Name
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="What people read.")] = None
    mode: Annotated[
        Literal["manual", "round_robin", "least_busy"] | None,
        typer.Option("--mode", help="How its conversations are given out; manual: people take them."),
    ] = None
    skills: Annotated[
        str | None, typer.Option("--skills", metavar="A,B", help="What each conversation asks of an agent.")
    ] = None
    capacity: Annotated[
        int | None, typer.Option("--capacity", metavar="N", help="Open conversations an agent is given.", min=1)
    ] = None
    takes_all: Annotated[
        bool | None, typer.Option("--takes-all/--no-takes-all", help="Conversations that name no team come here.")
    ] = None
    takes_vips: Annotated[
        bool | None, typer.Option("--takes-vips/--no-takes-vips", help="VIPs who name no team come here.")
    ] = None
    overflow: Annotated[
        str | None, typer.Option("--overflow", metavar="TEAM", help='The team that takes over; "" for none.')
    ] = None
    after: Annotated[str | None, typer.Option("--after", metavar="SPAN", help="After how long: 10m.")] = None
    closed: Annotated[
        Literal["queue", "text", "flow"] | None,
        typer.Option("--closed", help="What happens to whoever comes outside the hours."),
    ] = None
    closed_text: Annotated[
        str | None, typer.Option("--closed-text", metavar="TEXT", help="What they are told once.")
    ] = None
    closed_flow: Annotated[
        str | None, typer.Option("--closed-flow", metavar="FLOW", help="The flow that takes them.")
    ] = None
    rating: Annotated[
        bool | None, typer.Option("--rating/--no-rating", help="Asks how it was once a conversation is resolved.")
    ] = None
    rating_template: Annotated[
        str | None, typer.Option("--rating-template", metavar="NAME", help="Asks with it outside the 24-hour window.")
    ] = None

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        found = asdict(self)
        span = found.pop("after")
        found.pop("team")
        found["overflow_seconds"] = int(times.duration(span.lstrip("+")).total_seconds()) if span else None
        found["skills"] = None if self.skills is None else [skill for skill in self.skills.split(",") if skill.strip()]
        return found


@app.command("list")
def list_() -> None:
    """Lists the teams.

    $ pytake team list
    $ pytake team list --json --fields slug,members
    """
    from pytake_cli.services import teams as service
    from pytake_cli.store import teams

    here = context()
    with here.store.read(here.org_id) as db:
        rows = [service.card(db, team, here.now) for team in teams.everyone(db, here.org_id)]
    emit(rows, FIELDS, default=SHOWN, empty=_("There are no teams yet: pytake team create NAME"))


@app.command("show")
def show(name: Name) -> None:
    """Shows a team: how it works, who is in it, when it is open.

    $ pytake team show vendas
    """
    from pytake_cli.services import teams

    here = context()
    with here.store.read(here.org_id) as db:
        card = teams.card(db, teams.find(db, here.org_id, name), here.now)
    emit(card, FIELDS)


@app.command("create")
@filled_in
def create(given: Given) -> None:
    """Makes a team; flows give conversations to it by this name.

    $ pytake team create vendas --mode least_busy --takes-all
    $ pytake team create vip --takes-vips --overflow vendas --after 2m
    """

    def work(db: Session) -> Team:
        from pytake_cli.services import teams

        here = context()
        return teams.create(db, here.org_id, given.team, here.now, **given.values())

    _write(work)
    _told(_("the team {name} is made · fill it: pytake team add {name} USER").format(name=given.team))


@app.command("set")
@filled_in
def set_(given: Given) -> None:
    """Changes how a team works.

    $ pytake team set vendas --overflow suporte --after 10m
    $ pytake team set vendas --closed text --closed-text "Voltamos amanhã às 9h."
    """
    changed: list[str] = []

    def work(db: Session) -> Team:
        from pytake_cli.services import teams

        here = context()
        team = teams.find(db, here.org_id, given.team)
        changed.extend(teams.change(db, team, here.now, **given.values()))
        return team

    _write(work)
    changes.tell(_("the team {name}").format(name=given.team), changed)


@app.command("add")
def add(name: Name, people: People) -> None:
    """Puts people into a team.

    $ pytake team add vendas ana@loja.com.br bia@loja.com.br
    """
    from pytake_cli.services import teams

    _with_people(name, people, lambda db, team, user: teams.add(db, team, user, context().now))


@app.command("remove")
def remove(name: Name, people: People) -> None:
    """Takes people out of a team; the conversations they have stay theirs.

    $ pytake team remove vendas bia@loja.com.br
    """
    from pytake_cli.services import teams

    _with_people(name, people, teams.drop)


@app.command("delete")
def delete(name: Name) -> None:
    """Deletes a team; its people stay, and what waits in it waits in no team.

    $ pytake team delete vendas --yes
    """
    from pytake_cli.services import teams

    here = context()
    with here.store.read(here.org_id) as db:
        team = teams.find(db, here.org_id, name)
    if not here.dry_run and not confirm.ordinary(_("Delete the team {name}?").format(name=team.slug)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        count = teams.remove(db, teams.find(db, here.org_id, name))
        if here.dry_run:
            db.rollback()
    _told(_("the team {name} is deleted; {count} conversations were its").format(name=name, count=number(count)))


def _with_people(name: str, people: list[str], act: Callable[[Session, Team, User], bool]) -> None:
    from pytake_cli.services import conversations, teams

    changed: list[str] = []

    def work(db: Session) -> Team:
        team = teams.find(db, context().org_id, name)
        for ref in selectors.several(people, "USER"):
            user = conversations.find_user(db, ref)
            if act(db, team, user):
                changed.append(user.email)
        return team

    _write(work)
    changes.tell(_("the team {name}").format(name=name), changed)


def _write(work: Callable[[Session], Team]) -> None:
    """Changes a team in one transaction, undone for --dry-run, and shows it."""
    from pytake_cli.services import teams

    here = context()
    with neighbour.wake(here.store).write(here.org_id) as db:
        card = teams.card(db, work(db), here.now)
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    emit(card, FIELDS, default=SHOWN)


def _told(what: str) -> None:
    if context().dry_run:
        say(_("would be: {what}").format(what=what))
    else:
        done(what)


app.command("agents")(team_agents.agents)
app.command("agent")(team_agents.agent)
app.command("explain")(team_agents.explain)
app.command("route")(team_agents.route)
