"""Views of the inbox: filters with a name. What one has: pytake conversation list --view NAME."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import confirm
from pytake_cli.cli.context import context
from pytake_cli.cli.conversation_acts import As, who
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.services.talk_list import Count
    from pytake_cli.services.views import View

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "slug": "what --view takes",
    "name": "what screens show",
    "count": "how many conversations it has",
    "unread": "how many of them hold something that nobody has read",
    "where": "its filter",
    "order": "which come first: waiting, activity, window, priority",
    "shared": "whether all agents have it",
    "builtin": "whether it is everybody's and stays",
}
SHOWN = ("slug", "name", "count", "unread", "where")
Slug = Annotated[str, typer.Argument(metavar="VIEW", help="The view, as `pytake view list` shows it.")]
Order = Literal["waiting", "activity", "window", "priority"]


@app.command("list")
def list_(as_: As = None) -> None:
    """Lists the views, each with how many conversations it has.

    $ pytake view list
    """
    from pytake_cli.services import views

    here = context()
    with here.store.read(here.org_id) as db:
        found = views.everyone(db, who(db, as_))
        counts = views.counts(db, _asker(db, as_), found)
    emit([_row(view, counts) for view in found], FIELDS, default=SHOWN)


@app.command("show")
def show(slug: Slug, as_: As = None) -> None:
    """Shows one view.

    $ pytake view show unassigned
    """
    from pytake_cli.services import views

    here = context()
    with here.store.read(here.org_id) as db:
        view = views.find(db, who(db, as_), slug)
        counts = views.counts(db, _asker(db, as_), [view])
    emit(_row(view, counts), FIELDS)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    where: Annotated[
        str, typer.Option("-w", "--where", metavar="EXPR", help='Its filter, such as "label:vip waiting>10m".')
    ],
    order: Annotated[Order, typer.Option("--order", help="Which come first.")] = "waiting",
    shared: Annotated[bool, typer.Option("--shared", help="All agents have it.")] = False,
    as_: As = None,
) -> None:
    """Saves a filter under a name.

    $ pytake view create "VIP esperando" -w "label:vip waiting>10m" --shared
    """
    from pytake_cli.services import views

    here = context()
    with here.store.write(here.org_id) as db:
        view = views.create(db, who(db, as_), name, where, order=order, shared=shared, now=here.now)
        if here.dry_run:
            db.rollback()
    emit(_row(view, {}), FIELDS, default=("slug", "name", "where"))
    _told(_("{name} is a view now · see it: pytake conversation list --view {slug}").format(name=name, slug=view.slug))


@app.command("set")
def set_(
    slug: Slug,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What it is called.")] = None,
    where: Annotated[str | None, typer.Option("-w", "--where", metavar="EXPR", help="Its filter.")] = None,
    order: Annotated[Order | None, typer.Option("--order", help="Which come first.")] = None,
    shared: Annotated[bool | None, typer.Option("--shared/--own", help="All agents have it, or only you.")] = None,
    as_: As = None,
) -> None:
    """Changes a view.

    $ pytake view set vip-esperando -w "label:vip waiting>30m"
    """
    from pytake_cli.services import views

    here = context()
    with here.store.write(here.org_id) as db:
        view = views.change(db, who(db, as_), slug, here.now, name=name, where=where, order=order, shared=shared)
        if here.dry_run:
            db.rollback()
    emit(_row(view, {}), FIELDS, default=("slug", "name", "where"))
    _told(_("{slug} is changed").format(slug=view.slug))


@app.command("delete")
def delete(slug: Slug, as_: As = None) -> None:
    """Deletes a view; the conversations in it stay as they are.

    $ pytake view delete vip-esperando --yes
    """
    from pytake_cli.services import views

    here = context()
    with here.store.read(here.org_id) as db:
        views.find(db, who(db, as_), slug)
    if not here.dry_run and not confirm.ordinary(_("Delete the view {slug}?").format(slug=slug)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        views.delete(db, who(db, as_), slug)
        if here.dry_run:
            db.rollback()
    _told(_("{slug} is deleted").format(slug=slug))


def _asker(db: Any, as_: str | None) -> Any:
    from pytake_cli.services.talk_filter import Asker

    here = context()
    return Asker(here.org_id, who(db, as_).user_id, here.now, here.tz)


def _row(view: View, counts: dict[str, Count]) -> dict[str, Any]:
    count = counts.get(view.slug)
    shown = {name: getattr(view, name) for name in ("slug", "where", "order", "shared", "builtin")}
    name = _(view.name) if view.builtin else view.name
    return {**shown, "name": name, "count": count.count if count else None, "unread": count.unread if count else None}


def _told(what: str) -> None:
    if context().dry_run:
        say(_("would be: {what}").format(what=what))
    else:
        done(what)
