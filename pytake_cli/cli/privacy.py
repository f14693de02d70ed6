"""Privacy: what is held of people, given out or erased, and how long what is kept.

$ pytake privacy export +5511968184101 --out karina.json
$ pytake privacy erase +5511968184101 --dry-run
$ pytake privacy access-log +5511968184101
$ pytake privacy consent show +5511968184101
$ pytake privacy retention show
$ pytake privacy retention set media 365
$ pytake privacy retention run --dry-run
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import config, confirm, privacy_consent, privacy_person
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytake_cli.services.retention import Forgotten, Kind

app = typer.Typer(add_completion=False, rich_markup_mode=None)
retention = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="How long what is kept; the daemon forgets the rest every hour."
)
app.add_typer(retention, name="retention")
app.command("export")(privacy_person.export)
app.command("erase")(privacy_person.erase)
app.command("access-log")(privacy_person.access_log)
app.add_typer(privacy_consent.app, name="consent")

FIELDS = {
    "name": "what it is called here",
    "about": "what it is",
    "days": "how long it is kept; 0: for good",
    "before": "what is older is forgotten",
    "count": "how many that are now",
    "setting": "where the days stand; pytake config explain tells why they are what they are",
}
SHOWN = ("name", "days", "count", "about", "setting")
Names = Annotated[list[str] | None, typer.Argument(metavar="[WHAT]...", help="Which; by default all.")]


@retention.command("show")
def show(names: Names = None) -> None:
    """Shows how long what is kept, and how much of it is older.

    $ pytake privacy retention show
    $ pytake privacy retention show media --json
    """
    emit(_rows(_counted(names)), FIELDS, default=SHOWN)


@retention.command("set")
def set_(
    name: Annotated[str, typer.Argument(metavar="WHAT", help="As in `privacy retention show`.")],
    days: Annotated[str, typer.Argument(metavar="DAYS", help="How many days; for files 0 is for good.")],
    project: Annotated[
        bool, typer.Option("--project", help="In .pytake.toml of the project instead of your own file.")
    ] = False,
) -> None:
    """Sets how long something is kept; the same as `pytake config set` of its setting.

    $ pytake privacy retention set media 365
    $ pytake privacy retention set contacts 7 --project
    """
    from pytake_cli.services.retention import find

    config.set_(find(name).setting, days, project)


@retention.command("run")
def run(names: Names = None) -> None:
    """Forgets now what is older, instead of within the hour; asks before, and cannot be undone.

    Webhooks as they came belong to no organisation: with several, only the daemon forgets them.

    $ pytake privacy retention run --dry-run
    $ pytake privacy retention run media --yes
    """
    from pytake_cli.services.retention import run_all

    here = context()
    old = [each for each in _counted(names) if each.count]
    if here.dry_run or not old:
        emit(_rows(_counted(names)), FIELDS, default=SHOWN)
        say(_("nothing was changed (--dry-run)") if here.dry_run else _("Nothing is too old."))
        return
    what = ", ".join(f"{each.kind.name} {number(each.count)}" for each in old)
    if not confirm.ordinary(_("Forget for good what is too old ({what})?").format(what=what)):
        say(_("nothing was changed"))
        return
    forgotten = list(run_all(here.store, here.now, org=_only(), kinds=_kinds(names)))
    emit(_rows(forgotten), FIELDS, default=SHOWN)
    done(_("{count} rows forgotten").format(count=number(sum(each.count for each in forgotten))))


def _counted(names: list[str] | None) -> list[Forgotten]:
    from pytake_cli.services.retention import run_all

    here = context()
    return list(run_all(here.store, here.now, org=_only(), kinds=_kinds(names), only_count=True))


def _kinds(names: list[str] | None) -> tuple[Kind, ...]:
    from pytake_cli.services.retention import KINDS, find

    wanted = tuple(find(name) for name in names) if names else KINDS
    return wanted if _only() is None else tuple(kind for kind in wanted if "org_id" in kind.table.c)


def _only() -> int | None:
    """The organisation, if there are others: what is theirs is not looked at."""
    from pytake_cli.store import organisations

    here = context()
    with here.store.read() as db:
        several = len(organisations.everyone(db)) > 1
    return here.org_id if several else None


def _rows(found: Iterable[Forgotten]) -> list[dict[str, Any]]:
    return [
        {
            "name": each.kind.name,
            "about": _(each.kind.about),
            "days": each.days,
            "before": each.before,
            "count": each.count,
            "setting": each.kind.setting,
        }
        for each in found
    ]
