"""Segments: the people that a text means, asked anew each time, and kept by name.

$ pytake segment count -w "tag = cliente last_seen < -30d"
$ pytake segment create good-leads -w "stage = lead score >= 50"
$ pytake segment preview good-leads
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import changes, confirm, noting
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, emit, say, warn
from pytake_cli.cli.segment_words import (
    EXPLAINED_FIELDS,
    EXPLAINED_SHOWN,
    FIELDS,
    MEMBER_FIELDS,
    PEOPLE_FIELDS,
    PEOPLE_SHOWN,
    SHOWN,
)
from pytake_cli.locale import _, number

if TYPE_CHECKING:
    from pytake_cli.services.segment_members import Refreshed

app = typer.Typer(no_args_is_help=False)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The segment.")]
Either = Annotated[str | None, typer.Argument(metavar="NAME", help="A saved segment; or give -w.")]
Where = Annotated[
    str | None, typer.Option("-w", "--where", metavar="EXPR", help='Who is meant, such as "tag = vip score >= 50".')
]
Limit = Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many; 0 for all.")]
About = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it is for.")]
Materialised = Annotated[
    bool | None,
    typer.Option("--materialise/--no-materialise", help="Keep who is in it, and tell who enters and leaves."),
]


@app.command("list")
def list_() -> None:
    """Lists the saved segments.

    $ pytake segment list
    $ pytake segment list --fields name,query
    """
    from pytake_cli.services import segments

    here = context()
    with here.store.read(here.org_id) as db:
        rows = segments.listed(db, here.org_id)
    emit(rows, FIELDS, default=SHOWN, empty=_("There are no segments yet"))


@app.command("show")
def show(name: Name) -> None:
    """Shows a saved segment, how many people it means now, and what names it.

    $ pytake segment show good-leads
    """
    from pytake_cli.services import segments

    here = context()
    with here.store.read(here.org_id) as db:
        row = segments.find(db, here.org_id, name)
        people = segments.count(db, here.org_id, row.query, here.now)
        [card] = [one for one in segments.listed(db, here.org_id) if one["name"] == row.name]
        named = segments.named_by(db, row)
    emit({**card, "people": people, "named_by": named}, FIELDS)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, - and _.")],
    where: Annotated[
        str, typer.Option("-w", "--where", metavar="EXPR", help='Who is meant, such as "tag = vip score >= 50".')
    ],
    description: About = None,
    materialise: Materialised = None,
) -> None:
    """Keeps a segment under a name; says how many people it means now.

    $ pytake segment create good-leads -w "stage in (lead, mql) score >= 50"
    $ pytake segment create away -w "segment = good-leads last_seen < -30d" --materialise
    """
    from pytake_cli.services import segments

    here = context()
    with here.store.write(here.org_id) as db:
        row = segments.create(
            db,
            here.org_id,
            name,
            where,
            here.now,
            description=description or "",
            materialised=bool(materialise),
        )
        people = segments.count(db, here.org_id, row.query, here.now)
        kept, odd = {**row.model_dump(), "people": people}, segments.notes(db, here.org_id, where)
        if here.dry_run:
            db.rollback()
    if materialise and not here.dry_run:
        _refresh(name)
    _warn(odd)
    emit(kept, FIELDS, default=("name", "query", "people", "materialised"))
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("the segment {name} means {people} people now").format(name=name, people=number(people)))


@app.command("set")
def set_(
    name: Name,
    where: Where = None,
    to: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    description: About = None,
    materialise: Materialised = None,
) -> None:
    """Changes a saved segment. Whoever another query puts in or out, nobody is told as entering or leaving.

    $ pytake segment set good-leads -w "stage = lead score >= 70"
    $ pytake segment set good-leads --materialise
    $ pytake segment set good-leads --name best-leads
    """
    from pytake_cli.services import segments

    here = context()
    with here.store.write(here.org_id) as db:
        row = segments.find(db, here.org_id, name)
        changed = segments.change(
            db, row, here.now, query=where, name=to, description=description, materialised=materialise
        )
        kept, refreshing = row.model_dump(), row.materialised and row.refreshed_at is None
        odd = segments.notes(db, here.org_id, row.query)
        if here.dry_run:
            db.rollback()
    if refreshing and not here.dry_run:
        _refresh(kept["name"])
    _warn(odd)
    emit(kept, FIELDS, default=("name", "query", "description", "materialised"))
    changes.tell(_("the segment {name}").format(name=name), changed)


@app.command("delete")
def delete(name: Name) -> None:
    """Forgets a saved segment, not its people; refused while another segment or a campaign names it.

    $ pytake segment delete good-leads
    """
    from pytake_cli.services import segments

    here = context()
    with here.store.read(here.org_id) as db:
        segments.find(db, here.org_id, name)
    if not here.dry_run and not confirm.ordinary(_("Delete the segment {name}?").format(name=name)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        segments.delete(db, segments.find(db, here.org_id, name))
        if here.dry_run:
            db.rollback()
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("the segment {name} is deleted").format(name=name))


@app.command("count")
def count(name: Either = None, where: Where = None) -> None:
    """Says how many people a segment means now.

    $ pytake segment count good-leads
    $ pytake segment count -w "tag = cliente consent.marketing is set"
    """
    from pytake_cli.services import segments

    here = context()
    with here.store.read(here.org_id) as db:
        text = segments.text_of(db, here.org_id, name, where)
        people = segments.count(db, here.org_id, text, here.now)
        odd = segments.notes(db, here.org_id, text)
    _warn(odd)
    if here.output.form in ("table", "plain", "tsv"):
        data(str(people))
    else:
        emit({"people": people}, {"people": "how many people it means now"})


@app.command("preview")
def preview(name: Either = None, where: Where = None, limit: Limit = 20) -> None:
    """Shows the newest of those whom a segment means.

    $ pytake segment preview good-leads
    $ pytake segment preview -w "f.plano = pro not tag = pagou" -l 5
    """
    from pytake_cli.services import directory, segments

    here = context()
    with here.store.read(here.org_id) as db:
        text = segments.text_of(db, here.org_id, name, where)
        found, total = segments.page(db, here.org_id, text, here.now, here.limit(limit))
        rows = directory.rows(db, found)
        odd = segments.notes(db, here.org_id, text)
    _warn(odd)
    noting.saw("contact.listed", contacts=len(rows))
    emit(rows, PEOPLE_FIELDS, default=PEOPLE_SHOWN, total=total, empty=_("It means nobody now"))


@app.command("explain")
def explain(
    name: Either = None,
    where: Where = None,
    sql: Annotated[bool, typer.Option("--sql", help="The SQL and its values.")] = False,
) -> None:
    """Says how many people each condition means by itself, and how many are left after it.

    $ pytake segment explain -w "tag = cliente stage = lead not blocked"
    $ pytake segment explain good-leads --sql
    """
    from pytake_cli.services import segments

    here = context()
    with here.store.read(here.org_id) as db:
        text = segments.text_of(db, here.org_id, name, where)
        found = segments.explain(db, here.org_id, text, here.now)
    if here.output.form in ("json", "jsonl"):
        emit({"query": text, **found}, ("query", "people", "conditions", "sql", "values"))
    elif sql:
        values = "".join(f"\n-- {key} = {value!r}" for key, value in found["values"].items())
        data(found["sql"] + values)
    else:
        emit([_indented(row) for row in found["conditions"]], EXPLAINED_FIELDS, default=EXPLAINED_SHOWN)


def _warn(odd: list[str]) -> None:
    for each in odd:
        warn(each)


def _indented(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "condition": "  " * row["depth"] + row["condition"]}


@app.command("refresh")
def refresh(name: Name) -> None:
    """Brings the members of a materialised segment up to now; `pytake serve` does it every minute.

    $ pytake segment refresh good-leads
    """
    done_now = _refresh(name)
    say(
        _("{name}: {entered} entered, {left} left").format(
            name=name, entered=number(done_now.entered), left=number(done_now.left)
        )
    )


def _refresh(name: str) -> Refreshed:
    from pytake_cli.errors import Conflict
    from pytake_cli.services import segment_members, segments

    here = context()
    with here.store.read(here.org_id) as db:
        row = segments.find(db, here.org_id, name)
    if not row.materialised:
        raise Conflict(
            "PT-SEGMENT-LAZY",
            "the segment {name} is asked anew each time: nobody is kept in it",
            fix="pytake segment set {name} --materialise",
            name=row.name,
        )
    return segment_members.refresh(here.store, row, here.now)


@app.command("members")
def members(name: Name, limit: Limit = None) -> None:
    """Lists who is in a materialised segment and since when, the latest first.

    $ pytake segment members good-leads
    """
    from pytake_cli.services import contacts, segment_members, segments

    here = context()
    with here.store.read(here.org_id) as db:
        row = segments.find(db, here.org_id, name)
        found, total = segment_members.members(db, row, here.limit(limit))
        names = contacts.display_names(db, [one["contact_id"] for one in found])
    rows = [{**one, "display": names.get(one["contact_id"], "")} for one in found]
    noting.saw("contact.listed", contacts=len(rows))
    emit(rows, MEMBER_FIELDS, total=total, empty=_("Nobody is kept in it"))
