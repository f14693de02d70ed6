"""`pytake flow publish`, `rollback`, `enable`, `disable`: which version starts new sessions, if any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import confirm, flow_files, flow_words, selectors
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.errors import UsageError
from pytake_cli.locale import _, ngettext

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.services.flow_moves import Group
    from pytake_cli.services.flows import Published

FIELDS = {
    "flow": "What the flow is called.",
    "version": "Its version that starts new sessions now.",
    "before": "The version that did so before.",
    "replayed": "true: it was published already, and nothing changed.",
    "moved": "How many sessions were moved to it.",
    "staying": "How many open sessions stay on older versions.",
    "warnings": "How many things may be looked at: pytake flow check.",
    "ref": "Name and hash of the version.",
    "moves": "Where the sessions stood that moved, or may: step, version, count.",
    "stays": "Where those stand that stay: step, version, count, and why they cannot move.",
    "callers": "Flows that go on calling the version before, until they are published again.",
}
SHOWN = ("flow", "version", "before", "replayed", "moved", "staying", "warnings")
Name = Annotated[str, typer.Argument(metavar="NAME", help="A flow that was published.")]
As = Annotated[str | None, typer.Option("--as", metavar="USER", help="Who does this; needed when there are several.")]
Migrate = Annotated[
    bool, typer.Option("--migrate", help="Moves waiting sessions whose step still expects the same; lists the rest.")
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One flow after publishing, and the sessions on its older versions."""

    made: Published
    groups: tuple[Group, ...]
    moved: frozenset[int] = frozenset()

    def row(self, *, migrates: bool) -> dict[str, Any]:
        movable = [each for each in self.groups if each.reason is None]
        stays = [each for each in self.groups if each.reason is not None or not migrates]
        stay = sum(len(set(each.sessions) - self.moved) for each in self.groups)
        made = self.made
        return {
            "flow": made.flow.name,
            "version": made.version.number,
            "before": made.before.number if made.before else None,
            "replayed": made.replayed,
            "moved": len(self.moved),
            "staying": stay,
            "warnings": len(made.warnings),
            "ref": made.version.ref,
            "moves": [_told(each) for each in movable] if migrates else [],
            "stays": [_told(each) for each in stays],
            "callers": list(made.callers),
        }


def _told(group: Group) -> dict[str, Any]:
    found = {"step": group.step, "version": group.version, "count": group.count}
    return found | ({"reason": str(group.reason)} if group.reason else {})


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says."""

    flows: Annotated[list[str], typer.Argument(metavar="FILE|NAME...", help="Flow files, or flows of the project.")]
    message: Annotated[str, typer.Option("-m", "--message", metavar="TEXT", help="Why, for `flow versions`.")] = ""
    migrate: Migrate = False
    drain: Annotated[
        bool, typer.Option("--drain", help="Old sessions end on the version they began with; so it is by default.")
    ] = False
    as_: As = None


@filled_in
def publish(given: Given) -> None:
    """Publishes flow files: new sessions start on them. A file that says the same as before changes nothing.

    It is checked first, against the store as well: people, numbers, other flows, opt-out words. Several flows that
    call one another are published together. Sessions under way stay on their version unless --migrate moves them.

    $ pytake flow publish agenda -m "horários de sábado"
    $ pytake flow publish agenda --dry-run  # what would change, and for whom
    $ pytake flow publish flows/agenda.yaml --migrate --yes --json
    """
    from pytake_cli.services import flows

    if given.migrate and given.drain:
        raise UsageError("PT-USAGE-BAD", "--migrate and --drain are two different things", fix="one of them")
    here = context()
    paths = flow_files.named(given.flows)
    drafts = [flows.Draft(flow_files.shown(path), flow_files.read(path)) for path in paths]

    def work(db: Session) -> list[Published]:
        by = selectors.author(db, given.as_)
        return flows.publish(db, here.org_id, drafts, by=by, message=given.message, now=here.now)

    _carry_out(work, given.migrate)


def rollback(
    name: Name,
    to: Annotated[str | None, typer.Option("--to", metavar="N", help="Which; by default the version before.")] = None,
    migrate: Migrate = False,
    as_: As = None,
) -> None:
    """Has an older version start new sessions again; those under way stay where they are unless --migrate moves them.

    $ pytake flow rollback agenda
    $ pytake flow rollback agenda --to 2 --yes
    """
    from pytake_cli.services import flows

    here = context()
    wanted = flow_words.name_of(name)

    def work(db: Session) -> list[Published]:
        return [flows.roll_back(db, here.org_id, wanted, to, by=selectors.author(db, as_), now=here.now)]

    _carry_out(work, migrate)


def _carry_out(work: Any, migrate: bool) -> None:
    """Looks what would happen, asks, does it, tells."""
    here = context()
    if here.dry_run:
        found: list[Outcome] = []
        selectors.would(lambda: found.extend(_look(work)))
        _tell(found, migrate)
        say(_("nothing was changed (--dry-run)"))
        return
    planned = _look(work)
    changes = [each for each in planned if not each.made.replayed]
    if changes or (migrate and any(each.groups for each in planned)):
        _describe(planned, migrate)
        names = ", ".join(f"{each.made.flow.name}@{each.made.version.number}" for each in changes or planned)
        if not confirm.ordinary(_("Publish {names}?").format(names=names)):
            say(_("nothing was changed"))
            return
    with here.store.write(here.org_id) as db:
        made = work(db)
        outcomes = [Outcome(each, _groups(db, each)) for each in made]
    if migrate:
        outcomes = [_moved(each) for each in outcomes]
    _tell(outcomes, migrate)


def _look(work: Any) -> list[Outcome]:
    """What the work would make, undone again."""
    here = context()
    with here.store.write(here.org_id) as db:
        found = [Outcome(each, _groups(db, each)) for each in work(db)]
        db.expunge_all()
        db.rollback()
    return found


def _groups(db: Session, made: Published) -> tuple[Group, ...]:
    from pytake_cli.services import flow_moves
    from pytake_cli.services.flow_library import definition

    groups = flow_moves.standing(db, made.flow.id or 0, definition(made.version), besides=made.version.id)
    return tuple(groups)


def _moved(outcome: Outcome) -> Outcome:
    from pytake_cli.services import flow_moves

    here = context()
    ids = [id_ for group in outcome.groups if group.reason is None for id_ in group.sessions]
    moved = flow_moves.migrate(here.store, here.org_id, outcome.made.version.id or 0, ids, here.now)
    return Outcome(outcome.made, outcome.groups, frozenset(moved))


def _describe(outcomes: list[Outcome], migrate: bool) -> None:
    """What the question is about: what changes by meaning, and whom it concerns."""
    from pytake_cli.flow.diff import diff
    from pytake_cli.services.flow_library import definition

    for outcome in outcomes:
        made = outcome.made
        if made.before is not None and not made.replayed:
            for change in diff(definition(made.before), definition(made.version)):
                say(f"  {change.sentence}")
        describe_groups(outcome.groups, migrate=migrate)


def describe_groups(groups: tuple[Group, ...], *, migrate: bool) -> None:
    """Which sessions move, may move, or stay, and why."""
    for group in groups:
        who = ngettext("{count} session", "{count} sessions", group.count).format(count=group.count)
        where = {"who": who, "step": group.step or "-", "version": group.version}
        if group.reason is not None:
            text = _("{who} at {step} of version {version}: stay there, because {reason}")
            say("  " + text.format(**where, reason=_(group.reason)))
        elif migrate:
            say("  " + _("{who} at {step} of version {version}: move").format(**where))
        else:
            say("  " + _("{who} at {step} of version {version}: stay there, could move with --migrate").format(**where))


def _tell(outcomes: list[Outcome], migrate: bool) -> None:
    emit([each.row(migrates=migrate) for each in outcomes], FIELDS, default=SHOWN if _is_for_people() else None)
    for outcome in outcomes:
        made = outcome.made
        named = {"name": made.flow.name, "number": made.version.number, "count": len(outcome.moved)}
        for problem in made.warnings:
            warn(f"{problem.place}  {problem.sentence}")
        if made.callers:
            text = _("still calling the version before: {flows} · change that: pytake flow publish {first}")
            warn(text.format(flows=", ".join(made.callers), first=made.callers[0]))
        if context().dry_run:
            describe_groups(outcome.groups, migrate=migrate)
        elif made.replayed and not outcome.moved:
            say(_("{name}@{number} is published already").format(**named))
        else:
            done(_("{name}@{number} starts new sessions · go back: pytake flow rollback {name}").format(**named))
        if outcome.moved:
            text = ngettext("{count} session moved to it", "{count} sessions moved to it", len(outcome.moved))
            done(text.format(**named))
        if migrate and not context().dry_run:
            describe_groups(tuple(each for each in outcome.groups if each.reason is not None), migrate=True)


def _is_for_people() -> bool:
    return context().output.form in ("table", "plain", "tsv", "csv")


def disable(name: Name, as_: As = None) -> None:
    """Has a flow start no more sessions; those under way go on.

    $ pytake flow disable agenda
    """
    _pause(name, True, as_)


def enable(name: Name, as_: As = None) -> None:
    """Has a flow that was disabled start sessions again.

    $ pytake flow enable agenda
    """
    _pause(name, False, as_)


def _pause(name: str, paused: bool, as_: str | None) -> None:
    from pytake_cli.services import flows

    here = context()
    with here.store.write(here.org_id) as db:
        flow = flows.get(db, here.org_id, flow_words.name_of(name))
        changed = flows.pause(db, flow, paused, by=selectors.author(db, as_), now=here.now)
        if here.dry_run:
            db.rollback()
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    elif not changed:
        say(_("{what} was like that already").format(what=name))
    elif paused:
        done(_("{name} starts no more sessions · again: pytake flow enable {name}").format(name=name))
    else:
        done(_("{name} starts sessions again").format(name=name))
