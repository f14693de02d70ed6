"""To whom a conversation goes: a colleague with what they have to do, a team, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.choices import Choice, Choose
from pytake_cli.tui.draw import figure
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, one_line, own
from pytake_cli.tui.signs import sign

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Goal:
    """A user's id, a team's name, or neither: nobody."""

    user: int | None
    team: str | None
    name: Safe


class Assign(Choose[Goal]):
    """`last` are the keys that were chosen before, the newest first; they stand at the top."""

    def __init__(self, users: Sequence[Json], teams: Sequence[Json], me: int | None, last: Sequence[str] = ()) -> None:
        choices = [_of_user(user, me) for user in users if user.get("active", True)]
        choices += [
            Choice(f"team:{team.get('name')}", one_line(str(team.get("name"))), own(_("team"))) for team in teams
        ]
        choices.sort(key=lambda each: last.index(each.key) if each.key in last else len(last))
        choices.append(Choice(NOBODY, own(_("nobody")), own(_("back to the queue"))))
        super().__init__(own(_("Assign to")), choices)

    def take(self, choice: Choice) -> Goal:
        kind, _colon, rest = choice.key.partition(":")
        if kind == "team":
            return Goal(None, rest, choice.title)
        return Goal(int(rest) if kind == "user" else None, None, choice.title)


def _of_user(user: Json, me: int | None) -> Choice:
    state = str(user.get("availability") or "")
    mark = sign("●") if state in ("online", "available") else sign("◌")
    load = user.get("open") if user.get("open") is not None else user.get("load")
    told = " · ".join(part for part in (figure(load) if load is not None else "", _(state) if state else "") if part)
    name = str(user.get("name") or user.get("email") or f"#{user['id']}")
    if user["id"] == me:
        name += f" ({_('you')})"
    return Choice(f"user:{user['id']}", one_line(f"{mark} {name}"), Safe(told))
